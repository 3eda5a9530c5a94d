package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/change"
	"github.com/postern-mail/postern/store/dovecot"
	"github.com/postern-mail/postern/store/ldapstore"
	"github.com/postern-mail/postern/store/ownership"
	"github.com/postern-mail/postern/store/panelstore"
	"github.com/postern-mail/postern/store/password"
	"github.com/postern-mail/postern/store/spf"
	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/sqlstore"
	"github.com/postern-mail/postern/store/statestore"
)

// stores is everything that Postern keeps, opened.
type stores struct {
	accounts store.Accounts // every write goes the way of store/change
	changes  *change.Accounts
	state    store.State
	policies store.Policies      // writes go the way of store/change too
	mls      store.MailingLists  // nil when they are switched off
	inviter  *change.Inviter     // nil when they are switched off
	spf      *spf.Job            // nil when nobody can be asked
	dns      *spf.Resolver       // nil when nobody can be asked
	names    *ownership.Accounts // what accounts are, with the proof of names
	codes    store.ProofCodes
	panel    store.Panel // nil when there is no panel database
	// directory is where accounts are kept, nil when that is SQL, and ldap the same without followers; mailboxes is what the panel database knows about those of a
	// directory, nil when there is none.
	directory store.Directory
	ldap      *ldapstore.Store
	mailboxes store.Mailboxes
	scheme    password.Scheme
	closers   []func() error
}

// openStores opens the state first, since an interrupted change is recorded there, and the accounts last. What is
// open already is closed again when a later one fails.
func openStores(ctx context.Context, c Config, log *slog.Logger) (*stores, error) {
	scheme, err := password.ParseScheme(c.PasswordScheme)
	if err != nil {
		return nil, err
	}
	s := &stores{scheme: scheme}
	for _, open := range []func() error{
		func() error { return s.openState(ctx, c) },
		func() error { return s.openPanel(ctx, c) },
		func() error { return s.openPolicies(ctx, c, log) },
		func() error { return s.openAccounts(ctx, c, log) },
	} {
		if err := open(); err != nil {
			return nil, errors.Join(err, s.close())
		}
	}
	return s, nil
}

func (s *stores) openState(ctx context.Context, c Config) error {
	d := c.database("state_dsn")
	if err := c.prepare(d); err != nil {
		return inDatabase(d, err)
	}
	state, err := statestore.Open(ctx, c.url(d))
	if err != nil {
		return inDatabase(d, err)
	}
	s.state, s.codes = state, panelstore.NewProofCodes(state.DB())
	s.closers = append(s.closers, state.Close)
	return nil
}

// openPanel opens iRedAdmin's database, if there is one: without it there is no panel's log, nor its settings.
func (s *stores) openPanel(ctx context.Context, c Config) error {
	d := c.database("iredadmin_dsn")
	if c.url(d) == "" {
		return nil
	}
	db, err := s.openLaid(ctx, c, d, panelstore.Schema.Migrate)
	if err == nil {
		err = panelstore.Schema.Check(ctx, db)
	}
	if err != nil {
		return inDatabase(d, err)
	}
	s.panel, s.mailboxes = panelstore.New(db), panelstore.NewMailboxes(db)
	has, err := panelstore.HasProofCodes(ctx, db)
	if err != nil {
		return inDatabase(d, err)
	}
	if has { // otherwise the state has them
		s.codes = panelstore.NewProofCodes(db)
	}
	return nil
}

func (s *stores) openAccounts(ctx context.Context, c Config, log *slog.Logger) error {
	open := s.openTables
	if c.Backend == "ldap" {
		open = s.openDirectory
	}
	accounts, err := open(ctx, c)
	if err != nil {
		return err
	}
	followers := append([]change.Follower{
		change.EndSessions(s.state, accounts), change.ForgetPolicies(s.policies), change.ForgetNames(s.state, s.codes),
	}, s.logFollowers()...)
	lists := c.listDriver()
	if c.Doveadm != "" {
		followers = append(followers, &dovecot.Follower{Program: c.Doveadm, Directory: c.Backend == "ldap", Log: log})
	}
	if lists != nil {
		followers = append(followers, change.FollowLists(accounts, lists, s.state)) // last, for it may take the longest
	}
	s.changes = change.New(accounts, s.state, log, followers...)
	s.names = s.proveNames(c, log)
	s.accounts, s.policies = s.names, change.NewPolicies(s.policies, s.changes, s.logFollowers()...)
	if lists != nil {
		s.inviter = change.NewInviter(s.changes, lists, s.state)
		s.mls = change.NewMailingLists(s.changes, lists, s.state, s.inviter)
	}
	if s.directory != nil {
		s.directory = change.NewDirectory(s.directory, s.changes)
	}
	return nil
}

// openTables opens the account database.
func (s *stores) openTables(ctx context.Context, c Config) (store.Accounts, error) {
	d := c.database("vmail_dsn")
	db, err := s.openLaid(ctx, c, d, sqlstore.Schema.Migrate)
	if err != nil {
		return nil, inDatabase(d, err)
	}
	options := sqlstore.DefaultOptions()
	options.StorageBase, options.StorageNode = filepath.Dir(c.newStorage()), filepath.Base(c.newStorage())
	options.Transports, options.Delimiters = c.transports(), c.Delimiters
	accounts, err := sqlstore.New(ctx, db, options)
	if err != nil {
		return nil, inDatabase(d, err)
	}
	return accounts, nil
}

// openLaid opens a database. In a file of ours the tables are created; on a server they are there, or it is not the right one.
func (s *stores) openLaid(
	ctx context.Context, c Config, d database, create func(context.Context, *sqldb.DB) error,
) (*sqldb.DB, error) {
	db, err := c.open(d)
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, db.Close)
	if c.embedded(d) {
		err = create(ctx, db)
	}
	return db, err
}

// close closes everything, the last opened first.
func (s *stores) close() error {
	var faults []error
	for _, closer := range slices.Backward(s.closers) {
		faults = append(faults, closer())
	}
	s.closers = nil
	return errors.Join(faults...)
}

// inDatabase says which setting names the database that does not open.
func inDatabase(d database, err error) error {
	return fmt.Errorf("%s: open the database %s: %w", variable(d.key), d.name, withHint(err))
}
