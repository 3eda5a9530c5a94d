package sqlstore

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
	"github.com/postern-mail/postern/store/sqldb"
)

// managing decides what the caps and the rank of who writes allow.
func (s *Store) managing(tx *sqldb.Tx, actor store.Actor) rules.Managing {
	return rules.Managing{Admins: s.view(tx), Actor: actor}
}

// AdminsOf implements rules.Admins.
func (v view) AdminsOf(ctx context.Context, domains ...string) (map[string][]string, error) {
	admins := map[string][]string{}
	for chunk := range slices.Chunk(domains, chunkSize) {
		var rows []struct{ Username, Domain string }
		query := "SELECT username, domain FROM domain_admins WHERE domain IN (?) ORDER BY username"
		if err := v.tx.Select(ctx, &rows, query, chunk); err != nil {
			return nil, fmt.Errorf("read admins of domains: %w", err)
		}
		for _, row := range rows {
			domain := strings.ToLower(row.Domain)
			admins[domain] = append(admins[domain], strings.ToLower(row.Username))
		}
	}
	return admins, nil
}

// Capped implements rules.Admins.
func (v view) Capped(ctx context.Context, names []string) ([]rules.Capped, error) {
	rows, err := principals(ctx, v.r, names)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, nil
	}
	global, err := namesOf(ctx, v.r, "SELECT username FROM domain_admins WHERE domain = 'ALL' AND username IN (?)", slices.Sorted(maps.Keys(rows)))
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

// HoldAdmins implements rules.Admins: it holds their rows.
func (v view) HoldAdmins(ctx context.Context, names []string) ([]rules.Capped, error) {
	held := make([]rules.Capped, len(names))
	for i, name := range names {
		limits, err := lockLimits(ctx, v.tx, name)
		if err != nil {
			return nil, err
		}
		held[i] = rules.Capped{Username: name, Limits: limits}
	}
	return held, nil
}

// HoldDomains implements rules.Admins: it holds their rows.
func (v view) HoldDomains(ctx context.Context, domains []string) error {
	var held []string
	query := "SELECT domain FROM domain WHERE domain IN (?) ORDER BY domain " + v.tx.ForUpdate()
	if err := v.tx.Select(ctx, &held, query, domains); err != nil {
		return fmt.Errorf("hold domains: %w", err)
	}
	return nil
}

// lockLimits reads the limits of an admin and holds its row.
func lockLimits(ctx context.Context, tx *sqldb.Tx, username string) (store.AdminLimits, error) {
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
	return store.AdminLimits{}, rules.NoSuchAdmin(username)
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

// Count implements rules.Admins: it works that out over the rows that lie in the domains which the admin manages.
func (v view) Count(ctx context.Context, admin string, what store.Counted) (int64, error) {
	c := counted[what]
	if !v.s.schema.Has(c.table) {
		return 0, nil
	}
	var n int64
	query := "SELECT " + c.aggregate + " FROM domain_admins a JOIN " + c.table + " t ON t.domain = a.domain WHERE a.username = ?"
	if err := v.tx.Get(ctx, &n, query, admin); err != nil {
		return 0, fmt.Errorf("count rows of %s managed by %s: %w", c.table, admin, err)
	}
	return n, nil
}
