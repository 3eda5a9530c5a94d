package surface_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
)

// TestAddressesInPaths reaches accounts by every way to write their address in a path, each decoded once.
func TestAddressesInPaths(t *testing.T) {
	for _, engine := range []string{"sqlite", "ldap"} {
		t.Run(engine, func(t *testing.T) {
			w := servertest.NewFixtureOn(t, engine)
			root := w.Root()
			root.MustDomain("example.com", nil)
			for mail, paths := range map[string][]string{
				"a/b@example.com":  {"a%2Fb@example.com", "a%2fb%40example.com", "%61%2Fb@example%2Ecom", "A%2FB@example.com"},
				"a+b@example.com":  {"a+b@example.com", "a%2Bb%40example.com"},
				"a=b@example.com":  {"a=b@example.com", "a%3Db@example.com"},
				"a&b@example.com":  {"a&b@example.com", "a%26b@example.com"},
				"a#b@example.com":  {"a%23b@example.com"},
				"a/b/@example.com": {"a%2Fb%2F@example.com"},
			} {
				root.Must(http.StatusCreated, "POST", "/api/alias/"+paths[0], map[string]any{"name": mail})
				for _, path := range paths {
					for _, c := range []*servertest.Client{root, root.Legacy()} {
						requireAtPath(t, c, mail, path)
					}
				}
			}
			a := root.Legacy().Get("//api///alias//a%2Fb%2F@example.com/")
			require.Equal(t, "a/b/@example.com", mailOf(a), a.Raw)
			require.True(t, root.Legacy().Delete("/api/alias/a%2Fb@example.com").OK())
			require.Equal(t, http.StatusNotFound, root.Get("/api/alias/a%2Fb@example.com").Status)
		})
	}
	w := servertest.NewFixture(t)
	root := w.Root()
	root.MustDomain("example.com", nil)
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
		require.Equal(t, want, root.Get(path).Msg(), path)
		require.Equal(t, want, root.Legacy().Get(path).Msg(), path)
	}
	for _, path := range []string{"/api/ml/a%2Fb@example.com", "/api/ml/a%2F..%2F..%2Fb@example.com", "/api/user/a%2Fb@example.com"} {
		body := map[string]any{}
		if strings.HasPrefix(path, "/api/user/") {
			body["password"] = servertest.Password
		}
		require.Equal(t, "INVALID_MAIL", root.JSON("POST", path, body).Msg(), path)
	}
}

func mailOf(a servertest.Answer) string {
	for _, key := range []string{"address", "mail"} {
		switch v := a.Data()[key].(type) {
		case string:
			return v
		case []any:
			return v[0].(string)
		}
	}
	return ""
}

// requireAtPath asks every operation that takes any address.
func requireAtPath(t *testing.T, c *servertest.Client, mail, path string) {
	t.Helper()
	a := c.Get("/api/alias/" + path)
	require.Equal(t, http.StatusOK, a.Status, "%s: %s", path, a.Raw)
	require.Equal(t, mail, mailOf(a), path)
	require.True(t, c.JSON("PUT", "/api/alias/"+path, map[string]any{"name": "x"}).OK(), path)
	require.True(t, c.JSON("POST", "/api/throttle/"+path+"/outbound", map[string]any{"period": 60, "max_msgs": 5}).OK(), path)
	a = c.Get("/api/throttle/" + path + "/outbound")
	require.True(t, a.OK(), a.Raw)
	require.InDelta(t, 5, a.Data()["max_msgs"], 0)
	require.True(t, c.JSON("POST", "/api/greylisting/"+path, map[string]any{"status": "disable"}).OK(), path)
	require.True(t, c.JSON("POST", "/api/wblist/inbound/blacklist/"+path, map[string]any{"addresses": []string{"bad@example.org"}}).OK(), path)
	if c.W.Deps.Directory == nil {
		return
	}
	a = c.Get("/api/ldif/alias/" + path)
	require.True(t, a.OK(), a.Raw)
	require.Contains(t, servertest.TextAt(a.Body, "_data"), "\nmail: "+mail+"\n")
}
