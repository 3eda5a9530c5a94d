package sqlstore_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/sqlstore"
	"github.com/postern-mail/postern/store/storetest"
)

// breaker has the database itself refuse writes to a table until mend is called.
type breaker func(db *sqldb.DB) func(t *testing.T, table string) (mend func())

// onServer makes one database with the tables created, and empties it for every store. The store itself connects as an account that may
// do no more than Uses says.
func onServer(t *testing.T, engine string, refuse breaker) storetest.Open {
	t.Helper()
	db, limited := storetest.LimitedDatabase(t, engine, sqlstore.Schema.Create, sqlstore.Uses())
	empty := storetest.Emptier(t, db)
	s, err := sqlstore.New(t.Context(), limited, sqlstore.DefaultOptions())
	require.NoError(t, err)
	return func(t *testing.T) storetest.Fixture {
		t.Helper()
		empty(t)
		return storetest.Fixture{Accounts: s, SQL: db, Break: refuse(db)}
	}
}

// mending returns the way to undo what was broken, which happens at the end of the test in any case: others go on with
// the same database.
func mending(t *testing.T, db *sqldb.DB, statements ...string) (mend func()) {
	t.Helper()
	mend = sync.OnceFunc(func() {
		for _, s := range statements {
			require.NoError(t, db.Do(context.WithoutCancel(t.Context()), s), s)
		}
	})
	t.Cleanup(mend)
	return mend
}

// engines are all that accounts can be kept on.
var engines = append([]string{"sqlite"}, storetest.Servers...)

// withTables opens a database of its own with the tables created.
func withTables(t *testing.T, engine string) *sqldb.DB {
	t.Helper()
	if engine != "sqlite" {
		db := storetest.Database(t, engine)
		require.NoError(t, sqlstore.Schema.Create(t.Context(), db))
		return db
	}
	db, err := sqldb.Open("sqlite://" + filepath.Join(t.TempDir(), "vmail.db") + "?sync=off")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, sqlstore.Schema.Migrate(t.Context(), db))
	return db
}

// mustDo runs statements on a database.
func mustDo(t *testing.T, db *sqldb.DB, statements ...string) {
	t.Helper()
	for _, s := range statements {
		require.NoError(t, db.Do(t.Context(), s), s)
	}
}
