package storetest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

func updateUser(t *testing.T, open Open) {
	text := func(set func(v *string) store.UserUpdate) func(v string) store.UserUpdate {
		return func(v string) store.UserUpdate { return set(&v) }
	}
	for column, c := range map[string]struct {
		update  func(v string) store.UserUpdate
		value   string
		cleared string
	}{
		"name":          {text(func(v *string) store.UserUpdate { return store.UserUpdate{Name: v} }), "Änne 王", ""},
		"first_name":    {text(func(v *string) store.UserUpdate { return store.UserUpdate{FirstName: v} }), "Änne", ""},
		"last_name":     {text(func(v *string) store.UserUpdate { return store.UserUpdate{LastName: v} }), "Berg", ""},
		"language":      {text(func(v *string) store.UserUpdate { return store.UserUpdate{Language: v} }), "de_DE", ""},
		"employeeid":    {text(func(v *string) store.UserUpdate { return store.UserUpdate{EmployeeID: v} }), "E-1", ""},
		"department":    {text(func(v *string) store.UserUpdate { return store.UserUpdate{Department: v} }), "Änderungen", ""},
		"transport":     {text(func(v *string) store.UserUpdate { return store.UserUpdate{Transport: v} }), "smtp:[192.0.2.1]:25", ""},
		"mailboxformat": {text(func(v *string) store.UserUpdate { return store.UserUpdate{MailboxFormat: v} }), "sdbox", "maildir"},
		"mailboxfolder": {text(func(v *string) store.UserUpdate { return store.UserUpdate{MailboxFolder: v} }), "Mail2", "Maildir"},
	} {
		t.Run(column+" set and cleared", func(t *testing.T) {
			f := withUser(t, open)
			change := mustUpdateUser(t, f, "ann@a.test", c.update(c.value))
			require.Equal(t, store.ActionUpdate, change.Action)
			requireMailbox(t, f, "ann@a.test", column, c.value)
			mustUpdateUser(t, f, "ann@a.test", c.update(""))
			requireMailbox(t, f, "ann@a.test", column, c.cleared)
		})
	}
	for column, update := range map[string]func(v []string) store.UserUpdate{
		"telephone": func(v []string) store.UserUpdate { return store.UserUpdate{Telephone: &v} },
		"mobile":    func(v []string) store.UserUpdate { return store.UserUpdate{Mobile: &v} },
	} {
		t.Run(column+" set and cleared", func(t *testing.T) {
			f := withUser(t, open)
			mustUpdateUser(t, f, "ann@a.test", update([]string{"+49 30 1", "+49 30 2"}))
			requireMailbox(t, f, "ann@a.test", column, "+49 30 1")
			mustUpdateUser(t, f, "ann@a.test", update([]string{}))
			requireMailbox(t, f, "ann@a.test", column, "")
		})
	}
	t.Run("leaves what is not named", func(t *testing.T) {
		f := withUser(t, open)
		mustUser(t, f, "bob@a.test")
		bob := mustReadUser(t, f, "bob@a.test")
		ann := mustReadUser(t, f, "ann@a.test")
		mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{Name: ptr("Ann")})
		require.Equal(t, bob, mustReadUser(t, f, "bob@a.test"))
		now := mustReadUser(t, f, "ann@a.test")
		require.Equal(t, ann.Stored.Without("name", "cn", "modified"), now.Stored.Without("name", "cn", "modified"))
		require.Equal(t, "Ann", now.Name)
		now.Stored, now.Name, now.Modified = nil, "", ann.Modified
		ann.Stored = nil
		require.Equal(t, ann, now)
	})
	t.Run("password", func(t *testing.T) {
		f := withUser(t, open)
		if f.SQL != nil {
			exec(t, f, "UPDATE mailbox SET passwordlastchange = '2001-01-01 00:00:00', modified = '2001-01-01 00:00:00'")
		}
		change := mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{Password: ptr(store.Secret("{SSHA}other"))})
		require.True(t, change.EndsSessions)
		require.False(t, change.Lasting)
		require.NotEqual(t, change.Before.Get(passwordName(f)), change.After.Get(passwordName(f)))
		for _, side := range []store.Record{change.Before, change.After} {
			shown, err := side.MarshalJSON()
			require.NoError(t, err)
			require.NotContains(t, string(shown), "SSHA")
		}
		password, err := f.Accounts.UserPassword(ctx(t), "ann@a.test")
		require.NoError(t, err)
		require.Equal(t, store.Secret("{SSHA}other"), password)
		requireColumn(t, f, []any{"ann@a.test"},
			"SELECT username FROM mailbox WHERE passwordlastchange > '2020-01-01 00:00:00' AND modified > '2020-01-01 00:00:00'")
	})
	t.Run("other things leave the date of the password", func(t *testing.T) {
		f := withUser(t, open)
		if f.Directory != nil {
			f.Directory.Put(t, f.Directory.UserDN("ann@a.test"), "shadowLastChange", "11323")
		} else {
			exec(t, f, "UPDATE mailbox SET passwordlastchange = '2001-01-01 00:00:00'")
		}
		change := mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{Name: ptr("Ann")})
		require.False(t, change.EndsSessions)
		requireColumn(t, f, []any{"ann@a.test"}, "SELECT username FROM mailbox WHERE passwordlastchange < '2002-01-01 00:00:00'")
		if f.Directory != nil {
			require.Equal(t, "11323", first(mustReadUser(t, f, "ann@a.test").Stored, "shadowLastChange"))
		}
	})
	t.Run("before and after", func(t *testing.T) {
		f := withUser(t, open)
		change := mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{Name: ptr("Ann"), Quota: ptr[int64](7)})
		requireRecord(t, f, change.Before, "ann@a.test", "name", "")
		requireRecord(t, f, change.After, "ann@a.test", "name", "Ann")
		requireRecord(t, f, change.After, "ann@a.test", "quota", int64(7))
		require.Equal(t, "a.test", change.Domain)
	})
}

func updateUserFails(t *testing.T, open Open) {
	long, longASCII := strings.Repeat("ä", 256), strings.Repeat("a", 256)
	for name, c := range map[string]struct {
		update store.UserUpdate
		code   string
		field  string
	}{
		"transport with a blank":  {store.UserUpdate{Transport: ptr("smtp: host")}, store.CodeInvalidTransport, "transport"},
		"transport not printable": {store.UserUpdate{Transport: ptr("smtp:\n")}, store.CodeInvalidTransport, "transport"},
		"long transport":          {store.UserUpdate{Transport: &longASCII}, store.CodeInvalidTransport, "transport"},
		"format":                  {store.UserUpdate{MailboxFormat: ptr("mbox")}, store.CodeInvalidMailboxFormat, "mailboxFormat"},
		"folder":                  {store.UserUpdate{MailboxFolder: ptr("a/b")}, store.CodeInvalidMailboxFolder, "mailboxFolder"},
		"language":                {store.UserUpdate{Language: ptr("deutsch")}, store.CodeInvalidLanguage, "language"},
		"long name":               {store.UserUpdate{Name: &long}, store.CodeValueTooLong, "name"},
		"long given name":         {store.UserUpdate{FirstName: &long}, store.CodeValueTooLong, "gn"},
		"long number":             {store.UserUpdate{Mobile: &[]string{long}}, store.CodeValueTooLong, "mobile"},
		"path":                    {store.UserUpdate{Maildir: ptr("relative")}, store.CodeInvalidPath, "maildir"},
	} {
		t.Run(name, func(t *testing.T) {
			f := withUser(t, open)
			same := unchanged(t, f)
			_, err := f.Accounts.UpdateUser(ctx(t), asGlobal, "ann@a.test", c.update)
			requireCode(t, err, store.Invalid, c.code)
			var e *store.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, c.field, e.Field)
			same()
		})
	}
	t.Run("missing", func(t *testing.T) {
		f := withDomain(t, open)
		_, err := f.Accounts.UpdateUser(ctx(t), asGlobal, "ann@a.test", store.UserUpdate{Name: ptr("Ann")})
		requireCode(t, err, store.NotFound, store.CodeNoSuchAccount)
	})
	t.Run("dry run writes nothing", func(t *testing.T) {
		f := withUser(t, open)
		same := unchanged(t, f)
		w := asGlobal
		w.DryRun = true
		change, err := f.Accounts.UpdateUser(ctx(t), w, "ann@a.test", store.UserUpdate{
			Active: ptr(false), Forwarding: adding("x@elsewhere.test"), SenderBcc: ptr("x@elsewhere.test"),
		})
		require.NoError(t, err)
		require.Equal(t, store.ActionDisable, change.Action)
		same()
	})
	t.Run("precondition", func(t *testing.T) {
		f := withUser(t, open)
		change := mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{Name: ptr("one")})
		w := asGlobal
		w.If = change.Before.Version()
		same := unchanged(t, f)
		_, err := f.Accounts.UpdateUser(ctx(t), w, "ann@a.test", store.UserUpdate{Name: ptr("two")})
		requireCode(t, err, store.PreconditionFailed, store.CodePreconditionFailed)
		same()
		w.If = change.After.Version()
		_, err = f.Accounts.UpdateUser(ctx(t), w, "ann@a.test", store.UserUpdate{Name: ptr("two")})
		require.NoError(t, err)
		requireMailbox(t, f, "ann@a.test", "name", "two")
	})
	for _, table := range []string{"mailbox", "forwardings", "domain_admins", "sender_bcc_user", "recipient_bcc_user"} {
		t.Run("whole or absent without "+table, func(t *testing.T) {
			f := withUser(t, open)
			same := unchanged(t, f)
			mend := f.Break(t, table)
			_, err := f.Accounts.UpdateUser(ctx(t), asGlobal, "ann@a.test", store.UserUpdate{
				Name: ptr("Ann"), Global: ptr(true), Forwarding: adding("x@elsewhere.test"),
				SenderBcc: ptr("x@elsewhere.test"), RecipientBcc: ptr("x@elsewhere.test"),
			})
			require.Error(t, err)
			mend()
			same()
		})
	}
}
