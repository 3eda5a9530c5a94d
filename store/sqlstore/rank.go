package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
	"github.com/postern-mail/postern/store/sqldb"
)

// principalOf is the row of an account as far as it matters for its rank.
type principalOf struct {
	Username string
	Settings string
	Global   int64 `db:"isglobaladmin"`
	mailbox  bool
}

// principals returns the rows of those of the accounts that are there, by address: of the standalone admin of that name, or
// else of the mailbox.
func principals(ctx context.Context, r *sqldb.Reader, names []string) (map[string]principalOf, error) {
	found := map[string]principalOf{}
	for chunk := range slices.Chunk(names, chunkSize) {
		for _, from := range []struct {
			query   string
			mailbox bool
		}{
			{"SELECT username, COALESCE(settings, '') AS settings, isglobaladmin FROM mailbox WHERE username IN (?)", true},
			{"SELECT username, COALESCE(settings, '') AS settings, 0 AS isglobaladmin FROM admin WHERE username IN (?)", false},
		} {
			var rows []principalOf
			if err := r.Select(ctx, &rows, from.query, chunk); err != nil {
				return nil, fmt.Errorf("read admins: %w", err)
			}
			for _, row := range rows {
				row.mailbox = from.mailbox
				found[strings.ToLower(row.Username)] = row
			}
		}
	}
	return found, nil
}

// identities returns what the accounts are as principals, as far as their rank goes, in a constant number of statements and
// by address. Those who are none are left out.
func (s *Store) identities(ctx context.Context, r *sqldb.Reader, names []string) (map[string]store.Identity, error) {
	rows, err := principals(ctx, r, names)
	if err != nil {
		return nil, err
	}
	found := map[string]store.Identity{}
	for name, row := range rows {
		found[name] = store.Identity{
			Username: name, Mailbox: row.mailbox, Global: row.Global != 0, Limits: store.LimitsOf(store.ParseSettings(row.Settings)),
		}
	}
	for chunk := range slices.Chunk(names, chunkSize) {
		var managed []struct{ Username, Domain string }
		if err = r.Select(ctx, &managed, "SELECT username, domain FROM domain_admins WHERE username IN (?)", chunk); err != nil {
			return nil, fmt.Errorf("read domains of admins: %w", err)
		}
		for _, m := range managed {
			name := strings.ToLower(m.Username)
			who, there := found[name]
			if !there {
				continue
			}
			if m.Domain == allDomains {
				who.Global = true
			} else {
				who.Domains = append(who.Domains, strings.ToLower(m.Domain))
			}
			found[name] = who
		}
	}
	return found, nil
}

// outranking returns the mailboxes of a domain that outrank an admin, by address. Nobody is above a global admin.
func (s *Store) outranking(ctx context.Context, r *sqldb.Reader, domain, viewer string) ([]string, error) {
	query := "SELECT m.username FROM mailbox m WHERE m.domain = ? AND m.isglobaladmin = 1" +
		" UNION SELECT m.username FROM mailbox m JOIN domain_admins a ON a.username = " + s.db.Dialect.ASCII("m.username") +
		" WHERE m.domain = ?"
	names, err := namesOf(ctx, r, query, domain, domain)
	if err != nil {
		return nil, fmt.Errorf("look for admins in %s: %w", domain, err)
	}
	return rules.Managing{Admins: view{s: s, r: r}}.Outranking(ctx, viewer, names)
}

// outrankingActor is outranking for who writes.
func (s *Store) outrankingActor(ctx context.Context, tx *sqldb.Tx, actor store.Actor, domain string) ([]string, error) {
	if actor.Global || actor.Username == "" {
		return nil, nil
	}
	return s.outranking(ctx, &tx.Reader, domain, actor.Username)
}

// namesOf reads the one text column of a query, in lower case: MySQL keeps names in any.
func namesOf(ctx context.Context, r *sqldb.Reader, query string, args ...any) ([]string, error) {
	var names []string
	err := r.Select(ctx, &names, query, args...)
	for i := range names {
		names[i] = strings.ToLower(names[i])
	}
	return names, err
}
