package storetest

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

func userStatus(t *testing.T, open Open) {
	t.Run("disable and enable", func(t *testing.T) {
		f := withUser(t, open)
		mustUser(t, f, "bob@a.test")
		mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{
			Forwarding: adding("x@elsewhere.test"), Aliases: adding("anna@a.test"),
		})
		change := mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{Active: ptr(false)})
		require.Equal(t, store.ActionDisable, change.Action)
		require.True(t, change.EndsSessions)
		require.True(t, change.Lasting)
		requireMailbox(t, f, "ann@a.test", "active", int64(0))
		requireColumn(t, f, []any{"bob@a.test"}, "SELECT address FROM forwardings WHERE active = 1 ORDER BY address")

		change = mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{Active: ptr(true)})
		require.Equal(t, store.ActionEnable, change.Action)
		require.False(t, change.EndsSessions)
		require.False(t, change.Lasting)
		requireMailbox(t, f, "ann@a.test", "active", int64(1))
		requireNoRows(t, f, "SELECT address FROM forwardings WHERE active = 0")
	})
	for name, set := range map[string]func(t *testing.T, f Fixture, active bool){
		"alone": func(t *testing.T, f Fixture, active bool) {
			mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{Active: &active})
		},
		"with all of its domain": func(t *testing.T, f Fixture, active bool) {
			_, err := f.Accounts.UpdateUsers(ctx(t), asGlobal, "a.test", store.UsersUpdate{Active: &active})
			require.NoError(t, err)
		},
	} {
		t.Run("what it has is off with it, "+name, func(t *testing.T) {
			f := withUser(t, open)
			rowsOfAnn(t, f)
			set(t, f, false)
			requireRowsOfAnn(t, f, nil)
			set(t, f, false)
			mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{SenderBcc: ptr("t@elsewhere.test")})
			requireRowsOfAnn(t, f, nil)
			set(t, f, true)
			requireRowsOfAnn(t, f, []string{"ann@a.test", "anna@a.test", "x+;,:%@elsewhere.test", "r@elsewhere.test", "t@elsewhere.test"})
		})
		t.Run("what was off stays off, "+name, func(t *testing.T) {
			f := withUser(t, open)
			rowsOfAnn(t, f)
			if f.Directory != nil {
				return // nothing is switched off by itself
			}
			for _, query := range []string{
				"UPDATE forwardings SET active = 0 WHERE address = 'anna@a.test' OR forwarding LIKE 'x+%'",
				"UPDATE sender_bcc_user SET active = 0 WHERE username = 'ann@a.test'",
			} {
				exec(t, f, query)
			}
			left := []string{"ann@a.test", "r@elsewhere.test"}
			set(t, f, true)
			requireRowsOfAnn(t, f, left)
			for range 2 {
				set(t, f, false)
				set(t, f, false)
				requireRowsOfAnn(t, f, nil)
				set(t, f, true)
				requireRowsOfAnn(t, f, left)
			}
			require.Empty(t, mustReadUser(t, f, "ann@a.test").Settings)
			exec(t, f, "UPDATE mailbox SET active = 0")
			exec(t, f, "UPDATE forwardings SET active = 0")
			set(t, f, true)
			requireRowsOfAnn(t, f, []string{"ann@a.test", "anna@a.test", "x+;,:%@elsewhere.test", "s@elsewhere.test", "r@elsewhere.test"})
		})
	}
	t.Run("what was off is on once it is given anew", func(t *testing.T) {
		f := withUser(t, open)
		rowsOfAnn(t, f)
		if f.Directory != nil {
			return // all hangs on the status of the entry
		}
		mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{Forwarding: adding("z@elsewhere.test", "w@elsewhere.test")})
		all := []string{
			"ann@a.test", "x+;,:%@elsewhere.test", "z@elsewhere.test", "w@elsewhere.test", "anna@a.test", "s@elsewhere.test", "r@elsewhere.test",
		}
		off := func() {
			exec(t, f, "UPDATE forwardings SET active = 0 WHERE forwarding IN ('z@elsewhere.test', 'w@elsewhere.test')")
			exec(t, f, "UPDATE forwardings SET active = 0 WHERE address = 'anna@a.test'")
			exec(t, f, "UPDATE sender_bcc_user SET active = 0 WHERE username = 'ann@a.test'")
		}
		given := store.UserUpdate{
			Forwarding: adding("z@elsewhere.test"), Aliases: adding("anna@a.test"), SenderBcc: ptr("s@elsewhere.test"),
		}
		but := func(name string) []string {
			return slices.DeleteFunc(slices.Clone(all), func(n string) bool { return n == name })
		}
		again := func() { // who gets blind copies is a value, which counts as not given where it is the one that is stored
			mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{SenderBcc: ptr("")})
			mustUpdateUser(t, f, "ann@a.test", given)
		}
		off()
		mustUpdateUser(t, f, "ann@a.test", given)
		requireRowsOfAnn(t, f, slices.DeleteFunc(but("w@elsewhere.test"), func(n string) bool { return n == "s@elsewhere.test" }))
		again()
		requireRowsOfAnn(t, f, but("w@elsewhere.test"))

		off() // while it is switched off
		mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{Active: ptr(false)})
		again()
		requireRowsOfAnn(t, f, []string{})
		mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{Active: ptr(true)})
		requireRowsOfAnn(t, f, but("w@elsewhere.test"))

		off() // taken out and in again
		mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{Active: ptr(false)})
		for _, change := range []store.Set{{Remove: []string{"z@elsewhere.test"}}, {Replace: &[]string{"ann@a.test", "x+;,:%@elsewhere.test"}}} {
			mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{Forwarding: change})
		}
		mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{Forwarding: adding("w@elsewhere.test", "z@elsewhere.test"), Active: ptr(true)})
		requireRowsOfAnn(t, f, slices.DeleteFunc(slices.Clone(all), func(n string) bool {
			return n == "anna@a.test" || n == "s@elsewhere.test"
		}))

		mustAlias(t, f, "team@a.test", "ann@a.test", "m@elsewhere.test")
		exec(t, f, "UPDATE forwardings SET active = 0 WHERE address = 'team@a.test'")
		_, err := f.Accounts.UpdateAlias(ctx(t), asGlobal, "team@a.test", store.AliasUpdate{Members: adding("m@elsewhere.test")})
		require.NoError(t, err)
		requireColumn(t, f, []any{"m@elsewhere.test"}, "SELECT forwarding FROM forwardings WHERE address = 'team@a.test' AND active = 1")
	})
	t.Run("already so", func(t *testing.T) {
		f := withUser(t, open)
		change := mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{Active: ptr(true)})
		require.Equal(t, store.ActionUpdate, change.Action)
		require.False(t, change.Lasting)
	})
	t.Run("memberships are the alias accounts' own", func(t *testing.T) {
		f := withUser(t, open)
		mustAlias(t, f, "team@a.test", "ann@a.test")
		mustAlias(t, f, "idle@a.test", "ann@a.test")
		_, err := f.Accounts.UpdateAlias(ctx(t), asGlobal, "idle@a.test", store.AliasUpdate{Active: ptr(false)})
		require.NoError(t, err)
		mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{Active: ptr(false)})
		requireCell(t, f, int64(1), "SELECT active FROM forwardings WHERE address = 'team@a.test'")
		mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{Active: ptr(true)})
		requireCell(t, f, int64(0), "SELECT active FROM forwardings WHERE address = 'idle@a.test'")
	})
	t.Run("new forwards of a disabled user are disabled", func(t *testing.T) {
		f := withDomain(t, open)
		mustDisabledUser(t, f, "ann@a.test")
		mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{
			Forwarding: adding("x@elsewhere.test"), Aliases: adding("anna@a.test"),
		})
		requireNoRows(t, f, "SELECT address FROM forwardings WHERE active = 1")
	})
}

// rowsOfAnn gives the mailbox one of everything that is switched with it, and another mailbox what is not.
func rowsOfAnn(t *testing.T, f Fixture) {
	t.Helper()
	mustDomain(t, f, "b.test")
	mustUser(t, f, "bo@b.test")
	mustUpdateUser(t, f, "bo@b.test", store.UserUpdate{SenderBcc: ptr("b@elsewhere.test")})
	mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{
		Forwarding: adding("y@elsewhere.test"), Aliases: adding("anna@a.test"),
		SenderBcc: ptr("s@elsewhere.test"), RecipientBcc: ptr("r@elsewhere.test"),
	})
	if f.Directory == nil { // what another program lets through
		exec(t, f, "UPDATE forwardings SET forwarding = 'x+;,:%@elsewhere.test' WHERE forwarding = 'y@elsewhere.test'")
	}
}

// requireRowsOfAnn asserts which of them are on.
func requireRowsOfAnn(t *testing.T, f Fixture, want []string) {
	t.Helper()
	if f.Directory != nil {
		return // all hangs on the status of the entry
	}
	on := []string{}
	for _, query := range []string{
		"SELECT forwarding AS v FROM forwardings WHERE address = 'ann@a.test' AND active = 1",
		"SELECT address AS v FROM forwardings WHERE forwarding = 'ann@a.test' AND is_alias = 1 AND active = 1",
		"SELECT bcc_address AS v FROM sender_bcc_user WHERE username = 'ann@a.test' AND active = 1",
		"SELECT bcc_address AS v FROM recipient_bcc_user WHERE username = 'ann@a.test' AND active = 1",
	} {
		for _, r := range rows(t, f, query) {
			on = append(on, r.Get("v").(string))
		}
	}
	require.ElementsMatch(t, want, on)
	requireCell(t, f, int64(1), "SELECT active FROM sender_bcc_user WHERE username = 'bo@b.test'")
}

func userGlobal(t *testing.T, open Open) {
	t.Run("grant and revoke", func(t *testing.T) {
		f := withUser(t, open)
		mustGlobalAdmin(t, f, "root@elsewhere.test")
		mustManage(t, f, "a.test", "ann@a.test")
		change := mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{Global: ptr(true)})
		require.Equal(t, store.ActionGrant, change.Action)
		require.Equal(t, []string{"ALL"}, mustReadUser(t, f, "ann@a.test").Domains)
		requireMailbox(t, f, "ann@a.test", "isglobaladmin", int64(1))
		requireColumn(t, f, []any{"a.test", "ALL"},
			"SELECT domain FROM domain_admins WHERE username = 'ann@a.test' ORDER BY LOWER(domain)")
		who, err := f.Accounts.Identity(ctx(t), "ann@a.test")
		require.NoError(t, err)
		require.True(t, who.Global)

		change = mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{Global: ptr(false)})
		require.Equal(t, store.ActionRevoke, change.Action)
		require.Equal(t, []string{"a.test"}, mustReadUser(t, f, "ann@a.test").Domains)
		requireMailbox(t, f, "ann@a.test", "isglobaladmin", int64(0))
		requireColumn(t, f, []any{"a.test"}, "SELECT domain FROM domain_admins WHERE username = 'ann@a.test'")
	})
	t.Run("twice is once", func(t *testing.T) {
		f := withUser(t, open)
		mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{Global: ptr(true)})
		change := mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{Global: ptr(true)})
		require.Equal(t, store.ActionUpdate, change.Action)
		requireColumn(t, f, []any{"ann@a.test"}, "SELECT username FROM domain_admins")
	})
	for name, remove := range map[string]func(t *testing.T, f Fixture) error{
		"revoke": func(t *testing.T, f Fixture) error {
			_, err := f.Accounts.UpdateUser(ctx(t), asGlobal, "ann@a.test", store.UserUpdate{Global: ptr(false)})
			return err
		},
		"disable": func(t *testing.T, f Fixture) error {
			_, err := f.Accounts.UpdateUser(ctx(t), asGlobal, "ann@a.test", store.UserUpdate{Active: ptr(false)})
			return err
		},
		"disable all": func(t *testing.T, f Fixture) error {
			_, err := f.Accounts.UpdateUsers(ctx(t), asGlobal, "a.test", store.UsersUpdate{Active: ptr(false)})
			return err
		},
		"delete": func(t *testing.T, f Fixture) error {
			_, err := f.Accounts.DeleteUser(ctx(t), asGlobal, "ann@a.test", 0)
			return err
		},
	} {
		t.Run("last one cannot go: "+name, func(t *testing.T) {
			f := withUser(t, open)
			mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{Global: ptr(true)})
			mustDisabledUser(t, f, "off@a.test")
			mustUpdateUser(t, f, "off@a.test", store.UserUpdate{Global: ptr(true)})
			same := unchanged(t, f)
			requireCode(t, remove(t, f), store.Conflict, store.CodeLastGlobalAdmin)
			same()
			mustGlobalAdmin(t, f, "root@elsewhere.test")
			require.NoError(t, remove(t, f))
		})
	}
	t.Run("others go while there is none", func(t *testing.T) {
		f := withUser(t, open)
		_, err := f.Accounts.UpdateUsers(ctx(t), asGlobal, "a.test", store.UsersUpdate{Active: ptr(false)})
		require.NoError(t, err)
		_, err = f.Accounts.DeleteUser(ctx(t), asGlobal, "ann@a.test", 0)
		require.NoError(t, err)
	})
}
