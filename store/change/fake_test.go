package change_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/change"
	"github.com/postern-mail/postern/store/statestore"
)

// crash stands for the end of the process.
type crash struct{}

// faultyAccounts is just enough of an account store to go wrong at the deciding write. Accounts are active or not;
// an address with neither does not exist.
type faultyAccounts struct {
	store.Accounts
	active map[string]bool
	// before and after are called around the deciding write.
	before, after func() error
	dryRuns       int
}

func newAccounts() *faultyAccounts {
	nothing := func() error { return nil }
	return &faultyAccounts{
		active: map[string]bool{
			"anna@example.com": true, "bo@example.com": true, "info@example.com": true, "root@elsewhere.test": true, "example.com": true,
		},
		before: nothing, after: nothing,
	}
}

// write makes a change the way an engine does: plan, stop at a dry run, apply.
func (f *faultyAccounts) write(w store.Write, c store.Change, apply func()) (store.Change, error) {
	if _, ok := f.active[c.Name]; !ok && c.Action != store.ActionCreate {
		return store.Change{}, store.NoSuchAccount(c.Name)
	}
	if w.DryRun {
		f.dryRuns++
		return c, nil
	}
	if err := f.before(); err != nil {
		return store.Change{}, err
	}
	apply()
	if err := f.after(); err != nil {
		return store.Change{}, err
	}
	return c, nil
}

func (f *faultyAccounts) CreateDomain(_ context.Context, w store.Write, d store.DomainCreate) (store.Change, error) {
	c := store.Change{Action: store.ActionCreate, Noun: store.NounDomain, Name: d.Name}
	return f.write(w, c, func() { f.active[d.Name] = true })
}

func (f *faultyAccounts) CreateAdmin(_ context.Context, w store.Write, n store.AdminCreate) (store.Change, error) {
	c := store.Change{Action: store.ActionCreate, Noun: store.NounAdmin, Name: n.Mail}
	return f.write(w, c, func() { f.active[n.Mail] = true })
}

func (f *faultyAccounts) CreateUser(_ context.Context, w store.Write, u store.UserCreate) (store.Change, error) {
	c := store.Change{Action: store.ActionCreate, Noun: store.NounUser, Name: u.Mail, Domain: store.DomainOf(u.Mail)}
	return f.write(w, c, func() { f.active[u.Mail] = true })
}

func (f *faultyAccounts) remove(w store.Write, noun store.Noun, name string) (store.Change, error) {
	c := store.Change{Action: store.ActionDelete, Noun: noun, Name: name, EndsSessions: true, Lasting: true,
		Before: store.Record{{Name: "name", Value: "of " + name}}}
	return f.write(w, c, func() { delete(f.active, name) })
}

func (f *faultyAccounts) DeleteUser(_ context.Context, w store.Write, mail string, _ int) (store.Change, error) {
	return f.remove(w, store.NounUser, mail)
}

func (f *faultyAccounts) DeleteDomain(_ context.Context, w store.Write, name string, _ int) (store.Change, error) {
	return f.remove(w, store.NounDomain, name)
}

func (f *faultyAccounts) DeleteAdmin(_ context.Context, w store.Write, mail string) (store.Change, error) {
	return f.remove(w, store.NounAdmin, mail)
}

func (f *faultyAccounts) DeleteAlias(_ context.Context, w store.Write, mail string) (store.Change, error) {
	return f.remove(w, store.NounAlias, mail)
}

func (f *faultyAccounts) RenameUser(_ context.Context, w store.Write, mail, newMail string) (store.Change, error) {
	c := store.Change{Action: store.ActionRename, Noun: store.NounUser, Name: mail, NewName: newMail,
		EndsSessions: true, Lasting: true}
	return f.write(w, c, func() { delete(f.active, mail); f.active[newMail] = true })
}

func (f *faultyAccounts) set(w store.Write, noun store.Noun, name string, active *bool) (store.Change, error) {
	c := store.Change{Action: store.ActionUpdate, Noun: noun, Name: name}
	if active != nil && *active != f.active[name] {
		c.Action = store.ActionEnable
		if !*active {
			c.Action, c.EndsSessions, c.Lasting = store.ActionDisable, true, true
		}
	}
	return f.write(w, c, func() {
		if active != nil {
			f.active[name] = *active
		}
	})
}

func (f *faultyAccounts) UpdateUser(_ context.Context, w store.Write, mail string, u store.UserUpdate) (store.Change, error) {
	return f.set(w, store.NounUser, mail, u.Active)
}

func (f *faultyAccounts) UpdateDomain(_ context.Context, w store.Write, name string, u store.DomainUpdate) (store.Change, error) {
	return f.set(w, store.NounDomain, name, u.Active)
}

func (f *faultyAccounts) UpdateAdmin(_ context.Context, w store.Write, mail string, u store.AdminUpdate) (store.Change, error) {
	return f.set(w, store.NounAdmin, mail, u.Active)
}

func (f *faultyAccounts) UpdateAlias(_ context.Context, w store.Write, mail string, u store.AliasUpdate) (store.Change, error) {
	return f.set(w, store.NounAlias, mail, u.Active)
}

func (f *faultyAccounts) UpdateUsers(_ context.Context, w store.Write, domain string, u store.UsersUpdate) (store.Change, error) {
	c := store.Change{Action: store.ActionDisable, Noun: store.NounUser, Name: domain, Domain: domain,
		EndsSessions: true, Lasting: true, Discarded: []string{"bo@example.com"}}
	return f.write(w, c, func() { f.active["anna@example.com"] = *u.Active })
}

func (f *faultyAccounts) Identity(_ context.Context, name string) (store.Identity, error) {
	active, ok := f.active[name]
	if !ok {
		return store.Identity{}, store.NoSuchAccount(name)
	}
	return store.Identity{Username: name, Mailbox: store.DomainOf(name) == "example.com", Active: active}, nil
}

func (f *faultyAccounts) DomainRules(_ context.Context, name string) (store.DomainRules, error) {
	active, ok := f.active[name]
	if !ok {
		return store.DomainRules{}, store.NoSuchDomain(name)
	}
	return store.DomainRules{Active: active}, nil
}

func (f *faultyAccounts) UserAddresses(_ context.Context, filter store.UserFilter, _ store.PageRequest) (store.Page[string], error) {
	return f.addresses(filter.DisabledOnly, "anna@example.com", "bo@example.com"), nil
}

func (f *faultyAccounts) AliasAddresses(_ context.Context, filter store.AliasFilter, _ store.PageRequest) (store.Page[string], error) {
	return f.addresses(filter.DisabledOnly, "info@example.com"), nil
}

func (f *faultyAccounts) Alias(_ context.Context, mail string) (store.Alias, error) {
	if _, ok := f.active[mail]; !ok {
		return store.Alias{}, store.NoSuchAccount(mail)
	}
	return store.Alias{Mail: mail}, nil
}

func (f *faultyAccounts) MailingListAddresses(context.Context, store.MailingListFilter, store.PageRequest) (store.Page[string], error) {
	return store.Page[string]{}, nil
}

func (f *faultyAccounts) addresses(disabledOnly bool, names ...string) store.Page[string] {
	return store.Page[string]{Items: slices.DeleteFunc(names, func(n string) bool {
		active, ok := f.active[n]
		return !ok || disabledOnly && active
	})}
}

// recorder is a follower that remembers what it was told, and fails while err is set.
type recorder struct {
	name    string
	err     error
	actors  []store.Actor
	changes []store.Change
	told    func(ctx context.Context)
}

func (r *recorder) Name() string { return r.name }

func (r *recorder) Follow(ctx context.Context, actor store.Actor, c store.Change) error {
	if r.told != nil {
		r.told(ctx)
	}
	if r.err != nil {
		return r.err
	}
	r.actors, r.changes = append(r.actors, actor), append(r.changes, c)
	return nil
}

var errBroken = errors.New("broken by the test")

var byRoot = store.Write{Actor: store.Actor{Username: "root@elsewhere.test", IP: "192.0.2.7", Global: true, API: true}}

func no() *bool { b := false; return &b }

func openState(t *testing.T) *statestore.Store {
	t.Helper()
	s, err := statestore.Open(t.Context(), "sqlite://"+filepath.Join(t.TempDir(), "state.db")+"?sync=off")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// start makes the decorator that a fresh process would.
func start(accounts store.Accounts, intents store.Intents, followers ...change.Follower) *change.Accounts {
	return change.New(accounts, intents, slog.New(slog.NewTextHandler(io.Discard, nil)), followers...)
}

// unfinished returns the recorded intents.
func unfinished(t *testing.T, intents store.Intents) []store.Intent {
	t.Helper()
	got, err := intents.UnfinishedIntents(t.Context())
	require.NoError(t, err)
	return got
}
