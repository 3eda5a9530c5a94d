package parameters_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
)

// storedCases ask for the row beside what is shown, where it is called by one of its own columns.
var storedCases = []servertest.EffectCase{
	storedCase("GET /api/domains", "/api/domains", "maxquota"),
	storedCase("GET /api/domain/<domain>", "/api/domain/example.com", "maxquota"),
	storedCase("GET /api/admin/<mail>", "/api/admin/ada@admins.test", "passwordlastchange"),
	storedCase("GET /api/users/<domain>", "/api/users/example.com", "storagenode"),
	storedCase("GET /api/user/<mail>", "/api/user/anna@example.com", "storagenode"),
	storedCase("GET /api/aliases/<domain>", "/api/aliases/example.com", "accesspolicy"),
	storedCase("GET /api/alias/<mail>", "/api/alias/sales@example.com", "accesspolicy"),
	storedCase("GET /api/mls/<domain>", "/api/mls/example.com", "mlid"),
	storedCase("GET /api/ml/<mail>", "/api/ml/dev@example.com", "mlid"),
}

func storedCase(operation, path, column string) servertest.EffectCase {
	return servertest.EffectCase{Operation: operation, Parameter: "stored", Run: func(t *testing.T, v servertest.Session) {
		if strings.HasPrefix(path, "/api/ml") {
			servertest.RequireDone(t, v.Write("POST", "/api/ml/dev@example.com", nil))
		}
		shown := func(query string) map[string]any {
			a := v.Get(path + query)
			require.True(t, a.OK(), a.Raw)
			if first := a.List(); len(first) > 0 {
				return first[0].(map[string]any)
			}
			return a.Data()
		}
		for _, query := range []string{"", "?stored=no"} {
			require.NotContains(t, shown(query), "stored")
		}
		if v.Forms { // the published reply shows the columns anyway
			require.Equal(t, shown(""), shown("?stored=yes"))
			require.Contains(t, shown(""), column)
			return
		}
		row, ok := shown("?stored=yes")["stored"].(map[string]any)
		require.True(t, ok)
		require.Contains(t, row, column)
		require.NotContains(t, row, "password")
	}}
}
