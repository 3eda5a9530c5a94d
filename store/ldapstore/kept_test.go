package ldapstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// What another program has put into an attribute that may have several values stays, whatever is written.
func TestValuesOfOthersStay(t *testing.T) {
	w := newFixture(t)
	root := store.Write{Actor: store.Actor{Global: true}}
	hash := store.Secret("{SSHA}Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE=")
	for _, d := range []string{"a.test", "b.test"} {
		_, err := w.store.CreateDomain(t.Context(), root, store.DomainCreate{Name: d})
		require.NoError(t, err)
	}
	_, err := w.store.CreateUser(t.Context(), root, store.UserCreate{Mail: "ann@a.test", Name: "Ann", Password: hash, Active: true})
	require.NoError(t, err)
	_, err = w.store.CreateMailingListAccount(t.Context(), root, store.MailingListAccountCreate{Mail: "list@a.test", Owners: []string{"ann@a.test"}})
	require.NoError(t, err)
	_, err = w.store.CreateStaticList(t.Context(), root, store.StaticListCreate{Mail: "team@a.test", Members: []string{"x@else.test"}})
	require.NoError(t, err)
	ann, list := w.at.UserDN("ann@a.test"), "mail=list@a.test,ou=Groups,domainName=a.test,"+w.at.Base
	outside := "memberOfGroup=team@a.test,ou=Externals,domainName=a.test," + w.at.Base
	w.at.Put(t, ann, "cn", "Ann", "Ann of theirs")
	w.at.Put(t, ann, "sn", "ann", "Surname of theirs")
	w.at.Put(t, ann, "uid", "ann", "theirs")
	w.at.Put(t, ann, "departmentNumber", "Ours", "Of theirs")
	w.at.Put(t, list, "listAllowedUser", "ann@a.test", "theirs@else.test")
	w.at.Put(t, outside, "memberOfGroup", "team@a.test", "theirs@a.test")
	w.at.Put(t, outside, "enabledService", "mail", "deliver", "theirs")

	theirGroup := "cn=theirs,ou=People," + w.at.Suffix
	w.at.Put(t, ann, "enabledService", append(w.at.Values(t, ann, "enabledService"), "theirs")...)
	w.at.Put(t, w.at.ListDN("team@a.test"), "member", theirGroup)
	_, err = w.store.UpdateUser(t.Context(), root, "ann@a.test", store.UserUpdate{Services: store.Set{Replace: &[]string{"imap"}}})
	require.NoError(t, err)
	services := w.at.Values(t, ann, "enabledService")
	require.Subset(t, services, []string{"theirs", "imap", "mail", "doveadm"})
	require.NotContains(t, services, "pop3")
	_, err = w.store.UpdateUser(t.Context(), root, "ann@a.test", store.UserUpdate{Services: store.Set{Remove: []string{"theirs"}}})
	require.NoError(t, err)
	require.NotContains(t, w.at.Values(t, ann, "enabledService"), "theirs")
	for _, members := range [][]string{{"ann@a.test", "x@else.test"}, {"x@else.test"}} {
		_, err = w.store.UpdateStaticList(t.Context(), root, "team@a.test", store.StaticListUpdate{Members: store.Set{Replace: &members}})
		require.NoError(t, err)
		want := []string{theirGroup}
		if len(members) == 2 {
			want = append(want, ann)
		}
		require.ElementsMatch(t, want, w.at.Values(t, w.at.ListDN("team@a.test"), "member"))
	}

	name := "Anna"
	_, err = w.store.UpdateUser(t.Context(), root, "ann@a.test", store.UserUpdate{Name: &name, LastName: &name, Department: &name})
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"Anna", "Ann of theirs"}, w.at.Values(t, ann, "cn"))
	require.ElementsMatch(t, []string{"Anna", "Surname of theirs"}, w.at.Values(t, ann, "sn"))
	require.Equal(t, []string{"Anna", "Of theirs"}, w.at.Values(t, ann, "departmentNumber"))
	_, err = w.store.UpdateMailingListAccount(t.Context(), root, "list@a.test", store.MailingListAccountUpdate{Owners: &[]string{"new@else.test"}})
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"new@else.test", "theirs@else.test"}, w.at.Values(t, list, "listAllowedUser"))
	_, err = w.store.UpdateStaticList(t.Context(), root, "team@a.test", store.StaticListUpdate{Members: store.Set{Add: []string{"y@else.test"}}})
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"team@a.test", "theirs@a.test"}, w.at.Values(t, outside, "memberOfGroup"))
	require.ElementsMatch(t, []string{"mail", "deliver", "theirs"}, w.at.Values(t, outside, "enabledService"))
	_, err = w.store.RenameUser(t.Context(), root, "ann@a.test", "bea@b.test")
	require.NoError(t, err)
	bea := w.at.UserDN("bea@b.test")
	require.ElementsMatch(t, []string{"bea", "theirs"}, w.at.Values(t, bea, "uid"))
	require.ElementsMatch(t, []string{"bea@b.test"}, w.at.Values(t, bea, "mail"))
	require.ElementsMatch(t, []string{"Anna", "Ann of theirs"}, w.at.Values(t, bea, "cn"))
}
