package change_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/change"
)

func TestChangeThatIsNotLasting(t *testing.T) {
	for name, call := range map[string]func(a *change.Accounts, w store.Write) (store.Change, error){
		"create": func(a *change.Accounts, w store.Write) (store.Change, error) {
			return a.CreateUser(t.Context(), w, store.UserCreate{Mail: "new@example.com"})
		},
		"update": func(a *change.Accounts, w store.Write) (store.Change, error) {
			return a.UpdateUser(t.Context(), w, "anna@example.com", store.UserUpdate{})
		},
	} {
		t.Run(name, func(t *testing.T) {
			accounts, intents, follower := newAccounts(), &countingIntents{Intents: openState(t)}, &recorder{}
			a := start(accounts, intents, follower)
			c, err := call(a, byRoot)
			require.NoError(t, err)
			require.Equal(t, []store.Change{c}, follower.changes)
			require.Equal(t, []store.Actor{byRoot.Actor}, follower.actors)
			require.Zero(t, accounts.dryRuns)
			require.Zero(t, intents.begun, "it costs no intent")
		})
	}
	t.Run("disabling what is disabled", func(t *testing.T) {
		accounts, intents, follower := newAccounts(), &countingIntents{Intents: openState(t)}, &recorder{}
		accounts.active["anna@example.com"] = false
		_, err := start(accounts, intents, follower).UpdateUser(t.Context(), byRoot, "anna@example.com", store.UserUpdate{Active: no()})
		require.NoError(t, err)
		require.Len(t, follower.changes, 1)
		require.Zero(t, intents.begun)
	})
	t.Run("failing write has no followers", func(t *testing.T) {
		accounts, follower := newAccounts(), &recorder{}
		accounts.before = func() error { return errBroken }
		_, err := start(accounts, openState(t), follower).CreateUser(t.Context(), byRoot, store.UserCreate{Mail: "new@example.com"})
		require.ErrorIs(t, err, errBroken)
		require.Empty(t, follower.changes)
	})
}

func TestLastingChange(t *testing.T) {
	t.Run("is recorded before it happens and forgotten after", func(t *testing.T) {
		accounts, state := newAccounts(), openState(t)
		var during []store.Intent
		accounts.before = func() error { during = unfinished(t, state); return nil }
		follower := &recorder{told: func(context.Context) { require.Len(t, unfinished(t, state), 1) }}
		c, err := start(accounts, state, follower).DeleteUser(t.Context(), byRoot, "anna@example.com", 0)
		require.NoError(t, err)
		require.Equal(t, []store.Change{c}, follower.changes)
		require.NotNil(t, c.Before, "followers see the account as it was")
		require.Empty(t, unfinished(t, state))

		require.Len(t, during, 1)
		want := c
		want.Before = nil
		require.Equal(t, want, during[0].Change)
		require.Equal(t, byRoot.Actor, during[0].Actor)
		require.WithinDuration(t, time.Now(), during[0].Created, time.Minute)
	})
	t.Run("dry run", func(t *testing.T) {
		accounts, intents, follower := newAccounts(), &countingIntents{Intents: openState(t)}, &recorder{}
		a := start(accounts, intents, follower)
		a.OnChange(func(store.Change) { t.Error("nothing changed") })
		dry := byRoot
		dry.DryRun = true
		_, err := a.DeleteUser(t.Context(), dry, "anna@example.com", 0)
		require.NoError(t, err)
		_, err = a.UpdateUser(t.Context(), dry, "anna@example.com", store.UserUpdate{})
		require.NoError(t, err)
		require.Contains(t, accounts.active, "anna@example.com")
		require.Empty(t, follower.changes)
		require.Zero(t, intents.begun)
	})
	t.Run("refused at the plan", func(t *testing.T) {
		intents := &countingIntents{Intents: openState(t)}
		_, err := start(newAccounts(), intents).DeleteUser(t.Context(), byRoot, "eve@example.com", 0)
		require.True(t, store.HasCode(err, store.CodeNoSuchAccount))
		require.Zero(t, intents.begun)
	})
	t.Run("intent cannot be recorded", func(t *testing.T) {
		accounts, follower := newAccounts(), &recorder{}
		_, err := start(accounts, &countingIntents{Intents: openState(t), err: errBroken}, follower).DeleteUser(t.Context(), byRoot, "anna@example.com", 0)
		require.ErrorIs(t, err, errBroken)
		require.Contains(t, accounts.active, "anna@example.com", "nothing is written")
		require.Empty(t, follower.changes)
	})
	t.Run("hook comes after the write and before the followers", func(t *testing.T) {
		accounts := newAccounts()
		var order []string
		accounts.after = func() error { order = append(order, "write"); return nil }
		follower := &recorder{told: func(context.Context) { order = append(order, "follower") }}
		a := start(accounts, openState(t), follower)
		a.OnChange(func(c store.Change) { order = append(order, "hook of "+c.Name) })
		_, err := a.DeleteUser(t.Context(), byRoot, "anna@example.com", 0)
		require.NoError(t, err)
		require.Equal(t, []string{"write", "hook of anna@example.com", "follower"}, order)
	})
	t.Run("followers outlive the request", func(t *testing.T) {
		accounts := newAccounts()
		ctx, cancel := context.WithCancel(t.Context())
		accounts.after = func() error { cancel(); return nil }
		follower := &recorder{told: func(ctx context.Context) {
			require.NoError(t, ctx.Err())
			_, bounded := ctx.Deadline()
			require.True(t, bounded)
		}}
		state := openState(t)
		_, err := start(accounts, state, follower).DeleteUser(ctx, byRoot, "anna@example.com", 0)
		require.NoError(t, err)
		require.Len(t, follower.changes, 1)
		require.Empty(t, unfinished(t, state))
	})
}

func TestFailingFollower(t *testing.T) {
	t.Run("does not fail the request, nor the followers after it", func(t *testing.T) {
		bad, good := &recorder{name: "bad", err: errBroken}, &recorder{name: "good"}
		a := start(newAccounts(), openState(t), bad, good)
		_, err := a.CreateUser(t.Context(), byRoot, store.UserCreate{Mail: "new@example.com"})
		require.NoError(t, err)
		require.Len(t, good.changes, 1)
	})
	t.Run("is run again, the others are not", func(t *testing.T) {
		state := openState(t)
		bad, good := &recorder{name: "bad", err: errBroken}, &recorder{name: "good"}
		a := start(newAccounts(), state, bad, good)
		_, err := a.DeleteUser(t.Context(), byRoot, "anna@example.com", 0)
		require.NoError(t, err)
		require.Len(t, unfinished(t, state), 1)

		require.NoError(t, a.Resume(t.Context()), "still failing")
		require.Len(t, unfinished(t, state), 1)

		bad.err = nil
		require.NoError(t, a.Resume(t.Context()))
		require.Len(t, bad.changes, 1)
		require.Len(t, good.changes, 1)
		require.Empty(t, unfinished(t, state))
	})
}

func TestFailingDecision(t *testing.T) {
	for name, c := range map[string]struct {
		err   error
		stays bool
	}{
		"refused":             {store.Fail(store.Conflict, store.CodeLastGlobalAdmin, "No active global admin would be left."), false},
		"changed meanwhile":   {store.Fail(store.PreconditionFailed, store.CodePreconditionFailed, "It has changed."), false},
		"connection lost":     {store.Down("The database", errBroken), true},
		"request given up":    {context.Canceled, true},
		"trouble of any sort": {errBroken, true},
	} {
		t.Run(name, func(t *testing.T) {
			accounts, state, follower := newAccounts(), openState(t), &recorder{}
			accounts.before = func() error { return c.err }
			a := start(accounts, state, follower)
			_, err := a.DeleteUser(t.Context(), byRoot, "anna@example.com", 0)
			require.ErrorIs(t, err, c.err)
			require.Empty(t, follower.changes)
			require.Equal(t, c.stays, len(unfinished(t, state)) == 1)

			require.NoError(t, a.Resume(t.Context()))
			require.Equal(t, c.stays, len(unfinished(t, state)) == 1, "it may still happen")
			grow(t, state)
			require.NoError(t, a.Resume(t.Context()), "it did not happen")
			require.Empty(t, unfinished(t, state))
			require.Empty(t, follower.changes)
		})
	}
	t.Run("connection lost after the commit", func(t *testing.T) {
		accounts, state, follower := newAccounts(), openState(t), &recorder{}
		lost := store.Down("The database", errBroken)
		accounts.after = func() error { return lost }
		a := start(accounts, state, follower)
		var hooked []store.Change
		a.OnChange(func(c store.Change) { hooked = append(hooked, c) })
		_, err := a.DeleteUser(t.Context(), byRoot, "anna@example.com", 0)
		require.ErrorIs(t, err, lost)
		require.Len(t, hooked, 1, "what is cached may be wrong")
		require.Empty(t, follower.changes)

		require.NoError(t, a.Resume(t.Context()))
		require.Len(t, follower.changes, 1)
		require.Empty(t, unfinished(t, state))
	})
}

// countingIntents counts, and fails while err is set.
type countingIntents struct {
	store.Intents
	begun int
	err   error
}

func (c *countingIntents) BeginIntent(ctx context.Context, i store.Intent) error {
	c.begun++
	if c.err != nil {
		return c.err
	}
	return c.Intents.BeginIntent(ctx, i)
}
