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
	if db.Dialect.lock == "" {
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
	if _, err = conn.ExecContext(ctx, db.Dialect.lock); err != nil {
		return db.wrap(err)
	}
	defer release(ctx, conn, db.Dialect.unlock)
	if err = db.CheckOwn(ctx, migrations); err != nil {
		return err
	}
	return db.migrate(ctx, migrations)
}

// CheckOwn returns an error when the database holds tables but has never been migrated, for those are of another program, and
// ErrNewer when it has been migrated further than these migrations go.
func (db *DB) CheckOwn(ctx context.Context, migrations fs.FS) error {
	found, err := db.Reader().Layout(ctx)
	switch {
	case err != nil || len(found) == 0:
		return err
	case len(found[versionTable]) == 0:
		return errors.New("it holds tables of another program; name a database that is empty")
	}
	known, err := versions(migrations)
	if err != nil {
		return err
	}
	var applied []int64
	if err = db.Reader().Select(ctx, &applied, "SELECT version_id FROM "+versionTable); err != nil {
		return fmt.Errorf("read which migrations have run: %w", err)
	}
	for _, version := range applied {
		if version > 0 && !slices.Contains(known, version) { // goose starts with 0
			return fmt.Errorf("its tables are at version %d, which this program does not know (%d is its newest): %w",
				version, slices.Max(known), ErrNewer)
		}
	}
	return nil
}

// versions returns the versions of the migrations, which begin the names of their files.
func versions(migrations fs.FS) ([]int64, error) {
	files, err := fs.Glob(migrations, "*.sql")
	if err != nil {
		return nil, err
	}
	all := []int64{0}
	for _, name := range files {
		version, err := goose.NumericComponent(name)
		if err != nil {
			return nil, fmt.Errorf("read migrations: %w", err)
		}
		all = append(all, version)
	}
	return all, nil
}

func (db *DB) migrate(ctx context.Context, migrations fs.FS) error {
	p, err := goose.NewProvider(goose.Dialect(db.Dialect.Goose), db.write.DB, migrations, goose.WithDisableGlobalRegistry(true))
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
