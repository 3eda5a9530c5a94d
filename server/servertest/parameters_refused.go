package servertest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Refusal is a call that has to fail and write nothing. What the legacy surface leaves out of a list instead is named
// there, and what remains is no change.
type Refusal struct {
	Name, Method, Path string
	Given              Body
	Status             int
	Msg, Field         string // of a weak password the causes
	Discarded          List
}

const (
	ExampleDomain = "/api/domain/example.com"
	AnnaUser      = "/api/user/anna@example.com"
	SalesAlias    = "/api/alias/sales@example.com"
	adaAdmin      = "/api/admin/ada@admins.test"
)

func (x Refusal) Play(t *testing.T, v Session) {
	before := Dump(t, v.W)
	a := v.Write(x.Method, x.Path, x.Given)
	if v.Forms && x.Discarded != nil {
		require.True(t, a.OK(), a.Raw)
		RequireSame(t, x.Discarded, a.Body["_discarded"], "discarded")
		require.Equal(t, Without(before, "modified"), Without(Dump(t, v.W), "modified"), "something was written")
		return
	}
	require.Equal(t, v.Status(x.Status), a.Status, a.Raw)
	require.Equal(t, x.Msg, strings.Join(a.Causes(), ","), a.Raw)
	require.Equal(t, x.Field, a.Field(), a.Raw)
	require.NotEmpty(t, a.Body["_detail"])
	require.Equal(t, before, Dump(t, v.W), "something was written")
}

// Malformed values are no values of their parameter.
var Malformed = []Refusal{
	{"format", "POST", "/api/user/new@example.com", Body{"password": Password, "mailboxFormat": "mbox"}, 400,
		"INVALID_MAILBOX_FORMAT", "mailboxFormat", nil},
	{"format", "PUT", AnnaUser, Body{"mailboxFormat": "mbox"}, 400, "INVALID_MAILBOX_FORMAT", "mailboxFormat", nil},
	{"folder", "PUT", AnnaUser, Body{"mailboxFolder": "my mail"}, 400, "INVALID_MAILBOX_FOLDER", "mailboxFolder", nil},
	{"policy", "POST", "/api/alias/new@example.com", Body{"accessPolicy": "everybody"}, 400, "INVALID_ACCESS_POLICY",
		"accessPolicy", nil},
	{"policy", "PUT", SalesAlias, Body{"accessPolicy": "PUBLIC"}, 400, "INVALID_ACCESS_POLICY", "accessPolicy", nil},
	{"service", "PUT", AnnaUser, Body{"addService": List{"telnet"}}, 400, "INVALID_SERVICE", "addService", List{"telnet"}},
	{"service to remove", "PUT", AnnaUser, Body{"removeService": List{"telnet"}}, 400, "INVALID_SERVICE", "removeService", List{"telnet"}},
	{"name of a service", "PUT", ExampleDomain, Body{"addService": List{"self service"}}, 400, "INVALID_SERVICE", "addService",
		List{"self service"}},
	{"profile", "PUT", ExampleDomain, Body{"disableUserProfile": List{"everything"}}, 400, "INVALID_PROFILE",
		"disableUserProfile", List{"everything"}},
	{"language", "PUT", ExampleDomain, Body{"language": "de"}, 400, "INVALID_LANGUAGE", "language", nil},
	{"language", "PUT", "/api/users/example.com", Body{"language": "xx_XX"}, 400, "INVALID_LANGUAGE", "language", nil},
	{"status", "PUT", SalesAlias, Body{"accountStatus": "perhaps"}, 400, "INVALID_ACCOUNT_STATUS", "accountStatus", nil},
	{"yes or no", "PUT", adaAdmin, Body{"isGlobalAdmin": "maybe"}, 400, "INVALID_VALUE", "isGlobalAdmin", nil},
	{"unit", "PUT", adaAdmin, Body{"maxQuota": 1, "quotaUnit": "KB"}, 400, "INVALID_QUOTA_UNIT", "quotaUnit", nil},
	{"limit below -1", "PUT", adaAdmin, Body{"maxUsers": -2}, 400, "INVALID_NUMBER", "maxUsers", nil},
	{"quota below 0", "PUT", AnnaUser, Body{"quota": -1}, 400, "INVALID_NUMBER", "quota", nil},
	{"quota beyond the column", "PUT", AnnaUser, Body{"quota": 2147483648}, 400, "INVALID_NUMBER", "quota", nil},
	{"transport", "PUT", ExampleDomain, Body{"transport": "no transport"}, 400, "INVALID_TRANSPORT", "transport", nil},
	{"blank in a transport", "PUT", AnnaUser, Body{"transport": "smtp:a b"}, 400, "INVALID_TRANSPORT", "transport", nil},
	{"relay", "PUT", ExampleDomain, Body{"outboundRelay": "[unclosed"}, 400, "INVALID_RELAY", "outboundRelay", nil},
	{"port of a relay", "PUT", ExampleDomain, Body{"is_backupmx": "yes", "primarymx": "mx.test:99999"}, 400, "INVALID_RELAY",
		"primarymx", nil},
	{"relative path", "PUT", AnnaUser, Body{"maildir": "mail/anna"}, 400, "INVALID_PATH", "maildir", nil},
	{"path that climbs", "PUT", AnnaUser, Body{"maildir": "/var/vmail/../../etc"}, 400, "INVALID_PATH", "maildir", nil},
	{"path of all mailboxes", "PUT", AnnaUser, Body{"maildir": "/var/vmail/vmail1"}, 400, "INVALID_PATH", "maildir", nil},
	{"no path", "PUT", AnnaUser, Body{"maildir": ""}, 400, "INVALID_PATH", "maildir", nil},
	{"bare hash", "PUT", AnnaUser, Body{"password_hash": "$6$salt$hash"}, 400, "INVALID_PASSWORD_SCHEME", "password_hash", nil},
	{"scheme", "POST", "/api/user/new@example.com", Body{"password_hash": "{ROT13}x"}, 400, "INVALID_PASSWORD_SCHEME",
		"password_hash", nil},
	{"hash that is too short", "PUT", AnnaUser, Body{"password_hash": "{SSHA512}AAAA"}, 400, "INVALID_PASSWORD_SCHEME",
		"password_hash", nil},
	{"hash that locks", "PUT", AnnaUser, Body{"password_hash": "{CRYPT}!"}, 400, "INVALID_PASSWORD_SCHEME", "password_hash", nil},
	{"hash of another form", "POST", "/api/user/new@example.com", Body{"password_hash": "{MD5-CRYPT}5a4af236a1e6b852022423b5524ac5c2"},
		400, "INVALID_PASSWORD_SCHEME", "password_hash", nil},
	{"costly bcrypt", "PUT", AnnaUser, Body{"password_hash": "{CRYPT}$2b$13$abcdefghijklmnopqrstuuE7y5Q.iboeZEuy3a5wOOaRgtq9TQ/5G"},
		400, "INVALID_PASSWORD_SCHEME", "password_hash", nil},
	{"costly argon2", "PUT", AnnaUser, Body{"password_hash": "{ARGON2ID}$argon2id$v=19$m=65537,t=3,p=1$KAjd2bqQnyygt8lmw4GFMA$" +
		"5V7AIUXoZ8mpmu4VxqbYj+Gv4N7F6LMiPVXbD7lTOHM"}, 400, "INVALID_PASSWORD_SCHEME", "password_hash", nil},
	{"no password", "PUT", AnnaUser, Body{"password": ""}, 422, "PW_EMPTY", "password", nil},
	{"weak password", "PUT", adaAdmin, Body{"password": "Winter-rain"}, 422, "PW_NO_DIGIT_NUMBER", "password", nil},
	{"weak password for all", "PUT", "/api/users/example.com", Body{"password": "1958-rain"}, 422, "PW_NO_UPPERCASE", "password",
		nil},
	{"bcc", "PUT", AnnaUser, Body{"senderBcc": "nobody"}, 400, "INVALID_MAIL", "senderBcc", nil},
	{"member", "PUT", SalesAlias, Body{"addMember": List{"nobody"}}, 400, "INVALID_MAIL", "addMember", List{"nobody"}},
	{"member of itself", "PUT", SalesAlias, Body{"addMember": List{"sales@example.com"}}, 400, "INVALID_MAIL", "addMember", List{"sales@example.com"}},
	{"alias domain", "PUT", ExampleDomain, Body{"addAliasDomain": List{"nodots"}}, 400, "INVALID_DOMAIN_NAME", "addAliasDomain",
		List{"nodots"}},
	{"phone number", "PUT", AnnaUser, Body{"mobile": List{"☎ 12"}}, 400, "INVALID_VALUE", "mobile", nil},
}

// OverLong values do not fit where they are kept.
var OverLong = []Refusal{
	{"name", "PUT", ExampleDomain, Body{"name": letter(65536)}, 400, "VALUE_TOO_LONG", "name", nil},
	{"name", "POST", "/api/admin/new@admins.test", Body{"password": Password, "name": letter(256)}, 400, "VALUE_TOO_LONG", "name",
		nil},
	{"name", "PUT", SalesAlias, Body{"name": letter(256)}, 400, "VALUE_TOO_LONG", "name", nil},
	{"given name", "PUT", AnnaUser, Body{"gn": letter(256)}, 400, "VALUE_TOO_LONG", "gn", nil},
	{"family name", "PUT", AnnaUser, Body{"sn": letter(256)}, 400, "VALUE_TOO_LONG", "sn", nil},
	{"employee", "PUT", AnnaUser, Body{"employeeid": letter(256)}, 400, "VALUE_TOO_LONG", "employeeid", nil},
	{"department", "PUT", AnnaUser, Body{"department": letter(256)}, 400, "VALUE_TOO_LONG", "department", nil},
	{"transport", "PUT", AnnaUser, Body{"transport": "smtp:" + letter(251)}, 400, "VALUE_TOO_LONG", "transport", nil},
	{"relay", "PUT", ExampleDomain, Body{"outboundRelay": letter(256)}, 400, "VALUE_TOO_LONG", "outboundRelay", nil},
	{"folder", "PUT", AnnaUser, Body{"mailboxFolder": letter(21)}, 400, "VALUE_TOO_LONG", "mailboxFolder", nil},
	{"path", "PUT", AnnaUser, Body{"maildir": "/srv/" + letter(251)}, 400, "VALUE_TOO_LONG", "maildir", nil},
	{"password", "PUT", AnnaUser, Body{"password": "Aa1-" + letter(509)}, 400, "VALUE_TOO_LONG", "password", nil},
	{"hash", "PUT", AnnaUser, Body{"password_hash": "{PLAIN}" + letter(249)}, 400, "VALUE_TOO_LONG", "password_hash", nil},
	{"bcc", "PUT", AnnaUser, Body{"senderBcc": letter(256) + "@elsewhere.test"}, 400, "VALUE_TOO_LONG", "senderBcc", nil},
	{"forwarding", "PUT", AnnaUser, Body{"addForwarding": List{letter(256) + "@elsewhere.test"}}, 400, "VALUE_TOO_LONG",
		"addForwarding",
		List{letter(256) + "@elsewhere.test"}},
	{"mailbox", "POST", "/api/user/" + letter(250) + "@example.com", Body{"password": Password}, 400, "INVALID_MAIL", "mail",
		nil},
	{"domain", "POST", "/api/domain/" + letter(252) + ".test", Body{}, 400, "INVALID_DOMAIN_NAME", "domain", nil},
}

func letter(n int) string { return strings.Repeat("x", n) }

// Taken names belong to another account or domain.
var Taken = []Refusal{
	{"alias that is a mailbox", "POST", "/api/alias/anna@example.com", Body{}, 409, "ALREADY_EXISTS", "mail", nil},
	{"alias that is another's alias", "POST", "/api/alias/info@example.com", Body{}, 409, "ALREADY_EXISTS", "mail", nil},
	{"alias that is one", "POST", SalesAlias, Body{}, 409, "ALREADY_EXISTS", "mail", nil},
	{"mailbox that is an alias", "POST", "/api/user/sales@example.com", Body{"password": Password}, 409, "ALREADY_EXISTS", "mail",
		nil},
	{"mailbox that is another's alias", "POST", "/api/user/info@example.com", Body{"password": Password}, 409, "ALREADY_EXISTS",
		"mail", nil},
	{"admin that is one", "POST", adaAdmin, Body{"password": Password}, 409, "ALREADY_EXISTS", "mail", nil},
	{"admin in a hosted domain", "POST", "/api/admin/new@example.com", Body{"password": Password}, 422, "CAN_NOT_BE_LOCAL_DOMAIN",
		"mail", nil},
	{"domain that is one", "POST", ExampleDomain, Body{}, 409, "ALREADY_EXISTS", "domain", nil},
	{"domain that is an alias domain", "POST", "/api/domain/example.net", Body{}, 409, "ALREADY_EXISTS", "domain", nil},
	{"alias domain that is a domain", "PUT", ExampleDomain, Body{"addAliasDomain": List{"other.test"}}, 409, "ALREADY_EXISTS",
		"addAliasDomain",
		List{"other.test"}},
	{"alias domain of itself", "PUT", ExampleDomain, Body{"addAliasDomain": List{"example.com"}}, 409, "ALREADY_EXISTS",
		"addAliasDomain",
		List{"example.com"}},
	{"alias domain of another", "PUT", "/api/domain/other.test", Body{"aliasDomains": List{"example.net"}}, 409, "ALREADY_EXISTS",
		"aliasDomains",
		nil},
	{"alias that is a mailbox", "PUT", AnnaUser, Body{"addAlias": List{"ben@example.com"}}, 409, "ALREADY_EXISTS", "addAlias",
		List{"ben@example.com"}},
	{"alias that is an alias account", "PUT", "/api/user/ben@example.com", Body{"aliases": List{"sales@example.com"}}, 409,
		"ALREADY_EXISTS", "aliases",
		nil},
	{"alias that is another's", "PUT", "/api/user/ben@example.com", Body{"aliases": List{"info@example.com"}}, 409,
		"ALREADY_EXISTS", "aliases",
		nil},
	{"onto a mailbox", "POST", AnnaUser + "/change_email/ben@example.com", nil, 409, "ALREADY_EXISTS", "new_mail", nil},
	{"onto an alias", "POST", AnnaUser + "/change_email/sales@example.com", nil, 409, "ALREADY_EXISTS", "new_mail", nil},
	{"onto itself", "POST", AnnaUser + "/change_email/anna@example.com", nil, 409, "ALREADY_EXISTS", "new_mail", nil},
	{"onto its own alias", "POST", AnnaUser + "/change_email/info@example.com", nil, 409, "ALREADY_EXISTS", "new_mail", nil},
	{"onto a mailbox", "POST", SalesAlias + "/change_email/anna@example.com", nil, 409, "ALREADY_EXISTS", "new_mail", nil},
}

// Pointless values refer to what does not exist.
var Pointless = []Refusal{
	{"forwarding", "PUT", AnnaUser, Body{"forwarding": List{"nobody@other.test", "anna@example.com"}}, 422, "NO_SUCH_ACCOUNT",
		"forwarding",
		List{"nobody@other.test"}},
	{"further forwarding", "PUT", AnnaUser, Body{"addForwarding": List{"nobody@example.com"}}, 422, "NO_SUCH_ACCOUNT",
		"addForwarding",
		List{"nobody@example.com"}},
	{"forwarding to an alias domain", "PUT", AnnaUser, Body{"addForwarding": List{"nobody@example.net"}}, 422, "NO_SUCH_ACCOUNT",
		"addForwarding",
		List{"nobody@example.net"}},
	{"members", "PUT", SalesAlias, Body{"members": List{"nobody@other.test"}}, 422, "NO_SUCH_ACCOUNT", "members",
		nil},
	{"further member", "PUT", SalesAlias, Body{"addMember": List{"nobody@other.test"}}, 422, "NO_SUCH_ACCOUNT", "addMember",
		List{"nobody@other.test"}},
	{"catch-all", "PUT", ExampleDomain, Body{"catchall": List{"anna@example.com", "nobody@example.com"}}, 422, "NO_SUCH_ACCOUNT",
		"catchall", nil},
	{"bcc", "PUT", ExampleDomain, Body{"senderBcc": "nobody@other.test"}, 422, "NO_SUCH_ACCOUNT", "senderBcc", nil},
	{"bcc", "POST", "/api/domain/new.test", Body{"recipientBcc": "nobody@new.test"}, 422, "NO_SUCH_ACCOUNT", "recipientBcc", nil},
	{"bcc", "PUT", AnnaUser, Body{"recipientBcc": "nobody@example.com"}, 422, "NO_SUCH_ACCOUNT", "recipientBcc", nil},
	{"admin", "PUT", "/api/domain/admins/example.com", Body{"addAdmin": List{"ada@admins.test", "nobody@admins.test"}}, 422,
		"NO_SUCH_ACCOUNT", "addAdmin", nil},
	{"alias outside", "PUT", AnnaUser, Body{"addAlias": List{"anna@other.test"}}, 400, "INVALID_MAIL", "addAlias", List{"anna@other.test"}},
	{"domain", "PUT", "/api/domain/nowhere.test", Body{"name": "x"}, 404, "NO_SUCH_DOMAIN", "domain", nil},
	{"domain of all mailboxes", "PUT", "/api/users/nowhere.test", Body{"language": "de_DE"}, 404, "NO_SUCH_DOMAIN", "domain",
		nil},
	{"alias domain", "PUT", "/api/domain/example.net", Body{"name": "x"}, 404, "NO_SUCH_DOMAIN", "domain", nil},
	{"domain of a mailbox", "POST", "/api/user/new@example.net", Body{"password": Password}, 404, "NO_SUCH_DOMAIN", "mail", nil},
	{"domain of an alias", "POST", "/api/alias/new@nowhere.test", Body{}, 404, "NO_SUCH_DOMAIN", "mail", nil},
	{"mailbox", "PUT", "/api/user/nobody@example.com", Body{"name": "x"}, 404, "NO_SUCH_ACCOUNT", "mail", nil},
	{"alias", "PUT", "/api/alias/nobody@example.com", Body{"name": "x"}, 404, "NO_SUCH_ACCOUNT", "mail", nil},
	{"admin", "PUT", "/api/admin/nobody@admins.test", Body{"name": "x"}, 404, "NO_SUCH_ACCOUNT", "mail", nil},
	{"mailbox to rename", "POST", "/api/user/nobody@example.com/change_email/new@example.com", nil, 404, "NO_SUCH_ACCOUNT",
		"mail", nil},
	{"new domain", "POST", AnnaUser + "/change_email/anna@nowhere.test", nil, 404, "NO_SUCH_DOMAIN", "new_mail", nil},
	{"new address", "POST", AnnaUser + "/change_email/anna+x@example.com", nil, 400, "INVALID_MAIL", "new_mail", nil},
}

// ForbiddenStates would leave nobody to manage the server.
var ForbiddenStates = []Refusal{
	{"last global admin", "PUT", "/api/admin/" + RootMail, Body{"accountStatus": "disabled"}, 409, "LAST_GLOBAL_ADMIN", "", nil},
	{"last global admin", "PUT", "/api/admin/" + RootMail, Body{"isGlobalAdmin": "no"}, 409, "LAST_GLOBAL_ADMIN", "", nil},
}
