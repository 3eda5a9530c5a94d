package sqlstore_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/sqlstore"
	"github.com/postern-mail/postern/store/storetest"
)

// TestUsageOfManyDomains reads what 1,000 domains with 100,000 mailboxes hold, in as many statements as of one, and compares it with
// single reads.
func TestUsageOfManyDomains(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			db := withTables(t, engine)
			fillDomains(t, db, 1000, 100)
			s, err := sqlstore.New(t.Context(), db, sqlstore.DefaultOptions())
			require.NoError(t, err)
			since := time.Unix(1_700_000_000, 0)
			statements := 0
			db.Watch(func(string, []any) { statements++ })
			counted := map[int]int{}
			var all []store.DomainUsage
			for _, limit := range []int{1, 1000} {
				statements = 0
				began := time.Now()
				list, err := s.DomainUsages(t.Context(), store.UsageFilter{Since: since}, store.PageRequest{Limit: limit})
				require.NoError(t, err)
				require.Len(t, list.Items, limit)
				t.Logf("%d domains in %v", limit, time.Since(began))
				counted[limit], all = statements, list.Items
			}
			db.Watch(nil)
			require.Equal(t, counted[1], counted[1000])
			require.Equal(t, 4, counted[1], "names, mailboxes, alias accounts, mailing lists")
			var sum, mailboxes int64
			for i, got := range all {
				sum += got.Users
				if i%50 == 0 {
					require.Equal(t, storetest.UsageBySingleReads(t, s, got.Domain, since), got)
				}
			}
			require.NoError(t, db.Reader().Get(t.Context(), &mailboxes, "SELECT COUNT(*) FROM mailbox"))
			require.Equal(t, []int64{100_000, 100_000}, []int64{sum, mailboxes})
		})
	}
}

// fillDomains makes domains with mailboxes that are used in all ways, alias accounts and mailing lists.
func fillDomains(t *testing.T, db *sqldb.DB, domains, users int) {
	t.Helper()
	rows := map[string][]string{}
	add := func(into, form string, values ...any) { rows[into] = append(rows[into], fmt.Sprintf(form, values...)) }
	for i := range domains {
		d := fmt.Sprintf("d%04d.test", i)
		add("domain (domain)", "('%s')", d)
		for n := range users {
			mail := fmt.Sprintf("u%03d@%s", n, d)
			add("mailbox (username, domain, quota)", "('%s', '%s', %d)", mail, d, n%7)
			if n%3 != 0 {
				add("used_quota (username, bytes, messages)", "('%s', %d, %d)", mail, (n%11)<<20+i, n)
			}
			if n%5 != 0 {
				add("last_login (username, domain, imap, pop3)", "('%s', '%s', %d, 1)", mail, d, 1_700_000_000-500+i)
			}
		}
		for n := range i % 3 {
			add("alias (address, domain)", "('a%d@%s', '%s')", n, d, d)
			add("maillists (address, domain, mlid)", "('l%d@%s', '%s', '%d-%d')", n, d, d, i, n)
		}
	}
	require.NoError(t, db.Write(t.Context(), func(tx *sqldb.Tx) error {
		for into, values := range rows {
			for chunk := range slices.Chunk(values, 1000) {
				if _, err := tx.Exec(t.Context(), "INSERT INTO "+into+" VALUES "+strings.Join(chunk, ", ")); err != nil {
					return err
				}
			}
		}
		return nil
	}))
}

// TestUsageOnOldLayout counts what there are tables for.
func TestUsageOnOldLayout(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			s := openOld(t, engine)
			w := store.Write{Actor: store.Actor{Global: true}}
			_, err := s.CreateDomain(t.Context(), w, store.DomainCreate{Name: "a.test"})
			require.NoError(t, err)
			_, err = s.CreateUser(t.Context(), w, store.UserCreate{Mail: "ann@a.test", Password: "{SSHA}x"})
			require.NoError(t, err)
			list, err := s.DomainUsages(t.Context(), store.UsageFilter{Since: time.Unix(1, 0)}, store.PageRequest{})
			require.NoError(t, err)
			require.Len(t, list.Items, 1)
			got := list.Items[0]
			require.Equal(t, []int64{1, 0, 0, 0, 1, 1}, []int64{got.Users, got.MailingLists, got.Stored, got.OverQuota, got.NeverLoggedIn, got.Inactive})
		})
	}
}
