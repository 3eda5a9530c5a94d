package spf

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Limits of RFC 7208, section 4.6.4: terms that ask the DNS, and names among them that are not there. A domain beyond them
// has a broken record, and nobody honours it.
const (
	mostLookups = 10
	mostVoid    = 2
	// mostExchangers is how many mail servers one mx may name.
	mostExchangers = 10
)

// broken is a record that nobody honours. It is a lasting fault of the domain, no failure of the DNS.
type broken struct{ text string }

func (b broken) Error() string { return b.text }

// lookup finds the mail servers of one domain.
type lookup struct {
	dns     *cache
	lookups int
	void    int
	seen    map[string]bool
	found   map[string]bool
}

// servers returns what may send for a domain, as patterns of a whitelist, sorted: what its SPF record lists or, without
// one, its mail servers.
func servers(ctx context.Context, c *cache, domain string) ([]string, error) {
	l := &lookup{dns: c, seen: map[string]bool{}, found: map[string]bool{}}
	record, err := l.record(ctx, domain)
	if err != nil {
		return nil, err
	}
	if record == "" {
		err = l.exchangers(ctx, domain, "")
	} else {
		err = l.follow(ctx, domain, record)
	}
	if err != nil {
		return nil, err
	}
	list := make([]string, 0, len(l.found))
	for pattern := range l.found {
		list = append(list, pattern)
	}
	slices.Sort(list)
	return list, nil
}

// record returns the SPF record of a domain, "" when it has none.
func (l *lookup) record(ctx context.Context, domain string) (string, error) {
	texts, err := l.dns.texts(ctx, domain)
	if err != nil {
		return "", err
	}
	for _, text := range texts {
		if first, _, _ := strings.Cut(text, " "); strings.EqualFold(first, "v=spf1") {
			return text, nil
		}
	}
	return "", nil
}

// follow takes up the terms of a record. A domain that was read already has nothing new.
func (l *lookup) follow(ctx context.Context, domain, record string) error {
	if l.seen[strings.ToLower(domain)] {
		return nil
	}
	l.seen[strings.ToLower(domain)] = true
	redirect := ""
	for _, term := range strings.Fields(record)[1:] {
		if name, ok := cutFold(term, "redirect="); ok {
			redirect = name
			continue
		}
		if err := l.term(ctx, domain, strings.TrimPrefix(term, "+")); err != nil {
			return err
		}
	}
	if redirect == "" || hasAll(record) {
		return nil
	}
	return l.other(ctx, redirect)
}

// hasAll reports whether a record says about everybody, after which a redirect has no say.
func hasAll(record string) bool {
	return slices.ContainsFunc(strings.Fields(record), func(term string) bool {
		return strings.EqualFold(strings.TrimLeft(term, "+-~?"), "all")
	})
}

// term takes up one term that lets somebody pass. Those with another qualifier do not, and neither does one that we cannot
// resolve without a message at hand.
func (l *lookup) term(ctx context.Context, domain, term string) error {
	if strings.ContainsAny(term, "%") {
		return nil
	}
	name, rest := term, ""
	if i := strings.IndexAny(term, ":/"); i >= 0 {
		name, rest = term[:i], term[i:]
	}
	target, prefix := domain, ""
	rest = strings.TrimPrefix(rest, ":")
	if host, length, ok := strings.Cut(rest, "/"); ok && !strings.HasPrefix(strings.ToLower(name), "ip") {
		rest, prefix = host, length
	}
	if rest != "" {
		target = rest
	}
	switch strings.ToLower(name) {
	case "ip4", "ip6":
		l.add(rest)
	case "include":
		return l.other(ctx, rest)
	case "a":
		if err := l.count(); err != nil {
			return err
		}
		return l.hosts(ctx, target, prefix)
	case "mx":
		if err := l.count(); err != nil {
			return err
		}
		return l.exchangers(ctx, target, prefix)
	case "ptr":
		l.found["@"+strings.ToLower(target)] = true
		return l.count()
	case "exists":
		return l.count()
	}
	return nil
}

// other takes up the record of another domain.
func (l *lookup) other(ctx context.Context, domain string) error {
	if domain == "" || strings.Contains(domain, "%") {
		return nil
	}
	if err := l.count(); err != nil {
		return err
	}
	record, err := l.record(ctx, domain)
	if err != nil {
		return err
	}
	if record == "" {
		return l.missed()
	}
	return l.follow(ctx, domain, record)
}

// exchangers adds the mail servers of a domain.
func (l *lookup) exchangers(ctx context.Context, domain, prefix string) error {
	hosts, err := l.dns.exchangers(ctx, domain)
	if err != nil {
		return err
	}
	if len(hosts) == 0 {
		return l.missed()
	}
	if len(hosts) > mostExchangers {
		return broken{fmt.Sprintf("%s has more than %d mail servers", domain, mostExchangers)}
	}
	for _, host := range hosts {
		if err = l.hosts(ctx, host, prefix); err != nil {
			return err
		}
	}
	return nil
}

// hosts adds the addresses of a name, or the networks around them.
func (l *lookup) hosts(ctx context.Context, name, prefix string) error {
	list, err := l.dns.addresses(ctx, name)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return l.missed()
	}
	four, six, _ := strings.Cut(prefix, "//")
	for _, address := range list {
		length := four
		if strings.Contains(address, ":") {
			length = six
		}
		if length == "" {
			l.add(address)
			continue
		}
		network, err := netip.ParsePrefix(address + "/" + length)
		if err == nil {
			l.add(network.Masked().String())
		}
	}
	return nil
}

// add takes an address or a network without host bits.
func (l *lookup) add(text string) {
	if address, err := netip.ParseAddr(text); err == nil {
		l.found[address.String()] = true
		return
	}
	if network, err := netip.ParsePrefix(text); err == nil {
		l.found[network.Masked().String()] = true
	}
}

func (l *lookup) count() error {
	if l.lookups++; l.lookups > mostLookups {
		return broken{fmt.Sprintf("its SPF record asks the DNS more than %d times", mostLookups)}
	}
	return nil
}

func (l *lookup) missed() error {
	if l.void++; l.void > mostVoid {
		return broken{fmt.Sprintf("its SPF record names more than %d domains that have nothing", mostVoid)}
	}
	return nil
}

func cutFold(text, prefix string) (string, bool) {
	if len(text) < len(prefix) || !strings.EqualFold(text[:len(prefix)], prefix) {
		return "", false
	}
	return text[len(prefix):], true
}
