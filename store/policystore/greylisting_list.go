package policystore

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// ordered is a column by which settings are sorted. No two settings have the same account and sender.
type ordered struct {
	column string
	desc   bool
}

var (
	byPrecedence = []ordered{{"priority", true}, {"sender_priority", true}, {"account", false}, {"sender", false}}
	byAccount    = []ordered{{"account", false}, {"sender", false}}
)

// GreylistingSettings implements store.Greylistings.
func (s *Store) GreylistingSettings(
	ctx context.Context, filter store.GreylistingFilter, page store.PageRequest,
) (store.Page[store.Record], error) {
	list := store.Page[store.Record]{Items: []store.Record{}}
	if err := page.Sort.CheckIn(store.GreylistingSorts); err != nil {
		return list, err
	}
	search, err := store.Search{Prefix: filter.Prefix, Any: filter.Any}.Checked()
	if err != nil {
		return list, err
	}
	db, l, err := s.needIredapd(ctx, "greylisting")
	if err != nil {
		return list, err
	}
	conditions, args := searchedGreylisting(db.Dialect, search)
	if page.Count {
		list.Total = new(int64)
		if err = db.Reader().Get(ctx, list.Total, "SELECT COUNT(*) FROM greylisting WHERE "+conditions, args...); err != nil {
			return list, fmt.Errorf("count greylisting: %w", err)
		}
	}
	order := byPrecedence
	if page.Sort == store.SortAccount {
		order = byAccount
	}
	query, args, err := pageInOrder("SELECT "+selected(l, "greylisting", greylistingColumns)+" FROM greylisting WHERE "+conditions, args, order, page)
	if err != nil {
		return list, err
	}
	rows, err := db.Reader().Records(ctx, query, args...)
	if err != nil {
		return list, fmt.Errorf("read greylisting: %w", err)
	}
	rows, list.Next = sqldb.TurnPage(rows, page, func(row store.Record) string { return positionIn(order, row) })
	for _, row := range rows {
		list.Items = append(list.Items, shownGreylisting(row))
	}
	return list, nil
}

// searchedGreylisting are the conditions of a search.
func searchedGreylisting(d sqldb.Dialect, search store.Search) (conditions string, args []any) {
	conditions = "1 = 1"
	if search.Prefix != "" {
		condition, more := d.HasPrefix("account", search.Prefix)
		conditions, args = conditions+" AND "+condition, append(args, more...)
	}
	if search.Any != "" {
		account, arg := d.Contains("account", search.Any)
		sender, _ := d.Contains("sender", search.Any)
		conditions, args = conditions+" AND ("+account+" OR "+sender+")", append(args, arg, arg)
	}
	return conditions, args
}

// pageInOrder ends a query so that it answers one page, and one row beyond it, in the order of several columns.
func pageInOrder(query string, args []any, order []ordered, page store.PageRequest) (string, []any, error) {
	if page.After != "" {
		var at []any
		decoder := json.NewDecoder(strings.NewReader(page.After))
		decoder.UseNumber()
		if err := decoder.Decode(&at); err != nil || len(at) != len(order) {
			return "", nil, fmt.Errorf("a place in the list of settings cannot be read: %w", err)
		}
		beyond, more := beyondIn(order, at, page.Desc)
		query, args = query+" AND ("+beyond+")", append(args, more...)
	}
	columns := make([]string, len(order))
	for i, o := range order {
		columns[i] = o.column
		if o.desc != page.Desc {
			columns[i] += " DESC"
		}
	}
	query += " ORDER BY " + strings.Join(columns, ", ")
	if page.Limit > 0 {
		query, args = query+" LIMIT ?", append(args, page.Limit+1)
	}
	return query, args, nil
}

// beyondIn is the condition that a row comes after those values: it differs in a column, and is the same in those before.
func beyondIn(order []ordered, at []any, reversed bool) (condition string, args []any) {
	var cases []string
	for i, o := range order {
		parts := make([]string, 0, i+1)
		for j := range i {
			parts, args = append(parts, order[j].column+" = ?"), append(args, number(at[j]))
		}
		sign := " > ?"
		if o.desc != reversed {
			sign = " < ?"
		}
		parts, args = append(parts, o.column+sign), append(args, number(at[i]))
		cases = append(cases, "("+strings.Join(parts, " AND ")+")")
	}
	return strings.Join(cases, " OR "), args
}

// number returns a number of JSON as one, and anything else as it is.
func number(value any) any {
	if n, ok := value.(json.Number); ok {
		i, _ := n.Int64()
		return i
	}
	return value
}

// positionIn is the place of a row, as pageInOrder reads it.
func positionIn(order []ordered, row store.Record) string {
	at := make([]any, len(order))
	for i, o := range order {
		at[i] = row.Get(o.column)
	}
	b, err := json.Marshal(at)
	if err != nil {
		return "" // numbers and text have a form
	}
	return string(b)
}
