package panelstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store/panelstore"
	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/storetest"
)

func TestPanelOnMySQL(t *testing.T) { panelOnServer(t, "mysql") }

func TestPanelOnPostgres(t *testing.T) { panelOnServer(t, "postgres") }

// panelOnServer runs the suite on one database, which is emptied for every store. The store itself connects as an account that may do
// no more than Uses says.
func panelOnServer(t *testing.T, engine string) {
	t.Helper()
	db, limited := storetest.LimitedDatabase(t, engine, panelstore.Schema.Create, panelstore.Uses(false))
	empty := storetest.Emptier(t, db)
	storetest.Panel(t, func(t *testing.T) storetest.PanelFixture {
		t.Helper()
		empty(t)
		return storetest.PanelFixture{Panel: panelstore.New(limited), SQL: db}
	})
}

func TestPanelsSchemaIsNeverLaidOver(t *testing.T) {
	for _, engine := range storetest.Servers {
		t.Run(engine, func(t *testing.T) {
			db := storetest.Database(t, engine)
			require.ErrorContains(t, panelstore.Schema.Migrate(t.Context(), db), "embedded")
			require.NoError(t, db.Do(t.Context(), "CREATE TABLE tracking (k INT)"))
			require.ErrorContains(t, panelstore.Schema.Create(t.Context(), db), `"tracking"`)
			there, err := db.Reader().Layout(t.Context())
			require.NoError(t, err)
			require.Equal(t, sqldb.Layout{"tracking": {"k"}}, there)
		})
	}
	t.Run("sqlite", func(t *testing.T) {
		require.Error(t, panelstore.Schema.Create(t.Context(), open(t)))
	})
}

func TestSettingsOfAnOldPanelOnServers(t *testing.T) {
	for _, engine := range storetest.Servers {
		t.Run(engine, func(t *testing.T) {
			panel := panelstore.New(storetest.Database(t, engine))
			got, err := panel.PanelSettings(t.Context())
			require.NoError(t, err)
			require.Empty(t, got)
			restrictions, err := panel.PanelRestrictions(t.Context())
			require.NoError(t, err)
			require.Empty(t, restrictions.Lists())
		})
	}
}
