package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/sqlstore"
)

func TestCheckTellsOfNamesThatNoOperationReaches(t *testing.T) {
	dir := t.TempDir()
	db, err := sqldb.Open("sqlite://" + filepath.Join(dir, "vmail.db"))
	require.NoError(t, err)
	require.NoError(t, sqlstore.Schema.Migrate(t.Context(), db))
	require.NoError(t, db.Do(t.Context(), "INSERT INTO mailbox (username, domain) VALUES ('Ann@a.test', 'a.test')"))
	require.NoError(t, db.Close())
	out, err := command(t, "check", "--data-dir", dir, "--lists", "off")
	require.NoError(t, err, "it is told, and no fault")
	require.Contains(t, out.stdout, "such as Ann@a.test: no operation reaches them")
	require.Contains(t, out.stdout, "UPDATE mailbox SET username = LOWER(username)")
}
