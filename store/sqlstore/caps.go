package sqlstore

import (
	"context"
	"fmt"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// unlimitedQuota in usage says that a mailbox without a quota is wanted, which no cap of quota can hold.
const unlimitedQuota = -1

// usage is what a write adds to what an admin's domains hold.
type usage struct {
	domains, users, aliases, lists int64
	quota                          int64 // MB, or unlimitedQuota
}

// checkActor returns EXCEED_LIMIT_... when the write would take an actor that is not global beyond what it may
// have. The actor's row is held until the transaction ends, so that writes of one actor count one after another.
func (s *Store) checkActor(ctx context.Context, tx *sqldb.Tx, actor store.Actor, more usage) error {
	if actor.Global || actor.Username == "" {
		return nil
	}
	limits, err := s.lockLimits(ctx, tx, actor.Username)
	if err != nil {
		return err
	}
	if err = s.checkDomainCap(ctx, tx, actor.Username, limits, more.domains); err != nil {
		return err
	}
	counts := []struct {
		table, code, noun string
		limit, more       int64
	}{
		{"mailbox", store.CodeLimitUsers, "users", limits.Users, more.users},
		{"alias", store.CodeLimitAliases, "aliases", limits.Aliases, more.aliases},
		{"maillists", store.CodeLimitLists, "lists", limits.Lists, more.lists},
	}
	for _, c := range counts {
		if c.more <= 0 || c.limit == 0 {
			continue
		}
		existing, err := s.countManaged(ctx, tx, c.table, "COUNT(*)", actor.Username)
		if err != nil {
			return err
		}
		if existing+c.more > c.limit { // -1 forbids any
			return store.Fail(store.Conflict, c.code, "%s may have no more %s in the domains that it manages.", actor.Username, c.noun)
		}
	}
	return s.checkQuotaCap(ctx, tx, actor.Username, limits.Quota, more.quota)
}

// checkCreator is checkActor for who creates a domain. What the domain is given may not go beyond what its creator
// may have over all its domains.
func (s *Store) checkCreator(ctx context.Context, tx *sqldb.Tx, actor store.Actor, d store.DomainCreate) error {
	if actor.Global || actor.Username == "" {
		return nil
	}
	if err := s.checkActor(ctx, tx, actor, usage{domains: 1}); err != nil {
		return err
	}
	limits, err := s.lockLimits(ctx, tx, actor.Username)
	if err != nil {
		return err
	}
	grants := []struct {
		field, code    string
		granted, limit int64
	}{
		{"quota", store.CodeLimitQuota, d.Quota, limits.Quota},
		{"numberOfUsers", store.CodeLimitUsers, d.NumberOfUsers, limits.Users},
		{"numberOfAliases", store.CodeLimitAliases, d.NumberOfAliases, limits.Aliases},
		{"numberOfLists", store.CodeLimitLists, d.NumberOfLists, limits.Lists},
	}
	for _, g := range grants {
		if g.limit != 0 && g.granted > max(g.limit, 0) {
			return store.Fail(store.Conflict, g.code, "%s may give at most %d.", actor.Username, max(g.limit, 0)).With(g.field)
		}
	}
	return nil
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
			return limitsOf(store.ParseSettings(settings)), nil
		}
	}
	return store.AdminLimits{}, store.Fail(store.Forbidden, store.CodePermissionDenied, "There is no admin %s.", username)
}

// checkDomainCap holds the number of managed domains: of those, 0 is none.
func (s *Store) checkDomainCap(ctx context.Context, tx *sqldb.Tx, username string, limits store.AdminLimits, more int64) error {
	if more <= 0 {
		return nil
	}
	var existing int64
	query := "SELECT COUNT(*) FROM domain_admins a JOIN domain d ON d.domain = a.domain WHERE a.username = ?"
	if err := tx.Get(ctx, &existing, query, username); err != nil {
		return fmt.Errorf("count domains of %s: %w", username, err)
	}
	if !limits.CreateDomains || existing+more > limits.Domains {
		return store.Fail(store.Conflict, store.CodeLimitDomain, "%s may have no more domains.", username)
	}
	return nil
}

// checkQuotaCap holds the sum of the mailbox quotas in the managed domains.
func (s *Store) checkQuotaCap(ctx context.Context, tx *sqldb.Tx, username string, limit, more int64) error {
	if limit == 0 || more == 0 {
		return nil
	}
	refusal := store.Fail(store.Conflict, store.CodeLimitQuota,
		"%s may give its mailboxes %d MB altogether.", username, max(limit, 0))
	if more == unlimitedQuota {
		return refusal
	}
	existing, err := s.countManaged(ctx, tx, "mailbox", "COALESCE(SUM(t.quota), 0)", username)
	if err != nil {
		return err
	}
	if existing+more > limit { // -1 forbids any
		return refusal
	}
	return nil
}

// countManaged evaluates an aggregate over the rows of a table that lie in the domains which the admin manages.
func (s *Store) countManaged(ctx context.Context, tx *sqldb.Tx, table, aggregate, username string) (int64, error) {
	if !s.schema.has(table) {
		return 0, nil
	}
	var n int64
	query := "SELECT " + aggregate + " FROM domain_admins a JOIN " + table + " t ON t.domain = a.domain WHERE a.username = ?"
	if err := tx.Get(ctx, &n, query, username); err != nil {
		return 0, fmt.Errorf("count rows of %s managed by %s: %w", table, username, err)
	}
	return n, nil
}

// checkDomainCount returns NOT_ALLOWED when the domain forbids what is to be added, and
// EXCEEDED_DOMAIN_ACCOUNT_LIMIT when it has as many as it may. What names them in the plural.
func (s *Store) checkDomainCount(limit, existing int64, what string) error {
	if limit < 0 {
		return store.Fail(store.Conflict, store.CodeNotAllowed, "The domain may have no %s.", what)
	}
	if limit > 0 && existing >= limit {
		return store.Fail(store.Conflict, store.CodeDomainAccountLimit, "The domain has all %d %s that it may have.", limit, what)
	}
	return nil
}
