package ldapstore

import (
	"context"
	"fmt"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

// Options say where the directory is, and the server's defaults for new accounts.
type Options struct {
	Server      Server
	BaseDN      string // above all domains, such as o=domains,dc=example,dc=com
	AdminBaseDN string // above all standalone admins, such as o=domainAdmins,dc=example,dc=com

	StorageRoot   string           // directory of new mailboxes, such as /var/vmail/vmail1
	Transports    rules.Transports // the default one, and those that admins who are not global may set
	MailboxFormat string           // maildir, mdbox or sdbox
	MailboxFolder string           // such as Maildir
	Delimiters    string           // each may begin an extension of an address (Postfix's recipient_delimiter)
	Now           func() time.Time
}

// DefaultOptions are those of iRedMail's installer, for a directory whose suffix is known.
func DefaultOptions(server Server, suffix string) Options {
	return Options{
		Server:        server,
		BaseDN:        "o=domains," + suffix,
		AdminBaseDN:   "o=domainAdmins," + suffix,
		StorageRoot:   "/var/vmail/vmail1",
		Transports:    rules.DefaultTransports(),
		MailboxFormat: "maildir",
		MailboxFolder: "Maildir",
		Delimiters:    "+",
		Now:           time.Now,
	}
}

var (
	_ store.Accounts  = (*Store)(nil)
	_ store.Directory = (*Store)(nil)
)

func (o Options) mailboxes() rules.Mailboxes {
	return rules.Mailboxes{Format: o.MailboxFormat, Folder: o.MailboxFolder}
}

// Store keeps accounts in a directory.
type Store struct {
	pool      *pool
	tree      tree
	options   Options
	locks     store.Locks
	mailboxes store.Mailboxes
	addresses *snapshots
	lookups   int // see lookupSize
	// cut is asked before each step of a write; an error ends the write there, as a crash would. Only tests set it.
	cut func(step step) error
	// plans is shown each plan before it is applied. Only tests set it.
	plans func(p *plan)
	// received is told how many entries each answer of the server has. Only tests set it.
	received func(entries int)
}

// New returns the store of a directory. Nothing is asked of the server yet. The locks keep those apart who write about
// the same domain; every process that writes to the directory has to share them. Mailboxes may be nil: then nothing is
// known about how full they are, and none is recorded when it goes.
func New(options Options, locks store.Locks, mailboxes store.Mailboxes) (*Store, error) {
	base, err := ldap.ParseDN(options.BaseDN)
	if err != nil {
		return nil, badDN("base", err)
	}
	admins, err := ldap.ParseDN(options.AdminBaseDN)
	if err != nil {
		return nil, badDN("admin base", err)
	}
	if mailboxes == nil {
		mailboxes = noMailboxes{}
	}
	return &Store{
		pool:      newPool(options.Server),
		tree:      tree{base: base.String(), admins: admins.String()},
		options:   options,
		locks:     locks,
		mailboxes: mailboxes,
		addresses: newSnapshots(),
		lookups:   lookupSize,
	}, nil
}

// CheckDN returns what is wrong with the text of a DN.
func CheckDN(text string) error {
	_, err := ldap.ParseDN(text)
	return err
}

// Check returns an error unless the directory answers and has what is above all domains and admins.
func (s *Store) Check(ctx context.Context) error {
	for _, dn := range []string{s.tree.base, s.tree.admins} {
		e, err := s.read(ctx, dn, anything, "1.1")
		if err != nil {
			return err
		}
		if e == nil {
			return fmt.Errorf("the directory has no entry %s, or does not show it to who asks", dn)
		}
	}
	return nil
}

// Ping implements store.Accounts.
func (s *Store) Ping(ctx context.Context) error {
	_, err := s.read(ctx, s.tree.base, classDomainBase)
	return err
}

// Close implements store.Accounts.
func (s *Store) Close() error { return s.pool.close() }
