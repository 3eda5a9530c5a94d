package statestore_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/statestore"
	"github.com/postern-mail/postern/store/storetest"
)

func TestStateOnMySQL(t *testing.T) { stateOnServer(t, "mysql") }

func TestStateOnPostgres(t *testing.T) { stateOnServer(t, "postgres") }

// stateOnServer runs the suite on one database, which is emptied for every store.
func stateOnServer(t *testing.T, engine string) {
	t.Helper()
	url := storetest.DatabaseURL(t, engine)
	s := mustOpen(t, url)
	db, err := sqldb.Open(url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	empty := storetest.Emptier(t, db)
	storetest.State(t, func(t *testing.T) store.State {
		t.Helper()
		empty(t)
		return s
	})
}

func mustOpen(t *testing.T, url string) *statestore.Store {
	t.Helper()
	s, err := statestore.Open(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func TestStateOfSeveralProcesses(t *testing.T) {
	for _, engine := range storetest.Servers {
		t.Run(engine, func(t *testing.T) {
			url := storetest.DatabaseURL(t, engine)
			const processes = 4
			opened, errs := make([]*statestore.Store, processes), make([]error, processes)
			var all sync.WaitGroup
			for i := range processes {
				all.Go(func() { opened[i], errs[i] = statestore.Open(t.Context(), url) })
			}
			all.Wait()
			for i, err := range errs {
				require.NoError(t, err)
				t.Cleanup(func() { require.NoError(t, opened[i].Close()) })
			}
			now := time.Now().UTC().Truncate(time.Second)
			session := store.Session{IDHash: "a", Username: "anna@example.com", Created: now, LastUsed: now}
			_, err := opened[0].CreateSession(t.Context(), session)
			require.NoError(t, err)
			kept, err := opened[processes-1].Session(t.Context(), "a")
			require.NoError(t, err)
			require.Equal(t, session, kept)
		})
	}
}

func TestStateAmongOtherTables(t *testing.T) {
	for _, engine := range storetest.Servers {
		t.Run(engine, func(t *testing.T) {
			url := storetest.DatabaseURL(t, engine)
			db, err := sqldb.Open(url)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, db.Close()) })
			require.NoError(t, db.Do(t.Context(), "CREATE TABLE mailbox (username VARCHAR(255))"))
			_, err = statestore.Open(t.Context(), url)
			require.ErrorContains(t, err, "tables of another program")
			there, err := db.Reader().Layout(t.Context())
			require.NoError(t, err)
			require.Equal(t, sqldb.Layout{"mailbox": {"username"}}, there)
		})
	}
}
