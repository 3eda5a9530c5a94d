package servertest

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server"
	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/change"
	"github.com/postern-mail/postern/store/ldapstore"
	"github.com/postern-mail/postern/store/mlmmj"
	"github.com/postern-mail/postern/store/ownership"
	"github.com/postern-mail/postern/store/panelstore"
	passwords "github.com/postern-mail/postern/store/password"
	"github.com/postern-mail/postern/store/policystore"
	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/sqlstore"
	"github.com/postern-mail/postern/store/statestore"
	"github.com/postern-mail/postern/store/storetest"
)

const (
	RootMail = "root@elsewhere.test"
	Password = "Winter-1958-rain"
)

// Fixture is a running server over real stores, with one global admin.
type Fixture struct {
	Databases
	T       testing.TB
	Handler http.Handler
	Sink    *storetest.Sink // where new mailing lists hand in their mail
	Changes *change.Accounts
	Inviter *change.Inviter
	Names   *ownership.Accounts // what the accounts are to the server; new names have to be proven, and no DNS server is known
	Codes   store.ProofCodes
	Mail    *lateFollower // what a test has follow changes besides
	Log     *bytes.Buffer
	Logger  *slog.Logger
	Dir     string

	Deps     server.Deps
	stateURL string
	state    *sqldb.DB // to look at, opened when first needed
}

type Option func(*server.Deps)

// NewFixture opens fresh stores.
func NewFixture(t testing.TB, options ...Option) *Fixture {
	t.Helper()
	w := OpenFixture(t, t.TempDir(), options...)
	w.CreateRoot()
	return w
}

// Spool is the directory of its mailing lists.
func (w *Fixture) Spool() string { return filepath.Join(w.Dir, "mlmmj") }

func (w *Fixture) CreateRoot() {
	w.T.Helper()
	_, err := w.Deps.Accounts.CreateAdmin(w.T.Context(), ByRoot, store.AdminCreate{
		Mail: RootMail, Password: Hashed(w.T, Password), Active: true, Global: true,
	})
	require.NoError(w.T, err)
}

var ByRoot = store.Write{Actor: store.Actor{Username: RootMail, Global: true}}

// OpenFixture opens the stores in dir, which may be a copy of another fixture's.
func OpenFixture(t testing.TB, dir string, options ...Option) *Fixture {
	t.Helper()
	return ServeOn(t, dir, Files(t, dir), "sqlite://"+filepath.Join(dir, "state.db")+"?sync=off", options...)
}

// Files are databases in a directory, their tables created.
func Files(t testing.TB, dir string) Databases {
	t.Helper()
	all := openFiles(t, dir)
	all.CreateTables(t, "sqlite")
	return all
}

// openFiles are the databases in a directory as they are.
func openFiles(t testing.TB, dir string) Databases {
	t.Helper()
	open := func(name string) *sqldb.DB {
		db, err := sqldb.Open("sqlite://" + filepath.Join(dir, name) + "?sync=off")
		require.NoError(t, err)
		return db
	}
	return Databases{Vmail: open("vmail.db"), Panel: open("iredadmin.db"), Amavisd: open("amavisd.db"), Iredapd: open("iredapd.db")}
}

// NewFixtureOn is newFixture on an engine, by the scheme of its URLs: sqlite, mysql, postgres or ldap.
func NewFixtureOn(t *testing.T, engine string, options ...Option) *Fixture {
	t.Helper()
	return NewFixtureAt(t, engine, nil, options...)
}

// NewFixtureAt is NewFixtureOn with stores that take something else than the clock for the time.
func NewFixtureAt(t *testing.T, engine string, now func() time.Time, options ...Option) *Fixture {
	t.Helper()
	dir := t.TempDir()
	var all Databases
	state := "sqlite://" + filepath.Join(dir, "state.db") + "?sync=off"
	switch engine {
	case "sqlite":
		all = Files(t, dir)
	case "ldap":
		all = filesBeside(t, dir, storetest.Directory(t))
	default:
		empty := func() *sqldb.DB { return storetest.Database(t, engine) }
		all = Databases{Vmail: empty(), Panel: empty(), Amavisd: empty(), Iredapd: empty()}
		all.CreateTables(t, engine)
		state = storetest.DatabaseURL(t, engine)
	}
	all.Now = now
	w := ServeOn(t, dir, all, state, options...)
	w.CreateRoot()
	return w
}

// directoryFixture is a server over a directory. What iRedMail keeps in SQL beside it is in files.
func directoryFixture(t testing.TB, at storetest.DirectoryAt, dir string, options ...Option) *Fixture {
	t.Helper()
	return ServeOn(t, dir, filesBeside(t, dir, at), "sqlite://"+filepath.Join(dir, "state.db")+"?sync=off", options...)
}

// filesBeside are a directory and the databases beside it, in files.
func filesBeside(t testing.TB, dir string, at storetest.DirectoryAt) Databases {
	t.Helper()
	open := func(name string) *sqldb.DB {
		db, err := sqldb.Open("sqlite://" + filepath.Join(dir, name) + "?sync=off")
		require.NoError(t, err)
		return db
	}
	all := Databases{Directory: &at, Panel: open("iredadmin.db"), Amavisd: open("amavisd.db"), Iredapd: open("iredapd.db")}
	ctx := t.Context()
	require.NoError(t, errors.Join(panelstore.Schema.Migrate(ctx, all.Panel), policystore.Amavisd.Migrate(ctx, all.Amavisd),
		policystore.Iredapd.Migrate(ctx, all.Iredapd)))
	return all
}

// Databases are those of a fixture, but for the state. Accounts are in vmail or in the directory.
type Databases struct {
	Vmail, Panel, Amavisd, Iredapd *sqldb.DB
	Directory                      *storetest.DirectoryAt
	Lists                          store.Mlmmj      // what runs mailing lists; nil is mlmmj in the fixture's own directory
	Now                            func() time.Time // what the stores take for the time; nil is the clock
}

// accounts opens the store of accounts. The second one is nil on SQL.
func (d Databases) accounts(t testing.TB, locks store.Locks) (store.Accounts, store.Directory) {
	t.Helper()
	if d.Directory == nil {
		o := sqlstore.DefaultOptions()
		if d.Now != nil {
			o.Now = d.Now
		}
		accounts, err := sqlstore.New(t.Context(), d.Vmail, o)
		require.NoError(t, err)
		return accounts, nil
	}
	o := ldapstore.DefaultOptions(ldapstore.Server{
		URL: d.Directory.URL, BindDN: d.Directory.BindDN, BindPassword: store.Secret(d.Directory.BindPassword),
	}, d.Directory.Suffix)
	o.BaseDN, o.AdminBaseDN = d.Directory.Base, d.Directory.AdminBase
	if d.Now != nil {
		o.Now = d.Now
	}
	directory, err := ldapstore.New(o, locks, panelstore.NewMailboxes(d.Panel))
	require.NoError(t, err)
	return directory, directory
}

// CreateTables makes the tables.
func (d Databases) CreateTables(t testing.TB, engine string) {
	t.Helper()
	ctx := t.Context()
	if engine == "sqlite" {
		require.NoError(t, errors.Join(sqlstore.Schema.Migrate(ctx, d.Vmail), panelstore.Schema.Migrate(ctx, d.Panel),
			policystore.Amavisd.Migrate(ctx, d.Amavisd), policystore.Iredapd.Migrate(ctx, d.Iredapd)))
		return
	}
	require.NoError(t, errors.Join(sqlstore.Schema.Create(ctx, d.Vmail), panelstore.Schema.Create(ctx, d.Panel),
		policystore.Amavisd.Create(ctx, d.Amavisd), policystore.Iredapd.Create(ctx, d.Iredapd)))
}

// ServeOn is a server over databases whose tables are created.
func ServeOn(t testing.TB, dir string, on Databases, state string, options ...Option) *Fixture {
	t.Helper()
	w := &Fixture{T: t, Dir: dir, Databases: on, Log: &bytes.Buffer{}, stateURL: state}
	w.Logger = slog.New(slog.NewTextHandler(w.Log, nil))
	sessions, err := statestore.Open(t.Context(), state)
	require.NoError(t, err)
	accounts, directory := on.accounts(t, sessions)
	log := panelstore.New(on.Panel)
	policies := policystore.New(on.Amavisd, on.Iredapd, policystore.DefaultOptions())
	w.Sink = storetest.NewSink(t)
	lists := on.Lists
	if lists == nil {
		lists = mlmmj.NewSpool(mlmmj.SpoolConfig{Spool: w.Spool(), SMTPPort: w.Sink.Port})
	}
	w.Codes, w.Mail = panelstore.NewProofCodes(on.Panel), &lateFollower{}
	followed := change.New(accounts, sessions, w.Logger, change.EndSessions(sessions, accounts), change.ForgetPolicies(policies),
		change.ForgetNames(sessions, w.Codes), change.PanelLog(log), w.Mail, change.FollowLists(accounts, lists, sessions))
	w.Changes = followed
	w.Inviter = change.NewInviter(followed, lists, sessions)
	w.Names = ownership.New(followed, sessions, w.Codes, nil, ownership.Options{Verify: true, InEntries: directory != nil, Log: w.Logger})
	d := server.Deps{
		MailingLists: change.NewMailingLists(followed, lists, sessions, w.Inviter), Ownerships: w.Names,
		Accounts: w.Names, Policies: change.NewPolicies(policies, followed, change.PanelLog(log)), State: sessions, Panel: log,
		LegacyPrefix: "/iredadmin", Log: w.Logger, PasswordScheme: passwords.SSHA,
		SessionIdle: 30 * time.Minute, SessionMax: 12 * time.Hour,
	}
	if directory != nil {
		d.Directory = change.NewDirectory(directory, followed)
	}
	for _, set := range options {
		set(&d)
	}
	w.Deps = d
	w.Serve()
	t.Cleanup(func() {
		_ = accounts.Close()
		_ = sessions.Close()
		_ = log.Close()
		_ = policies.Close()
	})
	return w
}

// lateFollower is a follower that a test sets once the server runs; until then it does nothing.
type lateFollower struct{ change.Follower }

func (f *lateFollower) Name() string { return "set by a test" }

func (f *lateFollower) Follow(ctx context.Context, actor store.Actor, c store.Change) error {
	if f.Follower == nil {
		return nil
	}
	return f.Follower.Follow(ctx, actor, c)
}

// Serve puts a server over the stores.
func (w *Fixture) Serve() {
	w.T.Helper()
	s, err := server.New(w.Deps)
	require.NoError(w.T, err)
	w.Changes.OnChange(s.Forget)
	w.Handler = s.Handler()
}

// CopyFixture opens a copy of another fixture's databases, sessions included.
func CopyFixture(t testing.TB, from string, options ...Option) *Fixture {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(from)))
	return ServeOn(t, dir, openFiles(t, dir), "sqlite://"+filepath.Join(dir, "state.db")+"?sync=off", options...)
}

func Hashed(t testing.TB, password string) store.Secret {
	t.Helper()
	hash, err := passwords.Hash(passwords.SSHA, password)
	require.NoError(t, err)
	return hash
}
