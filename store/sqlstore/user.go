package sqlstore

import (
	"context"
	"fmt"

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
	db := s.db.Reader()
	l, err := s.usersOf(ctx, db, filter, page)
	if err != nil {
		return store.Page[store.User]{}, err
	}
	rows, err := l.Records(ctx, db, page)
	if err != nil {
		return store.Page[store.User]{}, fmt.Errorf("read mailboxes of %s: %w", filter.Domain, err)
	}
	users, err := s.wholeUsers(ctx, db, rows.Items)
	if err != nil {
		return store.Page[store.User]{}, fmt.Errorf("read what belongs to mailboxes of %s: %w", filter.Domain, err)
	}
	return store.Page[store.User]{Items: users, Next: rows.Next, Total: rows.Total}, nil
}

// UserAddresses implements store.Users.
func (s *Store) UserAddresses(ctx context.Context, filter store.UserFilter, page store.PageRequest) (store.Page[string], error) {
	db := s.db.Reader()
	l, err := s.usersOf(ctx, db, filter, page)
	if err != nil {
		return store.Page[string]{}, err
	}
	return keys(ctx, db, l, page)
}

// usersOf is the list of the mailboxes of a domain, or NO_SUCH_DOMAIN.
func (s *Store) usersOf(ctx context.Context, db *sqldb.Reader, filter store.UserFilter, page store.PageRequest) (sqldb.List, error) {
	if err := hosted(ctx, db, filter.Domain); err != nil {
		return sqldb.List{}, err
	}
	var above []string
	if filter.Viewer != "" {
		var err error
		if above, err = s.outranking(ctx, db, filter.Domain, filter.Viewer); err != nil {
			return sqldb.List{}, err
		}
	}
	return s.userList(filter, above, page)
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
