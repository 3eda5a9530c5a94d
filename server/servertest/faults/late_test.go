package faults_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/mlmmj"
	"github.com/postern-mail/postern/store/sqldb"
)

// TestRunningOutOfTime keeps a row locked until the time of a request is over. Every database answers, so that none is away.
func TestRunningOutOfTime(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits for the end of a request's time")
	}
	for _, engine := range slices.Clone(servertest.Engines) {
		t.Run(engine, func(t *testing.T) {
			w := servertest.NewFixtureOn(t, engine)
			root := w.Root()
			root.MustDomain("example.com", nil)
			root.MustUser("anna@example.com", nil)
			locker := w.Beside(t).Vmail
			held, release, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
			go func() {
				done <- locker.Write(t.Context(), func(tx *sqldb.Tx) error {
					_, err := tx.Exec(t.Context(), "UPDATE mailbox SET name = 'held' WHERE username = 'anna@example.com'")
					close(held)
					<-release
					return err
				})
			}()
			<-held
			a := root.JSON("PUT", "/api/user/anna@example.com", map[string]any{"name": "Anna"})
			require.Equal(t, []any{http.StatusServiceUnavailable, "IN_PROGRESS"}, []any{a.Status, a.Msg()}, a.Raw)
			require.NotEmpty(t, a.Header.Get("Retry-After"))
			require.NotContains(t, a.Raw, "cannot be reached")
			close(release)
			require.NoError(t, <-done)
			require.True(t, root.JSON("PUT", "/api/user/anna@example.com", map[string]any{"name": "Anna"}).OK())
		})
	}
}

// TestUntrustedCertificate says what is wrong with the connection.
func TestUntrustedCertificate(t *testing.T) {
	daemon := httptest.NewTLSServer(http.NotFoundHandler())
	defer daemon.Close()
	err := mlmmj.NewDaemon(mlmmj.DaemonConfig{URL: daemon.URL, Token: "token"}).Ping(t.Context())
	var e *store.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, "SERVER_DOWN", e.Code)
	require.Contains(t, e.Detail, "certificate is not trusted")
	for _, cause := range []error{
		x509.UnknownAuthorityError{}, x509.HostnameError{Certificate: &x509.Certificate{}, Host: "x"},
		&tls.CertificateVerificationError{Err: errors.New("expired")},
	} {
		require.Contains(t, store.Down("The database", cause).Detail, "certificate is not trusted")
	}
	require.NotContains(t, store.Down("The database", errors.New("refused")).Detail, "certificate")
}
