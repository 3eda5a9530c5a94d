package access_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server"
	"github.com/postern-mail/postern/server/servertest"
)

// TestReadOnly calls every operation of the contract while the server is read-only: what may write is refused, and nothing changes.
func TestReadOnly(t *testing.T) {
	var on atomic.Bool
	w := servertest.NewFixture(t, func(d *server.Deps) { d.ReadOnly = on.Load })
	servertest.Seed(w)
	root := w.Root()
	on.Store(true)
	before := servertest.Dump(t, w)
	known := map[string]string{"domain": "example.com", "mail": "anna@example.com", "new_mail": "new@example.com", "account": "example.com", "days": "1"}
	goOn := []string{"login", "logout", "verifyAdminPassword", "verifyUserPassword"}
	refused := 0
	for template, item := range servertest.Contract.Paths.Map() {
		for method, op := range item.Operations() {
			if method == http.MethodGet || slices.Contains(goOn, op.OperationID) {
				continue
			}
			path := regexp.MustCompile(`\{([a-z_]+)\}`).ReplaceAllStringFunc(template, func(name string) string {
				name = name[1 : len(name)-1]
				if value, ok := known[name]; ok {
					return value
				}
				for _, p := range append(slices.Clone(item.Parameters), op.Parameters...) {
					if p.Value.Name == name {
						return fmt.Sprint(p.Value.Schema.Value.Enum[0])
					}
				}
				return ""
			})
			for _, c := range []*servertest.Client{root, root.Legacy()} {
				a := c.Send(method, path, "application/json", "{}")
				require.Equal(t, []any{http.StatusServiceUnavailable, "READ_ONLY"}, []any{a.Status, a.Msg()}, "%s %s: %s", method, path, a.Raw)
				require.NotEmpty(t, a.Header.Get("Retry-After"))
			}
			refused++
		}
	}
	require.Greater(t, refused, 30)
	require.Equal(t, before, servertest.Dump(t, w))
	require.Equal(t, http.StatusUnauthorized, w.Anonymous().JSON("PUT", "/api/domain/example.com", servertest.Body{}).Status, "rights come first")

	require.True(t, root.Get("/api/domain/example.com").OK(), "reads go on")
	a := root.JSON("POST", "/api/verify_password/user/anna@example.com", map[string]any{"password": servertest.Password})
	require.True(t, a.OK(), a.Raw)
	again := w.Root()
	require.True(t, again.Send("POST", "/api/logout", "", "").OK())
	on.Store(false)
	root.Must(http.StatusOK, "PUT", "/api/domain/example.com", servertest.Body{"name": "Example"})
}
