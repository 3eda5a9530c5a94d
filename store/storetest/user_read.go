package storetest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

func readUser(t *testing.T, open Open) {
	t.Run("missing", func(t *testing.T) {
		f := withUser(t, open)
		_, err := f.Accounts.User(ctx(t), "bob@a.test")
		requireCode(t, err, store.NotFound, store.CodeNoSuchAccount)
		_, err = f.Accounts.UserPassword(ctx(t), "bob@a.test")
		requireCode(t, err, store.NotFound, store.CodeNoSuchAccount)
	})
	t.Run("alias is no user", func(t *testing.T) {
		f := withDomain(t, open)
		mustAlias(t, f, "team@a.test")
		_, err := f.Accounts.User(ctx(t), "team@a.test")
		requireCode(t, err, store.NotFound, store.CodeNoSuchAccount)
	})
	t.Run("password", func(t *testing.T) {
		f := withUser(t, open)
		password, err := f.Accounts.UserPassword(ctx(t), "ann@a.test")
		require.NoError(t, err)
		require.Equal(t, aHash, password)
	})
	t.Run("what other tables hold", func(t *testing.T) {
		f := withUser(t, open)
		mustUser(t, f, "bob@a.test")
		mustDomain(t, f, "b.test")
		mustManage(t, f, "b.test", "ann@a.test")
		mustManage(t, f, "a.test", "ann@a.test")
		mustAlias(t, f, "zoo@a.test", "ann@a.test")
		mustAlias(t, f, "all@a.test", "ann@a.test", "bob@a.test")
		mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{
			Forwarding: adding("x@elsewhere.test", "bob@a.test"), Aliases: adding("z@a.test", "anna@a.test"),
			SenderBcc: ptr("s@elsewhere.test"), RecipientBcc: ptr("r@elsewhere.test"),
		})
		putRelay(t, f, "ann@a.test")
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{OutboundRelay: ptr("[other.test]:25")})
		note(t, f, "INSERT INTO used_quota (username, bytes, messages) VALUES ('ann@a.test', 5000000000, 12)")
		note(t, f, "INSERT INTO last_login (username, domain, imap, pop3, lda) VALUES ('ann@a.test', 'a.test', 1700000000, 1600000000, 1800000000)")
		putSettings(t, f, "mailbox", "username", "ann@a.test", f.dn(DirectoryAt.UserDN, "ann@a.test"),
			"timezone:Europe/Berlin", "create_max_users:5")

		u := mustReadUser(t, f, "ann@a.test")
		require.Equal(t, []string{"ann@a.test", "bob@a.test", "x@elsewhere.test"}, u.Forwardings)
		require.Equal(t, []string{"anna@a.test", "z@a.test"}, u.Aliases)
		require.Equal(t, []string{"a.test", "b.test"}, u.Domains)
		require.Equal(t, []string{"all@a.test", "zoo@a.test"}, u.MailingAliases)
		require.Equal(t, "s@elsewhere.test", u.SenderBcc)
		require.Equal(t, "r@elsewhere.test", u.RecipientBcc)
		require.Equal(t, "[relay.test]:25", u.RelayHost)
		require.Equal(t, int64(5000000000), u.StoredBytes)
		require.Equal(t, int64(12), u.StoredMessages)
		require.Equal(t, "2023-11-14 22:13:20", u.LastLogin)
		require.Equal(t, "Europe/Berlin", u.Settings.Get("timezone"))
		require.Equal(t, int64(5), u.Settings.Get("create_max_users"))

		bob := mustReadUser(t, f, "bob@a.test")
		require.Equal(t, []string{"bob@a.test"}, bob.Forwardings)
		require.Equal(t, []string{"all@a.test"}, bob.MailingAliases)
		require.Equal(t, []string{}, bob.Domains)
		require.Empty(t, bob.RelayHost)
		require.Zero(t, bob.StoredBytes)
		require.Empty(t, bob.LastLogin)
	})
	t.Run("columns keep their order and type", func(t *testing.T) {
		f := withUser(t, open)
		needSQL(t, f)
		stored := mustReadUser(t, f, "ann@a.test").Stored
		require.Equal(t, "username", stored[0].Name)
		require.Equal(t, int64(1), stored.Get("active"))
		require.Equal(t, "y", stored.Get("enablesogocalendar"))
		require.Equal(t, int64(1), stored.Get("enablelib-storage"))
		require.Equal(t, "active", stored[len(stored)-1].Name)
	})
	t.Run("NULL where MySQL has it", func(t *testing.T) {
		f := withUser(t, open)
		needSQL(t, f)
		exec(t, f, "UPDATE mailbox SET settings = "+nothing(f))
		require.Empty(t, mustReadUser(t, f, "ann@a.test").Settings)
		mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{Name: ptr("Ann")})
	})
}

// listOfUsers reads the addresses of a page both ways, which must agree.
func listOfUsers(t *testing.T, f Fixture, filter store.UserFilter, page store.PageRequest) (mails []string, next string) {
	t.Helper()
	list, err := f.Accounts.Users(ctx(t), filter, page)
	require.NoError(t, err)
	mails = []string{}
	for _, u := range list.Items {
		mails = append(mails, u.Mail)
	}
	short, err := f.Accounts.UserAddresses(ctx(t), filter, page)
	require.NoError(t, err)
	require.Equal(t, mails, short.Items)
	require.Equal(t, list.Next, short.Next)
	return mails, list.Next
}

func listUsers(t *testing.T, open Open) {
	inA := store.UserFilter{Domain: "a.test"}
	t.Run("unknown domain", func(t *testing.T) {
		f := withDomain(t, open)
		_, err := f.Accounts.Users(ctx(t), store.UserFilter{Domain: "b.test"}, store.PageRequest{})
		requireCode(t, err, store.NotFound, store.CodeNoSuchDomain)
		_, err = f.Accounts.UserAddresses(ctx(t), store.UserFilter{Domain: "b.test"}, store.PageRequest{})
		requireCode(t, err, store.NotFound, store.CodeNoSuchDomain)
	})
	t.Run("empty domain", func(t *testing.T) {
		f := withDomain(t, open)
		list, err := f.Accounts.Users(ctx(t), inA, store.PageRequest{})
		require.NoError(t, err)
		require.Equal(t, []store.User{}, list.Items)
		require.Empty(t, list.Next)
		mails, err := f.Accounts.UserAddresses(ctx(t), inA, store.PageRequest{})
		require.NoError(t, err)
		require.Equal(t, []string{}, mails.Items)
	})
	t.Run("by address, of one domain, with what belongs to each", func(t *testing.T) {
		f := withDomain(t, open)
		mustDomain(t, f, "b.test")
		for _, mail := range []string{"c@a.test", "a@a.test", "b@a.test", "a@b.test"} {
			mustUser(t, f, mail)
		}
		mustAlias(t, f, "team@a.test", "b@a.test")
		list, err := f.Accounts.Users(ctx(t), inA, store.PageRequest{})
		require.NoError(t, err)
		require.Len(t, list.Items, 3)
		for i, mail := range []string{"a@a.test", "b@a.test", "c@a.test"} {
			require.Equal(t, mustReadUser(t, f, mail), list.Items[i])
		}
		require.Equal(t, []string{"team@a.test"}, list.Items[1].MailingAliases)
	})
	t.Run("in pages", func(t *testing.T) {
		f := withDomain(t, open)
		for i := range 5 {
			mustUser(t, f, fmt.Sprintf("u%d@a.test", i))
		}
		first, next := listOfUsers(t, f, inA, store.PageRequest{Limit: 2})
		require.Equal(t, []string{"u0@a.test", "u1@a.test"}, first)
		second, next := listOfUsers(t, f, inA, store.PageRequest{Limit: 2, After: next})
		require.Equal(t, []string{"u2@a.test", "u3@a.test"}, second)
		third, next := listOfUsers(t, f, inA, store.PageRequest{Limit: 2, After: next})
		require.Equal(t, []string{"u4@a.test"}, third)
		require.Empty(t, next)
		all, next := listOfUsers(t, f, inA, store.PageRequest{Limit: 5})
		require.Len(t, all, 5)
		require.Empty(t, next)
		last, next := listOfUsers(t, f, inA, store.PageRequest{Limit: 3, Desc: true})
		require.Equal(t, []string{"u4@a.test", "u3@a.test", "u2@a.test"}, last)
		rest, next := listOfUsers(t, f, inA, store.PageRequest{Limit: 3, Desc: true, After: next})
		require.Equal(t, []string{"u1@a.test", "u0@a.test"}, rest)
		require.Empty(t, next)
		beyond, next := listOfUsers(t, f, inA, store.PageRequest{Limit: 3, After: "z@a.test"})
		require.Equal(t, []string{}, beyond)
		require.Empty(t, next)
	})
	t.Run("disabled ones alone", func(t *testing.T) {
		f := withUser(t, open)
		mustDisabledUser(t, f, "bob@a.test")
		mails, _ := listOfUsers(t, f, store.UserFilter{Domain: "a.test", DisabledOnly: true}, store.PageRequest{})
		require.Equal(t, []string{"bob@a.test"}, mails)
	})
}

func listUsersSeen(t *testing.T, open Open) {
	f := withDomain(t, open)
	mustDomain(t, f, "b.test")
	for _, mail := range []string{"plain@a.test", "global@a.test", "peer@a.test", "above@a.test", "viewer@a.test"} {
		mustUser(t, f, mail)
	}
	mustUpdateUser(t, f, "global@a.test", store.UserUpdate{Global: ptr(true)})
	mustManage(t, f, "a.test", "peer@a.test")
	mustManage(t, f, "a.test", "viewer@a.test")
	mustManage(t, f, "a.test", "above@a.test")
	mustManage(t, f, "b.test", "above@a.test")
	mustGlobalAdmin(t, f, "root@elsewhere.test")
	mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{})
	mustManage(t, f, "a.test", "boss@elsewhere.test")
	mustManage(t, f, "b.test", "boss@elsewhere.test")
	all := []string{"above@a.test", "global@a.test", "peer@a.test", "plain@a.test", "viewer@a.test"}
	for viewer, want := range map[string][]string{
		"":                    all,
		"root@elsewhere.test": all,
		"global@a.test":       all,
		"viewer@a.test":       {"peer@a.test", "plain@a.test", "viewer@a.test"},
		"boss@elsewhere.test": {"above@a.test", "peer@a.test", "plain@a.test", "viewer@a.test"},
	} {
		t.Run(viewer, func(t *testing.T) {
			mails, _ := listOfUsers(t, f, store.UserFilter{Domain: "a.test", Viewer: viewer}, store.PageRequest{})
			require.Equal(t, want, mails)
		})
	}
	t.Run("in pages without holes", func(t *testing.T) {
		filter := store.UserFilter{Domain: "a.test", Viewer: "viewer@a.test"}
		first, next := listOfUsers(t, f, filter, store.PageRequest{Limit: 2})
		require.Equal(t, []string{"peer@a.test", "plain@a.test"}, first)
		second, _ := listOfUsers(t, f, filter, store.PageRequest{Limit: 2, After: next})
		require.Equal(t, []string{"viewer@a.test"}, second)
	})
	t.Run("row for all domains counts without the mark", func(t *testing.T) {
		needSQL(t, f)
		exec(t, f, "UPDATE mailbox SET isglobaladmin = 0 WHERE username = 'global@a.test'")
		mails, _ := listOfUsers(t, f, store.UserFilter{Domain: "a.test", Viewer: "viewer@a.test"}, store.PageRequest{})
		require.NotContains(t, mails, "global@a.test")
	})
}
