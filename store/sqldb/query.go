package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"reflect"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/postern-mail/postern/store"
)

var errDryRun = errors.New("dry run")

// Statement is a query with its arguments. An argument that is a slice stands for a list "(?)".
type Statement struct {
	Query string
	Args  []any
	// Into is the table of an insert that may have columns which we do not know and which an insert has to name: what an older
	// version needed. Then the query has the mark {columns} behind the names of its columns, and {values} behind the values of
	// each row; see filling.
	Into string
}

// Reader reads from a database or within a transaction.
type Reader struct {
	q  sqlx.ExtContext
	db *DB
}

// Tx is a transaction.
type Tx struct{ Reader }

// Quote quotes a column or table name. Names come from our own code or from the catalogue, never from a request.
func (r *Reader) Quote(name string) string { return r.db.Dialect.Quote(name) }

// Get reads the one row of a query into dest. It returns sql.ErrNoRows when there is none.
func (r *Reader) Get(ctx context.Context, dest any, query string, args ...any) error {
	q, args, err := r.bind(query, args)
	if err != nil {
		return err
	}
	return r.db.wrap(sqlx.GetContext(ctx, r.q, dest, q, args...))
}

// Find is Get that reports whether there was a row.
func (r *Reader) Find(ctx context.Context, dest any, query string, args ...any) (bool, error) {
	err := r.Get(ctx, dest, query, args...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// Select reads all rows of a query into the slice dest.
func (r *Reader) Select(ctx context.Context, dest any, query string, args ...any) error {
	q, args, err := r.bind(query, args)
	if err != nil {
		return err
	}
	return r.db.wrap(sqlx.SelectContext(ctx, r.q, dest, q, args...))
}

// Each calls fn for each row of a query, which is read into a struct: no more than one is in memory. It ends at the first error of fn.
func Each[T any](ctx context.Context, r *Reader, fn func(row T) error, query string, args ...any) error {
	q, args, err := r.bind(query, args)
	if err != nil {
		return err
	}
	rows, err := r.q.QueryxContext(ctx, q, args...)
	if err != nil {
		return r.db.wrap(err)
	}
	defer rows.Close()
	for rows.Next() {
		var row T
		if err = rows.StructScan(&row); err != nil {
			return r.db.wrap(err)
		}
		if err = fn(row); err != nil {
			return err
		}
	}
	return r.db.wrap(rows.Err())
}

// Records reads all rows of a query under their column names. Flags and numbers are int64, text is string, times
// are time.Time, a date without a time is text as in 2006-01-02, NULL is nil.
func (r *Reader) Records(ctx context.Context, query string, args ...any) ([]store.Record, error) {
	q, args, err := r.bind(query, args)
	if err != nil {
		return nil, err
	}
	rows, err := r.q.QueryxContext(ctx, q, args...)
	if err != nil {
		return nil, r.db.wrap(err)
	}
	defer rows.Close()
	columns, dates, err := r.headings(rows)
	if err != nil {
		return nil, r.db.wrap(err)
	}
	records := []store.Record{}
	values := make([]any, len(columns))
	targets := make([]any, len(columns))
	for i := range values {
		targets[i] = &values[i]
	}
	for rows.Next() {
		if err = rows.Scan(targets...); err != nil {
			return nil, r.db.wrap(err)
		}
		record := make(store.Record, len(columns))
		for i, c := range columns {
			record[i] = store.Field{Name: c, Value: plain(values[i])}
		}
		for _, i := range dates {
			if at, ok := values[i].(time.Time); ok {
				record[i].Value = at.Format(time.DateOnly)
			}
		}
		records = append(records, record)
	}
	return records, r.db.wrap(rows.Err())
}

// headings returns the names of the columns, and which of them are dates that the driver hands over as times.
func (r *Reader) headings(rows *sqlx.Rows) (columns []string, dates []int, err error) {
	if !r.db.Dialect.typedDates {
		columns, err = rows.Columns()
		return columns, nil, err
	}
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, nil, err
	}
	columns = make([]string, len(types))
	for i, t := range types {
		columns[i] = t.Name()
		if t.DatabaseTypeName() == "DATE" {
			dates = append(dates, i)
		}
	}
	return columns, dates, nil
}

// Exec runs one statement and returns how many rows it matched.
func (tx *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	q, args, err := tx.bind(query, args)
	if err != nil {
		return 0, err
	}
	res, err := tx.q.ExecContext(ctx, q, args...)
	if err != nil {
		return 0, err // unwrapped: Write looks at the code, then wraps
	}
	return res.RowsAffected()
}

// Insert is Exec of an insert with the marks of Statement.Into.
func (tx *Tx) Insert(ctx context.Context, table, query string, args ...any) error {
	return tx.Apply(ctx, []Statement{{Query: query, Args: args, Into: table}})
}

// Apply runs the statements in order.
func (tx *Tx) Apply(ctx context.Context, statements []Statement) error {
	for _, s := range statements {
		query := s.Query
		if s.Into != "" {
			var err error
			if query, err = tx.filled(ctx, s.Into, query); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, query, s.Args...); err != nil {
			return err
		}
	}
	return nil
}

// ForUpdate is what ends a SELECT whose rows are to be held until the end of the transaction.
func (tx *Tx) ForUpdate() string { return tx.db.Dialect.forUpdate }

// Serialise keeps other transactions that ask for the same name waiting until this one ends, for what no unique key
// keeps from being there twice. Where keys and locked rows do it anyway, it does nothing.
func (tx *Tx) Serialise(ctx context.Context, name string) error {
	if tx.db.Dialect.serialise == "" {
		return nil
	}
	_, err := tx.Exec(ctx, tx.db.Dialect.serialise, name)
	return err
}

// bind is the one place where lists are spread and placeholders become those of the dialect.
func (r *Reader) bind(query string, args []any) (string, []any, error) {
	for i, a := range args {
		switch v := a.(type) {
		case store.Secret:
			args[i] = v.Reveal()
		case time.Time:
			args[i] = v.UTC().Truncate(time.Second)
		}
	}
	if hasList(args) {
		var err error
		if query, args, err = sqlx.In(query, args...); err != nil {
			return "", nil, err
		}
	}
	if r.db.Dialect.bind != sqlx.QUESTION {
		query = sqlx.Rebind(r.db.Dialect.bind, query)
	}
	if r.db.watch != nil {
		r.db.watch(query, args)
	}
	return query, args, nil
}

func hasList(args []any) bool {
	for _, a := range args {
		if _, bytes := a.([]byte); !bytes && a != nil && reflect.TypeOf(a).Kind() == reflect.Slice {
			return true
		}
	}
	return false
}

func plain(v any) any {
	switch v := v.(type) {
	case []byte:
		return string(v)
	case int32:
		return int64(v)
	case int16:
		return int64(v)
	case uint64:
		return int64(v) //nolint:gosec // surrogate keys, far from overflow
	case float32:
		return float64(v)
	}
	return v
}
