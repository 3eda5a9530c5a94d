package storetest

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

func domainCaps(t *testing.T, open Open) {
	create := func(f Fixture, actor, name string) error {
		_, err := f.Accounts.CreateDomain(t.Context(), by(actor), store.DomainCreate{Name: name})
		return err
	}
	t.Run("hold at the last domain", func(t *testing.T) {
		f := open(t)
		mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{Domains: ptr[int64](2)})
		require.NoError(t, create(f, "boss@elsewhere.test", "a.test"))
		require.NoError(t, create(f, "boss@elsewhere.test", "b.test"))
		same := unchanged(t, f)
		requireCode(t, create(f, "boss@elsewhere.test", "c.test"), store.Conflict, store.CodeLimitDomain)
		same()
	})
	t.Run("count domains that others gave", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{Domains: ptr[int64](1)})
		mustManage(t, f, "a.test", "boss@elsewhere.test")
		requireCode(t, create(f, "boss@elsewhere.test", "b.test"), store.Conflict, store.CodeLimitDomain)
	})
	t.Run("free a place with a deleted domain", func(t *testing.T) {
		f := open(t)
		mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{Domains: ptr[int64](1)})
		require.NoError(t, create(f, "boss@elsewhere.test", "a.test"))
		_, err := f.Accounts.DeleteDomain(ctx(t), asGlobal, "a.test", 0)
		require.NoError(t, err)
		require.NoError(t, create(f, "boss@elsewhere.test", "b.test"))
	})
	t.Run("of none forbid", func(t *testing.T) {
		for _, n := range []int64{0, -1} {
			f := open(t)
			mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{Domains: ptr(n)})
			requireCode(t, create(f, "boss@elsewhere.test", "a.test"), store.Conflict, store.CodeLimitDomain)
		}
	})
	t.Run("without the right to create forbid", func(t *testing.T) {
		f := open(t)
		mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{})
		putSettings(t, f, "admin", "username", "boss@elsewhere.test", f.dn(DirectoryAt.AdminDN, "boss@elsewhere.test"),
			"create_max_domains:5")
		requireCode(t, create(f, "boss@elsewhere.test", "a.test"), store.Conflict, store.CodeLimitDomain)
	})
	t.Run("hold what a domain is given", func(t *testing.T) {
		f := open(t)
		mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{
			Domains: ptr[int64](9), Quota: ptr[int64](100), Users: ptr[int64](10), Aliases: ptr[int64](-1),
		})
		for code, d := range map[string]store.DomainCreate{
			store.CodeLimitQuota:   {Name: "a.test", Quota: 101},
			store.CodeLimitUsers:   {Name: "a.test", NumberOfUsers: 11},
			store.CodeLimitAliases: {Name: "a.test", NumberOfAliases: 1},
		} {
			_, err := f.Accounts.CreateDomain(ctx(t), by("boss@elsewhere.test"), d)
			requireCode(t, err, store.Conflict, code)
		}
		_, err := f.Accounts.CreateDomain(ctx(t), by("boss@elsewhere.test"), store.DomainCreate{
			Name: "a.test", Quota: 100, NumberOfUsers: 10, NumberOfAliases: -1, NumberOfLists: 1000,
		})
		require.NoError(t, err)
	})
	t.Run("of an unknown actor forbid", func(t *testing.T) {
		f := open(t)
		requireCode(t, create(f, "nobody@elsewhere.test", "a.test"), store.Forbidden, store.CodePermissionDenied)
	})
	t.Run("do not bind the program itself", func(t *testing.T) {
		f := open(t)
		require.NoError(t, create(f, "", "a.test"))
		require.Empty(t, mustReadDomain(t, f, "a.test").Admins)
	})
	t.Run("are exact in a race", func(t *testing.T) {
		const racers, most = 16, 5
		f := open(t)
		mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{Domains: ptr[int64](most)})
		errs := make([]error, racers)
		var wait sync.WaitGroup
		for i := range racers {
			wait.Go(func() { errs[i] = create(f, "boss@elsewhere.test", fmt.Sprintf("d%d.test", i)) })
		}
		wait.Wait()
		made := 0
		for _, err := range errs {
			if err == nil {
				made++
				continue
			}
			requireCode(t, err, store.Conflict, store.CodeLimitDomain)
		}
		require.Equal(t, most, made)
		list, err := f.Accounts.DomainNames(ctx(t), store.DomainFilter{}, store.PageRequest{})
		require.NoError(t, err)
		require.Len(t, list.Items, most)
	})
	t.Run("one name has one winner", func(t *testing.T) {
		const racers = 8
		f := open(t)
		errs := make([]error, racers)
		var wait sync.WaitGroup
		for i := range racers {
			wait.Go(func() {
				_, errs[i] = f.Accounts.CreateDomain(t.Context(), asGlobal, store.DomainCreate{Name: "a.test"})
			})
		}
		wait.Wait()
		made := 0
		for _, err := range errs {
			if err == nil {
				made++
				continue
			}
			requireCode(t, err, store.Conflict, store.CodeAlreadyExists)
		}
		require.Equal(t, 1, made)
	})
	t.Run("of users", func(t *testing.T) { userCaps(t, open) })
}

// userCaps proves that what an admin may have counts over all its domains.
func userCaps(t *testing.T, open Open) {
	create := func(f Fixture, mail string, quota int64) error {
		_, err := f.Accounts.CreateUser(t.Context(), by("boss@elsewhere.test"), store.UserCreate{
			Mail: mail, Password: aHash, Active: true, Quota: &quota,
		})
		return err
	}
	fixture := func(t *testing.T, limits store.LimitsUpdate) Fixture {
		f := open(t)
		mustAdmin(t, f, "boss@elsewhere.test", limits)
		for _, name := range []string{"a.test", "b.test"} {
			mustDomain(t, f, name)
			mustManage(t, f, name, "boss@elsewhere.test")
		}
		mustDomain(t, f, "foreign.test")
		mustUser(t, f, "user@foreign.test")
		return f
	}
	t.Run("hold over all its domains", func(t *testing.T) {
		f := fixture(t, store.LimitsUpdate{Users: ptr[int64](2)})
		require.NoError(t, create(f, "one@a.test", 0))
		require.NoError(t, create(f, "two@b.test", 0))
		requireCode(t, create(f, "three@a.test", 0), store.Conflict, store.CodeLimitUsers)
	})
	t.Run("of minus one forbid", func(t *testing.T) {
		f := fixture(t, store.LimitsUpdate{Users: ptr[int64](-1)})
		requireCode(t, create(f, "one@a.test", 0), store.Conflict, store.CodeLimitUsers)
	})
	t.Run("of quota hold over all its domains", func(t *testing.T) {
		f := fixture(t, store.LimitsUpdate{Quota: ptr[int64](100)})
		require.NoError(t, create(f, "one@a.test", 60))
		requireCode(t, create(f, "two@b.test", 41), store.Conflict, store.CodeLimitQuota)
		require.NoError(t, create(f, "two@b.test", 40))
	})
	t.Run("of quota refuse an unlimited mailbox", func(t *testing.T) {
		f := fixture(t, store.LimitsUpdate{Quota: ptr[int64](100)})
		requireCode(t, create(f, "one@a.test", 0), store.Conflict, store.CodeLimitQuota)
	})
	t.Run("of quota of minus one forbid", func(t *testing.T) {
		f := fixture(t, store.LimitsUpdate{Quota: ptr[int64](-1)})
		requireCode(t, create(f, "one@a.test", 1), store.Conflict, store.CodeLimitQuota)
	})
	t.Run("of aliases hold", func(t *testing.T) {
		f := fixture(t, store.LimitsUpdate{Aliases: ptr[int64](1)})
		w := by("boss@elsewhere.test")
		_, err := f.Accounts.CreateAlias(ctx(t), w, store.AliasCreate{Mail: "one@a.test", Active: true})
		require.NoError(t, err)
		_, err = f.Accounts.CreateAlias(ctx(t), w, store.AliasCreate{Mail: "two@b.test", Active: true})
		requireCode(t, err, store.Conflict, store.CodeLimitAliases)
	})
}
