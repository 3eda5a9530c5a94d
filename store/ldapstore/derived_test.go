package ldapstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// An alias domain is worth as much as the domain: every address of an account has one under it, whichever came first.
func TestFurtherAddressesUnderAliasDomains(t *testing.T) {
	w := newFixture(t)
	root := store.Write{Actor: store.Actor{Global: true}}
	hash := store.Secret("{SSHA}Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE=")
	for _, d := range []string{"a.test", "b.test"} {
		_, err := w.store.CreateDomain(t.Context(), root, store.DomainCreate{Name: d})
		require.NoError(t, err)
	}
	_, err := w.store.CreateUser(t.Context(), root, store.UserCreate{Mail: "ann@a.test", Password: hash, Active: true})
	require.NoError(t, err)
	_, err = w.store.CreateMailingListAccount(t.Context(), root, store.MailingListAccountCreate{Mail: "list@a.test", ExtraAddresses: []string{"news@a.test"}})
	require.NoError(t, err)
	update := func(u store.DomainUpdate) {
		t.Helper()
		_, err := w.store.UpdateDomain(t.Context(), root, "a.test", u)
		require.NoError(t, err)
	}
	aliases := func(s store.Set) {
		t.Helper()
		_, err := w.store.UpdateUser(t.Context(), root, "ann@a.test", store.UserUpdate{Aliases: s})
		require.NoError(t, err)
	}
	has := func(dn string, want ...string) {
		t.Helper()
		require.ElementsMatch(t, want, w.at.Values(t, dn, "shadowAddress"))
	}
	ann, list := w.at.UserDN("ann@a.test"), "mail=list@a.test,ou=Groups,domainName=a.test,"+w.at.Base
	all := "mail=@a.test,ou=Users,domainName=a.test," + w.at.Base
	aliases(store.Set{Add: []string{"info@a.test"}})
	update(store.DomainUpdate{Catchall: &[]string{"x@else.test"}})
	update(store.DomainUpdate{AliasDomains: store.Set{Add: []string{"x.test"}}})
	has(ann, "info@a.test", "ann@x.test", "info@x.test")
	has(list, "news@a.test", "list@x.test", "news@x.test")
	has(all, "@x.test")

	aliases(store.Set{Add: []string{"help@a.test", "own@x.test"}, Remove: []string{"info@a.test"}})
	has(ann, "help@a.test", "ann@x.test", "help@x.test", "own@x.test")
	u, err := w.store.User(t.Context(), "ann@a.test")
	require.NoError(t, err)
	require.Equal(t, []string{"help@a.test", "own@x.test"}, u.Aliases, "what comes with the alias domain is none of its own")
	l, err := w.store.MailingListAccount(t.Context(), "list@a.test")
	require.NoError(t, err)
	require.Equal(t, []string{"news@a.test"}, l.ExtraAddresses)
	_, err = w.store.UpdateMailingListAccount(t.Context(), root, "list@a.test", store.MailingListAccountUpdate{ExtraAddresses: &[]string{"more@a.test"}})
	require.NoError(t, err)
	has(list, "more@a.test", "list@x.test", "more@x.test")

	update(store.DomainUpdate{Catchall: &[]string{}})
	update(store.DomainUpdate{Catchall: &[]string{"y@else.test"}})
	has(all, "@x.test")
	d, err := w.store.Domain(t.Context(), "a.test")
	require.NoError(t, err)
	require.Equal(t, []string{"y@else.test"}, d.Catchall)

	_, err = w.store.RenameUser(t.Context(), root, "ann@a.test", "bea@a.test")
	require.NoError(t, err)
	ann = w.at.UserDN("bea@a.test")
	has(ann, "help@a.test", "bea@x.test", "help@x.test", "own@x.test")
	update(store.DomainUpdate{AliasDomains: store.Set{Remove: []string{"x.test"}}})
	has(ann, "help@a.test")
	has(list, "more@a.test")
	has(all)
}
