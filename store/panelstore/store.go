// Package panelstore writes to and reads from iRedAdmin's own database (named iredadmin).
package panelstore

import (
	"context"
	"embed"
	"io/fs"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

var _ store.Panel = (*Store)(nil)

//go:embed migrations/sqlite/*.sql
var migrations embed.FS

// Store is iRedAdmin's database.
type Store struct {
	db *sqldb.DB
}

// Migrate lays or updates the tables of an embedded database. It must never be called on a database of iRedMail's.
func Migrate(ctx context.Context, db *sqldb.DB) error {
	dir, err := fs.Sub(migrations, "migrations/sqlite")
	if err != nil {
		return err
	}
	return db.Migrate(ctx, dir)
}

// New returns the store. It takes over db.
func New(db *sqldb.DB) *Store { return &Store{db} }

// Ping implements store.Panel.
func (s *Store) Ping(ctx context.Context) error { return s.db.Ping(ctx) }

// Close implements store.Panel.
func (s *Store) Close() error { return s.db.Close() }
