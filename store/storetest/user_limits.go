package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// makeUser makes a mailbox with a quota, or fails.
func makeUser(t *testing.T, f Fixture, w store.Write, mail string, quota *int64) error {
	t.Helper()
	_, err := f.Accounts.CreateUser(ctx(t), w, store.UserCreate{Mail: mail, Password: aHash, Active: true, Quota: quota})
	return err
}

func userLimits(t *testing.T, open Open) {
	t.Run("domain forbids users", func(t *testing.T) {
		f := withDomain(t, open)
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{NumberOfUsers: ptr[int64](-1)})
		requireCode(t, makeUser(t, f, asGlobal, "ann@a.test", nil), store.Conflict, store.CodeNotAllowed)
	})
	t.Run("domain is full", func(t *testing.T) {
		f := withDomain(t, open)
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{NumberOfUsers: ptr[int64](2)})
		require.NoError(t, makeUser(t, f, asGlobal, "a@a.test", nil))
		require.NoError(t, makeUser(t, f, asGlobal, "b@a.test", nil))
		requireCode(t, makeUser(t, f, asGlobal, "c@a.test", nil), store.Conflict, store.CodeDomainAccountLimit)
		_, err := f.Accounts.DeleteUser(ctx(t), asGlobal, "a@a.test", 0)
		require.NoError(t, err)
		require.NoError(t, makeUser(t, f, asGlobal, "c@a.test", nil))
	})
	t.Run("taken comes before full", func(t *testing.T) {
		f := withUser(t, open)
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{NumberOfUsers: ptr[int64](1)})
		requireCode(t, makeUser(t, f, asGlobal, "ann@a.test", nil), store.Conflict, store.CodeAlreadyExists)
	})
	t.Run("cap of the admin counts all its domains", func(t *testing.T) {
		f := withDomain(t, open)
		mustDomain(t, f, "b.test")
		mustDomain(t, f, "c.test")
		w := cappedAdmin(t, f, store.LimitsUpdate{Users: ptr[int64](2)}, "a.test", "b.test")
		mustUser(t, f, "other@c.test")
		require.NoError(t, makeUser(t, f, w, "a@a.test", nil))
		require.NoError(t, makeUser(t, f, w, "b@b.test", nil))
		requireCode(t, makeUser(t, f, w, "c@a.test", nil), store.Conflict, store.CodeLimitUsers)
		require.NoError(t, makeUser(t, f, asGlobal, "c@a.test", nil))
	})
	t.Run("admin that may make none", func(t *testing.T) {
		f := withDomain(t, open)
		w := cappedAdmin(t, f, store.LimitsUpdate{Users: ptr[int64](-1)}, "a.test")
		requireCode(t, makeUser(t, f, w, "a@a.test", nil), store.Conflict, store.CodeLimitUsers)
	})
	t.Run("quota cap of the admin", func(t *testing.T) {
		f := withDomain(t, open)
		w := cappedAdmin(t, f, store.LimitsUpdate{Quota: ptr[int64](1000)}, "a.test")
		require.NoError(t, makeUser(t, f, w, "a@a.test", ptr[int64](600)))
		requireCode(t, makeUser(t, f, w, "b@a.test", ptr[int64](401)), store.Conflict, store.CodeLimitQuota)
		requireCode(t, makeUser(t, f, w, "b@a.test", ptr[int64](0)), store.Conflict, store.CodeLimitQuota)
		require.NoError(t, makeUser(t, f, w, "b@a.test", ptr[int64](400)))
	})
}

// cappedAdmin makes a standalone admin of the domains and returns a write in its name.
func cappedAdmin(t *testing.T, f Fixture, limits store.LimitsUpdate, domains ...string) store.Write {
	t.Helper()
	mustAdmin(t, f, "boss@elsewhere.test", limits)
	for _, d := range domains {
		mustManage(t, f, d, "boss@elsewhere.test")
	}
	return by("boss@elsewhere.test")
}

// perMailbox and altogether are limits of a domain in MB.
func perMailbox(most int64) store.DomainUpdate { return store.DomainUpdate{MaxUserQuota: &most} }
func altogether(most int64) store.DomainUpdate { return store.DomainUpdate{Quota: &most} }

func userQuota(t *testing.T, open Open) {
	for name, c := range map[string]struct {
		domain    store.DomainUpdate
		allocated int64 // by another mailbox
		asked     *int64
		want      int64
		code      string
	}{
		"nothing asked":                 {want: 0},
		"asked":                         {asked: ptr[int64](100), want: 100},
		"default":                       {domain: store.DomainUpdate{DefaultQuota: ptr[int64](300)}, want: 300},
		"asked beats default":           {domain: store.DomainUpdate{DefaultQuota: ptr[int64](300)}, asked: ptr[int64](0), want: 0},
		"within largest":                {domain: perMailbox(300), asked: ptr[int64](299), want: 299},
		"cut to largest":                {domain: perMailbox(300), asked: ptr[int64](301), want: 300},
		"unlimited is cut to largest":   {domain: perMailbox(300), asked: ptr[int64](0), want: 300},
		"cut to what is left":           {domain: altogether(500), allocated: 400, asked: ptr[int64](101), want: 100},
		"all that is left":              {domain: altogether(500), allocated: 400, asked: ptr[int64](100), want: 100},
		"unlimited is cut to what left": {domain: altogether(500), allocated: 400, want: 100},
		"nothing left": {
			domain: altogether(500), allocated: 500, asked: ptr[int64](1), code: store.CodeDomainQuotaSize,
		},
	} {
		t.Run("new with "+name, func(t *testing.T) {
			f := withDomain(t, open)
			if c.allocated > 0 {
				require.NoError(t, makeUser(t, f, asGlobal, "other@a.test", &c.allocated))
			}
			mustUpdateDomain(t, f, "a.test", c.domain)
			change, err := f.Accounts.CreateUser(ctx(t), asGlobal, store.UserCreate{Mail: "ann@a.test", Password: aHash, Active: true, Quota: c.asked})
			if c.code != "" {
				requireCode(t, err, store.Conflict, c.code)
				return
			}
			require.NoError(t, err)
			requireMailbox(t, f, "ann@a.test", "quota", c.want)
			if c.asked == nil || *c.asked == c.want {
				require.Empty(t, change.Adjusted)
				return
			}
			require.Equal(t, []store.Adjustment{{Field: "quota", Asked: *c.asked, Stored: c.want}}, change.Adjusted)
		})
	}
	changeQuota(t, open)
}

func changeQuota(t *testing.T, open Open) {
	for name, c := range map[string]struct {
		domain store.DomainUpdate
		capped int64 // of the actor's quota
		own    int64
		asked  int64
		bound  bool // the actor is not global
		code   string
	}{
		"without limits":               {own: 100, asked: 0},
		"to the rest of the domain":    {domain: altogether(500), own: 100, asked: 400},
		"beyond the domain":            {domain: altogether(500), own: 100, asked: 401, code: store.CodeDomainQuotaSize},
		"to unlimited in the domain":   {domain: altogether(500), own: 100, asked: 0, code: store.CodeDomainQuotaSize},
		"down in a domain beyond its":  {domain: altogether(50), own: 100, asked: 90},
		"up in a domain beyond its":    {domain: altogether(50), own: 100, asked: 101, code: store.CodeDomainQuotaSize},
		"same in a domain beyond its":  {domain: altogether(50), own: 100, asked: 100},
		"above largest":                {domain: perMailbox(300), own: 100, asked: 301, bound: true, code: store.CodeDomainQuotaSize},
		"unlimited above largest":      {domain: perMailbox(300), own: 100, asked: 0, bound: true, code: store.CodeDomainQuotaSize},
		"to largest":                   {domain: perMailbox(300), own: 100, asked: 300, bound: true},
		"above largest as global":      {domain: perMailbox(300), own: 100, asked: 301},
		"to the cap of the admin":      {capped: 300, own: 100, asked: 200, bound: true},
		"beyond the cap of the admin":  {capped: 300, own: 100, asked: 201, bound: true, code: store.CodeLimitQuota},
		"unlimited with a capped one":  {capped: 300, own: 100, asked: 0, bound: true, code: store.CodeLimitQuota},
		"down beyond the cap of admin": {capped: 150, own: 100, asked: 90, bound: true},
	} {
		t.Run("change "+name, func(t *testing.T) {
			f := withDomain(t, open)
			require.NoError(t, makeUser(t, f, asGlobal, "other@a.test", ptr[int64](100)))
			require.NoError(t, makeUser(t, f, asGlobal, "ann@a.test", &c.own))
			mustUpdateDomain(t, f, "a.test", c.domain)
			w := cappedAdmin(t, f, store.LimitsUpdate{Quota: &c.capped}, "a.test")
			if !c.bound {
				w = asGlobal
			}
			_, err := f.Accounts.UpdateUser(ctx(t), w, "ann@a.test", store.UserUpdate{Quota: &c.asked})
			if c.code != "" {
				requireCode(t, err, store.Conflict, c.code)
				requireMailbox(t, f, "ann@a.test", "quota", c.own)
				return
			}
			require.NoError(t, err)
			requireMailbox(t, f, "ann@a.test", "quota", c.asked)
		})
	}
	t.Run("change to less than nothing", func(t *testing.T) {
		f := withUser(t, open)
		_, err := f.Accounts.UpdateUser(ctx(t), asGlobal, "ann@a.test", store.UserUpdate{Quota: ptr[int64](-1)})
		requireCode(t, err, store.Invalid, store.CodeInvalidNumber)
	})
}

// racers is how many try at once.
const racers = 64

// race has many run at once and counts how many succeed; the others must fail with that code.
func race(t *testing.T, code string, try func(ctx context.Context, i int) error) int {
	t.Helper()
	errs := make([]error, racers)
	var all sync.WaitGroup
	for i := range racers {
		all.Go(func() { errs[i] = try(t.Context(), i) })
	}
	all.Wait()
	made := 0
	for _, err := range errs {
		if err == nil {
			made++
			continue
		}
		requireCode(t, err, store.Conflict, code)
	}
	return made
}

func userRaces(t *testing.T, open Open) {
	create := func(f Fixture, w store.Write, quota *int64, mail func(i int) string) func(ctx context.Context, i int) error {
		return func(ctx context.Context, i int) error {
			_, err := f.Accounts.CreateUser(ctx, w, store.UserCreate{Mail: mail(i), Password: aHash, Quota: quota})
			return err
		}
	}
	own := func(i int) string { return fmt.Sprintf("u%d@a.test", i) }
	count := func(t *testing.T, f Fixture) int {
		t.Helper()
		list, err := f.Accounts.UserAddresses(ctx(t), store.UserFilter{Domain: "a.test"}, store.PageRequest{})
		require.NoError(t, err)
		return len(list.Items)
	}
	t.Run("at the limit of a domain", func(t *testing.T) {
		f := withDomain(t, open)
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{NumberOfUsers: ptr[int64](7)})
		require.Equal(t, 7, race(t, store.CodeDomainAccountLimit, create(f, asGlobal, nil, own)))
		require.Equal(t, 7, count(t, f))
	})
	t.Run("at the cap of an admin", func(t *testing.T) {
		f := withDomain(t, open)
		w := cappedAdmin(t, f, store.LimitsUpdate{Users: ptr[int64](9)}, "a.test")
		require.Equal(t, 9, race(t, store.CodeLimitUsers, create(f, w, nil, own)))
		require.Equal(t, 9, count(t, f))
	})
	t.Run("at the quota of a domain", func(t *testing.T) {
		f := withDomain(t, open)
		mustUpdateDomain(t, f, "a.test", altogether(50))
		require.Equal(t, 5, race(t, store.CodeDomainQuotaSize, create(f, asGlobal, ptr[int64](10), own)))
	})
	t.Run("for one address", func(t *testing.T) {
		f := withDomain(t, open)
		same := func(int) string { return "ann@a.test" }
		require.Equal(t, 1, race(t, store.CodeAlreadyExists, create(f, asGlobal, nil, same)))
	})
	t.Run("for one further address", func(t *testing.T) {
		f := withDomain(t, open)
		for i := range racers {
			mustUser(t, f, own(i))
		}
		require.Equal(t, 1, race(t, store.CodeAlreadyExists, func(ctx context.Context, i int) error {
			_, err := f.Accounts.UpdateUser(ctx, asGlobal, own(i), store.UserUpdate{Aliases: adding("info@a.test")})
			return err
		}))
	})
	t.Run("to add forwards to one mailbox", func(t *testing.T) {
		f := withUser(t, open)
		require.Equal(t, racers, race(t, "", func(ctx context.Context, i int) error {
			_, err := f.Accounts.UpdateUser(ctx, asGlobal, "ann@a.test", store.UserUpdate{
				Forwarding: adding(fmt.Sprintf("x%d@elsewhere.test", i)),
			})
			return err
		}))
		require.Len(t, forwardings(t, f, "ann@a.test"), racers+1)
	})
	t.Run("to be the last global admin", func(t *testing.T) {
		f := withDomain(t, open)
		for i := range racers {
			mustUser(t, f, own(i))
			mustUpdateUser(t, f, own(i), store.UserUpdate{Global: ptr(true)})
		}
		require.Equal(t, racers-1, race(t, store.CodeLastGlobalAdmin, func(ctx context.Context, i int) error {
			_, err := f.Accounts.DeleteUser(ctx, asGlobal, own(i), 0)
			return err
		}))
		require.Equal(t, 1, count(t, f))
	})
}
