package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// identities is the suite of store.Identities.
func identities(t *testing.T, open Open) {
	t.Run("of a standalone admin", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "b.test")
		mustDomain(t, f, "a.test")
		mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{})
		mustManage(t, f, "b.test", "boss@elsewhere.test")
		mustManage(t, f, "a.test", "boss@elsewhere.test")

		who, err := f.Accounts.Identity(ctx(t), "boss@elsewhere.test")
		require.NoError(t, err)
		require.Equal(t, store.Identity{
			Username: "boss@elsewhere.test", Name: "Boss", Active: true, Password: aHash, Domains: []string{"a.test", "b.test"},
		}, who)
		require.True(t, who.MayLogIn())
		require.False(t, who.MayCreateDomains())
	})
	t.Run("of a standalone admin without domains", func(t *testing.T) {
		f := open(t)
		mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{})
		who, err := f.Accounts.Identity(ctx(t), "boss@elsewhere.test")
		require.NoError(t, err)
		require.NotNil(t, who.Domains)
		require.Empty(t, who.Domains)
		require.True(t, who.MayLogIn())
	})
	t.Run("of a global admin", func(t *testing.T) {
		f := open(t)
		mustGlobalAdmin(t, f, "root@elsewhere.test")
		who, err := f.Accounts.Identity(ctx(t), "root@elsewhere.test")
		require.NoError(t, err)
		require.True(t, who.Global)
		require.Empty(t, who.Domains, "all domains is no domain of its own")
	})
	t.Run("of a disabled admin", func(t *testing.T) {
		f := open(t)
		mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{})
		_, err := f.Accounts.UpdateAdmin(ctx(t), asGlobal, "boss@elsewhere.test", store.AdminUpdate{Active: ptr(false)})
		require.NoError(t, err)
		who, err := f.Accounts.Identity(ctx(t), "boss@elsewhere.test")
		require.NoError(t, err)
		require.False(t, who.Active)
		require.False(t, who.MayLogIn())
	})
	t.Run("of nobody", func(t *testing.T) {
		f := open(t)
		_, err := f.Accounts.Identity(ctx(t), "nobody@elsewhere.test")
		requireCode(t, err, store.NotFound, store.CodeNoSuchAccount)
	})
	t.Run("limits", func(t *testing.T) { identityLimits(t, open) })
	t.Run("mail user", func(t *testing.T) { mailUserIdentities(t, open) })
	t.Run("global admins", func(t *testing.T) { globalAdmins(t, open) })
}

func identityLimits(t *testing.T, open Open) {
	t.Run("as they were set", func(t *testing.T) {
		f := open(t)
		mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{
			Domains: ptr[int64](3), Quota: ptr[int64](2048), Users: ptr[int64](10), Aliases: ptr[int64](-1), Lists: ptr[int64](4),
		})
		who, err := f.Accounts.Identity(ctx(t), "boss@elsewhere.test")
		require.NoError(t, err)
		require.Equal(t, store.AdminLimits{CreateDomains: true, Domains: 3, Quota: 2048, Users: 10, Aliases: -1, Lists: 4}, who.Limits)
		require.True(t, who.MayCreateDomains())
	})
	t.Run("no domains is no right to create them", func(t *testing.T) {
		for _, n := range []int64{0, -1} {
			f := open(t)
			mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{Domains: ptr(n)})
			who, err := f.Accounts.Identity(ctx(t), "boss@elsewhere.test")
			require.NoError(t, err)
			require.False(t, who.MayCreateDomains())
		}
	})
}

func mailUserIdentities(t *testing.T, open Open) {
	t.Run("without rights", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustUser(t, f, "user@a.test")
		who, err := f.Accounts.Identity(ctx(t), "user@a.test")
		require.NoError(t, err)
		require.True(t, who.Mailbox)
		require.True(t, who.Active)
		require.False(t, who.Global)
		require.Equal(t, aHash, who.Password)
		require.False(t, who.MayLogIn())
	})
	t.Run("as admin of a domain", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustUser(t, f, "user@a.test")
		mustManage(t, f, "a.test", "user@a.test")
		who, err := f.Accounts.Identity(ctx(t), "user@a.test")
		require.NoError(t, err)
		require.True(t, who.Mailbox)
		require.Equal(t, []string{"a.test"}, who.Domains)
		require.True(t, who.MayLogIn())
		require.True(t, who.Manages("a.test"))
		require.False(t, who.Manages("b.test"))
	})
	t.Run("as global admin", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustUser(t, f, "user@a.test")
		_, err := f.Accounts.UpdateUser(ctx(t), asGlobal, "user@a.test", store.UserUpdate{Global: ptr(true)})
		require.NoError(t, err)
		who, err := f.Accounts.Identity(ctx(t), "user@a.test")
		require.NoError(t, err)
		require.True(t, who.Global)
		require.True(t, who.MayLogIn())
	})
	t.Run("marked or named by another program", func(t *testing.T) {
		for name, mark := range map[string]func(t *testing.T, f Fixture){
			"mark": func(t *testing.T, f Fixture) { markGlobal(t, f, "user@a.test", true) },
			"name": func(t *testing.T, f Fixture) {
				needSQL(t, f)
				exec(t, f, "INSERT INTO domain_admins (username, domain) VALUES ('user@a.test', 'ALL')")
			},
		} {
			t.Run(name, func(t *testing.T) {
				f := open(t)
				mustDomain(t, f, "a.test")
				mustUser(t, f, "user@a.test")
				mark(t, f)
				who, err := f.Accounts.Identity(ctx(t), "user@a.test")
				require.NoError(t, err)
				require.True(t, who.Global)
				require.Empty(t, who.Domains)
			})
		}
	})
	t.Run("after a standalone admin of the same name", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustUser(t, f, "user@a.test")
		addStandalone(t, f, "user@a.test", "Standalone")
		who, err := f.Accounts.Identity(ctx(t), "user@a.test")
		require.NoError(t, err)
		require.False(t, who.Mailbox)
		require.Equal(t, "Standalone", who.Name)
	})
}

// markGlobal marks a mailbox as a global admin, or no longer, as another program would.
func markGlobal(t *testing.T, f Fixture, mail string, on bool) {
	t.Helper()
	if f.Directory == nil {
		exec(t, f, "UPDATE mailbox SET isglobaladmin = ? WHERE username = ?", flagOf(on), mail)
		return
	}
	if !on {
		f.Directory.Put(t, f.Directory.UserDN(mail), "domainGlobalAdmin")
		return
	}
	f.Directory.Put(t, f.Directory.UserDN(mail), "domainGlobalAdmin", "yes")
}

func globalAdmins(t *testing.T, open Open) {
	t.Run("none", func(t *testing.T) {
		f := open(t)
		mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{})
		names, err := f.Accounts.GlobalAdmins(ctx(t))
		require.NoError(t, err)
		require.NotNil(t, names)
		require.Empty(t, names)
	})
	t.Run("active ones of both sorts, sorted", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustUser(t, f, "user@a.test")
		mustUser(t, f, "plain@a.test")
		_, err := f.Accounts.UpdateUser(ctx(t), asGlobal, "user@a.test", store.UserUpdate{Global: ptr(true)})
		require.NoError(t, err)
		mustGlobalAdmin(t, f, "root@elsewhere.test")
		mustGlobalAdmin(t, f, "gone@elsewhere.test")
		_, err = f.Accounts.UpdateAdmin(ctx(t), asGlobal, "gone@elsewhere.test", store.AdminUpdate{Active: ptr(false)})
		require.NoError(t, err)

		names, err := f.Accounts.GlobalAdmins(ctx(t))
		require.NoError(t, err)
		require.Equal(t, []string{"root@elsewhere.test", "user@a.test"}, names)
	})
}
