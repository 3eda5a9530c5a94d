package server_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
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

// TestAddressesThatMlmmjadminDoesNotKnow tells of each that it would drop without a word, before anything is written.
func TestAddressesThatMlmmjadminDoesNotKnow(t *testing.T) {
	needMlmmj(t)
	const strange, good = "sean.o'brien@far.test", "bo+x@far.test"
	open := func(t *testing.T) (*fixture, *client) {
		w := throughMlmmjadmin(t, t.TempDir())
		w.createRoot()
		seed(w)
		root := w.root()
		root.must(http.StatusCreated, "POST", devMailingList, body{"name": "Dev", "owner": list{good}})
		return w, root
	}
	t.Run("create", func(t *testing.T) {
		w, root := open(t)
		for _, field := range []string{"owner", "moderators", "subscription_moderators", "subscribers"} {
			given := body{"name": "News", field: list{good, strange}, "require_confirm": "no"}
			before := w.files(t)
			a := root.json("POST", "/api/ml/news@example.com", given)
			require.Equal(t, []any{400, "INVALID_MAIL", field}, []any{a.status, a.msg(), a.body["_field"]}, a.raw)
			require.Contains(t, a.raw, "mlmmjadmin does not take the address")
			require.Equal(t, before, w.files(t))
			require.Equal(t, 404, root.get("/api/ml/news@example.com").status)
			a = root.legacy().form("POST", "/api/ml/news@example.com", url.Values{"name": {"News"}, field: {good + "," + strange}, "require_confirm": {"no"}})
			require.True(t, a.ok(), a.raw)
			require.Equal(t, []any{strange}, a.body["_discarded"], a.raw)
			shown := root.get("/api/ml/news@example.com?with_subscribers=yes")
			require.Contains(t, shown.raw, good)
			require.NotContains(t, shown.raw, strange)
			root.must(http.StatusOK, "DELETE", "/api/ml/news@example.com?keep_archive=no", nil)
		}
	})
	t.Run("update", func(t *testing.T) {
		w, root := open(t)
		for _, field := range []string{"owner", "moderators", "subscription_moderators", "add_subscribers"} {
			before, shown := w.files(t), root.get(devMailingList+"?with_subscribers=yes").raw
			a := root.json("PUT", devMailingList, body{"name": "Changed", field: list{good, strange}, "require_confirm": "no"})
			require.Equal(t, []any{400, "INVALID_MAIL", field}, []any{a.status, a.msg(), a.body["_field"]}, a.raw)
			require.Equal(t, shown, root.get(devMailingList+"?with_subscribers=yes").raw, "not even the name")
			require.Equal(t, before, w.files(t))
			a = root.legacy().form("PUT", devMailingList, url.Values{field: {good + "," + strange}, "require_confirm": {"no"}})
			require.True(t, a.ok(), a.raw)
			require.Equal(t, []any{strange}, a.body["_discarded"], a.raw)
			require.NotContains(t, root.get(devMailingList+"?with_subscribers=yes").raw, strange)
			if field == "add_subscribers" {
				continue
			}
			a = root.legacy().form("PUT", devMailingList, url.Values{field: {strange}})
			require.Equal(t, "INVALID_MAIL", a.msg(), "nothing is left of what was to replace: %s", a.raw)
			require.Contains(t, root.get(devMailingList).raw, good)
		}
	})
	t.Run("one who has subscribed by mail", func(t *testing.T) {
		w, root := open(t)
		file := filepath.Join(w.spool(), "example.com", "dev", "subscribers.d", "s")
		require.NoError(t, os.WriteFile(file, []byte(strange+"\n"), 0o600))
		a := root.json("PUT", devMailingList, body{"name": "Changed", "remove_subscribers": list{strange}})
		require.Equal(t, []any{400, "INVALID_MAIL", "remove_subscribers"}, []any{a.status, a.msg(), a.body["_field"]}, a.raw)
		require.Contains(t, root.get(devMailingList).raw, `"Dev"`)
		a = root.legacy().form("PUT", devMailingList, url.Values{"remove_subscribers": {strange + "," + good}})
		require.True(t, a.ok(), a.raw)
		require.Equal(t, []any{strange}, a.body["_discarded"], a.raw)
		root.must(http.StatusOK, "PUT", devMailingList, body{"remove_subscribers": list{"who'else@far.test"}}) // who is not there
		require.FileExists(t, file)
	})
}
