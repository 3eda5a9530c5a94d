package engines_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// TestSessionOfAnEarlierVersion has somebody who logged in to version 0.1 go on. What stands here is what that version stored: the
// form of the cookie's hash and of the password's fingerprint may not change without the old one being understood, or an
// upgrade logs everybody out.
func TestSessionOfAnEarlierVersion(t *testing.T) {
	const (
		id       = "Q2xpZW50cyBuZXZlciBsb29rIGF0IHRoaXMgY29va2ll"
		idHash   = "d2aa7397881157d546868f5c769ae475fe65a86d8e3acf3f5a202c4736643b57"
		hash     = store.Secret("{SSHA}Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE=")
		stamp    = "a2fd143eea9c9cd492c52671f1b5488e"
		username = "root@elsewhere.test"
	)
	dir := t.TempDir()
	state, err := sqldb.Open("sqlite://" + filepath.Join(dir, "state.db"))
	require.NoError(t, err)
	first := fstest.MapFS{}
	for _, name := range []string{"00001_state.sql", "00002_left.sql"} {
		content, err := os.ReadFile("../../../store/statestore/migrations/sqlite/" + name)
		require.NoError(t, err)
		first[name] = &fstest.MapFile{Data: content}
	}
	require.NoError(t, state.Migrate(t.Context(), first))
	now := time.Now().UTC().Truncate(time.Second)
	require.NoError(t, state.Write(t.Context(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec(t.Context(), "INSERT INTO sessions (id_hash, username, domain, stamp, ip, created, last_used) VALUES (?, ?, ?, ?, ?, ?, ?)",
			idHash, username, "elsewhere.test", stamp, "192.0.2.1", now, now)
		return err
	}))
	require.NoError(t, state.Close())

	w := servertest.OpenFixture(t, dir)
	_, err = w.Deps.Accounts.CreateAdmin(t.Context(), servertest.ByRoot, store.AdminCreate{Mail: username, Password: hash, Active: true, Global: true})
	require.NoError(t, err)
	c := &servertest.Client{W: w, Cookie: &http.Cookie{Name: "postern_session", Value: id}}
	a := c.Get("/api/whoami")
	require.Equal(t, http.StatusOK, a.Status, a.Raw)
	require.Equal(t, username, a.Data()["username"])
	c.Cookie.Value += "x"
	require.Equal(t, "LOGIN_REQUIRED", c.Get("/api/whoami").Msg())
}
