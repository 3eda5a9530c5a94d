package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store/sqldb"
)

func TestPurgeMailboxes(t *testing.T) {
	without(t)
	dir := t.TempDir()
	opened(t, dir)
	node := filepath.Join(t.TempDir(), "vmail", "vmail2")
	gone := filepath.Join(node, "a.test", "gone-2020.01.31.10.00.00")
	require.NoError(t, os.MkdirAll(gone, 0o700))
	db, err := sqldb.Open("sqlite://" + filepath.Join(dir, "vmail.db"))
	require.NoError(t, err)
	require.NoError(t, db.Write(t.Context(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec(t.Context(), "INSERT INTO deleted_mailboxes (timestamp, username, domain, maildir, admin, delete_date)"+
			" VALUES ('2020-01-31 10:00:00', 'gone@a.test', 'a.test', ?, '', '2020-02-01')", gone)
		return err
	}))
	require.NoError(t, db.Close())
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "state.db")), "the job goes without")
	t.Setenv("POSTERN_MAIL_STORAGE", "/var/vmail/vmail1,"+node)

	out, err := command(t, "jobs", "run", "purge-mailboxes", "--dry-run", "--data-dir", dir)
	require.NoError(t, err)
	require.Contains(t, out.stdout, "would be removed")
	require.DirExists(t, gone)
	out, err = command(t, "jobs", "run", "purge-mailboxes", "--data-dir", dir)
	require.NoError(t, err)
	require.Contains(t, out.stdout, `gone@a.test "`+gone+`": removed`)
	require.NoDirExists(t, gone)
	require.NoFileExists(t, filepath.Join(dir, "state.db"))

	_, err = command(t, "jobs", "run", "sessions-purge", "--dry-run", "--data-dir", dir)
	require.ErrorContains(t, err, "purge-mailboxes alone")
}
