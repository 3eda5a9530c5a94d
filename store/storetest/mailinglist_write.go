package storetest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// mustUpdateMailingList changes a list.
func mustUpdateMailingList(t *testing.T, f Fixture, u store.MailingListAccountUpdate) store.Change {
	t.Helper()
	change, err := f.Accounts.UpdateMailingListAccount(ctx(t), refusing, dev, u)
	require.NoError(t, err)
	return change
}

func updateMailingList(t *testing.T, open Open) {
	t.Run("everything, then nothing, then cleared", func(t *testing.T) {
		f := withMailingList(t, open)
		m := wholeMailingList
		change := mustUpdateMailingList(t, f, store.MailingListAccountUpdate{
			Name: &m.Name, AccessPolicy: &m.AccessPolicy, Newsletter: &m.Newsletter, Description: &m.Description,
			MaxMessageSize: &m.MaxMessageSize, Owners: &m.Owners, Moderators: &m.Moderators, ExtraAddresses: &m.ExtraAddresses,
		})
		require.Equal(t, store.ActionUpdate, change.Action)
		require.Equal(t, store.NounMailingList, change.Noun)
		require.False(t, change.Lasting)
		filled := said(mustReadMailingList(t, f, dev))
		require.Equal(t, store.MailingListAccount{
			Mail: dev, Name: wholeMailingList.Name, Active: true, AccessPolicy: "membersonly", Newsletter: true,
			Description: wholeMailingList.Description, MaxMessageSize: 10 << 30, Owners: []string{"ann@a.test", "o@elsewhere.test"},
			Moderators: []string{"ann+tag@a.test", "m@elsewhere.test"}, ExtraAddresses: []string{"developers@a.test"},
		}, filled)

		mustUpdateMailingList(t, f, store.MailingListAccountUpdate{})
		require.Equal(t, filled, said(mustReadMailingList(t, f, dev)))

		none, no, zero := []string{}, false, int64(0)
		mustUpdateMailingList(t, f, store.MailingListAccountUpdate{
			Name: ptr(""), AccessPolicy: ptr(""), Newsletter: &no, Description: ptr(""), MaxMessageSize: &zero,
			Owners: &none, Moderators: &none, ExtraAddresses: &none,
		})
		require.Equal(t, store.MailingListAccount{Mail: dev, Active: true, Owners: none, Moderators: none, ExtraAddresses: none},
			said(mustReadMailingList(t, f, dev)))
	})
	t.Run("disable and enable", func(t *testing.T) {
		f := withMailingList(t, open)
		mustUpdateMailingList(t, f, store.MailingListAccountUpdate{ExtraAddresses: &[]string{"developers@a.test"}})
		mustAlias(t, f, "team@a.test", dev)
		change := mustUpdateMailingList(t, f, store.MailingListAccountUpdate{Active: ptr(false)})
		require.Equal(t, store.ActionDisable, change.Action)
		require.True(t, change.Lasting)
		require.False(t, mustReadMailingList(t, f, dev).Active)
		requireColumn(t, f, []any{"ann@a.test", "team@a.test"}, "SELECT address FROM forwardings WHERE active = 1 ORDER BY address")
		change = mustUpdateMailingList(t, f, store.MailingListAccountUpdate{Active: ptr(true)})
		require.Equal(t, store.ActionEnable, change.Action)
		require.False(t, change.Lasting)
		require.True(t, mustReadMailingList(t, f, dev).Active)
		requireNoRows(t, f, "SELECT address FROM forwardings WHERE active = 0")
	})
	t.Run("missing", func(t *testing.T) {
		f := withUser(t, open)
		_, err := f.Accounts.UpdateMailingListAccount(ctx(t), asGlobal, "ann@a.test", store.MailingListAccountUpdate{Name: ptr("x")})
		requireCode(t, err, store.NotFound, store.CodeNoSuchAccount)
	})
	t.Run("precondition", func(t *testing.T) {
		f := withMailingList(t, open)
		change := mustUpdateMailingList(t, f, store.MailingListAccountUpdate{Name: ptr("one")})
		w := asGlobal
		w.If = change.Before.Version()
		same := unchanged(t, f)
		_, err := f.Accounts.UpdateMailingListAccount(ctx(t), w, dev, store.MailingListAccountUpdate{Name: ptr("two")})
		requireCode(t, err, store.PreconditionFailed, store.CodePreconditionFailed)
		same()
		w.If = change.After.Version()
		_, err = f.Accounts.UpdateMailingListAccount(ctx(t), w, dev, store.MailingListAccountUpdate{Name: ptr("two")})
		require.NoError(t, err)
	})
	t.Run("bad values", func(t *testing.T) {
		f := withMailingList(t, open)
		same := unchanged(t, f)
		long, description := strings.Repeat("ä", 256), strings.Repeat("ä", 32768)
		for _, u := range []store.MailingListAccountUpdate{{Name: &long}, {AccessPolicy: &long}, {Description: &description}} {
			_, err := f.Accounts.UpdateMailingListAccount(ctx(t), asGlobal, dev, u)
			requireCode(t, err, store.Invalid, store.CodeValueTooLong)
		}
		_, err := f.Accounts.UpdateMailingListAccount(ctx(t), asGlobal, dev, store.MailingListAccountUpdate{MaxMessageSize: ptr[int64](-1)})
		requireCode(t, err, store.Invalid, store.CodeInvalidNumber)
		same()
	})
	for _, table := range []string{"forwardings", "moderators"} {
		t.Run("whole or absent without "+table, func(t *testing.T) {
			f := withMailingList(t, open)
			same := unchanged(t, f)
			mend := f.Break(t, table)
			_, err := f.Accounts.UpdateMailingListAccount(ctx(t), asGlobal, dev, store.MailingListAccountUpdate{
				Name: ptr("x"), ExtraAddresses: &[]string{"developers@a.test"}, Moderators: &[]string{"x@elsewhere.test"},
			})
			require.Error(t, err)
			mend()
			same()
		})
	}
	t.Run("dry run writes nothing", func(t *testing.T) {
		f := withMailingList(t, open)
		same := unchanged(t, f)
		w := refusing
		w.DryRun = true
		_, err := f.Accounts.UpdateMailingListAccount(ctx(t), w, dev, store.MailingListAccountUpdate{Name: ptr("x"), Owners: &[]string{"ann@a.test"}})
		require.NoError(t, err)
		same()
	})
}

func extraAddresses(t *testing.T, open Open) {
	set := func(t *testing.T, f Fixture, w store.Write, extra ...string) (store.Change, error) {
		t.Helper()
		return f.Accounts.UpdateMailingListAccount(ctx(t), w, dev, store.MailingListAccountUpdate{ExtraAddresses: &extra})
	}
	t.Run("replace", func(t *testing.T) {
		f := withMailingList(t, open)
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{AliasDomains: adding("alias.test")})
		for _, extra := range [][]string{{"a1@a.test", "b1@alias.test"}, {"a1@a.test", "c1@a.test"}, {}} {
			_, err := set(t, f, refusing, extra...)
			require.NoError(t, err)
			require.Equal(t, extra, mustReadMailingList(t, f, dev).ExtraAddresses)
		}
		mustAlias(t, f, "a1@a.test")
	})
	for name, c := range map[string]struct {
		extra string
		kind  store.Kind
		code  string
	}{
		"elsewhere":         {"x@elsewhere.test", store.Invalid, store.CodeInvalidMail},
		"in another domain": {"x@b.test", store.Invalid, store.CodeInvalidMail},
		"of a mailbox":      {"ann@a.test", store.Conflict, store.CodeAlreadyExists},
		"of another list":   {"news@a.test", store.Conflict, store.CodeAlreadyExists},
		"of another list's": {"also@a.test", store.Conflict, store.CodeAlreadyExists},
	} {
		t.Run(name, func(t *testing.T) {
			f := withMailingList(t, open)
			mustDomain(t, f, "b.test")
			_, err := makeMailingList(t, f, refusing, store.MailingListAccountCreate{Mail: "news@a.test", ExtraAddresses: []string{"also@a.test"}})
			require.NoError(t, err)
			same := unchanged(t, f)
			_, err = set(t, f, refusing, "good@a.test", c.extra)
			requireCode(t, err, c.kind, c.code)
			requireField(t, err, "extra_addresses")
			_, err = makeMailingList(t, f, refusing, store.MailingListAccountCreate{Mail: "more@a.test", ExtraAddresses: []string{"good@a.test", c.extra}})
			requireCode(t, err, c.kind, c.code)
			same()
			change, err := set(t, f, dropping, "good@a.test", c.extra)
			require.NoError(t, err)
			require.Equal(t, []string{c.extra}, change.Discarded)
			require.Equal(t, []string{"good@a.test"}, mustReadMailingList(t, f, dev).ExtraAddresses)
		})
	}
}

func mailingListPeople(t *testing.T, open Open) {
	set := func(t *testing.T, f Fixture, people ...string) error {
		t.Helper()
		_, err := f.Accounts.UpdateMailingListAccount(ctx(t), dropping, dev, store.MailingListAccountUpdate{Owners: &people, Moderators: &people})
		return err
	}
	t.Run("who does not exist", func(t *testing.T) {
		f := withMailingList(t, open)
		same := unchanged(t, f)
		err := set(t, f, "x@elsewhere.test", "gone@a.test")
		requireCode(t, err, store.Unprocessable, store.CodeNoSuchAccount)
		requireField(t, err, "owner")
		same()
	})
	t.Run("postmaster of the domain need not", func(t *testing.T) {
		f := withMailingList(t, open)
		require.NoError(t, set(t, f, "postmaster@a.test"))
		require.Equal(t, []string{"postmaster@a.test"}, mustReadMailingList(t, f, dev).Owners)
	})
	t.Run("more than fit into one statement", func(t *testing.T) {
		f := withMailingList(t, open)
		many := manyAddresses(1200)
		require.NoError(t, set(t, f, many...))
		require.Equal(t, many, mustReadMailingList(t, f, dev).Owners)
		require.Equal(t, many, mustReadMailingList(t, f, dev).Moderators)
	})
	t.Run("who is renamed or deleted", func(t *testing.T) {
		f := withMailingList(t, open)
		mustUser(t, f, "bo@a.test")
		require.NoError(t, set(t, f, "ann@a.test", "bo@a.test", "x@elsewhere.test"))
		_, err := f.Accounts.RenameUser(ctx(t), asGlobal, "ann@a.test", "anna@a.test")
		require.NoError(t, err)
		_, err = f.Accounts.DeleteUser(ctx(t), asGlobal, "bo@a.test", 0)
		require.NoError(t, err)
		left := []string{"anna@a.test", "x@elsewhere.test"}
		require.Equal(t, left, mustReadMailingList(t, f, dev).Owners)
		require.Equal(t, left, mustReadMailingList(t, f, dev).Moderators)
		if f.Directory != nil {
			require.Equal(t, left, f.Directory.Values(t, f.Directory.ListDN(dev), "listAllowedUser"))
		}
	})
}

func deleteMailingList(t *testing.T, open Open) {
	t.Run("leaves nothing", func(t *testing.T) {
		f := withDomain(t, open)
		mustUser(t, f, "ann@a.test")
		_, err := f.Accounts.CreateMailingListAccount(ctx(t), refusing, wholeMailingList)
		require.NoError(t, err)
		referTo(t, f, dev)
		for _, keep := range []bool{true, false} {
			w := asGlobal
			w.DryRun = keep
			change, err := f.Accounts.DeleteMailingListAccount(ctx(t), w, dev, keep)
			require.NoError(t, err)
			require.Equal(t, store.ActionDelete, change.Action)
			require.Equal(t, store.NounMailingList, change.Noun)
			require.Equal(t, keep, change.KeepArchive)
			require.NotEmpty(t, change.Before)
			require.True(t, change.Lasting)
		}
		require.Empty(t, mentioning(t, f, dev))
		require.Empty(t, mentioning(t, f, "developers@a.test"))
		requireRecipients(t, f)
		_, err = f.Accounts.CreateMailingListAccount(ctx(t), refusing, wholeMailingList)
		require.NoError(t, err, "as new")
	})
	t.Run("missing", func(t *testing.T) {
		f := withUser(t, open)
		_, err := f.Accounts.DeleteMailingListAccount(ctx(t), asGlobal, "ann@a.test", true)
		requireCode(t, err, store.NotFound, store.CodeNoSuchAccount)
	})
	t.Run("with its domain", func(t *testing.T) {
		f := withUser(t, open)
		mustDomain(t, f, "b.test")
		mustUser(t, f, "bo@b.test")
		m := wholeMailingList
		m.Mail, m.ExtraAddresses, m.Owners, m.Moderators = "l@b.test", nil, []string{"ann@a.test", "bo@b.test"}, []string{"ann@a.test"}
		_, err := f.Accounts.CreateMailingListAccount(ctx(t), refusing, m)
		require.NoError(t, err)
		mustMailingListAccount(t, f, dev)
		mustDeleteDomain(t, f, "a.test")
		all, err := f.Accounts.MailingListAddresses(ctx(t), store.MailingListFilter{}, store.PageRequest{})
		require.NoError(t, err)
		require.Equal(t, []string{"l@b.test"}, all.Items)
		require.Equal(t, []string{"bo@b.test"}, mustReadMailingList(t, f, "l@b.test").Owners)
		require.Empty(t, mustReadMailingList(t, f, "l@b.test").Moderators)
	})
	t.Run("whole or absent", func(t *testing.T) {
		f := withMailingList(t, open)
		same := unchanged(t, f)
		mend := f.Break(t, "maillists")
		_, err := f.Accounts.DeleteMailingListAccount(ctx(t), asGlobal, dev, false)
		require.Error(t, err)
		mend()
		same()
	})
}
