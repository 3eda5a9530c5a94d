package storetest

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// This file lets a subtest say once what it says about rows and about entries.

// DomainDN is where a domain is; UserDN, AliasDN, ListDN and AdminDN are where accounts are.
func (at DirectoryAt) DomainDN(name string) string {
	return "domainName=" + ldap.EscapeDN(name) + "," + at.Base
}

// UserDN is where a mailbox is.
func (at DirectoryAt) UserDN(mail string) string { return at.account(mail, "Users") }

// AliasDN is where an alias account is.
func (at DirectoryAt) AliasDN(mail string) string { return at.account(mail, "Aliases") }

// ListDN is where a list is.
func (at DirectoryAt) ListDN(mail string) string { return at.account(mail, "Groups") }

// AdminDN is where a standalone admin is.
func (at DirectoryAt) AdminDN(mail string) string {
	return "mail=" + ldap.EscapeDN(mail) + "," + at.AdminBase
}

func (at DirectoryAt) account(mail, container string) string {
	return "mail=" + ldap.EscapeDN(mail) + ",ou=" + container + "," + at.DomainDN(store.DomainOf(mail))
}

// Add makes an entry.
func (at DirectoryAt) Add(t *testing.T, dn string, attributes map[string][]string) {
	t.Helper()
	request := ldap.NewAddRequest(dn, nil)
	for name, values := range attributes {
		request.Attribute(name, values)
	}
	require.NoError(t, at.Connect(t).Add(request), dn)
}

// Put makes the values all of an attribute.
func (at DirectoryAt) Put(t *testing.T, dn, attribute string, values ...string) {
	t.Helper()
	request := ldap.NewModifyRequest(dn, nil)
	request.Replace(attribute, values)
	require.NoError(t, at.Connect(t).Modify(request), dn)
}

// Values returns the values of an attribute, sorted.
func (at DirectoryAt) Values(t *testing.T, dn, attribute string) []string {
	t.Helper()
	request := ldap.NewSearchRequest(dn, ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)", []string{attribute}, nil)
	found, err := at.Connect(t).Search(request)
	require.NoError(t, err, dn)
	require.Len(t, found.Entries, 1, dn)
	return slices.Sorted(slices.Values(found.Entries[0].GetAttributeValues(attribute)))
}

// AddList makes a list as another program would, one that mlmmj runs.
func (at DirectoryAt) AddList(t *testing.T, mail string) {
	t.Helper()
	at.Add(t, at.ListDN(mail), map[string][]string{
		"objectClass": {"mailList"}, "mail": {mail}, "accountStatus": {"active"}, "enabledService": {"mail", "deliver", "mlmmj"},
	})
}

// addStandalone makes a standalone admin as another program would, whose domain may be hosted here.
func addStandalone(t *testing.T, f Fixture, mail, name string) {
	t.Helper()
	if f.Directory != nil {
		f.Directory.Add(t, f.Directory.AdminDN(mail), map[string][]string{
			"objectClass": {"mailAdmin"}, "mail": {mail}, "cn": {name}, "accountStatus": {"active"}, "userPassword": {"{PLAIN}x"},
		})
		return
	}
	exec(t, f, "INSERT INTO admin (username, name, password) VALUES (?, ?, '{PLAIN}x')", mail, name)
}

// addMailingList makes a list that mlmmj runs as another program would.
func addMailingList(t *testing.T, f Fixture, mail string) {
	t.Helper()
	if f.Directory != nil {
		f.Directory.AddList(t, mail)
		return
	}
	exec(t, f, "INSERT INTO maillists (address, domain, mlid) VALUES (?, ?, 'x')", mail, store.DomainOf(mail))
}

// beside is the database that knows how mailboxes are used.
func (f Fixture) beside() *sqldb.DB {
	if f.Panel != nil {
		return f.Panel
	}
	return f.SQL
}

// note writes what Dovecot or the panel would about mailboxes.
func note(t *testing.T, f Fixture, query string, args ...any) {
	t.Helper()
	exec(t, Fixture{SQL: f.beside()}, query, args...)
}

// kept reads the one record of a mailbox whose files are to be removed.
func kept(t *testing.T, f Fixture, query string, args ...any) store.Record {
	t.Helper()
	return row(t, Fixture{SQL: f.beside()}, query, args...)
}

// first is the first value of an attribute of an entry, "" when it is absent.
func first(r store.Record, attribute string) string {
	if values, ok := r.Get(attribute).([]string); ok && len(values) > 0 {
		return values[0]
	}
	return ""
}

func hasValue(r store.Record, attribute, value string) bool {
	values, _ := r.Get(attribute).([]string)
	return slices.Contains(values, value)
}

// plainAttributes are the attributes of a mailbox that hold what a column does.
var plainAttributes = map[string]string{
	"first_name": "givenName", "language": "preferredLanguage", "employeeid": "employeeNumber", "department": "departmentNumber", "transport": "mtaTransport",
	"mailboxformat": "mailboxFormat", "mailboxfolder": "mailboxFolder", "telephone": "telephoneNumber", "mobile": "mobile",
}

// sqlAlone are the columns of a mailbox to which no attribute corresponds, or one that other subtests look at.
var sqlAlone = []string{
	"storagebasedirectory", "storagenode", "maildir", "domain", "rank", "allow_nets", "settings", "password",
}

// columnOf returns what an entry says as the column of a mailbox would. A name that must not be empty stands for none when it
// is the local part.
func columnOf(t *testing.T, entry store.Record, mail, column string) any {
	t.Helper()
	local, _ := store.SplitAddress(mail)
	switch column {
	case "name", "last_name":
		text := first(entry, map[string]string{"name": "cn", "last_name": "sn"}[column])
		if text == local {
			return ""
		}
		return text
	case "active":
		return flagOf(first(entry, "accountStatus") == "active")
	case "isadmin":
		return flagOf(hasValue(entry, "enabledService", "domainadmin"))
	case "isglobaladmin":
		return flagOf(first(entry, "domainGlobalAdmin") == "yes")
	case "quota":
		n, _ := strconv.ParseInt(first(entry, "mailQuota"), 10, 64)
		return n >> 20
	}
	if service, ok := strings.CutPrefix(column, "enable"); ok {
		on := hasValue(entry, "enabledService", service)
		if strings.HasPrefix(service, "sogo") && service != "sogo" {
			return map[bool]string{true: "y", false: "n"}[on]
		}
		return flagOf(on)
	}
	attribute, known := plainAttributes[column]
	require.True(t, known, column)
	return first(entry, attribute)
}

func flagOf(v bool) int64 {
	if v {
		return 1
	}
	return 0
}

// requireRecord asserts what a record of a mailbox says in a column.
func requireRecord(t *testing.T, f Fixture, record store.Record, mail, column string, want any) {
	t.Helper()
	if f.Directory == nil {
		require.Equal(t, want, record.Get(column), column)
		return
	}
	require.Equal(t, want, columnOf(t, record, mail, column), column)
}

// domainSetting returns what a setting of a domain is, by its name in SQL.
func domainSetting(t *testing.T, f Fixture, domain, key string) any {
	t.Helper()
	d := mustReadDomain(t, f, domain)
	if f.Directory == nil {
		return d.Settings.Get(key)
	}
	switch key {
	case "default_language":
		if language := first(d.Stored, "preferredLanguage"); language != "" {
			return language
		}
		return nil
	case "enabled_services":
		services, _ := d.Stored.Get("enabledService").([]string)
		if services = store.LeaveOut(services, []string{"mail"}); len(services) > 0 {
			return slices.Sorted(slices.Values(services))
		}
		return nil
	}
	return d.Settings.Get(map[string]string{
		"default_user_quota": "defaultQuota", "max_user_quota": "maxUserQuota",
		"min_passwd_length": "minPasswordLength", "max_passwd_length": "maxPasswordLength",
		"disabled_domain_profiles": "disabledDomainProfile", "disabled_user_profiles": "disabledUserProfile",
		"disabled_user_preferences": "disabledUserPreference",
	}[key])
}

// adminSetting returns what a setting of a standalone admin is, by its name in SQL.
func adminSetting(t *testing.T, f Fixture, mail, key string) any {
	t.Helper()
	a := mustReadAdmin(t, f, mail)
	service, isService := map[string]string{
		"disable_viewing_mail_log": "view_mail_log", "disable_managing_quarantined_mails": "manage_quarantined_mails",
	}[key]
	if f.Directory == nil || !isService {
		return a.Settings.Get(key)
	}
	if hasValue(a.Stored, "disabledService", service) {
		return "yes"
	}
	return nil
}

// putSettings writes settings, as "key:value" each, as another program would: to the row of a table or to an entry.
func putSettings(t *testing.T, f Fixture, table, key, name, dn string, settings ...string) {
	t.Helper()
	if f.Directory != nil {
		f.Directory.Put(t, dn, "accountSetting", settings...)
		return
	}
	exec(t, f, "UPDATE "+table+" SET settings = ? WHERE "+key+" = ?", strings.Join(settings, ";")+";", name)
}

// settingsOf reads them back, sorted.
func settingsOf(t *testing.T, f Fixture, table, key, name, dn string) []string {
	t.Helper()
	if f.Directory != nil {
		return f.Directory.Values(t, dn, "accountSetting")
	}
	text, _ := row(t, f, "SELECT settings FROM "+table+" WHERE "+key+" = ?", name).Get("settings").(string)
	return slices.Sorted(slices.Values(strings.Split(strings.TrimSuffix(text, ";"), ";")))
}

// dn is where something is in a directory; "" on SQL.
func (f Fixture) dn(of func(at DirectoryAt, name string) string, name string) string {
	if f.Directory == nil {
		return ""
	}
	return of(*f.Directory, name)
}

// passwordName is under which name a record hides a password.
func passwordName(f Fixture) string {
	if f.Directory != nil {
		return "userPassword"
	}
	return "password"
}
