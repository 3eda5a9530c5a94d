package access

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestFloorOfFailedLogins(t *testing.T) {
	noon := time.Date(2026, 2, 3, 12, 0, 0, 0, time.UTC)
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	f := &floor{}
	require.Equal(t, ms(300), f.of(ms(1), noon))
	require.Equal(t, ms(400), f.of(ms(350), noon.Add(time.Minute)), "rounded up")
	require.Equal(t, ms(400), f.of(ms(1), noon.Add(2*time.Minute)), "all others then take as long")
	require.Equal(t, ms(400), f.of(ms(1), noon.Add(6*time.Minute)))
	require.Equal(t, ms(300), f.of(ms(1), noon.Add(11*time.Minute)), "it counts no more")
	require.Equal(t, 2*time.Second, f.of(time.Minute, noon.Add(12*time.Minute)))
	require.Equal(t, ms(300), f.of(ms(1), noon.Add(time.Hour)))
}
