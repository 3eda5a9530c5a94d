package statestore_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/statestore"
	"github.com/postern-mail/postern/store/storetest"
)

func TestStateOnSQLite(t *testing.T) {
	storetest.State(t, func(t *testing.T) store.State {
		t.Helper()
		return open(t, filepath.Join(t.TempDir(), "state.db"))
	})
}

func TestReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	first := open(t, path)
	now := time.Now().UTC().Truncate(time.Second)
	session := store.Session{IDHash: "a", Username: "anna@example.com", Created: now, LastUsed: now}
	_, err := first.CreateSession(t.Context(), session)
	require.NoError(t, err)
	require.NoError(t, first.Close())

	kept, err := open(t, path).Session(t.Context(), "a")
	require.NoError(t, err)
	require.Equal(t, "anna@example.com", kept.Username)
}

func TestOpenFails(t *testing.T) {
	for _, url := range []string{"", "state.db", "oracle://x", "sqlite://" + t.TempDir() + "/missing/state.db"} {
		_, err := statestore.Open(t.Context(), url)
		require.Error(t, err, url)
	}
}

func open(t *testing.T, path string) *statestore.Store {
	t.Helper()
	s, err := statestore.Open(t.Context(), "sqlite://"+path+"?sync=off")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}
