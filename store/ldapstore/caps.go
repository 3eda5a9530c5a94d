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

// managing decides what the caps and the rank of who writes allow.
func (s *Store) managing(held *held, actor store.Actor) rules.Managing {
	return rules.Managing{Admins: view{s, held}, Actor: actor}
}

// AdminsOf implements rules.Admins.
func (v view) AdminsOf(ctx context.Context, domains ...string) (map[string][]string, error) {
	admins := map[string][]string{}
	from := lookup{v.s.tree.base, oneLevel, classDomain, "domainName"}
	err := v.s.eachOf(ctx, from, domains, []string{"domainName", adminAttribute}, func(e entry) error {
		admins[strings.ToLower(e.first("domainName"))] = e.sorted(adminAttribute)
		return nil
	})
	return admins, err
}

// HoldAdmins implements rules.Admins. Under their locks nothing has changed since.
func (v view) HoldAdmins(_ context.Context, names []string) ([]rules.Capped, error) {
	for _, name := range names {
		v.held.need(lockAdmin(name))
	}
	return nil, v.held.lacks()
}

// HoldDomains implements rules.Admins.
func (v view) HoldDomains(_ context.Context, domains []string) error {
	for _, domain := range domains {
		v.held.need(lockDomain(domain))
	}
	return v.held.lacks()
}

// Count implements rules.Admins.
func (v view) Count(ctx context.Context, admin string, what store.Counted) (int64, error) {
	domains, err := v.s.managed(ctx, admin)
	if err != nil {
		return 0, err
	}
	return v.s.sum(ctx, domains, what)
}

// Capped implements rules.Admins.
func (v view) Capped(ctx context.Context, names []string) ([]rules.Capped, error) {
	found, err := v.s.principals(ctx, names)
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
