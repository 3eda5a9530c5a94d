package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

const (
	home    = "192.0.2.7/32"
	foreign = "198.51.100.9/32"
)

// from is an attempt on anna's account so long after noon.
func from(network string, after time.Duration) store.Attempt {
	return store.Attempt{Account: "anna@example.com", Network: network, At: noon.Add(after)}
}

// fail counts failures at the same time, which the limits have to let through.
func fail(t *testing.T, s store.State, n int, a store.Attempt) {
	t.Helper()
	for range n {
		require.NoError(t, s.BeginAttempt(ctx(t), a))
	}
}

// exhaust makes one failure after the other, each as soon as it counts, until the attempt would have to wait longer than
// any waiting is. It returns how many there were and when the last one was.
func exhaust(t *testing.T, s store.State, a store.Attempt) (n int, last store.Attempt) {
	t.Helper()
	for {
		err := s.BeginAttempt(ctx(t), a)
		if err == nil {
			n, last = n+1, a
			continue
		}
		wait := mustWait(t, s, a)
		if wait > time.Minute {
			return n, last
		}
		a.At = a.At.Add(wait)
	}
}

// mustWait asserts that the attempt is refused, and returns how long it has to wait.
func mustWait(t *testing.T, s store.State, a store.Attempt) time.Duration {
	t.Helper()
	err := s.BeginAttempt(ctx(t), a)
	requireCode(t, err, store.TooMany, store.CodeTooManyAttempts)
	var e *store.Error
	require.ErrorAs(t, err, &e)
	return e.RetryAfter
}

func attempts(t *testing.T, open func(t *testing.T) store.State) {
	t.Run("waiting grows after five failures", func(t *testing.T) {
		s := open(t)
		fail(t, s, 5, from(home, 0))
		require.Equal(t, time.Second, mustWait(t, s, from(home, 0)))
		require.Equal(t, time.Millisecond, mustWait(t, s, from(home, 999*time.Millisecond)), "a refused one counts nothing")
		fail(t, s, 1, from(home, time.Second))
		require.Equal(t, 2*time.Second, mustWait(t, s, from(home, time.Second)))
	})
	t.Run("twenty failures close an account for a network", func(t *testing.T) {
		s := open(t)
		require.NoError(t, s.SucceedAttempt(ctx(t), from(foreign, -time.Hour)))
		n, last := exhaust(t, s, from(home, 0))
		require.Equal(t, 20, n)
		require.Equal(t, 15*time.Minute, mustWait(t, s, last))
		fail(t, s, 1, from(foreign, last.At.Sub(noon)))
		other := last
		other.Account = "bo@example.com"
		fail(t, s, 1, other)
		last.At = last.At.Add(15 * time.Minute)
		fail(t, s, 5, last)
	})
	t.Run("a hundred failures close a network", func(t *testing.T) {
		s := open(t)
		for i := range 100 {
			fail(t, s, 1, store.Attempt{Account: fmt.Sprintf("user%d@example.com", i), Network: home, At: noon})
		}
		require.Equal(t, 15*time.Minute, mustWait(t, s, from(home, 0)))
		fail(t, s, 1, from(foreign, 0))
		fail(t, s, 1, from(home, 15*time.Minute))
	})
	t.Run("a stranger locks nobody out", func(t *testing.T) {
		s := open(t)
		require.NoError(t, s.SucceedAttempt(ctx(t), from(home, -29*24*time.Hour)))
		for i := range 8 {
			fail(t, s, 1, from(fmt.Sprintf("203.0.113.%d/32", i), time.Duration(i)*time.Minute))
		}
		require.Positive(t, mustWait(t, s, from(foreign, 7*time.Minute)), "where it has never been")
		fail(t, s, 1, from(home, 7*time.Minute))
		require.NoError(t, s.SucceedAttempt(ctx(t), from(foreign, -30*24*time.Hour)))
		require.LessOrEqual(t, mustWait(t, s, from(foreign, 7*time.Minute)), time.Minute, "where it has not been for 30 days")
		for i := range 200 { // nor do many
			_ = s.BeginAttempt(ctx(t), from(fmt.Sprintf("203.0.113.%d/32", i), 8*time.Minute))
		}
		require.LessOrEqual(t, mustWait(t, s, from(foreign, 8*time.Minute)), time.Minute)
		fail(t, s, 1, from(home, 8*time.Minute))
	})
	t.Run("a success clears the account for the network", func(t *testing.T) {
		s := open(t)
		fail(t, s, 4, from(home, 0))
		right := from(home, time.Second)
		require.NoError(t, s.BeginAttempt(ctx(t), right))
		require.NoError(t, s.SucceedAttempt(ctx(t), right))
		fail(t, s, 5, from(home, time.Minute))
		mustWait(t, s, from(home, time.Minute))
	})
	t.Run("what was not compared counts nothing", func(t *testing.T) {
		s := open(t)
		for range 200 {
			a := from(home, 0)
			require.NoError(t, s.BeginAttempt(ctx(t), a))
			require.NoError(t, s.CancelAttempt(ctx(t), a))
		}
		fail(t, s, 5, from(home, 0))
		mustWait(t, s, from(home, 0))
	})
	t.Run("a session compares twenty wrong ones", func(t *testing.T) {
		s := open(t)
		a := store.Attempt{Session: "a", At: noon}
		for range 30 {
			require.NoError(t, s.BeginAttempt(ctx(t), a))
			require.NoError(t, s.SucceedAttempt(ctx(t), a))
		}
		fail(t, s, 20, a)
		require.Equal(t, 15*time.Minute, mustWait(t, s, a))
		fail(t, s, 1, store.Attempt{Session: "b", At: noon})
	})
	t.Run("exact among many at once", func(t *testing.T) {
		s := open(t)
		var passed atomic.Int64
		var all sync.WaitGroup
		for range 64 {
			all.Go(func() {
				err := s.BeginAttempt(ctx(t), from(home, 0))
				if err == nil {
					passed.Add(1)
				} else if !store.HasCode(err, store.CodeTooManyAttempts) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		require.EqualValues(t, 5, passed.Load())
	})
	t.Run("what counts no more is removed", func(t *testing.T) {
		s := open(t)
		require.NoError(t, s.SucceedAttempt(ctx(t), from(home, 0)))
		fail(t, s, 5, from(foreign, 0))
		require.NoError(t, s.PurgeAttempts(ctx(t), noon.Add(10*time.Minute)))
		mustWait(t, s, from(foreign, 0))
		require.NoError(t, s.PurgeAttempts(ctx(t), noon.Add(15*time.Minute)))
		fail(t, s, 5, from(foreign, 0))
		require.NoError(t, s.PurgeAttempts(ctx(t), noon.Add(29*24*time.Hour)))
		fail(t, s, 5, from(foreign, 0))
		fail(t, s, 1, from(home, 0))
		require.NoError(t, s.PurgeAttempts(ctx(t), noon.Add(30*24*time.Hour)))
		fail(t, s, 5, from(foreign, 0))
		mustWait(t, s, from(home, 0))
	})
}

func sessionsPerAccount(t *testing.T, open func(t *testing.T) store.State) {
	s := open(t)
	mustSession(t, s, "other", "bo@example.com")
	for i := range store.SessionsPerAccount {
		mustSession(t, s, fmt.Sprintf("s%d", i), "anna@example.com")
	}
	for i := range store.SessionsPerAccount {
		if i != 7 && i != 9 {
			require.NoError(t, s.TouchSession(ctx(t), fmt.Sprintf("s%d", i), noon.Add(time.Minute)))
		}
	}
	require.NoError(t, s.TouchSession(ctx(t), "s7", noon.Add(-time.Minute)))
	for _, x := range [][2]string{{"new", "s7"}, {"newer", "s9"}} {
		id, oldest := x[0], x[1]
		ended, err := s.CreateSession(ctx(t), store.Session{
			IDHash: id, Username: "anna@example.com", Stamp: "stamp", Created: noon.Add(2 * time.Minute), LastUsed: noon.Add(2 * time.Minute),
		})
		require.NoError(t, err)
		require.Equal(t, []string{oldest}, ended, "the one used longest ago")
	}
	remain(t, s, map[string]bool{"s7": false, "s9": false, "s0": true, "s49": true, "new": true, "newer": true, "other": true})
}
