package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// DomainUsages implements store.Usages.
func (s *Store) DomainUsages(ctx context.Context, filter store.UsageFilter, page store.PageRequest) (store.Page[store.DomainUsage], error) {
	r := s.db.Reader()
	names, err := s.usedDomains(ctx, r, filter, page)
	list := store.Page[store.DomainUsage]{Items: make([]store.DomainUsage, len(names.Items)), Next: names.Next, Total: names.Total}
	if err != nil {
		return list, err
	}
	at := make(map[string]*store.DomainUsage, len(names.Items))
	for i, name := range names.Items {
		list.Items[i].Domain = name
		at[strings.ToLower(name)] = &list.Items[i]
	}
	for _, read := range []func(context.Context, *sqldb.Reader, store.UsageFilter, []string, map[string]*store.DomainUsage) error{
		s.addMailboxes, s.addAliases, s.addMailingLists,
	} {
		for chunk := range slices.Chunk(names.Items, chunkSize) {
			if err = read(ctx, r, filter, chunk, at); err != nil {
				return list, fmt.Errorf("read what domains hold: %w", err)
			}
		}
	}
	return list, nil
}

// usedDomains are the names of a page, or NO_SUCH_DOMAIN for the one that is asked for.
func (s *Store) usedDomains(ctx context.Context, r *sqldb.Reader, filter store.UsageFilter, page store.PageRequest) (store.Page[string], error) {
	if err := page.CheckUsage(); err != nil {
		return store.Page[string]{}, err
	}
	if filter.Domain == "" {
		l, err := s.domainList(store.DomainFilter{ManagedBy: filter.ManagedBy}, page)
		if err != nil {
			return store.Page[string]{}, err
		}
		return keys(ctx, r, l, page)
	}
	l, err := s.domainList(store.DomainFilter{}, page)
	if err != nil {
		return store.Page[string]{}, err
	}
	l.And("d.domain = ?", filter.Domain)
	names, err := keys(ctx, r, l, page)
	if err == nil && len(names.Items) == 0 && page.After == "" {
		err = store.NoSuchDomain(filter.Domain)
	}
	return names, err
}

// usedRow is what the mailboxes of a domain hold together.
type usedRow struct {
	Domain                                                               string
	Users, Allocated, Held, Messages, OverQuota, NeverLoggedIn, Inactive int64
}

// addMailboxes adds up mailboxes one by one, since what is noted of one that is gone must not count. PostgreSQL may have several
// rows of one mailbox in last_login, so these are asked for rather than joined.
func (s *Store) addMailboxes(
	ctx context.Context, r *sqldb.Reader, filter store.UsageFilter, names []string, at map[string]*store.DomainUsage,
) error {
	quota, join := "0 AS bytes, 0 AS messages", ""
	if s.schema.Has("used_quota") {
		quota, join = "COALESCE(q.bytes, 0) AS bytes, COALESCE(q.messages, 0) AS messages", " LEFT JOIN used_quota q ON q.username = m.username"
	}
	logins := "0 AS ever, 0 AS since"
	args := []any{names}
	if s.schema.Has("last_login") {
		logged := "CASE WHEN EXISTS (SELECT 1 FROM last_login l WHERE l.username = m.username AND (l.imap >= ? OR l.pop3 >= ?)) THEN 1 ELSE 0 END"
		logins = logged + " AS ever, " + logged + " AS since"
		since := max(filter.Since.Unix(), 1) // 0 is never
		args = []any{1, 1, since, since, names}
	}
	var rows []usedRow
	err := r.Select(ctx, &rows, "SELECT domain, COUNT(*) AS users, COALESCE(SUM(quota), 0) AS allocated, COALESCE(SUM(bytes), 0) AS held,"+
		" COALESCE(SUM(messages), 0) AS messages, SUM(CASE WHEN quota > 0 AND bytes > quota * 1048576.0 THEN 1 ELSE 0 END) AS overquota,"+
		" SUM(1 - ever) AS neverloggedin, SUM(1 - since) AS inactive FROM (SELECT m.domain, m.quota, "+quota+", "+logins+
		" FROM mailbox m"+join+" WHERE m.domain IN (?)) used GROUP BY domain ORDER BY domain", args...)
	for _, row := range rows {
		if d := at[strings.ToLower(row.Domain)]; d != nil {
			d.Users, d.Allocated, d.Stored, d.Messages = row.Users, row.Allocated, row.Held, row.Messages
			d.OverQuota, d.NeverLoggedIn, d.Inactive = row.OverQuota, row.NeverLoggedIn, row.Inactive
		}
	}
	return err
}

func (s *Store) addAliases(ctx context.Context, r *sqldb.Reader, _ store.UsageFilter, names []string, at map[string]*store.DomainUsage) error {
	return s.addCounts(ctx, r, "alias", names, func(domain string, n int64) {
		if d := at[domain]; d != nil {
			d.Aliases = n
		}
	})
}

func (s *Store) addMailingLists(
	ctx context.Context, r *sqldb.Reader, _ store.UsageFilter, names []string, at map[string]*store.DomainUsage,
) error {
	return s.addCounts(ctx, r, tableMailingLists, names, func(domain string, n int64) {
		if d := at[domain]; d != nil {
			d.MailingLists = n
		}
	})
}

// addCounts counts the rows of domains in a table that may be missing.
func (s *Store) addCounts(ctx context.Context, r *sqldb.Reader, table string, names []string, add func(domain string, n int64)) error {
	if !s.schema.Has(table) {
		return nil
	}
	var rows []partRow
	err := r.Select(ctx, &rows, "SELECT domain, COUNT(*) AS n FROM "+table+" WHERE domain IN (?) GROUP BY domain ORDER BY domain", names)
	for _, row := range rows {
		add(strings.ToLower(row.Domain), row.N)
	}
	return err
}
