package sqldb

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// Dialect is what queries need to know of an engine.
type Dialect struct {
	Name string // as in the URL's scheme

	bind      int // sqlx's placeholder style
	forUpdate string
	quote     string
	texts     texts
	// serialise keeps others that ask for the same name waiting until the transaction ends, "" where locked rows and unique
	// keys do that.
	serialise string
	// typedDates says that a column may be a date without a time, which the driver returns as a time.
	typedDates bool
	// typedBytes says that a column of bytes is compared with bytes alone.
	typedBytes bool
	// onDuplicate says that an upsert is written as MySQL has it, rather than as the others do.
	onDuplicate bool
}

// texts are how text is converted and looked for.
type texts struct {
	ascii    string // around a column, "" where that is not needed; see ASCII
	cast     string // around a number or a time that is to be read as text
	contains string // what looks for a pattern in any case
	// ranges says that what begins with a text is found by two comparisons: no pattern uses an index. Text is in the order of its bytes.
	ranges bool
}

// engine is what opening a database needs to know, beside its transactions, locks and migrations.
type engine struct {
	Dialect Dialect

	goose        string // its name there
	open         func(url string) (write, read *sql.DB, err error)
	isolation    sql.IsolationLevel // of a transaction, where the connection is not made for it
	singleWriter bool               // one connection writes, others read
	wholeDDL     bool               // statements that make tables can be rolled back
	faults       faults
	locks        locks
	catalogue    catalogue
}

// faults tell what an error of the driver means.
type faults struct {
	isDuplicate, isRetry, isDown func(error) bool
	// complaint tells what the server says of a value that it does not take; nil where it takes any.
	complaint func(error) (complaint, bool)
}

// locks are the statements for locks of the server, "" where it has none.
type locks struct {
	// migrate and migrated keep others from migrating the same database; nobody else has an embedded one.
	migrate, migrated string
	// hold takes a lock under a name for the connection and waits for it, so many seconds where it takes a second argument;
	// letGo gives it up. Both answer with a truth.
	hold, letGo string
	holdArgs    int
}

// catalogue is what asks for tables and columns.
type catalogue struct {
	layout   string // the columns of all tables, with those of the table beside them
	required string // the columns that an insert has to name, with their types; see filling
	limits   string // what the text columns take, "" where they take anything
	narrow   string // the tables whose character set does not take every character, "" where there are none
	// allowNull has a column take NULL: the table, the column and its type follow. "" where that cannot be changed.
	allowNull string
	// anyCase says that text is found in any case.
	anyCase bool
}

// Quote quotes a name.
func (d Dialect) Quote(name string) string {
	return d.quote + strings.ReplaceAll(name, d.quote, d.quote+d.quote) + d.quote
}

// ASCII returns a column of names as it is compared with one that the layout keeps in ASCII. Without that MySQL turns
// the other one into the wider set, row by row, and no index on it serves.
func (d Dialect) ASCII(column string) string {
	if d.texts.ascii == "" {
		return column
	}
	return fmt.Sprintf(d.texts.ascii, column)
}

// Bytes returns a text as the argument for a column of bytes.
func (d Dialect) Bytes(text string) any {
	if d.typedBytes {
		return []byte(text)
	}
	return text
}

// pattern is a text within a pattern that ends in ESCAPE '!'.
var pattern = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

// last is a character behind which no other comes in the order of bytes.
const last = "\U0010FFFF"

// HasPrefix is the condition, with its arguments, that a column of names begins with a text, which is in lower case as they are.
func (d Dialect) HasPrefix(column, text string) (condition string, args []any) {
	if d.texts.ranges {
		return column + " >= ? AND " + column + " < ?", []any{text, text + last}
	}
	return column + " LIKE ? ESCAPE '!'", []any{pattern.Replace(text) + "%"}
}

// Contains is the condition, with its argument, that a text stands somewhere in a column, in any case.
func (d Dialect) Contains(column, text string) (condition string, arg any) {
	return column + " " + d.texts.contains + " ? ESCAPE '!'", "%" + pattern.Replace(text) + "%"
}

// Upsert ends an insert whose row may be there already, by the columns of its key: the columns of set then get the new
// values. Without any the row stays as it is, and is locked.
func (d Dialect) Upsert(key []string, set ...string) string {
	clause, form := " ON CONFLICT ("+strings.Join(key, ", ")+") DO UPDATE SET ", "%[1]s = EXCLUDED.%[1]s"
	if d.onDuplicate {
		clause, form = " ON DUPLICATE KEY UPDATE ", "%[1]s = VALUES(%[1]s)"
	}
	if len(set) == 0 && !d.onDuplicate {
		return " ON CONFLICT (" + strings.Join(key, ", ") + ") DO NOTHING"
	}
	if len(set) == 0 {
		set = key[:1]
	}
	parts := make([]string, len(set))
	for i, column := range set {
		parts[i] = fmt.Sprintf(form, column)
	}
	return clause + strings.Join(parts, ", ")
}

// engines are all that are known.
var engines = []engine{sqlite, mysqlServer, postgres}

// engineOf returns the engine of a database URL. Nothing of the URL is in the error: it may hold a password.
func engineOf(url string) (engine, error) {
	scheme, _, ok := strings.Cut(url, "://")
	if !ok {
		return engine{}, errors.New("a database URL starts with its kind, as in sqlite://path")
	}
	for _, e := range engines {
		if e.Dialect.Name == scheme {
			return e, nil
		}
	}
	return engine{}, fmt.Errorf("%q is not a kind of database that is known here", scheme)
}
