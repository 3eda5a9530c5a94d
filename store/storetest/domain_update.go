package storetest

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

func updateDomain(t *testing.T, open Open) {
	t.Run("unknown", func(t *testing.T) {
		f := open(t)
		_, err := f.Accounts.UpdateDomain(ctx(t), asGlobal, "a.test", store.DomainUpdate{Description: ptr("x")})
		requireCode(t, err, store.NotFound, store.CodeNoSuchDomain)
	})
	t.Run("name", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		if f.SQL != nil {
			exec(t, f, "UPDATE domain SET modified = '2001-01-01 00:00:00'")
		}
		change := mustUpdateDomain(t, f, "a.test", store.DomainUpdate{Description: ptr("Ünï")})
		require.Equal(t, store.ActionUpdate, change.Action)
		require.Equal(t, store.NounDomain, change.Noun)
		require.Equal(t, "a.test", change.Name)
		require.NotEqual(t, change.Before, change.After)
		require.False(t, change.EndsSessions)
		require.False(t, change.Lasting)
		requireCell(t, f, "Ünï", "SELECT description FROM domain")
		requireCell(t, f, int64(1), "SELECT COUNT(*) FROM domain WHERE modified > '2002-01-01 00:00:00'")
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{Description: ptr("")})
		requireCell(t, f, "", "SELECT description FROM domain")
	})
	t.Run("limits", func(t *testing.T) {
		for column, limit := range map[string]func(n int64) store.DomainUpdate{
			"maxquota":  func(n int64) store.DomainUpdate { return store.DomainUpdate{Quota: &n} },
			"mailboxes": func(n int64) store.DomainUpdate { return store.DomainUpdate{NumberOfUsers: &n} },
			"aliases":   func(n int64) store.DomainUpdate { return store.DomainUpdate{NumberOfAliases: &n} },
			"maillists": func(n int64) store.DomainUpdate { return store.DomainUpdate{NumberOfLists: &n} },
		} {
			t.Run(column, func(t *testing.T) {
				f := open(t)
				mustDomain(t, f, "a.test")
				for _, n := range []int64{5, 7, 0} {
					mustUpdateDomain(t, f, "a.test", limit(n))
					requireCell(t, f, n, "SELECT "+column+" FROM domain")
				}
				_, err := f.Accounts.UpdateDomain(ctx(t), asGlobal, "a.test", limit(-2))
				requireCode(t, err, store.Invalid, store.CodeInvalidNumber)
			})
		}
	})
	t.Run("forbidding is no quota", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{NumberOfUsers: ptr[int64](-1)})
		requireCell(t, f, int64(-1), "SELECT mailboxes FROM domain")
		_, err := f.Accounts.UpdateDomain(ctx(t), asGlobal, "a.test", store.DomainUpdate{Quota: ptr[int64](-1)})
		requireCode(t, err, store.Invalid, store.CodeInvalidNumber)
	})
	t.Run("disable and enable", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		change := mustUpdateDomain(t, f, "a.test", store.DomainUpdate{Active: ptr(false)})
		require.Equal(t, store.ActionDisable, change.Action)
		require.True(t, change.Lasting)
		require.False(t, change.EndsSessions)
		requireCell(t, f, int64(0), "SELECT active FROM domain")
		change = mustUpdateDomain(t, f, "a.test", store.DomainUpdate{Active: ptr(true)})
		require.Equal(t, store.ActionEnable, change.Action)
		require.False(t, change.Lasting)
		requireCell(t, f, int64(1), "SELECT active FROM domain")
	})
	t.Run("only what was read", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		change := mustUpdateDomain(t, f, "a.test", store.DomainUpdate{Description: ptr("one")})
		w := asGlobal
		w.If = change.Before.Version()
		_, err := f.Accounts.UpdateDomain(ctx(t), w, "a.test", store.DomainUpdate{Description: ptr("two")})
		requireCode(t, err, store.PreconditionFailed, store.CodePreconditionFailed)
		requireCell(t, f, "one", "SELECT description FROM domain")
		w.If = change.After.Version()
		_, err = f.Accounts.UpdateDomain(ctx(t), w, "a.test", store.DomainUpdate{Description: ptr("two")})
		require.NoError(t, err)
	})
	t.Run("dry run", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		same := unchanged(t, f)
		dry := asGlobal
		dry.DryRun = true
		change, err := f.Accounts.UpdateDomain(ctx(t), dry, "a.test", store.DomainUpdate{
			Active: ptr(false), Catchall: &[]string{"x@foreign.example"},
		})
		require.NoError(t, err)
		require.Equal(t, store.ActionDisable, change.Action)
		require.True(t, change.Lasting)
		same()
	})
	t.Run("whole or absent", func(t *testing.T) {
		for _, table := range []string{"forwardings", "alias_domain", "sender_bcc_domain", "sender_relayhost"} {
			t.Run(table, func(t *testing.T) {
				f := open(t)
				mustDomain(t, f, "a.test")
				same := unchanged(t, f)
				mend := f.Break(t, table)
				update := store.DomainUpdate{
					Description: ptr("x"), Catchall: &[]string{"x@foreign.example"}, SenderBcc: ptr("y@foreign.example"),
					OutboundRelay: ptr("relay.example"), AliasDomains: store.Set{Add: []string{"alias.test"}},
				}
				_, err := f.Accounts.UpdateDomain(ctx(t), asGlobal, "a.test", update)
				require.Error(t, err)
				mend()
				same()
				mustUpdateDomain(t, f, "a.test", update)
			})
		}
	})
	t.Run("two at once both count", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		updates := []store.DomainUpdate{
			{MinPasswordLength: ptr[int64](9)}, {MaxPasswordLength: ptr[int64](90)},
			{DefaultQuota: ptr[int64](1)}, {MaxUserQuota: ptr[int64](2)},
		}
		errs := make([]error, len(updates))
		var wait sync.WaitGroup
		for i, u := range updates {
			wait.Go(func() { _, errs[i] = f.Accounts.UpdateDomain(t.Context(), asGlobal, "a.test", u) })
		}
		wait.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
		require.Len(t, mustReadDomain(t, f, "a.test").Settings, len(updates))
	})
}

func updateDomainSettings(t *testing.T, open Open) {
	for key, number := range map[string]func(n int64) store.DomainUpdate{
		"default_user_quota": func(n int64) store.DomainUpdate { return store.DomainUpdate{DefaultQuota: &n} },
		"max_user_quota":     func(n int64) store.DomainUpdate { return store.DomainUpdate{MaxUserQuota: &n} },
		"min_passwd_length":  func(n int64) store.DomainUpdate { return store.DomainUpdate{MinPasswordLength: &n} },
		"max_passwd_length":  func(n int64) store.DomainUpdate { return store.DomainUpdate{MaxPasswordLength: &n} },
	} {
		t.Run(key, func(t *testing.T) {
			f := open(t)
			mustDomain(t, f, "a.test")
			for _, n := range []int64{12, 34} {
				mustUpdateDomain(t, f, "a.test", number(n))
				require.Equal(t, n, domainSetting(t, f, "a.test", key))
			}
			mustUpdateDomain(t, f, "a.test", number(0))
			require.Empty(t, mustReadDomain(t, f, "a.test").Settings)
			_, err := f.Accounts.UpdateDomain(ctx(t), asGlobal, "a.test", number(-1))
			requireCode(t, err, store.Invalid, store.CodeInvalidNumber)
		})
	}
	t.Run("language", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{Language: ptr("de_DE")})
		require.Equal(t, "de_DE", domainSetting(t, f, "a.test", "default_language"))
		_, err := f.Accounts.UpdateDomain(ctx(t), asGlobal, "a.test", store.DomainUpdate{Language: ptr("deutsch")})
		requireCode(t, err, store.Invalid, store.CodeInvalidLanguage)
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{Language: ptr("")})
		require.Empty(t, mustReadDomain(t, f, "a.test").Settings)
	})
	sets := map[string]struct {
		update func(set store.Set) store.DomainUpdate
		names  []string // sorted
		code   string
	}{
		"enabled_services": {
			func(s store.Set) store.DomainUpdate { return store.DomainUpdate{Services: s} },
			[]string{"domainalias", "own.one", "self-service"}, store.CodeInvalidService,
		},
		"disabled_domain_profiles": {
			func(s store.Set) store.DomainUpdate { return store.DomainUpdate{DomainProfiles: s} },
			[]string{
				"advanced", "aliases", "backupmx", "bcc", "catchall", "greylisting", "password_policies", "relay", "spampolicy",
				"throttle", "wblist",
			},
			store.CodeInvalidProfile,
		},
		"disabled_user_profiles": {
			func(s store.Set) store.DomainUpdate { return store.DomainUpdate{UserProfiles: s} },
			[]string{"aliases", "bcc", "forwarding", "greylisting", "relay", "spampolicy", "throttle", "wblist"}, store.CodeInvalidProfile,
		},
		"disabled_user_preferences": {
			func(s store.Set) store.DomainUpdate { return store.DomainUpdate{UserPreferences: s} },
			[]string{"forwarding", "personal_info", "quarantine", "rcvd_mails", "spampolicy", "wblist"}, store.CodeInvalidProfile,
		},
	}
	for key, c := range sets {
		t.Run(key, func(t *testing.T) {
			f := open(t)
			mustDomain(t, f, "a.test")
			current := func() any { return domainSetting(t, f, "a.test", key) }
			mustUpdateDomain(t, f, "a.test", c.update(store.Set{Replace: &c.names}))
			require.Equal(t, c.names, current())
			mustUpdateDomain(t, f, "a.test", c.update(store.Set{Remove: c.names[:1]}))
			require.Equal(t, c.names[1:], current())
			mustUpdateDomain(t, f, "a.test", c.update(store.Set{Add: c.names[:2], Remove: []string{"never-there"}}))
			require.Equal(t, c.names, current())
			same := unchanged(t, f)
			for _, wrong := range []store.Set{{Add: []string{"a;b:c"}}, {Replace: &[]string{"x,y"}}} {
				_, err := f.Accounts.UpdateDomain(ctx(t), asGlobal, "a.test", c.update(wrong))
				requireCode(t, err, store.Invalid, c.code)
			}
			same()
			mustUpdateDomain(t, f, "a.test", c.update(store.Set{Replace: &[]string{}}))
			require.Nil(t, current())
		})
	}
	t.Run("settings of others are kept", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		foreign := []string{"default_groups:all@a.test", "odd:a:b", "timezone:Europe/Berlin"}
		dn := f.dn(DirectoryAt.DomainDN, "a.test")
		putSettings(t, f, "domain", "domain", "a.test", dn, foreign...)
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{DefaultQuota: ptr[int64](5)})
		require.Equal(t, int64(5), domainSetting(t, f, "a.test", "default_user_quota"))
		require.Subset(t, settingsOf(t, f, "domain", "domain", "a.test", dn), foreign)
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{Description: ptr("x")})
		require.Subset(t, settingsOf(t, f, "domain", "domain", "a.test", dn), foreign)
		require.Len(t, settingsOf(t, f, "domain", "domain", "a.test", dn), 4)
	})
}
