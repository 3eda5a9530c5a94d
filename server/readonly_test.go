package server_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server"
)

// TestReadOnly calls every operation of the contract while the server is read-only: what may write is refused, and nothing changes.
func TestReadOnly(t *testing.T) {
	var on atomic.Bool
	w := newFixture(t, func(d *server.Deps) { d.ReadOnly = on.Load })
	seed(w)
	root := w.root()
	on.Store(true)
	before := dump(t, w)
	known := map[string]string{"domain": "example.com", "mail": "anna@example.com", "new_mail": "new@example.com", "account": "example.com", "days": "1"}
	goOn := []string{"login", "logout", "verifyAdminPassword", "verifyUserPassword"}
	refused := 0
	for template, item := range contract.Paths.Map() {
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
			for _, c := range []*client{root, root.legacy()} {
				a := c.send(method, path, "application/json", "{}")
				require.Equal(t, []any{http.StatusServiceUnavailable, "READ_ONLY"}, []any{a.status, a.msg()}, "%s %s: %s", method, path, a.raw)
				require.NotEmpty(t, a.header.Get("Retry-After"))
			}
			refused++
		}
	}
	require.Greater(t, refused, 30)
	require.Equal(t, before, dump(t, w))
	require.Equal(t, http.StatusUnauthorized, w.anonymous().json("PUT", "/api/domain/example.com", body{}).status, "rights come first")

	require.True(t, root.get("/api/domain/example.com").ok(), "reads go on")
	a := root.json("POST", "/api/verify_password/user/anna@example.com", map[string]any{"password": password})
	require.True(t, a.ok(), a.raw)
	again := w.root()
	require.True(t, again.send("POST", "/api/logout", "", "").ok())
	on.Store(false)
	root.must(http.StatusOK, "PUT", "/api/domain/example.com", body{"name": "Example"})
}
