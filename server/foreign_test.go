package server_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// foreignAddresses have every character that RFC 5321 allows in front of the @, and what SQL and LDAP take for more than that.
var foreignAddresses = []string{
	"sean.o'brien@example.net", "a!b$c%d^e`f{g|h}i~j@example.net", "who?x*y@example.net", "_%_@example.net", "'or'1'='1@example.net",
	"a/b=c&d#e+f@example.net", "{plain}@example.net",
}

// TestForeignAddresses keeps such addresses wherever a foreign one may stand, and takes each away again.
func TestForeignAddresses(t *testing.T) {
	for _, engine := range []string{"sqlite", "ldap", "mysql", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			w := newFixtureOn(t, engine)
			root := w.root()
			root.mustDomain("example.com", nil)
			root.mustUser("anna@example.com", nil)
			root.must(http.StatusCreated, "POST", "/api/alias/sales@example.com", nil)
			root.must(http.StatusCreated, "POST", "/api/ml/dev@example.com", map[string]any{"name": "Dev"})
			places := []struct{ path, field, add, remove, shown string }{
				{"/api/alias/sales@example.com", "members", "addMember", "removeMember", "members"},
				{"/api/user/anna@example.com", "forwarding", "addForwarding", "removeForwarding", "forwardings"},
				{"/api/domain/example.com", "catchall", "", "", "catchall"},
				{"/api/ml/dev@example.com", "owner", "", "", "owner"},
				{"/api/ml/dev@example.com", "moderators", "", "", "moderators"},
			}
			if w.deps.Directory != nil {
				root.must(http.StatusCreated, "POST", "/api/maillist/staff@example.com", nil)
				places = append(places, struct{ path, field, add, remove, shown string }{"/api/maillist/staff@example.com", "members", "addMember", "removeMember", "members"})
			}
			for _, p := range places {
				keepForeign(t, root, p.path, p.field, p.add, p.remove, p.shown)
			}
			for _, field := range []string{"senderBcc", "recipientBcc"} {
				for _, path := range []string{"/api/user/anna@example.com", "/api/domain/example.com"} {
					root.must(http.StatusOK, "PUT", path, map[string]any{field: foreignAddresses[1]})
					require.Contains(t, root.get(path).raw, `e`+"`"+`f{g|h}i~j@example.net`, field)
				}
			}
			root.must(http.StatusOK, "PUT", "/api/ml/dev@example.com", map[string]any{"add_subscribers": foreignAddresses, "require_confirm": "no"})
			subscribers := func() int {
				l, _ := root.get("/api/ml/dev@example.com?with_subscribers=yes").data()["subscribers"].([]any)
				return len(l)
			}
			require.Equal(t, len(foreignAddresses), subscribers())
			root.must(http.StatusOK, "PUT", "/api/ml/dev@example.com", map[string]any{"remove_subscribers": foreignAddresses})
			require.Zero(t, subscribers())
			root.must(http.StatusOK, "POST", "/api/wblist/inbound/blacklist/example.com", map[string]any{"addresses": foreignAddresses})
			require.ElementsMatch(t, anyOf(foreignAddresses), root.get("/api/wblist/inbound/blacklist/example.com").list())
			root.must(http.StatusOK, "PUT", "/api/wblist/inbound/blacklist/example.com", map[string]any{"addresses": foreignAddresses[1:]})
			require.Equal(t, anyOf(foreignAddresses[:1]), root.get("/api/wblist/inbound/blacklist/example.com").list())
			root.must(http.StatusOK, "POST", "/api/greylisting/example.com/whitelists", map[string]any{"senders": foreignAddresses})
			require.ElementsMatch(t, anyOf(foreignAddresses), root.get("/api/greylisting/example.com/whitelists").list())

			// Accounts of ours keep to the narrower form.
			for method, path := range map[string]string{"POST": "/api/alias/sean.o%27brien@example.com", "PUT": "/api/user/anna@example.com"} {
				a := root.json(method, path, map[string]any{map[string]string{"POST": "members", "PUT": "aliases"}[method]: []string{"o'b@example.com"}})
				require.Equal(t, "INVALID_MAIL", a.msg(), a.raw)
			}
			require.Equal(t, "NO_SUCH_ACCOUNT", root.json("PUT", "/api/alias/sales@example.com", map[string]any{"members": []string{"o'b@example.com"}}).msg())
			for _, bad := range []string{"a b@example.net", "a@b@example.net", `"a"@example.net`, "a(b@example.net", "a,b@example.net", ".a@example.net", "ä@example.net", "a\\b@example.net"} {
				require.Equal(t, "INVALID_MAIL", root.json("PUT", "/api/alias/sales@example.com", map[string]any{"members": []string{bad}}).msg(), bad)
			}
			a := root.json("PUT", "/api/ml/dev@example.com", map[string]any{"add_subscribers": []string{"/x@example.net"}, "require_confirm": "no"})
			require.Equal(t, "INVALID_MAIL", a.msg(), "mlmmj names files after the first character")
		})
	}
}

func anyOf(texts []string) []any {
	all := make([]any, len(texts))
	for i, s := range texts {
		all[i] = s
	}
	return all
}

func keepForeign(t *testing.T, root *client, path, field, add, remove, shown string) {
	t.Helper()
	root.must(http.StatusOK, "PUT", path, map[string]any{field: foreignAddresses})
	require.ElementsMatch(t, anyOf(foreignAddresses), root.get(path).data()[shown], "%s of %s", field, path)
	a := root.legacy().form("PUT", path, url.Values{field: {foreignAddresses[0]}})
	require.True(t, a.ok(), a.raw)
	require.Nil(t, a.body["_discarded"], a.raw)
	require.Equal(t, anyOf(foreignAddresses[:1]), root.get(path).data()[shown])
	if add == "" {
		return
	}
	root.must(http.StatusOK, "PUT", path, map[string]any{add: foreignAddresses})
	root.must(http.StatusOK, "PUT", path, map[string]any{remove: foreignAddresses[:len(foreignAddresses)-1]})
	require.Equal(t, anyOf(foreignAddresses[len(foreignAddresses)-1:]), root.get(path).data()[shown])
}
