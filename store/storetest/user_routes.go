package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// forwardings reads where mail to a mailbox goes.
func forwardings(t *testing.T, f Fixture, mail string) []string {
	t.Helper()
	return mustReadUser(t, f, mail).Forwardings
}

func userForwarding(t *testing.T, open Open) {
	const ann, x, y = "ann@a.test", "x@elsewhere.test", "y@elsewhere.test"
	for name, c := range map[string]struct {
		first, then store.Set
		want        []string
	}{
		"add keeps the copy":          {then: adding(y, x), want: []string{ann, x, y}},
		"add what is there":           {first: adding(x), then: adding(x, x), want: []string{ann, x}},
		"replace drops the copy":      {then: replacing(x), want: []string{x}},
		"replace with the copy":       {first: adding(x), then: replacing(y, ann, y), want: []string{ann, y}},
		"clear keeps the copy":        {first: replacing(x, y), then: replacing(), want: []string{ann}},
		"remove":                      {first: adding(x, y), then: removing(x, "no@elsewhere.test"), want: []string{ann, y}},
		"remove the copy":             {first: adding(x), then: removing(ann), want: []string{x}},
		"remove the last":             {first: replacing(x), then: removing(x), want: []string{ann}},
		"remove everything":           {first: adding(x), then: removing(x, ann), want: []string{ann}},
		"remove the copy and nothing": {then: removing(ann), want: []string{ann}},
		"add and remove": {
			first: adding(x), then: store.Set{Add: []string{y}, Remove: []string{x}}, want: []string{ann, y},
		},
		"extension of another's domain": {then: adding("x+tag@elsewhere.test"), want: []string{ann, "x+tag@elsewhere.test"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := withUser(t, open)
			mustUpdateUser(t, f, ann, store.UserUpdate{Forwarding: c.first})
			change := mustUpdateUser(t, f, ann, store.UserUpdate{Forwarding: c.then})
			require.Empty(t, change.Discarded)
			require.Equal(t, c.want, forwardings(t, f, ann))
			requireNoRows(t, f, "SELECT address FROM forwardings WHERE is_forwarding = 0 OR active = 0 OR domain <> 'a.test'"+
				" OR dest_domain = ''")
		})
	}
	t.Run("rows name both domains", func(t *testing.T) {
		f := withUser(t, open)
		mustUpdateUser(t, f, ann, store.UserUpdate{Forwarding: adding(x)})
		requireCell(t, f, "elsewhere.test", "SELECT dest_domain FROM forwardings WHERE forwarding = 'x@elsewhere.test'")
		requireCell(t, f, "a.test", "SELECT domain FROM forwardings WHERE forwarding = 'x@elsewhere.test'")
	})
	t.Run("more than fit into one statement", func(t *testing.T) {
		f := withUser(t, open)
		many := manyAddresses(1100)
		mustUpdateUser(t, f, ann, store.UserUpdate{Forwarding: store.Set{Replace: &many}})
		require.Len(t, forwardings(t, f, ann), 1100)
		mustUpdateUser(t, f, ann, store.UserUpdate{Forwarding: replacing()})
		require.Equal(t, []string{ann}, forwardings(t, f, ann))
	})
	t.Run("a row of another sort in the way", func(t *testing.T) {
		f := withUser(t, open)
		needSQL(t, f)
		exec(t, f, "INSERT INTO forwardings (address, forwarding, domain) VALUES ('ann@a.test', 'x@elsewhere.test', 'a.test')")
		mustUpdateUser(t, f, ann, store.UserUpdate{Forwarding: adding(x)})
		require.Equal(t, []string{ann, x}, forwardings(t, f, ann))
	})
}

func userForwardingMissing(t *testing.T, open Open) {
	const ann, gone, x = "ann@a.test", "gone@a.test", "x@elsewhere.test"
	prepared := func(t *testing.T) Fixture {
		t.Helper()
		f := withUser(t, open)
		mustUser(t, f, "bob@a.test")
		mustAlias(t, f, "team@a.test")
		mustUpdateUser(t, f, "bob@a.test", store.UserUpdate{Aliases: adding("bobby@a.test")})
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{AliasDomains: adding("alias.test")})
		return f
	}
	for _, mail := range []string{
		"bob@a.test", "bob+tag@a.test", "team@a.test", "bobby@a.test", "bob@alias.test", "bobby@alias.test", "bob+tag@alias.test",
	} {
		t.Run("there is "+mail, func(t *testing.T) {
			f := prepared(t)
			_, err := f.Accounts.UpdateUser(ctx(t), refusing, ann, store.UserUpdate{Forwarding: adding(mail)})
			require.NoError(t, err)
			require.Equal(t, []string{ann, mail}, forwardings(t, f, ann))
		})
	}
	for _, mail := range []string{gone, "gone+tag@a.test", "gone@alias.test"} {
		t.Run("refuses "+mail, func(t *testing.T) {
			f := prepared(t)
			same := unchanged(t, f)
			_, err := f.Accounts.UpdateUser(ctx(t), refusing, ann, store.UserUpdate{
				Name: ptr("Ann"), Forwarding: adding(x, mail),
			})
			requireCode(t, err, store.Unprocessable, store.CodeNoSuchAccount)
			var e *store.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, "addForwarding", e.Field)
			same()
		})
		t.Run("drops "+mail, func(t *testing.T) {
			f := prepared(t)
			change, err := f.Accounts.UpdateUser(ctx(t), dropping, ann, store.UserUpdate{
				Forwarding: replacing(x, mail),
			})
			require.NoError(t, err)
			require.Equal(t, []string{mail}, change.Discarded)
			require.Equal(t, []string{x}, forwardings(t, f, ann))
		})
	}
	t.Run("under a domain that is switched off", func(t *testing.T) {
		f := prepared(t)
		mustDomain(t, f, "b.test")
		mustUser(t, f, "ben@b.test")
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{Active: ptr(false)})
		for _, mail := range []string{gone, "gone@alias.test"} {
			_, err := f.Accounts.UpdateUser(ctx(t), refusing, ann, store.UserUpdate{Forwarding: adding(mail)})
			requireCode(t, err, store.Unprocessable, store.CodeNoSuchAccount)
			_, err = f.Accounts.UpdateUser(ctx(t), refusing, "ben@b.test", store.UserUpdate{Forwarding: adding(mail)})
			require.NoError(t, err, "it hosts nothing for others")
		}
		_, err := f.Accounts.UpdateUser(ctx(t), refusing, ann, store.UserUpdate{Forwarding: adding("bob@alias.test")})
		require.NoError(t, err)
	})
	t.Run("nothing left after dropping", func(t *testing.T) {
		f := prepared(t)
		mustUpdateUser(t, f, ann, store.UserUpdate{Forwarding: replacing(x)})
		same := unchanged(t, f)
		_, err := f.Accounts.UpdateUser(ctx(t), dropping, ann, store.UserUpdate{Forwarding: replacing(gone)})
		requireCode(t, err, store.Unprocessable, store.CodeNoSuchAccount)
		same()
		_, err = f.Accounts.UpdateUser(ctx(t), dropping, ann, store.UserUpdate{Forwarding: replacing()})
		require.NoError(t, err)
		require.Equal(t, []string{ann}, forwardings(t, f, ann), "what is sent empty clears")
	})
	t.Run("what does not exist can be removed", func(t *testing.T) {
		f := prepared(t)
		if f.Directory != nil {
			f.Directory.Put(t, f.Directory.UserDN(ann), "mailForwardingAddress", ann, gone)
		} else {
			exec(t, f, "INSERT INTO forwardings (address, forwarding, domain, dest_domain, is_forwarding)"+
				" VALUES ('ann@a.test', 'gone@a.test', 'a.test', 'a.test', 1)")
		}
		mustUpdateUser(t, f, ann, store.UserUpdate{Forwarding: removing(gone)})
		require.Equal(t, []string{ann}, forwardings(t, f, ann))
	})
}

func userAliases(t *testing.T, open Open) {
	const ann = "ann@a.test"
	set := func(t *testing.T, f Fixture, w store.Write, s store.Set) (store.Change, error) {
		t.Helper()
		return f.Accounts.UpdateUser(ctx(t), w, ann, store.UserUpdate{Aliases: s})
	}
	t.Run("add, replace, remove, clear", func(t *testing.T) {
		f := withUser(t, open)
		for _, step := range []struct {
			set  store.Set
			want []string
		}{
			{adding("z@a.test", "b@a.test", "b@a.test"), []string{"b@a.test", "z@a.test"}},
			{adding("z@a.test"), []string{"b@a.test", "z@a.test"}},
			{replacing("z@a.test", "c@a.test"), []string{"c@a.test", "z@a.test"}},
			{removing("z@a.test", "no@a.test"), []string{"c@a.test"}},
			{replacing(), []string{}},
		} {
			change, err := set(t, f, refusing, step.set)
			require.NoError(t, err)
			require.Empty(t, change.Discarded)
			require.Equal(t, step.want, mustReadUser(t, f, ann).Aliases)
			require.Equal(t, []string{ann}, forwardings(t, f, ann))
		}
	})
	t.Run("under an alias domain its row is in the primary one", func(t *testing.T) {
		f := withUser(t, open)
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{AliasDomains: adding("alias.test")})
		_, err := set(t, f, refusing, adding("info@alias.test"))
		require.NoError(t, err)
		require.Equal(t, []string{"info@alias.test"}, mustReadUser(t, f, ann).Aliases)
		requireCell(t, f, "a.test", "SELECT domain FROM forwardings WHERE address = 'info@alias.test' AND is_alias = 1")
		requireCell(t, f, "a.test", "SELECT dest_domain FROM forwardings WHERE address = 'info@alias.test'")
	})
	for _, mail := range []string{"x@elsewhere.test", "x@b.test", "x@alias-of-b.test"} {
		t.Run("not in its domain: "+mail, func(t *testing.T) {
			f := withUser(t, open)
			mustDomain(t, f, "b.test")
			mustUpdateDomain(t, f, "b.test", store.DomainUpdate{AliasDomains: adding("alias-of-b.test")})
			same := unchanged(t, f)
			_, err := set(t, f, refusing, adding(mail))
			requireCode(t, err, store.Invalid, store.CodeInvalidMail)
			same()
			change, err := set(t, f, dropping, adding(mail, "good@a.test"))
			require.NoError(t, err)
			require.Equal(t, []string{mail}, change.Discarded)
			require.Contains(t, mustReadUser(t, f, ann).Aliases, "good@a.test")
			require.NotContains(t, mustReadUser(t, f, ann).Aliases, mail)
		})
	}
	for _, mail := range []string{ann, "bob@a.test", "bobby@a.test", "team@a.test", "bob@alias.test", "info@alias.test"} {
		t.Run("taken: "+mail, func(t *testing.T) {
			f := withUser(t, open)
			mustUser(t, f, "bob@a.test")
			mustAlias(t, f, "team@a.test")
			mustUpdateDomain(t, f, "a.test", store.DomainUpdate{AliasDomains: adding("alias.test")})
			mustUpdateUser(t, f, "bob@a.test", store.UserUpdate{Aliases: adding("bobby@a.test", "info@alias.test")})
			same := unchanged(t, f)
			_, err := set(t, f, refusing, adding("free@a.test", mail))
			requireCode(t, err, store.Conflict, store.CodeAlreadyExists)
			same()
			change, err := set(t, f, dropping, adding("free@a.test", mail))
			require.NoError(t, err)
			require.Equal(t, []string{mail}, change.Discarded)
			require.Equal(t, []string{"free@a.test"}, mustReadUser(t, f, ann).Aliases)
		})
	}
}

func userBcc(t *testing.T, open Open) {
	for name, c := range map[string]struct {
		table  string
		update func(v string) store.UserUpdate
		read   func(u store.User) string
	}{
		"senderBcc": {
			"sender_bcc_user", func(v string) store.UserUpdate { return store.UserUpdate{SenderBcc: &v} },
			func(u store.User) string { return u.SenderBcc },
		},
		"recipientBcc": {
			"recipient_bcc_user", func(v string) store.UserUpdate { return store.UserUpdate{RecipientBcc: &v} },
			func(u store.User) string { return u.RecipientBcc },
		},
	} {
		t.Run(name+" set, changed and cleared", func(t *testing.T) {
			f := withUser(t, open)
			mustUser(t, f, "bob@a.test")
			for _, mail := range []string{"x@elsewhere.test", "bob@a.test", "bob@a.test"} {
				mustUpdateUser(t, f, "ann@a.test", c.update(mail))
				require.Equal(t, mail, c.read(mustReadUser(t, f, "ann@a.test")))
				requireColumn(t, f, []any{mail}, "SELECT bcc_address FROM "+c.table+" WHERE domain = 'a.test' AND active = 1")
			}
			mustUpdateUser(t, f, "ann@a.test", c.update(""))
			require.Empty(t, c.read(mustReadUser(t, f, "ann@a.test")))
			requireNoRows(t, f, "SELECT username FROM "+c.table)
		})
		t.Run(name+" that does not exist", func(t *testing.T) {
			f := withUser(t, open)
			same := unchanged(t, f)
			for _, w := range []store.Write{refusing, dropping} {
				_, err := f.Accounts.UpdateUser(ctx(t), w, "ann@a.test", c.update("gone@a.test"))
				requireCode(t, err, store.Unprocessable, store.CodeNoSuchAccount)
				var e *store.Error
				require.ErrorAs(t, err, &e)
				require.Equal(t, name, e.Field)
			}
			same()
		})
	}
}
