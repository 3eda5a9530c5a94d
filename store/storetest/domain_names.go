package storetest

import (
	"testing"

	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// domainNames is about names of domains and alias domains, and those that wait for a proof.
func domainNames(t *testing.T, open Open) {
	t.Run("primary domain", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustDomain(t, f, "b.test")
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{AliasDomains: store.Set{Add: []string{"y.test", "x.test"}}})
		for name, want := range map[string]string{"a.test": "a.test", "b.test": "b.test", "x.test": "a.test", "y.test": "a.test"} {
			got, err := f.Accounts.PrimaryDomain(ctx(t), name)
			require.NoError(t, err)
			require.Equal(t, want, got, name)
		}
		_, err := f.Accounts.PrimaryDomain(ctx(t), "z.test")
		requireCode(t, err, store.NotFound, store.CodeNoSuchDomain)
		aliases, err := f.Accounts.AliasDomains(ctx(t), "a.test")
		require.NoError(t, err)
		require.Equal(t, []string{"x.test", "y.test"}, aliases)
		aliases, err = f.Accounts.AliasDomains(ctx(t), "b.test")
		require.NoError(t, err)
		require.Equal(t, []string{}, aliases)
		for _, none := range []string{"x.test", "z.test"} {
			_, err = f.Accounts.AliasDomains(ctx(t), none)
			requireCode(t, err, store.NotFound, store.CodeNoSuchDomain)
		}
	})
	t.Run("domains of standalone admins", func(t *testing.T) {
		f := open(t)
		mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{})
		mustAdmin(t, f, "boss@sub.other.test", store.LimitsUpdate{})
		mustDomain(t, f, "a.test")
		mustUser(t, f, "user@a.test")
		_, err := f.Accounts.UpdateDomainAdmins(ctx(t), asGlobal, "a.test", store.Set{Add: []string{"user@a.test"}})
		require.NoError(t, err)
		got, err := f.Accounts.DomainsOfAdmins(ctx(t), []string{"a.test", "elsewhere.test", "other.test", "else_here.test"})
		require.NoError(t, err)
		require.Equal(t, []string{"elsewhere.test"}, got)
		got, err = f.Accounts.DomainsOfAdmins(ctx(t), nil)
		require.NoError(t, err)
		require.Empty(t, got)
	})
	t.Run("made switched off", func(t *testing.T) {
		f := open(t)
		mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{Domains: ptr[int64](1)})
		_, err := f.Accounts.CreateDomain(ctx(t), by("boss@elsewhere.test"), store.DomainCreate{Name: "a.test", Disabled: true})
		require.NoError(t, err)
		rules, err := f.Accounts.DomainRules(ctx(t), "a.test")
		require.NoError(t, err)
		require.False(t, rules.Active)
		require.Equal(t, []string{"boss@elsewhere.test"}, mustReadDomain(t, f, "a.test").Admins)
		mustUser(t, f, "user@a.test")
		change := mustUpdateDomain(t, f, "a.test", store.DomainUpdate{Active: ptr(true)})
		require.Equal(t, store.ActionEnable, change.Action)
		rules, err = f.Accounts.DomainRules(ctx(t), "a.test")
		require.NoError(t, err)
		require.True(t, rules.Active)
	})
	t.Run("pending alias domains", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustDomain(t, f, "b.test")
		pending := func(set store.Set) store.DomainUpdate { return store.DomainUpdate{PendingAliasDomains: set} }
		mustUpdateDomain(t, f, "a.test", pending(store.Set{Add: []string{"y.test", "x.test", "w.test"}}))
		requirePendingAliases(t, f, "a.test", "w.test", "x.test", "y.test")
		require.Empty(t, mustReadDomain(t, f, "a.test").AliasDomains)
		requireNoRows(t, f, "SELECT alias_domain FROM alias_domain")
		_, err := f.Accounts.PrimaryDomain(ctx(t), "x.test")
		requireCode(t, err, store.NotFound, store.CodeNoSuchDomain)

		mustUpdateDomain(t, f, "b.test", store.DomainUpdate{AliasDomains: store.Set{Add: []string{"x.test"}}})
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{AliasDomains: store.Set{Add: []string{"y.test"}}})
		requirePendingAliases(t, f, "a.test", "w.test", "x.test")
		mustUpdateDomain(t, f, "a.test", pending(store.Set{Remove: []string{"x.test"}}))
		requirePendingAliases(t, f, "a.test", "w.test")
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{AliasDomains: store.Set{Replace: &[]string{}}})
		requirePendingAliases(t, f, "a.test", "w.test")
	})
}

// requirePendingAliases asserts which alias domains the entry of a domain says to be pending. SQL says nothing of them.
func requirePendingAliases(t *testing.T, f Fixture, domain string, want ...string) {
	t.Helper()
	if f.Directory == nil {
		return
	}
	search := ldap.NewSearchRequest(f.Directory.Base, ldap.ScopeSingleLevel, ldap.NeverDerefAliases, 0, 0, false,
		"(domainName="+domain+")", []string{"domainPendingAliasName"}, nil)
	found, err := f.Directory.Connect(t).Search(search)
	require.NoError(t, err)
	require.Len(t, found.Entries, 1)
	require.ElementsMatch(t, want, found.Entries[0].GetAttributeValues("domainPendingAliasName"))
}
