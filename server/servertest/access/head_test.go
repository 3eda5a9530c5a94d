package access_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server"
	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/storetest"
)

// readable are the paths of every GET operation, with names that there are and names that there are not.
func readable() []string {
	var all []string
	for _, op := range servertest.Operations(servertest.Contract) {
		if op.Method != http.MethodGet {
			continue
		}
		for _, names := range []map[string]string{
			{"domain": "own.test", "mail": servertest.PlainUser, "account": "own.test", "days": "1"},
			{"domain": "none.test", "mail": "nobody@own.test", "account": "none.test", "days": "1"},
		} {
			path := op.Template
			for _, p := range op.Parameters {
				value := names[p.Value.Name]
				if enum := p.Value.Schema.Value.Enum; len(enum) > 0 {
					value = fmt.Sprint(enum[0])
				}
				path = strings.ReplaceAll(path, "{"+p.Value.Name+"}", value)
			}
			all = append(all, path)
		}
	}
	return all
}

func TestHeadIsGetWithoutBody(t *testing.T) {
	for _, engine := range []string{"sqlite", "ldap"} {
		t.Run(engine, func(t *testing.T) {
			m := servertest.MatrixOn(t, engine)
			root := m.Clients["global"]
			stranger := m.W.Anonymous()
			paths := append(readable(), "/api/nothing", "/api/user/"+servertest.PlainUser+"?unknown=1", "/api/login", "/api/logout")
			for _, c := range []*servertest.Client{root, root.Legacy(), m.Clients["domain-admin"], stranger, stranger.Legacy()} {
				if c == nil {
					continue
				}
				for _, path := range paths {
					want, _ := c.Plain(http.MethodGet, path)
					got, text := c.Plain(http.MethodHead, path)
					require.Equal(t, want.StatusCode, got.StatusCode, path)
					require.Empty(t, text, path)
					for _, name := range []string{"Content-Type", "Cache-Control", "Retry-After", "Allow"} {
						require.Equal(t, want.Header.Get(name), got.Header.Get(name), "%s of %s", name, path)
					}
				}
			}
			require.Contains(t, m.W.Log.String(), "method=HEAD")
			storetest.Count(t, "paths read by HEAD", len(paths))
		})
	}
	w := servertest.NewFixture(t)
	for _, path := range []string{"/healthz", "/readyz", "/metrics", "/openapi.yaml", "/openapi.json", "/docs/", "/docs", "/docs/init.js", "/", "/no"} {
		want, _ := w.Anonymous().Plain(http.MethodGet, path)
		got, text := w.Anonymous().Plain(http.MethodHead, path)
		require.Equal(t, want.StatusCode, got.StatusCode, path)
		require.Equal(t, want.Header.Get("Content-Type"), got.Header.Get("Content-Type"), path)
		require.Equal(t, want.Header.Get("Location"), got.Header.Get("Location"), path)
		require.Empty(t, text, path)
	}
	for path, allowed := range map[string][]string{
		"/api/user/a@example.com": {"GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"}, "/healthz": {"GET", "HEAD"}, "/api/login": {"POST"},
		"/api/users/example.com": {"GET", "PUT", "HEAD"},
	} {
		res, _ := w.Anonymous().Plain(http.MethodOptions, path)
		require.Equal(t, http.StatusMethodNotAllowed, res.StatusCode, path)
		require.ElementsMatch(t, allowed, strings.Split(res.Header.Get("Allow"), ", "), path)
	}
}

// TestHeadOverTheWire asks a server as a client does: nothing of a body may be left on the connection, which serves on.
func TestHeadOverTheWire(t *testing.T) {
	w := servertest.NewFixture(t)
	root := w.Root()
	root.MustDomain("example.com", nil)
	front := httptest.NewServer(w.Handler)
	t.Cleanup(front.Close)
	for _, path := range []string{"/api/domains", "/api/domain/example.com", "/api/domain/none.test", "/iredadmin/api/domains", "/openapi.json"} {
		for _, method := range []string{http.MethodHead, http.MethodGet} {
			r, err := http.NewRequestWithContext(t.Context(), method, front.URL+path, nil)
			require.NoError(t, err)
			r.AddCookie(root.Cookie)
			res, err := front.Client().Do(r)
			require.NoError(t, err)
			text, err := io.ReadAll(res.Body)
			require.NoError(t, errors.Join(err, res.Body.Close()))
			require.Equal(t, method == http.MethodGet, len(text) > 0, "%s %s", method, path)
		}
	}
}

// counted counts how many pages of a listing, and how many subscribers, are read.
type counted struct {
	store.Accounts
	pages *int
}

func (c counted) DomainNames(ctx context.Context, filter store.DomainFilter, page store.PageRequest) (store.Page[string], error) {
	*c.pages++
	return c.Accounts.DomainNames(ctx, filter, page)
}

func (c counted) Domains(ctx context.Context, filter store.DomainFilter, page store.PageRequest) (store.Page[store.Domain], error) {
	*c.pages++
	return c.Accounts.Domains(ctx, filter, page)
}

// unending is mailing lists of ever more subscribers.
type unending struct {
	store.MailingLists
	read *int
}

func (unending) MailingList(context.Context, string) (store.MailingList, error) {
	return store.MailingList{MailingListAccount: store.MailingListAccount{Mail: "dev@example.com"}}, nil
}

func (e unending) Subscribers(context.Context, string) iter.Seq2[store.Subscriber, error] {
	return func(yield func(store.Subscriber, error) bool) {
		*e.read = 1
		for *e.read < 5000 && yield(store.Subscriber{Mail: "a@example.net"}, nil) {
			*e.read++
		}
	}
}

func TestHeadReadsOnePage(t *testing.T) {
	w := servertest.NewFixture(t)
	root := w.Root()
	for i := range 401 {
		_, err := w.Deps.Accounts.CreateDomain(t.Context(), servertest.ByRoot, store.DomainCreate{Name: fmt.Sprintf("d%d.example.com", i)})
		require.NoError(t, err)
	}
	var pages, read int
	d := w.Deps
	d.Accounts, d.MailingLists = counted{w.Deps.Accounts, &pages}, unending{w.Deps.MailingLists, &read}
	s, err := server.New(d)
	require.NoError(t, err)
	w.Handler = s.Handler()
	for _, c := range []*servertest.Client{root, root.Legacy()} {
		for _, path := range []string{"/api/domains", "/api/domains?name_only=yes"} {
			pages = 0
			res, _ := c.Plain(http.MethodGet, path)
			require.Equal(t, http.StatusOK, res.StatusCode)
			require.Equal(t, 3, pages)
			pages = 0
			res, text := c.Plain(http.MethodHead, path)
			require.Equal(t, http.StatusOK, res.StatusCode)
			require.Empty(t, text)
			require.Equal(t, 1, pages)
		}
		const path = "/api/ml/dev@example.com?with_subscribers=yes"
		_, text := c.Plain(http.MethodGet, path)
		require.Equal(t, 5000, read)
		require.Contains(t, text, "a@example.net")
		res, text := c.Plain(http.MethodHead, path)
		require.Equal(t, http.StatusOK, res.StatusCode)
		require.Empty(t, text)
		require.Less(t, read, 3)
	}
}
