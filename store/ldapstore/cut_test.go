package ldapstore_test

import (
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/ldapstore"
	"github.com/postern-mail/postern/store/panelstore"
)

// relay hands connections on to a server until they are cut. With ending set, a connection ends at what its client sends next.
type relay struct {
	at     string
	ending atomic.Bool
	mu     sync.Mutex
	all    []net.Conn
}

func newRelay(t *testing.T, to string) *relay {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	r := &relay{at: l.Addr().String()}
	t.Cleanup(func() { _ = l.Close(); r.cut() })
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			server, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", to)
			if err != nil {
				_ = from.Close()
				continue
			}
			r.mu.Lock()
			r.all = append(r.all, from, server)
			r.mu.Unlock()
			go func() { _, _ = io.Copy(relayed{server, r}, from) }()
			go func() { _, _ = io.Copy(from, server) }()
		}
	}()
	return r
}

// relayed is a server's connection as a relay writes to it.
type relayed struct {
	net.Conn
	r *relay
}

func (c relayed) Write(sent []byte) (int, error) {
	if c.r.ending.Load() {
		c.r.cut()
		return 0, net.ErrClosed
	}
	return c.Conn.Write(sent)
}

// cut ends all connections; new ones are served.
func (r *relay) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.all {
		_ = c.Close()
	}
	r.all = nil
}

// throughRelay opens a further store on a directory, whose connections go through a relay.
func throughRelay(t *testing.T, w *fixture) (*ldapstore.Store, *relay) {
	t.Helper()
	server, err := url.Parse(w.at.URL)
	require.NoError(t, err)
	r := newRelay(t, server.Host)
	options := w.options()
	options.Server.URL = "ldap://" + r.at
	s, err := ldapstore.New(options, w.locks, panelstore.NewMailboxes(w.panel))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s, r
}

// TestSearchIsCutAfterEntries has a connection end while a search is under way: nothing is counted or listed twice. One that ends before
// is replaced, and nobody sees it.
func TestSearchIsCutAfterEntries(t *testing.T) {
	w := newFixture(t)
	w.empty(t)
	const users = 600 // more than one answer holds
	_, err := w.store.CreateDomain(t.Context(), asGlobal, store.DomainCreate{Name: "a.test"})
	require.NoError(t, err)
	conn := w.at.Connect(t)
	for i := range users {
		mail := fmt.Sprintf("u%03d@a.test", i)
		require.NoError(t, conn.Add(mailbox(w.at.UserDN(mail), mail, 0)))
	}
	s, r := throughRelay(t, w)
	read := func() (int64, error) {
		list, err := s.DomainUsages(t.Context(), store.UsageFilter{Domain: "a.test", Since: time.Now()}, store.PageRequest{})
		if err != nil {
			return 0, err
		}
		return list.Items[0].Users, nil
	}
	n, err := read()
	require.NoError(t, err)
	require.EqualValues(t, users, n)

	r.cut()
	n, err = read()
	require.NoError(t, err, "a connection that was cut before is replaced")
	require.EqualValues(t, users, n)

	for name, end := range map[string]func(){
		"before more is asked for": r.cut,
		"as more is asked for":     func() { r.ending.Store(true) },
	} {
		t.Run(name, func(t *testing.T) {
			answers := 0
			s.OnAnswer(func() {
				if answers++; answers == 1 { // more entries are to come
					end()
				}
			}, func() { n, err = read() })
			requireUnavailable(t, err)
			r.ending.Store(false)
			n, err = read()
			require.NoError(t, err)
			require.EqualValues(t, users, n)
		})
	}
}

// TestConnectionsThatEnd has every connection end at its first request: a read and a write say that the directory does not answer, and
// do what they should once it does again.
func TestConnectionsThatEnd(t *testing.T) {
	w := newFixture(t)
	w.empty(t)
	s, r := throughRelay(t, w)
	for name, do := range map[string]func() error{
		"read": func() error {
			_, err := s.Domain(t.Context(), "missing.test")
			if store.IsNotFound(err) {
				return nil
			}
			return err
		},
		"list": func() error { _, err := s.Domains(t.Context(), store.DomainFilter{}, store.PageRequest{}); return err },
		"write": func() error {
			_, err := s.CreateDomain(t.Context(), asGlobal, store.DomainCreate{Name: "a.test"})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			r.ending.Store(true)
			requireUnavailable(t, do())
			requireUnavailable(t, do()) // a connection of its own, which ends as it greets
			r.ending.Store(false)
			require.NoError(t, do())
		})
	}
}

func requireUnavailable(t *testing.T, err error) {
	t.Helper()
	var known *store.Error
	require.ErrorAs(t, err, &known)
	require.Equal(t, store.Unavailable, known.Kind, "%v", err)
}
