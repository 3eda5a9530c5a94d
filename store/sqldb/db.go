// Package sqldb is what every SQL store stands on: opening a database by its URL, one place where placeholders are
// rebound, transactions that are tried again after a deadlock, and errors of drivers turned into those of store.
package sqldb

import (
	"context"
	"fmt"
	"io/fs"
	"runtime"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"
)

// DB is an open database. Queries are written with "?" for every dialect.
type DB struct {
	Dialect Dialect
	write   *sqlx.DB
	read    *sqlx.DB
}

// Open opens the database of a URL: sqlite://path, and what other dialects are known. A SQLite file is made when
// it is missing. The server of another dialect need not be up yet.
func Open(url string) (*DB, error) {
	dialect, dsn, err := parseURL(url)
	if err != nil {
		return nil, err
	}
	db := &DB{Dialect: dialect}
	if db.write, err = sqlx.Open(dialect.Driver, dsn); err != nil {
		return nil, fmt.Errorf("open %s database: %w", dialect.Name, err)
	}
	db.read = db.write
	if dialect.SingleWriter {
		// A second writer would only wait for the first; readers go on beside it.
		db.write.SetMaxOpenConns(1)
		if db.read, err = sqlx.Open(dialect.Driver, dsn+readerSuffix); err != nil {
			return nil, fmt.Errorf("open %s database: %w", dialect.Name, err)
		}
		db.read.SetMaxOpenConns(max(4, runtime.NumCPU()))
		db.read.SetMaxIdleConns(max(4, runtime.NumCPU()))
	}
	return db, nil
}

// Close closes the database.
func (db *DB) Close() error {
	err := db.write.Close()
	if db.read != db.write {
		if e := db.read.Close(); err == nil {
			err = e
		}
	}
	return err
}

// Ping asks the server for an answer.
func (db *DB) Ping(ctx context.Context) error { return db.wrap(db.read.PingContext(ctx)) }

// Reader reads outside of any transaction.
func (db *DB) Reader() *Reader { return &Reader{db.read, db} }

// Migrate brings a database of ours to the newest version of the migrations in dir.
func (db *DB) Migrate(ctx context.Context, migrations fs.FS) error {
	p, err := goose.NewProvider(goose.Dialect(db.Dialect.Goose), db.write.DB, migrations, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	if _, err = p.Up(ctx); err != nil {
		return fmt.Errorf("migrate %s database: %w", db.Dialect.Name, err)
	}
	return nil
}

// tries bounds how often a transaction that lost against others is run.
const tries = 8

// Write runs fn in one transaction, which is rolled back when fn fails. After a deadlock or a serialization
// failure the whole fn runs again, so it must not keep anything from an earlier run.
func (db *DB) Write(ctx context.Context, fn func(tx *Tx) error) error {
	var err error
	for try := range tries {
		if err = db.writeOnce(ctx, fn); err == nil || !db.Dialect.IsRetry(err) {
			return db.wrap(err)
		}
		pause := time.NewTimer(time.Duration(try+1) * 5 * time.Millisecond)
		select {
		case <-ctx.Done():
			pause.Stop()
			return db.wrap(ctx.Err())
		case <-pause.C:
		}
	}
	return db.wrap(err)
}

func (db *DB) writeOnce(ctx context.Context, fn func(tx *Tx) error) error {
	tx, err := db.write.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it has nothing to do, before it the first error counts
	if err = fn(&Tx{Reader{tx, db}}); err != nil {
		return err
	}
	return tx.Commit()
}

// DryRun runs fn in a transaction that is always rolled back.
func (db *DB) DryRun(ctx context.Context, fn func(tx *Tx) error) error {
	err := db.Write(ctx, func(tx *Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return errDryRun
	})
	if err == errDryRun { //nolint:errorlint // it is ours and never wrapped
		return nil
	}
	return err
}
