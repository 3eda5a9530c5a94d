package policystore

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

var (
	_ store.Policies  = (*Store)(nil)
	_ store.Leftovers = (*Store)(nil)
)

// Options of the store.
type Options struct {
	SubjectPrefix string // what is put in front of the subject of spam, with a space at its end
	Now           func() time.Time
}

// DefaultOptions are those of iRedMail.
func DefaultOptions() Options { return Options{SubjectPrefix: "[SPAM] ", Now: time.Now} }

// Store keeps policies in SQL.
type Store struct {
	amavisd *sqldb.DB // nil when it is not configured, and so iredapd
	iredapd *sqldb.DB
	options Options
}

// New returns the store over the databases, either of which may be nil. It takes them over.
func New(amavisd, iredapd *sqldb.DB, options Options) *Store {
	return &Store{amavisd: amavisd, iredapd: iredapd, options: options}
}

// Ping implements store.Policies.
func (s *Store) Ping(ctx context.Context) error {
	return s.both(func(db *sqldb.DB) error { return db.Ping(ctx) })
}

// Close implements store.Policies.
func (s *Store) Close() error { return s.both((*sqldb.DB).Close) }

// both does something with each database that there is.
func (s *Store) both(do func(db *sqldb.DB) error) error {
	var faults []error
	for _, db := range []*sqldb.DB{s.amavisd, s.iredapd} {
		if db != nil {
			faults = append(faults, do(db))
		}
	}
	return errors.Join(faults...)
}

// ForgetAccount implements store.Policies. The two databases are cleared one after the other; what the first cannot does
// not keep the second from it.
func (s *Store) ForgetAccount(ctx context.Context, name string) error {
	return errors.Join(s.forgetAmavisd(ctx, name), s.forgetIredapd(ctx, name))
}

// HoldsAccount implements store.Leftovers.
func (s *Store) HoldsAccount(ctx context.Context, name string) (bool, error) {
	amavisd, err := s.inAmavisd(ctx, name)
	if amavisd {
		return true, nil
	}
	iredapd, e := s.inIredapd(ctx, name)
	return iredapd, errors.Join(err, e)
}

// of is the condition, with its argument, that a column holds an account: an address or, for a domain name, the domain or an
// address in it.
func of(column, name string) (condition, arg string) {
	if strings.Contains(name, "@") {
		return column + " = ?", name
	}
	return column + " LIKE ? ESCAPE '!'", "%@" + strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(name)
}

// RenameAccount implements store.Policies.
func (s *Store) RenameAccount(ctx context.Context, from, to string) error {
	return errors.Join(s.renameAmavisd(ctx, from, to), s.renameIredapd(ctx, from, to))
}
