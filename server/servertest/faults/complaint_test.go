package faults_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store/storetest"
)

// narrowed is a server over account tables that take less than ours: alterations are made before it looks at them.
func narrowed(t *testing.T, engine string, alterations ...string) *servertest.Client {
	t.Helper()
	w := servertest.NewFixtureOn(t, engine)
	for _, statement := range alterations {
		storetest.Exec(t, w.Vmail, statement)
	}
	return w.Beside(t).Root()
}

// TestTextThatTheTablesDoNotTake is the caller's fault, with the parameter named, before anything is written.
func TestTextThatTheTablesDoNotTake(t *testing.T) {
	if testing.Short() {
		t.Skip("SQLite takes any text")
	}
	for _, x := range []struct{ engine, alteration, value, code string }{
		{"mysql", "ALTER TABLE mailbox CONVERT TO CHARACTER SET utf8mb3", "Anna 🙂", "INVALID_VALUE"},
		{"mysql", "ALTER TABLE mailbox MODIFY name VARCHAR(20) NOT NULL DEFAULT ''", strings.Repeat("ü", 21), "VALUE_TOO_LONG"},
		{"postgres", "ALTER TABLE mailbox ALTER COLUMN name TYPE VARCHAR(20)", strings.Repeat("ü", 21), "VALUE_TOO_LONG"},
	} {
		t.Run(x.engine+" "+x.code, func(t *testing.T) {
			root := narrowed(t, x.engine, x.alteration)
			root.MustDomain("example.com", nil)
			for _, c := range []*servertest.Client{root, root.Legacy()} {
				status := http.StatusBadRequest
				if c.Prefix != "" {
					status = http.StatusOK
				}
				a := c.JSON("POST", "/api/user/anna@example.com", map[string]any{"password": servertest.Password, "name": x.value})
				require.Equal(t, []any{status, x.code, "name"}, []any{a.Status, a.Msg(), a.Field()}, a.Raw)
				require.Equal(t, "NO_SUCH_ACCOUNT", c.Get("/api/user/anna@example.com").Msg(), "nothing is written")
			}
			root.MustUser("anna@example.com", map[string]any{"name": strings.Repeat("ü", 20)})
			a := root.JSON("PUT", "/api/user/anna@example.com", map[string]any{"name": x.value})
			require.Equal(t, []any{http.StatusBadRequest, x.code, "name"}, []any{a.Status, a.Msg(), a.Field()}, a.Raw)
		})
	}
}

// TestTextThatADatabaseRefuses alters the table behind the server's back, so that it is the database that complains.
func TestTextThatADatabaseRefuses(t *testing.T) {
	if testing.Short() {
		t.Skip("SQLite takes any text")
	}
	for _, x := range []struct{ engine, alteration, value, code, field string }{
		{"mysql", "ALTER TABLE mailbox CONVERT TO CHARACTER SET utf8mb3", "Anna 🙂", "INVALID_VALUE", "name"},
		{"mysql", "ALTER TABLE mailbox MODIFY name VARCHAR(20) NOT NULL DEFAULT ''", strings.Repeat("ü", 21), "VALUE_TOO_LONG", "name"},
		{"postgres", "ALTER TABLE mailbox ALTER COLUMN name TYPE VARCHAR(20)", strings.Repeat("ü", 21), "VALUE_TOO_LONG", ""},
	} {
		t.Run(x.engine+" "+x.code, func(t *testing.T) {
			w := servertest.NewFixtureOn(t, x.engine)
			root := w.Root()
			root.MustDomain("example.com", nil)
			storetest.Exec(t, w.Vmail, x.alteration)
			a := root.JSON("POST", "/api/user/anna@example.com", map[string]any{"password": servertest.Password, "name": x.value})
			require.Equal(t, []any{http.StatusBadRequest, x.code, x.field}, []any{a.Status, a.Msg(), a.Field()}, a.Raw)
			require.NotContains(t, a.Raw, x.value)
		})
	}
	for _, engine := range []string{"mysql", "postgres"} {
		t.Run("a number out of range on "+engine, func(t *testing.T) {
			w := servertest.NewFixtureOn(t, engine)
			root := w.Root()
			root.MustDomain("example.com", nil)
			root.MustUser("anna@example.com", nil)
			alter := map[string]string{"mysql": "ALTER TABLE mailbox MODIFY quota SMALLINT NOT NULL DEFAULT 0",
				"postgres": "ALTER TABLE mailbox ALTER COLUMN quota TYPE SMALLINT"}
			storetest.Exec(t, w.Vmail, alter[engine])
			a := root.JSON("PUT", "/api/user/anna@example.com", map[string]any{"quota": 100000})
			require.Equal(t, []any{http.StatusBadRequest, "INVALID_VALUE"}, []any{a.Status, a.Msg()}, a.Raw)
			root.Must(http.StatusOK, "PUT", "/api/user/anna@example.com", map[string]any{"quota": 1000})
		})
	}
}
