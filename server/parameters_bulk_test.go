package server_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// TestParametersOfAllMailboxes changes everything at once in one domain, whose mailboxes have aliases, are members
// of an alias account and have a namesake under another domain.
func TestParametersOfAllMailboxes(t *testing.T) {
	base := parameterFixture(t)
	root := base.root()
	root.mustUser("anna@other.test", nil)
	root.must(http.StatusOK, "PUT", "/api/user/anna@example.com", body{"aliases": list{"info@example.com", "a@example.net"}})
	root.must(http.StatusOK, "PUT", "/api/user/anna@other.test",
		body{"forwarding": list{"anna@example.com"}, "aliases": list{"info@other.test"}})
	root.must(http.StatusOK, "PUT", "/api/alias/sales@example.com", body{"members": list{"anna@example.com", "zoe@other.test"}})
	root.mustDomain("sub.example.com", nil)
	root.mustUser("anna@sub.example.com", nil)

	bothSurfaces(t, base, "everything", func(t *testing.T, v session) {
		before := v.elsewhere()
		requireDone(t, v.write("PUT", "/api/users/example.com", body{
			"accountStatus": "disabled", "password": onePassword, "language": "de_DE", "transport": "smtp:[192.0.2.10]"}))
		require.Equal(t, list{list{"anna@example.com", int64(0), "de_DE", "smtp:[192.0.2.10]"},
			list{"ben@example.com", int64(0), "de_DE", "smtp:[192.0.2.10]"}},
			v.rows("SELECT username, active, language, transport FROM mailbox WHERE domain = 'example.com' ORDER BY username",
				""))
		require.Equal(t, list{onePassword, onePassword},
			fromHashes(v.rows("SELECT password FROM mailbox WHERE domain = 'example.com'", "")))
		require.Equal(t, list{int64(0), int64(0), int64(0), int64(0)},
			v.rows("SELECT active FROM forwardings WHERE domain = 'example.com' AND (is_forwarding = 1 OR is_alias = 1)", ""),
			"nothing is delivered: two mailboxes and two aliases")
		require.Equal(t, before, v.elsewhere())
		requireDone(t, v.write("PUT", "/api/users/example.com", body{"accountStatus": "active"}))
		require.Equal(t, list{}, v.rows("SELECT address FROM forwardings WHERE active = 0", ""))
	})
	t.Run("a domain without mailboxes", func(t *testing.T) {
		w := copyFixture(t, base.dir)
		c := &client{w: w, cookie: root.cookie}
		c.mustDomain("empty.test", nil)
		before := dump(t, w)
		c.must(http.StatusOK, "PUT", "/api/users/empty.test", body{"accountStatus": "disabled"})
		require.Equal(t, before, dump(t, w))
	})
}

// elsewhere is every row that a bulk change of the mailboxes of example.com must leave alone.
func (v session) elsewhere() map[string][]store.Record {
	v.w.t.Helper()
	tables := dump(v.w.t.(*testing.T), v.w)
	for table, records := range tables {
		tables[table] = slices.DeleteFunc(records, func(r store.Record) bool {
			route := r.Get("is_forwarding") == int64(1) || r.Get("is_alias") == int64(1)
			return r.Get("domain") == "example.com" && (table == "mailbox" || route)
		})
	}
	return tables
}
