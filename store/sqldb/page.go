package sqldb

import "github.com/postern-mail/postern/store"

// Paged ends a query that has a WHERE clause so that it answers one page in the order of the column key, and one row beyond
// it: TurnPage needs that to know whether there is more.
func Paged(query string, args []any, key string, page store.PageRequest) (string, []any) {
	return PagedFrom(query, args, key, page, page.After)
}

// PagedFrom is Paged for a column that is not compared with a text: after is the cursor as an argument.
func PagedFrom(query string, args []any, key string, page store.PageRequest, after any) (string, []any) {
	beyond, order := " > ?", ""
	if page.Desc {
		beyond, order = " < ?", " DESC"
	}
	if page.After != "" {
		query += " AND " + key + beyond
		args = append(args, after)
	}
	return limited(query+" ORDER BY "+key+order, args, page)
}

// limited asks for one row beyond the page.
func limited(query string, args []any, page store.PageRequest) (string, []any) {
	if page.Limit > 0 {
		query += " LIMIT ?"
		args = append(args, page.Limit+1)
	}
	return query, args
}

// TurnPage cuts off the row beyond the page and returns the cursor of the next, "" at the end.
func TurnPage[T any](rows []T, page store.PageRequest, key func(T) string) (cut []T, next string) {
	if page.Limit <= 0 || len(rows) <= page.Limit {
		return rows, ""
	}
	rows = rows[:page.Limit]
	return rows, key(rows[len(rows)-1])
}

// Itself is the key of a listing of names.
func Itself(name string) string { return name }
