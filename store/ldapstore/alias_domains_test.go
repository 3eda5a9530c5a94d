package ldapstore_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/ldapstore"
	"github.com/postern-mail/postern/store/storetest"
)

// groups are the lists that an entry names, and shadows its further addresses.
func groups(t *testing.T, w *fixture, dn string) []string {
	t.Helper()
	return w.at.Values(t, dn, "memberOfGroup")
}

func shadows(t *testing.T, w *fixture, dn string) []string {
	t.Helper()
	return w.at.Values(t, dn, "shadowAddress")
}

// outsidersDN is the entry for the members of a list who are not of this server.
func outsidersDN(w *fixture, list string) string {
	return "memberOfGroup=" + list + ",ou=Externals," + w.at.DomainDN(store.DomainOf(list))
}

// TestStaticListsUnderAliasDomains looks at what a static list has under an alias domain, whichever came first, and at the
// answers, which do not tell of it.
func TestStaticListsUnderAliasDomains(t *testing.T) {
	for _, first := range []string{"the list", "the alias domain"} {
		t.Run(first+" first", func(t *testing.T) {
			w := newFixture(t)
			ctx := t.Context()
			must := func(_ store.Change, err error) {
				t.Helper()
				require.NoError(t, err)
			}
			alias := func(s store.Set) {
				t.Helper()
				must(w.store.UpdateDomain(ctx, asGlobal, "a.test", store.DomainUpdate{AliasDomains: s}))
			}
			members := func(s store.Set) {
				t.Helper()
				must(w.store.UpdateStaticList(ctx, asGlobal, "list@a.test", store.StaticListUpdate{Members: s}))
			}
			for _, d := range []string{"a.test", "b.test"} {
				must(w.store.CreateDomain(ctx, asGlobal, store.DomainCreate{Name: d}))
			}
			for _, mail := range []string{"ann@a.test", "bob@a.test", "eve@b.test"} {
				must(w.store.CreateUser(ctx, asGlobal, store.UserCreate{Mail: mail, Password: "{SSHA}x", Active: true}))
			}
			must(w.store.CreateAlias(ctx, asGlobal, store.AliasCreate{Mail: "team@a.test", Active: true, Members: []string{"ann@a.test"}}))
			must(w.store.CreateMailingListAccount(ctx, asGlobal, store.MailingListAccountCreate{Mail: "run@a.test", Active: true}))
			if first == "the alias domain" {
				alias(store.Set{Add: []string{"x.test"}})
			}
			must(w.store.CreateStaticList(ctx, asGlobal, store.StaticListCreate{
				Mail: "list@a.test", Members: []string{"ann@a.test", "eve@b.test", "team@a.test", "run@a.test", "o@far.test"},
			}))
			if first == "the list" {
				alias(store.Set{Add: []string{"x.test"}})
			}
			ann, bob, eve, outside := w.at.UserDN("ann@a.test"), w.at.UserDN("bob@a.test"), w.at.UserDN("eve@b.test"), outsidersDN(w, "list@a.test")
			both := []string{"list@a.test", "list@x.test"}
			for _, dn := range []string{ann, eve, w.at.AliasDN("team@a.test"), w.at.ListDN("run@a.test")} {
				require.Equal(t, both, groups(t, w, dn), dn)
			}
			require.Equal(t, []string{"list@a.test"}, groups(t, w, outside))
			require.Equal(t, []string{"list@x.test"}, shadows(t, w, outside))
			require.Equal(t, []string{"list@x.test"}, shadows(t, w, w.at.ListDN("list@a.test")))

			l, err := w.store.StaticList(ctx, "list@a.test")
			require.NoError(t, err)
			require.Equal(t, []string{"ann@a.test", "eve@b.test", "o@far.test", "run@a.test", "team@a.test"}, l.Members)
			u, err := w.store.User(ctx, "eve@b.test")
			require.NoError(t, err)
			require.Equal(t, []string{"list@a.test"}, u.MailingLists)
			require.Equal(t, []string{"list@a.test"}, u.Stored.Get("memberOfGroup"))
			a, err := w.store.Alias(ctx, "team@a.test")
			require.NoError(t, err)
			require.Equal(t, []string{"list@a.test"}, a.Stored.Get("memberOfGroup"))
			aliases, err := w.store.Aliases(ctx, store.AliasFilter{Domain: "a.test"}, store.PageRequest{})
			require.NoError(t, err)
			require.Equal(t, []store.Alias{a}, aliases.Items)
			m, err := w.store.MailingListAccount(ctx, "run@a.test")
			require.NoError(t, err)
			require.Equal(t, []string{"list@a.test"}, m.Stored.Get("memberOfGroup"))
			mls, err := w.store.MailingListAccounts(ctx, store.MailingListFilter{Domain: "a.test"}, store.PageRequest{})
			require.NoError(t, err)
			require.Equal(t, []store.MailingListAccount{m}, mls.Items)

			members(store.Set{Add: []string{"bob@a.test", "p@far.test"}, Remove: []string{"ann@a.test"}})
			require.Empty(t, groups(t, w, ann))
			require.Equal(t, both, groups(t, w, bob))
			members(store.Set{Replace: &[]string{"eve@b.test", "p@far.test"}})
			require.Empty(t, groups(t, w, bob))
			require.Equal(t, both, groups(t, w, eve))
			require.Equal(t, []string{"list@x.test"}, shadows(t, w, outside))
			must(w.store.RenameUser(ctx, asGlobal, "eve@b.test", "eva@a.test"))
			eve = w.at.UserDN("eva@a.test")
			require.Equal(t, both, groups(t, w, eve))
			require.Equal(t, []string{"eva@x.test"}, shadows(t, w, eve))

			alias(store.Set{Replace: &[]string{"y.test"}})
			require.Equal(t, []string{"list@a.test", "list@y.test"}, groups(t, w, eve))
			require.Equal(t, []string{"list@y.test"}, shadows(t, w, outside))
			alias(store.Set{Replace: &[]string{}})
			require.Equal(t, []string{"list@a.test"}, groups(t, w, eve))
			require.Empty(t, shadows(t, w, outside))
			require.Equal(t, []string{"list@a.test"}, groups(t, w, outside))
			alias(store.Set{Add: []string{"x.test"}})
			must(w.store.DeleteStaticList(ctx, asGlobal, "list@a.test"))
			require.Empty(t, groups(t, w, eve))
			w.requireNothing(t, "(|(memberOfGroup=list@*)(shadowAddress=list@*))")
		})
	}
}

// TestMailUnderAliasDomainsComesToNobodyElse has another program leave a list under an alias domain with those who are no members:
// they get nothing by what is made next of that name.
func TestMailUnderAliasDomainsComesToNobodyElse(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(s *ldapstore.Store) (store.Change, error)
		mail string
	}{
		{"a mailbox", func(s *ldapstore.Store) (store.Change, error) {
			return s.CreateUser(t.Context(), asGlobal, store.UserCreate{Mail: "new@a.test", Password: "{SSHA}x"})
		}, "new"},
		{"an alias account", func(s *ldapstore.Store) (store.Change, error) {
			return s.CreateAlias(t.Context(), asGlobal, store.AliasCreate{Mail: "new@a.test"})
		}, "new"},
		{"a list of mlmmj", func(s *ldapstore.Store) (store.Change, error) {
			return s.CreateMailingListAccount(t.Context(), asGlobal, store.MailingListAccountCreate{Mail: "new@a.test"})
		}, "new"},
		{"a static list", func(s *ldapstore.Store) (store.Change, error) {
			return s.CreateStaticList(t.Context(), asGlobal, store.StaticListCreate{Mail: "new@a.test", Members: []string{"bob@a.test"}})
		}, "new"},
		{"a static list that is deleted", func(s *ldapstore.Store) (store.Change, error) {
			return s.DeleteStaticList(t.Context(), asGlobal, "list@a.test")
		}, "list"},
		{"a member that comes", func(s *ldapstore.Store) (store.Change, error) {
			return s.UpdateStaticList(t.Context(), asGlobal, "list@a.test", store.StaticListUpdate{Members: store.Set{Add: []string{"bob@a.test"}}})
		}, "list"},
		{"a mailbox that is renamed", func(s *ldapstore.Store) (store.Change, error) {
			return s.RenameUser(t.Context(), asGlobal, "bob@a.test", "new@a.test")
		}, "new"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newFixture(t)
			full(t, w.store)
			ann := w.at.UserDN("ann@a.test")
			_, err := w.store.UpdateStaticList(t.Context(), asGlobal, "list@a.test", store.StaticListUpdate{Members: store.Set{Remove: []string{"ann@a.test"}}})
			require.NoError(t, err)
			w.at.Put(t, w.at.ListDN("list@a.test"), "shadowAddress") // as one of before alias domains counted
			w.at.Put(t, ann, "memberOfGroup", "news@b.test", c.mail+"@alias.test")
			_, err = c.do(w.store)
			require.NoError(t, err)
			require.Equal(t, []string{"news@b.test"}, groups(t, w, ann))
		})
	}
}

// TestDefaultListUnderAliasDomains has a new mailbox join a list of another domain, which has an alias domain.
func TestDefaultListUnderAliasDomains(t *testing.T) {
	w := newFixture(t)
	full(t, w.store)
	w.at.Put(t, w.at.DomainDN("b.test"), "accountSetting", "defaultList:list@a.test,news@b.test")
	_, err := w.store.CreateUser(t.Context(), asGlobal, store.UserCreate{Mail: "new@b.test", Password: "{SSHA}x"})
	require.NoError(t, err)
	require.Equal(t, []string{"list@a.test", "list@alias.test", "news@b.test"}, groups(t, w, w.at.UserDN("new@b.test")))
}

// spoiled is full without what it has under its alias domain, and with what another program left of one that is gone.
func spoiled(t *testing.T, w *fixture) (whole map[string]map[string][]string) {
	t.Helper()
	full(t, w.store)
	w.at.Put(t, w.at.UserDN("eve@b.test"), "shadowAddress", "eve@far.test", "e@gone.test") // its own: to send by
	w.at.Put(t, outsidersDN(w, "list@a.test"), "description", "theirs")
	whole = w.at.Entries(t)
	for _, dn := range []string{
		w.at.UserDN("ann@a.test"), w.at.UserDN("bob@a.test"), w.at.AliasDN("team@a.test"), w.at.ListDN("list@a.test"), w.at.ListDN("run@a.test"),
		w.at.UserDN("@a.test"), outsidersDN(w, "list@a.test"),
	} {
		for _, attribute := range []string{"shadowAddress", "memberOfGroup"} {
			values := w.at.Values(t, dn, attribute)
			kept := slices.DeleteFunc(slices.Clone(values), func(v string) bool { return store.DomainOf(v) == "alias.test" })
			for _, v := range values {
				if local, domain := store.SplitAddress(v); domain == "alias.test" {
					kept = append(kept, local+"@gone.test")
				}
			}
			w.at.Put(t, dn, attribute, kept...)
		}
	}
	w.at.Put(t, w.at.UserDN("eve@b.test"), "memberOfGroup", "list@a.test", "news@b.test")
	w.at.Put(t, w.at.AliasDN("crew@b.test"), "memberOfGroup", "list@alias.test") // no member any more
	return whole
}

// TestMendAliasDomains finds and mends what other programs left out, and once more nothing.
func TestMendAliasDomains(t *testing.T) {
	w := newFixture(t)
	whole := spoiled(t, w)
	delete(whole[w.at.UserDN("eve@b.test")], "memberOfGroup")
	before := w.at.Entries(t)
	find := func() (gaps []ldapstore.AliasGap) {
		t.Helper()
		require.NoError(t, w.store.AliasGaps(t.Context(), func(g ldapstore.AliasGap) { gaps = append(gaps, g) }))
		return gaps
	}
	mend := func(write store.Write) (gaps []ldapstore.AliasGap) {
		t.Helper()
		require.NoError(t, w.store.MendAliasDomains(t.Context(), write, func(g ldapstore.AliasGap) { gaps = append(gaps, g) }))
		return gaps
	}
	found := find()
	dry := asGlobal
	dry.DryRun = true
	require.ElementsMatch(t, found, mend(dry))
	require.Equal(t, before, w.at.Entries(t), "looking writes nothing")
	require.Contains(t, found, ldapstore.AliasGap{
		Account: "ann@a.test", Missing: []string{"ann@alias.test", "anna@alias.test"}, LeftOver: []string{"ann@gone.test", "anna@gone.test"},
	})
	require.Contains(t, found, ldapstore.AliasGap{Account: "ann@a.test", Missing: []string{"list@alias.test"}, LeftOver: []string{"list@gone.test"}})
	require.Contains(t, found, ldapstore.AliasGap{Account: "list@a.test", Missing: []string{"list@alias.test"}, LeftOver: []string{"list@gone.test"}})
	require.Contains(t, found, ldapstore.AliasGap{Account: "@a.test", Missing: []string{"@alias.test"}, LeftOver: []string{"@gone.test"}})
	require.Contains(t, found, ldapstore.AliasGap{Account: "eve@b.test", Missing: []string{"list@alias.test"}})
	require.Contains(t, found, ldapstore.AliasGap{Account: "crew@b.test", LeftOver: []string{"list@alias.test"}})

	require.ElementsMatch(t, found, mend(asGlobal))
	after := w.at.Entries(t)
	require.Equal(t, []string{"list@a.test", "list@alias.test", "news@b.test"}, groups(t, w, w.at.UserDN("eve@b.test")))
	delete(after[w.at.UserDN("eve@b.test")], "memberOfGroup")
	require.Equal(t, whole, after)
	require.Empty(t, find())
	require.Empty(t, mend(asGlobal))
}

// TestWhatIsNoLeftOverStays keeps addresses that only look like those of an alias domain that is gone.
func TestWhatIsNoLeftOverStays(t *testing.T) {
	w := newFixture(t)
	full(t, w.store)
	for _, name := range []string{"c.test", "solo.test"} {
		_, err := w.store.CreateDomain(t.Context(), asGlobal, store.DomainCreate{Name: name})
		require.NoError(t, err)
	}
	_, err := w.store.CreateUser(t.Context(), asGlobal, store.UserCreate{Mail: "han@solo.test", Password: "{SSHA}x"})
	require.NoError(t, err)
	w.at.Put(t, w.at.UserDN("han@solo.test"), "shadowAddress", "han@far.test")
	w.at.Put(t, w.at.UserDN("ann@a.test"), "shadowAddress", "anna@a.test", "ann@alias.test", "anna@alias.test", "ann@far.test", "anna@c.test")
	w.at.Put(t, w.at.UserDN("bob@a.test"), "shadowAddress", "bob@alias.test", "bob@far.test", "bob@c.test")
	w.at.Put(t, w.at.AliasDN("team@a.test"), "shadowAddress", "team@alias.test", "team@c.test")
	w.at.Put(t, w.at.ListDN("list@a.test"), "shadowAddress", "list@alias.test", "list@c.test")
	before := w.at.Entries(t)
	require.NoError(t, w.store.MendAliasDomains(t.Context(), asGlobal, func(g ldapstore.AliasGap) { t.Errorf("%+v", g) }))
	require.Equal(t, before, w.at.Entries(t), "addresses elsewhere of a few, and those in a domain that is hosted here")
}

// TestMendingAliasDomainsIsCutAnywhere has a repeat finish what was cut.
func TestMendingAliasDomainsIsCutAnywhere(t *testing.T) {
	w := newFixture(t)
	options := w.options()
	options.Now = func() time.Time { return time.Date(2026, 2, 3, 12, 0, 0, 0, time.UTC) }
	w.store = w.openWith(t, options)
	do := func(ctx context.Context) error {
		return w.store.MendAliasDomains(ctx, asGlobal, func(ldapstore.AliasGap) {})
	}
	fresh := func() {
		w.empty(t)
		spoiled(t, w)
	}
	fresh()
	var steps []string
	w.store.Cut(func(about string) error {
		steps = append(steps, about)
		return nil
	})
	require.NoError(t, do(t.Context()))
	w.store.Cut(nil)
	require.NotEmpty(t, steps)
	want := w.everything(t)
	for at := range steps {
		fresh()
		w.cutBefore(at)
		require.ErrorIs(t, do(t.Context()), errCut, steps[at])
		w.store.Cut(nil)
		require.NoError(t, do(t.Context()))
		require.Equal(t, want, w.everything(t), "cut before: %s", steps[at])
	}
	storetest.Count(t, "cuts between two steps of mending alias domains, each repeated", len(steps))
}
