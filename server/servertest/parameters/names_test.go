package parameters_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
)

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
		{"", "/api/user/anna@example.com", "department", "department", "SELECT department FROM mailbox WHERE username = ?",
			false},
		{"/api/alias/new@example.com", "/api/alias/sales@example.com", "name", "name", "SELECT name FROM alias WHERE address = ?",
			false},
	} {
		bothSurfaces(t, base, x.update+" "+x.name, func(t *testing.T, v servertest.Session) {
			check := func(path, text string) {
				require.Equal(t, text, v.Show(path)[x.shown])
				require.Equal(t, servertest.List{text}, v.Rows(x.query, path[strings.LastIndexByte(path, '/')+1:]))
			}
			for _, text := range servertest.Texts {
				servertest.RequireDone(t, v.Write("PUT", x.update, servertest.Body{x.name: text}))
				check(x.update, text)
			}
			if x.create == "" {
				return
			}
			given := servertest.Body{x.name: servertest.Texts[2]}
			if x.password {
				given["password"] = servertest.Password
			}
			servertest.RequireDone(t, v.Write("POST", x.create, given))
			check(x.create, servertest.Texts[2])
		})
	}
}

// TestParametersInCapitals writes addresses and domain names in capitals, and finds them in lower case.
func TestParametersInCapitals(t *testing.T) {
	base := parameterFixture(t)
	for _, x := range []struct {
		name, method, path string
		given              servertest.Body
		read, shown        string
		want               any
	}{
		{"a new domain", "POST", "/api/domain/NEW.Test", servertest.Body{"senderBcc": "Audit@Elsewhere.TEST"}, "/api/domain/new.test",
			"sender_bcc",
			"audit@elsewhere.test"},
		{"a new admin", "POST", "/api/admin/NEW@Admins.Test", servertest.Body{"password": servertest.Password}, "/api/admin/new@admins.test",
			"username", "new@admins.test"},
		{"a new mailbox", "POST", "/api/user/NEW@Example.COM", servertest.Body{"password": servertest.Password}, "/api/user/new@example.com",
			"username", "new@example.com"},
		{"a new alias", "POST", "/api/alias/NEW@Example.COM", servertest.Body{"members": servertest.List{"Anna@EXAMPLE.com", "anna@example.com"}},
			"/api/alias/new@example.com", "members", servertest.List{"anna@example.com"}},
		{"a domain", "PUT", "/api/domain/EXAMPLE.com", servertest.Body{"catchall": servertest.List{"BEN@example.com"}}, "/api/domain/Example.com",
			"catchall",
			servertest.List{"ben@example.com"}},
		{"alias domains", "PUT", "/api/domain/example.com", servertest.Body{"addAliasDomain": servertest.List{"EXAMPLE.org"}},
			"/api/domain/EXAMPLE.COM", "alias_domains",
			servertest.List{"example.net", "example.org"}},
		{"alias domains removed", "PUT", "/api/domain/example.com", servertest.Body{"removeAliasDomain": servertest.List{"EXAMPLE.net"}},
			"/api/domain/example.com",
			"alias_domains", servertest.List{}},
		{"admins of a domain", "PUT", "/api/domain/admins/EXAMPLE.com", servertest.Body{"addAdmin": servertest.List{"ADA@Admins.test"}},
			"/api/domain/example.com", "admins",
			servertest.List{"ada@admins.test"}},
		{"an admin", "PUT", "/api/admin/ADA@Admins.test", servertest.Body{"name": "ADA"}, "/api/admin/Ada@ADMINS.test", "name", "ADA"},
		{"forwarding", "PUT", "/api/user/ANNA@Example.com",
			servertest.Body{"forwarding": servertest.List{"Out@Elsewhere.TEST", "BEN@Example.com", "ben@example.com"}},
			"/api/user/anna@EXAMPLE.com", "forwardings", servertest.List{"ben@example.com", "out@elsewhere.test"}},
		{"forwarding removed", "PUT", "/api/user/anna@example.com", servertest.Body{"removeForwarding": servertest.List{"ANNA@example.com"}},
			"/api/user/anna@example.com",
			"forwardings", servertest.List{"anna@example.com"}},
		{"aliases", "PUT", "/api/user/anna@example.com", servertest.Body{"aliases": servertest.List{"Info@EXAMPLE.com", "A.B@Example.NET"}},
			"/api/user/anna@example.com",
			"aliases", servertest.List{"a.b@example.net", "info@example.com"}},
		{"blind copies", "PUT", "/api/user/anna@example.com", servertest.Body{"recipientBcc": "BEN@Example.com"},
			"/api/user/anna@example.com", "recipient_bcc",
			"ben@example.com"},
		{"services", "PUT", "/api/user/anna@example.com", servertest.Body{"removeService": servertest.List{"SMTP"}}, "/api/user/anna@example.com",
			"enablesmtp", 0},
		{"an alias", "PUT", "/api/alias/SALES@example.com", servertest.Body{"addMember": servertest.List{"ZOE@Other.test"}},
			"/api/alias/Sales@Example.com", "members",
			servertest.List{"zoe@other.test"}},
		{"all mailboxes", "PUT", "/api/users/EXAMPLE.com", servertest.Body{"language": "de_DE"}, "/api/user/BEN@example.com", "language",
			"de_DE"},
		{"another address of a mailbox", "POST", "/api/user/ANNA@example.com/change_email/ANNE@Other.Test", nil,
			"/api/user/anne@other.test",
			"domain", "other.test"},
		{"another address of an alias", "POST", "/api/alias/SALES@example.com/change_email/Buyers@EXAMPLE.com", nil,
			"/api/alias/buyers@example.com",
			"address", "buyers@example.com"},
	} {
		bothSurfaces(t, base, x.name, func(t *testing.T, v servertest.Session) {
			servertest.RequireDone(t, v.Write(x.method, x.path, x.given))
			servertest.RequireSame(t, x.want, v.Show(x.read)[x.shown], "shown")
			for table, records := range servertest.Without(servertest.Dump(t, v.W), "password") {
				for _, record := range records {
					require.NotRegexp(t, `[A-Z][A-Za-z.]*@|@[a-z.]*[A-Z]|EXAMPLE|NEW|ORG`, record, table)
				}
			}
		})
	}
}
