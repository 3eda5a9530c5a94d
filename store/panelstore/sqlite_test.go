package panelstore_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/panelstore"
	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/storetest"
)

func TestPanelOnSQLite(t *testing.T) {
	storetest.Panel(t, func(t *testing.T) storetest.PanelFixture {
		t.Helper()
		db := open(t)
		require.NoError(t, panelstore.Schema.Migrate(t.Context(), db))
		require.NoError(t, panelstore.Schema.Migrate(t.Context(), db), "again")
		return storetest.PanelFixture{Panel: panelstore.New(db), SQL: db}
	})
}

func TestSettingsOfAnOldPanel(t *testing.T) {
	panel := panelstore.New(open(t))
	got, err := panel.PanelSettings(t.Context())
	require.NoError(t, err)
	require.Empty(t, got)
	restrictions, err := panel.PanelRestrictions(t.Context())
	require.NoError(t, err)
	require.Empty(t, restrictions.Lists())
}

func TestLogOfAnotherDatabase(t *testing.T) {
	require.Error(t, panelstore.New(open(t)).AppendLog(t.Context(), store.LogEntry{Admin: "root@elsewhere.test"}))
}

func open(t *testing.T) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open("sqlite://" + filepath.Join(t.TempDir(), "iredadmin.db") + "?sync=off")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}
