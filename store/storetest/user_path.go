package storetest

import (
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
			needSQL(t, f)
			mustUser(t, f, mail)
			local, _ := store.SplitAddress(mail)
			stored := row(t, f, "SELECT storagebasedirectory, storagenode, maildir FROM mailbox")
			require.Equal(t, "/var/vmail", stored.Get("storagebasedirectory"))
			require.Equal(t, "vmail1", stored.Get("storagenode"))
			form := "a.test/" + hashed + "/" + local
			require.Regexp(t, "^"+regexp.QuoteMeta(form)+`-\d{4}(\.\d{2}){5}/$`, stored.Get("maildir"))
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
			needSQL(t, f)
			mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{Maildir: &path})
			stored := row(t, f, "SELECT storagebasedirectory, storagenode, maildir FROM mailbox")
			require.Equal(t, parts[0], stored.Get("storagebasedirectory"))
			require.Equal(t, parts[1], stored.Get("storagenode"))
			require.Equal(t, parts[2], stored.Get("maildir"))
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
