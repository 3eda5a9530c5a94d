package main

import (
	"bufio"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

// transports are those that admins who are not global may set here.
func (c Config) transports() rules.Transports {
	t := rules.Transports{Default: c.DefaultTransport, Addresses: ownAddresses()}
	t.Names = ownNames("/etc/hosts", "/etc/mailname", t.Addresses)
	for _, item := range c.Transports {
		if entry, err := rules.ParseAllowedTransport(item); err == nil { // validation names the others
			t.Allowed = append(t.Allowed, entry)
		}
	}
	return t
}

// ownAddresses are those of this machine's network interfaces.
func ownAddresses() store.Networks {
	found, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var all store.Networks
	for _, address := range found {
		if network, err := netip.ParsePrefix(address.String()); err == nil {
			own := network.Addr().Unmap().WithZone("")
			all = append(all, netip.PrefixFrom(own, own.BitLen()))
		}
	}
	return all
}

// ownNames are the names of this machine, in lower case: its host name, the name that mail programs use for it, and those that
// the hosts file gives to its addresses. Nothing is looked up.
func ownNames(hosts, mailname string, addresses store.Networks) []string {
	var names []string
	if name, err := os.Hostname(); err == nil {
		names = append(names, name)
	}
	if text, err := os.ReadFile(mailname); err == nil {
		names = append(names, strings.TrimSpace(string(text)))
	}
	if f, err := os.Open(hosts); err == nil {
		defer f.Close()
		for lines := bufio.NewScanner(f); lines.Scan(); {
			line, _, _ := strings.Cut(lines.Text(), "#")
			fields := strings.Fields(line)
			if len(fields) < 2 {
				continue
			}
			if address, ok := store.ParseIP(fields[0]); ok && (address.IsLoopback() || addresses.Contain(address)) {
				names = append(names, fields[1:]...)
			}
		}
	}
	for i, name := range names {
		names[i] = strings.ToLower(strings.TrimSuffix(name, "."))
	}
	names = slices.DeleteFunc(names, func(name string) bool { return name == "" })
	slices.Sort(names)
	return slices.Compact(names)
}
