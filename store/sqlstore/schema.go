package sqlstore

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/postern-mail/postern/store/sqldb"
)

// tables are all that may be there; the required ones must.
var (
	requiredTables = []string{"admin", "domain", "alias_domain", "domain_admins", "mailbox", "alias", "forwardings"}
	optionalTables = []string{
		"moderators", "maillists", "maillist_owners", "sender_bcc_domain", "recipient_bcc_domain", "sender_bcc_user",
		"recipient_bcc_user", "sender_relayhost", "deleted_mailboxes", "share_folder", "anyone_shares", "used_quota", "last_login",
	}
)

func discover(ctx context.Context, db *sqldb.DB) (sqldb.Layout, error) {
	there, err := db.Reader().Layout(ctx)
	if err != nil {
		return nil, err
	}
	found := sqldb.Layout{}
	for _, table := range slices.Concat(requiredTables, optionalTables) {
		if columns := there[table]; len(columns) > 0 {
			found[table] = columns
		} else if slices.Contains(requiredTables, table) {
			return nil, fmt.Errorf("the account database has no table %q: %w", table, sqldb.ErrNotLaid)
		}
	}
	return found, nil
}

// Check returns an error when the database lacks a table without which it is no account database.
func Check(ctx context.Context, db *sqldb.DB) error {
	_, err := discover(ctx, db)
	return err
}

//go:embed migrations/sqlite/*.sql schema/*.sql
var files embed.FS

// Migrate lays or updates the tables of an embedded database. It must never be called on a database of iRedMail's.
func Migrate(ctx context.Context, db *sqldb.DB) error {
	if !db.Dialect.SingleWriter {
		return errors.New("only embedded databases are migrated")
	}
	dir, err := fs.Sub(files, "migrations/sqlite")
	if err != nil {
		return err
	}
	return db.Migrate(ctx, dir)
}

// CheckOwn returns an error when Migrate would refuse the file of an embedded database. It changes nothing.
func CheckOwn(ctx context.Context, db *sqldb.DB) error {
	dir, err := fs.Sub(files, "migrations/sqlite")
	if err != nil {
		return err
	}
	return db.CheckOwn(ctx, dir)
}

// CreateSchema makes iRedMail's account tables on a server, with the indexes that our pages and limits want. When any
// of the tables is there already it changes nothing and returns an error that says so.
func CreateSchema(ctx context.Context, db *sqldb.DB) error {
	script, err := files.ReadFile("schema/" + db.Dialect.Name + ".sql")
	if err != nil {
		return fmt.Errorf("there are no tables to make on %s", db.Dialect.Name)
	}
	return db.Lay(ctx, slices.Concat(sqldb.Statements(string(script)), SchemaIndexes(db.Dialect.Name)))
}

// Script is the statements that lay the tables as the newest version has them, "" for an engine without one.
func Script(dialect string) string { return script("schema/" + dialect + ".sql") }

func script(name string) string {
	text, err := files.ReadFile(name)
	if err != nil {
		return ""
	}
	return string(text)
}

// index is one that iRedMail does not make.
type index struct{ table, columns string }

// ourIndexes are those that our pages and limits want. A list of what lies in a domain has the order of the address:
// an index of MySQL ends in the primary key anyway, one of PostgreSQL does not.
var ourIndexes = map[string][]index{
	"mysql": {
		{"mailbox", "domain, quota"},
		{"moderators", "moderator"},
		{"recipient_bcc_user", "domain"},
	},
	"postgres": {
		{"mailbox", "domain, username"},
		{"mailbox", "domain, quota"},
		{"alias", "domain, address"},
		{"maillists", "domain, address"},
		{"alias_domain", "target_domain, alias_domain"},
		{"domain_admins", "domain, username"},
		{"recipient_bcc_user", "domain"},
	},
}

// SchemaIndexes returns the statements that make the indexes which a database of iRedMail's lacks and our pages and
// limits want. There are none for an embedded database, which has them.
func SchemaIndexes(dialect string) []string {
	var list []string
	for _, i := range ourIndexes[dialect] {
		name := "postern_" + i.table + "_" + strings.ReplaceAll(i.columns, ", ", "_")
		list = append(list, "CREATE INDEX "+name+" ON "+i.table+" ("+i.columns+")")
	}
	return list
}
