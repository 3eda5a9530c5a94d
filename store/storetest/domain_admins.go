package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

func domainAdmins(t *testing.T, open Open) {
	const mark = "SELECT isadmin FROM mailbox WHERE username = 'user@a.test'"
	fixture := func(t *testing.T) Fixture {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustDomain(t, f, "b.test")
		mustUser(t, f, "user@a.test")
		mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{})
		return f
	}
	update := func(t *testing.T, f Fixture, domain string, set store.Set) store.Change {
		change, err := f.Accounts.UpdateDomainAdmins(ctx(t), asGlobal, domain, set)
		require.NoError(t, err)
		return change
	}
	t.Run("add and remove", func(t *testing.T) {
		f := fixture(t)
		change := update(t, f, "a.test", store.Set{Add: []string{"user@a.test", "boss@elsewhere.test"}})
		require.Equal(t, store.ActionUpdate, change.Action)
		require.Equal(t, store.NounDomain, change.Noun)
		require.Equal(t, "a.test", change.Domain)
		require.Equal(t, []string{"boss@elsewhere.test", "user@a.test"}, mustReadDomain(t, f, "a.test").Admins)
		requireCell(t, f, int64(1), mark)
		update(t, f, "a.test", store.Set{Add: []string{"user@a.test"}, Remove: []string{"boss@elsewhere.test", "nobody@x.test"}})
		require.Equal(t, []string{"user@a.test"}, mustReadDomain(t, f, "a.test").Admins)
	})
	t.Run("replace all", func(t *testing.T) {
		f := fixture(t)
		mustManage(t, f, "a.test", "boss@elsewhere.test")
		update(t, f, "a.test", store.Set{Replace: &[]string{}, Add: []string{"user@a.test"}})
		require.Equal(t, []string{"user@a.test"}, mustReadDomain(t, f, "a.test").Admins)
		update(t, f, "a.test", store.Set{Replace: &[]string{}})
		require.Equal(t, []string{}, mustReadDomain(t, f, "a.test").Admins)
	})
	t.Run("mark goes with the last domain", func(t *testing.T) {
		f := fixture(t)
		mustManage(t, f, "a.test", "user@a.test")
		mustManage(t, f, "b.test", "user@a.test")
		update(t, f, "a.test", store.Set{Remove: []string{"user@a.test"}})
		requireCell(t, f, int64(1), mark)
		update(t, f, "b.test", store.Set{Remove: []string{"user@a.test"}})
		requireCell(t, f, int64(0), mark)
	})
	t.Run("global admins stay", func(t *testing.T) {
		f := fixture(t)
		mustGlobalAdmin(t, f, "root@elsewhere.test")
		_, err := f.Accounts.UpdateUser(ctx(t), asGlobal, "user@a.test", store.UserUpdate{Global: ptr(true)})
		require.NoError(t, err)
		mustManage(t, f, "a.test", "user@a.test")
		update(t, f, "a.test", store.Set{Replace: &[]string{}})
		admins, err := f.Accounts.GlobalAdmins(ctx(t))
		require.NoError(t, err)
		require.Equal(t, []string{"root@elsewhere.test", "user@a.test"}, admins)
		requireCell(t, f, int64(1), mark)
	})
	t.Run("mark of a global admin stays", func(t *testing.T) {
		f := fixture(t)
		mustManage(t, f, "a.test", "user@a.test")
		markGlobal(t, f, "user@a.test", true)
		update(t, f, "a.test", store.Set{Replace: &[]string{}})
		requireMailbox(t, f, "user@a.test", "isadmin", int64(1))
	})
	t.Run("whoever does not exist", func(t *testing.T) {
		f := fixture(t)
		mustAlias(t, f, "alias@a.test", "user@a.test")
		mustManage(t, f, "a.test", "boss@elsewhere.test")
		same := unchanged(t, f)
		for _, mail := range []string{"nobody@a.test", "nobody@elsewhere.test", "alias@a.test"} {
			for _, rule := range []store.OnMissing{store.Refuse, store.Drop} {
				w := asGlobal
				w.OnMissing = rule
				_, err := f.Accounts.UpdateDomainAdmins(ctx(t), w, "a.test", store.Set{Add: []string{"user@a.test", mail}})
				requireCode(t, err, store.Unprocessable, store.CodeNoSuchAccount)
				requireField(t, err, "addAdmin")
			}
		}
		same()
	})
	t.Run("unknown domain", func(t *testing.T) {
		f := fixture(t)
		_, err := f.Accounts.UpdateDomainAdmins(ctx(t), asGlobal, "c.test", store.Set{Add: []string{"user@a.test"}})
		requireCode(t, err, store.NotFound, store.CodeNoSuchDomain)
	})
	t.Run("dry run", func(t *testing.T) {
		f := fixture(t)
		same := unchanged(t, f)
		dry := asGlobal
		dry.DryRun = true
		_, err := f.Accounts.UpdateDomainAdmins(ctx(t), dry, "a.test", store.Set{Add: []string{"user@a.test"}})
		require.NoError(t, err)
		same()
	})
	t.Run("whole or absent", func(t *testing.T) {
		f := fixture(t)
		mustManage(t, f, "a.test", "boss@elsewhere.test")
		same := unchanged(t, f)
		mend := f.Break(t, "mailbox")
		_, err := f.Accounts.UpdateDomainAdmins(ctx(t), asGlobal, "a.test", store.Set{Replace: &[]string{"user@a.test"}})
		require.Error(t, err)
		mend()
		same()
	})
}
