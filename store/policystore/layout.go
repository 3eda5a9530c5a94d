package policystore

import (
	"context"
	"strings"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// A group of operations whose table is missing is not configured, and a column that is missing reads as its default and is not
// written: the layouts of Amavisd and iRedAPD grew over the years.

// lacks returns NOT_CONFIGURED, naming the first of the tables that is missing.
func lacks(l sqldb.Layout, owner string, tables []string) error {
	for _, table := range tables {
		if !l.Has(table) {
			return store.Fail(store.Unavailable, store.CodeNotConfigured,
				"%s's database has no table %s. Upgrade %s to enable this operation.", owner, table, owner)
		}
	}
	return nil
}

// column is one that is read, and what stands for it where it is missing.
type column struct{ name, missing string }

// selected are the columns as a query reads them.
func selected(l sqldb.Layout, table string, columns []column) string {
	parts := make([]string, len(columns))
	for i, c := range columns {
		parts[i] = c.name
		if !l.HasColumn(table, c.name) {
			parts[i] = c.missing + " AS " + c.name
		}
	}
	return strings.Join(parts, ", ")
}

// needAmavisd returns Amavisd's database with its layout, or NOT_CONFIGURED where it or one of the tables is missing.
func (s *Store) needAmavisd(ctx context.Context, tables ...string) (*sqldb.DB, sqldb.Layout, error) {
	if s.amavisd == nil {
		return nil, nil, store.NotConfigured("Amavisd's database", "POSTERN_AMAVISD_DSN")
	}
	l, err := s.amavisd.Layout(ctx)
	if err == nil {
		err = lacks(l, "Amavisd", tables)
	}
	return s.amavisd, l, err
}

// needIredapd returns iRedAPD's database with its layout, or NOT_CONFIGURED where it or one of the tables is missing.
func (s *Store) needIredapd(ctx context.Context, tables ...string) (*sqldb.DB, sqldb.Layout, error) {
	if s.iredapd == nil {
		return nil, nil, store.NotConfigured("iRedAPD's database", "POSTERN_IREDAPD_DSN")
	}
	l, err := s.iredapd.Layout(ctx)
	if err == nil {
		err = lacks(l, "iRedAPD", tables)
	}
	return s.iredapd, l, err
}
