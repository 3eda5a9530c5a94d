package surface_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
)

func TestAliasDomainOfABackupMX(t *testing.T) {
	w := servertest.NewFixture(t)
	root := w.Root()
	root.MustDomain("a.test", nil)
	root.MustDomain("b.test", nil)
	root.Must(http.StatusOK, "PUT", "/api/domain/a.test", map[string]any{"is_backupmx": "yes"})
	root.Must(http.StatusOK, "PUT", "/api/domain/b.test", map[string]any{"addAliasDomain": []string{"x.test"}})
	before := servertest.Dump(t, w)
	for path, given := range map[string]map[string]any{
		"/api/domain/a.test": {"addAliasDomain": []string{"y.test"}}, "/api/domain/b.test": {"is_backupmx": "yes"},
	} {
		a := root.JSON("PUT", path, given)
		require.Equal(t, http.StatusConflict, a.Status, a.Raw)
		require.Equal(t, "BACKUPMX_ALIAS_DOMAIN", a.Msg())
		require.Contains(t, given, a.Field())
		a = root.Legacy().JSON("PUT", path, given)
		require.Equal(t, http.StatusOK, a.Status, a.Raw)
		require.Equal(t, "BACKUPMX_ALIAS_DOMAIN", a.Msg())
	}
	require.Equal(t, before, servertest.Dump(t, w))
}
