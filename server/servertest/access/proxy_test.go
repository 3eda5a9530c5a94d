package access_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server"
	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

func TestTrustedProxies(t *testing.T) {
	loopback, ok := store.ParseNetwork("127.0.0.0/8")
	require.True(t, ok)
	w := servertest.NewFixture(t, func(d *server.Deps) { d.TrustedProxies = store.Networks{loopback} })
	logIn := func(peer, prefix, forwarded, proto string) servertest.Answer {
		body := `{"username":"` + servertest.RootMail + `","password":"` + servertest.Password + `"}`
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, prefix+"/api/login", strings.NewReader(body))
		r.RemoteAddr = peer
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("X-Forwarded-For", forwarded)
		r.Header.Set("X-Forwarded-Proto", proto)
		a := (&servertest.Client{W: w, Prefix: prefix}).Do(r)
		require.True(t, a.OK(), a.Raw)
		return a
	}
	state := stateDB(t, w)
	last := func(db *sqldb.DB, table string) (ip string) {
		require.NoError(t, db.Reader().Get(t.Context(), &ip, "SELECT ip FROM "+table+" ORDER BY rowid DESC LIMIT 1"))
		return ip
	}
	for _, x := range []struct {
		name, peer, forwarded, proto, ip string
		secure                           bool
	}{
		{"behind the proxy", "127.0.0.1:5000", "198.51.100.1, 203.0.113.9", "https", "203.0.113.9", true},
		{"behind the proxy, without TLS", "127.0.0.1:5000", "203.0.113.8", "http", "203.0.113.8", false},
		{"behind the proxy, the client invents TLS", "127.0.0.1:5000", "203.0.113.7", "https, http", "203.0.113.7", false},
		{"past the proxy", "192.0.2.77:5000", "203.0.113.9", "https", "192.0.2.77", false},
	} {
		for _, prefix := range []string{"", "/iredadmin"} {
			t.Run(x.name+prefix, func(t *testing.T) {
				w.Log.Reset()
				a := logIn(x.peer, prefix, x.forwarded, x.proto)
				require.Equal(t, x.secure, a.Cookie().Secure)
				require.Contains(t, w.Log.String(), "ip="+x.ip+"\n", "the access log")
				require.NotContains(t, w.Log.String(), "198.51.100.1")
				require.Equal(t, x.ip, last(w.Panel, "log"), "the panel's log")
				require.Equal(t, x.ip, last(state, "sessions"), "the session")
			})
		}
	}
}
