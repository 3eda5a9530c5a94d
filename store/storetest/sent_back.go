package storetest

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// sentBack is the suite about updates that say what is so already: they write nothing, whoever sends them and whatever other programs
// have stored.
func sentBack(t *testing.T, open Open) {
	for name, prepare := range map[string]func(t *testing.T, f Fixture){
		"new accounts":     func(t *testing.T, f Fixture) { t.Helper(); mustAlias(t, f, "team@a.test") },
		"filled accounts":  fillAll,
		"switched off":     switchAllOff,
		"a backup MX":      makeBackupMX,
		"oddly stored":     writeOddly,
		"spelt in any way": spellOddly,
	} {
		t.Run(name, func(t *testing.T) {
			f := withNeighbours(t, open)
			mustAdmin(t, f, adma, store.LimitsUpdate{Users: ptr(int64(50)), NoMailLog: ptr(true)})
			mustManage(t, f, "a.test", adma)
			_, err := f.Accounts.CreateMailingListAccount(ctx(t), asGlobal, store.MailingListAccountCreate{Mail: dev, Active: true})
			require.NoError(t, err)
			if f.Directory != nil {
				_, err = f.lists(t).CreateStaticList(ctx(t), asGlobal, store.StaticListCreate{
					Mail: "all@a.test", AccessPolicy: "domain", Members: []string{"ann@a.test", "x@else.test"},
				})
				require.NoError(t, err)
			}
			prepare(t, f)
			for _, w := range []store.Write{asGlobal, by(adma), {Actor: asGlobal.Actor, DryRun: true}} {
				sendAllBack(t, f, w)
			}
			requirePasswordCounts(t, f)
		})
	}
}

// sendAllBack sends everything back as it is read, and asserts that nothing is written.
func sendAllBack(t *testing.T, f Fixture, w store.Write) {
	t.Helper()
	nothing := func(what string, send func() (store.Change, error)) {
		t.Helper()
		same := untouched(t, f)
		change, err := send()
		require.NoError(t, err, what)
		require.True(t, change.Nothing, "%s by %s: from %v to %v", what, w.Actor.Username, change.Before, change.After)
		require.Equal(t, store.ActionUpdate, change.Action, what)
		require.False(t, change.EndsSessions || change.Lasting, what)
		require.Empty(t, change.Discarded, what)
		same()
	}
	a := f.Accounts
	for _, mail := range []string{"ann@a.test", "bob@a.test"} {
		u := saidBack[store.UserUpdate](t, mustReadUser(t, f, mail), "Password")
		nothing(mail, func() (store.Change, error) { return a.UpdateUser(ctx(t), w, mail, u) })
	}
	d := mustReadDomain(t, f, "a.test")
	nothing("a.test", func() (store.Change, error) {
		return a.UpdateDomain(ctx(t), w, "a.test", saidBack[store.DomainUpdate](t, d, "PendingAliasDomains"))
	})
	nothing("admins of a.test", func() (store.Change, error) {
		return a.UpdateDomainAdmins(ctx(t), w, "a.test", replacing(reversed(d.Admins)...))
	})
	admin := saidBack[store.AdminUpdate](t, mustReadAdmin(t, f, adma), "Password")
	nothing(adma, func() (store.Change, error) { return a.UpdateAdmin(ctx(t), w, adma, admin) })
	alias := saidBack[store.AliasUpdate](t, mustReadAlias(t, f, "team@a.test"))
	nothing("team@a.test", func() (store.Change, error) { return a.UpdateAlias(ctx(t), w, "team@a.test", alias) })
	list := saidBack[store.MailingListAccountUpdate](t, mustReadMailingList(t, f, dev), "Subscribers", "SubscriberField", "Elsewhere")
	nothing(dev, func() (store.Change, error) { return a.UpdateMailingListAccount(ctx(t), w, dev, list) })
	if f.Directory != nil {
		m, err := f.lists(t).StaticList(ctx(t), "all@a.test")
		require.NoError(t, err)
		nothing("all@a.test", func() (store.Change, error) {
			return f.lists(t).UpdateStaticList(ctx(t), w, "all@a.test", saidBack[store.StaticListUpdate](t, m))
		})
	}
}

// saidBack is the update that says of a noun what is read of it, but for some fields. Lists come in another order.
func saidBack[U any](t *testing.T, noun any, but ...string) U {
	t.Helper()
	var u U
	fill(t, reflect.ValueOf(&u).Elem(), noun, "", but)
	return u
}

func fill(t *testing.T, update reflect.Value, noun any, prefix string, but []string) {
	t.Helper()
	for i := range update.NumField() {
		name, to := prefix+update.Type().Field(i).Name, update.Field(i)
		if slices.Contains(but, name) || !update.Type().Field(i).IsExported() {
			continue
		}
		if to.Type() == reflect.TypeFor[store.LimitsUpdate]() {
			fill(t, to, noun, name+".", but)
			continue
		}
		value := fieldOf(t, noun, name)
		if list, ok := value.([]string); ok {
			value = reversed(list)
		}
		switch to.Interface().(type) {
		case store.Set:
			list, ok := value.([]string)
			require.True(t, ok, name)
			to.Set(reflect.ValueOf(store.Set{Replace: &list}))
		default:
			pointer := reflect.New(to.Type().Elem())
			pointer.Elem().Set(reflect.ValueOf(value))
			to.Set(pointer)
		}
	}
}

func reversed(list []string) []string {
	other := append([]string{}, list...)
	slices.Reverse(other)
	return other
}

// untouched is unchanged for what was not even written to: on a directory the stamps of entries stay.
func untouched(t *testing.T, f Fixture) func() {
	t.Helper()
	same := unchanged(t, f)
	if f.Directory == nil {
		return same
	}
	before := f.Directory.stamps(t)
	return func() {
		t.Helper()
		same()
		require.Equal(t, before, f.Directory.stamps(t))
	}
}

// stamps are the server's own numbers of the last change of every entry.
func (at DirectoryAt) stamps(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	search := ldap.NewSearchRequest(at.Base, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)", []string{"entryCSN"}, nil)
	found, err := at.Connect(t).SearchWithPaging(search, 500)
	require.NoError(t, err)
	for _, entry := range found.Entries {
		all[entry.DN] = entry.GetAttributeValue("entryCSN")
	}
	require.NotEmpty(t, all[at.Base])
	return all
}

// requirePasswordCounts asserts that a password is a change, also the one that is stored, and that so is one field among many.
func requirePasswordCounts(t *testing.T, f Fixture) {
	t.Helper()
	ann := mustReadUser(t, f, "ann@a.test")
	u := saidBack[store.UserUpdate](t, ann, "Password")
	u.Password = &ann.Password
	change, err := f.Accounts.UpdateUser(ctx(t), asGlobal, "ann@a.test", u)
	require.NoError(t, err)
	require.False(t, change.Nothing)
	require.True(t, change.EndsSessions)
	u = saidBack[store.UserUpdate](t, ann, "Password")
	u.Department = ptr("Another one")
	require.False(t, mustUpdateUser(t, f, "ann@a.test", u).Nothing)
	require.Equal(t, "Another one", mustReadUser(t, f, "ann@a.test").Department)
	admin := mustReadAdmin(t, f, adma)
	change, err = f.Accounts.UpdateAdmin(ctx(t), asGlobal, adma, store.AdminUpdate{Password: &admin.Password})
	require.NoError(t, err)
	require.False(t, change.Nothing)
	change, err = f.Accounts.UpdateMailingListAccount(ctx(t), asGlobal, dev, store.MailingListAccountUpdate{Elsewhere: true})
	require.NoError(t, err)
	require.False(t, change.Nothing)
}

// fillAll gives every parameter a value.
func fillAll(t *testing.T, f Fixture) {
	t.Helper()
	mustAlias(t, f, "team@a.test", "bob@a.test", "x@else.test")
	mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{
		Name: ptr("Ann"), FirstName: ptr("A"), LastName: ptr("Nn"), Quota: ptr(int64(10)), Language: ptr("de_DE"), EmployeeID: ptr("7"),
		Department: ptr("R&D"), Transport: ptr("smtp:[192.0.2.1]"), Forwarding: replacing("ann@a.test", "x@else.test"),
		SenderBcc: ptr("bob@a.test"), RecipientBcc: ptr("x@else.test"), Aliases: replacing("a@a.test", "b@a.test"),
		Services: replacing("imapsecured", "smtpsecured", "managesieve"), MailboxFormat: ptr("mdbox"), MailboxFolder: ptr("Post"),
		Telephone: &[]string{"1", "2"}, Mobile: &[]string{"3"},
	})
	mustUpdateUser(t, f, "bob@a.test", store.UserUpdate{Forwarding: replacing("ann@a.test"), Services: replacing()})
	mustUpdateDomain(t, f, "a.test", store.DomainUpdate{
		Description: ptr("A"), Quota: ptr(int64(100)), Language: ptr("de_DE"), Transport: ptr("lmtp:unix:x"), MinPasswordLength: ptr(int64(8)),
		MaxPasswordLength: ptr(int64(80)), DefaultQuota: ptr(int64(5)), MaxUserQuota: ptr(int64(50)), NumberOfUsers: ptr(int64(2)),
		NumberOfAliases: ptr(int64(1)), NumberOfLists: ptr(int64(-1)), SenderBcc: ptr("x@else.test"), RecipientBcc: ptr("bob@a.test"),
		Catchall: &[]string{"ann@a.test", "x@else.test"}, OutboundRelay: ptr("[127.0.0.1]:25"), AliasDomains: replacing("alias.test", "other.test"),
		Services: replacing("self-service", "own"), DomainProfiles: replacing("relay", "bcc"), UserProfiles: replacing("relay"),
		UserPreferences: replacing("wblist"),
	})
	policy := "membersonly"
	_, err := f.Accounts.UpdateAlias(ctx(t), asGlobal, "team@a.test", store.AliasUpdate{
		Name: ptr("Team"), AccessPolicy: &policy, Moderators: &[]string{"bob@a.test", "x@else.test"},
	})
	require.NoError(t, err)
	_, err = f.Accounts.UpdateMailingListAccount(ctx(t), asGlobal, dev, store.MailingListAccountUpdate{
		Name: ptr("Dev"), AccessPolicy: &policy, Newsletter: ptr(true), Description: ptr("x\ny"), MaxMessageSize: ptr(int64(4096)),
		Owners: &[]string{"ann@a.test", "x@else.test"}, Moderators: &[]string{"bob@a.test"}, ExtraAddresses: &[]string{"d@a.test", "e@a.test"},
	})
	require.NoError(t, err)
	_, err = f.Accounts.UpdateAdmin(ctx(t), asGlobal, adma, store.AdminUpdate{
		Name: ptr("Änn"), Language: ptr("fr_FR"), Limits: store.LimitsUpdate{Domains: ptr(int64(3)), Quota: ptr(int64(1000)), Lists: ptr(int64(-1))},
	})
	require.NoError(t, err)
}

// switchAllOff is fillAll with everything switched off.
func switchAllOff(t *testing.T, f Fixture) {
	t.Helper()
	fillAll(t, f)
	for _, mail := range []string{"ann@a.test", "bob@a.test"} {
		mustUpdateUser(t, f, mail, store.UserUpdate{Active: ptr(false)})
	}
	_, err := f.Accounts.UpdateAlias(ctx(t), asGlobal, "team@a.test", store.AliasUpdate{Active: ptr(false)})
	require.NoError(t, err)
	_, err = f.Accounts.UpdateMailingListAccount(ctx(t), asGlobal, dev, store.MailingListAccountUpdate{Active: ptr(false)})
	require.NoError(t, err)
	mustUpdateDomain(t, f, "a.test", store.DomainUpdate{Active: ptr(false)})
	mustUpdateUser(t, f, "bob@a.test", store.UserUpdate{Global: ptr(true)})
}

// makeBackupMX has the domain relay to its primary MX.
func makeBackupMX(t *testing.T, f Fixture) {
	t.Helper()
	mustAlias(t, f, "team@a.test")
	mustUpdateDomain(t, f, "a.test", store.DomainUpdate{BackupMX: ptr(true), PrimaryMX: ptr("[MX.else.test]:25")})
}

// spellOddly is fillAll with addresses in capitals, rows that were switched off by hand, and values in further forms.
func spellOddly(t *testing.T, f Fixture) {
	t.Helper()
	fillAll(t, f)
	if f.Directory == nil {
		for _, query := range []string{
			"UPDATE forwardings SET active = 0 WHERE forwarding = 'x@else.test'",
			"UPDATE forwardings SET forwarding = 'X@Else.test' WHERE forwarding = 'x@else.test'",
			"UPDATE sender_bcc_user SET active = 0, bcc_address = 'Bob@A.test' WHERE username = 'ann@a.test'",
			"UPDATE sender_bcc_domain SET bcc_address = 'X@Else.test'",
			"UPDATE sender_relayhost SET relayhost = 'relay:[127.0.0.1]:25'",
			"UPDATE maillist_owners SET owner = 'X@Else.test' WHERE owner = 'x@else.test'",
			"UPDATE admin SET settings = 'create_max_users:050;odd;create_new_domains:yes;disable_viewing_mail_log:YES;' WHERE username = 'adma@admins.test'",
			"UPDATE mailbox SET enablesieve = 0, enabledoveadm = 0 WHERE username = 'ann@a.test'",
			"UPDATE mailbox SET isglobaladmin = 1 WHERE username = 'bob@a.test'",
			"DELETE FROM forwardings WHERE address = 'bob@a.test' AND is_forwarding = 1",
		} {
			exec(t, f, query)
		}
		return
	}
	ann, bob, domain := f.Directory.UserDN("ann@a.test"), f.Directory.UserDN("bob@a.test"), f.Directory.DomainDN("a.test")
	f.Directory.Put(t, ann, "mailForwardingAddress", "Ann@A.test", "X@Else.test")
	f.Directory.Put(t, ann, "userSenderBccAddress", "Bob@A.test")
	f.Directory.Put(t, ann, "enabledService", "mail", "smtpsecured", "managesieve", "imapsecured", "theirs")
	f.Directory.Put(t, ann, "cn", "Ann", "Ann of theirs")
	f.Directory.Put(t, bob, "cn", "bob")
	f.Directory.Put(t, bob, "domainGlobalAdmin", "yes")
	f.Directory.Put(t, domain, "senderRelayHost", "relay:[127.0.0.1]:25")
	f.Directory.Put(t, domain, "domainSenderBccAddress", "X@Else.test")
	f.Directory.Put(t, domain, "enabledService", "mail", "Own", "SELF-service")
	f.Directory.Put(t, f.Directory.AdminDN(adma), "accountSetting", "create_max_users:050", "odd", "create_new_domains:yes")
	f.Directory.Put(t, f.Directory.ListDN(dev), "listAllowedUser", strings.ToUpper("theirs@else.test"))
}
