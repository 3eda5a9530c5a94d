package storetest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// Locks runs the suite of store.Locks on two stores that share them, as those of two processes do.
func Locks(t *testing.T, one, other store.Locks) {
	t.Helper()
	both := []store.Locks{one, other}
	t.Run("one at a time", func(t *testing.T) {
		var inside, most atomic.Int64
		counter := 0 // without a lock of its own: the race detector and the sum tell
		var all sync.WaitGroup
		errs := make([]error, 32)
		for i := range errs {
			all.Go(func() {
				errs[i] = both[i%2].Locked(ctx(t), []string{"domain example.com", "admin anna@example.com"}, func(context.Context) error {
					most.Store(max(most.Load(), inside.Add(1)))
					counter++
					inside.Add(-1)
					return nil
				})
			})
		}
		all.Wait()
		require.NoError(t, errors.Join(errs...))
		require.Equal(t, len(errs), counter)
		require.Equal(t, int64(1), most.Load())
	})
	t.Run("other names do not wait, and order does not matter", func(t *testing.T) {
		err := one.Locked(ctx(t), []string{"b", "a"}, func(c context.Context) error {
			return other.Locked(c, []string{"d", "c"}, func(context.Context) error { return nil })
		})
		require.NoError(t, err)
		var all sync.WaitGroup
		errs := make([]error, 20)
		for i := range errs {
			names := []string{"a", "b"}
			if i%3 == 0 {
				names = []string{"b", "a", "b"}
			}
			all.Go(func() { errs[i] = both[i%2].Locked(ctx(t), names, func(context.Context) error { return nil }) })
		}
		all.Wait()
		require.NoError(t, errors.Join(errs...))
	})
	t.Run("too late", func(t *testing.T) {
		for _, second := range both {
			err := one.Locked(ctx(t), []string{"a", "x"}, func(context.Context) error {
				short, cancel := context.WithTimeout(ctx(t), 50*time.Millisecond)
				defer cancel()
				err := second.Locked(short, []string{"x", "z"}, func(context.Context) error {
					t.Error("it is held")
					return nil
				})
				requireCode(t, err, store.Unavailable, store.CodeInProgress)
				return nil
			})
			require.NoError(t, err)
			require.NoError(t, second.Locked(ctx(t), []string{"x", "z"}, func(context.Context) error { return nil }), "it is free again")
		}
	})
	t.Run("the error of the function, and the lock is free after it", func(t *testing.T) {
		sorry := errors.New("sorry")
		require.ErrorIs(t, one.Locked(ctx(t), []string{"a"}, func(context.Context) error { return sorry }), sorry)
		require.NoError(t, other.Locked(ctx(t), []string{"a"}, func(context.Context) error { return nil }))
	})
}
