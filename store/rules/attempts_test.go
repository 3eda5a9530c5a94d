package rules_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store/rules"
)

var noon = time.Date(2026, 2, 3, 12, 0, 0, 0, time.UTC)

// failures adds n at noon.
func failures(l rules.AttemptLimit, n int) (f rules.Failures) {
	for range n {
		f = l.Add(f, noon)
	}
	return f
}

func TestWaitingGrows(t *testing.T) {
	for n, want := range map[int]time.Duration{
		0: 0, 4: 0, 5: time.Second, 6: 2 * time.Second, 7: 4 * time.Second, 10: 32 * time.Second, 11: time.Minute, 12: time.Minute,
		19: time.Minute, 60: time.Minute,
	} {
		f := failures(rules.AccountLimit, n)
		require.Equal(t, want, rules.AccountLimit.Wait(f, noon), "after %d", n)
		require.Zero(t, rules.AccountLimit.Wait(f, noon.Add(want)), "after %d and the wait", n)
		require.Zero(t, rules.AccountLimit.Wait(f, noon.Add(15*time.Minute)), "after %d and a quarter of an hour", n)
		if want > 0 {
			require.Equal(t, time.Millisecond, rules.AccountLimit.Wait(f, noon.Add(want-time.Millisecond)))
		}
	}
}

func TestClosing(t *testing.T) {
	for name, x := range map[string]struct {
		limit rules.AttemptLimit
		most  int
	}{
		"pair": {rules.PairLimit, 20}, "network": {rules.NetworkLimit, 100}, "session": {rules.SessionLimit, 20},
	} {
		t.Run(name, func(t *testing.T) {
			late := noon.Add(2 * time.Minute)
			require.Zero(t, x.limit.Wait(failures(x.limit, x.most-1), late))
			closed := failures(x.limit, x.most)
			require.Equal(t, 13*time.Minute, x.limit.Wait(closed, late))
			require.Zero(t, x.limit.Wait(closed, noon.Add(15*time.Minute)), "it opens again")
			require.Zero(t, x.limit.Wait(x.limit.Remove(closed, noon), late), "one was none")
			require.Equal(t, closed, x.limit.Remove(closed, late), "there was none then")
		})
	}
	require.LessOrEqual(t, rules.AccountLimit.Wait(failures(rules.AccountLimit, 1000), noon), time.Minute, "an account is never closed")
	require.LessOrEqual(t, len(failures(rules.AccountLimit, 1000).At), 100)
}

// A window slides: failures close only while so many of them lie within a quarter of an hour.
func TestWindowSlides(t *testing.T) {
	f := failures(rules.SessionLimit, 10)
	later := noon.Add(16 * time.Minute)
	for range 19 {
		f = rules.SessionLimit.Add(f, later)
	}
	require.Zero(t, rules.SessionLimit.Wait(f, later))
	require.Len(t, f.At, 19, "what counts no more is not kept")
	f = failures(rules.SessionLimit, 1)
	for range 18 {
		f = rules.SessionLimit.Add(f, noon.Add(14*time.Minute))
	}
	f = rules.SessionLimit.Add(f, later)
	require.Zero(t, rules.SessionLimit.Wait(f, later), "the first is out of the window")
	f = rules.SessionLimit.Add(f, later)
	require.Equal(t, 15*time.Minute, rules.SessionLimit.Wait(f, later))
}
