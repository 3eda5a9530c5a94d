package sqlstore

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
	"github.com/postern-mail/postern/store/sqldb"
)

// checkActor returns EXCEED_LIMIT_... when the write would have an actor that is not global add more to a domain than it may
// (see rules.CheckCaps). The rows of the admins by whose caps it is held are held until the transaction ends, in the order of
// their addresses, so that writes at one cap count one after another. Where no cap is set nothing is counted.
func (s *Store) checkActor(ctx context.Context, tx *sqldb.Tx, actor store.Actor, domain string, more rules.Addition) error {
	if actor.Global || actor.Username == "" {
		return nil
	}
	self, err := s.capsOf(ctx, &tx.Reader, actor.Username)
	if err != nil {
		return err
	}
	var admins []rules.Capped
	if rules.NeedsAdmins(self, more) {
		if admins, err = s.cappedIn(ctx, &tx.Reader, domain); err != nil {
			return err
		}
	}
	for _, name := range rules.Bound(self, admins, more) {
		limits, err := s.lockLimits(ctx, tx, name)
		if err != nil {
			return err
		}
		if name == self.Username {
			self.Limits = limits
		}
		for i := range admins {
			if admins[i].Username == name {
				admins[i].Limits = limits
			}
		}
	}
	return rules.CheckCaps(self, admins, more, func(username string, what store.Counted) (int64, error) {
		return s.countManaged(ctx, tx, counted[what], username)
	})
}

// checkCreator is checkActor for who creates a domain. What the domain is given may not go beyond what its creator
// may have over all its domains.
func (s *Store) checkCreator(ctx context.Context, tx *sqldb.Tx, actor store.Actor, d store.DomainCreate) error {
	if actor.Global || actor.Username == "" {
		return nil
	}
	if err := s.checkActor(ctx, tx, actor, d.Name, rules.Addition{Usage: store.Usage{Domains: 1}}); err != nil {
		return err
	}
	limits, err := s.lockLimits(ctx, tx, actor.Username)
	if err != nil {
		return err
	}
	return rules.CheckGrants(rules.Capped{Username: actor.Username, Limits: limits}, d)
}

// checkMove is checkActor for an account that comes from another domain. Who manages that one has the account already: caps
// run over all domains.
func (s *Store) checkMove(ctx context.Context, tx *sqldb.Tx, actor store.Actor, from, to string, more store.Usage) error {
	if actor.Global || actor.Username == "" {
		return nil
	}
	had, err := s.adminsOf(ctx, &tx.Reader, from)
	if err != nil {
		return err
	}
	return s.checkActor(ctx, tx, actor, to, rules.Addition{Usage: more, Had: had})
}

// adminsOf returns the addresses of those whom a domain names as its admins.
func (s *Store) adminsOf(ctx context.Context, r *sqldb.Reader, domain string) ([]string, error) {
	names, err := namesOf(ctx, r, "SELECT username FROM domain_admins WHERE domain = ? ORDER BY username", domain)
	if err != nil {
		return nil, fmt.Errorf("read admins of domain %s: %w", domain, err)
	}
	return names, nil
}

// capsOf reads the caps of one admin. Returns PERMISSION_DENIED when there is none.
func (s *Store) capsOf(ctx context.Context, r *sqldb.Reader, username string) (rules.Capped, error) {
	found, err := s.cappedOf(ctx, r, []string{username})
	if err == nil && len(found) == 0 {
		err = noSuchAdmin(username)
	}
	if err != nil {
		return rules.Capped{}, err
	}
	return found[0], nil
}

func noSuchAdmin(username string) error {
	return store.Fail(store.Forbidden, store.CodePermissionDenied, "There is no admin %s.", username)
}

// cappedIn returns the admins of a domain that are not global, with their caps, by address.
func (s *Store) cappedIn(ctx context.Context, r *sqldb.Reader, domain string) ([]rules.Capped, error) {
	names, err := s.adminsOf(ctx, r, domain)
	if err != nil {
		return nil, err
	}
	return s.cappedOf(ctx, r, names)
}

// cappedOf returns those of the accounts that are there and no global admins, with their caps, by address.
func (s *Store) cappedOf(ctx context.Context, r *sqldb.Reader, names []string) ([]rules.Capped, error) {
	rows, err := principals(ctx, r, names)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, nil
	}
	global, err := namesOf(ctx, r, "SELECT username FROM domain_admins WHERE domain = 'ALL' AND username IN (?)", slices.Sorted(maps.Keys(rows)))
	if err != nil {
		return nil, fmt.Errorf("look for global admins: %w", err)
	}
	var capped []rules.Capped
	for name, p := range rows {
		if p.Global == 0 && !slices.Contains(global, name) {
			capped = append(capped, rules.Capped{Username: name, Limits: store.LimitsOf(store.ParseSettings(p.Settings))})
		}
	}
	slices.SortFunc(capped, func(a, b rules.Capped) int { return cmp.Compare(a.Username, b.Username) })
	return capped, nil
}

// lockLimits reads the limits of an admin and holds its row.
func (s *Store) lockLimits(ctx context.Context, tx *sqldb.Tx, username string) (store.AdminLimits, error) {
	for _, table := range []string{"admin", "mailbox"} {
		var settings string
		query := "SELECT COALESCE(settings, '') FROM " + table + " WHERE username = ? " + tx.ForUpdate()
		found, err := tx.Find(ctx, &settings, query, username)
		if err != nil {
			return store.AdminLimits{}, fmt.Errorf("read limits of %s: %w", username, err)
		}
		if found {
			return store.LimitsOf(store.ParseSettings(settings)), nil
		}
	}
	return store.AdminLimits{}, noSuchAdmin(username)
}

// counting is a table with the rows of many domains, and what is worked out over them.
type counting struct{ table, aggregate string }

var counted = map[store.Counted]counting{
	store.CountDomains: {"domain", "COUNT(*)"},
	store.CountUsers:   {"mailbox", "COUNT(*)"},
	store.CountAliases: {"alias", "COUNT(*)"},
	store.CountLists:   {"maillists", "COUNT(*)"},
	store.CountQuotas:  {"mailbox", "COALESCE(SUM(t.quota), 0)"},
}

// countManaged works that out over the rows that lie in the domains which the admin manages.
func (s *Store) countManaged(ctx context.Context, tx *sqldb.Tx, c counting, username string) (int64, error) {
	if !s.schema.Has(c.table) {
		return 0, nil
	}
	var n int64
	query := "SELECT " + c.aggregate + " FROM domain_admins a JOIN " + c.table + " t ON t.domain = a.domain WHERE a.username = ?"
	if err := tx.Get(ctx, &n, query, username); err != nil {
		return 0, fmt.Errorf("count rows of %s managed by %s: %w", c.table, username, err)
	}
	return n, nil
}
