package sqlstore

import (
	"context"
	"fmt"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// checkActor returns EXCEED_LIMIT_... when the write would take an actor that is not global beyond what it may
// have. The actor's row is held until the transaction ends, so that writes of one actor count one after another.
func (s *Store) checkActor(ctx context.Context, tx *sqldb.Tx, actor store.Actor, more store.Usage) error {
	if actor.Global || actor.Username == "" {
		return nil
	}
	limits, err := s.lockLimits(ctx, tx, actor.Username)
	if err != nil {
		return err
	}
	return limits.Check(actor.Username, more, func(what store.Counted) (int64, error) {
		return s.countManaged(ctx, tx, counted[what], actor.Username)
	})
}

// checkCreator is checkActor for who creates a domain. What the domain is given may not go beyond what its creator
// may have over all its domains.
func (s *Store) checkCreator(ctx context.Context, tx *sqldb.Tx, actor store.Actor, d store.DomainCreate) error {
	if actor.Global || actor.Username == "" {
		return nil
	}
	if err := s.checkActor(ctx, tx, actor, store.Usage{Domains: 1}); err != nil {
		return err
	}
	limits, err := s.lockLimits(ctx, tx, actor.Username)
	if err != nil {
		return err
	}
	return limits.CheckGrants(actor.Username, d)
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
	return store.AdminLimits{}, store.Fail(store.Forbidden, store.CodePermissionDenied, "There is no admin %s.", username)
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
	if !s.schema.has(c.table) {
		return 0, nil
	}
	var n int64
	query := "SELECT " + c.aggregate + " FROM domain_admins a JOIN " + c.table + " t ON t.domain = a.domain WHERE a.username = ?"
	if err := tx.Get(ctx, &n, query, username); err != nil {
		return 0, fmt.Errorf("count rows of %s managed by %s: %w", c.table, username, err)
	}
	return n, nil
}
