package sqlstore

import (
	"context"
	"fmt"
	"maps"
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
	if len(names) == 0 {
		return nil, nil
	}
	found, err := s.identities(ctx, r, append(slices.Clone(names), viewer))
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	admins := make([]store.Identity, 0, len(names))
	for _, name := range slices.Compact(names) {
		admins = append(admins, found[name])
	}
	return rules.Above(found[viewer], admins), nil
}

// outrankingActor is outranking for who writes.
func (s *Store) outrankingActor(ctx context.Context, tx *sqldb.Tx, actor store.Actor, domain string) ([]string, error) {
	if actor.Global || actor.Username == "" {
		return nil, nil
	}
	return s.outranking(ctx, &tx.Reader, domain, actor.Username)
}

// reserved returns those of the addresses that an actor cannot take because they are extensions of somebody's (see
// rules.Taken), in the order given.
func (s *Store) reserved(ctx context.Context, tx *sqldb.Tx, actor store.Actor, mails []string) ([]string, error) {
	plain := rules.Candidates(mails, s.options.Delimiters)
	if len(plain) == 0 {
		return nil, nil
	}
	owners, self, err := s.owners(ctx, tx, plain, actor)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(mails), func(mail string) bool {
		return !rules.Taken(self, mail, s.options.Delimiters, owners)
	}), nil
}

// owners returns who has the addresses, as a further one or under an alias domain too, and the actor.
func (s *Store) owners(
	ctx context.Context, tx *sqldb.Tx, mails []string, actor store.Actor,
) (map[string]rules.Owner, store.Identity, error) {
	targets, err := s.aliasTargets(ctx, tx, domainsOf(mails))
	if err != nil {
		return nil, store.Identity{}, err
	}
	accounts, err := s.accountsOf(ctx, tx, spellings(mails, targets))
	if err != nil {
		return nil, store.Identity{}, err
	}
	names := append(slices.Sorted(maps.Values(accounts)), actor.Username)
	found, err := s.identities(ctx, &tx.Reader, names)
	if err != nil {
		return nil, store.Identity{}, err
	}
	var lists []string
	if s.schema.Has(tableMailingLists) {
		if lists, err = namesIn(ctx, tx, "SELECT address FROM maillists WHERE address IN (?)", names); err != nil {
			return nil, store.Identity{}, fmt.Errorf("look for mailing lists: %w", err)
		}
	}
	owners := map[string]rules.Owner{}
	for _, mail := range mails {
		for _, form := range spellings([]string{mail}, targets) {
			name := accounts[form]
			if who, there := found[name]; there || slices.Contains(lists, name) {
				owners[mail] = rules.Owner{Identity: who, List: slices.Contains(lists, name)}
			}
		}
	}
	self := found[actor.Username]
	self.Global = self.Global || actor.Global || actor.Username == ""
	return owners, self, nil
}

// accountsOf maps addresses to the account that each belongs to: itself, or the one of which it is a further address.
func (s *Store) accountsOf(ctx context.Context, tx *sqldb.Tx, mails []string) (map[string]string, error) {
	accounts := map[string]string{}
	for _, mail := range mails {
		accounts[mail] = mail
	}
	for chunk := range slices.Chunk(mails, chunkSize) {
		var rows []struct{ Address, Forwarding string }
		query := "SELECT address, forwarding FROM forwardings WHERE address IN (?) AND is_alias = 1 ORDER BY address"
		if err := tx.Select(ctx, &rows, query, chunk); err != nil {
			return nil, fmt.Errorf("look for further addresses: %w", err)
		}
		for _, row := range rows {
			accounts[strings.ToLower(row.Address)] = strings.ToLower(row.Forwarding)
		}
	}
	return accounts, nil
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
