package parameters_test

import (
	"cmp"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
)

// selection is a query parameter of a listing that holds all of the names. "yes" leaves those that a query finds, as
// plain names or as whole records.
type selection struct {
	operation, parameter, path string
	all, chosen                servertest.List
	plain                      bool
	query                      string
}

func (s selection) effectCase() servertest.EffectCase {
	return servertest.EffectCase{Operation: s.operation, Parameter: s.parameter, Run: func(t *testing.T, v servertest.Session) {
		servertest.RequireDone(t, v.Write("PUT", "/api/domain/other.test", servertest.Body{"accountStatus": "disabled"}))
		servertest.RequireDone(t, v.Write("PUT", "/api/user/ben@example.com", servertest.Body{"accountStatus": "disabled"}))
		servertest.RequireDone(t, v.Write("POST", "/api/alias/off@example.com", servertest.Body{"accountStatus": "disabled"}))
		no, yes := records(s.all), records(s.chosen)
		if s.plain {
			yes = s.chosen
		}
		servertest.RequireSame(t, s.chosen, v.Rows(s.query, ""), "stored")
		servertest.RequireSame(t, yes, named(t, v.Legacy().Get(s.path+"?"+s.parameter+"=yes")), "chosen")
		servertest.RequireSame(t, no, named(t, v.Legacy().Get(s.path+"?"+s.parameter+"=no")), "not chosen")
		servertest.RequireSame(t, no, named(t, v.Legacy().Get(s.path)), "not given")
		if v.Forms {
			servertest.RequireSame(t, yes, named(t, v.Form("GET", s.path, url.Values{s.parameter: {"yes"}})), "chosen in a form")
			servertest.RequireSame(t, no, named(t, v.Legacy().Get(s.path+"?"+s.parameter+"=")), "empty")
		}
	}}
}

// named are the items of a listing. A whole record stands as a list of its name.
func named(t *testing.T, a servertest.Answer) servertest.List {
	t.Helper()
	require.True(t, a.OK(), a.Raw)
	items := servertest.List{}
	for _, item := range a.List() {
		if record, ok := item.(map[string]any); ok {
			item = servertest.List{cmp.Or(servertest.TextAt(record, "username"), servertest.TextAt(record, "address"), servertest.TextAt(record, "domain"))}
		}
		items = append(items, item)
	}
	return items
}

// records are those of the names.
func records(names servertest.List) servertest.List {
	items := servertest.List{}
	for _, name := range names {
		items = append(items, servertest.List{name})
	}
	return items
}

var selectionCases = []servertest.EffectCase{
	selection{operation: "GET /api/domains", parameter: "name_only", path: "/api/domains", plain: true,
		all: servertest.List{"example.com", "other.test"}, chosen: servertest.List{"example.com", "other.test"},
		query: "SELECT domain FROM domain ORDER BY domain"}.effectCase(),
	selection{operation: "GET /api/domains", parameter: "disabled_only", path: "/api/domains",
		all: servertest.List{"example.com", "other.test"}, chosen: servertest.List{"other.test"},
		query: "SELECT domain FROM domain WHERE active = 0"}.effectCase(),
	selection{operation: "GET /api/users/<domain>", parameter: "email_only", path: "/api/users/example.com", plain: true,
		all: servertest.List{"anna@example.com", "ben@example.com"}, chosen: servertest.List{"anna@example.com", "ben@example.com"},
		query: "SELECT username FROM mailbox WHERE domain = 'example.com' ORDER BY username"}.effectCase(),
	selection{operation: "GET /api/users/<domain>", parameter: "disabled_only", path: "/api/users/example.com",
		all: servertest.List{"anna@example.com", "ben@example.com"}, chosen: servertest.List{"ben@example.com"},
		query: "SELECT username FROM mailbox WHERE active = 0"}.effectCase(),
	selection{operation: "GET /api/aliases/<domain>", parameter: "email_only", path: "/api/aliases/example.com", plain: true,
		all: servertest.List{"off@example.com", "sales@example.com"}, chosen: servertest.List{"off@example.com", "sales@example.com"},
		query: "SELECT address FROM alias WHERE domain = 'example.com' ORDER BY address"}.effectCase(),
	selection{operation: "GET /api/aliases/<domain>", parameter: "disabled_only", path: "/api/aliases/example.com",
		all: servertest.List{"off@example.com", "sales@example.com"}, chosen: servertest.List{"off@example.com"},
		query: "SELECT address FROM alias WHERE active = 0"}.effectCase(),
}

// TestListParametersTogether asks for the plain names of the disabled ones.
func TestListParametersTogether(t *testing.T) {
	bothSurfaces(t, parameterFixture(t), "names of the disabled", func(t *testing.T, v servertest.Session) {
		servertest.RequireDone(t, v.Write("PUT", "/api/domain/other.test", servertest.Body{"accountStatus": "disabled"}))
		servertest.RequireDone(t, v.Write("PUT", "/api/user/ben@example.com", servertest.Body{"accountStatus": "disabled"}))
		servertest.RequireDone(t, v.Write("PUT", "/api/alias/sales@example.com", servertest.Body{"accountStatus": "disabled"}))
		require.Equal(t, servertest.List{"other.test"}, named(t, v.Get("/api/domains?name_only=yes&disabled_only=yes")))
		require.Equal(t, servertest.List{"ben@example.com"}, named(t, v.Get("/api/users/example.com?disabled_only=yes&email_only=yes")))
		require.Equal(t, servertest.List{"sales@example.com"}, named(t, v.Get("/api/aliases/example.com?email_only=yes&disabled_only=yes")))
		require.Equal(t, servertest.List{}, named(t, v.Get("/api/aliases/other.test?email_only=yes&disabled_only=yes")))
	})
}
