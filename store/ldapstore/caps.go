package ldapstore

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

// checkActor returns EXCEED_LIMIT_... when the write would have an actor that is not global add more to a domain than it may
// (see rules.CheckCaps). The locks of the admins by whose caps it is held have to be held. Where no cap is set nothing is
// counted.
func (s *Store) checkActor(ctx context.Context, held *held, actor store.Actor, domain string, more rules.Addition) error {
	if actor.Global || actor.Username == "" {
		return nil
	}
	self, err := s.capsOf(ctx, actor.Username)
	if err != nil {
		return err
	}
	var admins []rules.Capped
	if rules.NeedsAdmins(self, more) {
		if admins, err = s.cappedIn(ctx, domain); err != nil {
			return err
		}
	}
	for _, name := range rules.Bound(self, admins, more) {
		held.need(lockAdmin(name))
	}
	if err = held.lacks(); err != nil {
		return err
	}
	return rules.CheckCaps(self, admins, more, func(username string, what store.Counted) (int64, error) {
		domains, err := s.managed(ctx, username)
		if err != nil {
			return 0, err
		}
		return s.sum(ctx, domains, what)
	})
}

// checkCreator is checkActor for who creates a domain. What the domain is given may not go beyond what its creator may have
// over all its domains.
func (s *Store) checkCreator(ctx context.Context, held *held, actor store.Actor, d store.DomainCreate) error {
	if actor.Global || actor.Username == "" {
		return nil
	}
	if err := s.checkActor(ctx, held, actor, d.Name, added(store.Usage{Domains: 1})); err != nil {
		return err
	}
	self, err := s.capsOf(ctx, actor.Username)
	if err != nil {
		return err
	}
	return rules.CheckGrants(self, d)
}

// checkMove is checkActor for an account that comes from another domain. Who manages that one has the account already: caps
// run over all domains.
func (s *Store) checkMove(ctx context.Context, held *held, actor store.Actor, from, to home, more store.Usage) error {
	return s.checkActor(ctx, held, actor, to.name, rules.Addition{Usage: more, Had: from.entry.sorted(adminAttribute)})
}

// added is what a new account adds to its domain.
func added(more store.Usage) rules.Addition { return rules.Addition{Usage: more} }

// capsOf reads the caps of one admin. Returns PERMISSION_DENIED when there is none.
func (s *Store) capsOf(ctx context.Context, username string) (rules.Capped, error) {
	found, err := s.cappedOf(ctx, []string{username})
	if err == nil && len(found) == 0 {
		err = store.Fail(store.Forbidden, store.CodePermissionDenied, "There is no admin %s.", username)
	}
	if err != nil {
		return rules.Capped{}, err
	}
	return found[0], nil
}

// cappedIn returns the admins of a domain that are not global, with their caps, by address.
func (s *Store) cappedIn(ctx context.Context, domain string) ([]rules.Capped, error) {
	e, err := s.read(ctx, s.tree.domain(domain), classDomain, adminAttribute)
	if err != nil || e == nil {
		return nil, err
	}
	return s.cappedOf(ctx, e.sorted(adminAttribute))
}

// cappedOf returns those of the accounts that are there and no global admins, with their caps, by address.
func (s *Store) cappedOf(ctx context.Context, names []string) ([]rules.Capped, error) {
	found, err := s.principals(ctx, names)
	var capped []rules.Capped
	for name, who := range found {
		if !who.Global {
			capped = append(capped, rules.Capped{Username: name, Limits: who.Limits})
		}
	}
	slices.SortFunc(capped, func(a, b rules.Capped) int { return cmp.Compare(a.Username, b.Username) })
	return capped, err
}

// principals returns those of the accounts that are there, by address and without what they manage: the standalone admin of
// that name, or else the mailbox.
func (s *Store) principals(ctx context.Context, names []string) (map[string]store.Identity, error) {
	found := map[string]store.Identity{}
	for _, from := range []lookup{
		{s.tree.base, subtree, classUser, "mail"},
		{s.tree.admins, oneLevel, classAdmin, "mail"},
	} {
		attributes := []string{"mail", "objectClass", settingsAttribute, "domainGlobalAdmin"}
		err := s.eachOf(ctx, from, names, attributes, func(e entry) error {
			for _, name := range e.sorted("mail") {
				found[name] = store.Identity{
					Username: name, Mailbox: from.class == classUser, Global: e.global(), Limits: store.LimitsOf(e.settings()),
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// identities returns what the accounts are as principals, as far as their rank goes, by address. Those who are none are left
// out. It takes the same number of searches however many there are.
func (s *Store) identities(ctx context.Context, names []string) (map[string]store.Identity, error) {
	found, err := s.principals(ctx, names)
	if err != nil {
		return nil, err
	}
	managed, err := s.managedBy(ctx, slices.Sorted(maps.Keys(found)))
	for name, who := range found {
		who.Domains = managed[name].sorted("domainName")
		found[name] = who
	}
	return found, err
}

// managed returns the domains that name the account as their admin, sorted and never nil.
func (s *Store) managed(ctx context.Context, username string) ([]string, error) {
	entries, err := s.children(ctx, s.tree.base, and(equals(adminAttribute, username), finishedDomain), "domainName")
	if err != nil {
		return nil, err
	}
	names := entry{}
	for _, e := range entries {
		names.add("domainName", strings.ToLower(e.first("domainName")))
	}
	return names.sorted("domainName"), nil
}

// sum is what the domains hold together.
func (s *Store) sum(ctx context.Context, domains []string, what store.Counted) (int64, error) {
	counting := map[store.Counted]func(ctx context.Context, domain string) (int64, error){
		store.CountDomains: func(context.Context, string) (int64, error) { return 1, nil },
		store.CountUsers:   func(ctx context.Context, d string) (int64, error) { return s.count(ctx, d, kindUser) },
		store.CountAliases: func(ctx context.Context, d string) (int64, error) { return s.count(ctx, d, kindAlias) },
		store.CountLists:   func(ctx context.Context, d string) (int64, error) { return s.count(ctx, d, kindList) },
		store.CountQuotas:  s.allocated,
	}
	var sum int64
	for _, d := range domains {
		n, err := counting[what](ctx, d)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}
