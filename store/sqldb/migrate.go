package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// versionTable is where the migrations note which of them have run.
const versionTable = "goose_db_version"

// Migrate brings a database of ours to the newest version of the migrations in dir. On a server it refuses one that
// holds tables but has never been migrated: those are of another program. Others that migrate the same database wait.
func (db *DB) Migrate(ctx context.Context, migrations fs.FS) (err error) {
	if db.Dialect.lock == "" {
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
	if err = db.CheckOwn(ctx); err != nil {
		return err
	}
	return db.migrate(ctx, migrations)
}

// CheckOwn returns an error when the database holds tables but has never been migrated: those are of another program.
func (db *DB) CheckOwn(ctx context.Context) error {
	found, err := db.Reader().Layout(ctx)
	if err == nil && len(found) > 0 && len(found[versionTable]) == 0 {
		err = errors.New("it holds tables of another program; name a database that is empty")
	}
	return err
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
