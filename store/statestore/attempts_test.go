package statestore

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// TestAttemptsAreBounded makes up accounts: the tables keep the newest only, without any job.
func TestAttemptsAreBounded(t *testing.T) {
	s, err := Open(t.Context(), "sqlite://"+filepath.Join(t.TempDir(), "state.db")+"?sync=off")
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	s.mostAttempts = 10
	noon := time.Date(2026, 2, 3, 12, 0, 0, 0, time.UTC)
	for i := range trimEvery {
		require.NoError(t, s.BeginAttempt(t.Context(), store.Attempt{
			Account: fmt.Sprintf("user%d@example.com", i), Network: fmt.Sprintf("2001:db8:%x::/64", i), At: noon.Add(time.Duration(i) * time.Millisecond),
		}))
	}
	var left int
	require.NoError(t, s.db.Reader().Get(t.Context(), &left, "SELECT COUNT(*) FROM attempts"))
	require.LessOrEqual(t, left, 10)
	require.Positive(t, left, "the newest stay")
}
