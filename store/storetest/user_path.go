package storetest

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

func userPaths(t *testing.T, open Open) {
	for mail, hashed := range map[string]string{
		"anna@a.test": "a/n/n", "a@a.test": "a/_/_", "ab@a.test": "a/b/_", "a.b@a.test": "a/_/b", "#-1@a.test": "#/-/1",
	} {
		t.Run("made up for "+mail, func(t *testing.T) {
			f := withDomain(t, open)
			mustUser(t, f, mail)
			local, _ := store.SplitAddress(mail)
			requireCell(t, f, "/var/vmail", "SELECT storagebasedirectory FROM mailbox")
			requireCell(t, f, "vmail1", "SELECT storagenode FROM mailbox")
			form := "/var/vmail/vmail1/a.test/" + hashed + "/" + local
			require.Regexp(t, "^"+regexp.QuoteMeta(form)+`-\d{4}(\.\d{2}){5}/$`, storedPath(t, f, mail))
		})
	}
	for path, parts := range map[string][3]string{
		"/srv/mail/a.test/ann":        {"/srv", "mail", "a.test/ann"},
		"/var/vmail/vmail1/a.test/x/": {"/var/vmail", "vmail1", "a.test/x"},
		"/var/vmail/Vmail2/Ann":       {"/var/vmail", "vmail2", "ann"},
		"/mail/ann":                   {"", "mail", "ann"},
		"/srv//mail///ann":            {"/srv", "mail", "ann"},
		"/var/vmailer/x/y":            {"/var", "vmailer", "x/y"},
	} {
		t.Run("given as "+path, func(t *testing.T) {
			f := withUser(t, open)
			mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{Maildir: &path})
			require.Equal(t, strings.Join(parts[:], "/"), storedPath(t, f, "ann@a.test"))
			requireCell(t, f, parts[0], "SELECT storagebasedirectory FROM mailbox")
			requireCell(t, f, parts[1], "SELECT storagenode FROM mailbox")
		})
	}
	for _, path := range []string{
		"", "mail/ann", "/", "/ann", "/var", "/var/vmail", "/var/vmail/vmail1", "/var/vmail/vmail1/", "/srv/../etc/mail",
		"/srv/mail/..", "/srv/./mail", "/srv/mail/.hidden", "/srv/mail/a\nb", "/srv/mail/a\x00b",
		"/srv/mail/" + strings.Repeat("a", 255),
	} {
		t.Run("refused as "+path[:min(len(path), 20)], func(t *testing.T) {
			f := withUser(t, open)
			same := unchanged(t, f)
			_, err := f.Accounts.UpdateUser(ctx(t), asGlobal, "ann@a.test", store.UserUpdate{Maildir: &path})
			requireCode(t, err, store.Invalid, store.CodeInvalidPath)
			same()
		})
	}
}

// mailboxHomes has the paths of all mailboxes read, whatever their state.
func mailboxHomes(t *testing.T, open Open) {
	f := withUser(t, open)
	mustUser(t, f, "bob@a.test")
	mustUpdateUser(t, f, "bob@a.test", store.UserUpdate{Active: ptr(false), Maildir: ptr("/srv/mail/a.test/bob")})
	var found []string
	homes, ok := f.Accounts.(store.MailboxHomes)
	require.True(t, ok)
	require.NoError(t, homes.MailboxHomes(ctx(t), func(path string) { found = append(found, path) }))
	require.ElementsMatch(t, []string{storedPath(t, f, "ann@a.test"), "/srv/mail/a.test/bob"}, found)
	ended, cancel := context.WithCancel(ctx(t))
	cancel()
	require.Error(t, homes.MailboxHomes(ended, func(string) {}), "an end that is too early is an error")
}

// storedPath is where the files of a mailbox are.
func storedPath(t *testing.T, f Fixture, mail string) string {
	t.Helper()
	if f.Directory != nil {
		return first(mustReadUser(t, f, mail).Stored, "homeDirectory")
	}
	r := row(t, f, "SELECT storagebasedirectory AS a, storagenode AS b, maildir AS c FROM mailbox WHERE username = ?", mail)
	return fmt.Sprintf("%v/%v/%v", r.Get("a"), r.Get("b"), r.Get("c"))
}
