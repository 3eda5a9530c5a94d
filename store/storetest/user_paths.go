package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// deleteStrangePaths deletes mailboxes whose rows or entries, written by others, name paths that are no mailbox's own.
func deleteStrangePaths(t *testing.T, open Open) {
	paths := map[string][3]string{
		"empty":    {"/var/vmail", "vmail1", ""},
		"slashes":  {"/var/vmail", "vmail1", "//"},
		"climbs":   {"/var/vmail", "vmail1", "../../../etc"},
		"dot":      {"/var/vmail", "vmail1", "./x"},
		"relative": {"var", "vmail1", "a/ann"},
		"nothing":  {"", "", ""},
		"root":     {"/var", "vmail", "vmail1"},
	}
	seed := func(t *testing.T, f Fixture, mail string, p [3]string) {
		t.Helper()
		mustUser(t, f, mail)
		if f.Directory != nil {
			path := p[0] + "/" + p[1] + "/" + p[2]
			if p == [3]string{} {
				path = "/"
			}
			f.Directory.Put(t, f.Directory.UserDN(mail), "homeDirectory", path)
			return
		}
		exec(t, f, "UPDATE mailbox SET storagebasedirectory = ?, storagenode = ?, maildir = ? WHERE username = ?", p[0], p[1], p[2], mail)
	}
	all := func(t *testing.T) (f Fixture) {
		t.Helper()
		f = withDomain(t, open)
		for name, p := range paths {
			seed(t, f, name+"@a.test", p)
		}
		mustUser(t, f, "good@a.test")
		seed(t, f, "a..b@a.test", [3]string{"/srv", "mail", "a..b"})
		return f
	}
	const scheduled = "SELECT username FROM deleted_mailboxes ORDER BY username"
	want := []map[string]any{{"username": "a..b@a.test"}, {"username": "good@a.test"}}
	t.Run("one by one", func(t *testing.T) {
		f := all(t)
		for name := range paths {
			change, err := f.Accounts.DeleteUser(ctx(t), asGlobal, name+"@a.test", 0)
			require.NoError(t, err)
			require.Len(t, change.Discarded, 1)
			require.Contains(t, change.Discarded[0], name+"@a.test")
			_, err = f.Accounts.User(ctx(t), name+"@a.test")
			requireCode(t, err, store.NotFound, store.CodeNoSuchAccount)
		}
		for _, mail := range []string{"good@a.test", "a..b@a.test"} {
			change, err := f.Accounts.DeleteUser(ctx(t), asGlobal, mail, 0)
			require.NoError(t, err)
			require.Empty(t, change.Discarded)
		}
		require.Equal(t, len(want), len(rows(t, Fixture{SQL: f.beside()}, scheduled)))
	})
	t.Run("with the domain", func(t *testing.T) {
		f := all(t)
		change, err := f.Accounts.DeleteDomain(ctx(t), asGlobal, "a.test", 0)
		require.NoError(t, err)
		require.Len(t, change.Discarded, len(paths))
		require.Equal(t, len(want), len(rows(t, Fixture{SQL: f.beside()}, scheduled)))
	})
}
