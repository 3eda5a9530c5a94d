package sqldb

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// ErrNotLaid says that a database lacks tables which it must have.
var ErrNotLaid = errors.New("it is not of iRedMail's layout")

// Columns returns the column names of a table in their order, empty when there is no such table.
func (r *Reader) Columns(ctx context.Context, table string) ([]string, error) {
	var names []string
	err := r.Select(ctx, &names, r.db.Dialect.columns, table)
	for i := range names {
		names[i] = strings.ToLower(names[i])
	}
	return names, err
}

// Layout returns the tables of the database with the names of their columns in order.
func (r *Reader) Layout(ctx context.Context) (map[string][]string, error) {
	var rows []struct {
		Table  string `db:"table_name"`
		Column string `db:"column_name"`
	}
	if err := r.Select(ctx, &rows, r.db.Dialect.layout); err != nil {
		return nil, fmt.Errorf("look at the tables of the database: %w", err)
	}
	tables := map[string][]string{}
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
	if err != nil && !db.Dialect.wholeDDL {
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
