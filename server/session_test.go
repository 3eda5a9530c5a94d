package server_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server"
	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

func TestLogIn(t *testing.T) {
	w := newFixture(t)
	root := w.root()
	root.mustDomain("example.com", nil)
	root.mustUser("plain@example.com", nil)
	root.mustUser("off@example.com", map[string]any{"accountStatus": "disabled"})
	root.must(http.StatusCreated, "POST", "/api/admin/off@admins.test", map[string]any{"password": password, "accountStatus": "disabled"})
	root.must(http.StatusCreated, "POST", "/api/admin/on@admins.test", map[string]any{"password": password})

	for _, x := range []struct {
		name, username, password string
		status                   int
		msg                      string
	}{
		{"right", "on@admins.test", password, 200, ""},
		{"blanks and capitals", "  On@Admins.TEST ", " " + password + " ", 200, ""},
		{"wrong password", "on@admins.test", password + "x", 401, "INVALID_CREDENTIALS"},
		{"unknown account", "nobody@admins.test", password, 401, "INVALID_CREDENTIALS"},
		{"disabled admin", "off@admins.test", password, 401, "INVALID_CREDENTIALS"},
		{"disabled mailbox", "off@example.com", password, 401, "INVALID_CREDENTIALS"},
		{"mailbox without admin rights", "plain@example.com", password, 401, "INVALID_CREDENTIALS"},
		{"no address", "root", password, 400, "INVALID_USERNAME"},
		{"empty password", "on@admins.test", "", 400, "EMPTY_PASSWORD"},
	} {
		t.Run(x.name, func(t *testing.T) {
			credentials := map[string]any{"username": x.username, "password": x.password}
			a := w.anonymous().json("POST", "/api/login", credentials)
			require.Equal(t, x.status, a.status, a.raw)
			require.Equal(t, x.msg, a.msg())
			require.Equal(t, x.msg == "", a.cookie() != nil, "a cookie exactly when it worked")
			legacy := w.anonymous().legacy().form("POST", "//api//login/", url.Values{"username": {x.username}, "password": {x.password}})
			require.Equal(t, http.StatusOK, legacy.status)
			require.Equal(t, x.msg, legacy.msg())
		})
	}
	t.Run("credentials in the query string, legacy", func(t *testing.T) {
		a := w.anonymous().legacy().send("POST", "/api/login?"+url.Values{"username": {rootMail}, "password": {password}}.Encode(), "", "")
		require.True(t, a.ok(), a.raw)
	})
	t.Run("missing parameters have codes of their own", func(t *testing.T) {
		require.Equal(t, "INVALID_USERNAME", w.anonymous().json("POST", "/api/login", map[string]any{"password": "x"}).msg())
		require.Equal(t, "EMPTY_PASSWORD", w.anonymous().json("POST", "/api/login", map[string]any{"username": rootMail}).msg())
	})
	require.NotContains(t, w.log.String(), password, "a password reached the log")
}

func TestCookie(t *testing.T) {
	w := newFixture(t)
	a := w.anonymous().json("POST", "/api/login", map[string]any{"username": rootMail, "password": password})
	c := a.cookie()
	require.True(t, c.HttpOnly)
	require.Equal(t, http.SameSiteStrictMode, c.SameSite)
	require.Equal(t, "/", c.Path)
	require.Len(t, c.Value, 43, "256 bits in base64")
	require.False(t, c.Secure, "over plain HTTP")

	var stored []string
	require.NoError(t, stateDB(t, w).Reader().Select(t.Context(), &stored, "SELECT id_hash FROM sessions"))
	require.NotEmpty(t, stored)
	require.NotContains(t, stored, c.Value, "the id itself is not stored")
}

func TestCookieUnderTLS(t *testing.T) {
	const old, prefixed = "postern_session", "__Host-postern_session"
	loopback, ok := store.ParseNetwork("127.0.0.0/8")
	require.True(t, ok)
	w := newFixture(t, func(d *server.Deps) { d.TrustedProxies = store.Networks{loopback} })
	for _, prefix := range []string{"", "/iredadmin"} {
		send := func(method, path, proto, body string, cookies ...*http.Cookie) (answer, []*http.Cookie) {
			r := httptest.NewRequestWithContext(t.Context(), method, prefix+path, strings.NewReader(body))
			r.RemoteAddr = "127.0.0.1:5000"
			r.Header.Set("X-Forwarded-Proto", proto)
			r.Header.Set("Content-Type", "application/json")
			for _, c := range cookies {
				r.AddCookie(c)
			}
			a := (&client{w: w, prefix: prefix}).do(r)
			return a, (&http.Response{Header: a.header}).Cookies()
		}
		logIn := func(proto string) *http.Cookie {
			a, cookies := send("POST", "/api/login", proto, `{"username":"`+rootMail+`","password":"`+password+`"}`)
			require.True(t, a.ok(), a.raw)
			require.Len(t, cookies, 1)
			return cookies[0]
		}
		known := func(cookies ...*http.Cookie) bool {
			a, _ := send("GET", "/api/whoami", "https", "", cookies...)
			return a.ok()
		}
		c := logIn("https")
		require.Equal(t, prefixed, c.Name)
		require.True(t, c.Secure && c.HttpOnly, "else a browser takes none of that name")
		require.Equal(t, "/", c.Path)
		require.Empty(t, c.Domain)
		require.True(t, known(c))
		require.Equal(t, old, logIn("http").Name, "a browser takes the prefix over TLS only")

		before := logIn("http")
		require.True(t, known(before), "a session of the old name")
		planted := &http.Cookie{Name: old, Value: "invented"}
		require.True(t, known(planted, c), "what another host of the domain sets is not taken for it")

		a, gone := send("POST", "/api/logout", "https", "", before)
		require.True(t, a.ok(), a.raw)
		require.False(t, known(before))
		var names []string
		for _, c := range gone {
			require.Negative(t, c.MaxAge)
			require.True(t, c.Secure)
			require.Equal(t, "/", c.Path)
			names = append(names, c.Name)
		}
		require.ElementsMatch(t, []string{old, prefixed}, names, "either name is taken away")
		a, gone = send("POST", "/api/logout", "http", "", logIn("http"))
		require.True(t, a.ok(), a.raw)
		require.Len(t, gone, 1)
		require.Equal(t, old, gone[0].Name)
	}
}

func stateDB(t *testing.T, w *fixture) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open("sqlite://" + w.dir + "/state.db")
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func TestSessionEnds(t *testing.T) {
	const boss = "boss@example.com"
	setting := func(t *testing.T) (root, session *client) {
		w := newFixture(t)
		root = w.root()
		root.mustDomain("example.com", nil)
		root.mustUser(boss, nil)
		root.must(http.StatusOK, "PUT", "/api/user/"+boss, map[string]any{"isGlobalAdmin": "yes"})
		session = w.as(boss, password)
		require.True(t, session.get("/api/whoami").ok())
		return root, session
	}
	for _, x := range []struct {
		name string
		act  func(root *client) answer
	}{
		{"by another password", func(c *client) answer {
			return c.json("PUT", "/api/user/"+boss, map[string]any{"password": "Summer-1959-sun"})
		}},
		{"by disabling", func(c *client) answer {
			return c.json("PUT", "/api/user/"+boss, map[string]any{"accountStatus": "disabled"})
		}},
		{"by a bulk change of the domain", func(c *client) answer {
			return c.json("PUT", "/api/users/example.com", map[string]any{"password": "Summer-1959-sun"})
		}},
		{"by losing all rights", func(c *client) answer { return c.json("PUT", "/api/user/"+boss, map[string]any{"isGlobalAdmin": "no"}) }},
		{"by deletion", func(c *client) answer { return c.delete("/api/user/" + boss) }},
		{"by deletion of the domain", func(c *client) answer { return c.delete("/api/domain/example.com") }},
		{"by renaming", func(c *client) answer {
			return c.send("POST", "/api/user/"+boss+"/change_email/chief@example.com", "", "")
		}},
	} {
		t.Run(x.name, func(t *testing.T) {
			root, session := setting(t)
			a := x.act(root)
			require.Equal(t, http.StatusOK, a.status, a.raw)
			after := session.get("/api/whoami")
			require.Equal(t, "LOGIN_REQUIRED", after.msg(), after.raw)
			require.Equal(t, http.StatusUnauthorized, after.status)
			require.True(t, root.get("/api/whoami").ok(), "another's session goes on")
		})
	}
	t.Run("by a change that another program makes", func(t *testing.T) {
		root, session := setting(t)
		require.NoError(t, root.w.vmail.Write(t.Context(), func(tx *sqldb.Tx) error {
			_, err := tx.Exec(t.Context(), "UPDATE mailbox SET password = ? WHERE username = ?", hashed(t, "Summer-1959-sun"), boss)
			return err
		}))
		other := copyFixture(t, root.w.dir) // a process that remembers nothing
		require.Equal(t, "LOGIN_REQUIRED", (&client{w: other, cookie: session.cookie}).get("/api/whoami").msg())
	})
	t.Run("by logging out, this one alone", func(t *testing.T) {
		_, session := setting(t)
		second := session.w.as(boss, password)
		a := session.send("POST", "/api/logout", "", "")
		require.True(t, a.ok())
		require.Negative(t, a.cookie().MaxAge, "the cookie is taken away")
		require.Equal(t, "LOGIN_REQUIRED", session.get("/api/whoami").msg())
		require.True(t, second.get("/api/whoami").ok())
	})
	t.Run("after its idle time", func(t *testing.T) {
		w := newFixture(t, func(d *server.Deps) { d.SessionIdle = time.Nanosecond })
		require.Equal(t, "LOGIN_REQUIRED", w.root().get("/api/whoami").msg())
	})
	t.Run("after its longest time", func(t *testing.T) {
		w := newFixture(t, func(d *server.Deps) { d.SessionMax = time.Nanosecond })
		require.Equal(t, "LOGIN_REQUIRED", w.root().get("/api/whoami").msg())
	})
	t.Run("never was: an invented id", func(t *testing.T) {
		w := newFixture(t)
		c := w.anonymous()
		c.cookie = &http.Cookie{Name: "postern_session", Value: "invented"}
		require.Equal(t, "LOGIN_REQUIRED", c.get("/api/whoami").msg())
	})
}

func TestRightsChangeAtOnce(t *testing.T) {
	w := newFixture(t)
	root := w.root()
	root.mustDomain("example.com", nil)
	root.must(http.StatusCreated, "POST", "/api/admin/new@admins.test", map[string]any{"password": password})
	admin := w.as("new@admins.test", password)
	require.Equal(t, http.StatusForbidden, admin.get("/api/domain/example.com").status)
	root.must(http.StatusOK, "PUT", "/api/domain/admins/example.com", map[string]any{"addAdmin": []string{"new@admins.test"}})
	require.Equal(t, http.StatusOK, admin.get("/api/domain/example.com").status)
	require.Equal(t, []any{"example.com"}, admin.get("/api/whoami").data()["managed_domains"])
	root.must(http.StatusOK, "PUT", "/api/domain/admins/example.com", map[string]any{"removeAdmin": []string{"new@admins.test"}})
	require.Equal(t, http.StatusForbidden, admin.get("/api/domain/example.com").status)
}
