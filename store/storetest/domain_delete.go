package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// mustDeleteDomain removes a domain and keeps its mailboxes on disk.
func mustDeleteDomain(t *testing.T, f Fixture, name string) store.Change {
	t.Helper()
	change, err := f.Accounts.DeleteDomain(ctx(t), asGlobal, name, 0)
	require.NoError(t, err)
	return change
}

func deleteDomain(t *testing.T, open Open) {
	t.Run("with its accounts", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustUser(t, f, "user@a.test")
		mustAlias(t, f, "alias@a.test", "user@a.test")
		change := mustDeleteDomain(t, f, "a.test")
		require.Equal(t, store.ActionDelete, change.Action)
		require.Equal(t, store.NounDomain, change.Noun)
		require.Equal(t, "a.test", change.Name)
		require.NotNil(t, change.Before)
		require.Nil(t, change.After)
		require.True(t, change.EndsSessions)
		require.True(t, change.Lasting)

		_, err := f.Accounts.Domain(ctx(t), "a.test")
		requireCode(t, err, store.NotFound, store.CodeNoSuchDomain)
		_, err = f.Accounts.User(ctx(t), "user@a.test")
		requireCode(t, err, store.NotFound, store.CodeNoSuchAccount)
		_, err = f.Accounts.Alias(ctx(t), "alias@a.test")
		requireCode(t, err, store.NotFound, store.CodeNoSuchAccount)
	})
	t.Run("unknown", func(t *testing.T) {
		f := open(t)
		_, err := f.Accounts.DeleteDomain(ctx(t), asGlobal, "a.test", 0)
		requireCode(t, err, store.NotFound, store.CodeNoSuchDomain)
	})
	t.Run("alias domain", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{AliasDomains: store.Set{Add: []string{"alias.test"}}})
		_, err := f.Accounts.DeleteDomain(ctx(t), asGlobal, "alias.test", 0)
		requireCode(t, err, store.NotFound, store.CodeNoSuchDomain)
		mustDeleteDomain(t, f, "a.test")
		mustDomain(t, f, "alias.test")
	})
	t.Run("leaves the name free", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustUser(t, f, "user@a.test")
		mustDeleteDomain(t, f, "a.test")
		mustDomain(t, f, "a.test")
		d := mustReadDomain(t, f, "a.test")
		require.Zero(t, d.Users)
		mustUser(t, f, "user@a.test")
	})
	t.Run("records mailboxes for removal", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustUser(t, f, "one@a.test")
		mustUser(t, f, "two@a.test")
		note(t, f, "INSERT INTO used_quota (username, bytes, messages) VALUES ('one@a.test', 4096, 7)")
		maildir := storedPath(t, f, "one@a.test")
		_, err := f.Accounts.DeleteDomain(ctx(t), asGlobal, "a.test", 30)
		require.NoError(t, err)
		require.Equal(t, store.Record{
			{Name: "username", Value: "one@a.test"},
			{Name: "domain", Value: "a.test"},
			{Name: "maildir", Value: maildir},
			{Name: "admin", Value: "root@elsewhere.test"},
			{Name: "bytes", Value: int64(4096)},
			{Name: "messages", Value: int64(7)},
		}, kept(t, f, "SELECT username, domain, maildir, admin, bytes, messages FROM deleted_mailboxes WHERE username = 'one@a.test'"))
		beside := Fixture{SQL: f.beside()}
		requireDeleteDate(t, beside, 30)
		requireCell(t, beside, int64(2), "SELECT COUNT(*) FROM deleted_mailboxes")
	})
	t.Run("keeps mailboxes for good", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustUser(t, f, "one@a.test")
		mustDeleteDomain(t, f, "a.test")
		requireCell(t, Fixture{SQL: f.beside()}, nil, "SELECT delete_date FROM deleted_mailboxes")
	})
	t.Run("dry run", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustUser(t, f, "user@a.test")
		same := unchanged(t, f)
		dry := asGlobal
		dry.DryRun = true
		change, err := f.Accounts.DeleteDomain(ctx(t), dry, "a.test", 0)
		require.NoError(t, err)
		require.True(t, change.Lasting)
		same()
	})
	t.Run("only what was read", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		w := asGlobal
		w.If = "something-else"
		_, err := f.Accounts.DeleteDomain(ctx(t), w, "a.test", 0)
		requireCode(t, err, store.PreconditionFailed, store.CodePreconditionFailed)
		mustReadDomain(t, f, "a.test")
	})
	t.Run("whole or absent", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustUser(t, f, "user@a.test")
		mustAlias(t, f, "alias@a.test", "user@a.test")
		same := unchanged(t, f)
		mend := f.Break(t, "domain")
		_, err := f.Accounts.DeleteDomain(ctx(t), asGlobal, "a.test", 0)
		require.Error(t, err)
		mend()
		same()
		mustDeleteDomain(t, f, "a.test")
	})
	t.Run("last global admin stays", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustUser(t, f, "user@a.test")
		_, err := f.Accounts.UpdateUser(ctx(t), asGlobal, "user@a.test", store.UserUpdate{Global: ptr(true)})
		require.NoError(t, err)
		same := unchanged(t, f)
		_, err = f.Accounts.DeleteDomain(ctx(t), asGlobal, "a.test", 0)
		requireCode(t, err, store.Conflict, store.CodeLastGlobalAdmin)
		same()
		mustGlobalAdmin(t, f, "root@elsewhere.test")
		mustDeleteDomain(t, f, "a.test")
		requireColumn(t, f, []any{"root@elsewhere.test"}, "SELECT username FROM domain_admins")
	})
}

// requireDeleteDate asserts that all files may go in that many days. The day may change while a test runs.
func requireDeleteDate(t *testing.T, f Fixture, days int) {
	t.Helper()
	for _, r := range rows(t, f, "SELECT delete_date FROM deleted_mailboxes") {
		date, ok := r.Get("delete_date").(string)
		if !ok {
			date = r.Get("delete_date").(time.Time).Format(time.DateOnly)
		}
		today := time.Now().UTC()
		require.Contains(t, []string{
			today.AddDate(0, 0, days).Format(time.DateOnly), today.AddDate(0, 0, days-1).Format(time.DateOnly),
		}, date)
	}
}

func deleteDomainReferences(t *testing.T, open Open) {
	t.Run("nothing of it is left in any table", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "keep.test")
		mustUser(t, f, "user@keep.test")
		mustUser(t, f, "user2@keep.test")
		mustAlias(t, f, "alias@keep.test", "user@keep.test")
		fillOther(t, f, "keep.test", "user@keep.test", "user2@keep.test")
		same := unchanged(t, f)

		mustDomain(t, f, "a_b.test")
		mustUser(t, f, "user@a_b.test")
		mustUser(t, f, "user2@a_b.test")
		mustAlias(t, f, "team@a_b.test", "user@a_b.test", "user@keep.test")
		mustUpdateDomain(t, f, "a_b.test", store.DomainUpdate{
			Catchall: &[]string{"user@keep.test"}, SenderBcc: ptr("user@keep.test"), RecipientBcc: ptr("user@a_b.test"),
			OutboundRelay: ptr("relay.example"), AliasDomains: store.Set{Add: []string{"alias.test"}},
		})
		mustManage(t, f, "a_b.test", "user@a_b.test")
		_, err := f.Accounts.UpdateUser(ctx(t), asGlobal, "user@a_b.test", store.UserUpdate{
			Aliases:   store.Set{Add: []string{"info@a_b.test", "info@alias.test"}},
			SenderBcc: ptr("user@keep.test"), RecipientBcc: ptr("x@foreign.example"),
		})
		require.NoError(t, err)
		fillOther(t, f, "a_b.test", "user@a_b.test", "user2@a_b.test")
		mustDeleteDomain(t, f, "a_b.test")
		note(t, f, "DELETE FROM deleted_mailboxes WHERE domain = 'a_b.test'")
		same()
	})
	t.Run("addresses elsewhere that refer to it", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustDomain(t, f, "b.test")
		mustUser(t, f, "gone@a.test")
		mustUser(t, f, "user@b.test")
		mustUser(t, f, "copy@b.test")
		mustAlias(t, f, "team@b.test", "gone@a.test", "user@b.test")
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{AliasDomains: store.Set{Add: []string{"alias.test"}}})
		mustUpdateDomain(t, f, "b.test", store.DomainUpdate{
			Catchall: &[]string{"gone@alias.test", "user@b.test"}, SenderBcc: ptr("gone@a.test"), RecipientBcc: ptr("gone@alias.test"),
		})
		_, err := f.Accounts.UpdateUser(ctx(t), asGlobal, "copy@b.test", store.UserUpdate{
			SenderBcc: ptr("gone@a.test"), Forwarding: store.Set{Replace: &[]string{"gone@a.test", "copy@b.test"}},
		})
		require.NoError(t, err)
		mustDeleteDomain(t, f, "a.test")

		d := mustReadDomain(t, f, "b.test")
		require.Equal(t, []string{"user@b.test"}, d.Catchall)
		require.Empty(t, d.SenderBcc)
		require.Empty(t, d.RecipientBcc)
		alias, err := f.Accounts.Alias(ctx(t), "team@b.test")
		require.NoError(t, err)
		require.Equal(t, []string{"user@b.test"}, alias.Members)
		u, err := f.Accounts.User(ctx(t), "copy@b.test")
		require.NoError(t, err)
		require.Empty(t, u.SenderBcc)
		require.Equal(t, []string{"copy@b.test"}, u.Forwardings)
	})
	t.Run("a mailbox that only forwarded to it keeps its mail", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustDomain(t, f, "b.test")
		mustUser(t, f, "gone@a.test")
		mustUser(t, f, "user@b.test")
		_, err := f.Accounts.UpdateUser(ctx(t), asGlobal, "user@b.test", store.UserUpdate{
			Forwarding: store.Set{Replace: &[]string{"gone@a.test"}},
		})
		require.NoError(t, err)
		mustDeleteDomain(t, f, "a.test")
		u, err := f.Accounts.User(ctx(t), "user@b.test")
		require.NoError(t, err)
		require.Equal(t, []string{"user@b.test"}, u.Forwardings)
		requireColumn(t, f, []any{int64(1)}, "SELECT active FROM forwardings WHERE address = 'user@b.test' AND is_forwarding = 1"+
			" AND domain = 'b.test' AND dest_domain = 'b.test'")
	})
	t.Run("admins elsewhere lose it", func(t *testing.T) {
		f := open(t)
		for _, name := range []string{"a.test", "b.test", "c.test"} {
			mustDomain(t, f, name)
		}
		mustUser(t, f, "one@b.test")
		mustUser(t, f, "two@b.test")
		mustUser(t, f, "gone@a.test")
		mustManage(t, f, "a.test", "one@b.test")
		mustManage(t, f, "a.test", "two@b.test")
		mustManage(t, f, "b.test", "two@b.test")
		mustManage(t, f, "b.test", "gone@a.test")
		mustDeleteDomain(t, f, "a.test")
		requireMailbox(t, f, "one@b.test", "isadmin", int64(0))
		requireMailbox(t, f, "two@b.test", "isadmin", int64(1))
		require.Equal(t, []string{"two@b.test"}, mustReadDomain(t, f, "b.test").Admins)
	})
	t.Run("a standalone admin named in it stays", func(t *testing.T) {
		f := open(t)
		mustGlobalAdmin(t, f, "root@a.test")
		mustDomain(t, f, "a.test")
		if f.SQL != nil {
			exec(t, f, "INSERT INTO mailbox (username, domain) VALUES ('root@a.test', 'a.test')")
			mustGlobalAdmin(t, f, "other@elsewhere.test")
		}
		mustDeleteDomain(t, f, "a.test")
		who, err := f.Accounts.Identity(ctx(t), "root@a.test")
		require.NoError(t, err)
		require.True(t, who.Global)
	})
}

// fillOther writes what other programs keep about two mailboxes of a domain.
func fillOther(t *testing.T, f Fixture, domain, one, two string) {
	t.Helper()
	list := "list@" + domain
	note(t, f, "INSERT INTO used_quota (username, bytes, messages) VALUES (?, 1, 1)", one)
	note(t, f, "INSERT INTO last_login (username, domain, imap) VALUES (?, ?, 5)", one, domain)
	note(t, f, "INSERT INTO share_folder (from_user, to_user) VALUES (?, ?)", one, two)
	note(t, f, "INSERT INTO anyone_shares (from_user) VALUES (?)", one)
	if f.Directory != nil {
		f.Directory.Put(t, f.Directory.UserDN(one), "senderRelayHost", "relay.example")
		f.Directory.AddList(t, list)
		f.Directory.Put(t, f.Directory.ListDN(list), "listOwner", one)
		f.Directory.Put(t, f.Directory.ListDN(list), "listModerator", one)
		return
	}
	for _, s := range []struct {
		query string
		args  []any
	}{
		{"INSERT INTO sender_relayhost (account, relayhost) VALUES (?, 'relay.example')", []any{one}},
		{"INSERT INTO moderators (address, moderator, domain, dest_domain) VALUES (?, ?, ?, ?)", []any{list, one, domain, domain}},
		{"INSERT INTO maillist_owners (address, owner, domain, dest_domain) VALUES (?, ?, ?, ?)", []any{list, one, domain, domain}},
		{"INSERT INTO maillists (address, domain, mlid) VALUES (?, ?, ?)", []any{list, domain, domain}},
		{
			"INSERT INTO forwardings (address, forwarding, domain, dest_domain, is_maillist) VALUES (?, ?, ?, ?, 1)",
			[]any{list, list, domain, domain},
		},
	} {
		exec(t, f, s.query, s.args...)
	}
}
