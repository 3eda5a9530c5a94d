package sqldb

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// Dialect is what differs from one SQL engine to another.
type Dialect struct {
	Name         string // as in the URL's scheme
	Goose        string
	Bind         int  // sqlx's placeholder style
	SingleWriter bool // one connection writes, others read
	ForUpdate    string
	IsDuplicate  func(error) bool
	IsRetry      func(error) bool

	driver string // as sqlx knows it
	open   func(url string) (write, read *sql.DB, err error)
	isDown func(error) bool
	// complaint tells what the server says of a value that it does not take; nil where it takes any.
	complaint func(error) (complaint, bool)
	limits    string             // query for what the text columns take, "" where they take anything
	isolation sql.IsolationLevel // of a transaction, where the connection is not made for it
	quote     string
	layout    string // query for the columns of all tables, with those of the table beside them
	required  string // query for the columns that an insert has to name, with their types; see filling
	ascii     string // around a column, "" where that is not needed; see ASCII
	// typedDates says that a column may be a date without a time, which the driver returns as a time.
	typedDates bool
	// wholeDDL says that statements that make tables can be rolled back.
	wholeDDL bool
	// serialise keeps others that ask for the same name waiting until the transaction ends, "" where locked rows and unique
	// keys do that.
	serialise string
	// lock and unlock keep others from migrating the same database, "" where nobody else has it.
	lock, unlock string
	// hold takes a lock under a name for the connection and waits for it, so many seconds where it takes a second argument;
	// letGo gives it up. Both answer with a truth. "" where the server has no such locks.
	hold, letGo string
	holdArgs    int
}

// Quote quotes a name.
func (d Dialect) Quote(name string) string {
	return d.quote + strings.ReplaceAll(name, d.quote, d.quote+d.quote) + d.quote
}

// ASCII returns a column of names as it is compared with one that the layout keeps in ASCII. Without that MySQL turns
// the other one into the wider set, row by row, and no index on it serves.
func (d Dialect) ASCII(column string) string {
	if d.ascii == "" {
		return column
	}
	return fmt.Sprintf(d.ascii, column)
}

// dialects are all that are known.
var dialects = []Dialect{sqliteDialect, mysqlDialect, postgresDialect}

// dialectOf returns the dialect of a database URL. Nothing of the URL is in the error: it may hold a password.
func dialectOf(url string) (Dialect, error) {
	scheme, _, ok := strings.Cut(url, "://")
	if !ok {
		return Dialect{}, errors.New("a database URL starts with its kind, as in sqlite://path")
	}
	for _, d := range dialects {
		if d.Name == scheme {
			return d, nil
		}
	}
	return Dialect{}, fmt.Errorf("%q is not a kind of database that is known here", scheme)
}
