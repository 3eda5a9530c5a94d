package sqlstore

import (
	"context"
	"fmt"
	"strings"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

const tableMailingLists = "maillists"

// MailingListAccount implements store.MailingListAccounts.
func (s *Store) MailingListAccount(ctx context.Context, mail string) (store.MailingListAccount, error) {
	if !s.schema.Has(tableMailingLists) {
		return store.MailingListAccount{}, store.NoSuchAccount(mail)
	}
	db := s.db.Reader()
	rows, err := db.Records(ctx, "SELECT * FROM maillists WHERE address = ?", mail)
	if err != nil {
		return store.MailingListAccount{}, fmt.Errorf("read mailing list %s: %w", mail, err)
	}
	if len(rows) == 0 {
		return store.MailingListAccount{}, store.NoSuchAccount(mail)
	}
	lists, err := s.wholeMailingLists(ctx, db, rows)
	if err != nil {
		return store.MailingListAccount{}, fmt.Errorf("read what belongs to %s: %w", mail, err)
	}
	return lists[0], nil
}

// MailingListAccounts implements store.MailingListAccounts.
func (s *Store) MailingListAccounts(
	ctx context.Context, filter store.MailingListFilter, page store.PageRequest,
) (store.Page[store.MailingListAccount], error) {
	list := store.Page[store.MailingListAccount]{Items: []store.MailingListAccount{}}
	db := s.db.Reader()
	l, found, err := s.mailingListsOf(ctx, db, filter, page)
	if err != nil || !found {
		list.Total = noneOf(page)
		return list, err
	}
	rows, err := l.Records(ctx, db, page)
	if err != nil {
		return list, fmt.Errorf("read mailing lists of %s: %w", filter.Domain, err)
	}
	list.Next, list.Total = rows.Next, rows.Total
	if list.Items, err = s.wholeMailingLists(ctx, db, rows.Items); err != nil {
		return list, fmt.Errorf("read what belongs to mailing lists of %s: %w", filter.Domain, err)
	}
	return list, nil
}

// MailingListAddresses implements store.MailingListAccounts.
func (s *Store) MailingListAddresses(
	ctx context.Context, filter store.MailingListFilter, page store.PageRequest,
) (store.Page[string], error) {
	db := s.db.Reader()
	l, found, err := s.mailingListsOf(ctx, db, filter, page)
	if err != nil || !found {
		return store.Page[string]{Items: []string{}, Total: noneOf(page)}, err
	}
	return keys(ctx, db, l, page)
}

// mailingListsOf is the list of the mailing lists of a domain, or NO_SUCH_DOMAIN. It is not found where there is no table of them.
func (s *Store) mailingListsOf(
	ctx context.Context, db *sqldb.Reader, filter store.MailingListFilter, page store.PageRequest,
) (l sqldb.List, found bool, err error) {
	if filter.Domain != "" {
		if err = hosted(ctx, db, filter.Domain); err != nil {
			return l, false, err
		}
	}
	l, err = s.mailingListList(filter, page)
	return l, s.schema.Has(tableMailingLists), err
}

// noneOf is the total of a list that has nothing, where that is asked for.
func noneOf(page store.PageRequest) *int64 {
	if !page.Count {
		return nil
	}
	return new(int64)
}

// wholeMailingLists adds to the rows of lists what other tables hold about them.
func (s *Store) wholeMailingLists(ctx context.Context, db *sqldb.Reader, rows []store.Record) ([]store.MailingListAccount, error) {
	lists := make([]store.MailingListAccount, len(rows))
	at := make(map[string]*store.MailingListAccount, len(rows))
	mails := make([]string, len(rows))
	for i, row := range rows {
		lists[i] = mailingListOf(row)
		mails[i] = lists[i].Mail
		at[strings.ToLower(mails[i])] = &lists[i]
	}
	for _, part := range []struct {
		table, query string
		of           func(m *store.MailingListAccount) *[]string
	}{
		{
			"maillist_owners", "SELECT address, owner AS value FROM maillist_owners WHERE address IN (?) ORDER BY address, owner",
			func(m *store.MailingListAccount) *[]string { return &m.Owners },
		},
		{
			"moderators", "SELECT address, moderator AS value FROM moderators WHERE address IN (?) ORDER BY address, moderator",
			func(m *store.MailingListAccount) *[]string { return &m.Moderators },
		},
		{
			"forwardings", "SELECT forwarding AS address, address AS value FROM forwardings WHERE forwarding IN (?) AND is_alias = 1" +
				" ORDER BY 1, 2",
			func(m *store.MailingListAccount) *[]string { return &m.ExtraAddresses },
		},
	} {
		if !s.schema.Has(part.table) {
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

func mailingListOf(row store.Record) store.MailingListAccount {
	return store.MailingListAccount{
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
		Created:        moment(row, "created"),
		Modified:       moment(row, "modified"),
	}
}
