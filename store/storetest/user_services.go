package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

func userServices(t *testing.T, open Open) {
	setAs := func(t *testing.T, f Fixture, w store.Write, s store.Set) error {
		t.Helper()
		_, err := f.Accounts.UpdateUser(ctx(t), w, "ann@a.test", store.UserUpdate{Services: s})
		return err
	}
	set := func(t *testing.T, f Fixture, s store.Set) error { t.Helper(); return setAs(t, f, asGlobal, s) }
	for name, c := range map[string]struct {
		sets []store.Set
		want map[string]any
	}{
		"replace switches the others off": {
			[]store.Set{replacing("imap", "sogo", "sogocalendar")},
			map[string]any{
				"enableimap": int64(1), "enablesogo": int64(1), "enablesogocalendar": "y", "enableimapsecured": int64(0),
				"enablesmtp": int64(0), "enabledeliver": int64(0), "enablelmtp": int64(0), "enablelda": int64(0),
				"enablesogowebmail": "n", "enablesieve": int64(0), "enablemanagesieve": int64(0),
			},
		},
		"replace leaves what Dovecot needs inside": {
			[]store.Set{replacing()},
			map[string]any{
				"enableimap": int64(0), "enablesogoactivesync": "n", "enableinternal": int64(1), "enabledoveadm": int64(1),
				"enablelib-storage": int64(1), "enablequota-status": int64(1), "enabledsync": int64(1),
			},
		},
		"remove": {
			[]store.Set{removing("pop3", "sogowebmail")},
			map[string]any{"enablepop3": int64(0), "enablesogowebmail": "n", "enableimap": int64(1), "enablepop3secured": int64(1)},
		},
		"add": {
			[]store.Set{replacing(), adding("imap", "sogowebmail")},
			map[string]any{"enableimap": int64(1), "enablesogowebmail": "y", "enablesmtp": int64(0)},
		},
		"mirrors": {
			[]store.Set{removing("managesieve", "managesievesecured", "deliver")},
			map[string]any{
				"enablemanagesieve": int64(0), "enablesieve": int64(0), "enablemanagesievesecured": int64(0),
				"enablesievesecured": int64(0), "enablesievetls": int64(0), "enabledeliver": int64(0), "enablelda": int64(0),
				"enablelmtp": int64(0),
			},
		},
		"inner ones by name": {
			[]store.Set{removing("doveadm", "lib-storage")},
			map[string]any{"enabledoveadm": int64(0), "enablelib-storage": int64(0), "enableimap": int64(1)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := withUser(t, open)
			for _, s := range c.sets {
				require.NoError(t, set(t, f, s))
			}
			stored := mustReadUser(t, f, "ann@a.test").Stored
			for column, want := range c.want {
				requireRecord(t, f, stored, "ann@a.test", column, want)
			}
		})
	}
	t.Run("names of a directory alone", func(t *testing.T) {
		f := withUser(t, open)
		lenient := store.Write{Actor: asGlobal.Actor, OnMissing: store.Drop}
		for _, s := range []store.Set{
			replacing("imap", "mail", "forward"), adding("smtptls", "senderbcc"), removing("recipientbcc", "managesievetls"),
		} {
			require.NoError(t, setAs(t, f, lenient, s))
		}
		stored := mustReadUser(t, f, "ann@a.test").Stored
		requireRecord(t, f, stored, "ann@a.test", "enableimap", int64(1))
		requireRecord(t, f, stored, "ann@a.test", "enablesmtp", int64(0))
	})
	for name, s := range map[string]store.Set{
		"replace": replacing("imap", "teleport"), "add": adding("teleport"), "remove": removing("teleport"),
		"replace by those of a directory": replacing("smtptls", "mail"), "add that of a directory": adding("senderbcc"),
	} {
		t.Run(name+" with an unknown one", func(t *testing.T) {
			f := withUser(t, open)
			needSQL(t, f)
			same := unchanged(t, f)
			requireCode(t, set(t, f, s), store.Invalid, store.CodeInvalidService)
			same()
		})
	}
}

func updateUsers(t *testing.T, open Open) {
	all := func(t *testing.T, f Fixture, w store.Write, u store.UsersUpdate) (store.Change, error) {
		t.Helper()
		return f.Accounts.UpdateUsers(ctx(t), w, "a.test", u)
	}
	prepared := func(t *testing.T) Fixture {
		t.Helper()
		f := withUser(t, open)
		mustUser(t, f, "bob@a.test")
		mustDomain(t, f, "b.test")
		mustUser(t, f, "eve@b.test")
		mustAlias(t, f, "team@a.test", "ann@a.test")
		mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{Aliases: adding("anna@a.test")})
		return f
	}
	t.Run("language, transport and password", func(t *testing.T) {
		f := prepared(t)
		change, err := all(t, f, asGlobal, store.UsersUpdate{
			Language: ptr("de_DE"), Transport: ptr("smtp:[192.0.2.1]"), Password: ptr(store.Secret("{SSHA}all")),
		})
		require.NoError(t, err)
		require.Equal(t, store.ActionUpdate, change.Action)
		require.Equal(t, "a.test", change.Name)
		require.True(t, change.EndsSessions)
		require.False(t, change.Lasting)
		shown, err := change.After.MarshalJSON()
		require.NoError(t, err)
		require.NotContains(t, string(shown), "SSHA")
		for _, mail := range []string{"ann@a.test", "bob@a.test"} {
			requireMailbox(t, f, mail, "language", "de_DE")
			requireMailbox(t, f, mail, "transport", "smtp:[192.0.2.1]")
			require.Equal(t, store.Secret("{SSHA}all"), mustReadUser(t, f, mail).Password)
		}
		require.Equal(t, aHash, mustReadUser(t, f, "eve@b.test").Password)
		requireMailbox(t, f, "eve@b.test", "language", "")
	})
	t.Run("what is so already", func(t *testing.T) {
		f := prepared(t)
		mustUpdateUser(t, f, "bob@a.test", store.UserUpdate{Language: ptr("de_DE"), Transport: ptr("dovecot")})
		ann := mustReadUser(t, f, "ann@a.test")
		for _, u := range []store.UsersUpdate{{}, {Active: ptr(true)}, {Language: ptr("de_DE"), Transport: ptr("dovecot")}} {
			change, err := all(t, f, asGlobal, u)
			require.NoError(t, err)
			require.Equal(t, u.Language == nil, change.Nothing, "bob has these, ann does not")
		}
		require.Equal(t, "de_DE", mustReadUser(t, f, "ann@a.test").Language)
		require.Empty(t, ann.Language)
		for _, active := range []bool{true, false} {
			_, err := all(t, f, asGlobal, store.UsersUpdate{Active: &active})
			require.NoError(t, err)
			same := untouched(t, f)
			change, err := all(t, f, asGlobal, store.UsersUpdate{Active: &active, Language: ptr("de_DE"), Transport: ptr("dovecot")})
			require.NoError(t, err)
			require.True(t, change.Nothing)
			require.False(t, change.Lasting || change.EndsSessions)
			same()
		}
		change, err := all(t, f, asGlobal, store.UsersUpdate{Password: ptr(aHash)})
		require.NoError(t, err)
		require.False(t, change.Nothing)
	})
	t.Run("disable and enable", func(t *testing.T) {
		f := prepared(t)
		change, err := all(t, f, asGlobal, store.UsersUpdate{Active: ptr(false)})
		require.NoError(t, err)
		require.Equal(t, store.ActionDisable, change.Action)
		require.True(t, change.EndsSessions)
		require.True(t, change.Lasting)
		requireColumn(t, f, []any{"eve@b.test"}, "SELECT username FROM mailbox WHERE active = 1")
		requireColumn(t, f, []any{"eve@b.test", "team@a.test"}, "SELECT address FROM forwardings WHERE active = 1 ORDER BY address")
		change, err = all(t, f, asGlobal, store.UsersUpdate{Active: ptr(true)})
		require.NoError(t, err)
		require.Equal(t, store.ActionEnable, change.Action)
		require.False(t, change.EndsSessions)
		requireNoRows(t, f, "SELECT address FROM forwardings WHERE active = 0")
		requireNoRows(t, f, "SELECT username FROM mailbox WHERE active = 0")
	})
	t.Run("spares who outranks the admin", func(t *testing.T) {
		f := prepared(t)
		mustUser(t, f, "root@a.test")
		mustUpdateUser(t, f, "root@a.test", store.UserUpdate{Global: ptr(true), Aliases: adding("r@a.test")})
		mustManage(t, f, "b.test", "bob@a.test")
		mustManage(t, f, "a.test", "ann@a.test")
		w := cappedAdmin(t, f, store.LimitsUpdate{}, "a.test")
		change, err := all(t, f, w, store.UsersUpdate{Active: ptr(false), Password: ptr(store.Secret("{SSHA}all"))})
		require.NoError(t, err)
		require.Equal(t, []string{"bob@a.test", "root@a.test"}, change.Discarded)
		for mail, want := range map[string]store.Secret{"ann@a.test": "{SSHA}all", "bob@a.test": aHash, "root@a.test": aHash} {
			require.Equal(t, want, mustReadUser(t, f, mail).Password)
		}
		requireColumn(t, f, []any{"bob@a.test", "r@a.test", "root@a.test"},
			"SELECT address FROM forwardings WHERE active = 1 AND domain = 'a.test' AND is_list = 0 ORDER BY address")
	})
	t.Run("unknown domain", func(t *testing.T) {
		f := open(t)
		_, err := all(t, f, asGlobal, store.UsersUpdate{Language: ptr("de_DE")})
		requireCode(t, err, store.NotFound, store.CodeNoSuchDomain)
	})
	t.Run("bad values", func(t *testing.T) {
		f := prepared(t)
		same := unchanged(t, f)
		_, err := all(t, f, asGlobal, store.UsersUpdate{Language: ptr("german")})
		requireCode(t, err, store.Invalid, store.CodeInvalidLanguage)
		_, err = all(t, f, asGlobal, store.UsersUpdate{Transport: ptr("a b")})
		requireCode(t, err, store.Invalid, store.CodeInvalidTransport)
		same()
	})
	t.Run("dry run writes nothing", func(t *testing.T) {
		f := prepared(t)
		same := unchanged(t, f)
		w := asGlobal
		w.DryRun = true
		change, err := all(t, f, w, store.UsersUpdate{Active: ptr(false)})
		require.NoError(t, err)
		require.Equal(t, store.ActionDisable, change.Action)
		same()
	})
	t.Run("whole or absent", func(t *testing.T) {
		f := prepared(t)
		same := unchanged(t, f)
		mend := f.Break(t, "forwardings")
		_, err := all(t, f, asGlobal, store.UsersUpdate{Active: ptr(false)})
		require.Error(t, err)
		mend()
		same()
	})
}
