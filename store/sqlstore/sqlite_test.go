package sqlstore_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/sqlstore"
	"github.com/postern-mail/postern/store/storetest"
)

func TestAccountsOnSQLite(t *testing.T) {
	storetest.Accounts(t, openSQLite)
}

func openSQLite(t *testing.T) storetest.Fixture {
	t.Helper()
	path := filepath.Join(t.TempDir(), "vmail.db")
	require.NoError(t, os.WriteFile(path, emptyDatabase(t), 0o600))
	db, err := sqldb.Open("sqlite://" + path + "?sync=off")
	require.NoError(t, err)
	s, err := sqlstore.New(t.Context(), db, sqlstore.DefaultOptions())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return storetest.Fixture{Accounts: s, SQL: db, Break: breakTable(db)}
}

// emptyDatabase is a database with the tables created, made once: most of the time of a fresh store would go into that.
var emptyDatabase = func() func(t *testing.T) []byte {
	var once sync.Once
	var file []byte
	return func(t *testing.T) []byte {
		t.Helper()
		once.Do(func() {
			path := filepath.Join(t.TempDir(), "empty.db")
			db, err := sqldb.Open("sqlite://" + path)
			require.NoError(t, err)
			require.NoError(t, sqlstore.Schema.Migrate(t.Context(), db))
			require.NoError(t, db.Close()) // which brings everything into the one file
			file, err = os.ReadFile(path)
			require.NoError(t, err)
		})
		return file
	}
}()

// breakTable has the database itself refuse writes to a table.
func breakTable(db *sqldb.DB) func(t *testing.T, table string) func() {
	return func(t *testing.T, table string) func() {
		t.Helper()
		events := []string{"INSERT", "UPDATE", "DELETE"}
		run := func(query string) {
			require.NoError(t, db.Write(t.Context(), func(tx *sqldb.Tx) error {
				_, err := tx.Exec(t.Context(), query)
				return err
			}))
		}
		for _, e := range events {
			run("CREATE TRIGGER break_" + e + " BEFORE " + e + " ON " + table + " BEGIN SELECT RAISE(ABORT, 'broken by the test'); END")
		}
		return func() {
			for _, e := range events {
				run("DROP TRIGGER break_" + e)
			}
		}
	}
}
