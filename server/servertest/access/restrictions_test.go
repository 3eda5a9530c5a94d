package access_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// restrict writes a setting of the panel, as its own page does; nil removes it.
func restrict(t *testing.T, w *servertest.Fixture, key string, value any) {
	t.Helper()
	require.NoError(t, w.Panel.Write(t.Context(), func(tx *sqldb.Tx) error {
		if _, err := tx.Exec(t.Context(), "DELETE FROM settings WHERE account = 'global' AND k = ?", key); err != nil || value == nil {
			return err
		}
		_, err := tx.Exec(t.Context(), "INSERT INTO settings (account, k, v) VALUES ('global', ?, ?)", key, value)
		return err
	}))
}

// eventually waits until what the panel says has been read again, which takes a second.
func eventually(t *testing.T, holds func() bool, what string) {
	t.Helper()
	require.Eventually(t, holds, 5*time.Second, 50*time.Millisecond, what)
}

func TestPanelRestrictions(t *testing.T) {
	for _, engine := range servertest.Everywhere {
		t.Run(engine, func(t *testing.T) {
			w := servertest.NewFixtureOn(t, engine)
			root := w.Root()
			root.MustDomain("a.test", nil)
			root.Must(http.StatusCreated, "POST", "/api/admin/adma@elsewhere.test", map[string]any{"password": servertest.Password})
			root.Must(http.StatusOK, "PUT", "/api/domain/admins/a.test", map[string]any{"addAdmin": []string{"adma@elsewhere.test"}})
			adma := w.As("adma@elsewhere.test", servertest.Password)
			logIn := func(c *servertest.Client, username string) servertest.Answer {
				return c.JSON("POST", "/api/login", map[string]any{"username": username, "password": servertest.Password})
			}
			near, far, mapped := "192.0.2.1", "198.51.100.1", "[::ffff:10.1.2.3]"
			t.Run("clients", func(t *testing.T) {
				restrict(t, w, "restful_api_clients", `{"value": ["192.0.2.1", "office", "10.0.0.0/8", "2001:db8::/32"]}`)
				eventually(t, func() bool { return root.From(far).Get("/api/whoami").Msg() == "NOT_AUTHORIZED" }, "refused from afar")
				for _, call := range []func(c *servertest.Client) servertest.Answer{
					func(c *servertest.Client) servertest.Answer { return c.Get("/api/whoami") }, func(c *servertest.Client) servertest.Answer { return logIn(c, servertest.RootMail) },
					func(c *servertest.Client) servertest.Answer { return c.Get("/api/nothing") },
					func(c *servertest.Client) servertest.Answer {
						return c.Send("POST", "/api/logout", "application/xml", "x")
					},
				} {
					a := call(root.From(far))
					require.Equal(t, []any{http.StatusForbidden, "NOT_AUTHORIZED"}, []any{a.Status, a.Msg()}, a.Raw)
					a = call(root.Legacy().From("127.0.0.1")) // loopback is no exception
					require.Equal(t, []any{http.StatusOK, "NOT_AUTHORIZED"}, []any{a.Status, a.Msg()}, a.Raw)
				}
				for _, address := range []string{near, mapped, "10.255.0.1", "[2001:db8::7]"} {
					require.True(t, root.From(address).Get("/api/whoami").OK(), address)
				}
				for _, path := range []string{"/healthz", "/readyz", "/openapi.json"} {
					r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
					r.RemoteAddr = far + ":5000"
					rec := httptest.NewRecorder()
					w.Handler.ServeHTTP(rec, r)
					require.Equal(t, http.StatusOK, rec.Code, path)
				}
				require.Equal(t, 1, strings.Count(w.Log.String(), "restful_api_clients office"), "told once")
				restrict(t, w, "restful_api_clients", `{"value": []}`)
				eventually(t, func() bool { return root.From(far).Get("/api/whoami").OK() }, "an empty list restricts nobody")
			})
			t.Run("admins", func(t *testing.T) {
				restrict(t, w, "admin_login_ip_list", `{"value": ["192.0.2.0/24"]}`)
				eventually(t, func() bool { return adma.From(far).Get("/api/whoami").Msg() == "NOT_ALLOWED_IP" }, "a live session")
				for _, username := range []string{servertest.RootMail, "adma@elsewhere.test"} {
					a := logIn(w.Anonymous().From(far), username)
					require.Equal(t, []any{http.StatusForbidden, "NOT_ALLOWED_IP"}, []any{a.Status, a.Msg()}, a.Raw)
					require.Nil(t, a.Cookie())
					require.True(t, logIn(w.Anonymous().From(near), username).OK())
					a = logIn(w.Anonymous().Legacy().From(far), username)
					require.Equal(t, []any{http.StatusOK, "NOT_ALLOWED_IP"}, []any{a.Status, a.Msg()}, a.Raw)
				}
				require.True(t, adma.From(near).Get("/api/whoami").OK(), "the session goes on elsewhere")
				restrict(t, w, "admin_login_ip_list", nil)
				eventually(t, func() bool { return adma.From(far).Get("/api/whoami").OK() }, "the restriction is gone")
			})
			t.Run("global admins", func(t *testing.T) {
				restrict(t, w, "global_admin_ip_list", `{"value": ["192.0.2.1"]}`)
				eventually(t, func() bool { return root.From(far).Get("/api/whoami").Msg() == "NOT_ALLOWED_IP" }, "a live session")
				require.True(t, adma.From(far).Get("/api/whoami").OK(), "others are not restricted")
				require.True(t, logIn(w.Anonymous().From(far), "adma@elsewhere.test").OK())
				require.Equal(t, "NOT_ALLOWED_IP", logIn(w.Anonymous().From(far), servertest.RootMail).Msg())
				wrong := w.Anonymous().From(far).JSON("POST", "/api/login", map[string]any{"username": servertest.RootMail, "password": "wrong"})
				require.Equal(t, "INVALID_CREDENTIALS", wrong.Msg(), "who does not know the password learns nothing")
				require.True(t, logIn(w.Anonymous().From(near), servertest.RootMail).OK())
				restrict(t, w, "global_admin_ip_list", `{"value": ["office"]}`)
				eventually(t, func() bool { return root.From(near).Get("/api/whoami").Msg() == "NOT_ALLOWED_IP" }, "a list without a good element lets nobody in")
			})
		})
	}
}

// panelAway is a panel that may not answer.
type panelAway struct {
	store.Panel
	away  atomic.Bool
	reads atomic.Int64
}

func (p *panelAway) PanelRestrictions(ctx context.Context) (store.PanelRestrictions, error) {
	p.reads.Add(1)
	if p.away.Load() {
		return store.PanelRestrictions{}, errors.New("away")
	}
	return p.Panel.PanelRestrictions(ctx)
}

func TestPanelRestrictionsWhilePanelIsAway(t *testing.T) {
	w := servertest.NewFixture(t)
	root := w.Root()
	panel := &panelAway{Panel: w.Deps.Panel}
	w.Deps.Panel = panel
	restrict(t, w, "restful_api_clients", `{"value": ["192.0.2.1"]}`)
	w.Serve()
	require.True(t, root.From("192.0.2.1").Get("/api/whoami").OK())
	panel.away.Store(true)
	read := panel.reads.Load()
	eventually(t, func() bool {
		require.True(t, root.From("192.0.2.1").Get("/api/whoami").OK(), "the last known list holds")
		require.Equal(t, "NOT_AUTHORIZED", root.From("192.0.2.2").Get("/api/whoami").Msg())
		return panel.reads.Load() >= read+2
	}, "it is asked again and again")
	require.Less(t, panel.reads.Load(), read+8, "once a second")

	w.Serve() // a process that has never seen the lists
	a := root.From("192.0.2.1").Get("/api/whoami")
	require.Equal(t, []any{http.StatusServiceUnavailable, "SERVER_DOWN"}, []any{a.Status, a.Msg()}, a.Raw)
	require.Equal(t, http.StatusServiceUnavailable, root.Legacy().From("192.0.2.1").Get("/api/whoami").Status)
	panel.away.Store(false)
	eventually(t, func() bool { return root.From("192.0.2.1").Get("/api/whoami").OK() }, "it recovers by itself")
}

func TestAPIClients(t *testing.T) {
	office, ok := store.ParseNetwork("203.0.113.0/24")
	require.True(t, ok)
	w := servertest.NewFixture(t)
	root := w.Root()
	restrict(t, w, "restful_api_clients", `{"value": ["192.0.2.1"]}`)
	w.Deps.APIClients = store.Networks{office}
	w.Serve()
	require.True(t, root.From("203.0.113.9").Get("/api/whoami").OK(), "what is configured comes before the panel's")
	require.Equal(t, "NOT_AUTHORIZED", root.From("192.0.2.1").Get("/api/whoami").Msg())
	restrict(t, w, "admin_login_ip_list", `{"value": ["192.0.2.1"]}`)
	eventually(t, func() bool { return root.From("203.0.113.9").Get("/api/whoami").Msg() == "NOT_ALLOWED_IP" }, "the panel's other lists hold beside it")
}
