package panelstore

import (
	"context"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

var (
	_ store.Panel     = (*Store)(nil)
	_ store.Leftovers = (*Store)(nil)
)

// Store is iRedAdmin's database.
type Store struct{ db *sqldb.DB }

// New returns the store. It takes over db.
func New(db *sqldb.DB) *Store { return &Store{db} }

// Ping implements store.Panel.
func (s *Store) Ping(ctx context.Context) error { return s.db.Ping(ctx) }

// Close implements store.Panel.
func (s *Store) Close() error { return s.db.Close() }
