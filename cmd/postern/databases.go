package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/panelstore"
	"github.com/postern-mail/postern/store/policystore"
	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/sqlstore"
	"github.com/postern-mail/postern/store/statestore"
)

// database is one of the databases that Postern works with.
type database struct {
	key  string // of its setting
	name string // for people
	file string // in the data directory, where the setting is absent; "" when there is none then
	dsn  store.Secret
}

// databases returns all that can be configured.
func (c Config) databases() []database {
	all := []database{
		{"vmail_dsn", "accounts", "vmail.db", c.VmailDSN},
		{"iredadmin_dsn", "panel", "iredadmin.db", c.IredadminDSN},
		{"state_dsn", "state", "state.db", c.StateDSN},
		{"amavisd_dsn", "Amavisd", "amavisd.db", c.AmavisdDSN},
		{"iredapd_dsn", "iRedAPD", "iredapd.db", c.IredapdDSN},
	}
	if c.Backend == "sqlite" {
		return all
	}
	for i := range all { // what is not named there is not ours to make, but for the state
		if all[i].key != "state_dsn" {
			all[i].file = ""
		}
	}
	return all
}

// database returns the one of that key.
func (c Config) database(key string) database {
	for _, d := range c.databases() {
		if d.key == key {
			return d
		}
	}
	panic("no database " + key)
}

// url is where the database is: as configured, else a file in the data directory, or "" when there is none.
func (c Config) url(d database) string {
	switch {
	case d.dsn != "":
		return d.dsn.Reveal()
	case d.file != "":
		return "sqlite://" + filepath.Join(c.DataDir, d.file)
	}
	return ""
}

// embedded reports whether the database is a file of ours, whose tables we create ourselves.
func (c Config) embedded(d database) bool { return strings.HasPrefix(c.url(d), "sqlite://") }

// path is the file of a SQLite URL.
func (c Config) path(d database) string {
	_, rest, _ := strings.Cut(c.url(d), "://")
	path, _, _ := strings.Cut(rest, "?")
	return path
}

// open opens a database. The file of one of ours is made when it is missing.
func (c Config) open(d database) (*sqldb.DB, error) {
	if err := c.prepare(d); err != nil {
		return nil, err
	}
	return sqldb.Open(c.url(d))
}

// prepare makes the file of a database of ours. Others may not read it: it holds password hashes and sessions.
func (c Config) prepare(d database) error {
	if !c.embedded(d) {
		return nil
	}
	if d.dsn == "" {
		if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
			return fmt.Errorf("%s: %w", variable("data_dir"), err)
		}
	}
	f, err := os.OpenFile(c.path(d), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// inspect reports whether the database can be used, in a few words, and changes nothing: a file that is missing
// is made by serve.
func (c Config) inspect(ctx context.Context, d database) (state string, err error) {
	if c.embedded(d) {
		f, err := os.OpenFile(c.path(d), os.O_RDWR, 0)
		if errors.Is(err, fs.ErrNotExist) {
			return "is not there yet, serve makes it", c.mayCreate(c.path(d))
		}
		if err != nil {
			return "", err
		}
		if err = errors.Join(f.Close(), mayMake(c.path(d))); err != nil { // SQLite keeps its log beside the file
			return "", err
		}
	}
	db, err := sqldb.Open(c.url(d))
	if err != nil {
		return "", err
	}
	if err = db.Ping(ctx); err == nil {
		if c.embedded(d) {
			err = checkFile(ctx, d, db)
		} else {
			err = checkTables(ctx, d, db)
			err = errors.Join(err, c.checkGrants(ctx, d, db, err != nil))
		}
	}
	return "answers", errors.Join(err, db.Close())
}

// checkTables returns an error when a database on a server is not what it is configured as.
func checkTables(ctx context.Context, d database, db *sqldb.DB) error {
	switch d.key {
	case "vmail_dsn":
		return withHint(sqlstore.Schema.Check(ctx, db))
	case "iredadmin_dsn":
		return withHint(panelstore.Schema.Check(ctx, db))
	case "amavisd_dsn":
		return withHint(policystore.Amavisd.Check(ctx, db))
	case "iredapd_dsn":
		return withHint(policystore.Iredapd.Check(ctx, db))
	}
	return statestore.Schema.CheckOwn(ctx, db)
}

// checkGrants returns an error when the account that connects may not do what operations do. While all writes are refused it may
// be one that reads. unlaid says that tables seem to be missing: perhaps the account does not see them.
func (c Config) checkGrants(ctx context.Context, d database, db *sqldb.DB, unlaid bool) error {
	if c.readOnly() && d.key != "state_dsn" {
		return nil
	}
	lacks, err := db.Lacks(ctx, c.uses(d))
	if err == nil && unlaid {
		var unseen []sqldb.Note
		unseen, err = db.Unseen(ctx, c.uses(d))
		lacks = append(lacks, unseen...)
	}
	if err == nil && d.key == "state_dsn" {
		var tables map[string][]string
		if tables, err = db.Reader().Layout(ctx); err == nil && len(tables) == 0 { // we make them
			lacks, err = db.MayNotCreate(ctx)
		}
	}
	if err != nil {
		return err
	}
	var faults []error
	for _, l := range lacks {
		text := l.Text
		if l.Statement != "" {
			text += "\n  " + l.Statement
		}
		faults = append(faults, errors.New(text))
	}
	return errors.Join(faults...)
}

// uses is what is done with the tables of a database.
func (c Config) uses(d database) []sqldb.Use {
	switch d.key {
	case "vmail_dsn":
		return sqlstore.Uses()
	case "iredadmin_dsn":
		return panelstore.Uses(c.Backend == "ldap")
	case "amavisd_dsn":
		return policystore.AmavisdUses()
	case "iredapd_dsn":
		return policystore.IredapdUses()
	}
	return statestore.Uses()
}

// checkFile returns an error when an embedded database is not what it is configured as: another of ours, or another program's.
func checkFile(ctx context.Context, d database, db *sqldb.DB) error {
	switch d.key {
	case "vmail_dsn":
		return sqlstore.Schema.CheckOwn(ctx, db)
	case "iredadmin_dsn":
		return panelstore.Schema.CheckOwn(ctx, db)
	case "amavisd_dsn":
		return policystore.Amavisd.CheckOwn(ctx, db)
	case "iredapd_dsn":
		return policystore.Iredapd.CheckOwn(ctx, db)
	}
	return statestore.Schema.CheckOwn(ctx, db)
}

// withHint says what to do about a database that has not the tables it should have.
func withHint(err error) error {
	if errors.Is(err, sqldb.ErrTablesMissing) {
		return fmt.Errorf("%w (`postern schema create` makes the tables of an empty database)", err)
	}
	return err
}

// mayCreate tries whether a file can be made at path. The directory itself may be missing only where serve makes it.
func (c Config) mayCreate(path string) error {
	if _, err := os.Stat(filepath.Dir(path)); errors.Is(err, fs.ErrNotExist) && !c.inDataDir(path) {
		return err
	}
	return mayMake(path)
}

// mayMake tries whether something can be made at path, along with the directories above it.
func mayMake(path string) error {
	dir := filepath.Dir(path)
	for {
		info, err := os.Stat(dir)
		if err == nil && !info.IsDir() {
			return fmt.Errorf("%s is no directory", dir)
		}
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			return err
		}
		dir = filepath.Dir(dir)
	}
	f, err := os.CreateTemp(dir, ".postern-check-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

func (c Config) inDataDir(path string) bool { return filepath.Dir(path) == filepath.Clean(c.DataDir) }
