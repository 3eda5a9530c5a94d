package server_test

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

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// from is the client at an address.
func (c *client) from(address string) *client {
	moved := *c
	moved.address = address
	return &moved
}

// restrict writes a setting of the panel, as its own page does; nil removes it.
func restrict(t *testing.T, w *fixture, key string, value any) {
	t.Helper()
	require.NoError(t, w.panel.Write(t.Context(), func(tx *sqldb.Tx) error {
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
	for _, engine := range everywhere {
		t.Run(engine, func(t *testing.T) {
			w := newFixtureOn(t, engine)
			root := w.root()
			root.mustDomain("a.test", nil)
			root.must(http.StatusCreated, "POST", "/api/admin/adma@elsewhere.test", map[string]any{"password": password})
			root.must(http.StatusOK, "PUT", "/api/domain/admins/a.test", map[string]any{"addAdmin": []string{"adma@elsewhere.test"}})
			adma := w.as("adma@elsewhere.test", password)
			logIn := func(c *client, username string) answer {
				return c.json("POST", "/api/login", map[string]any{"username": username, "password": password})
			}
			near, far, mapped := "192.0.2.1", "198.51.100.1", "[::ffff:10.1.2.3]"
			t.Run("clients", func(t *testing.T) {
				restrict(t, w, "restful_api_clients", `{"value": ["192.0.2.1", "office", "10.0.0.0/8", "2001:db8::/32"]}`)
				eventually(t, func() bool { return root.from(far).get("/api/whoami").msg() == "NOT_AUTHORIZED" }, "refused from afar")
				for _, call := range []func(c *client) answer{
					func(c *client) answer { return c.get("/api/whoami") }, func(c *client) answer { return logIn(c, rootMail) },
					func(c *client) answer { return c.get("/api/nothing") },
					func(c *client) answer { return c.send("POST", "/api/logout", "application/xml", "x") },
				} {
					a := call(root.from(far))
					require.Equal(t, []any{http.StatusForbidden, "NOT_AUTHORIZED"}, []any{a.status, a.msg()}, a.raw)
					a = call(root.legacy().from("127.0.0.1")) // loopback is no exception
					require.Equal(t, []any{http.StatusOK, "NOT_AUTHORIZED"}, []any{a.status, a.msg()}, a.raw)
				}
				for _, address := range []string{near, mapped, "10.255.0.1", "[2001:db8::7]"} {
					require.True(t, root.from(address).get("/api/whoami").ok(), address)
				}
				for _, path := range []string{"/healthz", "/readyz", "/openapi.json"} {
					r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
					r.RemoteAddr = far + ":5000"
					rec := httptest.NewRecorder()
					w.handler.ServeHTTP(rec, r)
					require.Equal(t, http.StatusOK, rec.Code, path)
				}
				require.Equal(t, 1, strings.Count(w.log.String(), "restful_api_clients office"), "told once")
				restrict(t, w, "restful_api_clients", `{"value": []}`)
				eventually(t, func() bool { return root.from(far).get("/api/whoami").ok() }, "an empty list restricts nobody")
			})
			t.Run("admins", func(t *testing.T) {
				restrict(t, w, "admin_login_ip_list", `{"value": ["192.0.2.0/24"]}`)
				eventually(t, func() bool { return adma.from(far).get("/api/whoami").msg() == "NOT_ALLOWED_IP" }, "a live session")
				for _, username := range []string{rootMail, "adma@elsewhere.test"} {
					a := logIn(w.anonymous().from(far), username)
					require.Equal(t, []any{http.StatusForbidden, "NOT_ALLOWED_IP"}, []any{a.status, a.msg()}, a.raw)
					require.Nil(t, a.cookie())
					require.True(t, logIn(w.anonymous().from(near), username).ok())
					a = logIn(w.anonymous().legacy().from(far), username)
					require.Equal(t, []any{http.StatusOK, "NOT_ALLOWED_IP"}, []any{a.status, a.msg()}, a.raw)
				}
				require.True(t, adma.from(near).get("/api/whoami").ok(), "the session goes on elsewhere")
				restrict(t, w, "admin_login_ip_list", nil)
				eventually(t, func() bool { return adma.from(far).get("/api/whoami").ok() }, "the restriction is gone")
			})
			t.Run("global admins", func(t *testing.T) {
				restrict(t, w, "global_admin_ip_list", `{"value": ["192.0.2.1"]}`)
				eventually(t, func() bool { return root.from(far).get("/api/whoami").msg() == "NOT_ALLOWED_IP" }, "a live session")
				require.True(t, adma.from(far).get("/api/whoami").ok(), "others are not restricted")
				require.True(t, logIn(w.anonymous().from(far), "adma@elsewhere.test").ok())
				require.Equal(t, "NOT_ALLOWED_IP", logIn(w.anonymous().from(far), rootMail).msg())
				wrong := w.anonymous().from(far).json("POST", "/api/login", map[string]any{"username": rootMail, "password": "wrong"})
				require.Equal(t, "INVALID_CREDENTIALS", wrong.msg(), "who does not know the password learns nothing")
				require.True(t, logIn(w.anonymous().from(near), rootMail).ok())
				restrict(t, w, "global_admin_ip_list", `{"value": ["office"]}`)
				eventually(t, func() bool { return root.from(near).get("/api/whoami").msg() == "NOT_ALLOWED_IP" }, "a list without a good element lets nobody in")
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
	w := newFixture(t)
	root := w.root()
	panel := &panelAway{Panel: w.deps.Panel}
	w.deps.Panel = panel
	restrict(t, w, "restful_api_clients", `{"value": ["192.0.2.1"]}`)
	w.serve()
	require.True(t, root.from("192.0.2.1").get("/api/whoami").ok())
	panel.away.Store(true)
	read := panel.reads.Load()
	eventually(t, func() bool {
		require.True(t, root.from("192.0.2.1").get("/api/whoami").ok(), "the last known list holds")
		require.Equal(t, "NOT_AUTHORIZED", root.from("192.0.2.2").get("/api/whoami").msg())
		return panel.reads.Load() >= read+2
	}, "it is asked again and again")
	require.Less(t, panel.reads.Load(), read+8, "once a second")

	w.serve() // a process that has never seen the lists
	a := root.from("192.0.2.1").get("/api/whoami")
	require.Equal(t, []any{http.StatusServiceUnavailable, "SERVER_DOWN"}, []any{a.status, a.msg()}, a.raw)
	require.Equal(t, http.StatusServiceUnavailable, root.legacy().from("192.0.2.1").get("/api/whoami").status)
	panel.away.Store(false)
	eventually(t, func() bool { return root.from("192.0.2.1").get("/api/whoami").ok() }, "it recovers by itself")
}

func TestAPIClients(t *testing.T) {
	office, ok := store.ParseNetwork("203.0.113.0/24")
	require.True(t, ok)
	w := newFixture(t)
	root := w.root()
	restrict(t, w, "restful_api_clients", `{"value": ["192.0.2.1"]}`)
	w.deps.APIClients = store.Networks{office}
	w.serve()
	require.True(t, root.from("203.0.113.9").get("/api/whoami").ok(), "what is configured comes before the panel's")
	require.Equal(t, "NOT_AUTHORIZED", root.from("192.0.2.1").get("/api/whoami").msg())
	restrict(t, w, "admin_login_ip_list", `{"value": ["192.0.2.1"]}`)
	eventually(t, func() bool { return root.from("203.0.113.9").get("/api/whoami").msg() == "NOT_ALLOWED_IP" }, "the panel's other lists hold beside it")
}
