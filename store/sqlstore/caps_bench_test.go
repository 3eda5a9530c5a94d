package sqlstore_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/sqlstore"
)

// BenchmarkCreateUnderCaps shows what caps cost an admin of 1,000 domains with 10 mailboxes each: nothing is counted where no
// cap is set.
func BenchmarkCreateUnderCaps(b *testing.B) {
	const domains = 1000
	for _, c := range []struct {
		name       string
		boss, mate int64 // caps of users
		by         string
	}{
		{"global", 0, 0, ""}, {"no cap", 0, 0, "boss@x.test"}, {"own cap", 1 << 30, 0, "boss@x.test"}, {"the cap of another", 0, 1 << 30, "boss@x.test"},
	} {
		b.Run(c.name, func(b *testing.B) {
			db, err := sqldb.Open("sqlite://" + filepath.Join(b.TempDir(), "vmail.db") + "?sync=off")
			require.NoError(b, err)
			require.NoError(b, sqlstore.Schema.Migrate(b.Context(), db))
			s, err := sqlstore.New(b.Context(), db, sqlstore.DefaultOptions())
			require.NoError(b, err)
			b.Cleanup(func() { require.NoError(b, s.Close()) })
			root := store.Write{Actor: store.Actor{Global: true}}
			for name, limit := range map[string]int64{"boss@x.test": c.boss, "mate@x.test": c.mate} {
				_, err = s.CreateAdmin(b.Context(), root, store.AdminCreate{Mail: name, Limits: store.LimitsUpdate{Users: &limit}})
				require.NoError(b, err)
			}
			require.NoError(b, db.Write(b.Context(), func(tx *sqldb.Tx) error {
				for i := range domains {
					d := fmt.Sprintf("d%d.test", i)
					if _, err := tx.Exec(b.Context(), "INSERT INTO domain (domain) VALUES (?)", d); err != nil {
						return err
					}
					for _, admin := range []string{"boss@x.test", "mate@x.test"} {
						if _, err := tx.Exec(b.Context(), "INSERT INTO domain_admins (username, domain) VALUES (?, ?)", admin, d); err != nil {
							return err
						}
					}
					for n := range 10 {
						_, err := tx.Exec(b.Context(), "INSERT INTO mailbox (username, domain) VALUES (?, ?)", fmt.Sprintf("u%d@%s", n, d), d)
						if err != nil {
							return err
						}
					}
				}
				return nil
			}))
			w := store.Write{Actor: store.Actor{Username: c.by, Global: c.by == ""}}
			i := 0
			for b.Loop() {
				_, err := s.CreateUser(b.Context(), w, store.UserCreate{Mail: fmt.Sprintf("new%d@d%d.test", i, i%domains), Password: "{SSHA}x"})
				require.NoError(b, err)
				i++
			}
		})
	}
}
