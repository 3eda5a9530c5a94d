package storetest

import (
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// computed is the suite about what is worked out of each noun: every field shows what there is.
func computed(t *testing.T, open Open) {
	f := withUser(t, open)
	mustDomain(t, f, "b.test")
	mustUser(t, f, "bo@a.test")
	fillUser(t, f, "ann@a.test")
	mustAlias(t, f, "group@a.test", "ann@a.test")
	putModerators(t, f, "group@a.test", "bo@a.test")
	mustUpdateDomain(t, f, "a.test", store.DomainUpdate{
		AliasDomains: adding("alias.test"), Catchall: &[]string{"ann@a.test"}, SenderBcc: ptr("bo@a.test"), RecipientBcc: ptr("bo@a.test"),
		OutboundRelay: ptr("[relay.test]:25"), Quota: ptr(int64(1000)), MaxUserQuota: ptr(int64(50)),
		Description: ptr("A"), Language: ptr("de_DE"), MinPasswordLength: ptr(int64(9)), MaxPasswordLength: ptr(int64(99)),
		DefaultQuota: ptr(int64(5)), NumberOfUsers: ptr(int64(10)), NumberOfAliases: ptr(int64(11)), NumberOfLists: ptr(int64(12)),
		Services: replacing("self-service"), DomainProfiles: replacing("relay"), UserProfiles: replacing("relay"),
		UserPreferences: replacing("wblist"),
	})
	mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{
		Name: ptr("Ann"), FirstName: ptr("Ann"), LastName: ptr("Ex"), Global: ptr(true), Language: ptr("de_DE"), EmployeeID: ptr("7"),
		Department: ptr("R&D"), Transport: ptr("dovecot"), Telephone: &[]string{"1"}, Mobile: &[]string{"2"},
	})
	_, err := f.Accounts.UpdateAlias(ctx(t), asGlobal, "group@a.test", store.AliasUpdate{Name: ptr("Group"), AccessPolicy: ptr("domain")})
	require.NoError(t, err)
	for _, mail := range []string{"ann@a.test", "bo@a.test"} {
		mustUpdateUser(t, f, mail, store.UserUpdate{Quota: ptr(int64(10))})
	}
	m := wholeMailingList
	m.Owners, m.Moderators = []string{"bo@a.test"}, []string{"ann@a.test"}
	_, err = f.Accounts.CreateMailingListAccount(ctx(t), refusing, m)
	require.NoError(t, err)
	_, err = f.Accounts.CreateAdmin(ctx(t), asGlobal, store.AdminCreate{
		Mail: adma, Name: "A", Password: aHash, Active: true, Language: "de_DE",
		Limits: store.LimitsUpdate{Users: ptr(int64(3)), NoMailLog: ptr(true), NoQuarantinedMail: ptr(true)},
	})
	require.NoError(t, err)
	mustManage(t, f, "a.test", adma)
	ofUser := []string{"Settings", "MailingLists"} // see the lists of mlmmj, and the static lists of a directory
	if f.Directory != nil {
		_, err = f.lists(t).CreateStaticList(ctx(t), asGlobal, store.StaticListCreate{Mail: "all@a.test", Members: []string{"ann@a.test"}})
		require.NoError(t, err)
		ofUser = ofUser[:1]
	}

	ofDomain := []string{"BackupMX", "PrimaryMX"} // on SQL a backup MX has no alias domains

	users, err := f.Accounts.Users(ctx(t), store.UserFilter{Domain: "a.test"}, store.PageRequest{})
	require.NoError(t, err)
	domains, err := f.Accounts.Domains(ctx(t), store.DomainFilter{}, store.PageRequest{})
	require.NoError(t, err)
	aliases, err := f.Accounts.Aliases(ctx(t), store.AliasFilter{Domain: "a.test"}, store.PageRequest{})
	require.NoError(t, err)
	requireFilled(t, mustReadUser(t, f, "ann@a.test"), ofUser...)
	requireFilled(t, users.Items[slices.IndexFunc(users.Items, func(u store.User) bool { return u.Mail == "ann@a.test" })], ofUser...)
	requireFilled(t, mustReadDomain(t, f, "a.test"), ofDomain...)
	requireFilled(t, domains.Items[slices.IndexFunc(domains.Items, func(d store.Domain) bool { return d.Name == "a.test" })], ofDomain...)
	requireFilled(t, mustReadAlias(t, f, "group@a.test"))
	requireFilled(t, aliases.Items[0])
	requireFilled(t, mustReadMailingList(t, f, dev))
	requireFilled(t, mustReadAdmin(t, f, adma), "Global")
}

// requireFilled asserts that every field of a noun but some holds something.
func requireFilled(t *testing.T, noun any, but ...string) {
	t.Helper()
	v := reflect.ValueOf(noun)
	for i := range v.NumField() {
		name, field := v.Type().Field(i).Name, v.Field(i)
		empty := field.IsZero() || field.Kind() == reflect.Slice && field.Len() == 0
		if !slices.Contains(but, name) {
			require.False(t, empty, "%s of %T", name, noun)
		}
	}
}
