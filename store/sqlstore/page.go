package sqlstore

import "github.com/postern-mail/postern/store"

// paged ends a query that has a WHERE clause so that it answers one page in the order of key, and one row beyond it:
// turnPage needs that to know whether there is more.
func paged(query string, args []any, key string, page store.PageRequest) (string, []any) {
	beyond, order := " > ?", ""
	if page.Desc {
		beyond, order = " < ?", " DESC"
	}
	if page.After != "" {
		query += " AND " + key + beyond
		args = append(args, page.After)
	}
	query += " ORDER BY " + key + order
	if page.Limit > 0 {
		query += " LIMIT ?"
		args = append(args, page.Limit+1)
	}
	return query, args
}

// turnPage cuts off the row beyond the page and returns the cursor of the next, "" at the end.
func turnPage[T any](rows []T, page store.PageRequest, key func(T) string) (cut []T, next string) {
	if page.Limit <= 0 || len(rows) <= page.Limit {
		return rows, ""
	}
	rows = rows[:page.Limit]
	return rows, key(rows[len(rows)-1])
}
