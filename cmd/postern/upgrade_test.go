package main

import (
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

// TestForeignState names a database of another program for the state.
func TestForeignState(t *testing.T) {
	without(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "other.db")
	db, err := sqldb.Open("sqlite://" + path)
	require.NoError(t, err)
	require.NoError(t, db.Do(t.Context(), "CREATE TABLE notes (id INTEGER)"))
	require.NoError(t, db.Close())
	t.Setenv("POSTERN_STATE_DSN", "sqlite://"+path)
	_, serve := start(t, "--data-dir", dir)
	_, check := command(t, "check", "--data-dir", dir, "--lists", "off")
	for _, err := range []error{serve, check} {
		require.ErrorContains(t, err, "POSTERN_STATE_DSN: ")
		require.ErrorContains(t, err, "tables of another program; name a database that is empty")
	}
}
