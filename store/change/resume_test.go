package change_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/change"
)

// lastingChanges are one of every sort that must not lose its followers.
var lastingChanges = map[string]func(ctx context.Context, a *change.Accounts) (store.Change, error){
	"delete domain": func(ctx context.Context, a *change.Accounts) (store.Change, error) {
		return a.DeleteDomain(ctx, byRoot, "example.com", 0)
	},
	"delete admin": func(ctx context.Context, a *change.Accounts) (store.Change, error) {
		return a.DeleteAdmin(ctx, byRoot, "root@elsewhere.test")
	},
	"delete user": func(ctx context.Context, a *change.Accounts) (store.Change, error) {
		return a.DeleteUser(ctx, byRoot, "anna@example.com", 0)
	},
	"delete alias": func(ctx context.Context, a *change.Accounts) (store.Change, error) {
		return a.DeleteAlias(ctx, byRoot, "info@example.com")
	},
	"rename user": func(ctx context.Context, a *change.Accounts) (store.Change, error) {
		return a.RenameUser(ctx, byRoot, "anna@example.com", "ann@example.com")
	},
	"disable domain": func(ctx context.Context, a *change.Accounts) (store.Change, error) {
		return a.UpdateDomain(ctx, byRoot, "example.com", store.DomainUpdate{Active: no()})
	},
	"disable admin": func(ctx context.Context, a *change.Accounts) (store.Change, error) {
		return a.UpdateAdmin(ctx, byRoot, "root@elsewhere.test", store.AdminUpdate{Active: no()})
	},
	"disable user": func(ctx context.Context, a *change.Accounts) (store.Change, error) {
		return a.UpdateUser(ctx, byRoot, "anna@example.com", store.UserUpdate{Active: no()})
	},
	"disable alias": func(ctx context.Context, a *change.Accounts) (store.Change, error) {
		return a.UpdateAlias(ctx, byRoot, "info@example.com", store.AliasUpdate{Active: no()})
	},
	"disable users": func(ctx context.Context, a *change.Accounts) (store.Change, error) {
		return a.UpdateUsers(ctx, byRoot, "example.com", store.UsersUpdate{Active: no()})
	},
}

func TestCrash(t *testing.T) {
	for name, call := range lastingChanges {
		crashing := func(t *testing.T, accounts *faultyAccounts, state store.State, followers ...change.Follower) {
			t.Helper()
			require.PanicsWithValue(t, crash{}, func() { _, _ = call(t.Context(), start(accounts, state, followers...)) })
			accounts.before, accounts.after = newAccounts().before, newAccounts().after
			require.Len(t, unfinished(t, state), 1)
		}
		t.Run("before "+name, func(t *testing.T) {
			accounts, state, follower := newAccounts(), openState(t), &recorder{}
			accounts.before = func() error { panic(crash{}) }
			crashing(t, accounts, state)

			require.NoError(t, start(accounts, state, follower).Resume(t.Context()))
			require.Len(t, unfinished(t, state), 1, "another process may be about to do it")
			grow(t, state)
			require.NoError(t, start(accounts, state, follower).Resume(t.Context()))
			require.Empty(t, follower.changes)
			require.Empty(t, unfinished(t, state))
		})
		t.Run("after "+name, func(t *testing.T) {
			accounts, state, follower := newAccounts(), openState(t), &recorder{}
			accounts.after = func() error { panic(crash{}) }
			crashing(t, accounts, state)
			planned := unfinished(t, state)[0]

			a := start(accounts, state, follower)
			var hooked []store.Change
			a.OnChange(func(c store.Change) { hooked = append(hooked, c) })
			require.NoError(t, a.Resume(t.Context()))
			require.Equal(t, []store.Change{planned.Change}, follower.changes)
			require.Equal(t, []store.Actor{byRoot.Actor}, follower.actors)
			require.Equal(t, follower.changes, hooked)
			require.Empty(t, unfinished(t, state))
		})
		t.Run("in a follower of "+name, func(t *testing.T) {
			accounts, state, follower := newAccounts(), openState(t), &recorder{}
			crashing(t, accounts, state, &recorder{told: func(context.Context) { panic(crash{}) }})
			require.NoError(t, start(accounts, state, follower).Resume(t.Context()))
			require.Len(t, follower.changes, 1)
			require.Empty(t, unfinished(t, state))
		})
	}
}

func TestResume(t *testing.T) {
	t.Run("rename whose new name was deleted since", func(t *testing.T) {
		accounts, state, follower := newAccounts(), openState(t), &recorder{}
		accounts.after = func() error { panic(crash{}) }
		require.Panics(t, func() { _, _ = lastingChanges["rename user"](t.Context(), start(accounts, state)) })
		delete(accounts.active, "ann@example.com")
		require.NoError(t, start(accounts, state, follower).Resume(t.Context()))
		require.Len(t, follower.changes, 1)
	})
	t.Run("disabled and deleted since", func(t *testing.T) {
		accounts, state, follower := newAccounts(), openState(t), &recorder{}
		accounts.after = func() error { panic(crash{}) }
		require.Panics(t, func() { _, _ = lastingChanges["disable user"](t.Context(), start(accounts, state)) })
		delete(accounts.active, "anna@example.com")
		require.NoError(t, start(accounts, state, follower).Resume(t.Context()))
		require.Len(t, follower.changes, 1)
	})
	t.Run("oldest first", func(t *testing.T) {
		state, follower := openState(t), &recorder{}
		for i, name := range []string{"c@example.com", "a@example.com", "b@example.com"} {
			begin(t, state, name, time.Now().Add(time.Duration(i)*time.Second))
		}
		require.NoError(t, start(newAccounts(), state, follower).Resume(t.Context()))
		require.Equal(t, []string{"c@example.com", "a@example.com", "b@example.com"}, names(follower))
	})
	t.Run("what cannot be looked at stays, the rest goes on", func(t *testing.T) {
		state, follower := openState(t), &recorder{}
		begin(t, state, "a@example.com", time.Now())
		begin(t, state, "b@example.com", time.Now().Add(time.Second))
		accounts := &blindAccounts{faultyAccounts: newAccounts(), blindTo: "a@example.com"}
		a := start(accounts, state, follower)
		require.ErrorIs(t, a.Resume(t.Context()), errBroken)
		require.Equal(t, []string{"b@example.com"}, names(follower))
		require.Len(t, unfinished(t, state), 1)

		accounts.blindTo = ""
		require.NoError(t, a.Resume(t.Context()))
		require.Equal(t, []string{"b@example.com", "a@example.com"}, names(follower))
	})
	t.Run("leaves alone what a request is at", func(t *testing.T) {
		accounts, state, follower := newAccounts(), openState(t), &recorder{}
		a := start(accounts, state, follower)
		accounts.before = func() error {
			require.NoError(t, a.Resume(t.Context()))
			require.Len(t, unfinished(t, state), 1)
			return nil
		}
		_, err := a.DeleteUser(t.Context(), byRoot, "anna@example.com", 0)
		require.NoError(t, err)
		require.Len(t, follower.changes, 1)
	})
	t.Run("a starting process leaves alone what another one is about to do", func(t *testing.T) {
		accounts, state, follower := newAccounts(), openState(t), &recorder{}
		a := start(accounts, state)
		accounts.before = func() error {
			require.NoError(t, start(accounts, state, follower).Resume(t.Context()))
			return nil
		}
		accounts.after = func() error { panic(crash{}) }
		require.Panics(t, func() { _, _ = lastingChanges["delete user"](t.Context(), a) })
		require.Empty(t, follower.changes)
		require.NoError(t, start(accounts, state, follower).Resume(t.Context()))
		require.Len(t, follower.changes, 1, "it was not forgotten")
	})
	t.Run("only what is left runs in the next process, whoever has the name by then", func(t *testing.T) {
		accounts, state := newAccounts(), openState(t)
		good, bad := &recorder{name: "good"}, &recorder{name: "bad", err: errBroken}
		_, err := lastingChanges["delete user"](t.Context(), start(accounts, state, good, bad))
		require.NoError(t, err)
		accounts.active["anna@example.com"] = true // another one
		require.Equal(t, []string{"bad"}, unfinished(t, state)[0].Left)

		good, bad = &recorder{name: "good"}, &recorder{name: "bad"}
		require.NoError(t, start(accounts, state, good, bad).Resume(t.Context()))
		require.Empty(t, good.changes)
		require.Equal(t, []string{"anna@example.com"}, names(bad))
		require.Empty(t, unfinished(t, state))
	})
	t.Run("a follower that is switched off is left to nobody", func(t *testing.T) {
		accounts, state := newAccounts(), openState(t)
		_, err := lastingChanges["delete user"](t.Context(), start(accounts, state, &recorder{name: "lists", err: errBroken}))
		require.NoError(t, err)
		other := &recorder{name: "other"}
		require.NoError(t, start(accounts, state, other).Resume(t.Context()))
		require.Empty(t, other.changes)
		require.Empty(t, unfinished(t, state))
	})
	t.Run("state database is away", func(t *testing.T) {
		state := openState(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.Error(t, start(newAccounts(), state).Resume(ctx))
	})
}

func TestResumeStale(t *testing.T) {
	state := openState(t)
	begin(t, state, "old@example.com", time.Now().Add(-time.Hour))
	begin(t, state, "young@example.com", time.Now())
	follower := &recorder{}
	require.NoError(t, start(newAccounts(), state, follower).ResumeStale(t.Context()))
	require.Equal(t, []string{"old@example.com"}, names(follower))
}

// blindAccounts cannot read one account.
type blindAccounts struct {
	*faultyAccounts
	blindTo string
}

func (b *blindAccounts) Identity(ctx context.Context, name string) (store.Identity, error) {
	if name == b.blindTo {
		return store.Identity{}, errBroken
	}
	return b.faultyAccounts.Identity(ctx, name)
}

// begin records the deletion of a user that is not there.
func begin(t *testing.T, state store.Intents, name string, at time.Time) {
	t.Helper()
	require.NoError(t, state.BeginIntent(t.Context(), store.Intent{
		ID: name, Created: at,
		Change: store.Change{Action: store.ActionDelete, Noun: store.NounUser, Name: name, Lasting: true},
	}))
}

// grow has what is recorded be from long ago.
func grow(t *testing.T, state store.Intents) {
	t.Helper()
	for _, i := range unfinished(t, state) {
		i.Created = i.Created.Add(-time.Hour)
		require.NoError(t, state.FinishIntent(t.Context(), i.ID))
		require.NoError(t, state.BeginIntent(t.Context(), i))
	}
}

// names returns whom the follower was told about.
func names(r *recorder) []string {
	var list []string
	for _, c := range r.changes {
		list = append(list, c.Name)
	}
	return list
}
