package server_test

import (
	"cmp"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// selection is a query parameter of a listing that holds all of the names. "yes" leaves those that a query finds, as
// plain names or as whole records.
type selection struct {
	operation, parameter, path string
	all, chosen                list
	plain                      bool
	query                      string
}

func (s selection) effectCase() effectCase {
	return effectCase{s.operation, s.parameter, func(t *testing.T, v session) {
		requireDone(t, v.write("PUT", "/api/domain/other.test", body{"accountStatus": "disabled"}))
		requireDone(t, v.write("PUT", "/api/user/ben@example.com", body{"accountStatus": "disabled"}))
		requireDone(t, v.write("POST", "/api/alias/off@example.com", body{"accountStatus": "disabled"}))
		no, yes := records(s.all), records(s.chosen)
		if s.plain {
			yes = s.chosen
		}
		requireSame(t, s.chosen, v.rows(s.query, ""), "stored")
		requireSame(t, yes, named(t, v.get(s.path+"?"+s.parameter+"=yes")), "chosen")
		requireSame(t, no, named(t, v.get(s.path+"?"+s.parameter+"=no")), "not chosen")
		requireSame(t, no, named(t, v.get(s.path)), "not given")
		if v.forms {
			requireSame(t, yes, named(t, v.form("GET", s.path, url.Values{s.parameter: {"yes"}})), "chosen in a form")
			requireSame(t, no, named(t, v.get(s.path+"?"+s.parameter+"=")), "empty")
		}
	}}
}

// named are the items of a listing. A whole record stands as a list of its name.
func named(t *testing.T, a answer) list {
	t.Helper()
	require.True(t, a.ok(), a.raw)
	items := list{}
	for _, item := range a.list() {
		if record, ok := item.(map[string]any); ok {
			item = list{cmp.Or(textAt(record, "username"), textAt(record, "address"), textAt(record, "domain"))}
		}
		items = append(items, item)
	}
	return items
}

// records are those of the names.
func records(names list) list {
	items := list{}
	for _, name := range names {
		items = append(items, list{name})
	}
	return items
}

var selectionCases = []effectCase{
	selection{operation: "GET /api/domains", parameter: "name_only", path: "/api/domains", plain: true,
		all: list{"example.com", "other.test"}, chosen: list{"example.com", "other.test"},
		query: "SELECT domain FROM domain ORDER BY domain"}.effectCase(),
	selection{operation: "GET /api/domains", parameter: "disabled_only", path: "/api/domains",
		all: list{"example.com", "other.test"}, chosen: list{"other.test"},
		query: "SELECT domain FROM domain WHERE active = 0"}.effectCase(),
	selection{operation: "GET /api/users/<domain>", parameter: "email_only", path: "/api/users/example.com", plain: true,
		all: list{"anna@example.com", "ben@example.com"}, chosen: list{"anna@example.com", "ben@example.com"},
		query: "SELECT username FROM mailbox WHERE domain = 'example.com' ORDER BY username"}.effectCase(),
	selection{operation: "GET /api/users/<domain>", parameter: "disabled_only", path: "/api/users/example.com",
		all: list{"anna@example.com", "ben@example.com"}, chosen: list{"ben@example.com"},
		query: "SELECT username FROM mailbox WHERE active = 0"}.effectCase(),
	selection{operation: "GET /api/aliases/<domain>", parameter: "email_only", path: "/api/aliases/example.com", plain: true,
		all: list{"off@example.com", "sales@example.com"}, chosen: list{"off@example.com", "sales@example.com"},
		query: "SELECT address FROM alias WHERE domain = 'example.com' ORDER BY address"}.effectCase(),
	selection{operation: "GET /api/aliases/<domain>", parameter: "disabled_only", path: "/api/aliases/example.com",
		all: list{"off@example.com", "sales@example.com"}, chosen: list{"off@example.com"},
		query: "SELECT address FROM alias WHERE active = 0"}.effectCase(),
}

// TestListParametersTogether asks for the plain names of the disabled ones.
func TestListParametersTogether(t *testing.T) {
	bothSurfaces(t, parameterFixture(t), "names of the disabled", func(t *testing.T, v session) {
		requireDone(t, v.write("PUT", "/api/domain/other.test", body{"accountStatus": "disabled"}))
		requireDone(t, v.write("PUT", "/api/user/ben@example.com", body{"accountStatus": "disabled"}))
		requireDone(t, v.write("PUT", "/api/alias/sales@example.com", body{"accountStatus": "disabled"}))
		require.Equal(t, list{"other.test"}, named(t, v.get("/api/domains?name_only=yes&disabled_only=yes")))
		require.Equal(t, list{"ben@example.com"}, named(t, v.get("/api/users/example.com?disabled_only=yes&email_only=yes")))
		require.Equal(t, list{"sales@example.com"}, named(t, v.get("/api/aliases/example.com?email_only=yes&disabled_only=yes")))
		require.Equal(t, list{}, named(t, v.get("/api/aliases/other.test?email_only=yes&disabled_only=yes")))
	})
}
