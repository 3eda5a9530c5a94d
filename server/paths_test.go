package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAddressesInPaths reaches accounts by every way to write their address in a path, each decoded once.
func TestAddressesInPaths(t *testing.T) {
	for _, engine := range []string{"sqlite", "ldap"} {
		t.Run(engine, func(t *testing.T) {
			w := newFixtureOn(t, engine)
			root := w.root()
			root.mustDomain("example.com", nil)
			for mail, paths := range map[string][]string{
				"a/b@example.com":  {"a%2Fb@example.com", "a%2fb%40example.com", "%61%2Fb@example%2Ecom", "A%2FB@example.com"},
				"a+b@example.com":  {"a+b@example.com", "a%2Bb%40example.com"},
				"a=b@example.com":  {"a=b@example.com", "a%3Db@example.com"},
				"a&b@example.com":  {"a&b@example.com", "a%26b@example.com"},
				"a#b@example.com":  {"a%23b@example.com"},
				"a/b/@example.com": {"a%2Fb%2F@example.com"},
			} {
				root.must(http.StatusCreated, "POST", "/api/alias/"+paths[0], map[string]any{"name": mail})
				for _, path := range paths {
					for _, c := range []*client{root, root.legacy()} {
						requireAtPath(t, c, mail, path)
					}
				}
			}
			a := root.legacy().get("//api///alias//a%2Fb%2F@example.com/")
			require.Equal(t, "a/b/@example.com", mailOf(a), a.raw)
			require.True(t, root.legacy().delete("/api/alias/a%2Fb@example.com").ok())
			require.Equal(t, http.StatusNotFound, root.get("/api/alias/a%2Fb@example.com").status)
		})
	}
	w := newFixture(t)
	root := w.root()
	root.mustDomain("example.com", nil)
	for path, want := range map[string]string{
		"/api/alias/a%252Fb@example.com":            "INVALID_MAIL", // decoded once it holds a percent sign
		"/api/alias/a%00b@example.com":              "INVALID_MAIL",
		"/api/user/a%2Fb@example.com":               "NO_SUCH_ACCOUNT",
		"/api/ml/a%2Fb@example.com":                 "NO_SUCH_ACCOUNT",
		"/api/ml/a%2F..%2F..%2Fb@example.com":       "NO_SUCH_ACCOUNT",
		"/api/domain/example.com%2F..":              "INVALID_DOMAIN_NAME",
		"/api/alias/a/b@example.com":                "NO_SUCH_PATH",
		"/api%2Falias/anna@example.com":             "NO_SUCH_PATH",
		"/api/throttle/a%2Fb@example.com/inbound":   "NO_SUCH_ACCOUNT",
		"/api/throttle/a%2Fb@example.com%2Finbound": "NO_SUCH_PATH",
	} {
		require.Equal(t, want, root.get(path).msg(), path)
		require.Equal(t, want, root.legacy().get(path).msg(), path)
	}
	for _, path := range []string{"/api/ml/a%2Fb@example.com", "/api/ml/a%2F..%2F..%2Fb@example.com", "/api/user/a%2Fb@example.com"} {
		body := map[string]any{}
		if strings.HasPrefix(path, "/api/user/") {
			body["password"] = password
		}
		require.Equal(t, "INVALID_MAIL", root.json("POST", path, body).msg(), path)
	}
}

func mailOf(a answer) string {
	for _, key := range []string{"address", "mail"} {
		switch v := a.data()[key].(type) {
		case string:
			return v
		case []any:
			return v[0].(string)
		}
	}
	return ""
}

// requireAtPath asks every operation that takes any address.
func requireAtPath(t *testing.T, c *client, mail, path string) {
	t.Helper()
	a := c.get("/api/alias/" + path)
	require.Equal(t, http.StatusOK, a.status, "%s: %s", path, a.raw)
	require.Equal(t, mail, mailOf(a), path)
	require.True(t, c.json("PUT", "/api/alias/"+path, map[string]any{"name": "x"}).ok(), path)
	require.True(t, c.json("POST", "/api/throttle/"+path+"/outbound", map[string]any{"period": 60, "max_msgs": 5}).ok(), path)
	a = c.get("/api/throttle/" + path + "/outbound")
	require.True(t, a.ok(), a.raw)
	require.InDelta(t, 5, a.data()["max_msgs"], 0)
	require.True(t, c.json("POST", "/api/greylisting/"+path, map[string]any{"status": "disable"}).ok(), path)
	require.True(t, c.json("POST", "/api/wblist/inbound/blacklist/"+path, map[string]any{"addresses": []string{"bad@example.org"}}).ok(), path)
	if c.w.deps.Directory == nil {
		return
	}
	a = c.get("/api/ldif/alias/" + path)
	require.True(t, a.ok(), a.raw)
	require.Contains(t, textAt(a.body, "_data"), "\nmail: "+mail+"\n")
}
