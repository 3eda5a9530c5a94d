package panelstore_test

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/panelstore"
	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/statestore"
	"github.com/postern-mail/postern/store/storetest"
)

// Codes are kept in the panel's database and, where there is none, in the state.
func TestProofCodes(t *testing.T) {
	for _, engine := range slices.Concat([]string{"sqlite"}, storetest.Servers) {
		t.Run(engine+"/panel", func(t *testing.T) {
			db := emptyOn(t, engine)
			has, err := panelstore.HasProofCodes(t.Context(), db)
			require.NoError(t, err)
			require.False(t, has, "an old panel has no such table")
			if engine == "sqlite" {
				require.NoError(t, panelstore.Schema.Migrate(t.Context(), db))
			} else {
				require.NoError(t, panelstore.Schema.Create(t.Context(), db))
			}
			proofCodesIn(t, db)
		})
		t.Run(engine+"/state", func(t *testing.T) {
			url := "sqlite://" + filepath.Join(t.TempDir(), "state.db") + "?sync=off"
			if engine != "sqlite" {
				url = storetest.DatabaseURL(t, engine)
			}
			state, err := statestore.Open(t.Context(), url)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, state.Close()) })
			proofCodesIn(t, state.DB())
		})
	}
}

func emptyOn(t *testing.T, engine string) *sqldb.DB {
	t.Helper()
	if engine == "sqlite" {
		return open(t)
	}
	return storetest.Database(t, engine)
}

func proofCodesIn(t *testing.T, db *sqldb.DB) {
	t.Helper()
	has, err := panelstore.HasProofCodes(t.Context(), db)
	require.NoError(t, err)
	require.True(t, has)
	empty := storetest.Emptier(t, db)
	storetest.ProofCodes(t, func(t *testing.T) (store.ProofCodes, *sqldb.DB) {
		t.Helper()
		empty(t)
		return panelstore.NewProofCodes(db), db
	})
}
