package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/pressly/goose/v3"
)

// versionTable is where the migrations note which of them have run.
const versionTable = "goose_db_version"

// ErrNewer says that a newer version of Postern has migrated a database.
var ErrNewer = errors.New("a newer version of Postern has written it; install that version again, or restore the backup from before" +
	" the upgrade")

// Migrate brings a database of ours to the newest version of the migrations. It refuses what CheckOwn refuses, and changes
// nothing then. Others that migrate the same database wait.
func (db *DB) Migrate(ctx context.Context, migrations fs.FS) (err error) {
	if db.locks.migrate == "" {
		if err = db.CheckOwn(ctx, migrations); err != nil {
			return err
		}
		return db.migrate(ctx, migrations)
	}
	conn, err := db.write.Conn(ctx)
	if err != nil {
		return db.wrap(err)
	}
	defer conn.Close()
	if _, err = conn.ExecContext(ctx, db.locks.migrate); err != nil {
		return db.wrap(err)
	}
	defer release(ctx, conn, db.locks.migrated)
	if err = db.CheckOwn(ctx, migrations); err != nil {
		return err
	}
	return db.migrate(ctx, migrations)
}

// errForeign says that a database is not the one that the migrations are for.
var errForeign = errors.New("it holds tables of another program, or other data of Postern's; name a database that is empty")

// CheckOwn returns an error when the database holds tables and not those of the first migration, for they are of another program
// then or of another database of ours, and ErrNewer when it has been migrated further than these migrations go. Migrations
// therefore keep the tables of the first one.
func (db *DB) CheckOwn(ctx context.Context, migrations fs.FS) error {
	found, err := db.Reader().Layout(ctx)
	if err != nil {
		return err
	}
	delete(found, "sqlite_sequence") // SQLite's own
	switch {
	case len(found) == 0:
		return nil
	case len(found[versionTable]) == 0:
		return errForeign
	}
	known, err := readMigrations(migrations)
	if err != nil {
		return err
	}
	var applied []int64
	if err = db.Reader().Select(ctx, &applied, "SELECT version_id FROM "+versionTable); err != nil {
		return fmt.Errorf("read which migrations have run: %w", err)
	}
	if !known.ours(found, slices.ContainsFunc(applied, func(version int64) bool { return version > 0 })) {
		return errForeign
	}
	for _, version := range applied {
		if version > 0 && !slices.Contains(known.versions, version) { // goose starts with 0
			return fmt.Errorf("its tables are at version %d, which this program does not know (%d is its newest): %w",
				version, slices.Max(known.versions), ErrNewer)
		}
	}
	return nil
}

// ownMigrations is what the files of migrations say.
type ownMigrations struct {
	versions []int64  // which begin the names of the files
	tables   []string // that the first one makes
}

// ours reports whether the tables found are those of the migrations. Where none has run yet, the first may have been interrupted.
func (m ownMigrations) ours(found map[string][]string, applied bool) bool {
	if applied {
		return !slices.ContainsFunc(m.tables, func(table string) bool { return len(found[table]) == 0 })
	}
	for table := range found {
		if table != versionTable && !slices.Contains(m.tables, table) {
			return false
		}
	}
	return true
}

func readMigrations(migrations fs.FS) (m ownMigrations, err error) {
	files, err := fs.Glob(migrations, "*.sql") // in order
	if err != nil {
		return m, err
	}
	m.versions = []int64{0}
	for i, name := range files {
		version, err := goose.NumericComponent(name)
		if err != nil {
			return m, fmt.Errorf("read migrations: %w", err)
		}
		m.versions = append(m.versions, version)
		if i > 0 {
			continue
		}
		text, err := fs.ReadFile(migrations, name)
		if err != nil {
			return m, fmt.Errorf("read migrations: %w", err)
		}
		for _, match := range createTable.FindAllStringSubmatch(string(text), -1) {
			m.tables = append(m.tables, match[1])
		}
	}
	return m, nil
}

func (db *DB) migrate(ctx context.Context, migrations fs.FS) error {
	defer db.layout.forget()
	p, err := goose.NewProvider(goose.Dialect(db.goose), db.write.DB, migrations, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	if _, err = p.Up(ctx); err != nil {
		return fmt.Errorf("migrate %s database: %w", db.Dialect.Name, db.wrap(err))
	}
	return nil
}

// release gives up a lock of the connection. Where that fails the connection is closed, which does it too.
func release(ctx context.Context, conn *sql.Conn, unlock string) {
	if _, err := conn.ExecContext(context.WithoutCancel(ctx), unlock); err != nil {
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	}
}
