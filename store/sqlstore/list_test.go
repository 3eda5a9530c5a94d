package sqlstore_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/sqlstore"
	"github.com/postern-mail/postern/store/storetest"
)

// addUsers makes mailboxes of a domain, which lies there too, without anything that belongs to them.
func addUsers(ctx context.Context, db *sqldb.DB, domain string, n int) error {
	rows := make([]string, n)
	for i := range rows {
		rows[i] = fmt.Sprintf("('u%06d@%s', 'Name %d', '%s', %d)", i, domain, i%1000, domain, i%50)
	}
	return db.Write(ctx, func(tx *sqldb.Tx) error {
		if _, err := tx.Exec(ctx, "INSERT INTO domain (domain) VALUES (?)", domain); err != nil {
			return err
		}
		for chunk := range slices.Chunk(rows, 1000) {
			_, err := tx.Exec(ctx, "INSERT INTO mailbox (username, name, domain, quota) VALUES "+strings.Join(chunk, ", "))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// TestStatementsOfAPage counts them: as many for a page of 1,000 as for one of 1.
func TestStatementsOfAPage(t *testing.T) {
	f := openSQLite(t)
	require.NoError(t, addUsers(t.Context(), f.SQL, "a.test", 1001))
	exec(t, f, "INSERT INTO alias (address, domain) SELECT 'x' || username, domain FROM mailbox")
	exec(t, f, "INSERT INTO maillists (address, domain, mlid) SELECT 'y' || username, domain, username FROM mailbox")
	exec(t, f, "INSERT INTO domain (domain) SELECT substr(username, 1, 7) || '.test' FROM mailbox")
	exec(t, f, "INSERT INTO admin (username) SELECT username FROM mailbox")
	exec(t, f, "INSERT INTO domain_admins (username, domain) SELECT username, 'a.test' FROM mailbox")
	statements := 0
	f.SQL.Watch(func(string, []any) { statements++ })
	yes := true
	search := store.Search{Prefix: "u", Any: "u", Active: &yes}
	for name, read := range map[string]func(page store.PageRequest) (int, error){
		"domains": func(page store.PageRequest) (int, error) {
			list, err := f.Accounts.Domains(t.Context(), store.DomainFilter{Search: search}, page)
			return len(list.Items), err
		},
		"domain names": func(page store.PageRequest) (int, error) {
			list, err := f.Accounts.DomainNames(t.Context(), store.DomainFilter{}, page)
			return len(list.Items), err
		},
		"users": func(page store.PageRequest) (int, error) {
			list, err := f.Accounts.Users(t.Context(), store.UserFilter{Domain: "a.test", Search: search}, page)
			return len(list.Items), err
		},
		"users that an admin sees": func(page store.PageRequest) (int, error) {
			list, err := f.Accounts.Users(t.Context(), store.UserFilter{Domain: "a.test", Viewer: "u000000@a.test"}, page)
			return len(list.Items), err
		},
		"admins": func(page store.PageRequest) (int, error) {
			list, err := f.Accounts.Admins(t.Context(), store.AdminFilter{Search: search}, page)
			return len(list.Items), err
		},
		"aliases": func(page store.PageRequest) (int, error) {
			list, err := f.Accounts.Aliases(t.Context(), store.AliasFilter{Domain: "a.test"}, page)
			return len(list.Items), err
		},
		"mailing lists": func(page store.PageRequest) (int, error) {
			list, err := f.Accounts.MailingListAccounts(t.Context(), store.MailingListFilter{Domain: "a.test"}, page)
			return len(list.Items), err
		},
	} {
		for _, sort := range []store.Sort{store.SortKey, store.SortName, store.SortCreated} {
			for _, count := range []bool{false, true} {
				counted := map[int]int{}
				for _, limit := range []int{1, 1000} {
					statements = 0
					n, err := read(store.PageRequest{Limit: limit, Sort: sort, Count: count})
					require.NoError(t, err)
					require.Equal(t, limit, n, name)
					counted[limit] = statements
				}
				require.Equal(t, counted[1], counted[1000], "%s by %q, counted %v", name, sort, count)
				require.LessOrEqual(t, counted[1], 16, name)
			}
		}
	}
}

// exec writes what another program would write.
func exec(t *testing.T, f storetest.Fixture, query string) {
	t.Helper()
	require.NoError(t, f.SQL.Write(t.Context(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec(t.Context(), query)
		return err
	}))
}

// TestPagesUseIndexes looks at how SQLite finds the rows of a page: from where it begins, in their order.
func TestPagesUseIndexes(t *testing.T) {
	f := openSQLite(t)
	require.NoError(t, addUsers(t.Context(), f.SQL, "a.test", 10))
	const byAddress = "USING COVERING INDEX mailbox_domain_username (domain=? AND username>?"
	for name, c := range map[string]struct {
		search store.Search
		page   store.PageRequest
		want   string
	}{
		"a later page":    {page: store.PageRequest{After: "u000004@a.test"}, want: byAddress + ")"},
		"from the end":    {page: store.PageRequest{After: "u000004@a.test", Desc: true}, want: "(domain=? AND username<?)"},
		"a prefix":        {search: store.Search{Prefix: "u00000"}, want: byAddress + " AND username<?)"},
		"a page by quota": {page: store.PageRequest{Sort: store.SortQuota, After: "u000004@a.test\x005"}, want: "INDEX mailbox_domain_quota (domain=? AND quota>?)"},
	} {
		t.Run(name, func(t *testing.T) {
			var query string
			var args []any
			f.SQL.Watch(func(q string, a []any) {
				if strings.Contains(q, "FROM mailbox m") {
					query, args = q, a
				}
			})
			c.page.Limit = 5
			_, err := f.Accounts.UserAddresses(t.Context(), store.UserFilter{Domain: "a.test", Search: c.search}, c.page)
			require.NoError(t, err)
			f.SQL.Watch(nil)
			rows, err := f.SQL.Reader().Records(t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
			require.NoError(t, err)
			var plan []string
			for _, row := range rows {
				plan = append(plan, fmt.Sprint(row.Get("detail")))
			}
			require.Contains(t, plan[0], c.want)
			if c.page.Sort == store.SortKey {
				require.NotContains(t, strings.Join(plan, "\n"), "TEMP B-TREE", "rows come in their order")
			}
		})
	}
}

// BenchmarkPages reads pages of 100 mailboxes of a domain with 100,000: the last one costs what the second costs.
func BenchmarkPages(b *testing.B) {
	const users = 100_000
	db, err := sqldb.Open("sqlite://" + b.TempDir() + "/vmail.db?sync=off")
	require.NoError(b, err)
	require.NoError(b, sqlstore.Schema.Migrate(b.Context(), db))
	s, err := sqlstore.New(b.Context(), db, sqlstore.DefaultOptions())
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, s.Close()) })
	require.NoError(b, addUsers(b.Context(), db, "a.test", users))
	require.NoError(b, db.Do(b.Context(), "ANALYZE"))
	at := func(i int) string { return fmt.Sprintf("u%06d@a.test", i) }
	for name, c := range map[string]struct {
		sort store.Sort
		desc bool
		// second and last are where these pages begin.
		second, last string
	}{
		"mail":   {second: at(99), last: at(users - 101)},
		"-mail":  {desc: true, second: at(users - 100), last: at(100)},
		"name":   {sort: store.SortName, second: at(99_000) + "\x00name 0", last: at(899) + "\x00name 999"},
		"quota":  {sort: store.SortQuota, second: at(5000) + "\x000", last: at(94_999) + "\x0049"},
		"-quota": {sort: store.SortQuota, desc: true, second: at(95_000) + "\x0049", last: at(5000) + "\x000"},
	} {
		for page, after := range map[string]string{"second page": c.second, "last page": c.last} {
			b.Run(name+"/"+page, func(b *testing.B) {
				for b.Loop() {
					list, err := s.Users(b.Context(), store.UserFilter{Domain: "a.test"},
						store.PageRequest{Limit: 100, Sort: c.sort, Desc: c.desc, After: after})
					require.NoError(b, err)
					require.Len(b, list.Items, 100)
				}
			})
		}
	}
}
