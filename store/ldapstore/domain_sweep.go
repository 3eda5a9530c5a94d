package ldapstore

import (
	"context"
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

// applyAliasDomains puts the change into the entry of the domain. Without an alias domain the service goes.
func applyAliasDomains(e *entry, c rules.AliasDomains) {
	if !c.Touches() {
		return
	}
	e.remove("domainAliasName", c.Removed...)
	e.add("domainAliasName", c.Added...)
	if len(e.all("domainAliasName")) == 0 {
		e.remove("enabledService", serviceDomainAlias)
		return
	}
	e.add("enabledService", serviceDomainAlias)
}

// planSweep plans what the accounts of a domain have to say about it: an address under each of its alias domains, none
// under one that goes, and whether it is switched off. Only accounts that say otherwise are written to.
func (s *Store) planSweep(ctx context.Context, p *plan, h home, c rules.AliasDomains, activation bool) error {
	if !c.Touches() && !activation {
		return nil
	}
	return s.sweep(ctx, h, c, activation, func(before, after entry) { p.update(before, after, nil) })
}

// sweep calls fn for what may have to say something about a domain, as it is and as it is to be.
func (s *Store) sweep(ctx context.Context, h home, c rules.AliasDomains, activation bool, fn func(before, after entry)) error {
	goes := store.Among(c.Removed)
	err := s.each(ctx, s.tree.domain(h.name), subtree, sweptClass, sweptAttributes, func(before entry) error {
		after := before.clone()
		after.set("shadowAddress", slices.DeleteFunc(slices.Clone(before.all("shadowAddress")), func(v string) bool {
			return goes(domainOf(strings.ToLower(v)))
		})...)
		if before.isAccount() { // the catch-all too: @ one of them is @ the domain
			after.add("shadowAddress", h.derived(before.address(), after)...)
		} else {
			after.add("shadowAddress", h.derivedOutside(after)...)
		}
		if activation {
			h.markStatus(&after)
		}
		fn(before, after)
		return nil
	})
	if err != nil || !c.Touches() {
		return err
	}
	return s.sweepMembers(ctx, h, c, fn)
}

var (
	// sweptClass fits what says something about its domain.
	sweptClass      = or(classUser, classAlias, classList, classExternals)
	sweptAttributes = []string{"objectClass", "mail", "shadowAddress", "memberOfGroup", "domainStatus"}
)

// sweepMembers calls fn for the members of the lists of a domain, wherever they are: they name those under its alias domains
// too. Who names a list there alone is none of its members.
func (s *Store) sweepMembers(ctx context.Context, h home, c rules.AliasDomains, fn func(before, after entry)) error {
	lists, err := s.children(ctx, s.tree.container(h.name, containerGroups), plainList, "mail")
	if err != nil {
		return err
	}
	var names []string
	for _, list := range lists {
		names = append(names, list.address())
	}
	isList, goes := store.Among(names), store.Among(c.Removed)
	byDN := map[string]entry{}
	look := func(filter string) error {
		return s.each(ctx, s.tree.base, subtree, filter, sweptAttributes, func(e entry) error {
			byDN[strings.ToLower(e.dn)] = e
			return nil
		})
	}
	asked := slices.Clone(names)
	for _, list := range names {
		asked = append(asked, home{aliases: c.Added}.shadows(list)...)
	}
	for chunk := range slices.Chunk(asked, chunkSize) {
		if err = look(anyOf(groupAttribute, chunk)); err != nil {
			return err
		}
	}
	for chunk := range slices.Chunk(c.Removed, endingsAtOnce) {
		if err = look(endsWithAny(groupAttribute, chunk)); err != nil {
			return err
		}
	}
	for _, before := range inOrder(byDN) {
		after := before.clone()
		for _, group := range store.LeaveOut(before.sorted(groupAttribute), []string{before.outsidersOf()}) {
			local, domain := store.SplitAddress(group)
			switch list := local + "@" + h.name; {
			case goes(domain), isList(list) && slices.Contains(h.aliases, domain) && !before.has(groupAttribute, list):
				after.remove(groupAttribute, group)
			case isList(group) && before.isAccount():
				after.add(groupAttribute, h.shadows(group)...)
			}
		}
		fn(before, after)
	}
	return nil
}

// isAccount reports whether the entry has an address of its own: a list's members outside have none.
func (e entry) isAccount() bool { return !e.has("objectClass", "mailExternalUser") }
