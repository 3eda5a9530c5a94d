package surface_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server"
	specs "github.com/postern-mail/postern/server/contract"
	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store"
)

func TestBodiesThatAreTooLarge(t *testing.T) {
	w := servertest.NewFixture(t)
	root := w.Root()
	root.MustDomain("example.com", nil)
	const path = "/api/domain/example.com"
	t.Run("by its declared length, unread", func(t *testing.T) {
		a := root.Do(servertest.Request(t, "PUT", path, servertest.Unreadable{T: t}, specs.MaxBody+1))
		require.Equal(t, http.StatusRequestEntityTooLarge, a.Status)
		require.Equal(t, "BODY_TOO_LARGE", a.Msg())
	})
	t.Run("while reading", func(t *testing.T) {
		endless := io.MultiReader(strings.NewReader(`{"name":"`), io.LimitReader(letters{}, specs.MaxBody))
		require.Equal(t, http.StatusRequestEntityTooLarge, root.Do(servertest.Request(t, "PUT", path, endless, -1)).Status)
	})
	t.Run("legacy keeps the status", func(t *testing.T) {
		a := root.Legacy().Do(servertest.Request(t, "PUT", "/iredadmin"+path, servertest.Unreadable{T: t}, specs.MaxBody+1))
		require.Equal(t, http.StatusRequestEntityTooLarge, a.Status)
	})
	t.Run("an ended connection", func(t *testing.T) {
		a := root.Do(servertest.Request(t, "PUT", path, io.MultiReader(strings.NewReader(`{"name":"x`), broken{}), 100))
		require.Equal(t, http.StatusBadRequest, a.Status)
		require.Equal(t, "MALFORMED_BODY", a.Msg())
	})
	t.Run("who is not logged in is not read", func(t *testing.T) {
		a := w.Anonymous().Do(servertest.Request(t, "PUT", path, servertest.Unreadable{T: t}, 100))
		require.Equal(t, "LOGIN_REQUIRED", a.Msg())
	})
}

type letters struct{}

func (letters) Read(p []byte) (int, error) { return copy(p, bytes.Repeat([]byte("x"), len(p))), nil }

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// faulty is an account store whose reads of a domain fail.
type faulty struct {
	store.Accounts
	fail func() error
}

func (f faulty) Domain(context.Context, string) (store.Domain, error) {
	return store.Domain{}, f.fail()
}

func TestTroubleOnOurSide(t *testing.T) {
	const secret = "SELECT password FROM mailbox"
	for _, x := range []struct {
		name   string
		fail   func() error
		status int
		msg    string
	}{
		{"a panic", func() error { panic(secret) }, 500, "INTERNAL_ERROR"},
		{"an unknown error", func() error { return errors.New(secret) }, 500, "INTERNAL_ERROR"},
		{"a backend that is down", func() error { return store.Down("The database", errors.New(secret)) }, 503, "SERVER_DOWN"},
		{"a directory that returns a part of what there is", func() error {
			e := store.Fail(store.Unavailable, store.CodeDirectorySizeLimit, "The directory server returns too little.")
			e.Cause = errors.New(secret)
			return e
		}, 503, "EXCEEDED_LDAP_SERVER_SIZELIMIT"},
		{"a deadline", func() error { return fmt.Errorf("%s: %w", secret, context.DeadlineExceeded) }, 503, "IN_PROGRESS"},
		{"a database that is late and answers", func() error { return store.Late("The database", errors.New(secret)) }, 503, "IN_PROGRESS"},
	} {
		t.Run(x.name, func(t *testing.T) {
			w := servertest.NewFixture(t)
			root := w.Root()
			s, err := server.New(server.Deps{
				LegacyPrefix: "/iredadmin", Log: w.Logger, SessionIdle: 1e12, SessionMax: 1e12,
				Accounts: faulty{w.Deps.Accounts, x.fail}, State: w.Deps.State,
			})
			require.NoError(t, err)
			w.Handler = s.Handler()
			for _, c := range []*servertest.Client{root, root.Legacy()} {
				a := c.Get("/api/domain/example.com")
				require.Equal(t, x.status, a.Status)
				require.Equal(t, x.msg, a.Msg())
				require.NotContains(t, a.Raw, secret, "the cause is not shown")
				require.Equal(t, x.status == 503, a.Header.Get("Retry-After") != "")
				id, _ := a.Body["_request_id"].(string)
				require.Contains(t, w.Log.String(), "request_id="+id, "the log finds the request")
			}
			require.Contains(t, w.Log.String(), secret, "the log has the cause")
		})
	}
}

func TestRequestID(t *testing.T) {
	w := servertest.NewFixture(t)
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/api/whoami", nil)
	r.Header.Set("X-Request-Id", "from-the-proxy.1")
	a := w.Anonymous().Do(r)
	require.Equal(t, "from-the-proxy.1", a.Body["_request_id"])
	require.Equal(t, "from-the-proxy.1", a.Header.Get("X-Request-Id"))

	r = httptest.NewRequestWithContext(t.Context(), "GET", "/api/whoami", nil)
	r.Header.Set("X-Request-Id", "<script>\n")
	require.Len(t, w.Anonymous().Do(r).Body["_request_id"], 16, "what is no id is replaced")
}

func TestPagesOfOtherSites(t *testing.T) {
	w := servertest.NewFixture(t, func(d *server.Deps) { d.CORSOrigins = []string{"https://panel.example.com"} })
	root := w.Root()
	post := func(origin, site string) servertest.Answer {
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/api/domain/example.com", nil)
		r.Header.Set("Origin", origin)
		r.Header.Set("Sec-Fetch-Site", site)
		return root.Do(r)
	}
	require.Equal(t, "CROSS_ORIGIN_DENIED", post("https://evil.test", "cross-site").Msg())
	granted := post("https://panel.example.com", "cross-site")
	require.Equal(t, http.StatusCreated, granted.Status, granted.Raw)
	require.Equal(t, "https://panel.example.com", granted.Header.Get("Access-Control-Allow-Origin"))
	require.Empty(t, post("https://evil.test", "cross-site").Header.Get("Access-Control-Allow-Origin"))
}

func TestFixedPaths(t *testing.T) {
	w := servertest.NewFixture(t)
	fetch := func(path string) *httptest.ResponseRecorder {
		rec := httptest.NewRecorder()
		w.Handler.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
		return rec
	}
	for path, want := range map[string]string{
		"/healthz": "ok", "/readyz": "ready", "/metrics": "postern_requests_total", "/openapi.yaml": "openapi: 3.0.3",
		"/openapi.json": `"openapi":"3.0.3"`, "/docs/": "<html", "/docs/openapi.json": `"openapi":"3.0.3"`,
	} {
		w.Anonymous().Get("/api/whoami")
		rec := fetch(path)
		require.Equal(t, http.StatusOK, rec.Code, path)
		require.Contains(t, rec.Body.String(), want, path)
	}
	ui, err := openapi3.NewLoader().LoadFromData(fetch("/docs/openapi.json").Body.Bytes())
	require.NoError(t, err)
	for path, item := range ui.Paths.Map() {
		for _, op := range item.Operations() {
			if op.RequestBody != nil {
				require.Len(t, op.RequestBody.Value.Content, 1, "%s: the UI sends JSON only", path)
			}
		}
	}
}

func TestLegacyPrefix(t *testing.T) {
	for prefix, mounted := range map[string]bool{"/iredadmin": true, "/mail/panel/": true, "": false} {
		w := servertest.NewFixture(t, func(d *server.Deps) { d.LegacyPrefix = prefix })
		c := w.Anonymous()
		c.Prefix = "/iredadmin"
		if prefix == "/mail/panel/" {
			c.Prefix = "/mail/panel"
		}
		a := c.Get("/api/whoami")
		require.Equal(t, mounted, a.Status == http.StatusOK, "prefix %q: %s", prefix, a.Raw)
	}
}
