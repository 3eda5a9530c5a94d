package sqldb

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/postern-mail/postern/store/turns"
)

// DB is an open database. Queries are written with "?" for every dialect.
type DB struct {
	engine
	write   *sqlx.DB
	read    *sqlx.DB
	layout  remembered[Layout]
	limits  remembered[TextLimits]
	filling remembered[filling] // what rows get that must have more than we know of
	turns   turns.Queue         // of admins, where a single connection writes
	losers  turns.Queue         // of transactions that run again
	watch   func(query string, args []any)
}

// Open opens the database of a URL: sqlite://path, mysql://user:password@host:port/database (MariaDB and MySQL, a
// socket as ?socket=/path) or postgres://user:password@host:port/database. A SQLite file is made when it is missing.
// The server of another dialect need not be up yet. No error holds anything of the URL but its scheme.
func Open(url string) (*DB, error) {
	e, err := engineOf(url)
	if err != nil {
		return nil, err
	}
	write, read, err := e.open(url)
	if err != nil {
		return nil, err
	}
	db := &DB{engine: e, write: sqlx.NewDb(write, e.Dialect.Name)}
	db.read = db.write
	if read != write {
		db.read = sqlx.NewDb(read, e.Dialect.Name)
	}
	return db, nil
}

// Check returns what is wrong with a database URL. It opens nothing.
func Check(url string) error {
	db, err := Open(url)
	if err != nil {
		return err
	}
	return db.Close()
}

// IsDuplicate reports whether an error says that there is a row with the same key.
func (db *DB) IsDuplicate(err error) bool { return db.faults.isDuplicate(err) }

// AnyCase reports whether the engine finds text in any case.
func (db *DB) AnyCase() bool { return db.catalogue.anyCase }

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

// Watch has each statement shown before it runs, as the server gets it. Only tests use it.
func (db *DB) Watch(watch func(query string, args []any)) { db.watch = watch }

// Reader reads outside of any transaction.
func (db *DB) Reader() *Reader { return &Reader{db.read, db} }

// Do runs one statement outside of any transaction: what a server refuses within one, such as making a database.
func (db *DB) Do(ctx context.Context, statement string) error {
	_, err := db.write.ExecContext(ctx, statement)
	return db.wrap(err)
}

// tries bounds how often a transaction that lost against others is run.
const tries = 8

// Write runs fn in one transaction, which is rolled back when fn fails. After a deadlock or a serialization
// failure the whole fn runs again, so it must not keep anything from an earlier run. An error of a statement ends
// the transaction: fn returns it and runs no other, which PostgreSQL would refuse.
func (db *DB) Write(ctx context.Context, fn func(tx *Tx) error) error {
	err := db.writeOnce(ctx, fn)
	if db.faults.isRetry(err) {
		err = db.writeAgain(ctx, fn, err)
	}
	return db.wrap(err)
}

// writeAgain runs a transaction that lost until it wins. Those that lost run one after the other, or many would lose against each
// other time after time.
func (db *DB) writeAgain(ctx context.Context, fn func(tx *Tx) error, err error) error {
	done, e := db.losers.Take(ctx, "")
	if e != nil {
		return e
	}
	defer done()
	for try := range tries {
		if try > 0 {
			if e = pause(ctx, rand.N(time.Duration(try)*10*time.Millisecond)); e != nil { //nolint:gosec // programs are to pause for different times
				return e
			}
		}
		if err = db.writeOnce(ctx, fn); !db.faults.isRetry(err) {
			return err
		}
	}
	return busy(err)
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

func (db *DB) writeOnce(ctx context.Context, fn func(tx *Tx) error) error {
	tx, err := db.write.BeginTxx(ctx, &sql.TxOptions{Isolation: db.isolation})
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it has nothing to do, before it the first error counts
	if err = fn(&Tx{Reader{tx, db}}); err != nil {
		return err
	}
	return db.commit(ctx, tx)
}

// commit waits for the end of a transaction no longer than the context allows: drivers would wait for a server that
// has stalled as long as it takes. Nobody knows then whether the transaction happened.
func (db *DB) commit(ctx context.Context, tx *sqlx.Tx) error {
	if db.singleWriter {
		return tx.Commit()
	}
	done := make(chan error, 1)
	go func() { done <- tx.Commit() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
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
