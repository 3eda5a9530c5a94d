package sqldb_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/storetest"
)

// shortDir is a directory whose name leaves room for that of a socket.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "gate")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

func open(t *testing.T, url string) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open(url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// requireDown asserts that an error says of the database that it is away.
func requireDown(t *testing.T, err error) {
	t.Helper()
	var e *store.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, store.Unavailable, e.Kind)
	require.Equal(t, store.CodeServerDown, e.Code)
}

func one(ctx context.Context, db *sqldb.DB) error {
	var n int64
	return db.Reader().Get(ctx, &n, "SELECT 1")
}

func writeOne(ctx context.Context, db *sqldb.DB) error {
	return db.Write(ctx, func(tx *sqldb.Tx) error {
		var n int64
		return tx.Get(ctx, &n, "SELECT 1")
	})
}

func TestServerThatIsNotThere(t *testing.T) {
	nowhere := filepath.Join(shortDir(t), "nowhere")
	for name, url := range map[string]string{
		"mysql socket":    "mysql://u:hunter2@/db?socket=" + nowhere,
		"mysql port":      "mysql://u:hunter2@127.0.0.1:1/db",
		"postgres socket": "postgres://u:hunter2@/db?host=" + nowhere,
		"postgres port":   "postgres://u:hunter2@127.0.0.1:1/db",
	} {
		t.Run(name, func(t *testing.T) {
			db := open(t, url)
			for _, err := range []error{
				db.Ping(t.Context()), one(t.Context(), db), writeOne(t.Context(), db), db.Do(t.Context(), "SELECT 1"),
			} {
				requireDown(t, err)
				require.NotContains(t, err.Error(), "hunter2")
			}
		})
	}
}

func TestServerInTrouble(t *testing.T) {
	for _, engine := range storetest.Servers {
		t.Run(engine, func(t *testing.T) {
			url, gate := throughGate(t, engine, storetest.DatabaseURL(t, engine))
			db := open(t, url)
			require.NoError(t, one(t.Context(), db))

			t.Run("that stopped answering", func(t *testing.T) {
				release := gate.hold()
				defer release()
				for _, ask := range []func(context.Context, *sqldb.DB) error{one, writeOne} {
					ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
					defer cancel()
					began := time.Now()
					requireDown(t, ask(ctx, db))
					require.Less(t, time.Since(began), 2*time.Second)
				}
				release()
				require.NoError(t, one(t.Context(), db))
				require.NoError(t, writeOne(t.Context(), db))
			})
			t.Run("that broke all connections", func(t *testing.T) {
				gate.cut()
				require.Eventually(t, func() bool { return one(t.Context(), db) == nil }, 5*time.Second, time.Millisecond)
				require.NoError(t, writeOne(t.Context(), db))
			})
			t.Run("that breaks the connection of a transaction", func(t *testing.T) {
				err := db.Write(t.Context(), func(tx *sqldb.Tx) error {
					var n int64
					require.NoError(t, tx.Get(t.Context(), &n, "SELECT 1"))
					gate.cut()
					return tx.Get(t.Context(), &n, "SELECT 1")
				})
				requireDown(t, err)
				require.NoError(t, writeOne(t.Context(), db))
			})
			t.Run("that ends the session", func(t *testing.T) {
				err := db.Write(t.Context(), func(tx *sqldb.Tx) error { return suicide(t, engine, tx) })
				requireDown(t, err)
				require.NoError(t, writeOne(t.Context(), db))
			})
		})
	}
}

// suicide has the server end the session that asks for it, as one that shuts down does.
func suicide(t *testing.T, engine string, tx *sqldb.Tx) error {
	t.Helper()
	if engine == "postgres" {
		_, err := tx.Exec(t.Context(), "SELECT pg_terminate_backend(pg_backend_pid())")
		return err
	}
	if _, err := tx.Exec(t.Context(), "KILL CONNECTION_ID()"); err != nil {
		return err
	}
	_, err := tx.Exec(t.Context(), "SELECT 1")
	return err
}

func TestClientThatGaveUp(t *testing.T) {
	for _, engine := range storetest.Servers {
		t.Run(engine, func(t *testing.T) {
			db := storetest.Database(t, engine)
			ctx, cancel := context.WithCancel(t.Context())
			err := db.Write(ctx, func(tx *sqldb.Tx) error {
				cancel()
				var n int64
				return tx.Get(ctx, &n, "SELECT 1")
			})
			require.Error(t, err)
			require.True(t, errors.Is(err, context.Canceled) || store.HasCode(err, store.CodeServerDown), "%v", err)
			require.NoError(t, writeOne(t.Context(), db))
		})
	}
}
