package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
	"github.com/postern-mail/postern/store/sqldb"
)

// UpdateUsers implements store.Users. The change is named after the domain; After holds what every mailbox got.
func (s *Store) UpdateUsers(ctx context.Context, w store.Write, domain string, u store.UsersUpdate) (store.Change, error) {
	if err := u.Check(); err != nil {
		return store.Change{}, err
	}
	return s.write(ctx, w, func(tx *sqldb.Tx, now time.Time) (*plan, error) {
		if _, err := s.lockHome(ctx, tx, domain); err != nil {
			return nil, err
		}
		above, err := s.outrankingActor(ctx, tx, w.Actor, domain)
		if err != nil {
			return nil, err
		}
		if u, err = s.checkTransportOfAll(ctx, tx, w.Actor, domain, u); err != nil {
			return nil, err
		}
		if u.Active != nil && !*u.Active {
			admins, err := globalAdminsIn(ctx, tx, domain)
			if err != nil {
				return nil, err
			}
			if err = s.keepsGlobalAdmin(ctx, tx, store.LeaveOut(admins, above)...); err != nil {
				return nil, err
			}
		}
		p := &plan{}
		where, args := usersThatDiffer(domain, u, above)
		var others int
		if err = tx.Get(ctx, &others, "SELECT COUNT(*) FROM mailbox WHERE "+where, args...); err != nil {
			return nil, fmt.Errorf("count mailboxes of %s: %w", domain, err)
		}
		if u.Active != nil && others > 0 {
			if err = s.planActiveUsers(ctx, tx, p, domain, *u.Active, above); err != nil {
				return nil, err
			}
		}
		columns, shown := bulkColumns(u, now)
		p.Change = store.Change{After: shown}
		rules.UpdateAll(&p.Change, domain, u, above)
		if others == 0 {
			rules.Nothing(&p.Change)
			return p, nil
		}
		planUsers(p, columns, where, args)
		return p, nil
	})
}

// checkTransportOfAll returns the update with its transport as it is to be stored. One that may not be set is good where every
// mailbox has it already.
func (s *Store) checkTransportOfAll(
	ctx context.Context, tx *sqldb.Tx, actor store.Actor, domain string, u store.UsersUpdate,
) (store.UsersUpdate, error) {
	if u.Transport == nil {
		return u, nil
	}
	transport, refused := s.options.Transports.Transport(actor, "", "", *u.Transport)
	if refused == nil {
		u.Transport = &transport
		return u, nil
	}
	var others int
	if err := tx.Get(ctx, &others, "SELECT COUNT(*) FROM mailbox WHERE domain = ? AND transport <> ?", domain, *u.Transport); err != nil {
		return u, fmt.Errorf("count mailboxes of %s: %w", domain, err)
	}
	if others > 0 {
		return u, refused
	}
	return u, nil
}

// globalAdminsIn returns the mailboxes of the domain that are global admins.
func globalAdminsIn(ctx context.Context, tx *sqldb.Tx, domain string) ([]string, error) {
	var names []string
	query := "SELECT m.username FROM mailbox m WHERE m.domain = ? AND (m.isglobaladmin = 1 OR EXISTS" +
		" (SELECT 1 FROM domain_admins r WHERE r.username = m.username AND r.domain = 'ALL')) ORDER BY m.username"
	if err := tx.Select(ctx, &names, query, domain); err != nil {
		return nil, fmt.Errorf("look for global admins in %s: %w", domain, err)
	}
	return names, nil
}

// usersThatDiffer is the condition for the mailboxes of a domain, but for some, that an update changes. A password changes all.
func usersThatDiffer(domain string, u store.UsersUpdate, outranking []string) (condition string, args []any) {
	condition, args = "domain = ?", []any{domain}
	var differences []string
	differs := func(column string, value any) {
		differences = append(differences, column+" <> ?")
		args = append(args, value)
	}
	if u.Active != nil {
		differs("active", flag(*u.Active))
	}
	if u.Language != nil {
		differs("COALESCE(language, '')", *u.Language)
	}
	if u.Transport != nil {
		differs("COALESCE(transport, '')", *u.Transport)
	}
	switch {
	case u.Password != nil:
		args = args[:1]
	case len(differences) == 0:
		condition += " AND 1 = 0"
	default:
		condition += " AND (" + strings.Join(differences, " OR ") + ")"
	}
	for chunk := range slices.Chunk(outranking, chunkSize) {
		condition += " AND username NOT IN (?)"
		args = append(args, chunk)
	}
	return condition, args
}

// planUsers plans that mailboxes have the columns.
func planUsers(p *plan, columns store.Record, where string, args []any) {
	sets, values := make([]string, len(columns)), make([]any, len(columns))
	for i, c := range columns {
		sets[i], values[i] = c.Name+" = ?", c.Value
	}
	p.Do("UPDATE mailbox SET "+strings.Join(sets, ", ")+" WHERE "+where, append(values, args...)...)
}

// bulkColumns returns what every mailbox gets, and how that is shown.
func bulkColumns(u store.UsersUpdate, now time.Time) (columns, shown store.Record) {
	if u.Active != nil {
		columns.Set("active", flag(*u.Active))
	}
	if u.Language != nil {
		columns.Set("language", *u.Language)
	}
	if u.Transport != nil {
		columns.Set("transport", *u.Transport)
	}
	if u.Password != nil {
		columns.Set("password", u.Password.Reveal())
		columns.Set("passwordlastchange", now)
	}
	columns.Set("modified", now)
	return columns, concealed(columns, store.ChangedPassword)
}

// doBeside adds a statement that passes over the rows of some accounts.
func (p *plan) doBeside(query, column string, outranking []string, args ...any) {
	for chunk := range slices.Chunk(outranking, chunkSize) {
		query += " AND " + column + " NOT IN (?)"
		args = append(args, chunk)
	}
	p.Do(query, args...)
}
