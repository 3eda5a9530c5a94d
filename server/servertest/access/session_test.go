package access_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server"
	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

func TestLogIn(t *testing.T) {
	w := servertest.NewFixture(t)
	root := w.Root()
	root.MustDomain("example.com", nil)
	root.MustUser("plain@example.com", nil)
	root.MustUser("off@example.com", map[string]any{"accountStatus": "disabled"})
	root.Must(http.StatusCreated, "POST", "/api/admin/off@admins.test", map[string]any{"password": servertest.Password, "accountStatus": "disabled"})
	root.Must(http.StatusCreated, "POST", "/api/admin/on@admins.test", map[string]any{"password": servertest.Password})

	for _, x := range []struct {
		name, username, password string
		status                   int
		msg                      string
	}{
		{"right", "on@admins.test", servertest.Password, 200, ""},
		{"blanks and capitals", "  On@Admins.TEST ", " " + servertest.Password + " ", 200, ""},
		{"wrong password", "on@admins.test", servertest.Password + "x", 401, "INVALID_CREDENTIALS"},
		{"unknown account", "nobody@admins.test", servertest.Password, 401, "INVALID_CREDENTIALS"},
		{"disabled admin", "off@admins.test", servertest.Password, 401, "INVALID_CREDENTIALS"},
		{"disabled mailbox", "off@example.com", servertest.Password, 401, "INVALID_CREDENTIALS"},
		{"mailbox without admin rights", "plain@example.com", servertest.Password, 401, "INVALID_CREDENTIALS"},
		{"no address", "root", servertest.Password, 400, "INVALID_USERNAME"},
		{"empty password", "on@admins.test", "", 400, "EMPTY_PASSWORD"},
	} {
		t.Run(x.name, func(t *testing.T) {
			credentials := map[string]any{"username": x.username, "password": x.password}
			a := w.Anonymous().JSON("POST", "/api/login", credentials)
			require.Equal(t, x.status, a.Status, a.Raw)
			require.Equal(t, x.msg, a.Msg())
			require.Equal(t, x.msg == "", a.Cookie() != nil, "a cookie exactly when it worked")
			legacy := w.Anonymous().Legacy().Form("POST", "//api//login/", url.Values{"username": {x.username}, "password": {x.password}})
			require.Equal(t, http.StatusOK, legacy.Status)
			require.Equal(t, x.msg, legacy.Msg())
		})
	}
	t.Run("credentials in the query string, legacy", func(t *testing.T) {
		a := w.Anonymous().Legacy().Send("POST", "/api/login?"+url.Values{"username": {servertest.RootMail}, "password": {servertest.Password}}.Encode(), "", "")
		require.True(t, a.OK(), a.Raw)
	})
	t.Run("missing parameters have codes of their own", func(t *testing.T) {
		require.Equal(t, "INVALID_USERNAME", w.Anonymous().JSON("POST", "/api/login", map[string]any{"password": "x"}).Msg())
		require.Equal(t, "EMPTY_PASSWORD", w.Anonymous().JSON("POST", "/api/login", map[string]any{"username": servertest.RootMail}).Msg())
	})
	require.NotContains(t, w.Log.String(), servertest.Password, "a password reached the log")
}

func TestCookie(t *testing.T) {
	w := servertest.NewFixture(t)
	a := w.Anonymous().JSON("POST", "/api/login", map[string]any{"username": servertest.RootMail, "password": servertest.Password})
	c := a.Cookie()
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
	w := servertest.NewFixture(t, func(d *server.Deps) { d.TrustedProxies = store.Networks{loopback} })
	for _, prefix := range []string{"", "/iredadmin"} {
		send := func(method, path, proto, body string, cookies ...*http.Cookie) (servertest.Answer, []*http.Cookie) {
			r := httptest.NewRequestWithContext(t.Context(), method, prefix+path, strings.NewReader(body))
			r.RemoteAddr = "127.0.0.1:5000"
			r.Header.Set("X-Forwarded-Proto", proto)
			r.Header.Set("Content-Type", "application/json")
			for _, c := range cookies {
				r.AddCookie(c)
			}
			a := (&servertest.Client{W: w, Prefix: prefix}).Do(r)
			return a, (&http.Response{Header: a.Header}).Cookies()
		}
		logIn := func(proto string) *http.Cookie {
			a, cookies := send("POST", "/api/login", proto, `{"username":"`+servertest.RootMail+`","password":"`+servertest.Password+`"}`)
			require.True(t, a.OK(), a.Raw)
			require.Len(t, cookies, 1)
			return cookies[0]
		}
		known := func(cookies ...*http.Cookie) bool {
			a, _ := send("GET", "/api/whoami", "https", "", cookies...)
			return a.OK()
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
		require.True(t, a.OK(), a.Raw)
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
		require.True(t, a.OK(), a.Raw)
		require.Len(t, gone, 1)
		require.Equal(t, old, gone[0].Name)
	}
}

func stateDB(t *testing.T, w *servertest.Fixture) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open("sqlite://" + w.Dir + "/state.db")
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func TestSessionEnds(t *testing.T) {
	const boss = "boss@example.com"
	setting := func(t *testing.T) (root, session *servertest.Client) {
		w := servertest.NewFixture(t)
		root = w.Root()
		root.MustDomain("example.com", nil)
		root.MustUser(boss, nil)
		root.Must(http.StatusOK, "PUT", "/api/user/"+boss, map[string]any{"isGlobalAdmin": "yes"})
		session = w.As(boss, servertest.Password)
		require.True(t, session.Get("/api/whoami").OK())
		return root, session
	}
	for _, x := range []struct {
		name string
		act  func(root *servertest.Client) servertest.Answer
	}{
		{"by another password", func(c *servertest.Client) servertest.Answer {
			return c.JSON("PUT", "/api/user/"+boss, map[string]any{"password": "Summer-1959-sun"})
		}},
		{"by disabling", func(c *servertest.Client) servertest.Answer {
			return c.JSON("PUT", "/api/user/"+boss, map[string]any{"accountStatus": "disabled"})
		}},
		{"by a bulk change of the domain", func(c *servertest.Client) servertest.Answer {
			return c.JSON("PUT", "/api/users/example.com", map[string]any{"password": "Summer-1959-sun"})
		}},
		{"by losing all rights", func(c *servertest.Client) servertest.Answer {
			return c.JSON("PUT", "/api/user/"+boss, map[string]any{"isGlobalAdmin": "no"})
		}},
		{"by deletion", func(c *servertest.Client) servertest.Answer { return c.Delete("/api/user/" + boss) }},
		{"by deletion of the domain", func(c *servertest.Client) servertest.Answer { return c.Delete("/api/domain/example.com") }},
		{"by renaming", func(c *servertest.Client) servertest.Answer {
			return c.Send("POST", "/api/user/"+boss+"/change_email/chief@example.com", "", "")
		}},
	} {
		t.Run(x.name, func(t *testing.T) {
			root, session := setting(t)
			a := x.act(root)
			require.Equal(t, http.StatusOK, a.Status, a.Raw)
			after := session.Get("/api/whoami")
			require.Equal(t, "LOGIN_REQUIRED", after.Msg(), after.Raw)
			require.Equal(t, http.StatusUnauthorized, after.Status)
			require.True(t, root.Get("/api/whoami").OK(), "another's session goes on")
		})
	}
	t.Run("by a change that another program makes", func(t *testing.T) {
		root, session := setting(t)
		require.NoError(t, root.W.Vmail.Write(t.Context(), func(tx *sqldb.Tx) error {
			_, err := tx.Exec(t.Context(), "UPDATE mailbox SET password = ? WHERE username = ?", servertest.Hashed(t, "Summer-1959-sun"), boss)
			return err
		}))
		other := servertest.CopyFixture(t, root.W.Dir) // a process that remembers nothing
		require.Equal(t, "LOGIN_REQUIRED", (&servertest.Client{W: other, Cookie: session.Cookie}).Get("/api/whoami").Msg())
	})
	t.Run("by logging out, this one alone", func(t *testing.T) {
		_, session := setting(t)
		second := session.W.As(boss, servertest.Password)
		a := session.Send("POST", "/api/logout", "", "")
		require.True(t, a.OK())
		require.Negative(t, a.Cookie().MaxAge, "the cookie is taken away")
		require.Equal(t, "LOGIN_REQUIRED", session.Get("/api/whoami").Msg())
		require.True(t, second.Get("/api/whoami").OK())
	})
	t.Run("after its idle time", func(t *testing.T) {
		w := servertest.NewFixture(t, func(d *server.Deps) { d.SessionIdle = time.Nanosecond })
		require.Equal(t, "LOGIN_REQUIRED", w.Root().Get("/api/whoami").Msg())
	})
	t.Run("after its longest time", func(t *testing.T) {
		w := servertest.NewFixture(t, func(d *server.Deps) { d.SessionMax = time.Nanosecond })
		require.Equal(t, "LOGIN_REQUIRED", w.Root().Get("/api/whoami").Msg())
	})
	t.Run("never was: an invented id", func(t *testing.T) {
		w := servertest.NewFixture(t)
		c := w.Anonymous()
		c.Cookie = &http.Cookie{Name: "postern_session", Value: "invented"}
		require.Equal(t, "LOGIN_REQUIRED", c.Get("/api/whoami").Msg())
	})
}

func TestRightsChangeAtOnce(t *testing.T) {
	w := servertest.NewFixture(t)
	root := w.Root()
	root.MustDomain("example.com", nil)
	root.Must(http.StatusCreated, "POST", "/api/admin/new@admins.test", map[string]any{"password": servertest.Password})
	admin := w.As("new@admins.test", servertest.Password)
	require.Equal(t, http.StatusForbidden, admin.Get("/api/domain/example.com").Status)
	root.Must(http.StatusOK, "PUT", "/api/domain/admins/example.com", map[string]any{"addAdmin": []string{"new@admins.test"}})
	require.Equal(t, http.StatusOK, admin.Get("/api/domain/example.com").Status)
	require.Equal(t, []any{"example.com"}, admin.Get("/api/whoami").Data()["managed_domains"])
	root.Must(http.StatusOK, "PUT", "/api/domain/admins/example.com", map[string]any{"removeAdmin": []string{"new@admins.test"}})
	require.Equal(t, http.StatusForbidden, admin.Get("/api/domain/example.com").Status)
}
