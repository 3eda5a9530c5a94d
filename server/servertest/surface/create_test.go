package surface_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
)

// TestRefusedCreates gives new accounts what they may not have: nothing of them is there afterwards.
func TestRefusedCreates(t *testing.T) {
	w := servertest.NewFixture(t)
	root := w.Root()
	root.MustDomain("example.com", nil)
	root.Must(http.StatusCreated, "POST", "/api/admin/maker@admins.test", servertest.Body{"password": servertest.Password, "maxDomains": 5})
	maker := w.As("maker@admins.test", servertest.Password)
	var many servertest.List
	for i := range 101 {
		many = append(many, fmt.Sprintf("alias%d.test", i))
	}
	for _, x := range []struct {
		by      *servertest.Client
		path    string
		given   servertest.Body
		status  int
		code    string
		ofField string
	}{
		{root, "/api/user/anna@example.com", servertest.Body{"password": servertest.Password, "forwarding": servertest.List{"nobody@example.com"}},
			http.StatusUnprocessableEntity, "NO_SUCH_ACCOUNT", "forwarding"},
		{root, "/api/domain/new.test", servertest.Body{"is_backupmx": "yes", "aliasDomains": servertest.List{"other.test"}},
			http.StatusConflict, "BACKUPMX_ALIAS_DOMAIN", ""},
		{maker, "/api/domain/new.test", servertest.Body{"aliasDomains": many}, http.StatusConflict, "EXCEED_LIMIT_ALIAS_DOMAINS", "aliasDomains"},
	} {
		before := servertest.Everything(t, w)
		a := x.by.JSON("POST", x.path, x.given)
		require.Equal(t, []any{x.status, x.code}, []any{a.Status, a.Msg()}, a.Raw)
		if x.ofField != "" {
			require.Equal(t, x.ofField, a.Field(), a.Raw)
		}
		require.Empty(t, servertest.Differences(before, servertest.Everything(t, w)), x.code)
	}
}
