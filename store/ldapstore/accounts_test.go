package ldapstore_test

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/ldapstore"
	"github.com/postern-mail/postern/store/panelstore"
	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/statestore"
	"github.com/postern-mail/postern/store/storetest"
)

func TestAccountsOnOpenLDAP(t *testing.T) {
	w := newFixture(t)
	storetest.Accounts(t, func(t *testing.T) storetest.Fixture {
		t.Helper()
		w.empty(t)
		return storetest.Fixture{Accounts: w.store, Directory: &w.at, Panel: w.panel, Break: w.breakDown}
	})
}

// fixture is a directory with what a store on it needs beside.
type fixture struct {
	at    storetest.DirectoryAt
	panel *sqldb.DB
	locks store.Locks
	store *ldapstore.Store
	clear func(t *testing.T)
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	w := &fixture{at: storetest.Directory(t)}
	dir := t.TempDir()
	var err error
	w.panel, err = sqldb.Open("sqlite://" + filepath.Join(dir, "iredadmin.db") + "?sync=off")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.panel.Close()) })
	require.NoError(t, panelstore.Schema.Migrate(t.Context(), w.panel))
	w.clear = storetest.Emptier(t, w.panel)
	state, err := statestore.Open(t.Context(), "sqlite://"+filepath.Join(dir, "state.db")+"?sync=off")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, state.Close()) })
	w.locks = state
	w.store = w.open(t)
	return w
}

// options are those of a store on the directory.
func (w *fixture) options() ldapstore.Options {
	o := ldapstore.DefaultOptions(ldapstore.Server{
		URL: w.at.URL, BindDN: w.at.BindDN, BindPassword: store.Secret(w.at.BindPassword),
	}, w.at.Suffix)
	o.BaseDN, o.AdminBaseDN = w.at.Base, w.at.AdminBase
	return o
}

// open returns a further store on the same directory.
func (w *fixture) open(t *testing.T) *ldapstore.Store {
	t.Helper()
	s, err := ldapstore.New(w.options(), w.locks, panelstore.NewMailboxes(w.panel))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// empty removes all accounts.
func (w *fixture) empty(t *testing.T) {
	t.Helper()
	storetest.EmptyDirectory(t, w.at)
	w.clear(t)
}

// breakDown has every write fail before its first step, as when the directory goes.
func (w *fixture) breakDown(t *testing.T, _ string) (mend func()) {
	t.Helper()
	w.store.Cut(func(string) error { return errors.New("broken by the test") })
	return func() { w.store.Cut(nil) }
}

// mailboxes is what is known beside the directory.
func (w *fixture) mailboxes() store.Mailboxes { return panelstore.NewMailboxes(w.panel) }

// search returns the names of what a filter finds below the domains.
func (w *fixture) search(t *testing.T, filter string) []string {
	t.Helper()
	request := ldap.NewSearchRequest(w.at.Base, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false, filter, []string{"1.1"}, nil)
	found, err := w.at.Connect(t).Search(request)
	require.NoError(t, err)
	names := []string{}
	for _, e := range found.Entries {
		names = append(names, e.DN)
	}
	return names
}

// requireNothing asserts that a filter finds nothing.
func (w *fixture) requireNothing(t *testing.T, filter string) {
	t.Helper()
	require.Empty(t, w.search(t, filter), filter)
}
