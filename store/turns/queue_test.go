package turns

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// TestQueue lets two admins write: one waits for its own write and not for that of the other.
func TestQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var q Queue
		first, err := q.Take(t.Context(), "adma")
		require.NoError(t, err)
		second := make(chan func())
		go func() {
			done, err := q.Take(t.Context(), "adma")
			require.NoError(t, err)
			second <- done
		}()
		synctest.Wait()
		select {
		case <-second:
			t.Fatal("the second write of an admin began beside its first")
		default:
		}
		other, err := q.Take(t.Context(), "admb")
		require.NoError(t, err, "another admin waits for nobody")
		other()

		impatient, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = q.Take(impatient, "adma")
		require.ErrorIs(t, err, context.Canceled)

		_, err = q.Take(impatient, "admb", "adma")
		require.ErrorIs(t, err, context.Canceled, "one of two names is taken")
		both, err := q.Take(t.Context(), "admb", "admc")
		require.NoError(t, err, "nothing is held of what came in vain")
		both()

		first()
		(<-second)()
		require.Empty(t, q.lines, "nothing is kept of whoever has left")
	})
}
