package server_test

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
	"github.com/postern-mail/postern/store"
)

// request builds a request whose body is not a plain string.
func request(t *testing.T, method, path string, body io.Reader, length int64) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, body)
	r.ContentLength = length
	r.Header.Set("Content-Type", jsonType)
	return r
}

func TestBodiesThatAreTooLarge(t *testing.T) {
	w := newFixture(t)
	root := w.root()
	root.mustDomain("example.com", nil)
	const path = "/api/domain/example.com"
	t.Run("by its declared length, unread", func(t *testing.T) {
		a := root.do(request(t, "PUT", path, unreadable{t}, specs.MaxBody+1))
		require.Equal(t, http.StatusRequestEntityTooLarge, a.status)
		require.Equal(t, "BODY_TOO_LARGE", a.msg())
	})
	t.Run("while reading", func(t *testing.T) {
		endless := io.MultiReader(strings.NewReader(`{"name":"`), io.LimitReader(letters{}, specs.MaxBody))
		require.Equal(t, http.StatusRequestEntityTooLarge, root.do(request(t, "PUT", path, endless, -1)).status)
	})
	t.Run("legacy keeps the status", func(t *testing.T) {
		a := root.legacy().do(request(t, "PUT", "/iredadmin"+path, unreadable{t}, specs.MaxBody+1))
		require.Equal(t, http.StatusRequestEntityTooLarge, a.status)
	})
	t.Run("an ended connection", func(t *testing.T) {
		a := root.do(request(t, "PUT", path, io.MultiReader(strings.NewReader(`{"name":"x`), broken{}), 100))
		require.Equal(t, http.StatusBadRequest, a.status)
		require.Equal(t, "MALFORMED_BODY", a.msg())
	})
	t.Run("who is not logged in is not read", func(t *testing.T) {
		a := w.anonymous().do(request(t, "PUT", path, unreadable{t}, 100))
		require.Equal(t, "LOGIN_REQUIRED", a.msg())
	})
}

type unreadable struct{ t *testing.T }

func (u unreadable) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
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
			w := newFixture(t)
			root := w.root()
			s, err := server.New(server.Deps{
				LegacyPrefix: "/iredadmin", Log: w.logger, SessionIdle: 1e12, SessionMax: 1e12,
				Accounts: faulty{w.deps.Accounts, x.fail}, State: w.deps.State,
			})
			require.NoError(t, err)
			w.handler = s.Handler()
			for _, c := range []*client{root, root.legacy()} {
				a := c.get("/api/domain/example.com")
				require.Equal(t, x.status, a.status)
				require.Equal(t, x.msg, a.msg())
				require.NotContains(t, a.raw, secret, "the cause is not shown")
				require.Equal(t, x.status == 503, a.header.Get("Retry-After") != "")
				id, _ := a.body["_request_id"].(string)
				require.Contains(t, w.log.String(), "request_id="+id, "the log finds the request")
			}
			require.Contains(t, w.log.String(), secret, "the log has the cause")
		})
	}
}

func TestRequestID(t *testing.T) {
	w := newFixture(t)
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/api/whoami", nil)
	r.Header.Set("X-Request-Id", "from-the-proxy.1")
	a := w.anonymous().do(r)
	require.Equal(t, "from-the-proxy.1", a.body["_request_id"])
	require.Equal(t, "from-the-proxy.1", a.header.Get("X-Request-Id"))

	r = httptest.NewRequestWithContext(t.Context(), "GET", "/api/whoami", nil)
	r.Header.Set("X-Request-Id", "<script>\n")
	require.Len(t, w.anonymous().do(r).body["_request_id"], 16, "what is no id is replaced")
}

func TestPagesOfOtherSites(t *testing.T) {
	w := newFixture(t, func(d *server.Deps) { d.CORSOrigins = []string{"https://panel.example.com"} })
	root := w.root()
	post := func(origin, site string) answer {
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/api/domain/example.com", nil)
		r.Header.Set("Origin", origin)
		r.Header.Set("Sec-Fetch-Site", site)
		return root.do(r)
	}
	require.Equal(t, "CROSS_ORIGIN_DENIED", post("https://evil.test", "cross-site").msg())
	granted := post("https://panel.example.com", "cross-site")
	require.Equal(t, http.StatusCreated, granted.status, granted.raw)
	require.Equal(t, "https://panel.example.com", granted.header.Get("Access-Control-Allow-Origin"))
	require.Empty(t, post("https://evil.test", "cross-site").header.Get("Access-Control-Allow-Origin"))
}

func TestFixedPaths(t *testing.T) {
	w := newFixture(t)
	fetch := func(path string) *httptest.ResponseRecorder {
		rec := httptest.NewRecorder()
		w.handler.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
		return rec
	}
	for path, want := range map[string]string{
		"/healthz": "ok", "/readyz": "ready", "/metrics": "postern_requests_total", "/openapi.yaml": "openapi: 3.0.3",
		"/openapi.json": `"openapi":"3.0.3"`, "/docs/": "<html", "/docs/openapi.json": `"openapi":"3.0.3"`,
	} {
		w.anonymous().get("/api/whoami")
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
		w := newFixture(t, func(d *server.Deps) { d.LegacyPrefix = prefix })
		c := w.anonymous()
		c.prefix = "/iredadmin"
		if prefix == "/mail/panel/" {
			c.prefix = "/mail/panel"
		}
		a := c.get("/api/whoami")
		require.Equal(t, mounted, a.status == http.StatusOK, "prefix %q: %s", prefix, a.raw)
	}
}
