package faults_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store/storetest"
)

func TestReadyAsksEveryDatabase(t *testing.T) {
	for _, engine := range append([]string{"sqlite", "ldap"}, storetest.Servers...) {
		t.Run(engine, func(t *testing.T) {
			w := servertest.NewFixtureOn(t, engine)
			status, text := w.Ready()
			require.Equal(t, http.StatusOK, status, text)
			policies := "a database of policies (Amavisd's or iRedAPD's) does not answer\n"
			for _, x := range []struct {
				away  io.Closer
				named string
			}{
				{w.Iredapd, policies},
				{w.Deps.Panel, "the panel database does not answer\n"},
				{w.Deps.State, "the state database does not answer\n"},
				{w.Deps.Accounts, "the account database does not answer\n"},
			} {
				require.NotContains(t, text, x.named)
				require.NoError(t, x.away.Close())
				status, text = w.Ready()
				require.Equal(t, http.StatusServiceUnavailable, status, text)
				require.Contains(t, text, x.named)
			}
		})
	}
	t.Run("either database of policies", func(t *testing.T) {
		w := servertest.NewFixture(t)
		require.NoError(t, w.Amavisd.Close())
		status, text := w.Ready()
		require.Equal(t, http.StatusServiceUnavailable, status, text)
		require.Contains(t, text, "Amavisd's")
	})
}
