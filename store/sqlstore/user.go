package sqlstore

import (
	"context"
	"fmt"
	"slices"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// User implements store.Users.
func (s *Store) User(ctx context.Context, mail string) (store.User, error) {
	db := s.db.Reader()
	rows, err := db.Records(ctx, "SELECT * FROM mailbox WHERE username = ?", mail)
	if err != nil {
		return store.User{}, fmt.Errorf("read mailbox %s: %w", mail, err)
	}
	if len(rows) == 0 {
		return store.User{}, store.NoSuchAccount(mail)
	}
	users, err := s.wholeUsers(ctx, db, rows)
	if err != nil {
		return store.User{}, fmt.Errorf("read what belongs to %s: %w", mail, err)
	}
	return users[0], nil
}

// Users implements store.Users.
func (s *Store) Users(ctx context.Context, filter store.UserFilter, page store.PageRequest) (store.Page[store.User], error) {
	var list store.Page[store.User]
	db := s.db.Reader()
	if err := hosted(ctx, db, filter.Domain); err != nil {
		return list, err
	}
	query, args, err := s.usersQuery(ctx, "m.*", filter, page)
	if err != nil {
		return list, err
	}
	rows, err := db.Records(ctx, query, args...)
	if err != nil {
		return list, fmt.Errorf("read mailboxes of %s: %w", filter.Domain, err)
	}
	rows, list.Next = sqldb.TurnPage(rows, page, func(r store.Record) string { return text(r, "username") })
	if list.Items, err = s.wholeUsers(ctx, db, rows); err != nil {
		return list, fmt.Errorf("read what belongs to mailboxes of %s: %w", filter.Domain, err)
	}
	return list, nil
}

// UserAddresses implements store.Users.
func (s *Store) UserAddresses(ctx context.Context, filter store.UserFilter, page store.PageRequest) (store.Page[string], error) {
	db := s.db.Reader()
	if err := hosted(ctx, db, filter.Domain); err != nil {
		return store.Page[string]{}, err
	}
	query, args, err := s.usersQuery(ctx, "m.username", filter, page)
	if err != nil {
		return store.Page[string]{}, err
	}
	return addresses(ctx, db, page, query, args)
}

// UserPassword implements store.Users.
func (s *Store) UserPassword(ctx context.Context, mail string) (store.Secret, error) {
	var password string
	found, err := s.db.Reader().Find(ctx, &password, "SELECT password FROM mailbox WHERE username = ?", mail)
	if err != nil {
		return "", fmt.Errorf("read password of %s: %w", mail, err)
	}
	if !found {
		return "", store.NoSuchAccount(mail)
	}
	return store.Secret(password), nil
}

func (s *Store) usersQuery(ctx context.Context, columns string, filter store.UserFilter, page store.PageRequest) (string, []any, error) {
	query, args := "SELECT "+columns+" FROM mailbox m WHERE m.domain = ?", []any{filter.Domain}
	if filter.DisabledOnly {
		query += " AND m.active = 0"
	}
	if filter.Viewer != "" {
		above, err := s.outranking(ctx, s.db.Reader(), filter.Domain, filter.Viewer)
		if err != nil {
			return "", nil, err
		}
		for chunk := range slices.Chunk(above, chunkSize) {
			query += " AND m.username NOT IN (?)"
			args = append(args, chunk)
		}
	}
	query, args = sqldb.Paged(query, args, "m.username", page)
	return query, args, nil
}

// hosted returns NO_SUCH_DOMAIN unless there is such a primary domain.
func hosted(ctx context.Context, db *sqldb.Reader, domain string) error {
	var name string
	found, err := db.Find(ctx, &name, "SELECT domain FROM domain WHERE domain = ?", domain)
	if err != nil {
		return fmt.Errorf("look for domain %s: %w", domain, err)
	}
	if !found {
		return store.NoSuchDomain(domain)
	}
	return nil
}

// addresses reads a page of one text column.
func addresses(ctx context.Context, db *sqldb.Reader, page store.PageRequest, query string, args []any) (store.Page[string], error) {
	list := store.Page[string]{Items: []string{}}
	if err := db.Select(ctx, &list.Items, query, args...); err != nil {
		return list, fmt.Errorf("read addresses: %w", err)
	}
	list.Items, list.Next = sqldb.TurnPage(list.Items, page, sqldb.Itself)
	return list, nil
}
