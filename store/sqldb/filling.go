package sqldb

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// RequiredColumn is a column that an insert has to name: it may not be NULL and has no default.
type RequiredColumn struct {
	Table      string `db:"table_name"`
	Name       string `db:"column_name"`
	Kind       string // its type without a length
	Definition string // its type as the table was made with
}

// filling are the columns that inserts have to name, by table. An upgrade of iRedMail leaves some of them behind, such as
// alias.goto, which nobody reads any more: they get an empty text or 0.
type filling map[string][]RequiredColumn

// Required returns the columns of all tables that an insert has to name.
func (r *Reader) Required(ctx context.Context) ([]RequiredColumn, error) {
	var all []RequiredColumn
	if err := r.Select(ctx, &all, r.db.catalogue.required); err != nil {
		return nil, fmt.Errorf("look for columns that rows must have: %w", err)
	}
	for i := range all {
		all[i].Table, all[i].Name = strings.ToLower(all[i].Table), strings.ToLower(all[i].Name)
	}
	return all, nil
}

// filling reads them.
func (r *Reader) filling(ctx context.Context) (filling, error) {
	all, err := r.Required(ctx)
	if err != nil {
		return nil, err
	}
	f := filling{}
	for _, c := range all {
		f[c.Table] = append(f[c.Table], c)
	}
	return f, nil
}

// The marks in an insert.
const (
	columnsMark = "{columns}"
	valuesMark  = "{values}"
)

// filled puts what the table demands beyond the columns that the insert names in the place of the marks.
func (tx *Tx) filled(ctx context.Context, table, query string) (string, error) {
	all, err := tx.db.filling.get(ctx, tx.filling)
	if err != nil {
		return "", err
	}
	head, _, ok := strings.Cut(query, columnsMark)
	if !ok {
		return "", fmt.Errorf("an insert into %s has no mark for further columns", table)
	}
	_, list, _ := strings.Cut(head, "(")
	var named []string
	for name := range strings.SplitSeq(list, ",") {
		named = append(named, strings.ToLower(strings.Trim(strings.TrimSpace(name), "`\"")))
	}
	columns, values := "", ""
	for _, c := range all[table] {
		if !slices.Contains(named, c.Name) {
			columns += ", " + tx.Quote(c.Name)
			values += ", " + c.empty()
		}
	}
	return strings.NewReplacer(columnsMark, columns, valuesMark, values).Replace(query), nil
}

// empty is the literal for nothing in a column of that type.
func (c RequiredColumn) empty() string {
	kind := strings.ToLower(c.Kind)
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(kind, w) })
	}
	switch {
	case has("bool"):
		return "FALSE"
	case has("int", "dec", "num", "float", "double", "real", "bit", "year"):
		return "0"
	case has("timestamp", "datetime"):
		return "'1970-01-01 01:01:01'"
	case has("date"):
		return "'1970-01-01'"
	case has("time"):
		return "'00:00:00'"
	}
	return "''"
}
