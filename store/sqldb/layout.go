package sqldb

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Layout is which tables a database has, with the names of their columns in order. The layouts of other programs grew over
// the years, and we never alter them: what is missing reads as nothing and is not written.
type Layout map[string][]string

// Has reports whether there is such a table.
func (l Layout) Has(table string) bool { return len(l[table]) > 0 }

// HasColumn reports whether the table has that column.
func (l Layout) HasColumn(table, column string) bool { return slices.Contains(l[table], column) }

// Present are those of the tables that are there.
func (l Layout) Present(tables ...string) []string {
	return slices.DeleteFunc(slices.Clone(tables), func(table string) bool { return !l.Has(table) })
}

// Layout returns the layout of the database as it was at most a minute ago.
func (db *DB) Layout(ctx context.Context) (Layout, error) {
	return db.layout.get(ctx, db.Reader().Layout)
}

// Layout returns the layout of the database as it is.
func (r *Reader) Layout(ctx context.Context) (Layout, error) {
	var rows []struct {
		Table  string `db:"table_name"`
		Column string `db:"column_name"`
	}
	if err := r.Select(ctx, &rows, r.db.catalogue.layout); err != nil {
		return nil, fmt.Errorf("look at the tables of the database: %w", err)
	}
	tables := Layout{}
	for _, row := range rows {
		table := strings.ToLower(row.Table)
		tables[table] = append(tables[table], strings.ToLower(row.Column))
	}
	return tables, nil
}

// Statements splits a script at the empty lines, by which its statements are separated: a semicolon may stand within
// one. Comments stay with the statement that they precede.
func Statements(script string) []string {
	var list []string
	for part := range strings.SplitSeq(script, "\n\n") {
		if part = strings.TrimRight(strings.TrimSpace(part), ";"); part != "" {
			list = append(list, part)
		}
	}
	return list
}

var createTable = regexp.MustCompile(`(?m)^CREATE TABLE ([a-z_]+) `)

// Lay runs statements that make tables and what belongs to them. When any of the tables is there already it changes
// nothing and says which; when a statement fails nothing is left of those before it.
func (db *DB) Lay(ctx context.Context, statements []string) error {
	there, err := db.Reader().Layout(ctx)
	if err != nil {
		return err
	}
	for _, s := range statements {
		if m := createTable.FindStringSubmatch(s); m != nil && len(there[m[1]]) > 0 {
			return fmt.Errorf("the database has a table %q already; tables are only made where there is none of them,"+
				" and nothing was changed", m[1])
		}
	}
	defer db.layout.forget()
	var made []string
	err = db.Write(ctx, func(tx *Tx) error {
		made = nil
		for i, s := range statements {
			if _, err := tx.q.ExecContext(ctx, s); err != nil {
				return fmt.Errorf("statement %d: %w", i+1, err)
			}
			if m := createTable.FindStringSubmatch(s); m != nil {
				made = append(made, m[1])
			}
		}
		return nil
	})
	if err != nil && !db.wholeDDL {
		err = errors.Join(err, db.tearDown(context.WithoutCancel(ctx), made))
	}
	return err
}

// tearDown removes tables that were made a moment ago, the last one first.
func (db *DB) tearDown(ctx context.Context, made []string) error {
	for _, table := range slices.Backward(made) {
		if err := db.Do(ctx, "DROP TABLE "+table); err != nil {
			return fmt.Errorf("remove table %s again: %w", table, err)
		}
	}
	return nil
}
