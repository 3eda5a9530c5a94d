package panelstore

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/postern-mail/postern/store/sqldb"
)

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

// Check returns an error when the database lacks the table without which it is not iRedAdmin's.
func Check(ctx context.Context, db *sqldb.DB) error {
	layout, err := db.Reader().Layout(ctx)
	if err == nil && !layout.Has("log") {
		err = fmt.Errorf("the panel's database has no table %q: %w", "log", sqldb.ErrNotLaid)
	}
	return err
}

// CreateSchema makes the tables of iRedAdmin's database on a server. When any of them is there already it changes
// nothing and returns an error that says so.
func CreateSchema(ctx context.Context, db *sqldb.DB) error { return lay(ctx, db, "") }

// CreateMailboxSchema is CreateSchema for the tables of Mailboxes, which are in that database where accounts are in a
// directory. A table that the panel itself has is left to CreateSchema.
func CreateMailboxSchema(ctx context.Context, db *sqldb.DB) error { return lay(ctx, db, "mailboxes.") }

// Script is the statements that lay the tables as the newest version has them, "" for an engine without one. With accounts in
// a directory there are those about mailboxes among them.
func Script(dialect string, directory bool) string {
	text, err := files.ReadFile("schema/" + dialect + ".sql")
	if err != nil {
		return ""
	}
	if !directory {
		return string(text)
	}
	more, err := files.ReadFile("schema/mailboxes." + dialect + ".sql")
	if err != nil {
		return string(text)
	}
	return string(text) + "\n\n" + string(more)
}

func lay(ctx context.Context, db *sqldb.DB, which string) error {
	script, err := files.ReadFile("schema/" + which + db.Dialect.Name + ".sql")
	if err != nil {
		return fmt.Errorf("there are no tables to make on %s", db.Dialect.Name)
	}
	return db.Lay(ctx, sqldb.Statements(string(script)))
}
