package storetest

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// Whatever an update takes is read back in the form in which it is given. Each table below has the field of the update as its
// key; a field that has no case fails the suite, unless it is one of those that nothing returns.

// sending is an update, and what the field of the noun is afterwards.
type sending[U any] struct {
	update U
	want   any
}

// parameters is the suite about what updates set and reads return.
func parameters(t *testing.T, open Open) {
	t.Run("user", func(t *testing.T) {
		f := withNeighbours(t, open)
		sendAll(t, userParameters, nil, func(t *testing.T, u store.UserUpdate) []store.User {
			t.Helper()
			mustUpdateUser(t, f, "ann@a.test", u)
			all, err := f.Accounts.Users(ctx(t), store.UserFilter{Domain: "a.test"}, store.PageRequest{})
			require.NoError(t, err)
			i := slices.IndexFunc(all.Items, func(u store.User) bool { return u.Mail == "ann@a.test" })
			return []store.User{mustReadUser(t, f, "ann@a.test"), all.Items[i]}
		})
	})
	t.Run("domain", func(t *testing.T) {
		f := withNeighbours(t, open)
		none := []string{"PendingAliasDomains"} // SQL keeps them nowhere; those who may log in see them with the domain's proofs
		sendAll(t, domainParameters, none, func(t *testing.T, u store.DomainUpdate) []store.Domain {
			t.Helper()
			mustUpdateDomain(t, f, "a.test", u)
			all, err := f.Accounts.Domains(ctx(t), store.DomainFilter{}, store.PageRequest{})
			require.NoError(t, err)
			i := slices.IndexFunc(all.Items, func(d store.Domain) bool { return d.Name == "a.test" })
			return []store.Domain{mustReadDomain(t, f, "a.test"), all.Items[i]}
		})
	})
	t.Run("admin", func(t *testing.T) {
		f := withNeighbours(t, open)
		mustAdmin(t, f, adma, store.LimitsUpdate{})
		sendAll(t, adminParameters, nil, func(t *testing.T, u store.AdminUpdate) []store.Admin {
			t.Helper()
			_, err := f.Accounts.UpdateAdmin(ctx(t), asGlobal, adma, u)
			require.NoError(t, err)
			all, err := f.Accounts.Admins(ctx(t), store.AdminFilter{}, store.PageRequest{})
			require.NoError(t, err)
			return []store.Admin{mustReadAdmin(t, f, adma), all.Items[0]}
		})
	})
	t.Run("alias", func(t *testing.T) {
		f := withNeighbours(t, open)
		mustAlias(t, f, "team@a.test")
		sendAll(t, aliasParameters, nil, func(t *testing.T, u store.AliasUpdate) []store.Alias {
			t.Helper()
			_, err := f.Accounts.UpdateAlias(ctx(t), asGlobal, "team@a.test", u)
			require.NoError(t, err)
			all, err := f.Accounts.Aliases(ctx(t), store.AliasFilter{Domain: "a.test"}, store.PageRequest{})
			require.NoError(t, err)
			return []store.Alias{mustReadAlias(t, f, "team@a.test"), all.Items[0]}
		})
	})
	t.Run("ml", func(t *testing.T) {
		f := withNeighbours(t, open)
		_, err := f.Accounts.CreateMailingListAccount(ctx(t), asGlobal, store.MailingListAccountCreate{Mail: dev})
		require.NoError(t, err)
		none := []string{"Subscribers", "SubscriberField", "Elsewhere"} // these are looked at alone
		sendAll(t, mailingListParameters, none, func(t *testing.T, u store.MailingListAccountUpdate) []store.MailingListAccount {
			t.Helper()
			_, err := f.Accounts.UpdateMailingListAccount(ctx(t), asGlobal, dev, u)
			require.NoError(t, err)
			all, err := f.Accounts.MailingListAccounts(ctx(t), store.MailingListFilter{Domain: "a.test"}, store.PageRequest{})
			require.NoError(t, err)
			return []store.MailingListAccount{mustReadMailingList(t, f, dev), all.Items[0]}
		})
	})
	t.Run("static list", func(t *testing.T) {
		f := withNeighbours(t, open)
		if f.Directory == nil {
			return // there are none
		}
		_, err := f.lists(t).CreateStaticList(ctx(t), asGlobal, store.StaticListCreate{Mail: "all@a.test"})
		require.NoError(t, err)
		sendAll(t, staticListParameters, nil, func(t *testing.T, u store.StaticListUpdate) []store.StaticList {
			t.Helper()
			_, err := f.lists(t).UpdateStaticList(ctx(t), asGlobal, "all@a.test", u)
			require.NoError(t, err)
			m, err := f.lists(t).StaticList(ctx(t), "all@a.test")
			require.NoError(t, err)
			require.True(t, m.Active)
			return []store.StaticList{m}
		})
	})
	t.Run("nothing set", func(t *testing.T) { nothingSet(t, open) })
	t.Run("oddly stored", func(t *testing.T) { oddlyStored(t, open) })
	t.Run("sent back", func(t *testing.T) { sentBack(t, open) })
	t.Run("times", func(t *testing.T) { times(t, open) })
}

// withNeighbours opens a store that has a.test with two mailboxes, and a global admin beside.
func withNeighbours(t *testing.T, open Open) Fixture {
	t.Helper()
	f := withUser(t, open)
	mustUser(t, f, "bob@a.test")
	mustGlobalAdmin(t, f, "root@elsewhere.test")
	return f
}

// sendAll sends the updates of every field, and compares the field of the noun however it is read.
func sendAll[U, N any](t *testing.T, table map[string][]sending[U], none []string, send func(t *testing.T, u U) []N) {
	t.Helper()
	for _, field := range fieldsOf(reflect.TypeFor[U]()) {
		require.True(t, slices.Contains(none, field) != (len(table[field]) > 0), "%s of %T has a case, or nothing returns it", field, *new(U))
	}
	for _, field := range slices.Sorted(maps.Keys(table)) {
		for _, s := range table[field] {
			for _, noun := range send(t, s.update) {
				require.Equal(t, s.want, fieldOf(t, noun, field), "%s of %T", field, noun)
			}
		}
	}
}

// fieldsOf names the fields of an update, and those of limits as Limits.Name.
func fieldsOf(update reflect.Type) []string {
	var names []string
	for i := range update.NumField() {
		f := update.Field(i)
		if f.Type == reflect.TypeFor[store.LimitsUpdate]() {
			for _, name := range fieldsOf(f.Type) {
				names = append(names, f.Name+"."+name)
			}
			continue
		}
		names = append(names, f.Name)
	}
	return names
}

// otherNames are the fields of a noun that are named otherwise than that of its update.
var otherNames = map[string]string{
	"Forwarding": "Forwardings", "OutboundRelay": "RelayHost",
	"Limits.NoMailLog": "NoMailLog", "Limits.NoQuarantinedMail": "NoQuarantinedMail",
}

// fieldOf returns what a noun has for the field of an update.
func fieldOf(t *testing.T, noun any, field string) any {
	t.Helper()
	if other, ok := otherNames[field]; ok {
		field = other
	}
	v := reflect.ValueOf(noun)
	for name := range strings.SplitSeq(field, ".") {
		v = v.FieldByName(name)
		require.True(t, v.IsValid(), "%T has no %s", noun, field)
	}
	return v.Interface()
}

var userParameters = map[string][]sending[store.UserUpdate]{
	"Name":       {{store.UserUpdate{Name: ptr("Ünï 王")}, "Ünï 王"}, {store.UserUpdate{Name: ptr("")}, ""}},
	"FirstName":  {{store.UserUpdate{FirstName: ptr("Änn")}, "Änn"}, {store.UserUpdate{FirstName: ptr("")}, ""}},
	"LastName":   {{store.UserUpdate{LastName: ptr("Öx")}, "Öx"}, {store.UserUpdate{LastName: ptr("")}, ""}},
	"Password":   {{store.UserUpdate{Password: ptr(store.Secret("{SSHA}other"))}, store.Secret("{SSHA}other")}},
	"Quota":      {{store.UserUpdate{Quota: ptr(int64(1500))}, int64(1500)}, {store.UserUpdate{Quota: ptr(int64(0))}, int64(0)}},
	"Active":     {{store.UserUpdate{Active: ptr(false)}, false}, {store.UserUpdate{Active: ptr(true)}, true}},
	"Language":   {{store.UserUpdate{Language: ptr("de_DE")}, "de_DE"}, {store.UserUpdate{Language: ptr("")}, ""}},
	"EmployeeID": {{store.UserUpdate{EmployeeID: ptr("E 17")}, "E 17"}, {store.UserUpdate{EmployeeID: ptr("")}, ""}},
	"Department": {{store.UserUpdate{Department: ptr("R&D")}, "R&D"}, {store.UserUpdate{Department: ptr("")}, ""}},
	"Transport": {
		{store.UserUpdate{Transport: ptr("smtp:[192.0.2.1]:25")}, "smtp:[192.0.2.1]:25"}, {store.UserUpdate{Transport: ptr("")}, ""},
	},
	"Global": {{store.UserUpdate{Global: ptr(true)}, true}, {store.UserUpdate{Global: ptr(false)}, false}},
	"Forwarding": {
		{store.UserUpdate{Forwarding: replacing("bob@a.test", "x@else.test")}, []string{"bob@a.test", "x@else.test"}},
		{store.UserUpdate{Forwarding: replacing()}, []string{"ann@a.test"}},
	},
	"SenderBcc":    {{store.UserUpdate{SenderBcc: ptr("bob@a.test")}, "bob@a.test"}, {store.UserUpdate{SenderBcc: ptr("")}, ""}},
	"RecipientBcc": {{store.UserUpdate{RecipientBcc: ptr("x@else.test")}, "x@else.test"}, {store.UserUpdate{RecipientBcc: ptr("")}, ""}},
	"Aliases": {
		{store.UserUpdate{Aliases: replacing("anna@a.test", "a@a.test")}, []string{"a@a.test", "anna@a.test"}},
		{store.UserUpdate{Aliases: replacing()}, []string{}},
	},
	"Services": {
		{store.UserUpdate{Services: replacing("smtpsecured", "imapsecured", "deliver")}, []string{"deliver", "imapsecured", "smtpsecured"}},
		{store.UserUpdate{Services: replacing()}, []string{}},
		{store.UserUpdate{Services: replacing(allServices...)}, allServices},
	},
	"MailboxFormat": {
		{store.UserUpdate{MailboxFormat: ptr("mdbox")}, "mdbox"}, {store.UserUpdate{MailboxFormat: ptr("")}, "maildir"},
	},
	"MailboxFolder": {
		{store.UserUpdate{MailboxFolder: ptr("Post")}, "Post"}, {store.UserUpdate{MailboxFolder: ptr("")}, "Maildir"},
	},
	"Maildir": {
		{store.UserUpdate{Maildir: ptr("/var/vmail/vmail1/a.test/x/ann")}, "/var/vmail/vmail1/a.test/x/ann"},
		{store.UserUpdate{Maildir: ptr("/Other/Disk/ann/")}, "/other/disk/ann"},
		{store.UserUpdate{Maildir: ptr("/other/ann")}, "/other/ann"},
	},
	"Telephone": {
		{store.UserUpdate{Telephone: &[]string{"+49 30 1"}}, []string{"+49 30 1"}}, {store.UserUpdate{Telephone: &[]string{"Ext. 7a"}}, []string{"Ext. 7a"}},
		{store.UserUpdate{Telephone: &[]string{"EXT. 7A"}}, []string{"EXT. 7A"}}, {store.UserUpdate{Telephone: &[]string{}}, []string{}},
	},
	"Mobile": {
		{store.UserUpdate{Mobile: &[]string{"+49 171 1"}}, []string{"+49 171 1"}}, {store.UserUpdate{Mobile: &[]string{}}, []string{}},
	},
}

// allServices are the services of a mailbox that the contract names, sorted.
var allServices = []string{
	"deliver", "imap", "imapsecured", "imaptls", "managesieve", "managesievesecured", "pop3", "pop3secured", "pop3tls", "smtp", "smtpsecured",
	"sogo", "sogoactivesync", "sogocalendar", "sogowebmail",
}

var domainParameters = map[string][]sending[store.DomainUpdate]{
	"Description": {{store.DomainUpdate{Description: ptr("Ünï 王")}, "Ünï 王"}, {store.DomainUpdate{Description: ptr("")}, ""}},
	"Active":      {{store.DomainUpdate{Active: ptr(false)}, false}, {store.DomainUpdate{Active: ptr(true)}, true}},
	"Quota":       numbers(func(n *int64) store.DomainUpdate { return store.DomainUpdate{Quota: n} }, 1500, 0),
	"Language":    {{store.DomainUpdate{Language: ptr("de_DE")}, "de_DE"}, {store.DomainUpdate{Language: ptr("")}, ""}},
	"Transport": {
		{store.DomainUpdate{Transport: ptr("smtp:[192.0.2.1]:25")}, "smtp:[192.0.2.1]:25"},
		{store.DomainUpdate{Transport: ptr("")}, "dovecot"},
	},
	"MinPasswordLength": numbers(func(n *int64) store.DomainUpdate { return store.DomainUpdate{MinPasswordLength: n} }, 9, 0),
	"MaxPasswordLength": numbers(func(n *int64) store.DomainUpdate { return store.DomainUpdate{MaxPasswordLength: n} }, 99, 0),
	"DefaultQuota":      numbers(func(n *int64) store.DomainUpdate { return store.DomainUpdate{DefaultQuota: n} }, 100, 0),
	"MaxUserQuota":      numbers(func(n *int64) store.DomainUpdate { return store.DomainUpdate{MaxUserQuota: n} }, 200, 0),
	"NumberOfUsers":     numbers(func(n *int64) store.DomainUpdate { return store.DomainUpdate{NumberOfUsers: n} }, 5, -1, 0),
	"NumberOfAliases":   numbers(func(n *int64) store.DomainUpdate { return store.DomainUpdate{NumberOfAliases: n} }, 6, -1, 0),
	"NumberOfLists":     numbers(func(n *int64) store.DomainUpdate { return store.DomainUpdate{NumberOfLists: n} }, 7, -1, 0),
	"SenderBcc":         {{store.DomainUpdate{SenderBcc: ptr("bob@a.test")}, "bob@a.test"}, {store.DomainUpdate{SenderBcc: ptr("")}, ""}},
	"RecipientBcc":      {{store.DomainUpdate{RecipientBcc: ptr("x@else.test")}, "x@else.test"}, {store.DomainUpdate{RecipientBcc: ptr("")}, ""}},
	"BackupMX":          {{store.DomainUpdate{BackupMX: ptr(true)}, true}, {store.DomainUpdate{BackupMX: ptr(false)}, false}},
	"PrimaryMX": {
		{store.DomainUpdate{BackupMX: ptr(true), PrimaryMX: ptr("[mx.else.test]:25")}, "[mx.else.test]:25"},
		{store.DomainUpdate{BackupMX: ptr(true), PrimaryMX: ptr("")}, ""},
		{store.DomainUpdate{BackupMX: ptr(true), PrimaryMX: ptr("mx.else.test")}, "mx.else.test"},
		{store.DomainUpdate{BackupMX: ptr(false)}, ""},
	},
	"Catchall": {
		{store.DomainUpdate{Catchall: &[]string{"x@else.test", "bob@a.test"}}, []string{"bob@a.test", "x@else.test"}},
		{store.DomainUpdate{Catchall: &[]string{}}, []string{}},
	},
	"OutboundRelay": {
		{store.DomainUpdate{OutboundRelay: ptr("[relay.else.test]:587")}, "[relay.else.test]:587"}, {store.DomainUpdate{OutboundRelay: ptr("")}, ""},
	},
	"AliasDomains": {
		{store.DomainUpdate{AliasDomains: replacing("z.test", "alias.test")}, []string{"alias.test", "z.test"}},
		{store.DomainUpdate{AliasDomains: replacing()}, []string{}},
	},
	"Services": {
		{store.DomainUpdate{Services: replacing("self-service", "Own.one")}, []string{"Own.one", "self-service"}},
		{store.DomainUpdate{Services: replacing("self-service")}, []string{"self-service"}},
		{store.DomainUpdate{Services: replacing()}, []string{}},
	},
	"DomainProfiles": {
		{store.DomainUpdate{DomainProfiles: replacing("relay", "bcc")}, []string{"bcc", "relay"}},
		{store.DomainUpdate{DomainProfiles: replacing("catchall", "bcc")}, []string{"bcc", "catchall"}},
		{store.DomainUpdate{DomainProfiles: replacing()}, []string{}},
	},
	"UserProfiles": {
		{store.DomainUpdate{UserProfiles: replacing("relay", "bcc")}, []string{"bcc", "relay"}},
		{store.DomainUpdate{UserProfiles: replacing("forwarding")}, []string{"forwarding"}},
		{store.DomainUpdate{UserProfiles: replacing()}, []string{}},
	},
	"UserPreferences": {
		{store.DomainUpdate{UserPreferences: replacing("wblist", "quarantine")}, []string{"quarantine", "wblist"}},
		{store.DomainUpdate{UserPreferences: replacing("forwarding")}, []string{"forwarding"}},
		{store.DomainUpdate{UserPreferences: replacing()}, []string{}},
	},
}

// numbers are the sendings of a number.
func numbers[U any](update func(n *int64) U, all ...int64) []sending[U] {
	list := make([]sending[U], len(all))
	for i, n := range all {
		list[i] = sending[U]{update(&n), n}
	}
	return list
}

// limits are the sendings of a limit of an admin.
func limits(set func(l *store.LimitsUpdate, n *int64)) []sending[store.AdminUpdate] {
	return numbers(func(n *int64) store.AdminUpdate {
		var u store.AdminUpdate
		set(&u.Limits, n)
		return u
	}, 5, -1, 0)
}

var adminParameters = map[string][]sending[store.AdminUpdate]{
	"Name":           {{store.AdminUpdate{Name: ptr("Ünï 王")}, "Ünï 王"}, {store.AdminUpdate{Name: ptr("")}, ""}},
	"Password":       {{store.AdminUpdate{Password: ptr(store.Secret("{SSHA}other"))}, store.Secret("{SSHA}other")}},
	"Active":         {{store.AdminUpdate{Active: ptr(false)}, false}, {store.AdminUpdate{Active: ptr(true)}, true}},
	"Language":       {{store.AdminUpdate{Language: ptr("de_DE")}, "de_DE"}, {store.AdminUpdate{Language: ptr("")}, ""}},
	"Global":         {{store.AdminUpdate{Global: ptr(true)}, true}, {store.AdminUpdate{Global: ptr(false)}, false}},
	"Limits.Domains": limits(func(l *store.LimitsUpdate, n *int64) { l.Domains = n }),
	"Limits.Quota":   limits(func(l *store.LimitsUpdate, n *int64) { l.Quota = n }),
	"Limits.Users":   limits(func(l *store.LimitsUpdate, n *int64) { l.Users = n }),
	"Limits.Aliases": limits(func(l *store.LimitsUpdate, n *int64) { l.Aliases = n }),
	"Limits.Lists":   limits(func(l *store.LimitsUpdate, n *int64) { l.Lists = n }),
	"Limits.NoMailLog": {
		{store.AdminUpdate{Limits: store.LimitsUpdate{NoMailLog: ptr(true)}}, true},
		{store.AdminUpdate{Limits: store.LimitsUpdate{NoMailLog: ptr(false)}}, false},
	},
	"Limits.NoQuarantinedMail": {
		{store.AdminUpdate{Limits: store.LimitsUpdate{NoQuarantinedMail: ptr(true)}}, true},
		{store.AdminUpdate{Limits: store.LimitsUpdate{NoQuarantinedMail: ptr(false)}}, false},
	},
}

var aliasParameters = map[string][]sending[store.AliasUpdate]{
	"Name":   {{store.AliasUpdate{Name: ptr("Ünï 王")}, "Ünï 王"}, {store.AliasUpdate{Name: ptr("")}, ""}},
	"Active": {{store.AliasUpdate{Active: ptr(false)}, false}, {store.AliasUpdate{Active: ptr(true)}, true}},
	"AccessPolicy": {
		{store.AliasUpdate{AccessPolicy: ptr("membersandmoderatorsonly")}, "membersandmoderatorsonly"},
		{store.AliasUpdate{AccessPolicy: ptr("domain")}, "domain"},
		{store.AliasUpdate{AccessPolicy: ptr("public")}, "public"},
		{store.AliasUpdate{AccessPolicy: ptr("")}, ""},
	},
	"Members": {
		{store.AliasUpdate{Members: replacing("x@else.test", "ann@a.test")}, []string{"ann@a.test", "x@else.test"}},
		{store.AliasUpdate{Members: replacing()}, []string{}},
	},
	"Moderators": {
		{store.AliasUpdate{Moderators: &[]string{"x@else.test", "ann@a.test"}}, []string{"ann@a.test", "x@else.test"}},
		{store.AliasUpdate{Moderators: &[]string{"ann@a.test"}}, []string{"ann@a.test"}}, {store.AliasUpdate{Moderators: &[]string{}}, []string{}},
	},
}

var mailingListParameters = map[string][]sending[store.MailingListAccountUpdate]{
	"Name":   {{store.MailingListAccountUpdate{Name: ptr("Ünï 王")}, "Ünï 王"}, {store.MailingListAccountUpdate{Name: ptr("")}, ""}},
	"Active": {{store.MailingListAccountUpdate{Active: ptr(false)}, false}, {store.MailingListAccountUpdate{Active: ptr(true)}, true}},
	"AccessPolicy": {
		{store.MailingListAccountUpdate{AccessPolicy: ptr("subdomain")}, "subdomain"}, {store.MailingListAccountUpdate{AccessPolicy: ptr("")}, ""},
	},
	"Newsletter": {
		{store.MailingListAccountUpdate{Newsletter: ptr(true)}, true}, {store.MailingListAccountUpdate{Newsletter: ptr(false)}, false},
	},
	"Description": {
		{store.MailingListAccountUpdate{Description: ptr("Zwei\nZeilen")}, "Zwei\nZeilen"},
		{store.MailingListAccountUpdate{Description: ptr("")}, ""},
	},
	"MaxMessageSize": numbers(func(n *int64) store.MailingListAccountUpdate {
		return store.MailingListAccountUpdate{MaxMessageSize: n}
	}, 10<<30, 0),
	"Owners": {
		{store.MailingListAccountUpdate{Owners: &[]string{"x@else.test", "ann@a.test"}}, []string{"ann@a.test", "x@else.test"}},
		{store.MailingListAccountUpdate{Owners: &[]string{}}, []string{}},
	},
	"Moderators": {
		{store.MailingListAccountUpdate{Moderators: &[]string{"x@else.test", "ann@a.test"}}, []string{"ann@a.test", "x@else.test"}},
		{store.MailingListAccountUpdate{Moderators: &[]string{}}, []string{}},
	},
	"ExtraAddresses": {
		{store.MailingListAccountUpdate{ExtraAddresses: &[]string{"more@a.test", "d@a.test"}}, []string{"d@a.test", "more@a.test"}},
		{store.MailingListAccountUpdate{ExtraAddresses: &[]string{}}, []string{}},
	},
}

var staticListParameters = map[string][]sending[store.StaticListUpdate]{
	"Name": {{store.StaticListUpdate{Name: ptr("Ünï 王")}, "Ünï 王"}, {store.StaticListUpdate{Name: ptr("")}, ""}},
	"AccessPolicy": {
		{store.StaticListUpdate{AccessPolicy: ptr("membersonly")}, "membersonly"}, {store.StaticListUpdate{AccessPolicy: ptr("")}, ""},
	},
	"Members": {
		{store.StaticListUpdate{Members: replacing("x@else.test", "ann@a.test")}, []string{"ann@a.test", "x@else.test"}},
		{store.StaticListUpdate{Members: replacing()}, []string{}},
	},
}

// nothingSet is what accounts show that were made with nothing: the same on every engine.
func nothingSet(t *testing.T, open Open) {
	f := withUser(t, open)
	mustAlias(t, f, "team@a.test")
	mustAdmin(t, f, adma, store.LimitsUpdate{})

	u := mustReadUser(t, f, "ann@a.test")
	require.Regexp(t, `^/var/vmail/vmail1/a\.test/a/n/n/ann-[0-9.]+$`, u.Maildir)
	u.Stored, u.Settings, u.Password, u.Maildir = nil, nil, "", ""
	u.Created, u.Modified, u.PasswordChanged = time.Time{}, time.Time{}, time.Time{}
	require.Equal(t, store.User{
		Mail: "ann@a.test", Active: true, Services: allServices, MailboxFormat: "maildir", MailboxFolder: "Maildir",
		Telephone: []string{}, Mobile: []string{}, Forwardings: []string{"ann@a.test"}, Aliases: []string{}, Domains: []string{},
		MailingAliases: []string{}, MailingLists: []string{},
	}, u)

	_, err := f.Accounts.RenameUser(ctx(t), asGlobal, "ann@a.test", "zoe@a.test")
	require.NoError(t, err)
	zoe := mustReadUser(t, f, "zoe@a.test")
	require.Empty(t, zoe.Name+zoe.FirstName+zoe.LastName)

	d := mustReadDomain(t, f, "a.test")
	d.Stored, d.Settings, d.Created, d.Modified = nil, nil, time.Time{}, time.Time{}
	require.Equal(t, store.Domain{
		Name: "a.test", Active: true, Transport: "dovecot", Services: []string{}, DomainProfiles: []string{}, UserProfiles: []string{},
		UserPreferences: []string{}, Catchall: []string{}, AliasDomains: []string{}, Admins: []string{}, Users: 1, Aliases: 1,
	}, d)

	a := mustReadAdmin(t, f, adma)
	a.Stored, a.Settings, a.Password = nil, nil, ""
	a.Created, a.Modified, a.PasswordChanged = time.Time{}, time.Time{}, time.Time{}
	require.Equal(t, store.Admin{Mail: adma, Name: "Boss", Active: true, Domains: []string{}}, a)

	team := mustReadAlias(t, f, "team@a.test")
	team.Stored, team.Created, team.Modified = nil, time.Time{}, time.Time{}
	require.Equal(t, store.Alias{Mail: "team@a.test", Active: true, Members: []string{}, Moderators: []string{}}, team)
}

// times are when something was made, changed and given a password, in UTC.
func times(t *testing.T, open Open) {
	f := open(t)
	start := time.Now().Add(-time.Minute)
	mustDomain(t, f, "a.test")
	mustUser(t, f, "ann@a.test")
	mustAlias(t, f, "team@a.test")
	mustAdmin(t, f, adma, store.LimitsUpdate{})
	_, err := f.Accounts.CreateMailingListAccount(ctx(t), asGlobal, store.MailingListAccountCreate{Mail: dev})
	require.NoError(t, err)
	recent := func(t *testing.T, all ...time.Time) {
		t.Helper()
		for _, at := range all {
			require.Equal(t, time.UTC, at.Location())
			require.WithinRange(t, at, start.Truncate(24*time.Hour), time.Now().Add(time.Minute)) // a directory keeps the day of a password
		}
	}
	u, d, team := mustReadUser(t, f, "ann@a.test"), mustReadDomain(t, f, "a.test"), mustReadAlias(t, f, "team@a.test")
	a, m := mustReadAdmin(t, f, adma), mustReadMailingList(t, f, dev)
	recent(t, u.Created, u.Modified, u.PasswordChanged, d.Created, d.Modified, team.Created, team.Modified)
	recent(t, a.Created, a.Modified, a.PasswordChanged, m.Created, m.Modified)
	if f.Directory != nil {
		_, err = f.lists(t).CreateStaticList(ctx(t), asGlobal, store.StaticListCreate{Mail: "all@a.test"})
		require.NoError(t, err)
		list, err := f.lists(t).StaticList(ctx(t), "all@a.test")
		require.NoError(t, err)
		recent(t, list.Created, list.Modified)
		for _, shown := range []store.Record{u.Stored, d.Stored, team.Stored, a.Stored, m.Stored, list.Stored} {
			require.Nil(t, shown.Get("createTimestamp"))
			require.Nil(t, shown.Get("modifyTimestamp"))
		}
		f.Directory.Put(t, f.Directory.UserDN("ann@a.test"), "shadowLastChange", "19723")
		require.Equal(t, time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), mustReadUser(t, f, "ann@a.test").PasswordChanged)
		f.Directory.Put(t, f.Directory.UserDN("ann@a.test"), "shadowLastChange")
		require.Zero(t, mustReadUser(t, f, "ann@a.test").PasswordChanged)
		return
	}
	exec(t, f, "UPDATE mailbox SET created = '2024-01-02 03:04:05', modified = '1970-01-01 01:01:01', passwordlastchange = '1970-01-01 00:00:00'")
	u = mustReadUser(t, f, "ann@a.test")
	require.Equal(t, time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC), u.Created)
	require.Zero(t, u.Modified)
	require.Zero(t, u.PasswordChanged)
}

// writeOddly makes team@a.test, and writes what other programs do to it, to ann@a.test and to a.test.
func writeOddly(t *testing.T, f Fixture) {
	t.Helper()
	mustAlias(t, f, "team@a.test", "bob@a.test")
	if f.Directory != nil {
		ann, domain := f.Directory.UserDN("ann@a.test"), f.Directory.DomainDN("a.test")
		f.Directory.Put(t, ann, "enabledService", "mail", "IMAP", "smtptls", "doveadm", "theirs", "sieve")
		f.Directory.Put(t, ann, "preferredLanguage", "de")
		f.Directory.Put(t, ann, "mailQuota", "1572864")
		f.Directory.Put(t, ann, "homeDirectory", "/Var/Vmail/Ann/")
		f.Directory.Put(t, ann, "mailboxFormat")
		f.Directory.Put(t, ann, "telephoneNumber", "+49 30 2", "+49 30 1")
		f.Directory.Put(t, domain, "enabledService", "mail", "Self-Service", "senderbcc")
		f.Directory.Put(t, domain, "mtaTransport", "smtp:[mx.else.test]")
		f.Directory.Put(t, domain, "domainBackupMX", "yes")
		f.Directory.Put(t, domain, "accountSetting", "disabledDomainProfile:BCC", "disabledDomainProfile:oldOne", "minPasswordLength:x")
		f.Directory.Put(t, f.Directory.AliasDN("team@a.test"), "accessPolicy", "AllowedOnly")
	} else {
		exec(t, f, "UPDATE mailbox SET enableimap = 1, enableimapsecured = 0, enablesmtp = 0, enablesmtpsecured = 0, enablepop3 = 0,"+
			" enablepop3secured = 0, enablepop3tls = 0, enableimaptls = 0, enablemanagesieve = 0, enablemanagesievesecured = 0, enabledeliver = 0,"+
			" enablesogo = 0, enablesogowebmail = 'n', enablesogocalendar = 'n', enablesogoactivesync = 'n', language = 'de', quota = 1,"+
			" storagebasedirectory = '/Var', storagenode = 'Vmail', maildir = 'Ann/', mailboxformat = '', telephone = '+49 30 2'"+
			" WHERE username = 'ann@a.test'")
		exec(t, f, "UPDATE domain SET description = "+nothing(f)+", transport = 'smtp:[mx.else.test]', backupmx = 1, settings ="+
			" 'enabled_services:senderbcc,Self-Service,a b;disabled_domain_profiles:BCC,oldOne;min_passwd_length:x;'")
		exec(t, f, "UPDATE alias SET accesspolicy = 'AllowedOnly'")
	}
}

// oddlyStored is what is read of accounts that other programs have written to.
func oddlyStored(t *testing.T, open Open) {
	f := withNeighbours(t, open)
	writeOddly(t, f)
	u, d := mustReadUser(t, f, "ann@a.test"), mustReadDomain(t, f, "a.test")
	require.Equal(t, []string{"imap"}, u.Services)
	require.Empty(t, u.Language)
	require.Equal(t, int64(1), u.Quota)
	require.Equal(t, "/Var/Vmail/Ann", u.Maildir)
	require.Empty(t, u.MailboxFormat)
	require.Equal(t, "+49 30 2", u.Telephone[0])
	services := []string{"Self-Service", "senderbcc"}
	if f.Directory != nil { // has that one by itself
		services = services[:1]
	}
	require.Equal(t, services, d.Services)
	require.Equal(t, "smtp:[mx.else.test]", d.Transport)
	require.True(t, d.BackupMX)
	require.Equal(t, "[mx.else.test]", d.PrimaryMX)
	require.Equal(t, []string{"bcc"}, d.DomainProfiles)
	require.Zero(t, d.MinPasswordLength)
	require.Empty(t, d.Description)
	require.Equal(t, store.PolicyModeratorsOnly, mustReadAlias(t, f, "team@a.test").AccessPolicy)
}
