package storetest

import (
	"crypto/tls"
	"crypto/x509"
	"maps"
	"os"
	"testing"

	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store/password"
)

// attributes are those of an entry.
type attributes = map[string][]string

// entries are accounts of every class, each with all attributes that the store writes.
func entries(at DirectoryAt) (order []string, content map[string]attributes) {
	domain := "domainName=a.example," + at.Base
	users, groups := "ou=Users,"+domain, "ou=Groups,"+domain
	admin, user, catchAll := "mail=root@b.example,"+at.AdminBase, "mail=u@a.example,"+users, "mail=@a.example,"+users
	alias, list, external := "mail=x@a.example,"+users, "mail=l@a.example,"+groups, "memberOfGroup=l@a.example,"+groups
	account := attributes{
		"accountStatus": {"active"}, "domainStatus": {"disabled"}, "enabledService": {"mail", "deliver"}, "cn": {"Zoë"},
		"description": {"Ünter"}, "shadowAddress": {"u@c.example", "v@c.example"}, "memberOfGroup": {"l@a.example"},
	}
	with := func(more attributes) attributes {
		all := maps.Clone(account)
		maps.Copy(all, more)
		return all
	}
	return []string{domain, users, groups, admin, user, catchAll, alias, list, external}, map[string]attributes{
		domain: {
			"objectClass": {"mailDomain"}, "cn": {"Zoë"}, "mtaTransport": {"dovecot"}, "domainAdmin": {"a@x", "b@x"},
			"enabledService": {"mail", "domainalias"}, "disabledService": {"x"}, "domainBackupMX": {"yes"},
			"accountStatus": {"active"}, "domainSenderBccAddress": {"s@a.example"}, "domainRecipientBccAddress": {"r@a.example"},
			"domainCurrentUserNumber": {"1"}, "domainCurrentAliasNumber": {"1"}, "domainCurrentListNumber": {"1"},
			"domainCurrentQuotaSize": {"1"}, "domainAliasName": {"c.example", "d.example"}, "description": {"Ünter"},
			"domainPendingAliasName": {"e.example"}, "disclaimer": {"Grüße"}, "preferredLanguage": {"de_DE"},
			"accountSetting": {"defaultQuota:1024", "minPasswordLength:8"}, "senderRelayHost": {"[h]:25"},
			"expiredDate": {"20300101000000Z"}, "mailHost": {"h"},
		},
		users:  {"objectClass": {"organizationalUnit"}},
		groups: {"objectClass": {"organizationalUnit"}},
		admin: {
			"objectClass": {"mailAdmin"}, "userPassword": {"x"}, "accountStatus": {"active"}, "cn": {"Zoë"}, "sn": {"Zoë"},
			"givenName": {"Zoë"}, "preferredLanguage": {"de_DE"}, "domainGlobalAdmin": {"yes"}, "description": {"Ünter"},
			"accountSetting": {"create_max_users:3"}, "enabledService": {"x"}, "disabledService": {"view_mail_log"},
			"shadowLastChange": {"20000"}, "expiredDate": {"20300101000000Z"}, "mailHost": {"h"},
		},
		user: with(attributes{
			"objectClass": {"inetOrgPerson", "mailUser", "shadowAccount", "amavisAccount"}, "uid": {"u"}, "sn": {"Zoë"},
			"givenName": {"Zoë"}, "homeDirectory": {"/var/vmail/A"}, "storageBaseDirectory": {"/var/vmail"},
			"mailMessageStore": {"A"}, "mailQuota": {"1048576"}, "mailForwardingAddress": {"u@a.example", "z@z.example"},
			"userRecipientBccAddress": {"r@a.example"}, "userSenderBccAddress": {"s@a.example"}, "disabledService": {"pop3"},
			"telephoneNumber": {"1", "2"}, "mobile": {"1", "2"}, "employeeNumber": {"é1"}, "mtaTransport": {"lmtp:x"},
			"preferredLanguage": {"de_DE"}, "disclaimer": {"Grüße"}, "accountSetting": {"timezone:UTC"}, "title": {"É", "F"},
			"domainGlobalAdmin": {"yes"}, "allowNets": {"127.0.0.1/8"}, "senderRelayHost": {"[h]:25"}, "amavisLocal": {"TRUE"},
			"maxMessageSize": {"1"}, "mailboxFormat": {"maildir"}, "mailboxFolder": {"Maildir"}, "birthday": {"2000-01-01"},
			"recoveryEmail": {"u@z.example"}, "shadowLastChange": {"20000"}, "expiredDate": {"20300101000000Z"},
		}),
		catchAll: {
			"objectClass": {"inetOrgPerson", "mailUser"}, "cn": {"catch-all"}, "sn": {"catch-all"}, "uid": {"catch-all"},
			"accountStatus": {"active"}, "mailForwardingAddress": {"z@z.example"},
		},
		alias: with(attributes{
			"objectClass": {"mailAlias"}, "mailForwardingAddress": {"u@a.example"}, "disabledService": {"x"},
			"accountSetting": {"x:y"}, "accessPolicy": {"public"}, "listModerator": {"u@a.example"},
		}),
		list: with(attributes{
			"objectClass": {"mailList"}, "accessPolicy": {"public"}, "hasMember": {"yes"}, "listAllowedUser": {"u@a.example"},
			"listModerator": {"u@a.example"}, "listOwner": {"u@a.example"}, "accountSetting": {"x:y"}, "member": {user},
			"mtaTransport": {"mlmmj:a.example/l"}, "mailingListID": {"9d0c4a06-9b0e-4f0e-8e0c-0d7f5d3b1c11", "x"}, "maxMessageSize": {"1"},
		}),
		external: with(attributes{"objectClass": {"mailExternalUser"}, "mail": {"z@z.example"}}),
	}
}

// filled is a tree with an entry of every class, and a connection that may write.
func filled(t *testing.T) (DirectoryAt, *ldap.Conn) {
	t.Helper()
	at := Directory(t)
	conn := at.Connect(t)
	order, content := entries(at)
	for _, dn := range order {
		entry := ldap.NewAddRequest(dn, nil)
		for name, values := range content[dn] {
			entry.Attribute(name, values)
		}
		require.NoError(t, conn.Add(entry), dn)
	}
	return at, conn
}

func TestDirectorySchema(t *testing.T) {
	at, conn := filled(t)
	users := "ou=Users,domainName=a.example," + at.Base
	user, alias := "mail=u@a.example,"+users, "mail=x@a.example,"+users
	for _, refused := range []struct {
		name, dn, attribute string
		values              []string
		code                uint16
	}{
		{"transport of an alias", alias, "mtaTransport", []string{"dovecot"}, ldap.LDAPResultObjectClassViolation},
		{"transport of an administrator", "mail=root@b.example," + at.AdminBase, "mtaTransport", []string{"dovecot"},
			ldap.LDAPResultObjectClassViolation},
		{"two states", user, "accountStatus", []string{"active", "disabled"}, ldap.LDAPResultConstraintViolation},
		{"setting that is not ASCII", user, "accountSetting", []string{"x:é"}, ldap.LDAPResultInvalidAttributeSyntax},
		{"quota that is no number", user, "mailQuota", []string{"1G"}, ldap.LDAPResultInvalidAttributeSyntax},
		{"empty value", user, "title", []string{""}, ldap.LDAPResultInvalidAttributeSyntax},
		{"same service twice", user, "enabledService", []string{"mail", "MAIL"}, ldap.LDAPResultAttributeOrValueExists},
		{"unknown attribute", user, "nothing", []string{"x"}, ldap.LDAPResultUndefinedAttributeType},
		{"no name of a user", user, "uid", nil, ldap.LDAPResultObjectClassViolation},
	} {
		t.Run(refused.name, func(t *testing.T) {
			change := ldap.NewModifyRequest(refused.dn, nil)
			change.Replace(refused.attribute, refused.values)
			err := conn.Modify(change)
			require.True(t, ldap.IsErrorWithCode(err, refused.code), "%v", err)
		})
	}
	for _, asked := range []struct {
		filter string
		want   int
	}{
		{"(shadowAddress=V@C.example)", 4},
		{"(shadowAddress=v@*)", 4},
		{"(homeDirectory=/var/vmail/A)", 1},
		{"(homeDirectory=/var/vmail/a)", 0},
	} {
		t.Run(asked.filter, func(t *testing.T) {
			require.Len(t, matches(t, conn, at.Base, asked.filter), asked.want)
		})
	}
}

func TestDirectoryPasswords(t *testing.T) {
	at, conn := filled(t)
	user := "mail=u@a.example,ou=Users,domainName=a.example," + at.Base
	stored := map[string]string{"bcrypt of PHP": "{CRYPT}$2y$05$vUOBF.SNvBojhU484uVIv.xEJByMLpcL7WsEQJFbVbp5zuoYlAAHC"}
	for _, scheme := range []password.Scheme{
		password.SSHA512, password.SSHA, password.SHA512, password.Bcrypt, password.MD5,
	} {
		hash, err := password.Hash(scheme, "secret")
		require.NoError(t, err)
		stored[string(scheme)] = string(hash)
	}
	for name, hash := range stored {
		t.Run(name, func(t *testing.T) {
			change := ldap.NewModifyRequest(user, nil)
			change.Replace("userPassword", []string{hash})
			require.NoError(t, conn.Modify(change))
			login := at.Connect(t)
			err := login.Bind(user, "Secret")
			require.True(t, ldap.IsErrorWithCode(err, ldap.LDAPResultInvalidCredentials), "%v", err)
			require.NoError(t, login.Bind(user, "secret"))
		})
	}
}

func TestDirectoryTLS(t *testing.T) {
	at := Directory(t)
	authority, err := os.ReadFile(at.CA)
	require.NoError(t, err)
	known := x509.NewCertPool()
	require.True(t, known.AppendCertsFromPEM(authority))
	for _, host := range []string{"localhost", "127.0.0.1"} {
		t.Run(host, func(t *testing.T) {
			trusting := &tls.Config{RootCAs: known, ServerName: host}
			conn, err := ldap.DialURL(at.TLSURL, ldap.DialWithTLSConfig(trusting))
			require.NoError(t, err)
			require.NoError(t, conn.Close())
			conn = at.Connect(t)
			require.NoError(t, conn.StartTLS(trusting))
			require.NoError(t, conn.Bind(at.ReadDN, at.ReadPassword))
		})
	}
	_, err = ldap.DialURL(at.TLSURL)
	require.ErrorAs(t, err, new(*tls.CertificateVerificationError))
}

func TestDirectoryRights(t *testing.T) {
	at, conn := filled(t)
	users := "ou=Users,domainName=a.example," + at.Base
	user, other := "mail=u@a.example,"+users, "mail=@a.example,"+users
	change := ldap.NewModifyRequest(user, nil)
	change.Replace("userPassword", []string{"secret"})
	require.NoError(t, conn.Modify(change))

	t.Run("reader sees everything and writes nothing", func(t *testing.T) {
		reader := at.Connect(t)
		require.NoError(t, reader.Bind(at.ReadDN, at.ReadPassword))
		require.Len(t, matches(t, reader, at.Base, "(mailForwardingAddress=*)"), 3)
		require.Len(t, matches(t, reader, at.AdminBase, "(userPassword=*)"), 1)
		require.True(t, ldap.IsErrorWithCode(reader.Modify(change), ldap.LDAPResultInsufficientAccessRights))
	})
	t.Run("user", func(t *testing.T) {
		self := at.Connect(t)
		require.NoError(t, self.Bind(user, "secret"))
		require.Equal(t, []string{user}, matches(t, self, at.Base, "(mailForwardingAddress=*)"))
		_, err := self.Search(searchFor(at.AdminBase, "(objectClass=*)"))
		require.True(t, ldap.IsErrorWithCode(err, ldap.LDAPResultNoSuchObject), "%v", err)
		own := ldap.NewModifyRequest(user, nil)
		own.Replace("mailForwardingAddress", []string{"y@z.example"})
		require.NoError(t, self.Modify(own))
		own.DN = other
		require.True(t, ldap.IsErrorWithCode(self.Modify(own), ldap.LDAPResultInsufficientAccessRights))
	})
	t.Run("nobody", func(t *testing.T) {
		require.Error(t, at.Connect(t).UnauthenticatedBind(""))
	})
}

func TestDirectoryIsOnesOwn(t *testing.T) {
	mine, conn := filled(t)
	var base string
	t.Run("another", func(t *testing.T) {
		another, _ := filled(t)
		base = another.Base
		EmptyDirectory(t, another)
		require.Equal(t, []string{another.Base}, matches(t, conn, another.Base, "(objectClass=*)"))
		require.Equal(t, []string{another.AdminBase}, matches(t, conn, another.AdminBase, "(objectClass=*)"))
		require.Len(t, matches(t, conn, mine.Base, "(objectClass=*)"), 9)
	})
	_, err := conn.Search(searchFor(base, "(objectClass=*)"))
	require.True(t, ldap.IsErrorWithCode(err, ldap.LDAPResultNoSuchObject), "%v", err)
}

// matches are the names of the entries that a filter finds at and below a base.
func matches(t *testing.T, conn *ldap.Conn, base, filter string) []string {
	t.Helper()
	answer, err := conn.Search(searchFor(base, filter))
	require.NoError(t, err)
	var names []string
	for _, entry := range answer.Entries {
		names = append(names, entry.DN)
	}
	return names
}
