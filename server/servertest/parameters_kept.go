package servertest

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// RequireDate expects the day so many days after now, which was not before first; nil for none.
func RequireDate(t *testing.T, stored any, days int, first time.Time) {
	t.Helper()
	if days == 0 {
		require.Nil(t, stored, "kept for good")
		return
	}
	var wanted []string
	for _, now := range []time.Time{first, time.Now().UTC()} {
		wanted = append(wanted, now.AddDate(0, 0, days).Format(time.DateOnly))
	}
	if day, ok := stored.(time.Time); ok {
		stored = day.Format(time.DateOnly)
	}
	require.Contains(t, slices.Compact(wanted), stored)
}
