package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

func aliasDomains(t *testing.T, open Open) {
	names := func(t *testing.T, f Fixture) []string { return mustReadDomain(t, f, "a.test").AliasDomains }
	set := func(s store.Set) store.DomainUpdate { return store.DomainUpdate{AliasDomains: s} }
	t.Run("add, remove and replace", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustUpdateDomain(t, f, "a.test", set(store.Set{Add: []string{"y.test", "x.test"}}))
		require.Equal(t, []string{"x.test", "y.test"}, names(t, f))
		requireColumn(t, f, []any{int64(1), int64(1)}, "SELECT active FROM alias_domain WHERE target_domain = 'a.test'")
		mustUpdateDomain(t, f, "a.test", set(store.Set{Add: []string{"x.test", "z.test"}, Remove: []string{"y.test", "never.test"}}))
		require.Equal(t, []string{"x.test", "z.test"}, names(t, f))
		mustUpdateDomain(t, f, "a.test", set(store.Set{Replace: &[]string{"z.test", "w.test"}}))
		require.Equal(t, []string{"w.test", "z.test"}, names(t, f))
		mustUpdateDomain(t, f, "a.test", set(store.Set{Replace: &[]string{}}))
		require.Equal(t, []string{}, names(t, f))
	})
	t.Run("names that are taken", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustDomain(t, f, "b.test")
		mustUpdateDomain(t, f, "b.test", set(store.Set{Add: []string{"of-b.test"}}))
		same := unchanged(t, f)
		for _, taken := range []string{"a.test", "b.test", "of-b.test"} {
			_, err := f.Accounts.UpdateDomain(ctx(t), asGlobal, "a.test", set(store.Set{Add: []string{"free.test", taken}}))
			requireCode(t, err, store.Conflict, store.CodeAlreadyExists)
			requireField(t, err, "addAliasDomain")
			_, err = f.Accounts.UpdateDomain(ctx(t), asGlobal, "a.test", set(store.Set{Replace: &[]string{taken}}))
			requireCode(t, err, store.Conflict, store.CodeAlreadyExists)
			requireField(t, err, "aliasDomains")
		}
		same()
	})
	t.Run("names that are taken are dropped", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustDomain(t, f, "b.test")
		w := asGlobal
		w.OnMissing = store.Drop
		change, err := f.Accounts.UpdateDomain(ctx(t), w, "a.test", set(store.Set{Add: []string{"free.test", "b.test", "a.test"}}))
		require.NoError(t, err)
		require.Equal(t, []string{"a.test", "b.test"}, change.Discarded)
		require.Equal(t, []string{"free.test"}, names(t, f))
	})
	t.Run("not on a backup MX", func(t *testing.T) { aliasOfBackupMX(t, open) })
	t.Run("take further addresses with them", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustUser(t, f, "user@a.test")
		mustUpdateDomain(t, f, "a.test", set(store.Set{Add: []string{"x_1.test", "x-1.test", "yx_1.test"}}))
		_, err := f.Accounts.UpdateUser(ctx(t), asGlobal, "user@a.test", store.UserUpdate{
			Aliases: store.Set{Add: []string{"info@x_1.test", "info@x-1.test", "info@yx_1.test", "help@a.test"}},
		})
		require.NoError(t, err)
		mustUpdateDomain(t, f, "a.test", set(store.Set{Remove: []string{"x_1.test"}}))
		u, err := f.Accounts.User(ctx(t), "user@a.test")
		require.NoError(t, err)
		require.Equal(t, []string{"help@a.test", "info@x-1.test", "info@yx_1.test"}, u.Aliases)
	})
}

// aliasOfBackupMX proves that a backup MX has no alias domains on SQL: Postfix would find neither.
func aliasOfBackupMX(t *testing.T, open Open) {
	f := open(t)
	needSQL(t, f)
	for _, d := range []string{"a.test", "b.test"} {
		mustDomain(t, f, d)
	}
	update := func(domain string, u store.DomainUpdate) error {
		_, err := f.Accounts.UpdateDomain(ctx(t), asGlobal, domain, u)
		return err
	}
	backup, one := store.DomainUpdate{BackupMX: ptr(true)}, store.DomainUpdate{AliasDomains: adding("x.test")}
	refused := func(err error, field string) {
		t.Helper()
		requireCode(t, err, store.Conflict, store.CodeBackupMXAliasDomain)
		requireField(t, err, field)
	}
	require.NoError(t, update("a.test", backup))
	require.NoError(t, update("b.test", one))
	same := unchanged(t, f)
	refused(update("a.test", store.DomainUpdate{AliasDomains: adding("y.test")}), "addAliasDomain")
	refused(update("a.test", store.DomainUpdate{AliasDomains: store.Set{Replace: &[]string{"y.test"}}}), "aliasDomains")
	refused(update("b.test", backup), "is_backupmx")
	mustDomain(t, f, "c.test")
	refused(update("c.test", store.DomainUpdate{BackupMX: ptr(true), AliasDomains: adding("y.test")}), "is_backupmx")
	mustDeleteDomain(t, f, "c.test")
	same()
	require.NoError(t, update("b.test", store.DomainUpdate{BackupMX: ptr(true), AliasDomains: store.Set{Replace: &[]string{}}}))
	require.NoError(t, update("b.test", store.DomainUpdate{BackupMX: ptr(false), AliasDomains: one.AliasDomains}))
	exec(t, f, "UPDATE domain SET backupmx = 1 WHERE domain = 'b.test'")
	require.NoError(t, update("b.test", store.DomainUpdate{Description: ptr("B"), BackupMX: ptr(true)}), "it is so already")
}
