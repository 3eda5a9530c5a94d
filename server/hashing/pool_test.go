package hashing

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/password"
)

// callers calls run from n goroutines, each of which blocks until the returned release is called. It returns once places are
// taken and waiting more wait; more than that were refused.
type callers struct {
	pool    *Pool
	inside  atomic.Int64
	most    atomic.Int64
	refused atomic.Int64
	gate    chan struct{}
	done    sync.WaitGroup
}

func newCallers(pool *Pool) *callers { return &callers{pool: pool, gate: make(chan struct{})} }

func (c *callers) add(ctx context.Context, n int, costly bool) {
	for range n {
		c.done.Go(func() {
			err := c.pool.run(ctx, costly, func() {
				c.most.Store(max(c.most.Load(), c.inside.Add(1)))
				<-c.gate
				c.inside.Add(-1)
			})
			if err != nil {
				c.refused.Add(1)
			}
		})
	}
}

func (c *callers) wait(t *testing.T, what func() bool) {
	t.Helper()
	require.Eventually(t, what, 10e9, 1e6)
}

func TestPoolIsAsWideAsTheCores(t *testing.T) {
	c := newCallers(newPool(3, 2, 2))
	c.add(t.Context(), 20, false)
	c.wait(t, func() bool { return c.inside.Load() == 3 && c.refused.Load() == 20-3-3*2 })
	close(c.gate)
	c.done.Wait()
	require.EqualValues(t, 3, c.most.Load())
	require.EqualValues(t, 11, c.refused.Load(), "those that wait get their turn")
	require.NoError(t, c.pool.run(t.Context(), false, func() {}), "and all places are free again")
}

func TestCostlyHashesTakeOnePlace(t *testing.T) {
	c := newCallers(newPool(3, 2, 2))
	c.add(t.Context(), 10, true)
	c.wait(t, func() bool { return c.inside.Load() == 1 && c.refused.Load() == 10-1-2 })
	ran := false
	require.NoError(t, c.pool.run(t.Context(), false, func() { ran = true }), "others go on beside it")
	require.True(t, ran)
	close(c.gate)
	c.done.Wait()
	require.EqualValues(t, 1, c.most.Load())
}

func TestWaitingEndsWithTheRequest(t *testing.T) {
	c := newCallers(newPool(1, 5, 1))
	c.add(t.Context(), 1, false)
	c.wait(t, func() bool { return c.inside.Load() == 1 })
	ctx, cancel := context.WithCancel(t.Context())
	c.add(ctx, 3, false)
	cancel()
	c.wait(t, func() bool { return c.refused.Load() == 3 })
	close(c.gate)
	c.done.Wait()
}

func TestBusySaysWhenToComeAgain(t *testing.T) {
	c := newCallers(newPool(1, 0, 0))
	c.add(t.Context(), 1, false)
	c.wait(t, func() bool { return c.inside.Load() == 1 })
	_, err := c.pool.Hash(t.Context(), password.SSHA, "secret")
	var e *store.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, "SERVER_BUSY", e.Code)
	require.Equal(t, store.Unavailable, e.Kind)
	require.Positive(t, e.RetryAfter)
	_, err = c.pool.Verify(t.Context(), "{PLAIN}secret", "secret")
	require.ErrorAs(t, err, &e)
	close(c.gate)
	c.done.Wait()
	hash, err := c.pool.Hash(t.Context(), password.SSHA, "secret")
	require.NoError(t, err)
	ok, err := c.pool.Verify(t.Context(), hash, "secret")
	require.NoError(t, err)
	require.True(t, ok)
}
