package ldapstore

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

// Other programs add accounts and alias domains, and take them away, without the addresses that an account has under the alias
// domains of its domain. This file finds them and sets them right.
//
// What is missing is certain. What is left over is so where nothing else explains it: see goneAliases.

// AliasGap is what one entry says too little, or too much, about the alias domains of a domain.
type AliasGap struct {
	Account  string   // its address; of a list's members who are not of this server that of the list
	Missing  []string // addresses, those of lists that it is a member of among them
	LeftOver []string // addresses under domains that are no alias domains any more, or of lists that it is no member of
}

// AliasGaps calls fn for every gap, and writes nothing.
func (s *Store) AliasGaps(ctx context.Context, fn func(AliasGap)) error {
	return s.eachDomain(ctx, func(name string) error {
		_, gaps, err := s.planAliasDomains(ctx, name)
		for _, g := range gaps {
			fn(g)
		}
		return err
	})
}

// MendAliasDomains closes every gap, domain by domain, and calls fn for each once it is closed. A repeat finds what is left to
// do. A dry run writes nothing.
func (s *Store) MendAliasDomains(ctx context.Context, w store.Write, fn func(AliasGap)) error {
	return s.eachDomain(ctx, func(name string) error {
		var gaps []AliasGap
		_, err := s.write(ctx, w, []string{lockDomain(name), lockDomainNames}, func(time.Time) (*plan, error) {
			var p *plan
			var err error
			p, gaps, err = s.planAliasDomains(ctx, name)
			return p, err
		})
		if store.HasCode(err, store.CodeNoSuchDomain) { // it went meanwhile
			return nil
		}
		if err != nil {
			return err
		}
		for _, g := range gaps {
			fn(g)
		}
		return nil
	})
}

// eachDomain calls fn for every domain, in order.
func (s *Store) eachDomain(ctx context.Context, fn func(name string) error) error {
	found, err := s.children(ctx, s.tree.base, finishedDomain, "domainName")
	if err != nil {
		return err
	}
	names := make([]string, len(found))
	for i, e := range found {
		names[i] = strings.ToLower(e.first("domainName"))
	}
	slices.Sort(names)
	for _, name := range names {
		if err = fn(name); err != nil {
			return err
		}
	}
	return nil
}

// planAliasDomains plans that what says something about the alias domains of a domain is right.
func (s *Store) planAliasDomains(ctx context.Context, name string) (*plan, []AliasGap, error) {
	p := &plan{}
	h, err := s.home(ctx, name)
	if err != nil {
		return p, nil, err
	}
	c := rules.AliasDomains{Added: h.aliases}
	if c.Removed, err = s.goneAliases(ctx, h); err != nil || len(c.Added) == 0 && len(c.Removed) == 0 {
		return p, nil, err
	}
	var gaps []AliasGap
	err = s.sweep(ctx, h, c, false, func(before, after entry) {
		p.update(before, after, nil)
		if g := gapOf(before, after); len(g.Missing)+len(g.LeftOver) > 0 {
			gaps = append(gaps, g)
		}
	})
	return p, gaps, err
}

func gapOf(before, after entry) AliasGap {
	g := AliasGap{Account: before.address()}
	if !before.isAccount() {
		g.Account = before.outsidersOf()
	}
	for _, attribute := range []string{"shadowAddress", groupAttribute} {
		g.Missing = append(g.Missing, store.LeaveOut(after.sorted(attribute), before.sorted(attribute))...)
		g.LeftOver = append(g.LeftOver, store.LeaveOut(before.sorted(attribute), after.sorted(attribute))...)
	}
	return g
}

// goneAliases returns the names that were alias domains of a domain and are none any more, as far as its accounts tell: nobody
// else hosts the name here, and either the catch-all, a list's members or the members outside have their address under it, or
// several accounts and more than half of all in the domain have each the address under it that an alias domain gives. A
// single account may well have an address elsewhere that begins like its own, to send by, and that stays.
func (s *Store) goneAliases(ctx context.Context, h home) ([]string, error) {
	certain, likely := map[string]bool{}, map[string]int{}
	filter := and(sweptClass, or("(shadowAddress=*)", "(memberOfGroup=*)"))
	err := s.each(ctx, s.tree.domain(h.name), subtree, filter, sweptAttributes, func(e entry) error {
		for domain, sure := range h.foreign(e) {
			if sure {
				certain[domain] = true
			} else {
				likely[domain]++
			}
		}
		return nil
	})
	if err != nil || len(certain)+len(likely) == 0 {
		return nil, err
	}
	accounts, err := s.below(ctx, s.tree.domain(h.name), accountClass, "1.1")
	if err != nil {
		return nil, err
	}
	var gone []string
	for domain, n := range likely {
		if n > 1 && 2*n > len(accounts) {
			certain[domain] = true
		}
	}
	for domain := range certain {
		gone = append(gone, domain)
	}
	hosted, err := s.hosted(ctx, gone)
	gone = slices.DeleteFunc(gone, func(domain string) bool { return hosted[domain] != "" })
	slices.Sort(gone)
	return gone, err
}

// foreign returns the domains, none of which is h or an alias domain of it, under which an entry has an address as it would under
// an alias domain, and whether nothing but an alias domain explains it.
func (h home) foreign(e entry) map[string]bool {
	found := map[string]bool{}
	note := func(addresses, own []string, sure bool) {
		isOwn := store.Among(own)
		for _, mail := range addresses {
			local, domain := store.SplitAddress(mail)
			if domain != h.name && !slices.Contains(h.aliases, domain) && isOwn(local+"@"+h.name) {
				found[domain] = found[domain] || sure
			}
		}
	}
	shadows, groups := e.sorted("shadowAddress"), e.sorted(groupAttribute)
	if !e.isAccount() {
		note(shadows, []string{e.outsidersOf()}, true)
		return found
	}
	note(shadows, append([]string{e.address()}, shadows...), e.address() == "@"+h.name)
	note(groups, groups, true)
	return found
}
