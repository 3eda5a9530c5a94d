package sqlstore

import (
	"context"
	"fmt"
	"strings"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

const tableMls = "maillists"

// Ml implements store.Mls.
func (s *Store) Ml(ctx context.Context, mail string) (store.Ml, error) {
	if !s.schema.has(tableMls) {
		return store.Ml{}, store.NoSuchAccount(mail)
	}
	db := s.db.Reader()
	rows, err := db.Records(ctx, "SELECT * FROM maillists WHERE address = ?", mail)
	if err != nil {
		return store.Ml{}, fmt.Errorf("read mailing list %s: %w", mail, err)
	}
	if len(rows) == 0 {
		return store.Ml{}, store.NoSuchAccount(mail)
	}
	lists, err := s.wholeMls(ctx, db, rows)
	if err != nil {
		return store.Ml{}, fmt.Errorf("read what belongs to %s: %w", mail, err)
	}
	return lists[0], nil
}

// Mls implements store.Mls.
func (s *Store) Mls(ctx context.Context, domain string, page store.Page) (store.List[store.Ml], error) {
	list := store.List[store.Ml]{Items: []store.Ml{}}
	db := s.db.Reader()
	if err := hosted(ctx, db, domain); err != nil || !s.schema.has(tableMls) {
		return list, err
	}
	query, args := mlsQuery("*", domain, page)
	rows, err := db.Records(ctx, query, args...)
	if err != nil {
		return list, fmt.Errorf("read mailing lists of %s: %w", domain, err)
	}
	rows, list.Next = turnPage(rows, page, func(r store.Record) string { return text(r, "address") })
	if list.Items, err = s.wholeMls(ctx, db, rows); err != nil {
		return list, fmt.Errorf("read what belongs to mailing lists of %s: %w", domain, err)
	}
	return list, nil
}

// MlAddresses implements store.Mls.
func (s *Store) MlAddresses(ctx context.Context, domain string, page store.Page) (store.List[string], error) {
	db := s.db.Reader()
	if domain != "" {
		if err := hosted(ctx, db, domain); err != nil {
			return store.List[string]{}, err
		}
	}
	if !s.schema.has(tableMls) {
		return store.List[string]{Items: []string{}}, nil
	}
	query, args := mlsQuery("address", domain, page)
	return addresses(ctx, db, page, query, args)
}

func mlsQuery(columns, domain string, page store.Page) (string, []any) {
	condition := " = ?"
	if domain == "" {
		condition = " <> ?"
	}
	return paged("SELECT "+columns+" FROM maillists WHERE domain"+condition, []any{domain}, "address", page)
}

// wholeMls adds to the rows of lists what other tables hold about them.
func (s *Store) wholeMls(ctx context.Context, db *sqldb.Reader, rows []store.Record) ([]store.Ml, error) {
	lists := make([]store.Ml, len(rows))
	at := make(map[string]*store.Ml, len(rows))
	mails := make([]string, len(rows))
	for i, row := range rows {
		lists[i] = mlOf(row)
		mails[i] = lists[i].Mail
		at[strings.ToLower(mails[i])] = &lists[i]
	}
	for _, part := range []struct {
		table, query string
		of           func(m *store.Ml) *[]string
	}{
		{
			"maillist_owners", "SELECT address, owner AS value FROM maillist_owners WHERE address IN (?) ORDER BY address, owner",
			func(m *store.Ml) *[]string { return &m.Owners },
		},
		{
			"moderators", "SELECT address, moderator AS value FROM moderators WHERE address IN (?) ORDER BY address, moderator",
			func(m *store.Ml) *[]string { return &m.Moderators },
		},
		{
			"forwardings", "SELECT forwarding AS address, address AS value FROM forwardings WHERE forwarding IN (?) AND is_alias = 1" +
				" ORDER BY forwarding, address",
			func(m *store.Ml) *[]string { return &m.ExtraAddresses },
		},
	} {
		if !s.schema.has(part.table) {
			continue
		}
		err := pairs(ctx, db, part.query, mails, func(mail, value string) {
			list := part.of(at[strings.ToLower(mail)])
			*list = append(*list, value)
		})
		if err != nil {
			return nil, err
		}
	}
	return lists, nil
}

func mlOf(row store.Record) store.Ml {
	return store.Ml{
		Mail:           text(row, "address"),
		Stored:         row,
		Name:           text(row, "name"),
		Active:         number(row, "active") == 1,
		AccessPolicy:   text(row, "accesspolicy"),
		Newsletter:     number(row, "is_newsletter") == 1,
		Description:    text(row, "description"),
		MaxMessageSize: number(row, "maxmsgsize"),
		Owners:         []string{},
		Moderators:     []string{},
		ExtraAddresses: []string{},
	}
}
