package server_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store/storetest"
)

func TestReadyAsksEveryDatabase(t *testing.T) {
	for _, engine := range append([]string{"sqlite", "ldap"}, storetest.Servers...) {
		t.Run(engine, func(t *testing.T) {
			w := newFixtureOn(t, engine)
			status, text := w.ready()
			require.Equal(t, http.StatusOK, status, text)
			policies := "a database of policies (Amavisd's or iRedAPD's) does not answer\n"
			for _, x := range []struct {
				away  io.Closer
				named string
			}{
				{w.iredapd, policies},
				{w.deps.Panel, "the panel database does not answer\n"},
				{w.deps.State, "the state database does not answer\n"},
				{w.deps.Accounts, "the account database does not answer\n"},
			} {
				require.NotContains(t, text, x.named)
				require.NoError(t, x.away.Close())
				status, text = w.ready()
				require.Equal(t, http.StatusServiceUnavailable, status, text)
				require.Contains(t, text, x.named)
			}
		})
	}
	t.Run("either database of policies", func(t *testing.T) {
		w := newFixture(t)
		require.NoError(t, w.amavisd.Close())
		status, text := w.ready()
		require.Equal(t, http.StatusServiceUnavailable, status, text)
		require.Contains(t, text, "Amavisd's")
	})
}

func (w *fixture) ready() (status int, text string) {
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, httptest.NewRequestWithContext(w.t.Context(), http.MethodGet, "/readyz", nil))
	return rec.Code, rec.Body.String()
}
