package ldapstore

import (
	"context"
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
)

// aliasChange is what happens to the alias domains of a domain.
type aliasChange struct {
	added, removed, discarded []string
}

// decideAliasDomains compares the wanted alias domains with those that there are. A name that is taken fails with
// ALREADY_EXISTS or, with store.Drop, is discarded.
func (s *Store) decideAliasDomains(ctx context.Context, rule store.OnMissing, h home, set store.Set) (aliasChange, error) {
	if !set.Touches() {
		return aliasChange{}, nil
	}
	next := set.Apply(h.aliases)
	c := aliasChange{added: store.LeaveOut(next, h.aliases), removed: store.LeaveOut(h.aliases, next)}
	hosted, err := s.hosted(ctx, c.added)
	if err != nil {
		return aliasChange{}, err
	}
	taken := slices.DeleteFunc(slices.Clone(c.added), func(name string) bool { return hosted[name] == "" })
	if len(taken) > 0 && rule != store.Drop {
		return aliasChange{}, store.AlreadyExists(taken[0]).With(set.Field("aliasDomains", "addAliasDomain"))
	}
	if err = set.AllTaken(taken, "aliasDomains"); err != nil {
		return aliasChange{}, err
	}
	c.added, c.discarded = store.LeaveOut(c.added, taken), taken
	return c, nil
}

// apply puts the change into the entry of the domain. Without an alias domain the service goes.
func (c aliasChange) apply(e *entry) {
	if len(c.added) == 0 && len(c.removed) == 0 {
		return
	}
	e.remove("domainAliasName", c.removed...)
	e.add("domainAliasName", c.added...)
	if len(e.all("domainAliasName")) == 0 {
		e.remove("enabledService", serviceDomainAlias)
		return
	}
	e.add("enabledService", serviceDomainAlias)
}

// planSweep plans what the accounts of a domain have to say about it: an address under each of its alias domains, none
// under one that goes, and whether it is switched off. Only accounts that say otherwise are written to.
func (s *Store) planSweep(ctx context.Context, p *plan, h home, c aliasChange, activation bool) error {
	if len(c.added) == 0 && len(c.removed) == 0 && !activation {
		return nil
	}
	class, goes := or(classUser, classAlias, classList, classExternals), store.Among(c.removed)
	wanted := []string{"objectClass", "mail", "shadowAddress", "domainStatus"}
	err := s.each(ctx, s.tree.domain(h.name), subtree, class, wanted, func(before entry) error {
		after := before.clone()
		if mail := before.address(); before.isAccount() { // the catch-all too: @ one of them is @ the domain
			after.set("shadowAddress", slices.DeleteFunc(slices.Clone(before.all("shadowAddress")), func(v string) bool {
				return goes(domainOf(strings.ToLower(v)))
			})...)
			after.add("shadowAddress", h.derived(mail, after)...)
		}
		if activation {
			h.markStatus(&after)
		}
		p.update(before, after, nil)
		return nil
	})
	if err != nil {
		return err
	}
	return s.planMemberships(ctx, p, h, c)
}

// planMemberships plans that members of the lists of a domain name them under its alias domains too.
func (s *Store) planMemberships(ctx context.Context, p *plan, h home, c aliasChange) error {
	if len(c.added) == 0 && len(c.removed) == 0 {
		return nil
	}
	filter := endsWith("memberOfGroup", "@"+h.name)
	return s.each(ctx, s.tree.base, subtree, filter, []string{"memberOfGroup"}, func(before entry) error {
		after := before.clone()
		for _, list := range before.sorted("memberOfGroup") {
			switch {
			case domainOf(list) == h.name:
				after.add("memberOfGroup", h.shadows(list)...)
			case slices.Contains(c.removed, domainOf(list)):
				after.remove("memberOfGroup", list)
			}
		}
		p.update(before, after, nil)
		return nil
	})
}

// isAccount reports whether the entry has an address of its own: a list's members outside have none.
func (e entry) isAccount() bool { return !e.has("objectClass", "mailExternalUser") }
