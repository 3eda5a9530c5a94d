package surface_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store"
)

// uncheckable are hashes that others may have stored and that cannot be checked here, with what names the scheme.
var uncheckable = map[string]string{
	"{SCRAM-SHA-1}4096,PtRNJIyrR0k3zQedEd5IDw==,KhPauNHjosHxmiP+TjFAn1LbE1g=,OmEcC3ztvkg/HyEdorrke6cbtv8=": "{SCRAM-SHA-1}",
	"{CRYPT}$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7":                     "{CRYPT}",
	"{SSHA512}AAAA": "{SSHA512}",
	"{CRYPT}$2b$31$abcdefghijklmnopqrstuuE7y5Q.iboeZEuy3a5wOOaRgtq9TQ/5G": "{CRYPT}",
	"Winter-1958-rain": "names no scheme",
}

// TestStoredPasswordThatCannotBeChecked says so to who may ask, and to nobody at the log-in.
func TestStoredPasswordThatCannotBeChecked(t *testing.T) {
	const boss, ada = "boss@example.com", "ada@admins.test"
	for _, engine := range append(slices.Clone(servertest.Engines), "ldap") {
		t.Run(engine, func(t *testing.T) {
			w := servertest.NewFixtureOn(t, engine)
			root := w.Root()
			root.MustDomain("example.com", nil)
			root.MustUser(boss, nil)
			root.Must(http.StatusOK, "PUT", "/api/user/"+boss, map[string]any{"isGlobalAdmin": "yes"})
			root.Must(http.StatusCreated, "POST", "/api/admin/"+ada, map[string]any{"password": servertest.Password})
			for hash, named := range uncheckable {
				stored := store.Secret(hash)
				_, err := w.Deps.Accounts.UpdateUser(t.Context(), servertest.ByRoot, boss, store.UserUpdate{Password: &stored})
				require.NoError(t, err)
				_, err = w.Deps.Accounts.UpdateAdmin(t.Context(), servertest.ByRoot, ada, store.AdminUpdate{Password: &stored})
				require.NoError(t, err)
				for mail, path := range map[string]string{boss: "/api/verify_password/user/" + boss, ada: "/api/verify_password/admin/" + ada} {
					a := root.Must(http.StatusUnprocessableEntity, "POST", path, map[string]any{"password": servertest.Password})
					require.Equal(t, "INVALID_PASSWORD_SCHEME", a.Msg(), a.Raw)
					require.Contains(t, servertest.TextAt(a.Body, "_detail"), named)
					require.Equal(t, "INVALID_PASSWORD_SCHEME", root.Legacy().Must(http.StatusOK, "POST", path, map[string]any{"password": servertest.Password}).Msg())

					w.Log.Reset()
					a = w.Anonymous().Must(http.StatusUnauthorized, "POST", "/api/login", map[string]any{"username": mail, "password": servertest.Password})
					require.Equal(t, "INVALID_CREDENTIALS", a.Msg())
					require.Regexp(t, `level=WARN msg="log-in failed" code=INVALID_CREDENTIALS ip=192\.0\.2\.1 name=`+regexp.QuoteMeta(mail)+
						` request_id=\w+ cause=".*`+regexp.QuoteMeta(named), w.Log.String())
					require.Equal(t, 1, strings.Count(w.Log.String(), "level=WARN"))
					if !strings.HasPrefix(hash, "{") {
						require.NotContains(t, w.Log.String(), hash)
					}
				}
			}
		})
	}
}

// metrics is what Prometheus gets.
func metrics(t *testing.T, w *servertest.Fixture) string {
	t.Helper()
	rec := httptest.NewRecorder()
	w.Handler.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	require.Equal(t, http.StatusOK, rec.Code)
	return rec.Body.String()
}

// TestLegacyFailuresShowInLogAndMetrics looks at failures that have the status of a success.
func TestLegacyFailuresShowInLogAndMetrics(t *testing.T) {
	w := servertest.NewFixture(t)
	root := w.Root().Legacy()
	w.Log.Reset()
	require.Equal(t, "NO_SUCH_ACCOUNT", root.Must(http.StatusOK, "GET", "/api/user/nobody@example.com", nil).Msg())
	require.Regexp(t, `msg=request .* path=/api/user/nobody@example.com legacy=true status=200 code=NO_SUCH_ACCOUNT `, w.Log.String())
	w.Log.Reset()
	require.True(t, root.Get("/api/whoami").OK())
	require.Regexp(t, `status=200 code="" `, w.Log.String())
	counted := metrics(t, w)
	require.Contains(t, counted, `postern_requests_total{code="NO_SUCH_ACCOUNT",method="GET",operation="getUser",status="200"} 1`)
	require.Contains(t, counted, `postern_requests_total{code="",method="GET",operation="whoami",status="200"} 1`)

	a := root.Form("POST", "/api/admin/new@admins.test", map[string][]string{"password": {"x"}})
	require.Contains(t, a.Msg(), ",")
	first, _, _ := strings.Cut(a.Msg(), ",")
	require.Contains(t, metrics(t, w), `{code="`+first+`",`, "one of the joined codes")
}
