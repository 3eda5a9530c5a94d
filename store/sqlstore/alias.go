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

// Alias implements store.Aliases.
func (s *Store) Alias(ctx context.Context, mail string) (store.Alias, error) {
	db := s.db.Reader()
	rows, err := db.Records(ctx, "SELECT * FROM alias WHERE address = ?", mail)
	if err != nil {
		return store.Alias{}, fmt.Errorf("read alias %s: %w", mail, err)
	}
	if len(rows) == 0 {
		return store.Alias{}, store.NoSuchAccount(mail)
	}
	aliases, err := s.wholeAliases(ctx, db, rows)
	if err != nil {
		return store.Alias{}, fmt.Errorf("read what belongs to %s: %w", mail, err)
	}
	return aliases[0], nil
}

// Aliases implements store.Aliases.
func (s *Store) Aliases(ctx context.Context, filter store.AliasFilter, page store.PageRequest) (store.Page[store.Alias], error) {
	db := s.db.Reader()
	l, err := s.aliasesOf(ctx, db, filter, page)
	if err != nil {
		return store.Page[store.Alias]{}, err
	}
	rows, err := l.Records(ctx, db, page)
	if err != nil {
		return store.Page[store.Alias]{}, fmt.Errorf("read aliases of %s: %w", filter.Domain, err)
	}
	aliases, err := s.wholeAliases(ctx, db, rows.Items)
	if err != nil {
		return store.Page[store.Alias]{}, fmt.Errorf("read what belongs to aliases of %s: %w", filter.Domain, err)
	}
	return store.Page[store.Alias]{Items: aliases, Next: rows.Next, Total: rows.Total}, nil
}

// AliasAddresses implements store.Aliases.
func (s *Store) AliasAddresses(ctx context.Context, filter store.AliasFilter, page store.PageRequest) (store.Page[string], error) {
	db := s.db.Reader()
	l, err := s.aliasesOf(ctx, db, filter, page)
	if err != nil {
		return store.Page[string]{}, err
	}
	return keys(ctx, db, l, page)
}

// aliasesOf is the list of the alias accounts of a domain, or NO_SUCH_DOMAIN.
func (s *Store) aliasesOf(ctx context.Context, db *sqldb.Reader, filter store.AliasFilter, page store.PageRequest) (sqldb.List, error) {
	if err := hosted(ctx, db, filter.Domain); err != nil {
		return sqldb.List{}, err
	}
	return s.aliasList(filter, page)
}

// wholeAliases adds to alias rows what other tables hold about them.
func (s *Store) wholeAliases(ctx context.Context, db *sqldb.Reader, rows []store.Record) ([]store.Alias, error) {
	aliases := make([]store.Alias, len(rows))
	at := make(map[string]*store.Alias, len(rows))
	mails := make([]string, len(rows))
	for i, row := range rows {
		mails[i] = text(row, "address")
		aliases[i] = aliasOf(row)
		at[strings.ToLower(mails[i])] = &aliases[i]
	}
	members := "SELECT address, forwarding AS value FROM forwardings WHERE address IN (?) AND is_list = 1" +
		" ORDER BY address, forwarding"
	err := pairs(ctx, db, members, mails, func(mail, member string) {
		at[strings.ToLower(mail)].Members = append(at[strings.ToLower(mail)].Members, member)
	})
	if err != nil || !s.schema.Has("moderators") {
		return aliases, err
	}
	moderators := "SELECT address, moderator AS value FROM moderators WHERE address IN (?) ORDER BY address, moderator"
	err = pairs(ctx, db, moderators, mails, func(mail, moderator string) {
		at[strings.ToLower(mail)].Moderators = append(at[strings.ToLower(mail)].Moderators, moderator)
	})
	return aliases, err
}

// aliasOf is an alias account as far as its row tells.
func aliasOf(row store.Record) store.Alias {
	return store.Alias{
		Mail:         text(row, "address"),
		Name:         text(row, "name"),
		Active:       number(row, "active") != 0,
		AccessPolicy: rules.ShownPolicy(text(row, "accesspolicy")),
		Created:      moment(row, "created"),
		Modified:     moment(row, "modified"),
		Stored:       row,
		Members:      []string{},
		Moderators:   []string{},
	}
}

// pairs hands on each address and value that a query finds for the addresses.
func pairs(ctx context.Context, db *sqldb.Reader, query string, mails []string, add func(mail, value string)) error {
	for chunk := range slices.Chunk(mails, chunkSize) {
		var rows []struct{ Address, Value string }
		if err := db.Select(ctx, &rows, query, chunk); err != nil {
			return err
		}
		for _, r := range rows {
			add(r.Address, r.Value)
		}
	}
	return nil
}
