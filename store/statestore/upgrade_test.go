package statestore_test

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/statestore"
	"github.com/postern-mail/postern/store/storetest"
)

// stateURL is the URL of an empty database for the state, and a connection to it.
func stateURL(t *testing.T, engine string) (string, *sqldb.DB) {
	t.Helper()
	url := "sqlite://" + filepath.Join(t.TempDir(), "state.db") + "?sync=off"
	if engine != "sqlite" {
		url = storetest.DatabaseURL(t, engine)
	}
	db, err := sqldb.Open(url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return url, db
}

// leave brings the database to where a program left it whose newest migration was this one.
func leave(t *testing.T, db *sqldb.DB, files []string, newest string) {
	t.Helper()
	known := fstest.MapFS{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		known[filepath.Base(file)] = &fstest.MapFile{Data: content}
		if file == newest {
			break
		}
	}
	require.NoError(t, db.Migrate(t.Context(), known))
}

// TestSessionsSurviveAnUpgrade opens databases as every earlier version has left them.
func TestSessionsSurviveAnUpgrade(t *testing.T) {
	for _, engine := range append([]string{"sqlite"}, storetest.Servers...) {
		t.Run(engine, func(t *testing.T) {
			files, err := filepath.Glob("migrations/" + engine + "/*.sql")
			require.NoError(t, err)
			require.NotEmpty(t, files)
			for _, file := range files {
				t.Run(filepath.Base(file), func(t *testing.T) {
					url, db := stateURL(t, engine)
					leave(t, db, files, file)
					now := time.Now().UTC().Truncate(time.Second)
					require.NoError(t, db.Write(t.Context(), func(tx *sqldb.Tx) error {
						_, err := tx.Exec(t.Context(), "INSERT INTO sessions (id_hash, username, domain, stamp, ip, created, last_used)"+
							" VALUES ('a', 'anna@example.com', 'example.com', 'b', '192.0.2.1', ?, ?)", now, now)
						return err
					}))
					kept, err := mustOpen(t, url).Session(t.Context(), "a")
					require.NoError(t, err)
					require.Equal(t, store.Session{
						IDHash: "a", Username: "anna@example.com", Stamp: "b", IP: "192.0.2.1", Created: now, LastUsed: now,
					}, kept)
				})
			}
		})
	}
}

func TestNewerStateIsLeftAlone(t *testing.T) {
	for _, engine := range append([]string{"sqlite"}, storetest.Servers...) {
		t.Run(engine, func(t *testing.T) {
			url, db := stateURL(t, engine)
			first, err := statestore.Open(t.Context(), url)
			require.NoError(t, err)
			require.NoError(t, first.Close())
			require.NoError(t, statestore.Schema.CheckOwn(t.Context(), db))
			require.NoError(t, db.Do(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)"))
			require.NoError(t, db.Do(t.Context(), "CREATE TABLE of_the_future (id INTEGER)"))
			before, err := db.Reader().Layout(t.Context())
			require.NoError(t, err)
			for _, err := range []error{statestore.Schema.CheckOwn(t.Context(), db), func() error {
				_, err := statestore.Open(t.Context(), url)
				return err
			}()} {
				require.ErrorIs(t, err, sqldb.ErrNewer)
				require.ErrorContains(t, err, "version 99999")
			}
			after, err := db.Reader().Layout(t.Context())
			require.NoError(t, err)
			require.Equal(t, before, after)
		})
	}
}

func TestForeignFileIsNoState(t *testing.T) {
	url, db := stateURL(t, "sqlite")
	require.NoError(t, db.Do(t.Context(), "CREATE TABLE mailbox (username VARCHAR(255))"))
	_, err := statestore.Open(t.Context(), url)
	require.ErrorContains(t, err, "tables of another program")
	require.ErrorContains(t, statestore.Schema.CheckOwn(t.Context(), db), "tables of another program")
	there, err := db.Reader().Layout(t.Context())
	require.NoError(t, err)
	require.Equal(t, sqldb.Layout{"mailbox": {"username"}}, there)
}
