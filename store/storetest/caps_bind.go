package storetest

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// rights is the suite of what admins that are not global may do to each other and beyond their caps.
func rights(t *testing.T, open Open) {
	t.Run("rank", func(t *testing.T) { ranks(t, open) })
	t.Run("caps", func(t *testing.T) { capsBind(t, open) })
	t.Run("leaving", func(t *testing.T) { leaving(t, open) })
	t.Run("extensions", func(t *testing.T) { extensions(t, open) })
}

// capped is a sort of cap, with how to use some of what it counts. The quota of a mailbox is 10 MB.
type capped struct {
	limits func(n int64) store.LimitsUpdate
	code   string
	// add makes the account x<i> of a domain, which counts unit.
	add  func(f Fixture, w store.Write, domain string, i int) error
	unit int64
}

var cappedKinds = map[string]capped{
	"users": {
		limits: func(n int64) store.LimitsUpdate { return store.LimitsUpdate{Users: &n} }, code: store.CodeLimitUsers, unit: 1,
		add: addUser,
	},
	"aliases": {
		limits: func(n int64) store.LimitsUpdate { return store.LimitsUpdate{Aliases: &n} }, code: store.CodeLimitAliases, unit: 1,
		add: func(f Fixture, w store.Write, domain string, i int) error {
			_, err := f.Accounts.CreateAlias(context.Background(), w, store.AliasCreate{Mail: fmt.Sprintf("x%d@%s", i, domain)})
			return err
		},
	},
	"lists": {
		limits: func(n int64) store.LimitsUpdate { return store.LimitsUpdate{Lists: &n} }, code: store.CodeLimitLists, unit: 1,
		add: func(f Fixture, w store.Write, domain string, i int) error {
			_, err := f.Accounts.CreateMailingListAccount(context.Background(), w, store.MailingListAccountCreate{Mail: fmt.Sprintf("x%d@%s", i, domain)})
			return err
		},
	},
	"quota": {
		limits: func(n int64) store.LimitsUpdate { return store.LimitsUpdate{Quota: &n} }, code: store.CodeLimitQuota, unit: 10,
		add: addUser,
	},
}

func addUser(f Fixture, w store.Write, domain string, i int) error {
	_, err := f.Accounts.CreateUser(context.Background(), w, store.UserCreate{
		Mail: fmt.Sprintf("x%d@%s", i, domain), Password: aHash, Quota: ptr[int64](10),
	})
	return err
}

// capFixture has a.test with the admins boss@elsewhere.test and anna@a.test, whom a mailbox is; boss manages b.test too, and
// has a cap of so many further accounts of that kind.
func capFixture(t *testing.T, open Open, k capped, room int64) (f Fixture, boss, anna store.Write) {
	t.Helper()
	f = open(t)
	for _, d := range []string{"a.test", "b.test"} {
		mustDomain(t, f, d)
	}
	_, err := f.Accounts.CreateUser(ctx(t), asGlobal, store.UserCreate{
		Mail: "anna@a.test", Password: aHash, Active: true, Quota: ptr[int64](10),
	})
	require.NoError(t, err)
	n := room * k.unit
	if k.code == store.CodeLimitUsers || k.code == store.CodeLimitQuota {
		n += k.unit // anna's own mailbox
	}
	mustAdmin(t, f, "boss@elsewhere.test", k.limits(n))
	for _, d := range []string{"a.test", "b.test"} {
		mustManage(t, f, d, "boss@elsewhere.test")
	}
	mustManage(t, f, "a.test", "anna@a.test")
	return f, by("boss@elsewhere.test"), by("anna@a.test")
}

func capsBind(t *testing.T, open Open) {
	for name, k := range cappedKinds {
		refused := func(t *testing.T, err error) {
			t.Helper()
			requireCode(t, err, store.Conflict, k.code)
		}
		t.Run(name+" of oneself", func(t *testing.T) {
			f, boss, _ := capFixture(t, open, k, 2)
			require.NoError(t, k.add(f, boss, "a.test", 1))
			require.NoError(t, k.add(f, boss, "b.test", 2))
			same := unchanged(t, f)
			refused(t, k.add(f, boss, "a.test", 3))
			same()
		})
		t.Run(name+" of who appointed", func(t *testing.T) {
			f, boss, anna := capFixture(t, open, k, 2)
			require.NoError(t, k.add(f, anna, "a.test", 1))
			require.NoError(t, k.add(f, boss, "b.test", 2))
			same := unchanged(t, f)
			refused(t, k.add(f, anna, "a.test", 3))
			refused(t, k.add(f, boss, "a.test", 3))
			same()
			require.NoError(t, k.add(f, asGlobal, "a.test", 3), "global admins are not bound")
		})
		t.Run(name+" of who appointed and is switched off", func(t *testing.T) {
			f, _, anna := capFixture(t, open, k, 1)
			_, err := f.Accounts.UpdateAdmin(ctx(t), asGlobal, "boss@elsewhere.test", store.AdminUpdate{Active: ptr(false)})
			require.NoError(t, err)
			require.NoError(t, k.add(f, anna, "a.test", 1))
			refused(t, k.add(f, anna, "a.test", 2))
		})
		t.Run(name+" of who appointed and cannot leave", func(t *testing.T) {
			f, boss, anna := capFixture(t, open, k, 1)
			require.NoError(t, k.add(f, anna, "a.test", 1))
			for _, w := range []store.Write{boss, anna} {
				_, err := f.Accounts.UpdateDomainAdmins(ctx(t), w, "a.test", store.Set{Remove: []string{"boss@elsewhere.test"}})
				requireCode(t, err, store.Forbidden, store.CodePermissionDenied)
			}
			refused(t, k.add(f, anna, "a.test", 2))
		})
		t.Run(name+" of who appointed and was taken away by a global admin", func(t *testing.T) {
			f, _, anna := capFixture(t, open, k, 1)
			require.NoError(t, k.add(f, anna, "a.test", 1))
			_, err := f.Accounts.UpdateDomainAdmins(ctx(t), asGlobal, "a.test", store.Set{Remove: []string{"boss@elsewhere.test"}})
			require.NoError(t, err)
			require.NoError(t, k.add(f, anna, "a.test", 2), "nobody holds it any more")
		})
		t.Run(name+" of the widest of two", func(t *testing.T) {
			f, _, anna := capFixture(t, open, k, 1)
			mustAdmin(t, f, "wide@elsewhere.test", k.limits(4*k.unit))
			mustManage(t, f, "a.test", "wide@elsewhere.test")
			made := 0
			for made < 9 && k.add(f, anna, "a.test", made) == nil {
				made++
			}
			if k.code == store.CodeLimitUsers || k.code == store.CodeLimitQuota {
				made++ // anna's own mailbox
			}
			require.Equal(t, 4, made)
		})
		t.Run(name+" of minus one binds its holder", func(t *testing.T) {
			f, boss, anna := capFixture(t, open, k, 1)
			_, err := f.Accounts.UpdateAdmin(ctx(t), asGlobal, "boss@elsewhere.test", store.AdminUpdate{Limits: k.limits(-1)})
			require.NoError(t, err)
			refused(t, k.add(f, boss, "a.test", 1))
			require.NoError(t, k.add(f, anna, "a.test", 1))
			mustUser(t, f, "more@a.test")
			same := unchanged(t, f)
			_, err = f.Accounts.UpdateDomainAdmins(ctx(t), boss, "a.test", store.Set{Add: []string{"more@a.test"}})
			requireCode(t, err, store.Forbidden, store.CodePermissionDenied)
			same()
		})
		t.Run(name+" where one has more already", func(t *testing.T) {
			f, boss, anna := capFixture(t, open, k, 1)
			require.NoError(t, k.add(f, asGlobal, "a.test", 1))
			require.NoError(t, k.add(f, asGlobal, "b.test", 2))
			refused(t, k.add(f, boss, "a.test", 3))
			refused(t, k.add(f, anna, "a.test", 3))
		})
		t.Run(name+" of two admins in a race", func(t *testing.T) {
			f, boss, anna := capFixture(t, open, k, 9)
			mustUser(t, f, "bert@b.test")
			mustManage(t, f, "b.test", "bert@b.test")
			if k.code == store.CodeLimitUsers || k.code == store.CodeLimitQuota {
				_, err := f.Accounts.DeleteUser(ctx(t), asGlobal, "anna@a.test", 0) // its place is bert's
				require.NoError(t, err)
				require.NoError(t, addUser(f, asGlobal, "a.test", 1000))
				mustManage(t, f, "a.test", "x1000@a.test")
				anna = by("x1000@a.test")
			}
			writers := []struct {
				w      store.Write
				domain string
			}{{anna, "a.test"}, {by("bert@b.test"), "b.test"}, {boss, "a.test"}, {boss, "b.test"}}
			want := 9
			if k.code == store.CodeLimitUsers {
				want = 8 // bert
			}
			require.Equal(t, want, race(t, k.code, func(_ context.Context, i int) error {
				return k.add(f, writers[i%4].w, writers[i%4].domain, i)
			}))
		})
	}
	t.Run("of quota let it shrink", func(t *testing.T) { quotaShrinks(t, open) })
	t.Run("of users let accounts move", func(t *testing.T) { capsAndMoves(t, open) })
}

func quotaShrinks(t *testing.T, open Open) {
	quota := func(f Fixture, w store.Write, n int64) error {
		_, err := f.Accounts.UpdateUser(context.Background(), w, "x1@a.test", store.UserUpdate{Quota: &n})
		return err
	}
	f, boss, anna := capFixture(t, open, cappedKinds["quota"], 1)
	require.NoError(t, addUser(f, asGlobal, "a.test", 1))
	require.NoError(t, quota(f, asGlobal, 500))
	for _, w := range []store.Write{boss, anna} {
		requireCode(t, quota(f, w, 501), store.Conflict, store.CodeLimitQuota)
		requireCode(t, quota(f, w, 0), store.Conflict, store.CodeLimitQuota)
	}
	require.NoError(t, quota(f, boss, 400))
	require.NoError(t, quota(f, anna, 300))
	require.NoError(t, quota(f, asGlobal, 0))
	require.NoError(t, quota(f, anna, 200), "from unlimited to anything is less")
	requireMailbox(t, f, "x1@a.test", "quota", int64(200))
}

func capsAndMoves(t *testing.T, open Open) {
	f, boss, _ := capFixture(t, open, cappedKinds["users"], 1)
	require.NoError(t, addUser(f, asGlobal, "a.test", 1))
	_, err := f.Accounts.RenameUser(ctx(t), boss, "x1@a.test", "x1@b.test")
	require.NoError(t, err, "it has the mailbox already")
	mustDomain(t, f, "c.test")
	mustUser(t, f, "both@c.test")
	for _, d := range []string{"a.test", "b.test", "c.test"} {
		mustManage(t, f, d, "both@c.test")
	}
	mustUser(t, f, "x2@c.test")
	same := unchanged(t, f)
	_, err = f.Accounts.RenameUser(ctx(t), by("both@c.test"), "x2@c.test", "x2@a.test")
	requireCode(t, err, store.Conflict, store.CodeLimitUsers)
	same()
	_, err = f.Accounts.RenameUser(ctx(t), by("both@c.test"), "x1@b.test", "x1@a.test")
	require.NoError(t, err, "whose cap it is has the mailbox already")
}

// leaving proves that who is the last with a cap of a domain, or may create domains, leaves it by a global admin alone.
func leaving(t *testing.T, open Open) {
	const boss = "boss@b.test" // its mailbox lies in another domain, which it manages too
	fixture := func(t *testing.T, limits store.AdminLimits) Fixture {
		f := open(t)
		for _, d := range []string{"a.test", "b.test"} {
			mustDomain(t, f, d)
			mustUser(t, f, "anna@"+d)
		}
		mustUser(t, f, boss)
		for _, mail := range []string{boss, "anna@a.test"} {
			mustManage(t, f, "a.test", mail)
			mustManage(t, f, "b.test", mail)
		}
		putLimits(t, f, boss, limits)
		return f
	}
	admins := func(domain string, set store.Set) func(f Fixture, w store.Write) error {
		return func(f Fixture, w store.Write) error {
			_, err := f.Accounts.UpdateDomainAdmins(context.Background(), w, domain, set)
			return err
		}
	}
	ways := map[string]func(f Fixture, w store.Write) error{
		"removal":             admins("a.test", store.Set{Remove: []string{boss}}),
		"removal of all":      admins("a.test", store.Set{Replace: &[]string{}}),
		"replacement of all":  admins("a.test", store.Set{Replace: &[]string{}, Add: []string{"anna@a.test"}}),
		"removal beside some": admins("a.test", store.Set{Remove: []string{boss, "nobody@x.test"}, Add: []string{"anna@b.test"}}),
		"deletion of its mailbox": func(f Fixture, w store.Write) error {
			_, err := f.Accounts.DeleteUser(context.Background(), w, boss, 0)
			return err
		},
		"rename of its mailbox": func(f Fixture, w store.Write) error {
			_, err := f.Accounts.RenameUser(context.Background(), w, boss, "other@b.test")
			return err
		},
		"rename of its mailbox into another domain": func(f Fixture, w store.Write) error {
			_, err := f.Accounts.RenameUser(context.Background(), w, boss, "other@a.test")
			return err
		},
		"deletion of the domain of its mailbox": func(f Fixture, w store.Write) error {
			_, err := f.Accounts.DeleteDomain(context.Background(), w, "b.test", 0)
			return err
		},
	}
	for what, limits := range map[string]store.AdminLimits{
		"a creator": creating(1), "the last capped": {Users: 5}, "the last with a cap of quota": {Quota: 5}, "the last with a cap of lists": {Lists: 5},
	} {
		for way, leave := range ways {
			t.Run(what+" by "+way, func(t *testing.T) {
				f := fixture(t, limits)
				same := unchanged(t, f)
				for _, w := range []store.Write{by("anna@a.test"), by(boss)} {
					requireCode(t, leave(f, w), store.Forbidden, store.CodePermissionDenied)
				}
				same()
				require.NoError(t, leave(f, asGlobal))
			})
		}
	}
	for way, leave := range ways {
		t.Run("an equal by "+way, func(t *testing.T) {
			require.NoError(t, leave(fixture(t, store.AdminLimits{}), by("anna@a.test")))
		})
		t.Run("one of two with a cap by "+way, func(t *testing.T) {
			f := fixture(t, store.AdminLimits{Users: 5})
			mustAdmin(t, f, "more@elsewhere.test", store.LimitsUpdate{Users: ptr[int64](7)})
			mustManage(t, f, "a.test", "more@elsewhere.test")
			mustManage(t, f, "b.test", "more@elsewhere.test")
			err := leave(f, by("anna@a.test"))
			if way == "removal of all" || way == "replacement of all" {
				requireCode(t, err, store.Forbidden, store.CodePermissionDenied)
				return
			}
			require.NoError(t, err)
		})
	}
	t.Run("all at once, dropping", func(t *testing.T) {
		f := fixture(t, creating(1))
		w := by("anna@a.test")
		w.OnMissing = store.Drop
		putLimits(t, f, "anna@a.test", creating(1))
		mustManage(t, f, "a.test", "anna@b.test")
		change, err := f.Accounts.UpdateDomainAdmins(ctx(t), w, "a.test", store.Set{Replace: &[]string{}})
		require.NoError(t, err)
		require.Equal(t, []string{"anna@a.test", boss}, change.Discarded)
		require.Equal(t, []string{"anna@a.test", boss}, mustReadDomain(t, f, "a.test").Admins)
	})
	t.Run("a race of two with a cap", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustUser(t, f, "anna@a.test")
		mustManage(t, f, "a.test", "anna@a.test")
		for i := range racers {
			mail := fmt.Sprintf("u%d@a.test", i)
			mustUser(t, f, mail)
			mustManage(t, f, "a.test", mail)
			putLimits(t, f, mail, store.AdminLimits{Aliases: 5})
		}
		left := raceForbidden(t, func(i int) error {
			mail := fmt.Sprintf("u%d@a.test", i)
			if i%2 == 0 {
				_, err := f.Accounts.DeleteUser(context.Background(), by("anna@a.test"), mail, 0)
				return err
			}
			_, err := f.Accounts.UpdateDomainAdmins(context.Background(), by("anna@a.test"), "a.test", store.Set{Remove: []string{mail}})
			return err
		})
		require.Equal(t, racers-1, left)
		require.Len(t, mustReadDomain(t, f, "a.test").Admins, 2)
	})
}

// raceForbidden is race where the others are forbidden.
func raceForbidden(t *testing.T, try func(i int) error) int {
	t.Helper()
	refused := make([]bool, racers)
	made := race(t, "", func(_ context.Context, i int) error {
		err := try(i)
		if refused[i] = store.HasCode(err, store.CodePermissionDenied); refused[i] {
			return nil
		}
		return err
	})
	for _, r := range refused {
		if r {
			made--
		}
	}
	return made
}

// extensions proves that x+y@d cannot be taken while x@d is somebody above, and that what follows a list's address never can.
func extensions(t *testing.T, open Open) {
	f := open(t)
	mustDomain(t, f, "a.test")
	mustUpdateDomain(t, f, "a.test", store.DomainUpdate{AliasDomains: adding("also.test")})
	for _, mail := range []string{"admin@a.test", "boss@a.test", "plain@a.test", "mine@a.test"} {
		mustUser(t, f, mail)
	}
	mustAlias(t, f, "group@a.test", "plain@a.test")
	mustUpdateUser(t, f, "boss@a.test", store.UserUpdate{Global: ptr(true), Aliases: adding("chief@a.test")})
	mustManage(t, f, "a.test", "admin@a.test")
	_, err := f.Accounts.CreateMailingListAccount(ctx(t), asGlobal, store.MailingListAccountCreate{Mail: "list@a.test", Active: true, ExtraAddresses: []string{"alsolist@a.test"}})
	require.NoError(t, err)
	ways := map[string]func(w store.Write, mail string) (store.Change, error){
		"an alias account": func(w store.Write, mail string) (store.Change, error) {
			return f.Accounts.CreateAlias(context.Background(), w, store.AliasCreate{Mail: mail, Active: true})
		},
		"a mailbox": func(w store.Write, mail string) (store.Change, error) {
			return f.Accounts.CreateUser(context.Background(), w, store.UserCreate{Mail: mail, Password: aHash, Active: true})
		},
		"the new name of an alias account": func(w store.Write, mail string) (store.Change, error) {
			return f.Accounts.RenameAlias(context.Background(), w, "group@a.test", mail)
		},
		"the new name of a mailbox": func(w store.Write, mail string) (store.Change, error) {
			return f.Accounts.RenameUser(context.Background(), w, "plain@a.test", mail)
		},
		"a further address": func(w store.Write, mail string) (store.Change, error) {
			return f.Accounts.UpdateUser(context.Background(), w, "mine@a.test", store.UserUpdate{Aliases: adding(mail)})
		},
		"a further address of a list": func(w store.Write, mail string) (store.Change, error) {
			return f.Accounts.UpdateMailingListAccount(context.Background(), w, "list@a.test", store.MailingListAccountUpdate{ExtraAddresses: &[]string{mail}})
		},
	}
	dry := func(w store.Write) store.Write { w.DryRun = true; return w }
	for way, take := range ways {
		for _, c := range []struct {
			mail          string
			admin, global bool // refused
		}{
			{"boss+x@a.test", true, false}, {"chief+x@a.test", true, false}, {"boss+x+y@a.test", true, false},
			{"plain+x@a.test", false, false}, {"nobody+x@a.test", false, false}, {"boss-x@a.test", false, false},
			{"admin+x@a.test", false, false},
			{"list+subscribe@a.test", true, true}, {"alsolist+help@a.test", true, true}, {"group+x@a.test", false, false},
		} {
			t.Run(way+": "+c.mail, func(t *testing.T) {
				_, err := take(dry(by("admin@a.test")), c.mail)
				requireRefused(t, c.admin, err)
				_, err = take(dry(asGlobal), c.mail)
				requireRefused(t, c.global, err)
			})
		}
	}
	t.Run("under an alias domain", func(t *testing.T) {
		for mail, refused := range map[string]bool{"boss+x@also.test": true, "list+help@also.test": true, "plain+x@also.test": false} {
			_, err := ways["a further address"](dry(by("admin@a.test")), mail)
			requireRefused(t, refused, err)
		}
	})
	t.Run("is discarded where the rule is to drop", func(t *testing.T) {
		w := by("admin@a.test")
		w.OnMissing = store.Drop
		change, err := f.Accounts.UpdateUser(ctx(t), w, "mine@a.test", store.UserUpdate{Aliases: adding("boss+x@a.test", "fine@a.test")})
		require.NoError(t, err)
		require.Equal(t, []string{"boss+x@a.test"}, change.Discarded)
		require.Equal(t, []string{"fine@a.test"}, mustReadUser(t, f, "mine@a.test").Aliases)
	})
}

func requireRefused(t *testing.T, refused bool, err error) {
	t.Helper()
	if refused {
		requireCode(t, err, store.Forbidden, store.CodePermissionDenied)
		return
	}
	require.NoError(t, err)
}
