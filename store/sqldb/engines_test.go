package sqldb_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/storetest"
)

// fresh opens an empty database of any engine.
func fresh(t *testing.T, engine string) *sqldb.DB {
	t.Helper()
	if engine != "sqlite" {
		return storetest.Database(t, engine)
	}
	return open(t, "sqlite://"+filepath.Join(t.TempDir(), "test.db")+"?sync=off")
}

// onEngines runs a test on an empty database of each engine.
func onEngines(t *testing.T, engines []string, test func(t *testing.T, db *sqldb.DB)) {
	t.Helper()
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) { test(t, fresh(t, engine)) })
	}
}

var everyEngine = append([]string{"sqlite"}, storetest.Servers...)

func mustWrite(t *testing.T, db *sqldb.DB, query string, args ...any) int64 {
	t.Helper()
	var n int64
	require.NoError(t, db.Write(t.Context(), func(tx *sqldb.Tx) error {
		var err error
		n, err = tx.Exec(t.Context(), query, args...)
		return err
	}))
	return n
}

func count(t *testing.T, db *sqldb.DB) int64 {
	t.Helper()
	var n int64
	require.NoError(t, db.Reader().Get(t.Context(), &n, "SELECT COUNT(*) FROM things"))
	return n
}

func TestValues(t *testing.T) {
	const columns = "flag SMALLINT NOT NULL, number BIGINT NOT NULL, word VARCHAR(50) NOT NULL, story TEXT," +
		" moment TIMESTAMP NOT NULL"
	moment := time.Date(2026, 2, 3, 12, 0, 0, 0, time.UTC)
	onEngines(t, everyEngine, func(t *testing.T, db *sqldb.DB) {
		require.NoError(t, db.Do(t.Context(), "CREATE TABLE things (day DATE, "+columns+")"))
		insert := "INSERT INTO things (flag, number, word, story, moment) VALUES (?, ?, ?, ?, ?)"
		east := moment.In(time.FixedZone("east", 3*3600)).Add(999 * time.Millisecond)
		require.Equal(t, int64(1), mustWrite(t, db, insert, 1, int64(5_000_000_000), store.Secret("grün ' \\ 🚪"), nil, east))
		got, err := db.Reader().Records(t.Context(), "SELECT flag, number, word, story, moment FROM things WHERE number IN (?)",
			[]int64{1, 5_000_000_000})
		require.NoError(t, err)
		require.Equal(t, []store.Record{{
			{Name: "flag", Value: int64(1)}, {Name: "number", Value: int64(5_000_000_000)},
			{Name: "word", Value: "grün ' \\ 🚪"}, {Name: "story", Value: nil}, {Name: "moment", Value: moment},
		}}, got)
		require.Equal(t, int64(1), mustWrite(t, db, "UPDATE things SET flag = ?", 1), "matched, though nothing changed")
		require.Equal(t, int64(0), mustWrite(t, db, "UPDATE things SET flag = ? WHERE word = ?", 1, "other"))
		layout, err := db.Layout(t.Context())
		require.NoError(t, err)
		require.Equal(t, []string{"day", "flag", "number", "word", "story", "moment"}, layout["things"])
		require.True(t, layout.HasColumn("things", "day"))
		require.False(t, layout.HasColumn("things", "night"))
		require.Equal(t, []string{"things"}, layout.Present("nothing", "things"))
	})
}

func TestDates(t *testing.T) {
	onEngines(t, storetest.Servers, func(t *testing.T, db *sqldb.DB) {
		require.NoError(t, db.Do(t.Context(), "CREATE TABLE things (day DATE)"))
		for _, day := range []any{nil, "0001-01-01", "2026-02-03"} {
			mustWrite(t, db, "DELETE FROM things")
			mustWrite(t, db, "INSERT INTO things (day) VALUES (?)", day)
			got, err := db.Reader().Records(t.Context(), "SELECT day FROM things")
			require.NoError(t, err)
			require.Equal(t, []store.Record{{{Name: "day", Value: day}}}, got)
		}
	})
}

func TestQuotedNames(t *testing.T) {
	onEngines(t, everyEngine, func(t *testing.T, db *sqldb.DB) {
		name := "odd-\"`name"
		require.NoError(t, db.Do(t.Context(), "CREATE TABLE things ("+db.Dialect.Quote(name)+" INT)"))
		mustWrite(t, db, "INSERT INTO things ("+db.Dialect.Quote(name)+") VALUES (?)", 7)
		got, err := db.Reader().Records(t.Context(), "SELECT * FROM things")
		require.NoError(t, err)
		require.Equal(t, []store.Record{{{Name: name, Value: int64(7)}}}, got)
	})
}

func TestDuplicate(t *testing.T) {
	onEngines(t, everyEngine, func(t *testing.T, db *sqldb.DB) {
		require.NoError(t, db.Do(t.Context(), "CREATE TABLE things (id INT NOT NULL PRIMARY KEY, name VARCHAR(20) UNIQUE)"))
		mustWrite(t, db, "INSERT INTO things VALUES (1, 'a')")
		for name, query := range map[string]string{
			"primary key": "INSERT INTO things VALUES (1, 'b')", "unique key": "INSERT INTO things VALUES (2, 'a')",
		} {
			err := db.Write(t.Context(), func(tx *sqldb.Tx) error {
				if _, err := tx.Exec(t.Context(), "INSERT INTO things VALUES (3, 'c')"); err != nil {
					return err
				}
				_, err := tx.Exec(t.Context(), query)
				return err
			})
			require.True(t, db.IsDuplicate(err), "%s: %v", name, err)
			require.Equal(t, int64(1), count(t, db), name)
		}
		require.Error(t, db.Do(t.Context(), "INSERT INTO things VALUES (NULL, 'd')"))
		require.False(t, db.IsDuplicate(db.Do(t.Context(), "INSERT INTO things VALUES (NULL, 'd')")))
	})
}

func TestDryRun(t *testing.T) {
	onEngines(t, everyEngine, func(t *testing.T, db *sqldb.DB) {
		require.NoError(t, db.Do(t.Context(), "CREATE TABLE things (id INT)"))
		require.NoError(t, db.DryRun(t.Context(), func(tx *sqldb.Tx) error {
			_, err := tx.Exec(t.Context(), "INSERT INTO things VALUES (1)")
			return err
		}))
		require.Zero(t, count(t, db))
		wanted := errors.New("wanted")
		require.ErrorIs(t, db.DryRun(t.Context(), func(*sqldb.Tx) error { return wanted }), wanted)
	})
}

// TestLockShowsWhatWasCommitted is what limits rely on: they are counted after the wait for a row.
func TestLockShowsWhatWasCommitted(t *testing.T) {
	onEngines(t, storetest.Servers, func(t *testing.T, db *sqldb.DB) {
		require.NoError(t, db.Do(t.Context(), "CREATE TABLE limits (id INT NOT NULL PRIMARY KEY)"))
		require.NoError(t, db.Do(t.Context(), "CREATE TABLE things (id INT)"))
		mustWrite(t, db, "INSERT INTO limits VALUES (1)")
		locked, read := make(chan struct{}), make(chan struct{})
		var holder error
		var all sync.WaitGroup
		all.Go(func() {
			holder = db.Write(t.Context(), func(tx *sqldb.Tx) error {
				if err := lock(t.Context(), tx, 1); err != nil {
					return err
				}
				close(locked)
				<-read
				_, err := tx.Exec(t.Context(), "INSERT INTO things VALUES (1)")
				return err
			})
		})
		var before, after int64
		require.NoError(t, db.Write(t.Context(), func(tx *sqldb.Tx) error {
			<-locked
			if err := tx.Get(t.Context(), &before, "SELECT COUNT(*) FROM things"); err != nil {
				return err
			}
			close(read)
			if err := lock(t.Context(), tx, 1); err != nil {
				return err
			}
			return tx.Get(t.Context(), &after, "SELECT COUNT(*) FROM things")
		}))
		all.Wait()
		require.NoError(t, holder)
		require.Equal(t, []int64{0, 1}, []int64{before, after})
	})
}

func lock(ctx context.Context, tx *sqldb.Tx, id int) error {
	var n int64
	return tx.Get(ctx, &n, "SELECT id FROM limits WHERE id = ?"+tx.ForUpdate(), id)
}

func TestDeadlockRunsAgain(t *testing.T) {
	onEngines(t, storetest.Servers, func(t *testing.T, db *sqldb.DB) {
		require.NoError(t, db.Do(t.Context(), "CREATE TABLE limits (id INT NOT NULL PRIMARY KEY)"))
		require.NoError(t, db.Do(t.Context(), "CREATE TABLE things (id INT)"))
		mustWrite(t, db, "INSERT INTO limits VALUES (1), (2)")
		var mu sync.Mutex
		runs := 0
		var both, all sync.WaitGroup
		both.Add(2)
		errs := make([]error, 2)
		for i, order := range [][]int{{1, 2}, {2, 1}} {
			meet := sync.OnceFunc(func() { both.Done(); both.Wait() })
			all.Go(func() {
				errs[i] = db.Write(t.Context(), func(tx *sqldb.Tx) error {
					mu.Lock()
					runs++
					mu.Unlock()
					if err := lock(t.Context(), tx, order[0]); err != nil {
						return err
					}
					meet() // each has one by now, and wants that of the other
					if err := lock(t.Context(), tx, order[1]); err != nil {
						return err
					}
					_, err := tx.Exec(t.Context(), "INSERT INTO things VALUES (?)", i)
					return err
				})
			})
		}
		all.Wait()
		require.NoError(t, errors.Join(errs...))
		require.Equal(t, int64(2), count(t, db))
		require.Greater(t, runs, 2)
	})
}

// TestManyThatCollide has each of many transactions want what others hold: all happen.
func TestManyThatCollide(t *testing.T) {
	const writers = 16
	onEngines(t, storetest.Servers, func(t *testing.T, db *sqldb.DB) {
		require.NoError(t, db.Do(t.Context(), "CREATE TABLE limits (id INT NOT NULL PRIMARY KEY)"))
		require.NoError(t, db.Do(t.Context(), "CREATE TABLE things (id INT)"))
		mustWrite(t, db, "INSERT INTO limits VALUES (0), (1), (2)")
		errs := make([]error, writers)
		var all sync.WaitGroup
		for i := range writers {
			all.Go(func() {
				errs[i] = db.Write(t.Context(), func(tx *sqldb.Tx) error {
					for n := range 3 {
						if err := lock(t.Context(), tx, (i+n)%3); err != nil {
							return err
						}
					}
					_, err := tx.Exec(t.Context(), "INSERT INTO things VALUES (?)", i)
					return err
				})
			})
		}
		all.Wait()
		require.NoError(t, errors.Join(errs...))
		require.Equal(t, int64(writers), count(t, db))
	})
}

func TestLay(t *testing.T) {
	tables := []string{"CREATE TABLE things (id INT)", "CREATE TABLE others (id INT)"}
	onEngines(t, everyEngine, func(t *testing.T, db *sqldb.DB) {
		require.Error(t, db.Lay(t.Context(), append(tables, "CREATE NONSENSE")))
		there, err := db.Reader().Layout(t.Context())
		require.NoError(t, err)
		require.Empty(t, there, "nothing is left")

		require.NoError(t, db.Lay(t.Context(), tables))
		mustWrite(t, db, "INSERT INTO things VALUES (1)")
		require.ErrorContains(t, db.Lay(t.Context(), tables), `"things"`)
		require.Equal(t, int64(1), count(t, db))
		there, err = db.Reader().Layout(t.Context())
		require.NoError(t, err)
		require.Equal(t, sqldb.Layout{"things": {"id"}, "others": {"id"}}, there)
	})
}

func TestStatements(t *testing.T) {
	script := "-- Why.\nCREATE TABLE a (\n  id INT\n);\n\nCREATE FUNCTION f() AS $$\nBEGIN\n  x;\nEND;\n$$;\n\n\n" +
		"CREATE INDEX i ON a (id);\n"
	require.Equal(t, []string{
		"-- Why.\nCREATE TABLE a (\n  id INT\n)", "CREATE FUNCTION f() AS $$\nBEGIN\n  x;\nEND;\n$$", "CREATE INDEX i ON a (id)",
	}, sqldb.Statements(script))
}
