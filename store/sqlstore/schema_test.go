package sqlstore_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/sqlstore"
	"github.com/postern-mail/postern/store/storetest"
)

func TestSchemaIsTheSameEverywhere(t *testing.T) {
	want, err := withTables(t, "sqlite").Reader().Layout(t.Context())
	require.NoError(t, err)
	delete(want, "goose_db_version")
	delete(want, "sqlite_sequence")
	for _, engine := range storetest.Servers {
		t.Run(engine, func(t *testing.T) {
			got, err := withTables(t, engine).Reader().Layout(t.Context())
			require.NoError(t, err)
			require.Equal(t, want, got)
		})
	}
}

func TestSchemaIsNeverLaidOver(t *testing.T) {
	for _, engine := range storetest.Servers {
		t.Run(engine, func(t *testing.T) {
			t.Run("a database that has one of the tables", func(t *testing.T) {
				db := storetest.Database(t, engine)
				mustDo(t, db, "CREATE TABLE last_login (username INT)")
				require.ErrorContains(t, sqlstore.Schema.Create(t.Context(), db), `"last_login"`)
				requireTables(t, db, "last_login")
			})
			t.Run("itself", func(t *testing.T) {
				db := withTables(t, engine)
				s, err := sqlstore.New(t.Context(), db, sqlstore.DefaultOptions())
				require.NoError(t, err)
				_, err = s.CreateDomain(t.Context(), store.Write{Actor: store.Actor{Global: true}}, store.DomainCreate{Name: "a.test"})
				require.NoError(t, err)
				require.ErrorContains(t, sqlstore.Schema.Create(t.Context(), db), "already")
				_, err = s.Domain(t.Context(), "a.test")
				require.NoError(t, err)
			})
			t.Run("by the migrations of embedded databases", func(t *testing.T) {
				db := storetest.Database(t, engine)
				require.ErrorContains(t, sqlstore.Schema.Migrate(t.Context(), db), "embedded")
				requireTables(t, db)
			})
		})
	}
	t.Run("an embedded database", func(t *testing.T) {
		require.ErrorContains(t, sqlstore.Schema.Create(t.Context(), withTables(t, "sqlite")), "sqlite")
	})
}

func requireTables(t *testing.T, db *sqldb.DB, want ...string) {
	t.Helper()
	there, err := db.Reader().Layout(t.Context())
	require.NoError(t, err)
	require.Len(t, there, len(want))
	for _, table := range want {
		require.Contains(t, there, table)
	}
}

// TestSchemaIndexes shows that the statements fit a database that lacks the indexes, as one of iRedMail's does.
func TestSchemaIndexes(t *testing.T) {
	require.Empty(t, sqlstore.Schema.Indexes("sqlite"))
	for engine, drop := range map[string]string{"mysql": " ON mailbox", "postgres": ""} {
		t.Run(engine, func(t *testing.T) {
			db := withTables(t, engine)
			statements := sqlstore.Schema.Indexes(engine)
			i := slices.IndexFunc(statements, func(s string) bool {
				return s == "CREATE INDEX postern_mailbox_domain_quota ON mailbox (domain, quota)"
			})
			require.GreaterOrEqual(t, i, 0)
			require.Error(t, db.Do(t.Context(), statements[i]), "it is there already")
			mustDo(t, db, "DROP INDEX postern_mailbox_domain_quota"+drop, statements[i])
		})
	}
}

// TestUsedQuota shows what Dovecot relies on: it writes the address alone, and finds what it wrote.
func TestUsedQuota(t *testing.T) {
	for engine, total := range map[string]int64{"mysql": 100, "postgres": 150} {
		t.Run(engine, func(t *testing.T) {
			db := withTables(t, engine)
			mustDo(t, db, "INSERT INTO used_quota (username, bytes, messages) VALUES ('ann@a.test', 100, 2)")
			if engine == "postgres" { // Dovecot 2.3 adds by inserting again
				mustDo(t, db, "INSERT INTO used_quota (username, bytes, messages) VALUES ('ann@a.test', 50, 1)")
			}
			rows, err := db.Reader().Records(t.Context(), "SELECT domain, bytes FROM used_quota")
			require.NoError(t, err)
			require.Equal(t, []store.Record{{{Name: "domain", Value: "a.test"}, {Name: "bytes", Value: total}}}, rows)
		})
	}
}
