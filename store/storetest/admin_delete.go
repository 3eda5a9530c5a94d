package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

func deleteAdmin(t *testing.T, open Open) {
	t.Run("standalone", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{})
		mustAdmin(t, f, "other@elsewhere.test", store.LimitsUpdate{})
		mustManage(t, f, "a.test", "boss@elsewhere.test")
		mustManage(t, f, "a.test", "other@elsewhere.test")
		change, err := f.Accounts.DeleteAdmin(ctx(t), asGlobal, "boss@elsewhere.test")
		require.NoError(t, err)
		require.Equal(t, store.ActionDelete, change.Action)
		require.Equal(t, store.NounAdmin, change.Noun)
		require.NotNil(t, change.Before)
		require.Nil(t, change.After)
		require.True(t, change.EndsSessions)
		require.True(t, change.Lasting)
		requireHidden(t, change)

		_, err = f.Accounts.Admin(ctx(t), "boss@elsewhere.test")
		requireCode(t, err, store.NotFound, store.CodeNoSuchAccount)
		d, err := f.Accounts.Domain(ctx(t), "a.test")
		require.NoError(t, err)
		require.Equal(t, []string{"other@elsewhere.test"}, d.Admins)
	})
	t.Run("rights of a mail user", func(t *testing.T) {
		f := open(t)
		mustGlobalAdmin(t, f, "root@elsewhere.test")
		mustDomain(t, f, "a.test")
		mustUser(t, f, "user@a.test")
		mustManage(t, f, "a.test", "user@a.test")
		_, err := f.Accounts.UpdateUser(ctx(t), asGlobal, "user@a.test", store.UserUpdate{Global: ptr(true)})
		require.NoError(t, err)
		change, err := f.Accounts.DeleteAdmin(ctx(t), asGlobal, "user@a.test")
		require.NoError(t, err)
		require.Equal(t, store.ActionRevoke, change.Action)
		require.Equal(t, "a.test", change.Domain)
		require.True(t, change.EndsSessions)
		require.False(t, change.Lasting)
		requireHidden(t, change)

		who, err := f.Accounts.Identity(ctx(t), "user@a.test")
		require.NoError(t, err)
		require.False(t, who.Global)
		require.Empty(t, who.Domains)
		requireCell(t, f, int64(0), "SELECT isadmin FROM mailbox WHERE username = 'user@a.test'")
		requireCell(t, f, int64(0), "SELECT isglobaladmin FROM mailbox WHERE username = 'user@a.test'")
		requireNoRows(t, f, "SELECT domain FROM domain_admins WHERE username = 'user@a.test'")
	})
	t.Run("last global admin among mail users", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustUser(t, f, "user@a.test")
		_, err := f.Accounts.UpdateUser(ctx(t), asGlobal, "user@a.test", store.UserUpdate{Global: ptr(true)})
		require.NoError(t, err)
		same := unchanged(t, f)
		_, err = f.Accounts.DeleteAdmin(ctx(t), asGlobal, "user@a.test")
		requireCode(t, err, store.Conflict, store.CodeLastGlobalAdmin)
		same()
	})
	t.Run("unknown", func(t *testing.T) {
		f := open(t)
		_, err := f.Accounts.DeleteAdmin(ctx(t), asGlobal, "nobody@elsewhere.test")
		requireCode(t, err, store.NotFound, store.CodeNoSuchAccount)
	})
	t.Run("dry run", func(t *testing.T) {
		f := open(t)
		mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{})
		same := unchanged(t, f)
		dry := asGlobal
		dry.DryRun = true
		change, err := f.Accounts.DeleteAdmin(ctx(t), dry, "boss@elsewhere.test")
		require.NoError(t, err)
		require.Equal(t, store.ActionDelete, change.Action)
		same()
	})
	t.Run("whole or absent", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{})
		mustManage(t, f, "a.test", "boss@elsewhere.test")
		same := unchanged(t, f)
		mend := f.Break(t, "admin")
		_, err := f.Accounts.DeleteAdmin(ctx(t), asGlobal, "boss@elsewhere.test")
		require.Error(t, err)
		mend()
		same()
	})
}
