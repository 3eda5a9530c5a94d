package storetest

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

func updateAdmin(t *testing.T, open Open) {
	t.Run("name, language and status", func(t *testing.T) {
		f := open(t)
		mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{})
		update := store.AdminUpdate{Name: ptr("Ünï"), Language: ptr("fr_FR")}
		change, err := f.Accounts.UpdateAdmin(ctx(t), asGlobal, "boss@elsewhere.test", update)
		require.NoError(t, err)
		require.Equal(t, store.ActionUpdate, change.Action)
		require.Equal(t, store.NounAdmin, change.Noun)
		require.NotNil(t, change.Before)
		require.NotNil(t, change.After)
		require.NotEqual(t, change.Before, change.After)
		require.False(t, change.EndsSessions)
		requireCell(t, f, "Ünï", "SELECT name FROM admin")
		requireCell(t, f, "fr_FR", "SELECT language FROM admin")

		_, err = f.Accounts.UpdateAdmin(ctx(t), asGlobal, "boss@elsewhere.test", store.AdminUpdate{Name: ptr(""), Language: ptr("")})
		require.NoError(t, err)
		requireCell(t, f, "", "SELECT name FROM admin")
		requireCell(t, f, "", "SELECT language FROM admin")
		require.Equal(t, aHash, mustReadAdmin(t, f, "boss@elsewhere.test").Password, "what is absent stays")
	})
	t.Run("disable and enable", func(t *testing.T) {
		f := open(t)
		mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{})
		change, err := f.Accounts.UpdateAdmin(ctx(t), asGlobal, "boss@elsewhere.test", store.AdminUpdate{Active: ptr(false)})
		require.NoError(t, err)
		require.Equal(t, store.ActionDisable, change.Action)
		require.True(t, change.EndsSessions)
		require.True(t, change.Lasting)
		requireCell(t, f, int64(0), "SELECT active FROM admin")

		change, err = f.Accounts.UpdateAdmin(ctx(t), asGlobal, "boss@elsewhere.test", store.AdminUpdate{Active: ptr(true)})
		require.NoError(t, err)
		require.Equal(t, store.ActionEnable, change.Action)
		require.False(t, change.EndsSessions)
		require.False(t, change.Lasting)
		requireCell(t, f, int64(1), "SELECT active FROM admin")
	})
	t.Run("password", func(t *testing.T) {
		f := open(t)
		mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{})
		if f.SQL != nil {
			exec(t, f, "UPDATE admin SET passwordlastchange = '2001-01-01 00:00:00'")
		}
		next := store.Secret("{SSHA}Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmI=")
		change, err := f.Accounts.UpdateAdmin(ctx(t), asGlobal, "boss@elsewhere.test", store.AdminUpdate{Password: &next})
		require.NoError(t, err)
		require.True(t, change.EndsSessions)
		require.False(t, change.Lasting)
		requireHidden(t, change)
		require.NotEqual(t, change.Before.Get(passwordName(f)), change.After.Get(passwordName(f)))
		password, err := f.Accounts.AdminPassword(ctx(t), "boss@elsewhere.test")
		require.NoError(t, err)
		require.Equal(t, next, password)
		requireCell(t, f, int64(0), "SELECT COUNT(*) FROM admin WHERE passwordlastchange < '2002-01-01 00:00:00'")
	})
	t.Run("unknown", func(t *testing.T) {
		f := open(t)
		_, err := f.Accounts.UpdateAdmin(ctx(t), asGlobal, "nobody@elsewhere.test", store.AdminUpdate{Name: ptr("x")})
		requireCode(t, err, store.NotFound, store.CodeNoSuchAccount)
	})
	t.Run("unknown language", func(t *testing.T) {
		f := open(t)
		mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{})
		_, err := f.Accounts.UpdateAdmin(ctx(t), asGlobal, "boss@elsewhere.test", store.AdminUpdate{Language: ptr("klingon")})
		requireCode(t, err, store.Invalid, store.CodeInvalidLanguage)
	})
	t.Run("only what was read", func(t *testing.T) {
		f := open(t)
		mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{})
		change, err := f.Accounts.UpdateAdmin(ctx(t), asGlobal, "boss@elsewhere.test", store.AdminUpdate{Name: ptr("one")})
		require.NoError(t, err)
		w := asGlobal
		w.If = change.Before.Version()
		_, err = f.Accounts.UpdateAdmin(ctx(t), w, "boss@elsewhere.test", store.AdminUpdate{Name: ptr("two")})
		requireCode(t, err, store.PreconditionFailed, store.CodePreconditionFailed)
		requireCell(t, f, "one", "SELECT name FROM admin")
	})
	t.Run("dry run", func(t *testing.T) {
		f := open(t)
		mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{})
		same := unchanged(t, f)
		dry := asGlobal
		dry.DryRun = true
		change, err := f.Accounts.UpdateAdmin(ctx(t), dry, "boss@elsewhere.test", store.AdminUpdate{Active: ptr(false)})
		require.NoError(t, err)
		require.Equal(t, store.ActionDisable, change.Action)
		same()
	})
	t.Run("whole or absent", func(t *testing.T) {
		f := open(t)
		mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{})
		same := unchanged(t, f)
		mend := f.Break(t, "domain_admins")
		_, err := f.Accounts.UpdateAdmin(ctx(t), asGlobal, "boss@elsewhere.test", store.AdminUpdate{Name: ptr("x"), Global: ptr(true)})
		require.Error(t, err)
		mend()
		same()
	})
}

// limitAdmin changes what an admin may have.
func limitAdmin(t *testing.T, f Fixture, mail string, limits store.LimitsUpdate) error {
	t.Helper()
	_, err := f.Accounts.UpdateAdmin(ctx(t), asGlobal, mail, store.AdminUpdate{Limits: limits})
	return err
}

func updateAdminLimits(t *testing.T, open Open) {
	limits := map[string]func(n int64) store.LimitsUpdate{
		"create_max_quota":   func(n int64) store.LimitsUpdate { return store.LimitsUpdate{Quota: &n} },
		"create_max_users":   func(n int64) store.LimitsUpdate { return store.LimitsUpdate{Users: &n} },
		"create_max_aliases": func(n int64) store.LimitsUpdate { return store.LimitsUpdate{Aliases: &n} },
		"create_max_lists":   func(n int64) store.LimitsUpdate { return store.LimitsUpdate{Lists: &n} },
		"create_max_domains": func(n int64) store.LimitsUpdate { return store.LimitsUpdate{Domains: &n} },
	}
	for key, limit := range limits {
		t.Run(key, func(t *testing.T) {
			f := open(t)
			mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{NoMailLog: ptr(true)})
			for _, n := range []int64{5, 7, -1} {
				err := limitAdmin(t, f, "boss@elsewhere.test", limit(n))
				require.NoError(t, err)
				require.Equal(t, n, adminSetting(t, f, "boss@elsewhere.test", key))
			}
			err := limitAdmin(t, f, "boss@elsewhere.test", limit(0))
			require.NoError(t, err)
			require.Nil(t, adminSetting(t, f, "boss@elsewhere.test", key))
			require.Equal(t, "yes", adminSetting(t, f, "boss@elsewhere.test", "disable_viewing_mail_log"), "what is absent stays")
		})
	}
	t.Run("right to create domains", func(t *testing.T) {
		f := open(t)
		mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{})
		for n, want := range map[int64]any{3: "yes", 0: nil, -1: nil} {
			err := limitAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{Domains: &n})
			require.NoError(t, err)
			require.Equal(t, want, mustReadAdmin(t, f, "boss@elsewhere.test").Settings.Get("create_new_domains"))
		}
	})
	t.Run("log and quarantine", func(t *testing.T) {
		f := open(t)
		mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{})
		for _, v := range []bool{true, false} {
			err := limitAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{NoMailLog: &v, NoQuarantinedMail: &v})
			require.NoError(t, err)
			for _, key := range []string{"disable_viewing_mail_log", "disable_managing_quarantined_mails"} {
				require.Equal(t, v, adminSetting(t, f, "boss@elsewhere.test", key) == "yes", key)
			}
		}
	})
	t.Run("settings of others are kept", func(t *testing.T) {
		f := open(t)
		mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{})
		dn := f.dn(DirectoryAt.AdminDN, "boss@elsewhere.test")
		putSettings(t, f, "admin", "username", "boss@elsewhere.test", dn, "timezone:Europe/Berlin", "odd:a:b")
		err := limitAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{Users: ptr[int64](4)})
		require.NoError(t, err)
		require.Equal(t, []string{"create_max_users:4", "odd:a:b", "timezone:Europe/Berlin"},
			settingsOf(t, f, "admin", "username", "boss@elsewhere.test", dn))
	})
	t.Run("of a global admin are discarded", func(t *testing.T) {
		f := open(t)
		mustGlobalAdmin(t, f, "root@elsewhere.test")
		err := limitAdmin(t, f, "root@elsewhere.test", store.LimitsUpdate{Users: ptr[int64](4)})
		require.NoError(t, err)
		require.Empty(t, mustReadAdmin(t, f, "root@elsewhere.test").Settings)
	})
	t.Run("below forbidden", func(t *testing.T) {
		f := open(t)
		mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{})
		err := limitAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{Lists: ptr[int64](-2)})
		requireCode(t, err, store.Invalid, store.CodeInvalidNumber)
	})
}

func updateAdminGlobal(t *testing.T, open Open) {
	t.Run("grant and revoke", func(t *testing.T) {
		f := open(t)
		mustGlobalAdmin(t, f, "root@elsewhere.test")
		mustDomain(t, f, "a.test")
		mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{})
		mustManage(t, f, "a.test", "boss@elsewhere.test")
		change, err := f.Accounts.UpdateAdmin(ctx(t), asGlobal, "boss@elsewhere.test", store.AdminUpdate{Global: ptr(true)})
		require.NoError(t, err)
		require.Equal(t, store.ActionGrant, change.Action)
		require.True(t, mustReadAdmin(t, f, "boss@elsewhere.test").Global)

		change, err = f.Accounts.UpdateAdmin(ctx(t), asGlobal, "boss@elsewhere.test", store.AdminUpdate{Global: ptr(false)})
		require.NoError(t, err)
		require.Equal(t, store.ActionRevoke, change.Action)
		a := mustReadAdmin(t, f, "boss@elsewhere.test")
		require.False(t, a.Global)
		require.Equal(t, []string{"a.test"}, a.Domains, "its own domains stay")
	})
	t.Run("twice is no change", func(t *testing.T) {
		f := open(t)
		mustGlobalAdmin(t, f, "root@elsewhere.test")
		change, err := f.Accounts.UpdateAdmin(ctx(t), asGlobal, "root@elsewhere.test", store.AdminUpdate{Global: ptr(true)})
		require.NoError(t, err)
		require.Equal(t, store.ActionUpdate, change.Action)
		require.True(t, mustReadAdmin(t, f, "root@elsewhere.test").Global)
	})
}

func lastGlobalAdmin(t *testing.T, open Open) {
	ways := map[string]func(f Fixture, mail string) error{
		"disabled": func(f Fixture, mail string) error {
			_, err := f.Accounts.UpdateAdmin(t.Context(), asGlobal, mail, store.AdminUpdate{Active: ptr(false)})
			return err
		},
		"revoked": func(f Fixture, mail string) error {
			_, err := f.Accounts.UpdateAdmin(t.Context(), asGlobal, mail, store.AdminUpdate{Global: ptr(false)})
			return err
		},
		"deleted": func(f Fixture, mail string) error {
			_, err := f.Accounts.DeleteAdmin(t.Context(), asGlobal, mail)
			return err
		},
	}
	for name, way := range ways {
		t.Run("is not "+name, func(t *testing.T) {
			f := open(t)
			mustGlobalAdmin(t, f, "root@elsewhere.test")
			mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{})
			same := unchanged(t, f)
			requireCode(t, way(f, "root@elsewhere.test"), store.Conflict, store.CodeLastGlobalAdmin)
			same()
		})
		t.Run("may be "+name+" beside a mail user", func(t *testing.T) {
			f := open(t)
			mustGlobalAdmin(t, f, "root@elsewhere.test")
			mustDomain(t, f, "a.test")
			mustUser(t, f, "user@a.test")
			_, err := f.Accounts.UpdateUser(ctx(t), asGlobal, "user@a.test", store.UserUpdate{Global: ptr(true)})
			require.NoError(t, err)
			require.NoError(t, way(f, "root@elsewhere.test"))
		})
	}
	t.Run("a disabled one does not count", func(t *testing.T) {
		f := open(t)
		mustGlobalAdmin(t, f, "root@elsewhere.test")
		mustGlobalAdmin(t, f, "other@elsewhere.test")
		require.NoError(t, ways["disabled"](f, "other@elsewhere.test"))
		requireCode(t, ways["deleted"](f, "root@elsewhere.test"), store.Conflict, store.CodeLastGlobalAdmin)
		require.NoError(t, ways["deleted"](f, "other@elsewhere.test"))
	})
	t.Run("two at once leave one", func(t *testing.T) {
		f := open(t)
		mails := []string{"one@elsewhere.test", "two@elsewhere.test"}
		var wait sync.WaitGroup
		errs := make([]error, len(mails))
		for _, mail := range mails {
			mustGlobalAdmin(t, f, mail)
		}
		for i, mail := range mails {
			wait.Go(func() { _, errs[i] = f.Accounts.DeleteAdmin(t.Context(), asGlobal, mail) })
		}
		wait.Wait()
		left, err := f.Accounts.GlobalAdmins(ctx(t))
		require.NoError(t, err)
		require.Len(t, left, 1)
	})
}
