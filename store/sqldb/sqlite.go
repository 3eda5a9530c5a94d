package sqldb

import (
	"database/sql"
	"errors"
	"net/url"
	"runtime"
	"strings"

	"github.com/jmoiron/sqlx"
	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

var sqlite = engine{
	Dialect: Dialect{
		Name: "sqlite", bind: sqlx.QUESTION, quote: `"`,
		texts: texts{cast: "CAST(%s AS TEXT)", contains: "LIKE", ranges: true},
	},

	goose:        "sqlite3",
	open:         openSQLite,
	singleWriter: true,
	wholeDDL:     true,
	faults: faults{
		isDuplicate: func(err error) bool {
			code := sqliteCode(err)
			return code == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY || code == sqlite3.SQLITE_CONSTRAINT_UNIQUE
		},
		isRetry: func(error) bool { return false }, // writers queue
		isDown: func(err error) bool {
			code := sqliteCode(err) & 0xff
			return code == sqlite3.SQLITE_BUSY || code == sqlite3.SQLITE_CANTOPEN
		},
	},
	catalogue: catalogue{
		layout: "SELECT t.name AS table_name, c.name AS column_name FROM sqlite_master t JOIN pragma_table_info(t.name) c" +
			" WHERE t.type = 'table' ORDER BY t.name, c.cid",
		required: "SELECT t.name AS table_name, c.name AS column_name, c.type AS kind, c.type AS definition FROM sqlite_master t" +
			" JOIN pragma_table_info(t.name) c WHERE t.type = 'table' AND c.\"notnull\" = 1 AND c.dflt_value IS NULL AND c.pk = 0" +
			" ORDER BY t.name, c.cid",
	},
}

func sqliteCode(err error) int {
	var e *driver.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

// readerSuffix makes a SQLite connection read only.
const readerSuffix = "&_pragma=query_only(1)"

func openSQLite(raw string) (write, read *sql.DB, err error) {
	_, rest, _ := strings.Cut(raw, "://")
	path, query, _ := strings.Cut(rest, "?")
	if path == "" {
		return nil, nil, errors.New("sqlite:// needs the path of a file")
	}
	dsn := sqliteDSN(path, query)
	if write, err = sql.Open("sqlite", dsn); err != nil {
		return nil, nil, err
	}
	// A second writer would only wait for the first; readers go on beside it.
	write.SetMaxOpenConns(1)
	if read, err = sql.Open("sqlite", dsn+readerSuffix); err != nil {
		return nil, nil, errors.Join(err, write.Close())
	}
	read.SetMaxOpenConns(max(4, runtime.NumCPU()))
	read.SetMaxIdleConns(max(4, runtime.NumCPU()))
	return write, read, nil
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
