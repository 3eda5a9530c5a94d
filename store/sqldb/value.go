package sqldb

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/go-sql-driver/mysql"

	"github.com/postern-mail/postern/store"
)

// complaint is what a server says of a value that it does not take.
type complaint struct {
	column  string // "" where it does not say
	tooLong bool
}

// mysqlColumn finds the column in MariaDB's and MySQL's words: Data too long for column 'name' at row 1, Incorrect string
// value: '...' for column `vmail`.`mailbox`.`name` at row 1. The last one counts: a value may hold such words, too.
var mysqlColumn = regexp.MustCompile("for column (?:`[^`]*`\\.)*['`]([^'`]+)['`] at row")

// mysqlComplaint knows values that are too long (1406), have characters that the column's set lacks or are of another type
// (1366), are out of range (1264), were cut (1265) or are no time (1292).
func mysqlComplaint(err error) (complaint, bool) {
	var e *mysql.MySQLError
	if !errors.As(err, &e) || !isMySQL(err, 1264, 1265, 1292, 1366, 1406) {
		return complaint{}, false
	}
	c := complaint{tooLong: e.Number == 1406}
	if all := mysqlColumn.FindAllStringSubmatch(e.Message, -1); len(all) > 0 {
		c.column = strings.ToLower(all[len(all)-1][1])
	}
	return c, true
}

// postgresComplaint knows class 22, data exceptions, and what the driver says of a number that the column has no room for,
// before it asks the server. Neither names the column.
func postgresComplaint(err error) (complaint, bool) {
	code := postgresCode(err)
	return complaint{tooLong: code == "22001"}, strings.HasPrefix(code, "22") || strings.Contains(err.Error(), "failed to encode args[")
}

// refusedValue is the failure of a caller whose value a server does not take.
func refusedValue(c complaint, cause error) *store.Error {
	field := FieldOf(c.column)
	what := "One of the values"
	if field != "" {
		what = field
	}
	e := store.Fail(store.Invalid, store.CodeInvalidValue,
		"%s cannot be stored: the database does not take a number of that size, or one of the characters.", what)
	if c.tooLong {
		e = store.Fail(store.Invalid, store.CodeValueTooLong, "%s is longer than the database takes.", what)
	}
	e.Field, e.Cause = field, cause
	return e
}

// fields are the published names of columns that have another one, where a column stands for one parameter.
var fields = map[string]string{
	"first_name": "gn", "last_name": "sn", "telephone": "telephoneNumber", "relayhost": "outboundRelay", "recovery_email": "",
	"mailboxformat": "mailboxFormat", "mailboxfolder": "mailboxFolder", "storagebasedirectory": "maildir", "storagenode": "maildir",
	"maxquota": "maxQuota", "settings": "", "name": "name", "employeeid": "employeeid", "department": "department", "mobile": "mobile", "language": "language",
	"transport": "transport", "quota": "quota", "maildir": "maildir", "disclaimer": "disclaimer", "description": "description",
	"comment": "comment", "max_msgs": "max_msgs", "max_quota": "max_quota", "msg_size": "msg_size", "max_rcpts": "max_rcpts",
	"period": "period",
}

// FieldOf returns the published name of what a column holds, "" when it stands for nothing that a caller sends.
func FieldOf(column string) string { return fields[column] }

// TextLimit is what a text column takes: so many characters and bytes, of the basic plane alone where narrow is set.
type TextLimit struct {
	Characters, Bytes int64
	Narrow            bool
}

// TextLimits are the limits of the text columns of a database, by table and column. They are empty where the engine keeps
// any text in any column.
type TextLimits map[string]map[string]TextLimit

// TextLimits returns them as they were at most a minute ago.
func (db *DB) TextLimits(ctx context.Context) (TextLimits, error) {
	return db.limits.get(ctx, db.Reader().TextLimits)
}

// TextLimits reads them from the catalogue.
func (r *Reader) TextLimits(ctx context.Context) (TextLimits, error) {
	limits := TextLimits{}
	if r.db.catalogue.limits == "" {
		return limits, nil
	}
	var rows []struct {
		Table      string `db:"table_name"`
		Column     string `db:"column_name"`
		Characters int64  `db:"characters"`
		Bytes      int64  `db:"bytes"`
		Charset    string `db:"charset"`
	}
	if err := r.Select(ctx, &rows, r.db.catalogue.limits); err != nil {
		return nil, fmt.Errorf("look at the columns of the database: %w", err)
	}
	for _, row := range rows {
		table := strings.ToLower(row.Table)
		if limits[table] == nil {
			limits[table] = map[string]TextLimit{}
		}
		limits[table][strings.ToLower(row.Column)] = TextLimit{
			Characters: row.Characters, Bytes: row.Bytes, Narrow: row.Charset == "utf8" || row.Charset == "utf8mb3",
		}
	}
	return limits, nil
}

// Check returns VALUE_TOO_LONG, or INVALID_VALUE for characters beyond the basic plane, when the column does not take the text.
func (l TextLimits) Check(table, column string, value any) error {
	limit, known := l[table][column]
	text, isText := value.(string)
	if secret, ok := value.(store.Secret); ok {
		text, isText = secret.Reveal(), true
	}
	if !known || !isText {
		return nil
	}
	field := FieldOf(column)
	what := "One of the values"
	if field != "" {
		what = field
	}
	if int64(utf8.RuneCountInString(text)) > limit.Characters || int64(len(text)) > limit.Bytes {
		return store.Fail(store.Invalid, store.CodeValueTooLong, "%s may have at most %d characters here.", what, limit.Characters).With(field)
	}
	if limit.Narrow && strings.ContainsFunc(text, func(c rune) bool { return c > 0xffff }) {
		return store.Fail(store.Invalid, store.CodeInvalidValue,
			"%s holds a character that this database cannot store, such as an emoji: its tables are utf8mb3.", what).With(field)
	}
	return nil
}
