package storetest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// spellings proves that a name which another program has stored with capital letters is removed when that is asked for, is
// there already when it is added, and keeps its spelling when something else changes.
func spellings(t *testing.T, open Open) {
	const someone, other = "Someone@Example.NET", "Other@Example.NET"
	stored := func(t *testing.T, f Fixture, mail, query, attribute string, dn string, values ...string) {
		t.Helper()
		if f.Directory != nil {
			f.Directory.Put(t, dn, attribute, values...)
			return
		}
		for _, v := range values {
			exec(t, f, query, v, mail)
		}
	}
	fixture := func(t *testing.T) Fixture {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustUser(t, f, "ann@a.test")
		mustAlias(t, f, "sales@a.test", "ann@a.test")
		return f
	}
	t.Run("of a forwarding destination", func(t *testing.T) {
		f := fixture(t)
		stored(t, f, "ann@a.test", "INSERT INTO forwardings (forwarding, address, domain, dest_domain, is_forwarding) VALUES (?, ?, 'a.test', 'Example.NET', 1)",
			"mailForwardingAddress", f.dn(DirectoryAt.UserDN, "ann@a.test"), someone, other)
		same := unchanged(t, f)
		for _, set := range []store.Set{adding("someone@example.net"), {Replace: &[]string{"someone@example.net", "other@example.net"}}} {
			if set.Replace != nil && f.Directory == nil {
				continue // there the mailbox itself is among them
			}
			_, err := f.Accounts.UpdateUser(ctx(t), asGlobal, "ann@a.test", store.UserUpdate{Forwarding: set})
			require.NoError(t, err)
		}
		if f.Directory != nil {
			same()
		}
		mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{Forwarding: removing("someone@example.net")})
		require.NotContains(t, lowerAll(forwardings(t, f, "ann@a.test")), "someone@example.net")
		require.Contains(t, lowerAll(forwardings(t, f, "ann@a.test")), "other@example.net")
		requireSpelling(t, f, other, "SELECT forwarding FROM forwardings WHERE address = 'ann@a.test' AND dest_domain = 'Example.NET'",
			f.dn(DirectoryAt.UserDN, "ann@a.test"), "mailForwardingAddress")
	})
	t.Run("of a member", func(t *testing.T) {
		f := fixture(t)
		members := []string{someone, other}
		if f.Directory != nil {
			members = append(members, "ann@a.test")
		}
		stored(t, f, "sales@a.test", "INSERT INTO forwardings (forwarding, address, domain, dest_domain, is_list) VALUES (?, ?, 'a.test', 'Example.NET', 1)",
			"mailForwardingAddress", f.dn(DirectoryAt.AliasDN, "sales@a.test"), members...)
		_, err := f.Accounts.UpdateAlias(ctx(t), asGlobal, "sales@a.test", store.AliasUpdate{Members: removing("someone@example.net")})
		require.NoError(t, err)
		require.Equal(t, []string{"ann@a.test", "other@example.net"}, lowerAll(mustReadAlias(t, f, "sales@a.test").Members))
		requireSpelling(t, f, other, "SELECT forwarding FROM forwardings WHERE address = 'sales@a.test' AND dest_domain = 'Example.NET'",
			f.dn(DirectoryAt.AliasDN, "sales@a.test"), "mailForwardingAddress")
	})
	t.Run("of a further address", func(t *testing.T) {
		f := fixture(t)
		stored(t, f, "ann@a.test", "INSERT INTO forwardings (address, forwarding, domain, dest_domain, is_alias) VALUES (?, ?, 'a.test', 'a.test', 1)",
			"shadowAddress", f.dn(DirectoryAt.UserDN, "ann@a.test"), "Info@A.test", "Help@A.test")
		mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{Aliases: adding("info@a.test")})
		mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{Aliases: removing("info@a.test")})
		require.Equal(t, []string{"help@a.test"}, lowerAll(mustReadUser(t, f, "ann@a.test").Aliases))
	})
	t.Run("of an admin", func(t *testing.T) {
		f := fixture(t)
		stored(t, f, "a.test", "INSERT INTO domain_admins (username, domain) VALUES (?, ?)",
			"domainAdmin", f.dn(DirectoryAt.DomainDN, "a.test"), "Ann@A.test")
		_, err := f.Accounts.UpdateDomainAdmins(ctx(t), asGlobal, "a.test", removing("ann@a.test"))
		require.NoError(t, err)
		require.Empty(t, mustReadDomain(t, f, "a.test").Admins)
	})
	t.Run("of an alias domain", func(t *testing.T) {
		f := fixture(t)
		stored(t, f, "a.test", "INSERT INTO alias_domain (alias_domain, target_domain) VALUES (?, ?)",
			"domainAliasName", f.dn(DirectoryAt.DomainDN, "a.test"), "Other.Test")
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{AliasDomains: removing("other.test")})
		require.Empty(t, mustReadDomain(t, f, "a.test").AliasDomains)
	})
}

func requireSpelling(t *testing.T, f Fixture, want, query, dn, attribute string) {
	t.Helper()
	if f.Directory != nil {
		require.Contains(t, f.Directory.Values(t, dn, attribute), want)
		return
	}
	requireColumn(t, f, []any{want}, query)
}

// lowerAll is a list in lower case, sorted.
func lowerAll(list []string) []string {
	return (store.Set{Add: lowered(list)}).Apply(nil)
}

func lowered(list []string) []string {
	lower := make([]string, len(list))
	for i, v := range list {
		lower[i] = strings.ToLower(v)
	}
	return lower
}
