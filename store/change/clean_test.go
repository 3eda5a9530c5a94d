package change_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/change"
)

// policies keeps who was forgotten and carried, and fails while it is told to.
type policies struct {
	store.Policies
	fails     error
	forgotten []string
	carried   [][2]string
	written   []store.PolicyAccount
}

func (p *policies) DeleteGreylisting(_ context.Context, _ store.Write, account store.PolicyAccount) (store.Change, error) {
	p.written = append(p.written, account)
	return store.Change{}, nil
}

func (p *policies) ForgetAccount(_ context.Context, name string) error {
	if p.fails == nil {
		p.forgotten = append(p.forgotten, name)
	}
	return p.fails
}

func (p *policies) RenameAccount(_ context.Context, from, to string) error {
	if p.fails == nil {
		p.carried = append(p.carried, [2]string{from, to})
	}
	return p.fails
}

var errAway = errors.New("the database is away")

func TestPoliciesFollow(t *testing.T) {
	p := &policies{}
	a := start(newAccounts(), openState(t), change.ForgetPolicies(p))
	_, err := a.DeleteUser(t.Context(), byRoot, "anna@example.com", 0)
	require.NoError(t, err)
	_, err = a.RenameUser(t.Context(), byRoot, "bo@example.com", "bob@example.com")
	require.NoError(t, err)
	_, err = a.DeleteAdmin(t.Context(), byRoot, "root@elsewhere.test")
	require.NoError(t, err)
	_, err = a.DeleteDomain(t.Context(), byRoot, "example.com", 0)
	require.NoError(t, err)
	require.Equal(t, []string{"anna@example.com", "example.com"}, p.forgotten, "an admin has none")
	require.Equal(t, [][2]string{{"bo@example.com", "bob@example.com"}}, p.carried)
}

// TestNamesAreClearedFirst deletes or renames while the policies cannot follow. Nobody may get the name before they could:
// the new account's own would go.
func TestNamesAreClearedFirst(t *testing.T) {
	newUser := func(mail string) func(ctx context.Context, a *change.Accounts) error {
		return func(ctx context.Context, a *change.Accounts) error {
			_, err := a.CreateUser(ctx, byRoot, store.UserCreate{Mail: mail})
			return err
		}
	}
	tests := map[string]struct {
		name  string // of who is gone
		gone  func(ctx context.Context, a *change.Accounts) (store.Change, error)
		taken func(ctx context.Context, a *change.Accounts) error
		free  func(ctx context.Context, a *change.Accounts) error
	}{
		"user deleted":   {"anna@example.com", lastingChanges["delete user"], newUser("anna@example.com"), newUser("new@example.com")},
		"user renamed":   {"anna@example.com", lastingChanges["rename user"], newUser("anna@example.com"), newUser("new@example.com")},
		"alias deleted":  {"info@example.com", lastingChanges["delete alias"], newUser("info@example.com"), newUser("new@example.com")},
		"domain deleted": {"example.com", lastingChanges["delete domain"], newUser("anyone@example.com"), newUser("new@other.test")},
		"domain deleted, and made again": {"example.com", lastingChanges["delete domain"], func(ctx context.Context, a *change.Accounts) error {
			_, err := a.CreateDomain(ctx, byRoot, store.DomainCreate{Name: "example.com"})
			return err
		}, newUser("new@other.test")},
		"user deleted, another renamed to it": {"anna@example.com", lastingChanges["delete user"], func(ctx context.Context, a *change.Accounts) error {
			_, err := a.RenameUser(ctx, byRoot, "bo@example.com", "anna@example.com")
			return err
		}, newUser("new@example.com")},
	}
	for name, test := range tests {
		for _, restarted := range []bool{false, true} {
			t.Run(map[bool]string{false: name, true: name + ", restarted"}[restarted], func(t *testing.T) {
				accounts, state, p := newAccounts(), openState(t), &policies{fails: errAway}
				a := start(accounts, state, change.ForgetPolicies(p))
				_, err := test.gone(t.Context(), a)
				require.NoError(t, err)
				if restarted {
					a = start(accounts, state, change.ForgetPolicies(p))
					require.NoError(t, a.Resume(t.Context()))
				}
				err = test.taken(t.Context(), a)
				require.True(t, store.HasCode(err, store.CodeServerDown), "%v", err)
				require.NoError(t, test.free(t.Context(), a), "another name")

				p.fails = nil
				require.NoError(t, test.taken(t.Context(), a))
				require.Equal(t, test.name, append(p.forgotten, left(p.carried)...)[0], "before anything of the new one")
				require.Empty(t, unfinished(t, state))
			})
		}
	}
}

func left(pairs [][2]string) []string {
	list := make([]string, len(pairs))
	for i, p := range pairs {
		list[i] = p[0]
	}
	return list
}

// TestFailingLogsHoldNobodyUp has a follower fail that cleans nothing.
func TestFailingLogsHoldNobodyUp(t *testing.T) {
	follower := &recorder{}
	follower.err = errAway
	a := start(newAccounts(), openState(t), follower)
	_, err := a.DeleteUser(t.Context(), byRoot, "anna@example.com", 0)
	require.NoError(t, err)
	_, err = a.CreateUser(t.Context(), byRoot, store.UserCreate{Mail: "anna@example.com"})
	require.NoError(t, err)
}

// TestNamesAreClearedOfOtherProcesses has another process that shares the state be in the middle of a deletion.
func TestNamesAreClearedOfOtherProcesses(t *testing.T) {
	create := func(a *change.Accounts, mail string) error {
		_, err := a.CreateUser(t.Context(), byRoot, store.UserCreate{Mail: mail})
		return err
	}
	t.Run("at work", func(t *testing.T) {
		accounts, state, away := newAccounts(), openState(t), &policies{fails: errAway}
		other := start(accounts, state, change.ForgetPolicies(away))
		_, err := other.DeleteUser(t.Context(), byRoot, "anna@example.com", 0)
		require.NoError(t, err)
		here := start(accounts, state, change.ForgetPolicies(&policies{}))
		err = create(here, "anna@example.com")
		require.True(t, store.HasCode(err, store.CodeServerDown), "%v", err)
		require.NoError(t, create(here, "new@example.com"), "another name")
		away.fails = nil
		require.NoError(t, create(other, "anna@example.com"), "who is at it may finish")
	})
	t.Run("gone for long", func(t *testing.T) {
		accounts, state, p := newAccounts(), openState(t), &policies{}
		delete(accounts.active, "anna@example.com")
		require.NoError(t, state.BeginIntent(t.Context(), store.Intent{
			ID: "1", Created: time.Now().Add(-time.Hour),
			Change: store.Change{Action: store.ActionDelete, Noun: store.NounUser, Name: "anna@example.com", Domain: "example.com", Lasting: true},
		}))
		require.NoError(t, create(start(accounts, state, change.ForgetPolicies(p)), "anna@example.com"))
		require.Equal(t, []string{"anna@example.com"}, p.forgotten)
		require.Empty(t, unfinished(t, state))
	})
}

// TestNamesThatAnotherProcessCleared has another process do what is left here: the name is free then.
func TestNamesThatAnotherProcessCleared(t *testing.T) {
	state, p := openState(t), &policies{fails: errAway}
	a := start(newAccounts(), state, change.ForgetPolicies(p))
	_, err := a.DeleteUser(t.Context(), byRoot, "anna@example.com", 0)
	require.NoError(t, err)
	create := func() error {
		_, err := a.CreateUser(t.Context(), byRoot, store.UserCreate{Mail: "anna@example.com"})
		return err
	}
	require.True(t, store.HasCode(create(), store.CodeServerDown))
	require.NoError(t, state.FinishIntent(t.Context(), unfinished(t, state)[0].ID), "the other one has")
	require.NoError(t, create())
	require.NoError(t, a.Resume(t.Context()))
	require.Empty(t, p.forgotten)
}

// TestWhatIsCarriedComesFirst renames and deletes while the policies cannot follow. Whoever gets the name next must not get
// what the first one brought along.
func TestWhatIsCarriedComesFirst(t *testing.T) {
	state, p := openState(t), &policies{fails: errAway}
	a := start(newAccounts(), state, change.ForgetPolicies(p))
	_, err := a.RenameUser(t.Context(), byRoot, "bo@example.com", "bob@example.com")
	require.NoError(t, err)
	drop := func() error {
		_, err := a.DeleteUser(t.Context(), byRoot, "bob@example.com", 0)
		return err
	}
	require.True(t, store.HasCode(drop(), store.CodeServerDown), "not before they came along")
	p.fails = nil
	require.NoError(t, drop())
	require.Equal(t, [][2]string{{"bo@example.com", "bob@example.com"}}, p.carried)
	require.Equal(t, []string{"bob@example.com"}, p.forgotten)
	require.Empty(t, unfinished(t, state))
}

// TestPoliciesWaitForTheName sets a policy while that of an earlier account of the name is still to be removed, or while one
// is still to be brought along: it would go with that.
func TestPoliciesWaitForTheName(t *testing.T) {
	set := func(p *change.Policies, account store.PolicyAccount) error {
		_, err := p.DeleteGreylisting(t.Context(), byRoot, account)
		return err
	}
	for name, test := range map[string]struct {
		account store.PolicyAccount
		gone    string
	}{
		"deleted":        {"anna@example.com", "delete user"},
		"renamed":        {"anna@example.com", "rename user"},
		"renamed to it":  {"ann@example.com", "rename user"},
		"domain deleted": {"@example.com", "delete domain"},
		"in that domain": {"anna@example.com", "delete domain"},
	} {
		t.Run(name, func(t *testing.T) {
			state, kept := openState(t), &policies{fails: errAway}
			a := start(newAccounts(), state, change.ForgetPolicies(kept))
			p := change.NewPolicies(kept, a)
			_, err := lastingChanges[test.gone](t.Context(), a)
			require.NoError(t, err)
			require.True(t, store.HasCode(set(p, test.account), store.CodeServerDown))
			require.NoError(t, set(p, "@other.test"))
			require.NoError(t, set(p, store.Everybody))
			kept.fails = nil
			require.NoError(t, set(p, test.account))
			require.Empty(t, unfinished(t, state))
			require.Equal(t, []store.PolicyAccount{"@other.test", store.Everybody, test.account}, kept.written)
		})
	}
}

// TestNobodyKnows has the answer to a deletion get lost. Who recorded it need not wait until it is old.
func TestNobodyKnows(t *testing.T) {
	create := func(a *change.Accounts) error {
		_, err := a.CreateUser(t.Context(), byRoot, store.UserCreate{Mail: "anna@example.com"})
		return err
	}
	accounts, state, p := newAccounts(), openState(t), &policies{}
	a := start(accounts, state, change.ForgetPolicies(p))
	accounts.after = func() error { return errBroken }
	_, err := lastingChanges["delete user"](t.Context(), a)
	require.ErrorIs(t, err, errBroken)
	accounts.after = newAccounts().after
	require.NoError(t, create(a))
	require.Equal(t, []string{"anna@example.com"}, p.forgotten)
	require.Empty(t, unfinished(t, state))
}

// TestWhatHasNotHappenedHoldsNobodyUp has another process be about to delete an account: its name is not to be cleaned.
func TestWhatHasNotHappenedHoldsNobodyUp(t *testing.T) {
	state, p := openState(t), &policies{}
	require.NoError(t, state.BeginIntent(t.Context(), store.Intent{
		ID: "1", Created: time.Now(),
		Change: store.Change{Action: store.ActionDelete, Noun: store.NounUser, Name: "anna@example.com", Domain: "example.com", Lasting: true},
	}))
	a := start(newAccounts(), state, change.ForgetPolicies(p))
	_, err := change.NewPolicies(p, a).DeleteGreylisting(t.Context(), byRoot, "anna@example.com")
	require.NoError(t, err)
	require.Len(t, unfinished(t, state), 1)
}
