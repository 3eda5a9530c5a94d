package ldapstore

import (
	"context"
	"strings"

	"github.com/postern-mail/postern/store"
)

// checkActor returns EXCEED_LIMIT_... when the write would take an actor that is not global beyond what it may have. The
// lock of the actor has to be held.
func (s *Store) checkActor(ctx context.Context, actor store.Actor, more store.Usage) error {
	if actor.Global || actor.Username == "" {
		return nil
	}
	limits, err := s.limits(ctx, actor.Username)
	if err != nil {
		return err
	}
	var domains []string
	return limits.Check(actor.Username, more, func(what store.Counted) (int64, error) {
		if domains == nil {
			if domains, err = s.managed(ctx, actor.Username); err != nil {
				return 0, err
			}
		}
		return s.sum(ctx, domains, what)
	})
}

// checkCreator is checkActor for who creates a domain. What the domain is given may not go beyond what its creator may have
// over all its domains.
func (s *Store) checkCreator(ctx context.Context, actor store.Actor, d store.DomainCreate) error {
	if actor.Global || actor.Username == "" {
		return nil
	}
	if err := s.checkActor(ctx, actor, store.Usage{Domains: 1}); err != nil {
		return err
	}
	limits, err := s.limits(ctx, actor.Username)
	if err != nil {
		return err
	}
	return limits.CheckGrants(actor.Username, d)
}

// checkMove is checkActor for an account that comes from another domain. An actor that manages that one has the account
// already: its caps run over all its domains.
func (s *Store) checkMove(ctx context.Context, actor store.Actor, old string, more store.Usage) error {
	if actor.Global || actor.Username == "" {
		return nil
	}
	domains, err := s.managed(ctx, actor.Username)
	if err != nil || containsFold(domains, old) {
		return err
	}
	return s.checkActor(ctx, actor, more)
}

// limits reads what an admin may create.
func (s *Store) limits(ctx context.Context, username string) (store.AdminLimits, error) {
	e, _, err := s.principal(ctx, username, settingsAttribute)
	if err != nil {
		return store.AdminLimits{}, err
	}
	if e == nil {
		return store.AdminLimits{}, store.Fail(store.Forbidden, store.CodePermissionDenied, "There is no admin %s.", username)
	}
	return store.LimitsOf(e.settings()), nil
}

// managed returns the domains that name the account as their admin, sorted and never nil.
func (s *Store) managed(ctx context.Context, username string) ([]string, error) {
	entries, err := s.children(ctx, s.tree.base, and(equals("domainAdmin", username), finishedDomain), "domainName")
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
