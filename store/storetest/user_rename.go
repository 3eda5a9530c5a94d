package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

func renameUser(t *testing.T, open Open) {
	t.Run("within the domain", func(t *testing.T) {
		f := withUser(t, open)
		before := mustReadUser(t, f, "ann@a.test")
		change, err := f.Accounts.RenameUser(ctx(t), asGlobal, "ann@a.test", "zoe@a.test")
		require.NoError(t, err)
		require.Equal(t, store.ActionRename, change.Action)
		require.Equal(t, store.NounUser, change.Noun)
		require.Equal(t, "ann@a.test", change.Name)
		require.Equal(t, "zoe@a.test", change.NewName)
		require.Equal(t, "a.test", change.Domain)
		require.True(t, change.EndsSessions)
		require.True(t, change.Lasting)

		_, err = f.Accounts.User(ctx(t), "ann@a.test")
		requireCode(t, err, store.NotFound, store.CodeNoSuchAccount)
		zoe := mustReadUser(t, f, "zoe@a.test")
		require.Equal(t, []string{"zoe@a.test"}, zoe.Forwardings)
		require.Equal(t, before.Password, zoe.Password)
		require.Equal(t, before.Stored.Get("maildir"), zoe.Stored.Get("maildir"))
	})
	for _, to := range []string{"zoe@a.test", "ann@b.test"} {
		t.Run("carries every reference to "+to, func(t *testing.T) {
			f := withUser(t, open)
			mustDomain(t, f, "b.test")
			referTo(t, f, "ann@a.test")
			fillUser(t, f, "ann@a.test")
			before := mentioning(t, f, "ann@a.test")
			require.Len(t, before, mentions(f, 24, 17))
			_, err := f.Accounts.RenameUser(ctx(t), asGlobal, "ann@a.test", to)
			require.NoError(t, err)
			requireMoved(t, f, before, "ann@a.test", to)
			requireRecipients(t, f)
			if f.SQL != nil {
				requireRenamedDomains(t, f, to)
			}
			u := mustReadUser(t, f, to)
			require.Equal(t, []string{"other@a.test"}, u.Aliases)
			require.Equal(t, []string{"group@a.test"}, u.MailingAliases)
			require.Equal(t, []string{"a.test"}, u.Domains)
			require.Equal(t, "[relay.test]:25", u.RelayHost)
			require.Equal(t, int64(4096), u.StoredBytes)
			require.Equal(t, "2023-11-14 22:13:20", u.LastLogin)
		})
	}
	t.Run("where the new address stood already", func(t *testing.T) {
		f := withUser(t, open)
		needSQL(t, f)
		referTo(t, f, "ann@a.test")
		for _, query := range []string{
			"INSERT INTO forwardings (address, forwarding, domain, is_forwarding) VALUES ('ann@a.test', 'zoe@a.test', 'a.test', 1)",
			"INSERT INTO forwardings (address, forwarding, domain, is_forwarding) VALUES ('also@a.test', 'zoe@a.test', 'a.test', 1)",
			"INSERT INTO moderators (address, moderator) VALUES ('group@a.test', 'zoe@a.test')",
			"INSERT INTO maillist_owners (address, owner) VALUES ('list@a.test', 'zoe@a.test')",
			"INSERT INTO used_quota (username, bytes) VALUES ('zoe@a.test', 1)",
			"INSERT INTO last_login (username, imap) VALUES ('zoe@a.test', 1)",
			"INSERT INTO domain_admins (username, domain) VALUES ('zoe@a.test', 'ALL')",
			"INSERT INTO sender_bcc_user (username, bcc_address) VALUES ('zoe@a.test', 'spy@elsewhere.test')",
			"INSERT INTO sender_relayhost (account, relayhost) VALUES ('zoe@a.test', 'old')",
			"INSERT INTO share_folder (from_user, to_user) VALUES ('also@a.test', 'zoe@a.test')",
		} {
			exec(t, f, query)
		}
		exec(t, f, "DELETE FROM forwardings WHERE address = 'zoe@a.test'")
		_, err := f.Accounts.RenameUser(ctx(t), asGlobal, "ann@a.test", "zoe@a.test")
		require.NoError(t, err)
		zoe := mustReadUser(t, f, "zoe@a.test")
		require.Equal(t, []string{"zoe@a.test"}, zoe.Forwardings)
		require.Empty(t, zoe.Domains)
		require.Empty(t, zoe.SenderBcc)
		require.Empty(t, zoe.RelayHost)
		require.Zero(t, zoe.StoredBytes)
		requireNoRows(t, f, "SELECT from_user FROM share_folder")
		require.Equal(t, []string{"x@elsewhere.test", "zoe@a.test"}, mustReadUser(t, f, "also@a.test").Forwardings)
	})
	t.Run("keeps a standalone admin of that name", func(t *testing.T) {
		f := withUser(t, open)
		addStandalone(t, f, "ann@a.test", "Ann")
		mustManage(t, f, "a.test", "ann@a.test")
		_, err := f.Accounts.RenameUser(ctx(t), asGlobal, "ann@a.test", "zoe@a.test")
		require.NoError(t, err)
		require.Equal(t, []string{"ann@a.test"}, mustReadDomain(t, f, "a.test").Admins)
	})
	t.Run("at the limits when nothing is added", func(t *testing.T) {
		f := withUser(t, open)
		mustDomain(t, f, "b.test")
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{NumberOfUsers: ptr[int64](1)})
		w := cappedAdmin(t, f, store.LimitsUpdate{Users: ptr[int64](1)}, "a.test", "b.test")
		_, err := f.Accounts.RenameUser(ctx(t), w, "ann@a.test", "zoe@a.test")
		require.NoError(t, err)
		_, err = f.Accounts.RenameUser(ctx(t), w, "zoe@a.test", "zoe@b.test")
		require.NoError(t, err)
	})
	t.Run("dry run writes nothing", func(t *testing.T) {
		f := withUser(t, open)
		same := unchanged(t, f)
		w := asGlobal
		w.DryRun = true
		change, err := f.Accounts.RenameUser(ctx(t), w, "ann@a.test", "zoe@a.test")
		require.NoError(t, err)
		require.Equal(t, "zoe@a.test", change.NewName)
		same()
	})
}

// requireRenamedDomains asserts that the domain beside an address is that of the address, but for aliases, which
// stay where they are.
func requireRenamedDomains(t *testing.T, f Fixture, mail string) {
	t.Helper()
	domain := store.DomainOf(mail)
	for _, c := range []struct{ table, column, domain string }{
		{"mailbox", "username", "domain"}, {"forwardings", "address", "domain"}, {"forwardings", "forwarding", "dest_domain"},
		{"moderators", "moderator", "dest_domain"}, {"maillist_owners", "owner", "dest_domain"},
		{"sender_bcc_user", "username", "domain"}, {"recipient_bcc_user", "username", "domain"},
		{"used_quota", "username", "domain"}, {"last_login", "username", "domain"},
	} {
		found := rows(t, f, "SELECT "+c.domain+" AS d FROM "+c.table+" WHERE "+c.column+" = ?", mail)
		require.NotEmpty(t, found, c.table)
		for _, r := range found {
			require.Equal(t, domain, r.Get("d"), c.table)
		}
	}
	requireCell(t, f, "a.test", "SELECT domain FROM forwardings WHERE address = 'other@a.test'")
}

func renameUserFails(t *testing.T, open Open) {
	rename := func(t *testing.T, f Fixture, w store.Write, from, to string) error {
		t.Helper()
		_, err := f.Accounts.RenameUser(ctx(t), w, from, to)
		return err
	}
	t.Run("missing", func(t *testing.T) {
		f := withDomain(t, open)
		requireCode(t, rename(t, f, asGlobal, "ann@a.test", "zoe@a.test"), store.NotFound, store.CodeNoSuchAccount)
	})
	t.Run("unknown domain", func(t *testing.T) {
		f := withUser(t, open)
		requireCode(t, rename(t, f, asGlobal, "ann@a.test", "ann@b.test"), store.NotFound, store.CodeNoSuchDomain)
	})
	for _, to := range []string{"ann@a.test", "bob@a.test", "team@a.test", "bobby@a.test", "anna@a.test"} {
		t.Run("taken: "+to, func(t *testing.T) {
			f := withUser(t, open)
			mustUser(t, f, "bob@a.test")
			mustAlias(t, f, "team@a.test")
			mustUpdateUser(t, f, "bob@a.test", store.UserUpdate{Aliases: adding("bobby@a.test")})
			mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{Aliases: adding("anna@a.test")})
			same := unchanged(t, f)
			requireCode(t, rename(t, f, asGlobal, "ann@a.test", to), store.Conflict, store.CodeAlreadyExists)
			same()
		})
	}
	for name, c := range map[string]struct {
		domain store.DomainUpdate
		code   string
	}{
		"that forbids users":    {store.DomainUpdate{NumberOfUsers: ptr[int64](-1)}, store.CodeNotAllowed},
		"that is full":          {store.DomainUpdate{NumberOfUsers: ptr[int64](1)}, store.CodeDomainAccountLimit},
		"without quota left":    {store.DomainUpdate{Quota: ptr[int64](199)}, store.CodeDomainQuotaSize},
		"with just enough left": {store.DomainUpdate{Quota: ptr[int64](200)}, ""},
	} {
		t.Run("to a domain "+name, func(t *testing.T) {
			f := withDomain(t, open)
			mustDomain(t, f, "b.test")
			require.NoError(t, makeUser(t, f, asGlobal, "ann@a.test", ptr[int64](100)))
			require.NoError(t, makeUser(t, f, asGlobal, "bob@b.test", ptr[int64](100)))
			mustUpdateDomain(t, f, "b.test", c.domain)
			err := rename(t, f, asGlobal, "ann@a.test", "ann@b.test")
			if c.code == "" {
				require.NoError(t, err)
				return
			}
			requireCode(t, err, store.Conflict, c.code)
			mustReadUser(t, f, "ann@a.test")
		})
	}
	t.Run("beyond the cap of an admin of the new domain alone", func(t *testing.T) {
		f := withUser(t, open)
		mustDomain(t, f, "b.test")
		mustUser(t, f, "bob@b.test")
		w := cappedAdmin(t, f, store.LimitsUpdate{Users: ptr[int64](1)}, "b.test")
		requireCode(t, rename(t, f, w, "ann@a.test", "ann@b.test"), store.Conflict, store.CodeLimitUsers)
	})
	for _, table := range []string{"mailbox", "forwardings", "anyone_shares"} {
		t.Run("whole or absent without "+table, func(t *testing.T) {
			f := withUser(t, open)
			referTo(t, f, "ann@a.test")
			fillUser(t, f, "ann@a.test")
			same := unchanged(t, f)
			mend := f.Break(t, table)
			require.Error(t, rename(t, f, asGlobal, "ann@a.test", "zoe@a.test"))
			mend()
			same()
			require.NoError(t, rename(t, f, asGlobal, "ann@a.test", "zoe@a.test"))
		})
	}
}
