package sqldb

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// ErrTablesMissing says that a database lacks tables which it must have.
var ErrTablesMissing = errors.New("iRedMail's tables are missing")

// Schema is the tables of a database, and how they are made.
type Schema struct {
	// Name is that of the database in a sentence, such as "the account database".
	Name string
	// Required are the tables without which it is not that database.
	Required []string
	// AnyOf says that one of the required tables is enough: an older version lacks some, and what needs them is not configured.
	AnyOf bool
	// Migrations has a directory of migrations for each engine on which the tables are ours.
	Migrations fs.FS
	// Scripts make the tables of other programs on a server, by engine, in this order.
	Scripts map[string][]Script
	// Further are the statements that make the indexes which we want and those programs do not make, by engine.
	Further map[string][]string
}

// Script is a script that makes tables, with a file for each engine whose name is the prefix, the engine and ".sql". Its
// statements are separated by empty lines.
type Script struct {
	Files  fs.FS
	Prefix string
}

//go:embed schema/*.sql
var files embed.FS

// Tables that iRedMail keeps in the database of the accounts or, where these are in a directory, in iRedAdmin's.
var (
	// DeletedMailboxes makes the table of the mailboxes whose files are to be removed.
	DeletedMailboxes = Script{files, "schema/deleted_mailboxes."}
	// MailboxTables makes the tables about how mailboxes are used and shared.
	MailboxTables = Script{files, "schema/mailboxes."}
)

// Script returns the statements that make the tables as the newest version has them, "" for an engine without any.
func (s Schema) Script(engine string) string {
	var parts []string
	for _, script := range s.Scripts[engine] {
		text, err := fs.ReadFile(script.Files, script.Prefix+engine+".sql")
		if err != nil {
			return ""
		}
		parts = append(parts, strings.TrimSpace(string(text)))
	}
	return strings.Join(parts, "\n\n")
}

// Indexes returns the statements that make the indexes which an existing database lacks. An embedded one has them.
func (s Schema) Indexes(engine string) []string { return slices.Clone(s.Further[engine]) }

// Create makes the tables on a server, with the indexes that we want. When any of the tables is there already it changes
// nothing and returns an error that says so.
func (s Schema) Create(ctx context.Context, db *DB) error {
	script := s.Script(db.Dialect.Name)
	if script == "" {
		return fmt.Errorf("there are no tables to make on %s", db.Dialect.Name)
	}
	return db.Lay(ctx, slices.Concat(Statements(script), s.Indexes(db.Dialect.Name)))
}

// Migrate creates or updates the tables of a database that is ours; see DB.Migrate. It refuses a database of another engine.
func (s Schema) Migrate(ctx context.Context, db *DB) error {
	dir, err := s.migrations(db)
	if err != nil {
		return err
	}
	return db.Migrate(ctx, dir)
}

// CheckOwn returns an error when Migrate would refuse the database. It changes nothing.
func (s Schema) CheckOwn(ctx context.Context, db *DB) error {
	dir, err := s.migrations(db)
	if err != nil {
		return err
	}
	return db.CheckOwn(ctx, dir)
}

func (s Schema) migrations(db *DB) (fs.FS, error) {
	if _, err := fs.Stat(s.Migrations, db.Dialect.Name); err != nil {
		return nil, errors.New("only embedded databases are migrated")
	}
	return fs.Sub(s.Migrations, db.Dialect.Name)
}

// Check returns an error when the database is not the one that has these tables.
func (s Schema) Check(ctx context.Context, db *DB) error {
	layout, err := db.Reader().Layout(ctx)
	if err != nil {
		return err
	}
	return s.CheckLayout(layout)
}

// CheckLayout is Check of a layout that was read.
func (s Schema) CheckLayout(layout Layout) error {
	present := layout.Present(s.Required...)
	if len(present) == len(s.Required) || s.AnyOf && len(present) > 0 {
		return nil
	}
	missing := slices.DeleteFunc(slices.Clone(s.Required), layout.Has)
	return fmt.Errorf("%s has no table %q: %w", s.Name, missing[0], ErrTablesMissing)
}

// Sub returns a directory of embedded files. The name is one of our own, so it does not fail.
func Sub(files fs.FS, dir string) fs.FS {
	sub, err := fs.Sub(files, path.Clean(dir))
	if err != nil {
		panic(err)
	}
	return sub
}
