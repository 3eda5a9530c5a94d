package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"

	"github.com/postern-mail/postern/store/rules"
)

// tellNextHops lists the stored transports and relay hosts that lead to this server or its own network. A name may point there
// since it was set, and what other programs have written nobody has checked.
func (c Config) tellNextHops(ctx context.Context, w io.Writer, resolver *net.Resolver) error {
	accounts, err := c.inspectedAccounts(ctx)
	if accounts == nil || err != nil {
		return err // the accounts themselves are told of elsewhere
	}
	stored, err := accounts.NextHops(ctx)
	if err = errors.Join(err, accounts.Close()); err != nil {
		return err
	}
	transports := c.transports()
	addresses := newHostAddresses()
	for _, hop := range stored {
		transports.Inward(hop, addresses.note)
	}
	addresses.lookUp(ctx, resolver)
	for _, hop := range stored {
		for _, why := range transports.Inward(hop, addresses.of) {
			if _, err = fmt.Fprintf(w, "next hop  %s %s %s: %s\n", hop.Account, hop.Field, hop.Value, why); err != nil {
				return err
			}
		}
	}
	if addresses.failed > 0 {
		_, err = fmt.Fprintf(w, "next hop  %d name(s) of next hops could not be looked up\n", addresses.failed)
	}
	return err
}

// hostAddresses are the addresses of many hosts, looked up side by side.
type hostAddresses struct {
	mu     sync.Mutex
	known  map[hostKey][]netip.Addr
	failed int
}

type hostKey struct {
	name string
	mx   bool
}

func newHostAddresses() *hostAddresses { return &hostAddresses{known: map[hostKey][]netip.Addr{}} }

// note remembers a host that is to be looked up.
func (h *hostAddresses) note(name string, mx bool) []netip.Addr {
	h.known[hostKey{name, mx}] = nil
	return nil
}

// of returns the addresses that were found.
func (h *hostAddresses) of(name string, mx bool) []netip.Addr { return h.known[hostKey{name, mx}] }

var _ rules.Lookup = (*hostAddresses)(nil).of

// lookUp looks up every host that was noted. A name that is not there has no address.
func (h *hostAddresses) lookUp(ctx context.Context, resolver *net.Resolver) {
	hosts := make([]hostKey, 0, len(h.known))
	for host := range h.known {
		hosts = append(hosts, host)
	}
	var running sync.WaitGroup
	places := make(chan struct{}, 16)
	for _, host := range hosts {
		places <- struct{}{}
		running.Go(func() {
			defer func() { <-places }()
			found, err := addressesOf(ctx, resolver, host)
			h.mu.Lock()
			defer h.mu.Unlock()
			h.known[host] = found
			if err != nil {
				h.failed++
			}
		})
	}
	running.Wait()
}

// addressesOf returns the addresses of a host, or of those that take mail for it, as Postfix looks them up: the name itself
// where it has no MX.
func addressesOf(ctx context.Context, resolver *net.Resolver, host hostKey) ([]netip.Addr, error) {
	names := []string{host.name}
	if host.mx {
		records, err := resolver.LookupMX(ctx, host.name+".")
		if err != nil && !notThere(err) {
			return nil, err
		}
		if len(records) > 0 {
			names = nil
		}
		for _, record := range records {
			names = append(names, record.Host)
		}
	}
	var all []netip.Addr
	for _, name := range names {
		found, err := resolver.LookupNetIP(ctx, "ip", name)
		if err != nil && !notThere(err) {
			return nil, err
		}
		for _, address := range found {
			all = append(all, address.Unmap())
		}
	}
	return all, nil
}

func notThere(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) && dns.IsNotFound
}
