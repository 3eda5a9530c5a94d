package faults_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server"
	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// withManyUsers is a server with a domain of so many mailboxes.
func withManyUsers(t *testing.T, users int, options ...servertest.Option) *servertest.Fixture {
	t.Helper()
	w := servertest.NewFixture(t, options...)
	w.Root().MustDomain("example.com", nil)
	require.NoError(t, w.Vmail.Write(t.Context(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec(t.Context(), "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"+
			" INSERT INTO mailbox (username, domain) SELECT printf('u%05d@example.com', i), 'example.com' FROM n", users-1)
		return err
	}))
	return w
}

// forgetful fails to read any page but the first.
type forgetful struct{ store.Accounts }

func (f forgetful) Users(ctx context.Context, filter store.UserFilter, page store.PageRequest) (store.Page[store.User], error) {
	if page.After != "" {
		return store.Page[store.User]{}, errors.New("the database is away")
	}
	return f.Accounts.Users(ctx, filter, page)
}

func (f forgetful) UserAddresses(ctx context.Context, filter store.UserFilter, page store.PageRequest) (store.Page[string], error) {
	if page.After != "" {
		return store.Page[string]{}, errors.New("the database is away")
	}
	return f.Accounts.UserAddresses(ctx, filter, page)
}

func (f forgetful) DomainUsages(ctx context.Context, filter store.UsageFilter, page store.PageRequest) (store.Page[store.DomainUsage], error) {
	if page.After != "" {
		return store.Page[store.DomainUsage]{}, errors.New("the database is away")
	}
	return f.Accounts.DomainUsages(ctx, filter, page)
}

// TestReportsThatFailInTheMiddle never look complete, in either form.
func TestReportsThatFailInTheMiddle(t *testing.T) {
	w := servertest.NewFixture(t, func(d *server.Deps) { d.Accounts = forgetful{d.Accounts} })
	require.NoError(t, w.Vmail.Do(t.Context(), "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)"+
		" INSERT INTO domain (domain) SELECT printf('d%05d.test', i) FROM n"))
	cookie := w.Root().Cookie
	s := httptest.NewServer(w.Handler)
	defer s.Close()
	for _, path := range []string{"/api/usage", "/api/usage?format=csv", "/iredadmin/api/usage", "/iredadmin/api/usage?format=csv"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, nil)
		require.NoError(t, err)
		r.AddCookie(cookie)
		a, err := s.Client().Do(r)
		require.NoError(t, err)
		raw, err := io.ReadAll(a.Body)
		require.NoError(t, a.Body.Close())
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, path)
		require.Contains(t, string(raw), "d00199.test", path)
		require.NotContains(t, string(raw), "]}", path)
	}
	w.Deps.Accounts = w.Deps.Accounts.(forgetful).Accounts
	w.Serve()
	require.Len(t, w.Root().Get("/api/usage").List(), 1501)
	rows, err := w.Root().Get("/api/usage?format=csv").Table()
	require.NoError(t, err)
	require.Len(t, rows, 1502)
}

// TestListsThatFailInTheMiddle never look complete.
func TestListsThatFailInTheMiddle(t *testing.T) {
	w := withManyUsers(t, 500, func(d *server.Deps) { d.Accounts = forgetful{d.Accounts} })
	cookie := w.Root().Cookie
	s := httptest.NewServer(w.Handler)
	defer s.Close()
	for _, path := range []string{
		"/api/users/example.com", "/api/users/example.com?email_only=yes", "/api/users/example.com?sort=-mail&count=yes",
		"/iredadmin/api/users/example.com", "/iredadmin/api/users/example.com?email_only=yes",
	} {
		t.Run(path, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, nil)
			require.NoError(t, err)
			r.AddCookie(cookie)
			a, err := s.Client().Do(r)
			require.NoError(t, err)
			defer a.Body.Close()
			require.Equal(t, http.StatusOK, a.StatusCode, "that was sent before anything failed")
			raw, err := io.ReadAll(a.Body)
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			require.True(t, strings.HasPrefix(string(raw), `{"_success":true,"_data":[`))
			require.NotContains(t, string(raw), "]}\n")
			require.NotContains(t, string(raw), "_next")
		})
	}
	a := w.Root().Get("/api/users/example.com?limit=100")
	require.Len(t, a.List(), 100, "a page needs no other one")
	a = w.Root().Get("/api/users/example.com?cursor=" + servertest.TextAt(a.Body, "_next"))
	require.Equal(t, http.StatusInternalServerError, a.Status, "an error of a page has its status")
}

// TestSlowReadersOfLists has a client stop reading a list that no buffer holds: it is dropped, and others do not wait for it.
func TestSlowReadersOfLists(t *testing.T) {
	w := withManyUsers(t, 20_000, func(d *server.Deps) { d.ChunkGrace = 500 * time.Millisecond })
	root := w.Root()
	for _, prefix := range []string{"", "/iredadmin"} {
		t.Run(prefix+"/api", func(t *testing.T) {
			ended := make(chan struct{})
			s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				defer close(ended)
				w.Handler.ServeHTTP(rw, r)
			}))
			defer s.Close()
			conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", s.Listener.Addr().String())
			require.NoError(t, err)
			defer conn.Close()
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+prefix+"/api/users/example.com", nil)
			require.NoError(t, err)
			r.AddCookie(root.Cookie)
			require.NoError(t, r.Write(conn))
			from := bufio.NewReaderSize(conn, 16)
			first, err := from.ReadByte()
			require.NoError(t, err)
			require.Equal(t, byte('H'), first)
			for done := false; !done; { // a byte at a time, beside what others do
				root.Must(http.StatusOK, "PUT", "/api/domain/example.com", servertest.Body{"name": "Written beside"})
				require.Equal(t, http.StatusOK, root.Get("/api/users/example.com?limit=10").Status)
				select {
				case <-ended:
					done = true
				default:
					_, err = from.ReadByte()
					require.NoError(t, err)
				}
			}
			rest, _ := io.ReadAll(from)
			require.NotContains(t, string(rest[max(0, len(rest)-200):]), "]}", "it does not look complete")
		})
	}
}

// TestListsMayTakeLong reads a list that takes longer than a reply may: its time begins anew with each chunk.
func TestListsMayTakeLong(t *testing.T) {
	w := withManyUsers(t, 20_000)
	cookie := w.Root().Cookie
	s := httptest.NewUnstartedServer(w.Handler)
	s.Config.WriteTimeout = 20 * time.Millisecond
	s.Start()
	defer s.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/api/users/example.com", nil)
	require.NoError(t, err)
	r.AddCookie(cookie)
	began := time.Now()
	a, err := s.Client().Do(r)
	require.NoError(t, err)
	defer a.Body.Close()
	raw, err := io.ReadAll(a.Body)
	require.NoError(t, err)
	require.True(t, strings.HasSuffix(string(raw), `],"_next":null}`+"\n"))
	require.Greater(t, time.Since(began), s.Config.WriteTimeout, "else it proves nothing")
}

// late has no answer to a search in time.
type late struct{ store.Accounts }

func (l late) Users(_ context.Context, filter store.UserFilter, _ store.PageRequest) (store.Page[store.User], error) {
	if filter.Any == "deadline" {
		return store.Page[store.User]{}, context.DeadlineExceeded
	}
	return store.Page[store.User]{}, store.Late("The database", context.DeadlineExceeded)
}

// TestSearchesThatTakeTooLong tells who searches what to do.
func TestSearchesThatTakeTooLong(t *testing.T) {
	w := withManyUsers(t, 1, func(d *server.Deps) { d.Accounts = late{d.Accounts} })
	root := w.Root()
	for _, text := range []string{"x", "deadline"} {
		a := root.Get("/api/users/example.com?q_any=" + text)
		require.Equal(t, http.StatusServiceUnavailable, a.Status, a.Raw)
		require.Equal(t, "SERVER_BUSY", a.Msg())
		require.Equal(t, "q_any", a.Field())
		require.NotEmpty(t, a.Header.Get("Retry-After"))
	}
	require.NotEqual(t, "SERVER_BUSY", root.Get("/api/users/example.com?q=x").Msg(), "nothing was searched through")
}
