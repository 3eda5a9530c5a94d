package change_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// stalled is a follower that answers when nobody waits any longer, unless it works again.
type stalled struct{ works bool }

func (s *stalled) Name() string { return "stalled" }

func (s *stalled) Follow(ctx context.Context, _ store.Actor, _ store.Change) error {
	if s.works {
		return nil
	}
	<-ctx.Done()
	return ctx.Err()
}

func TestStalledFollower(t *testing.T) {
	for name, write := range map[string]func(ctx context.Context, a store.Accounts) (store.Change, error){
		"of a create": func(ctx context.Context, a store.Accounts) (store.Change, error) {
			return a.CreateUser(ctx, byRoot, store.UserCreate{Mail: "new@example.com"})
		},
		"of a delete": func(ctx context.Context, a store.Accounts) (store.Change, error) {
			return a.DeleteUser(ctx, byRoot, "anna@example.com", 0)
		},
	} {
		t.Run(name, func(t *testing.T) {
			state, follower := openState(t), &stalled{}
			a := start(newAccounts(), state, follower)
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			begun := time.Now()
			_, err := write(ctx, a)
			require.NoError(t, err, "the change has happened")
			require.Less(t, time.Since(begun), 2*time.Second, "the answer comes when it is due")

			follower.works = true
			require.NoError(t, a.Resume(t.Context()))
			require.Empty(t, unfinished(t, state), "what is left is taken up later")
		})
	}
}
