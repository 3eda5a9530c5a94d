package server_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAliasDomainOfABackupMX(t *testing.T) {
	w := newFixture(t)
	root := w.root()
	root.mustDomain("a.test", nil)
	root.mustDomain("b.test", nil)
	root.must(http.StatusOK, "PUT", "/api/domain/a.test", map[string]any{"is_backupmx": "yes"})
	root.must(http.StatusOK, "PUT", "/api/domain/b.test", map[string]any{"addAliasDomain": []string{"x.test"}})
	before := dump(t, w)
	for path, given := range map[string]map[string]any{
		"/api/domain/a.test": {"addAliasDomain": []string{"y.test"}}, "/api/domain/b.test": {"is_backupmx": "yes"},
	} {
		a := root.json("PUT", path, given)
		require.Equal(t, http.StatusConflict, a.status, a.raw)
		require.Equal(t, "BACKUPMX_ALIAS_DOMAIN", a.msg())
		require.Contains(t, given, a.field())
		a = root.legacy().json("PUT", path, given)
		require.Equal(t, http.StatusOK, a.status, a.raw)
		require.Equal(t, "BACKUPMX_ALIAS_DOMAIN", a.msg())
	}
	require.Equal(t, before, dump(t, w))
}
