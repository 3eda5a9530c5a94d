package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store/sqldb"
)

// TestNewerState has a program find what a newer one has left: it stops and says so, in every command.
func TestNewerState(t *testing.T) {
	without(t)
	dir := t.TempDir()
	_, err := command(t, "admin", "create", "root@elsewhere.test", "--data-dir", dir)
	require.NoError(t, err)
	_, err = command(t, "check", "--data-dir", dir, "--lists", "off")
	require.NoError(t, err)
	db, err := sqldb.Open("sqlite://" + filepath.Join(dir, "state.db"))
	require.NoError(t, err)
	require.NoError(t, db.Do(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)"))
	require.NoError(t, db.Close())
	_, serve := start(t, "--data-dir", dir)
	_, check := command(t, "check", "--data-dir", dir, "--lists", "off")
	_, job := command(t, "jobs", "run", "sessions-purge", "--data-dir", dir)
	for _, err := range []error{serve, check, job} {
		require.ErrorContains(t, err, "POSTERN_STATE_DSN: ")
		require.ErrorContains(t, err, "version 99999")
		require.ErrorContains(t, err, "install that version again, or restore the backup")
	}
}

// TestForeignFiles names a file of SQLite for what it is not made for: nothing is written to it, by the server and its commands.
func TestForeignFiles(t *testing.T) {
	without(t)
	made := t.TempDir()
	_, err := command(t, "admin", "create", "root@elsewhere.test", "--data-dir", made)
	require.NoError(t, err)
	own := map[string]string{
		"POSTERN_VMAIL_DSN": "vmail.db", "POSTERN_IREDADMIN_DSN": "iredadmin.db", "POSTERN_STATE_DSN": "state.db",
		"POSTERN_AMAVISD_DSN": "amavisd.db", "POSTERN_IREDAPD_DSN": "iredapd.db",
	}
	files := []string{"another.db", "migrated.db", "unfinished.db", "empty.db", "emptied.db", "notes.txt"}
	for file, statements := range map[string][]string{
		"another.db": {"CREATE TABLE notes (id INTEGER)"},
		"migrated.db": { // by the same library
			"CREATE TABLE goose_db_version (id INTEGER PRIMARY KEY AUTOINCREMENT, version_id INTEGER, is_applied INTEGER, tstamp TIMESTAMP)",
			"INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, 1), (1, 1)", "CREATE TABLE sessions (id INTEGER)",
		},
		"unfinished.db": {
			"CREATE TABLE goose_db_version (id INTEGER PRIMARY KEY AUTOINCREMENT, version_id INTEGER, is_applied INTEGER, tstamp TIMESTAMP)",
			"INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, 1)", "CREATE TABLE notes (id INTEGER)",
		},
		"empty.db":   {"VACUUM"},
		"emptied.db": {"CREATE TABLE notes (id INTEGER PRIMARY KEY AUTOINCREMENT)", "DROP TABLE notes"},
	} {
		db, err := sqldb.Open("sqlite://" + filepath.Join(made, file))
		require.NoError(t, err)
		for _, s := range statements {
			require.NoError(t, db.Do(t.Context(), s))
		}
		require.NoError(t, db.Close())
	}
	require.NoError(t, os.WriteFile(filepath.Join(made, "notes.txt"), []byte("not a database, but a longer text than nothing"), 0o600))
	for _, file := range own {
		files = append(files, file)
	}
	for setting, mine := range own {
		for _, file := range files {
			t.Run(setting+"="+file, func(t *testing.T) {
				dir := t.TempDir()
				content, err := os.ReadFile(filepath.Join(made, file))
				require.NoError(t, err)
				path := filepath.Join(dir, "other.db")
				require.NoError(t, os.WriteFile(path, content, 0o600))
				t.Setenv(setting, "sqlite://"+path)
				_, check := command(t, "check", "--data-dir", dir, "--lists", "off")
				_, job := command(t, "jobs", "run", "sessions-purge", "--data-dir", dir)
				if file == mine || file == "empty.db" || file == "emptied.db" {
					require.NoError(t, check)
					require.NoError(t, job)
					return
				}
				_, serve := start(t, "--data-dir", dir)
				for _, err := range []error{serve, check, job} {
					require.ErrorContains(t, err, setting+": ")
					if file != "notes.txt" {
						require.ErrorContains(t, err, "tables of another program, or other data of Postern's; name a database that is empty")
					}
				}
				after, err := os.ReadFile(path)
				require.NoError(t, err)
				require.Equal(t, content, after, "it is as it was")
			})
		}
	}
}
