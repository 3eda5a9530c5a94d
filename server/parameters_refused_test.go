package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// refusal is a call that has to fail and write nothing. What the legacy surface leaves out of a list instead is named
// there, and what remains is no change.
type refusal struct {
	name, method, path string
	given              body
	status             int
	msg, field         string
	discarded          list
}

const (
	exampleDomain = "/api/domain/example.com"
	annaUser      = "/api/user/anna@example.com"
	salesAlias    = "/api/alias/sales@example.com"
	adaAdmin      = "/api/admin/ada@admins.test"
)

func TestRefusedParameters(t *testing.T) {
	base := parameterFixture(t)
	root := base.root()
	root.must(http.StatusOK, "PUT", annaUser, body{"aliases": list{"info@example.com"}})
	for _, group := range [][]refusal{malformed, overLong, taken, pointless, forbiddenStates} {
		for _, x := range group {
			bothSurfaces(t, base, x.method+" "+x.path+" "+x.name, x.play)
		}
	}
}

func (x refusal) play(t *testing.T, v session) {
	before := dump(t, v.w)
	a := v.write(x.method, x.path, x.given)
	if v.forms && x.discarded != nil {
		require.True(t, a.ok(), a.raw)
		requireSame(t, x.discarded, a.body["_discarded"], "discarded")
		require.Equal(t, without(before, "modified"), without(dump(t, v.w), "modified"), "something was written")
		return
	}
	require.Equal(t, v.status(x.status), a.status, a.raw)
	require.Equal(t, x.msg, a.msg(), a.raw)
	require.Equal(t, x.field, a.field(), a.raw)
	require.NotEmpty(t, a.body["_detail"])
	require.Equal(t, before, dump(t, v.w), "something was written")
}

// malformed values are no values of their parameter.
var malformed = []refusal{
	{"format", "POST", "/api/user/new@example.com", body{"password": password, "mailboxFormat": "mbox"}, 400,
		"INVALID_MAILBOX_FORMAT", "mailboxFormat", nil},
	{"format", "PUT", annaUser, body{"mailboxFormat": "mbox"}, 400, "INVALID_MAILBOX_FORMAT", "mailboxFormat", nil},
	{"folder", "PUT", annaUser, body{"mailboxFolder": "my mail"}, 400, "INVALID_MAILBOX_FOLDER", "mailboxFolder", nil},
	{"policy", "POST", "/api/alias/new@example.com", body{"accessPolicy": "everybody"}, 400, "INVALID_ACCESS_POLICY",
		"accessPolicy", nil},
	{"policy", "PUT", salesAlias, body{"accessPolicy": "PUBLIC"}, 400, "INVALID_ACCESS_POLICY", "accessPolicy", nil},
	{"service", "PUT", annaUser, body{"addService": list{"telnet"}}, 400, "INVALID_SERVICE", "addService", list{"telnet"}},
	{"service to remove", "PUT", annaUser, body{"removeService": list{"telnet"}}, 400, "INVALID_SERVICE", "removeService", list{"telnet"}},
	{"name of a service", "PUT", exampleDomain, body{"addService": list{"self service"}}, 400, "INVALID_SERVICE", "addService",
		list{"self service"}},
	{"profile", "PUT", exampleDomain, body{"disableUserProfile": list{"everything"}}, 400, "INVALID_PROFILE",
		"disableUserProfile", list{"everything"}},
	{"language", "PUT", exampleDomain, body{"language": "de"}, 400, "INVALID_LANGUAGE", "language", nil},
	{"language", "PUT", "/api/users/example.com", body{"language": "xx_XX"}, 400, "INVALID_LANGUAGE", "language", nil},
	{"status", "PUT", salesAlias, body{"accountStatus": "perhaps"}, 400, "INVALID_ACCOUNT_STATUS", "accountStatus", nil},
	{"yes or no", "PUT", adaAdmin, body{"isGlobalAdmin": "maybe"}, 400, "INVALID_VALUE", "isGlobalAdmin", nil},
	{"unit", "PUT", adaAdmin, body{"maxQuota": 1, "quotaUnit": "KB"}, 400, "INVALID_QUOTA_UNIT", "quotaUnit", nil},
	{"limit below -1", "PUT", adaAdmin, body{"maxUsers": -2}, 400, "INVALID_NUMBER", "maxUsers", nil},
	{"quota below 0", "PUT", annaUser, body{"quota": -1}, 400, "INVALID_NUMBER", "quota", nil},
	{"quota beyond the column", "PUT", annaUser, body{"quota": 2147483648}, 400, "INVALID_NUMBER", "quota", nil},
	{"transport", "PUT", exampleDomain, body{"transport": "no transport"}, 400, "INVALID_TRANSPORT", "transport", nil},
	{"blank in a transport", "PUT", annaUser, body{"transport": "smtp:a b"}, 400, "INVALID_TRANSPORT", "transport", nil},
	{"relay", "PUT", exampleDomain, body{"outboundRelay": "[unclosed"}, 400, "INVALID_RELAY", "outboundRelay", nil},
	{"port of a relay", "PUT", exampleDomain, body{"is_backupmx": "yes", "primarymx": "mx.test:99999"}, 400, "INVALID_RELAY",
		"primarymx", nil},
	{"relative path", "PUT", annaUser, body{"maildir": "mail/anna"}, 400, "INVALID_PATH", "maildir", nil},
	{"path that climbs", "PUT", annaUser, body{"maildir": "/var/vmail/../../etc"}, 400, "INVALID_PATH", "maildir", nil},
	{"path of all mailboxes", "PUT", annaUser, body{"maildir": "/var/vmail/vmail1"}, 400, "INVALID_PATH", "maildir", nil},
	{"no path", "PUT", annaUser, body{"maildir": ""}, 400, "INVALID_PATH", "maildir", nil},
	{"bare hash", "PUT", annaUser, body{"password_hash": "$6$salt$hash"}, 400, "INVALID_PASSWORD_SCHEME", "password_hash", nil},
	{"scheme", "POST", "/api/user/new@example.com", body{"password_hash": "{ROT13}x"}, 400, "INVALID_PASSWORD_SCHEME",
		"password_hash", nil},
	{"hash that is too short", "PUT", annaUser, body{"password_hash": "{SSHA512}AAAA"}, 400, "INVALID_PASSWORD_SCHEME",
		"password_hash", nil},
	{"hash that locks", "PUT", annaUser, body{"password_hash": "{CRYPT}!"}, 400, "INVALID_PASSWORD_SCHEME", "password_hash", nil},
	{"hash of another form", "POST", "/api/user/new@example.com", body{"password_hash": "{MD5-CRYPT}5a4af236a1e6b852022423b5524ac5c2"},
		400, "INVALID_PASSWORD_SCHEME", "password_hash", nil},
	{"costly bcrypt", "PUT", annaUser, body{"password_hash": "{CRYPT}$2b$13$abcdefghijklmnopqrstuuE7y5Q.iboeZEuy3a5wOOaRgtq9TQ/5G"},
		400, "INVALID_PASSWORD_SCHEME", "password_hash", nil},
	{"costly argon2", "PUT", annaUser, body{"password_hash": "{ARGON2ID}$argon2id$v=19$m=65537,t=3,p=1$KAjd2bqQnyygt8lmw4GFMA$" +
		"5V7AIUXoZ8mpmu4VxqbYj+Gv4N7F6LMiPVXbD7lTOHM"}, 400, "INVALID_PASSWORD_SCHEME", "password_hash", nil},
	{"no password", "PUT", annaUser, body{"password": ""}, 422, "PW_EMPTY", "password", nil},
	{"weak password", "PUT", adaAdmin, body{"password": "Winter-rain"}, 422, "PW_NO_DIGIT_NUMBER", "password", nil},
	{"weak password for all", "PUT", "/api/users/example.com", body{"password": "1958-rain"}, 422, "PW_NO_UPPERCASE", "password",
		nil},
	{"bcc", "PUT", annaUser, body{"senderBcc": "nobody"}, 400, "INVALID_MAIL", "senderBcc", nil},
	{"member", "PUT", salesAlias, body{"addMember": list{"nobody"}}, 400, "INVALID_MAIL", "addMember", list{"nobody"}},
	{"member of itself", "PUT", salesAlias, body{"addMember": list{"sales@example.com"}}, 400, "INVALID_MAIL", "addMember", list{"sales@example.com"}},
	{"alias domain", "PUT", exampleDomain, body{"addAliasDomain": list{"nodots"}}, 400, "INVALID_DOMAIN_NAME", "addAliasDomain",
		list{"nodots"}},
	{"phone number", "PUT", annaUser, body{"mobile": list{"☎ 12"}}, 400, "INVALID_VALUE", "mobile", nil},
}

// overLong values do not fit where they are kept.
var overLong = []refusal{
	{"name", "PUT", exampleDomain, body{"name": letter(65536)}, 400, "VALUE_TOO_LONG", "name", nil},
	{"name", "POST", "/api/admin/new@admins.test", body{"password": password, "name": letter(256)}, 400, "VALUE_TOO_LONG", "name",
		nil},
	{"name", "PUT", salesAlias, body{"name": letter(256)}, 400, "VALUE_TOO_LONG", "name", nil},
	{"given name", "PUT", annaUser, body{"gn": letter(256)}, 400, "VALUE_TOO_LONG", "gn", nil},
	{"family name", "PUT", annaUser, body{"sn": letter(256)}, 400, "VALUE_TOO_LONG", "sn", nil},
	{"employee", "PUT", annaUser, body{"employeeid": letter(256)}, 400, "VALUE_TOO_LONG", "employeeid", nil},
	{"transport", "PUT", annaUser, body{"transport": "smtp:" + letter(251)}, 400, "VALUE_TOO_LONG", "transport", nil},
	{"relay", "PUT", exampleDomain, body{"outboundRelay": letter(256)}, 400, "VALUE_TOO_LONG", "outboundRelay", nil},
	{"folder", "PUT", annaUser, body{"mailboxFolder": letter(21)}, 400, "VALUE_TOO_LONG", "mailboxFolder", nil},
	{"path", "PUT", annaUser, body{"maildir": "/srv/" + letter(251)}, 400, "VALUE_TOO_LONG", "maildir", nil},
	{"password", "PUT", annaUser, body{"password": "Aa1-" + letter(509)}, 400, "VALUE_TOO_LONG", "password", nil},
	{"hash", "PUT", annaUser, body{"password_hash": "{PLAIN}" + letter(249)}, 400, "VALUE_TOO_LONG", "password_hash", nil},
	{"bcc", "PUT", annaUser, body{"senderBcc": letter(256) + "@elsewhere.test"}, 400, "VALUE_TOO_LONG", "senderBcc", nil},
	{"forwarding", "PUT", annaUser, body{"addForwarding": list{letter(256) + "@elsewhere.test"}}, 400, "VALUE_TOO_LONG",
		"addForwarding",
		list{letter(256) + "@elsewhere.test"}},
	{"mailbox", "POST", "/api/user/" + letter(250) + "@example.com", body{"password": password}, 400, "INVALID_MAIL", "mail",
		nil},
	{"domain", "POST", "/api/domain/" + letter(252) + ".test", body{}, 400, "INVALID_DOMAIN_NAME", "domain", nil},
}

func letter(n int) string { return strings.Repeat("x", n) }

// taken names belong to another account or domain.
var taken = []refusal{
	{"alias that is a mailbox", "POST", "/api/alias/anna@example.com", body{}, 409, "ALREADY_EXISTS", "mail", nil},
	{"alias that is another's alias", "POST", "/api/alias/info@example.com", body{}, 409, "ALREADY_EXISTS", "mail", nil},
	{"alias that is one", "POST", salesAlias, body{}, 409, "ALREADY_EXISTS", "mail", nil},
	{"mailbox that is an alias", "POST", "/api/user/sales@example.com", body{"password": password}, 409, "ALREADY_EXISTS", "mail",
		nil},
	{"mailbox that is another's alias", "POST", "/api/user/info@example.com", body{"password": password}, 409, "ALREADY_EXISTS",
		"mail", nil},
	{"admin that is one", "POST", adaAdmin, body{"password": password}, 409, "ALREADY_EXISTS", "mail", nil},
	{"admin in a hosted domain", "POST", "/api/admin/new@example.com", body{"password": password}, 422, "CAN_NOT_BE_LOCAL_DOMAIN",
		"mail", nil},
	{"domain that is one", "POST", exampleDomain, body{}, 409, "ALREADY_EXISTS", "domain", nil},
	{"domain that is an alias domain", "POST", "/api/domain/example.net", body{}, 409, "ALREADY_EXISTS", "domain", nil},
	{"alias domain that is a domain", "PUT", exampleDomain, body{"addAliasDomain": list{"other.test"}}, 409, "ALREADY_EXISTS",
		"addAliasDomain",
		list{"other.test"}},
	{"alias domain of itself", "PUT", exampleDomain, body{"addAliasDomain": list{"example.com"}}, 409, "ALREADY_EXISTS",
		"addAliasDomain",
		list{"example.com"}},
	{"alias domain of another", "PUT", "/api/domain/other.test", body{"aliasDomains": list{"example.net"}}, 409, "ALREADY_EXISTS",
		"aliasDomains",
		nil},
	{"alias that is a mailbox", "PUT", annaUser, body{"addAlias": list{"ben@example.com"}}, 409, "ALREADY_EXISTS", "addAlias",
		list{"ben@example.com"}},
	{"alias that is an alias account", "PUT", "/api/user/ben@example.com", body{"aliases": list{"sales@example.com"}}, 409,
		"ALREADY_EXISTS", "aliases",
		nil},
	{"alias that is another's", "PUT", "/api/user/ben@example.com", body{"aliases": list{"info@example.com"}}, 409,
		"ALREADY_EXISTS", "aliases",
		nil},
	{"onto a mailbox", "POST", annaUser + "/change_email/ben@example.com", nil, 409, "ALREADY_EXISTS", "new_mail", nil},
	{"onto an alias", "POST", annaUser + "/change_email/sales@example.com", nil, 409, "ALREADY_EXISTS", "new_mail", nil},
	{"onto itself", "POST", annaUser + "/change_email/anna@example.com", nil, 409, "ALREADY_EXISTS", "new_mail", nil},
	{"onto its own alias", "POST", annaUser + "/change_email/info@example.com", nil, 409, "ALREADY_EXISTS", "new_mail", nil},
	{"onto a mailbox", "POST", salesAlias + "/change_email/anna@example.com", nil, 409, "ALREADY_EXISTS", "new_mail", nil},
}

// pointless values refer to what does not exist.
var pointless = []refusal{
	{"forwarding", "PUT", annaUser, body{"forwarding": list{"nobody@other.test", "anna@example.com"}}, 422, "NO_SUCH_ACCOUNT",
		"forwarding",
		list{"nobody@other.test"}},
	{"further forwarding", "PUT", annaUser, body{"addForwarding": list{"nobody@example.com"}}, 422, "NO_SUCH_ACCOUNT",
		"addForwarding",
		list{"nobody@example.com"}},
	{"forwarding to an alias domain", "PUT", annaUser, body{"addForwarding": list{"nobody@example.net"}}, 422, "NO_SUCH_ACCOUNT",
		"addForwarding",
		list{"nobody@example.net"}},
	{"members", "PUT", salesAlias, body{"members": list{"nobody@other.test"}}, 422, "NO_SUCH_ACCOUNT", "members",
		nil},
	{"further member", "PUT", salesAlias, body{"addMember": list{"nobody@other.test"}}, 422, "NO_SUCH_ACCOUNT", "addMember",
		list{"nobody@other.test"}},
	{"catch-all", "PUT", exampleDomain, body{"catchall": list{"anna@example.com", "nobody@example.com"}}, 422, "NO_SUCH_ACCOUNT",
		"catchall", nil},
	{"bcc", "PUT", exampleDomain, body{"senderBcc": "nobody@other.test"}, 422, "NO_SUCH_ACCOUNT", "senderBcc", nil},
	{"bcc", "POST", "/api/domain/new.test", body{"recipientBcc": "nobody@new.test"}, 422, "NO_SUCH_ACCOUNT", "recipientBcc", nil},
	{"bcc", "PUT", annaUser, body{"recipientBcc": "nobody@example.com"}, 422, "NO_SUCH_ACCOUNT", "recipientBcc", nil},
	{"admin", "PUT", "/api/domain/admins/example.com", body{"addAdmin": list{"ada@admins.test", "nobody@admins.test"}}, 422,
		"NO_SUCH_ACCOUNT", "addAdmin", nil},
	{"alias outside", "PUT", annaUser, body{"addAlias": list{"anna@other.test"}}, 400, "INVALID_MAIL", "addAlias", list{"anna@other.test"}},
	{"domain", "PUT", "/api/domain/nowhere.test", body{"name": "x"}, 404, "NO_SUCH_DOMAIN", "domain", nil},
	{"domain of all mailboxes", "PUT", "/api/users/nowhere.test", body{"language": "de_DE"}, 404, "NO_SUCH_DOMAIN", "domain",
		nil},
	{"alias domain", "PUT", "/api/domain/example.net", body{"name": "x"}, 404, "NO_SUCH_DOMAIN", "domain", nil},
	{"domain of a mailbox", "POST", "/api/user/new@example.net", body{"password": password}, 404, "NO_SUCH_DOMAIN", "mail", nil},
	{"domain of an alias", "POST", "/api/alias/new@nowhere.test", body{}, 404, "NO_SUCH_DOMAIN", "mail", nil},
	{"mailbox", "PUT", "/api/user/nobody@example.com", body{"name": "x"}, 404, "NO_SUCH_ACCOUNT", "mail", nil},
	{"alias", "PUT", "/api/alias/nobody@example.com", body{"name": "x"}, 404, "NO_SUCH_ACCOUNT", "mail", nil},
	{"admin", "PUT", "/api/admin/nobody@admins.test", body{"name": "x"}, 404, "NO_SUCH_ACCOUNT", "mail", nil},
	{"mailbox to rename", "POST", "/api/user/nobody@example.com/change_email/new@example.com", nil, 404, "NO_SUCH_ACCOUNT",
		"mail", nil},
	{"new domain", "POST", annaUser + "/change_email/anna@nowhere.test", nil, 404, "NO_SUCH_DOMAIN", "new_mail", nil},
	{"new address", "POST", annaUser + "/change_email/anna+x@example.com", nil, 400, "INVALID_MAIL", "new_mail", nil},
}

// forbiddenStates would leave nobody to manage the server.
var forbiddenStates = []refusal{
	{"last global admin", "PUT", "/api/admin/" + rootMail, body{"accountStatus": "disabled"}, 409, "LAST_GLOBAL_ADMIN", "", nil},
	{"last global admin", "PUT", "/api/admin/" + rootMail, body{"isGlobalAdmin": "no"}, 409, "LAST_GLOBAL_ADMIN", "", nil},
}

// TestParametersBeyondTheRights calls as an admin of example.com, who manages nothing else.
func TestParametersBeyondTheRights(t *testing.T) {
	base := parameterFixture(t)
	base.root().must(http.StatusOK, "PUT", "/api/domain/admins/example.com", body{"addAdmin": list{"ada@admins.test"}})
	cookie := base.as("ada@admins.test", password).cookie
	for _, x := range []refusal{
		{"path", "PUT", annaUser, body{"maildir": "/srv/mail/by/anna"}, 403, "PERMISSION_DENIED", "maildir", nil},
		{"path", "POST", "/api/user/new@example.com", body{"password": password, "maildir": "/srv/mail/by/new"}, 403,
			"PERMISSION_DENIED", "maildir", nil},
		{"global rights", "PUT", annaUser, body{"isGlobalAdmin": "yes"}, 403, "PERMISSION_DENIED", "isGlobalAdmin", nil},
		{"quota of the domain", "PUT", exampleDomain, body{"quota": 10, "name": "x"}, 403, "PERMISSION_DENIED", "quota", nil},
		{"into another's domain", "POST", annaUser + "/change_email/anna@other.test", nil, 403, "PERMISSION_DENIED", "", nil},
		{"out of another's domain", "POST", "/api/user/zoe@other.test/change_email/zoe@example.com", nil, 403,
			"PERMISSION_DENIED", "", nil},
		{"alias into another's domain", "POST", salesAlias + "/change_email/sales@other.test", nil, 403, "PERMISSION_DENIED", "",
			nil},
		{"another's mailboxes", "PUT", "/api/users/other.test", body{"language": "de_DE"}, 403, "PERMISSION_DENIED", "", nil},
		{"another's mailbox as admin", "PUT", "/api/domain/admins/example.com", body{"addAdmin": list{"zoe@other.test"}}, 403,
			"PERMISSION_DENIED",
			"addAdmin", nil},
		{"password of an admin", "POST", "/api/verify_password/user/anna@example.com", body{"password": password}, 403,
			"PERMISSION_DENIED", "", nil},
	} {
		bothSurfaces(t, base, x.method+" "+x.path+" "+x.name, func(t *testing.T, v session) {
			v.cookie = cookie
			x.play(t, v)
		})
	}
}
