package sqlstore

import (
	"context"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
	"github.com/postern-mail/postern/store/sqldb"
)

var _ store.Accounts = (*Store)(nil)

// Options are the server's defaults for new accounts.
type Options struct {
	StorageBase   string           // root of all mailboxes, such as /var/vmail
	StorageNode   string           // directory below it, such as vmail1
	Transports    rules.Transports // the default one, and those that admins who are not global may set
	MailboxFormat string           // maildir, mdbox or sdbox
	MailboxFolder string           // such as Maildir
	Delimiters    string           // each may begin an extension of an address (Postfix's recipient_delimiter)
	Now           func() time.Time
}

// DefaultOptions are those of iRedMail's installer.
func DefaultOptions() Options {
	return Options{
		StorageBase:   "/var/vmail",
		StorageNode:   "vmail1",
		Transports:    rules.DefaultTransports(),
		MailboxFormat: "maildir",
		MailboxFolder: "Maildir",
		Delimiters:    "+",
		Now:           time.Now,
	}
}

func (o Options) mailboxes() rules.Mailboxes {
	return rules.Mailboxes{Format: o.MailboxFormat, Folder: o.MailboxFolder}
}

// Store keeps accounts in SQL.
type Store struct {
	db      *sqldb.DB
	options Options
	schema  sqldb.Layout
	limits  sqldb.TextLimits
}

// New looks at which tables and columns there are and returns the store. It takes over db.
func New(ctx context.Context, db *sqldb.DB, options Options) (*Store, error) {
	schema, err := discover(ctx, db)
	if err != nil {
		return nil, err
	}
	limits, err := db.Reader().TextLimits(ctx)
	if err != nil {
		return nil, err
	}
	return &Store{db: db, options: options, schema: schema, limits: limits}, nil
}

// Ping implements store.Accounts.
func (s *Store) Ping(ctx context.Context) error { return s.db.Ping(ctx) }

// Close implements store.Accounts.
func (s *Store) Close() error { return s.db.Close() }
