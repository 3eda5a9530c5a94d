package sqlstore

import (
	"slices"
	"strings"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

// never is when an account without an end expires.
var never = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// insert plans a new row with those of the values for which the table has a column, and returns it in the order of
// the table. A table that is missing gets nothing.
func (s *Store) insert(p *plan, table string, values map[string]any) store.Record {
	row := store.Record{}
	for _, column := range s.schema[table] {
		if v, ok := values[column]; ok {
			row = append(row, store.Field{Name: column, Value: v})
		}
	}
	if len(row) == 0 {
		return nil
	}
	names, args := make([]string, len(row)), make([]any, len(row))
	for i, f := range row {
		names[i], args[i] = s.db.Dialect.Quote(f.Name), f.Value
		s.fits(p, table, f)
	}
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(row)), ", ")
	p.Into(table, "INSERT INTO "+table+" ("+strings.Join(names, ", ")+"{columns}) VALUES ("+marks+"{values})", args...)
	return row
}

// fits notes the first value that its column does not take.
func (s *Store) fits(p *plan, table string, f store.Field) {
	if p.Fault == nil {
		p.Fault = s.limits.Check(table, f.Name, f.Value)
	}
}

// update plans to bring the row of that key from before to after: it sets the columns that differ.
func (s *Store) update(p *plan, table, key, name string, before, after store.Record) {
	var sets []string
	var args []any
	for i, f := range after {
		if f.Value != before[i].Value {
			s.fits(p, table, f)
			sets = append(sets, s.db.Dialect.Quote(f.Name)+" = ?")
			args = append(args, f.Value)
		}
	}
	if len(sets) > 0 {
		p.Do("UPDATE "+table+" SET "+strings.Join(sets, ", ")+" WHERE "+key+" = ?", append(args, name)...)
	}
}

// rowEdit is a change to the row of an account while it is planned.
type rowEdit struct {
	table, key, name string
	before, after    store.Record
	always           bool // it is a change even where all columns stay
}

// finish plans the row of an account after the rest. Where nothing changes, the time of the last change stays and the change says so.
func (s *Store) finish(p *plan, e rowEdit, now time.Time) {
	if !e.always && len(p.Steps) == 0 && sameColumns(e.before, e.after) {
		p.Change.Nothing = true
		return
	}
	assign(e.after, "modified", now)
	s.update(p, e.table, e.key, e.name, e.before, e.after)
}

func sameColumns(before, after store.Record) bool {
	return !slices.ContainsFunc(after, func(f store.Field) bool { return f.Value != before.Get(f.Name) })
}

// assign sets a column of a row that was read; where the table lacks the column nothing happens.
func assign(row store.Record, column string, value any) {
	for i := range row {
		if row[i].Name == column {
			row[i].Value = value
			return
		}
	}
}

// assignText is assign of a text that may be absent.
func assignText(row store.Record, column string, value *string) {
	if value != nil {
		assign(row, column, *value)
	}
}

// assignFlag is assign of a flag that may be absent.
func assignFlag(row store.Record, column string, value *bool) {
	if value != nil {
		assign(row, column, flag(*value))
	}
}

// concealed returns a copy of the row that shows a word in place of the password.
func concealed(row store.Record, word string) store.Record {
	shown := slices.Clone(row)
	assign(shown, "password", word)
	return shown
}

// text returns a text column of a row, "" when it is NULL or missing.
func text(row store.Record, column string) string {
	v, _ := row.Get(column).(string)
	return v
}

// number returns a whole number of a row, 0 when it is NULL or missing.
func number(row store.Record, column string) int64 {
	v, _ := row.Get(column).(int64)
	return v
}

// moment returns a time of a row, the zero time when it is missing or stands for none.
func moment(row store.Record, column string) time.Time {
	switch v := row.Get(column).(type) {
	case time.Time:
		return rules.ShownTime(v)
	case string: // SQLite hands over as it is what is no time, and what has a form of its own
		if at, err := time.Parse(store.TimeLayout, v); err == nil {
			return rules.ShownTime(at)
		}
	}
	return time.Time{}
}

// flag is how the tables keep a truth.
func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
