package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

func deleteUser(t *testing.T, open Open) {
	t.Run("leaves nothing", func(t *testing.T) {
		f := withUser(t, open)
		referTo(t, f, "ann@a.test")
		fillUser(t, f, "ann@a.test")
		change, err := f.Accounts.DeleteUser(ctx(t), asGlobal, "ann@a.test", 0)
		require.NoError(t, err)
		require.Equal(t, store.ActionDelete, change.Action)
		require.Equal(t, store.NounUser, change.Noun)
		require.Equal(t, "ann@a.test", change.Name)
		require.Equal(t, "a.test", change.Domain)
		require.NotEmpty(t, change.Before)
		require.Nil(t, change.After)
		require.True(t, change.EndsSessions)
		require.True(t, change.Lasting)
		require.Empty(t, mentioning(t, f, "ann@a.test"))
		require.Empty(t, mentioning(t, f, "other@a.test"))
		_, err = f.Accounts.User(ctx(t), "ann@a.test")
		requireCode(t, err, store.NotFound, store.CodeNoSuchAccount)
	})
	t.Run("paths of others are not scheduled for removal", func(t *testing.T) { deleteStrangePaths(t, open) })
	t.Run("who forwarded to it alone keeps the mail", func(t *testing.T) {
		f := withUser(t, open)
		referTo(t, f, "ann@a.test")
		mustUser(t, f, "off@a.test")
		mustUpdateUser(t, f, "off@a.test", store.UserUpdate{
			Forwarding: replacing("ann@a.test"), Active: ptr(false),
		})
		_, err := f.Accounts.DeleteUser(ctx(t), asGlobal, "ann@a.test", 0)
		require.NoError(t, err)
		requireRecipients(t, f)
		require.Equal(t, []string{"only@a.test"}, forwardings(t, f, "only@a.test"))
		require.Equal(t, []string{"x@elsewhere.test"}, forwardings(t, f, "also@a.test"))
		requireCell(t, f, int64(1), "SELECT active FROM forwardings WHERE address = 'only@a.test'")
		requireCell(t, f, int64(0), "SELECT active FROM forwardings WHERE address = 'off@a.test'")
	})
	t.Run("its further addresses go too", func(t *testing.T) {
		f := withUser(t, open)
		mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{Aliases: adding("anna@a.test")})
		mustUser(t, f, "fan@a.test")
		mustUpdateUser(t, f, "fan@a.test", store.UserUpdate{Forwarding: replacing("anna@a.test", "ann@a.test")})
		mustAlias(t, f, "team@a.test", "anna@a.test", "fan@a.test")
		_, err := f.Accounts.DeleteUser(ctx(t), asGlobal, "ann@a.test", 0)
		require.NoError(t, err)
		require.Equal(t, []string{"fan@a.test"}, forwardings(t, f, "fan@a.test"))
		require.Equal(t, []string{"fan@a.test"}, mustReadAlias(t, f, "team@a.test").Members)
		mustUser(t, f, "anna@a.test")
	})
	t.Run("leaves the others", func(t *testing.T) {
		f := withUser(t, open)
		mustUser(t, f, "bob@a.test")
		mustAlias(t, f, "team@a.test", "ann@a.test", "bob@a.test")
		_, err := f.Accounts.DeleteUser(ctx(t), asGlobal, "ann@a.test", 0)
		require.NoError(t, err)
		require.Equal(t, []string{"team@a.test"}, mustReadUser(t, f, "bob@a.test").MailingAliases)
		a, err := f.Accounts.Alias(ctx(t), "team@a.test")
		require.NoError(t, err)
		require.Equal(t, []string{"bob@a.test"}, a.Members)
	})
	t.Run("keeps a standalone admin of that name", func(t *testing.T) {
		f := withUser(t, open)
		addStandalone(t, f, "ann@a.test", "Ann")
		mustManage(t, f, "a.test", "ann@a.test")
		_, err := f.Accounts.DeleteUser(ctx(t), asGlobal, "ann@a.test", 0)
		require.NoError(t, err)
		require.Equal(t, []string{"ann@a.test"}, mustReadDomain(t, f, "a.test").Admins)
	})
	t.Run("address can be used again", func(t *testing.T) {
		f := withUser(t, open)
		_, err := f.Accounts.DeleteUser(ctx(t), asGlobal, "ann@a.test", 0)
		require.NoError(t, err)
		mustUser(t, f, "ann@a.test")
	})
	for days, date := range map[int]any{
		0: nil, 1: time.Now().UTC().AddDate(0, 0, 1), 365: time.Now().UTC().AddDate(0, 0, 365),
	} {
		t.Run("is recorded for removal", func(t *testing.T) {
			f := withUser(t, open)
			note(t, f, "INSERT INTO used_quota (username, bytes, messages) VALUES ('ann@a.test', 4096, 3)")
			mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{Maildir: ptr("/var/vmail/vmail1/a.test/ann")})
			_, err := f.Accounts.DeleteUser(ctx(t), asGlobal, "ann@a.test", days)
			require.NoError(t, err)
			kept := kept(t, f, "SELECT * FROM deleted_mailboxes")
			require.Equal(t, "ann@a.test", kept.Get("username"))
			require.Equal(t, "a.test", kept.Get("domain"))
			require.Equal(t, "/var/vmail/vmail1/a.test/ann", kept.Get("maildir"))
			require.Equal(t, int64(4096), kept.Get("bytes"))
			require.Equal(t, int64(3), kept.Get("messages"))
			require.Equal(t, "root@elsewhere.test", kept.Get("admin"))
			requireDate(t, date, kept.Get("delete_date"))
		})
	}
	t.Run("dry run writes nothing", func(t *testing.T) {
		f := withUser(t, open)
		same := unchanged(t, f)
		w := asGlobal
		w.DryRun = true
		change, err := f.Accounts.DeleteUser(ctx(t), w, "ann@a.test", 7)
		require.NoError(t, err)
		require.Equal(t, store.ActionDelete, change.Action)
		same()
	})
}

// requireDate asserts a calendar date, which some engines return as a time and some as text. A test that runs over
// midnight is a day off.
func requireDate(t *testing.T, want, got any) {
	t.Helper()
	if want == nil {
		require.Nil(t, got)
		return
	}
	if at, ok := got.(time.Time); ok {
		got = at.Format(time.DateOnly)
	}
	day := want.(time.Time)
	require.Contains(t, []any{day.Format(time.DateOnly), day.AddDate(0, 0, 1).Format(time.DateOnly)}, got)
}

func deleteUserFails(t *testing.T, open Open) {
	t.Run("missing", func(t *testing.T) {
		f := withDomain(t, open)
		mustAlias(t, f, "team@a.test")
		for _, mail := range []string{"ann@a.test", "team@a.test"} {
			_, err := f.Accounts.DeleteUser(ctx(t), asGlobal, mail, 0)
			requireCode(t, err, store.NotFound, store.CodeNoSuchAccount)
		}
	})
	t.Run("precondition", func(t *testing.T) {
		f := withUser(t, open)
		w := asGlobal
		w.If = "another"
		same := unchanged(t, f)
		_, err := f.Accounts.DeleteUser(ctx(t), w, "ann@a.test", 0)
		requireCode(t, err, store.PreconditionFailed, store.CodePreconditionFailed)
		same()
	})
	for _, table := range []string{"mailbox", "forwardings", "deleted_mailboxes", "anyone_shares"} {
		t.Run("whole or absent without "+table, func(t *testing.T) {
			f := withUser(t, open)
			referTo(t, f, "ann@a.test")
			fillUser(t, f, "ann@a.test")
			same := unchanged(t, f)
			mend := f.Break(t, table)
			_, err := f.Accounts.DeleteUser(ctx(t), asGlobal, "ann@a.test", 0)
			require.Error(t, err)
			mend()
			same()
			_, err = f.Accounts.DeleteUser(ctx(t), asGlobal, "ann@a.test", 0)
			require.NoError(t, err)
		})
	}
}
