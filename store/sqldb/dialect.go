package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/jmoiron/sqlx"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/postern-mail/postern/store"
)

// Dialect is what differs from one SQL engine to another.
type Dialect struct {
	Name         string // as in the URL's scheme
	Driver       string // as registered with database/sql
	Goose        string
	Bind         int  // sqlx's placeholder style
	SingleWriter bool // one connection writes, others read
	ForUpdate    string
	quote        string
	columns      string // query for the column names of a table
	IsDuplicate  func(error) bool
	IsRetry      func(error) bool
}

// Quote quotes a name.
func (d Dialect) Quote(name string) string {
	return d.quote + strings.ReplaceAll(name, d.quote, d.quote+d.quote) + d.quote
}

var sqliteDialect = Dialect{
	Name:         "sqlite",
	Driver:       "sqlite",
	Goose:        "sqlite3",
	Bind:         sqlx.QUESTION,
	SingleWriter: true,
	quote:        `"`,
	columns:      "SELECT name FROM pragma_table_info(?) ORDER BY cid",
	IsDuplicate: func(err error) bool {
		code := sqliteCode(err)
		return code == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY || code == sqlite3.SQLITE_CONSTRAINT_UNIQUE
	},
	IsRetry: func(error) bool { return false }, // writers queue
}

func sqliteCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

// readerSuffix makes a SQLite connection read only.
const readerSuffix = "&_pragma=query_only(1)"

// parseURL returns the dialect and the driver's own form of a database URL.
func parseURL(raw string) (Dialect, string, error) {
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok {
		return Dialect{}, "", errors.New("a database URL starts with its kind, as in sqlite://path")
	}
	if scheme == "sqlite" {
		path, query, _ := strings.Cut(rest, "?")
		if path == "" {
			return Dialect{}, "", errors.New("sqlite:// needs the path of a file")
		}
		return sqliteDialect, sqliteDSN(path, query), nil
	}
	return Dialect{}, "", fmt.Errorf("%q is not a kind of database that is known here", scheme)
}

func sqliteDSN(path, query string) string {
	sync := "NORMAL"
	if v, err := url.ParseQuery(query); err == nil && v.Get("sync") == "off" {
		sync = "OFF" // for tests: a crash of the machine may lose the last writes
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() +
		"?_pragma=journal_mode(WAL)&_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)" +
		"&_pragma=synchronous(" + sync + ")&_txlock=immediate&_time_format=sqlite&_timezone=UTC&_dqs=0"
}

// wrap turns what a driver says about a server that is away into store.Down, and leaves everything else.
func (db *DB) wrap(err error) error {
	var known *store.Error
	var network *net.OpError
	switch {
	case err == nil, errors.Is(err, sql.ErrNoRows), errors.As(err, &known):
		return err
	case errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone), errors.Is(err, context.DeadlineExceeded),
		errors.As(err, &network), sqliteCode(err)&0xff == sqlite3.SQLITE_BUSY, sqliteCode(err)&0xff == sqlite3.SQLITE_CANTOPEN:
		return store.Down("The database", err)
	}
	return err
}
