package policystore

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// layout is which tables a database has, with their columns. Those of Amavisd and iRedAPD grew over the years, and we never
// alter them: a group of operations whose table is missing is not configured, a column that is missing reads as its default
// and is not written.
type layout map[string][]string

// layoutAge is how long a layout is remembered: an upgrade may change it under a running server.
const layoutAge = time.Minute

// layouts are those of the two databases.
type layouts struct {
	mu    sync.Mutex
	known map[*sqldb.DB]layout
	read  map[*sqldb.DB]time.Time
}

// of returns the layout of a database.
func (l *layouts) of(ctx context.Context, db *sqldb.DB) (layout, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if known := l.known[db]; known != nil && time.Since(l.read[db]) < layoutAge {
		return known, nil
	}
	tables, err := db.Reader().Layout(ctx)
	if err != nil {
		return nil, err
	}
	if l.known == nil {
		l.known, l.read = map[*sqldb.DB]layout{}, map[*sqldb.DB]time.Time{}
	}
	l.known[db], l.read[db] = tables, time.Now()
	return tables, nil
}

func (l layout) has(table string) bool { return len(l[table]) > 0 }

func (l layout) hasColumn(table, column string) bool { return slices.Contains(l[table], column) }

// present are those of the tables that are there.
func (l layout) present(tables []string) []string {
	return slices.DeleteFunc(slices.Clone(tables), func(table string) bool { return !l.has(table) })
}

// lacks returns NOT_CONFIGURED, naming the first of the tables that is missing.
func (l layout) lacks(owner string, tables []string) error {
	for _, table := range tables {
		if !l.has(table) {
			return store.Fail(store.Unavailable, store.CodeNotConfigured,
				"%s's database has no table %s. Upgrade %s to enable this operation.", owner, table, owner)
		}
	}
	return nil
}

// column is one that is read, and what stands for it where it is missing.
type column struct{ name, missing string }

// selected are the columns as a query reads them.
func (l layout) selected(table string, columns []column) string {
	parts := make([]string, len(columns))
	for i, c := range columns {
		parts[i] = c.name
		if !l.hasColumn(table, c.name) {
			parts[i] = c.missing + " AS " + c.name
		}
	}
	return strings.Join(parts, ", ")
}

// needAmavisd returns Amavisd's database with its layout, or NOT_CONFIGURED where it or one of the tables is missing.
func (s *Store) needAmavisd(ctx context.Context, tables ...string) (*sqldb.DB, layout, error) {
	if s.amavisd == nil {
		return nil, nil, store.NotConfigured("Amavisd's database", "POSTERN_AMAVISD_DSN")
	}
	l, err := s.layouts.of(ctx, s.amavisd)
	if err == nil {
		err = l.lacks("Amavisd", tables)
	}
	return s.amavisd, l, err
}

// needIredapd returns iRedAPD's database with its layout, or NOT_CONFIGURED where it or one of the tables is missing.
func (s *Store) needIredapd(ctx context.Context, tables ...string) (*sqldb.DB, layout, error) {
	if s.iredapd == nil {
		return nil, nil, store.NotConfigured("iRedAPD's database", "POSTERN_IREDAPD_DSN")
	}
	l, err := s.layouts.of(ctx, s.iredapd)
	if err == nil {
		err = l.lacks("iRedAPD", tables)
	}
	return s.iredapd, l, err
}
