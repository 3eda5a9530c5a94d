package storetest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// mls is the suite of store.MailingListAccounts.
func mls(t *testing.T, open Open) {
	t.Run("create", func(t *testing.T) { createMailingList(t, open) })
	t.Run("create fails", func(t *testing.T) { createMailingListFails(t, open) })
	t.Run("subscribers", func(t *testing.T) { checkMailingListSubscribers(t, open) })
	t.Run("limits", func(t *testing.T) { mailingListLimits(t, open) })
	t.Run("list", func(t *testing.T) { listMailingLists(t, open) })
	t.Run("update", func(t *testing.T) { updateMailingList(t, open) })
	t.Run("extra addresses", func(t *testing.T) { extraAddresses(t, open) })
	t.Run("people", func(t *testing.T) { mailingListPeople(t, open) })
	t.Run("delete", func(t *testing.T) { deleteMailingList(t, open) })
}

const dev = "dev@a.test"

func mustReadMailingList(t *testing.T, f Fixture, mail string) store.MailingListAccount {
	t.Helper()
	m, err := f.Accounts.MailingListAccount(ctx(t), mail)
	require.NoError(t, err)
	return m
}

// said is what a list says beside its row or entry.
func said(m store.MailingListAccount) store.MailingListAccount {
	m.Stored, m.Created, m.Modified = nil, time.Time{}, time.Time{}
	return m
}

func makeMailingList(t *testing.T, f Fixture, w store.Write, m store.MailingListAccountCreate) (store.Change, error) {
	t.Helper()
	if m.Mail == "" {
		m.Mail = dev
	}
	return f.Accounts.CreateMailingListAccount(ctx(t), w, m)
}

// mustMailingListAccount makes an active list.
func mustMailingListAccount(t *testing.T, f Fixture, mail string) {
	t.Helper()
	_, err := makeMailingList(t, f, asGlobal, store.MailingListAccountCreate{Mail: mail, Active: true})
	require.NoError(t, err)
}

// withMailingList opens a store that has dev@a.test and the mailbox ann@a.test.
func withMailingList(t *testing.T, open Open) Fixture {
	t.Helper()
	f := withUser(t, open)
	mustMailingListAccount(t, f, dev)
	return f
}

// wholeMailingList is a list of which everything is said.
var wholeMailingList = store.MailingListAccountCreate{
	Mail: dev, Name: "Entwicklung Süd 王", Active: true, AccessPolicy: "membersonly", Newsletter: true,
	Description: "Neues,\n\neinmal im Monat.", MaxMessageSize: 10 << 30, Owners: []string{"o@elsewhere.test", "ann@a.test", "ann@a.test"},
	Moderators: []string{"m@elsewhere.test", "ann+tag@a.test"}, ExtraAddresses: []string{"developers@a.test", dev},
	Subscribers: []string{"ann@a.test", "x@elsewhere.test"}, SubscriberField: "subscribers",
}

func createMailingList(t *testing.T, open Open) {
	t.Run("with everything", func(t *testing.T) {
		f := withUser(t, open)
		change, err := f.Accounts.CreateMailingListAccount(ctx(t), refusing, wholeMailingList)
		require.NoError(t, err)
		require.Equal(t, store.ActionCreate, change.Action)
		require.Equal(t, store.NounMailingList, change.Noun)
		require.Equal(t, dev, change.Name)
		require.Equal(t, "a.test", change.Domain)
		require.Nil(t, change.Before)
		require.NotEmpty(t, change.After)
		require.False(t, change.Lasting)
		require.Empty(t, change.Discarded)
		require.Equal(t, store.MailingListAccount{
			Mail: dev, Name: wholeMailingList.Name, Active: true, AccessPolicy: "membersonly", Newsletter: true,
			Description: wholeMailingList.Description, MaxMessageSize: 10 << 30, Owners: []string{"ann@a.test", "o@elsewhere.test"},
			Moderators: []string{"ann+tag@a.test", "m@elsewhere.test"}, ExtraAddresses: []string{"developers@a.test"},
		}, said(mustReadMailingList(t, f, dev)))
		noun, err := f.Accounts.AccountNoun(ctx(t), dev)
		require.NoError(t, err)
		require.Equal(t, store.NounMailingList, noun)
	})
	t.Run("as rows", func(t *testing.T) {
		f := withUser(t, open)
		if f.SQL == nil {
			requireMailingListEntry(t, f)
			return
		}
		_, err := f.Accounts.CreateMailingListAccount(ctx(t), refusing, wholeMailingList)
		require.NoError(t, err)
		for column, want := range map[string]any{
			"domain": "a.test", "transport": "mlmmj:a.test/dev", "maxmsgsize": int64(10 << 30), "active": int64(1),
		} {
			requireCell(t, f, want, "SELECT "+column+" FROM maillists")
		}
		require.Len(t, row(t, f, "SELECT mlid FROM maillists")[0].Value, 36)
		requireColumn(t, f, []any{dev}, "SELECT forwarding FROM forwardings WHERE address = 'dev@a.test' AND domain = 'a.test'"+
			" AND dest_domain = 'a.test' AND is_maillist = 1 AND is_list = 0 AND is_alias = 0 AND is_forwarding = 0 AND active = 1")
		requireColumn(t, f, []any{"developers@a.test"}, "SELECT address FROM forwardings WHERE forwarding = 'dev@a.test'"+
			" AND domain = 'a.test' AND is_alias = 1 AND is_maillist = 0 AND active = 1")
		requireColumn(t, f, []any{"a.test", "elsewhere.test"},
			"SELECT dest_domain FROM maillist_owners WHERE address = 'dev@a.test' AND domain = 'a.test' ORDER BY owner")
		requireColumn(t, f, []any{"a.test", "elsewhere.test"},
			"SELECT dest_domain FROM moderators WHERE address = 'dev@a.test' AND domain = 'a.test' ORDER BY moderator")
	})
	t.Run("with nothing", func(t *testing.T) {
		f := withDomain(t, open)
		_, err := makeMailingList(t, f, refusing, store.MailingListAccountCreate{})
		require.NoError(t, err)
		require.Equal(t, store.MailingListAccount{Mail: dev, Owners: []string{}, Moderators: []string{}, ExtraAddresses: []string{}},
			said(mustReadMailingList(t, f, dev)))
		requireNoRows(t, f, "SELECT address FROM forwardings WHERE active = 1")
	})
	t.Run("as a member of others", func(t *testing.T) {
		f := withMailingList(t, open)
		mustAlias(t, f, "team@a.test", dev)
		mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{Forwarding: adding(dev)})
		require.Equal(t, []string{dev}, mustReadAlias(t, f, "team@a.test").Members)
	})
	t.Run("its address is taken", func(t *testing.T) {
		f := withMailingList(t, open)
		_, err := f.Accounts.CreateAlias(ctx(t), asGlobal, store.AliasCreate{Mail: dev})
		requireCode(t, err, store.Conflict, store.CodeAlreadyExists)
	})
	t.Run("dry run writes nothing", func(t *testing.T) {
		f := withUser(t, open)
		same := unchanged(t, f)
		w := refusing
		w.DryRun = true
		change, err := f.Accounts.CreateMailingListAccount(ctx(t), w, wholeMailingList)
		require.NoError(t, err)
		require.Equal(t, dev, change.Name)
		same()
	})
}

// requireMailingListEntry makes a list in a directory whose domain has an alias domain, and looks at its entry.
func requireMailingListEntry(t *testing.T, f Fixture) {
	t.Helper()
	mustUpdateDomain(t, f, "a.test", store.DomainUpdate{AliasDomains: adding("alias.test")})
	_, err := f.Accounts.CreateMailingListAccount(ctx(t), refusing, wholeMailingList)
	require.NoError(t, err)
	for attribute, want := range map[string][]string{
		"objectClass": {"mailList"}, "mtaTransport": {"mlmmj:a.test/dev"}, "accountStatus": {"active"},
		"enabledService": {"deliver", "mail", "mlmmj", "newsletter"}, "maxMessageSize": {"10737418240"}, "accessPolicy": {"membersonly"},
		"listAllowedUser": {"ann+tag@a.test", "ann@a.test", "m@elsewhere.test", "o@elsewhere.test"},
		"shadowAddress":   {"dev@alias.test", "developers@a.test", "developers@alias.test"},
	} {
		require.Equal(t, want, f.Directory.Values(t, f.Directory.ListDN(dev), attribute), attribute)
	}
	require.Len(t, f.Directory.Values(t, f.Directory.ListDN(dev), "mailingListID")[0], 36)
	require.Equal(t, []string{"1"}, f.Directory.Values(t, f.Directory.DomainDN("a.test"), "domainCurrentListNumber"))
	require.Equal(t, []string{"developers@a.test"}, mustReadMailingList(t, f, dev).ExtraAddresses, "that of the alias domain is none")
}

func createMailingListFails(t *testing.T, open Open) {
	for name, c := range map[string]struct {
		list store.MailingListAccountCreate
		kind store.Kind
		code string
	}{
		"long name":            {store.MailingListAccountCreate{Name: strings.Repeat("ä", 256)}, store.Invalid, store.CodeValueTooLong},
		"long access policy":   {store.MailingListAccountCreate{AccessPolicy: strings.Repeat("a", 31)}, store.Invalid, store.CodeValueTooLong},
		"long description":     {store.MailingListAccountCreate{Description: strings.Repeat("ä", 32768)}, store.Invalid, store.CodeValueTooLong},
		"negative size":        {store.MailingListAccountCreate{MaxMessageSize: -1}, store.Invalid, store.CodeInvalidNumber},
		"address of a command": {store.MailingListAccountCreate{Mail: "dev+unsubscribe@a.test"}, store.Invalid, store.CodeInvalidMail},
		"address with a slash": {store.MailingListAccountCreate{Mail: "dev/ops@a.test"}, store.Invalid, store.CodeInvalidMail},
		"unknown domain":       {store.MailingListAccountCreate{Mail: "dev@gone.test"}, store.NotFound, store.CodeNoSuchDomain},
		"alias domain":         {store.MailingListAccountCreate{Mail: "dev@alias.test"}, store.NotFound, store.CodeNoSuchDomain},
		"address of a user":    {store.MailingListAccountCreate{Mail: "ann@a.test"}, store.Conflict, store.CodeAlreadyExists},
		"address of an alias":  {store.MailingListAccountCreate{Mail: "team@a.test"}, store.Conflict, store.CodeAlreadyExists},
		"address of a list":    {store.MailingListAccountCreate{Mail: "old@a.test"}, store.Conflict, store.CodeAlreadyExists},
		"unknown owner":        {store.MailingListAccountCreate{Owners: []string{"gone@a.test"}}, store.Unprocessable, store.CodeNoSuchAccount},
		"unknown moderator":    {store.MailingListAccountCreate{Moderators: []string{"gone@a.test"}}, store.Unprocessable, store.CodeNoSuchAccount},
	} {
		for rule, w := range map[string]store.Write{"refusing": refusing, "dropping": dropping} {
			t.Run(name+", "+rule, func(t *testing.T) {
				f := withUser(t, open)
				mustUpdateDomain(t, f, "a.test", store.DomainUpdate{AliasDomains: adding("alias.test")})
				mustAlias(t, f, "team@a.test")
				mustMailingListAccount(t, f, "old@a.test")
				same := unchanged(t, f)
				_, err := makeMailingList(t, f, w, c.list)
				requireCode(t, err, c.kind, c.code)
				same()
			})
		}
	}
	for _, table := range []string{"maillists", "forwardings", "maillist_owners", "moderators"} {
		t.Run("whole or absent without "+table, func(t *testing.T) {
			f := withUser(t, open)
			same := unchanged(t, f)
			mend := f.Break(t, table)
			_, err := f.Accounts.CreateMailingListAccount(ctx(t), refusing, wholeMailingList)
			require.Error(t, err)
			mend()
			same()
		})
	}
}

// checkMailingListSubscribers has lists be made and changed along with those who are to be subscribed.
func checkMailingListSubscribers(t *testing.T, open Open) {
	wanted := []string{"x@elsewhere.test", dev, "ann@a.test", "gone@a.test", "developers@a.test", "ann@alias.test", "dev@alias.test"}
	discarded := []string{dev, "developers@a.test", "dev@alias.test", "gone@a.test"}
	ways := map[string]func(t *testing.T, f Fixture, w store.Write, subscribers ...string) (store.Change, error){
		"create": func(t *testing.T, f Fixture, w store.Write, subscribers ...string) (store.Change, error) {
			t.Helper()
			return makeMailingList(t, f, w, store.MailingListAccountCreate{
				ExtraAddresses: []string{"developers@a.test"}, Subscribers: subscribers, SubscriberField: "who",
			})
		},
		"update": func(t *testing.T, f Fixture, w store.Write, subscribers ...string) (store.Change, error) {
			t.Helper()
			_, err := makeMailingList(t, f, w, store.MailingListAccountCreate{ExtraAddresses: []string{"developers@a.test"}})
			require.NoError(t, err)
			return f.Accounts.UpdateMailingListAccount(ctx(t), w, dev, store.MailingListAccountUpdate{Subscribers: subscribers, SubscriberField: "who"})
		},
	}
	for name, write := range ways {
		t.Run(name, func(t *testing.T) {
			f := withUser(t, open)
			mustUpdateDomain(t, f, "a.test", store.DomainUpdate{AliasDomains: adding("alias.test")})
			change, err := write(t, f, dropping, wanted...)
			require.NoError(t, err)
			require.ElementsMatch(t, discarded, change.Discarded)
		})
		for subscriber, code := range map[string]string{
			dev: store.CodeInvalidMail, "developers@a.test": store.CodeInvalidMail, "dev@alias.test": store.CodeInvalidMail,
			"gone@a.test": store.CodeNoSuchAccount,
		} {
			t.Run(name+" with "+subscriber, func(t *testing.T) {
				f := withUser(t, open)
				mustUpdateDomain(t, f, "a.test", store.DomainUpdate{AliasDomains: adding("alias.test")})
				_, err := write(t, f, refusing, "x@elsewhere.test", subscriber)
				require.True(t, store.HasCode(err, code), "%v", err)
				requireField(t, err, "who")
			})
		}
	}
}

func mailingListLimits(t *testing.T, open Open) {
	try := func(f Fixture, w store.Write) func(ctx context.Context, i int) error {
		return func(ctx context.Context, i int) error {
			_, err := f.Accounts.CreateMailingListAccount(ctx, w, store.MailingListAccountCreate{Mail: fmt.Sprintf("l%d@a.test", i)})
			return err
		}
	}
	t.Run("domain forbids lists", func(t *testing.T) {
		f := withDomain(t, open)
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{NumberOfLists: ptr[int64](-1)})
		requireCode(t, try(f, asGlobal)(ctx(t), 1), store.Conflict, store.CodeNotAllowed)
	})
	t.Run("race at the limit of a domain", func(t *testing.T) {
		f := withDomain(t, open)
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{NumberOfLists: ptr[int64](5)})
		require.Equal(t, 5, race(t, store.CodeDomainAccountLimit, try(f, asGlobal)))
	})
	t.Run("race at the cap of an admin", func(t *testing.T) {
		f := withDomain(t, open)
		w := cappedAdmin(t, f, store.LimitsUpdate{Lists: ptr[int64](6)}, "a.test")
		require.Equal(t, 6, race(t, store.CodeLimitLists, try(f, w)))
	})
}

func listMailingLists(t *testing.T, open Open) {
	list := func(t *testing.T, f Fixture, page store.PageRequest) (mails []string, next string) {
		t.Helper()
		found, err := f.Accounts.MailingListAccounts(ctx(t), store.MailingListFilter{Domain: "a.test"}, page)
		require.NoError(t, err)
		mails = []string{}
		for _, m := range found.Items {
			require.Equal(t, mustReadMailingList(t, f, m.Mail), m)
			mails = append(mails, m.Mail)
		}
		short, err := f.Accounts.MailingListAddresses(ctx(t), store.MailingListFilter{Domain: "a.test"}, page)
		require.NoError(t, err)
		require.Equal(t, mails, short.Items)
		require.Equal(t, found.Next, short.Next)
		return mails, found.Next
	}
	t.Run("unknown domain", func(t *testing.T) {
		f := open(t)
		_, err := f.Accounts.MailingListAccounts(ctx(t), store.MailingListFilter{Domain: "a.test"}, store.PageRequest{})
		requireCode(t, err, store.NotFound, store.CodeNoSuchDomain)
		_, err = f.Accounts.MailingListAddresses(ctx(t), store.MailingListFilter{Domain: "a.test"}, store.PageRequest{})
		requireCode(t, err, store.NotFound, store.CodeNoSuchDomain)
	})
	t.Run("missing", func(t *testing.T) {
		f := withAlias(t, open)
		_, err := f.Accounts.MailingListAccount(ctx(t), "team@a.test")
		requireCode(t, err, store.NotFound, store.CodeNoSuchAccount)
		_, err = f.Accounts.MailingListAccount(ctx(t), "dev@gone.test")
		requireCode(t, err, store.NotFound, store.CodeNoSuchAccount)
	})
	t.Run("empty domain", func(t *testing.T) {
		f := withUser(t, open)
		mails, next := list(t, f, store.PageRequest{})
		require.Empty(t, mails)
		require.Empty(t, next)
	})
	t.Run("in pages", func(t *testing.T) {
		f := withUser(t, open)
		mustDomain(t, f, "b.test")
		mustMailingListAccount(t, f, "l9@b.test")
		for _, mail := range []string{"l3@a.test", "l1@a.test", "l2@a.test"} {
			m := wholeMailingList
			m.Mail, m.ExtraAddresses = mail, []string{"also-" + mail}
			_, err := makeMailingList(t, f, asGlobal, m)
			require.NoError(t, err)
		}
		one, next := list(t, f, store.PageRequest{Limit: 2})
		require.Equal(t, []string{"l1@a.test", "l2@a.test"}, one)
		two, next := list(t, f, store.PageRequest{Limit: 2, After: next})
		require.Equal(t, []string{"l3@a.test"}, two)
		require.Empty(t, next)
		back, _ := list(t, f, store.PageRequest{Desc: true})
		require.Equal(t, []string{"l3@a.test", "l2@a.test", "l1@a.test"}, back)

		all, err := f.Accounts.MailingListAddresses(ctx(t), store.MailingListFilter{}, store.PageRequest{Limit: 3})
		require.NoError(t, err)
		require.Equal(t, store.Page[string]{Items: []string{"l1@a.test", "l2@a.test", "l3@a.test"}, Next: "l3@a.test"}, all)
		all, err = f.Accounts.MailingListAddresses(ctx(t), store.MailingListFilter{}, store.PageRequest{Limit: 3, After: all.Next})
		require.NoError(t, err)
		require.Equal(t, store.Page[string]{Items: []string{"l9@b.test"}}, all)
	})
}
