package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

func readDomain(t *testing.T, open Open) {
	t.Run("unknown", func(t *testing.T) {
		f := open(t)
		_, err := f.Accounts.Domain(ctx(t), "a.test")
		requireCode(t, err, store.NotFound, store.CodeNoSuchDomain)
		_, err = f.Accounts.DomainRules(ctx(t), "a.test")
		requireCode(t, err, store.NotFound, store.CodeNoSuchDomain)
	})
	t.Run("alias domain is none", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{AliasDomains: store.Set{Add: []string{"alias.test"}}})
		_, err := f.Accounts.Domain(ctx(t), "alias.test")
		requireCode(t, err, store.NotFound, store.CodeNoSuchDomain)
	})
	t.Run("columns in their order", func(t *testing.T) {
		f := open(t)
		needSQL(t, f)
		mustDomain(t, f, "a.test")
		var names []string
		for _, field := range mustReadDomain(t, f, "a.test").Stored {
			names = append(names, field.Name)
		}
		require.Equal(t, []string{
			"domain", "description", "disclaimer", "aliases", "mailboxes", "maillists", "maxquota", "quota", "transport",
			"backupmx", "created", "modified", "expired", "active",
		}, names)
	})
	t.Run("NULL columns", func(t *testing.T) {
		f := open(t)
		needSQL(t, f)
		exec(t, f, "INSERT INTO domain (domain) VALUES ('a.test')")
		d := mustReadDomain(t, f, "a.test")
		require.Contains(t, []any{nil, ""}, d.Stored.Get("description"))
		require.NotNil(t, d.Settings)
		require.Empty(t, d.Settings)
		rules, err := f.Accounts.DomainRules(ctx(t), "a.test")
		require.NoError(t, err)
		require.True(t, rules.Active)
	})
	t.Run("counts", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustDomain(t, f, "b.test")
		for mail, quota := range map[string]int64{"one@a.test": 100, "two@a.test": 50, "one@b.test": 7} {
			_, err := f.Accounts.CreateUser(ctx(t), asGlobal, store.UserCreate{Mail: mail, Password: aHash, Active: true, Quota: &quota})
			require.NoError(t, err)
		}
		mustAlias(t, f, "alias@a.test", "one@a.test")
		d := mustReadDomain(t, f, "a.test")
		require.Equal(t, int64(2), d.Users)
		require.Equal(t, int64(1), d.Aliases)
		require.Equal(t, int64(0), d.Lists)
		require.Equal(t, int64(150), d.Allocated)
	})
	t.Run("lists are counted", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		addMailingList(t, f, "list@a.test")
		require.Equal(t, int64(1), mustReadDomain(t, f, "a.test").Lists)
	})
	t.Run("rules", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{
			Active: ptr(false), MinPasswordLength: ptr[int64](9), MaxPasswordLength: ptr[int64](30),
			DomainProfiles: store.Set{Add: []string{"relay", "bcc"}}, UserProfiles: store.Set{Add: []string{"wblist"}},
		})
		rules, err := f.Accounts.DomainRules(ctx(t), "a.test")
		require.NoError(t, err)
		require.Equal(t, store.DomainRules{
			MinPasswordLength: 9, MaxPasswordLength: 30,
			DisabledDomainProfiles: []string{"bcc", "relay"}, DisabledUserProfiles: []string{"wblist"},
		}, rules)
	})
}

func listDomains(t *testing.T, open Open) {
	t.Run("empty", func(t *testing.T) {
		f := open(t)
		list, err := f.Accounts.Domains(ctx(t), store.DomainFilter{}, store.PageRequest{})
		require.NoError(t, err)
		require.NotNil(t, list.Items)
		require.Empty(t, list.Items)
		names, err := f.Accounts.DomainNames(ctx(t), store.DomainFilter{}, store.PageRequest{Limit: 5})
		require.NoError(t, err)
		require.NotNil(t, names.Items)
		require.Empty(t, names.Items)
	})
	t.Run("page by page", func(t *testing.T) {
		f := open(t)
		names := []string{"a.test", "b.test", "c.test", "d.test", "e.test"}
		for _, name := range []string{"c.test", "a.test", "e.test", "d.test", "b.test"} {
			mustDomain(t, f, name)
		}
		requirePages(t, names, func(page store.PageRequest) ([]string, string) {
			list, err := f.Accounts.DomainNames(ctx(t), store.DomainFilter{}, page)
			require.NoError(t, err)
			return list.Items, list.Next
		})
		requirePages(t, names, func(page store.PageRequest) ([]string, string) {
			list, err := f.Accounts.Domains(ctx(t), store.DomainFilter{}, page)
			require.NoError(t, err)
			var found []string
			for _, d := range list.Items {
				found = append(found, d.Name)
			}
			return found, list.Next
		})
	})
	t.Run("managed and disabled", func(t *testing.T) {
		f := open(t)
		for _, name := range []string{"a.test", "b.test", "c.test"} {
			mustDomain(t, f, name)
		}
		mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{})
		mustManage(t, f, "a.test", "boss@elsewhere.test")
		mustManage(t, f, "c.test", "boss@elsewhere.test")
		mustUpdateDomain(t, f, "b.test", store.DomainUpdate{Active: ptr(false)})
		mustUpdateDomain(t, f, "c.test", store.DomainUpdate{Active: ptr(false)})
		for _, c := range []struct {
			filter store.DomainFilter
			want   []string
		}{
			{store.DomainFilter{ManagedBy: "boss@elsewhere.test"}, []string{"a.test", "c.test"}},
			{store.DomainFilter{DisabledOnly: true}, []string{"b.test", "c.test"}},
			{store.DomainFilter{DisabledOnly: true, ManagedBy: "boss@elsewhere.test"}, []string{"c.test"}},
			{store.DomainFilter{ManagedBy: "nobody@elsewhere.test"}, []string{}},
		} {
			list, err := f.Accounts.DomainNames(ctx(t), c.filter, store.PageRequest{})
			require.NoError(t, err)
			require.Equal(t, c.want, list.Items)
			whole, err := f.Accounts.Domains(ctx(t), c.filter, store.PageRequest{Limit: 9})
			require.NoError(t, err)
			require.Len(t, whole.Items, len(c.want))
		}
	})
	t.Run("each with its own", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustDomain(t, f, "b.test")
		mustUser(t, f, "user@b.test")
		mustAlias(t, f, "alias@b.test", "user@b.test")
		mustManage(t, f, "b.test", "user@b.test")
		mustUpdateDomain(t, f, "b.test", store.DomainUpdate{
			Catchall: &[]string{"user@b.test", "away@foreign.example"}, SenderBcc: ptr("s@foreign.example"),
			RecipientBcc: ptr("r@foreign.example"), OutboundRelay: ptr("[relay.example]:587"),
			AliasDomains: store.Set{Add: []string{"z.test", "y.test"}},
		})
		list, err := f.Accounts.Domains(ctx(t), store.DomainFilter{}, store.PageRequest{})
		require.NoError(t, err)
		require.Len(t, list.Items, 2)
		one := mustReadDomain(t, f, "b.test")
		require.Equal(t, one, list.Items[1], "a list shows what a single read shows")
		require.Empty(t, list.Items[0].Catchall)
		require.Empty(t, list.Items[0].SenderBcc)
		require.Equal(t, []string{"away@foreign.example", "user@b.test"}, one.Catchall)
		require.Equal(t, []string{"y.test", "z.test"}, one.AliasDomains)
		require.Equal(t, []string{"user@b.test"}, one.Admins)
		require.Equal(t, "s@foreign.example", one.SenderBcc)
		require.Equal(t, "r@foreign.example", one.RecipientBcc)
		require.Equal(t, "[relay.example]:587", one.RelayHost)
		require.Equal(t, int64(1), one.Users)
		require.Equal(t, int64(1), one.Aliases)
	})
}
