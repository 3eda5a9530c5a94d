package change_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/change"
)

// abandoned is the panel's database, or the policies, in which other programs left something of some names.
type abandoned struct {
	names map[string]bool
	err   error
	asked []string
}

func (a *abandoned) HoldsAccount(_ context.Context, name string) (bool, error) {
	return a.names[name], a.err
}

func (a *abandoned) ForgetAccount(_ context.Context, name string) error {
	a.asked = append(a.asked, name)
	if a.err == nil {
		delete(a.names, name)
	}
	return a.err
}

// policiesOf and panelOf show one side of it.
type policiesOf struct {
	store.Policies
	a *abandoned
}

func (p policiesOf) HoldsAccount(ctx context.Context, name string) (bool, error) {
	return p.a.HoldsAccount(ctx, name)
}
func (p policiesOf) ForgetAccount(ctx context.Context, name string) error {
	return p.a.ForgetAccount(ctx, name)
}
func (p policiesOf) RenameAccount(context.Context, string, string) error { return nil }

type panelOf struct {
	store.Panel
	a *abandoned
}

func (p panelOf) HoldsAccount(ctx context.Context, name string) (bool, error) {
	return p.a.HoldsAccount(ctx, name)
}
func (p panelOf) ForgetAccount(ctx context.Context, name string) error {
	return p.a.ForgetAccount(ctx, name)
}
func (p panelOf) AppendLog(context.Context, store.LogEntry) error { return nil }

// TestLeftovers creates and renames accounts to names of which other programs left something in the databases beside them.
func TestLeftovers(t *testing.T) {
	const mail = "new@example.com"
	create := func(ctx context.Context, a *change.Accounts) error {
		_, err := a.CreateUser(ctx, byRoot, store.UserCreate{Mail: mail, Password: "{SSHA}x"})
		return err
	}
	for name, follower := range map[string]func(a *abandoned) change.Follower{
		"policies": func(a *abandoned) change.Follower { return change.ForgetPolicies(policiesOf{a: a}) },
		"panel":    func(a *abandoned) change.Follower { return change.PanelLog(panelOf{a: a}) },
	} {
		t.Run(name+": nothing is left", func(t *testing.T) {
			left := &abandoned{names: map[string]bool{"other@example.com": true}}
			accounts, state := newAccounts(), openState(t)
			require.NoError(t, create(t.Context(), start(accounts, state, follower(left))))
			require.Empty(t, left.asked)
			require.Zero(t, accounts.dryRuns)
			require.Empty(t, unfinished(t, state))
		})
		t.Run(name+": it goes", func(t *testing.T) {
			left := &abandoned{names: map[string]bool{mail: true, "example.org": true}}
			accounts, state := newAccounts(), openState(t)
			a := start(accounts, state, follower(left))
			require.NoError(t, create(t.Context(), a))
			_, err := a.CreateDomain(t.Context(), byRoot, store.DomainCreate{Name: "example.org"})
			require.NoError(t, err)
			require.Equal(t, []string{mail, "example.org"}, left.asked)
			require.Empty(t, unfinished(t, state))
		})
		t.Run(name+": it goes before a rename", func(t *testing.T) {
			left := &abandoned{names: map[string]bool{mail: true}}
			accounts, state := newAccounts(), openState(t)
			a := start(accounts, state, follower(left))
			_, err := a.RenameUser(t.Context(), byRoot, "nobody@example.com", mail)
			require.True(t, store.IsNotFound(err))
			require.Empty(t, left.asked, "nobody gets the name")
			accounts.before = func() error { require.Empty(t, left.names); return nil }
			_, err = a.RenameUser(t.Context(), byRoot, "anna@example.com", mail)
			require.NoError(t, err)
			require.Equal(t, []string{mail}, left.asked)
		})
		t.Run(name+": nobody can say", func(t *testing.T) {
			left := &abandoned{names: map[string]bool{mail: true}, err: errBroken}
			accounts, state := newAccounts(), openState(t)
			require.NoError(t, create(t.Context(), start(accounts, state, follower(left))), "accounts are created all the same")
			require.Len(t, unfinished(t, state), 1)
			left.err = nil
			require.NoError(t, start(accounts, state, follower(left)).Resume(t.Context()))
			require.Empty(t, left.names)
			require.Empty(t, unfinished(t, state))
		})
		t.Run(name+": a crash before it went", func(t *testing.T) {
			left := &abandoned{names: map[string]bool{mail: true}}
			accounts, state := newAccounts(), openState(t)
			accounts.after = func() error { panic(crash{}) }
			require.PanicsWithValue(t, crash{}, func() { _ = create(t.Context(), start(accounts, state, follower(left))) })
			require.NotEmpty(t, left.names)
			accounts.after = func() error { return nil }
			require.NoError(t, start(accounts, state, follower(left)).Resume(t.Context()))
			require.Empty(t, left.names)
			require.Empty(t, unfinished(t, state))
		})
		t.Run(name+": a creation that is refused", func(t *testing.T) {
			left := &abandoned{names: map[string]bool{mail: true}}
			accounts, state := newAccounts(), openState(t)
			accounts.before = func() error { return store.AlreadyExists(mail) }
			require.True(t, store.HasCode(create(t.Context(), start(accounts, state, follower(left))), store.CodeAlreadyExists))
			require.Empty(t, left.asked)
			require.Empty(t, unfinished(t, state))
		})
	}
	t.Run("an admin has no policies", func(t *testing.T) {
		left := &abandoned{names: map[string]bool{"sub@admins.test": true}}
		accounts := newAccounts()
		a := start(accounts, openState(t), change.ForgetPolicies(policiesOf{a: left}))
		_, err := a.CreateAdmin(t.Context(), byRoot, store.AdminCreate{Mail: "sub@admins.test"})
		require.NoError(t, err)
		require.Empty(t, left.asked)
	})
	t.Run("policies wait for it", func(t *testing.T) {
		left := &abandoned{names: map[string]bool{mail: true}}
		accounts, state := newAccounts(), openState(t)
		a := start(accounts, state, change.ForgetPolicies(policiesOf{a: left}))
		left.err = errBroken
		require.NoError(t, create(t.Context(), a))
		_, err := change.NewPolicies(policiesOf{a: left}, a).DeleteSpamPolicy(t.Context(), byRoot, mail)
		var refusal *store.Error
		require.True(t, errors.As(err, &refusal))
		require.Equal(t, store.Unavailable, refusal.Kind)
	})
}

// TestListsNameNobodyByMistake creates an account and a domain that lists name as owners and moderators, by an admin of one of
// the lists. Whoever gets the name does not get the right; it gets the mail.
func TestListsNameNobodyByMistake(t *testing.T) { onBothDrivers(t, listsNameNobodyByMistake) }

func listsNameNobodyByMistake(t *testing.T, open func(t *testing.T) *post) {
	const mail = "new@example.com"
	subscriber := []store.Subscriber{{Mail: mail, Subscription: store.SubscribeNormal}}
	prepare := func(t *testing.T, p *post, mails ...string) {
		withTenant(t, p)
		for _, list := range []string{dev, foreign} {
			require.NoError(t, p.driver.Unsubscribe(t.Context(), list, nil))
			require.NoError(t, p.driver.Subscribe(t.Context(), list, store.SubscribeNormal, mails[:1]))
			people := append([]string{"bo@example.com"}, mails...)
			require.NoError(t, p.driver.ConfigureList(t.Context(), list, store.MlmmjUpdate{
				Owners: &people, Moderators: &people, SubscriptionModerators: &people,
			}))
		}
		p.restart()
	}
	t.Run("create", func(t *testing.T) {
		p := open(t)
		prepare(t, p, mail, "postmaster@example.com")
		_, err := p.all().CreateUser(t.Context(), byTenant, store.UserCreate{Mail: mail, Password: "{SSHA}x"})
		require.NoError(t, err)
		requirePeople(t, p, dev, subscriber, "bo@example.com", "postmaster@example.com")
		requirePeople(t, p, foreign, subscriber, "bo@example.com", mail, "postmaster@example.com")
		_, err = p.all().CreateUser(t.Context(), byTenant, store.UserCreate{Mail: "postmaster@example.com", Password: "{SSHA}x"})
		require.NoError(t, err)
		requirePeople(t, p, dev, subscriber, "bo@example.com", "postmaster@example.com")
		require.Empty(t, unfinished(t, p.state))
	})
	t.Run("rename", func(t *testing.T) {
		p := open(t)
		prepare(t, p, mail)
		_, err := p.all().RenameUser(t.Context(), byTenant, "anna@example.com", mail)
		require.NoError(t, err)
		requirePeople(t, p, dev, subscriber, "bo@example.com")
		requirePeople(t, p, foreign, subscriber, "bo@example.com", mail)
	})
	t.Run("a domain, by a global admin", func(t *testing.T) {
		p := open(t)
		prepare(t, p, "me@new.test")
		_, err := p.all().CreateDomain(t.Context(), byRoot, store.DomainCreate{Name: "new.test"})
		require.NoError(t, err)
		for _, list := range []string{dev, foreign} {
			requirePeople(t, p, list, []store.Subscriber{{Mail: "me@new.test", Subscription: store.SubscribeNormal}}, "bo@example.com")
		}
	})
	t.Run("while mlmmj is away", func(t *testing.T) {
		p := open(t)
		prepare(t, p, mail)
		p.fails = func(name string) error {
			if name == "ConfigureList" {
				return store.Down("mlmmj", errBroken)
			}
			return nil
		}
		_, err := p.all().CreateUser(t.Context(), byTenant, store.UserCreate{Mail: mail, Password: "{SSHA}x"})
		require.NoError(t, err)
		require.Len(t, unfinished(t, p.state), 1)
		p.restart()
		require.NoError(t, p.all().Resume(t.Context()))
		requirePeople(t, p, dev, subscriber, "bo@example.com")
	})
}
