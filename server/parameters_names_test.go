package server_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// texts are names as people have them.
var texts = []string{
	"Zoë Müller", "Ωμέγα & Υιοί", "山田 太郎", "שלום", "🐝 Bee", `O'Brien "Bob" <b>; DROP TABLE x --`, `back\slash: a;b:c`,
}

func TestParametersInAnyScript(t *testing.T) {
	base := parameterFixture(t)
	for _, x := range []struct {
		create, update, name, shown, query string
		password                           bool
	}{
		{"/api/domain/new.test", "/api/domain/example.com", "name", "description",
			"SELECT description FROM domain WHERE domain = ?", false},
		{"/api/admin/new@admins.test", "/api/admin/ada@admins.test", "name", "name", "SELECT name FROM admin WHERE username = ?",
			true},
		{"/api/user/new@example.com", "/api/user/anna@example.com", "name", "name", "SELECT name FROM mailbox WHERE username = ?",
			true},
		{"", "/api/user/anna@example.com", "gn", "first_name", "SELECT first_name FROM mailbox WHERE username = ?", false},
		{"", "/api/user/anna@example.com", "sn", "last_name", "SELECT last_name FROM mailbox WHERE username = ?", false},
		{"", "/api/user/anna@example.com", "employeeid", "employeeid", "SELECT employeeid FROM mailbox WHERE username = ?",
			false},
		{"/api/alias/new@example.com", "/api/alias/sales@example.com", "name", "name", "SELECT name FROM alias WHERE address = ?",
			false},
	} {
		bothSurfaces(t, base, x.update+" "+x.name, func(t *testing.T, v session) {
			check := func(path, text string) {
				require.Equal(t, text, v.show(path)[x.shown])
				require.Equal(t, list{text}, v.rows(x.query, path[strings.LastIndexByte(path, '/')+1:]))
			}
			for _, text := range texts {
				requireDone(t, v.write("PUT", x.update, body{x.name: text}))
				check(x.update, text)
			}
			if x.create == "" {
				return
			}
			given := body{x.name: texts[2]}
			if x.password {
				given["password"] = password
			}
			requireDone(t, v.write("POST", x.create, given))
			check(x.create, texts[2])
		})
	}
}

// TestParametersInCapitals writes addresses and domain names in capitals, and finds them in lower case.
func TestParametersInCapitals(t *testing.T) {
	base := parameterFixture(t)
	for _, x := range []struct {
		name, method, path string
		given              body
		read, shown        string
		want               any
	}{
		{"a new domain", "POST", "/api/domain/NEW.Test", body{"senderBcc": "Audit@Elsewhere.TEST"}, "/api/domain/new.test",
			"sender_bcc",
			"audit@elsewhere.test"},
		{"a new admin", "POST", "/api/admin/NEW@Admins.Test", body{"password": password}, "/api/admin/new@admins.test",
			"username", "new@admins.test"},
		{"a new mailbox", "POST", "/api/user/NEW@Example.COM", body{"password": password}, "/api/user/new@example.com",
			"username", "new@example.com"},
		{"a new alias", "POST", "/api/alias/NEW@Example.COM", body{"members": list{"Anna@EXAMPLE.com", "anna@example.com"}},
			"/api/alias/new@example.com", "members", list{"anna@example.com"}},
		{"a domain", "PUT", "/api/domain/EXAMPLE.com", body{"catchall": list{"BEN@example.com"}}, "/api/domain/Example.com",
			"catchall",
			list{"ben@example.com"}},
		{"alias domains", "PUT", "/api/domain/example.com", body{"addAliasDomain": list{"EXAMPLE.org"}},
			"/api/domain/EXAMPLE.COM", "alias_domains",
			list{"example.net", "example.org"}},
		{"alias domains removed", "PUT", "/api/domain/example.com", body{"removeAliasDomain": list{"EXAMPLE.net"}},
			"/api/domain/example.com",
			"alias_domains", list{}},
		{"admins of a domain", "PUT", "/api/domain/admins/EXAMPLE.com", body{"addAdmin": list{"ADA@Admins.test"}},
			"/api/domain/example.com", "admins",
			list{"ada@admins.test"}},
		{"an admin", "PUT", "/api/admin/ADA@Admins.test", body{"name": "ADA"}, "/api/admin/Ada@ADMINS.test", "name", "ADA"},
		{"forwarding", "PUT", "/api/user/ANNA@Example.com",
			body{"forwarding": list{"Out@Elsewhere.TEST", "BEN@Example.com", "ben@example.com"}},
			"/api/user/anna@EXAMPLE.com", "forwardings", list{"ben@example.com", "out@elsewhere.test"}},
		{"forwarding removed", "PUT", "/api/user/anna@example.com", body{"removeForwarding": list{"ANNA@example.com"}},
			"/api/user/anna@example.com",
			"forwardings", list{"anna@example.com"}},
		{"aliases", "PUT", "/api/user/anna@example.com", body{"aliases": list{"Info@EXAMPLE.com", "A.B@Example.NET"}},
			"/api/user/anna@example.com",
			"aliases", list{"a.b@example.net", "info@example.com"}},
		{"blind copies", "PUT", "/api/user/anna@example.com", body{"recipientBcc": "BEN@Example.com"},
			"/api/user/anna@example.com", "recipient_bcc",
			"ben@example.com"},
		{"services", "PUT", "/api/user/anna@example.com", body{"removeService": list{"SMTP"}}, "/api/user/anna@example.com",
			"enablesmtp", 0},
		{"an alias", "PUT", "/api/alias/SALES@example.com", body{"addMember": list{"ZOE@Other.test"}},
			"/api/alias/Sales@Example.com", "members",
			list{"zoe@other.test"}},
		{"all mailboxes", "PUT", "/api/users/EXAMPLE.com", body{"language": "de_DE"}, "/api/user/BEN@example.com", "language",
			"de_DE"},
		{"another address of a mailbox", "POST", "/api/user/ANNA@example.com/change_email/ANNE@Other.Test", nil,
			"/api/user/anne@other.test",
			"domain", "other.test"},
		{"another address of an alias", "POST", "/api/alias/SALES@example.com/change_email/Buyers@EXAMPLE.com", nil,
			"/api/alias/buyers@example.com",
			"address", "buyers@example.com"},
	} {
		bothSurfaces(t, base, x.name, func(t *testing.T, v session) {
			requireDone(t, v.write(x.method, x.path, x.given))
			requireSame(t, x.want, v.show(x.read)[x.shown], "shown")
			for table, records := range without(dump(t, v.w), "password") {
				for _, record := range records {
					require.NotRegexp(t, `[A-Z][A-Za-z.]*@|@[a-z.]*[A-Z]|EXAMPLE|NEW|ORG`, record, table)
				}
			}
		})
	}
}
