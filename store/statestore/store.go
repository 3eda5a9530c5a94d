package statestore

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/turns"
)

var _ store.State = (*Store)(nil)

//go:embed migrations
var files embed.FS

// Schema is the tables of the state database, which are ours on every engine.
var Schema = sqldb.Schema{Name: "the state database", Migrations: sqldb.Sub(files, "migrations")}

// Store keeps sessions, intents and locks.
type Store struct {
	db    *sqldb.DB
	turns turns.Queue // of the names that this process locks
	shelf holder

	counted      atomic.Int64 // attempts
	mostAttempts int
}

// Open opens the database of a URL (see sqldb.Open) and brings its tables to the newest version.
func Open(ctx context.Context, url string) (*Store, error) {
	db, err := sqldb.Open(url)
	if err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	if err = Schema.Migrate(ctx, db); err != nil {
		return nil, errors.Join(fmt.Errorf("state: %w", err), db.Close())
	}
	shelf, err := newHolder(db, url)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("state: %w", err), db.Close())
	}
	return &Store{db: db, shelf: shelf, mostAttempts: store.MostAttempts}, nil
}

// Uses is what is done with the tables. Whoever opens the state makes them, too, and adds to them in an upgrade.
func Uses() []sqldb.Use {
	return sqldb.Uses(sqldb.AllRights, "goose_db_version", "sessions", "intents", "invitations", "name_marks", "domain_ownership",
		"attempts", "log_ins", "shared_keys")
}

// Ping implements store.State.
func (s *Store) Ping(ctx context.Context) error { return s.db.Ping(ctx) }

// Close implements store.State.
func (s *Store) Close() error { return errors.Join(s.shelf.close(), s.db.Close()) }

// exec runs one statement in its own transaction; what says what it was for.
func (s *Store) exec(ctx context.Context, what, query string, args ...any) error {
	err := s.db.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(ctx, query, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
