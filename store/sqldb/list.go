package sqldb

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/postern-mail/postern/store"
)

// List is what pages are cut out of: the rows of a table that fit all conditions, one for each key.
type List struct {
	Table string // with the name that it has in the conditions, as in mailbox m
	Join  string // what it is joined with, "" for nothing
	Key   string // the column of the key, as in m.username
	Order string // what equals the key and has an index that finds these rows in its order, "" for the key
	Sorts map[store.Sort]Value

	conditions []string
	args       []any
}

// Value is what a list can be sorted by.
type Value struct {
	Expression string
	Number     bool
	Join       string // what else the list is joined with for it, a row at the most for each of its own; "" for nothing
}

// And adds a condition.
func (l *List) And(condition string, args ...any) {
	l.conditions = append(l.conditions, "("+condition+")")
	l.args = append(l.args, args...)
}

// Searched is where a list is searched: the columns of the name, of the time of creation, and of whether it is active.
type Searched struct{ Name, Created, Active string }

// Search adds the conditions of a search, which has been checked.
func (l *List) Search(d Dialect, s store.Search, in Searched) {
	if s.Prefix != "" {
		condition, args := d.HasPrefix(l.Key, s.Prefix)
		l.And(condition, args...)
	}
	if s.Any != "" {
		inKey, arg := d.Contains(l.Key, s.Any)
		inName, _ := d.Contains(in.Name, s.Any)
		l.And("("+inKey+" OR "+inName+")", arg, arg)
	}
	if s.Active != nil {
		l.Is(in.Active+" = 1", *s.Active)
	}
	if !s.CreatedAfter.IsZero() {
		l.And(in.Created+" > ?", s.CreatedAfter)
	}
}

// Is adds a condition, or its opposite.
func (l *List) Is(condition string, holds bool, args ...any) {
	if !holds {
		condition = "NOT (" + condition + ")"
	}
	l.And(condition, args...)
}

// Keys reads a page of the keys alone, in one statement, and one more to count.
func (l List) Keys(ctx context.Context, r *Reader, page store.PageRequest) (store.Page[string], error) {
	list := store.Page[string]{Items: []string{}}
	total, err := l.total(ctx, r, page)
	if err != nil {
		return list, err
	}
	list.Total = total
	if page.Sort != store.SortKey {
		list.Items, list.Next, err = l.sortedKeys(ctx, r, page)
		return list, err
	}
	query, args := l.paged(l.Key, page)
	if err = r.Select(ctx, &list.Items, query, args...); err != nil {
		return list, err
	}
	list.Items, list.Next = TurnPage(list.Items, page, Itself)
	return list, nil
}

// Records reads a page of whole rows, in at most two statements, and one more to count.
func (l List) Records(ctx context.Context, r *Reader, page store.PageRequest) (store.Page[store.Record], error) {
	if page.Sort != store.SortKey {
		return l.sortedRecords(ctx, r, page)
	}
	var list store.Page[store.Record]
	total, err := l.total(ctx, r, page)
	if err != nil {
		return list, err
	}
	list.Total = total
	query, args := l.paged(l.name()+".*", page)
	if list.Items, err = r.Records(ctx, query, args...); err != nil {
		return list, err
	}
	list.Items, list.Next = TurnPage(list.Items, page, l.keyOf)
	return list, nil
}

// sortedRecords reads the keys first and then their rows: the value that the list is sorted by is none of their columns.
func (l List) sortedRecords(ctx context.Context, r *Reader, page store.PageRequest) (store.Page[store.Record], error) {
	keys, err := l.Keys(ctx, r, page)
	list := store.Page[store.Record]{Items: []store.Record{}, Next: keys.Next, Total: keys.Total}
	if err != nil || len(keys.Items) == 0 {
		return list, err
	}
	rows, err := r.Records(ctx, "SELECT "+l.name()+".* FROM "+l.Table+" WHERE "+l.Key+" IN (?)", keys.Items)
	if err != nil {
		return list, err
	}
	byKey := make(map[string]store.Record, len(rows))
	for _, row := range rows {
		byKey[l.keyOf(row)] = row
	}
	for _, key := range keys.Items {
		if row := byKey[key]; row != nil { // it may have gone meanwhile
			list.Items = append(list.Items, row)
		}
	}
	return list, nil
}

// sortedKeys reads a page in the order of a value, and of the key where that is the same.
func (l List) sortedKeys(ctx context.Context, r *Reader, page store.PageRequest) (keys []string, next string, err error) {
	value, ok := l.Sorts[page.Sort]
	if !ok {
		return nil, "", fmt.Errorf("the list has no sort %q", page.Sort)
	}
	l.Join += " " + value.Join
	from, beyond, order := ">=", ">", ""
	if page.Desc {
		from, beyond, order = "<=", "<", " DESC"
	}
	if page.After != "" {
		at := store.PositionOf(page.After)
		arg, err := value.parse(at.Value)
		if err != nil {
			return nil, "", err
		}
		// The first comparison is what an index can begin at.
		l.And(value.Expression+" "+from+" ? AND ("+value.Expression+" "+beyond+" ? OR "+l.Key+" "+beyond+" ?)", arg, arg, at.Key)
	}
	query, args := l.query(l.Key + " AS item, " + fmt.Sprintf(r.db.Dialect.texts.cast, value.Expression) + " AS value")
	query += " ORDER BY " + value.Expression + order + ", " + l.Key + order
	query, args = limited(query, args, page)
	var rows []struct{ Item, Value string }
	if err = r.Select(ctx, &rows, query, args...); err != nil {
		return nil, "", err
	}
	rows, next = TurnPage(rows, page, func(row struct{ Item, Value string }) string {
		return store.Position{Key: row.Item, Value: row.Value}.String()
	})
	keys = make([]string, len(rows))
	for i, row := range rows {
		keys[i] = row.Item
	}
	return keys, next, nil
}

// parse returns a value that was read as text as an argument to compare with.
func (v Value) parse(text string) (any, error) {
	if !v.Number {
		return text, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("a place in a list is no number: %w", err)
	}
	return n, nil
}

// total counts all rows where that is asked for.
func (l List) total(ctx context.Context, r *Reader, page store.PageRequest) (*int64, error) {
	if !page.Count {
		return nil, nil //nolint:nilnil // nobody asked
	}
	var n int64
	query, args := l.query("COUNT(*)")
	err := r.Get(ctx, &n, query, args...)
	return &n, err
}

// paged is the statement for a page in the order of the key.
func (l List) paged(columns string, page store.PageRequest) (string, []any) {
	query, args := l.query(columns)
	key := l.Key
	if l.Order != "" {
		key = l.Order
	}
	return Paged(query, args, key, page)
}

// query selects all rows that fit.
func (l List) query(columns string) (string, []any) {
	query := "SELECT " + columns + " FROM " + l.Table
	if l.Join != "" {
		query += " " + l.Join
	}
	return query + " WHERE " + strings.Join(l.conditions, " AND "), append([]any{}, l.args...)
}

// name is what the table is called in the conditions.
func (l List) name() string { return l.Table[strings.LastIndexByte(l.Table, ' ')+1:] }

// keyOf returns the key of a row.
func (l List) keyOf(row store.Record) string {
	_, column, _ := strings.Cut(l.Key, ".")
	key, _ := row.Get(column).(string)
	return key
}
