package policystore

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/postern-mail/postern/store/sqldb"
)

//go:embed migrations schema/*.sql
var files embed.FS

// Part is one of the two databases.
type Part struct {
	name     string
	required []string // the tables that we work with
	indexes  []string
}

// The databases of the policies.
var (
	Amavisd = Part{
		name: "amavisd", required: []string{"users", "mailaddr", "wblist", "outbound_wblist", "policy"},
		indexes: []string{"CREATE INDEX postern_outbound_wblist_sid ON outbound_wblist (sid)"},
	}
	Iredapd = Part{
		name: "iredapd", required: []string{
			"throttle", "throttle_tracking", "greylisting", "greylisting_whitelists", "greylisting_whitelist_domains",
			"greylisting_whitelist_domain_spf", "greylisting_tracking",
		},
	}
)

// Migrate lays or updates the tables of an embedded database. It must never be called on a database of iRedMail's.
func (p Part) Migrate(ctx context.Context, db *sqldb.DB) error {
	if !db.Dialect.SingleWriter {
		return errors.New("only embedded databases are migrated")
	}
	dir, err := fs.Sub(files, "migrations/"+p.name+"/sqlite")
	if err != nil {
		return err
	}
	return db.Migrate(ctx, dir)
}

// CheckOwn returns an error when Migrate would refuse the file of an embedded database. It changes nothing.
func (p Part) CheckOwn(ctx context.Context, db *sqldb.DB) error {
	dir, err := fs.Sub(files, "migrations/"+p.name+"/sqlite")
	if err != nil {
		return err
	}
	return db.CheckOwn(ctx, dir)
}

// CreateSchema makes the tables on a server, with what iRedMail puts into them at first. When any of them is there
// already it changes nothing and returns an error that says so.
func (p Part) CreateSchema(ctx context.Context, db *sqldb.DB) error {
	script, err := files.ReadFile("schema/" + p.name + "." + db.Dialect.Name + ".sql")
	if err != nil {
		return fmt.Errorf("there are no tables to make on %s", db.Dialect.Name)
	}
	return db.Lay(ctx, slices.Concat(sqldb.Statements(string(script)), p.Indexes()))
}

// Indexes returns the statements that make the indexes which a database of iRedMail's lacks and reading a list wants. An
// embedded database has them.
func (p Part) Indexes() []string { return p.indexes }

// Check returns an error when the database has none of the tables, and so is not the right one. What needs a table that an
// older version lacks is not configured, and everything else goes on.
func (p Part) Check(ctx context.Context, db *sqldb.DB) error {
	there, err := db.Reader().Layout(ctx)
	if err != nil {
		return err
	}
	if len(there.Present(p.required...)) == 0 {
		return fmt.Errorf("the database has no table %q: %w", p.required[0], sqldb.ErrNotLaid)
	}
	return nil
}

// Script is the statements that lay the tables as the newest version has them, "" for an engine without one.
func (p Part) Script(dialect string) string {
	script, err := files.ReadFile("schema/" + p.name + "." + dialect + ".sql")
	if err != nil {
		return ""
	}
	return string(script)
}
