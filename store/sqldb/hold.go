package sqldb

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"fmt"
	"time"
)

// holdTime bounds how long Hold waits for a lock of a server when the context does not.
const holdTime = 30 * time.Second

// Holds reports whether the server of the database keeps locks that Hold can take.
func (db *DB) Holds() bool { return db.locks.hold != "" }

// Hold runs fn while a connection of its own holds locks of the server under these names, which no other connection to the
// same database holds meanwhile. They are taken in the order given, which has to be the same for all who ask. The server
// gives them up when the connection breaks. A lock that did not come in time is no error of the server: taken is false
// then, and fn has not run.
func (db *DB) Hold(ctx context.Context, names []string, fn func(ctx context.Context) error) (taken bool, err error) {
	conn, err := db.write.Connx(ctx)
	if err != nil {
		return false, db.wrap(err)
	}
	held := 0
	defer func() {
		if e := db.letGo(context.WithoutCancel(ctx), conn.Conn, names[:held]); e != nil {
			// Whoever gets the connection next must not hold them.
			_ = conn.Raw(func(any) error { return driver.ErrBadConn })
		}
		_ = conn.Close()
	}()
	for _, name := range names {
		got, err := db.holdOne(ctx, conn.Conn, name)
		if err != nil || !got {
			return false, db.wrap(err)
		}
		held++
	}
	return true, fn(ctx)
}

// lockName is a name as servers take it, which is short.
func lockName(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:16])
}

func (db *DB) holdOne(ctx context.Context, conn *sql.Conn, name string) (bool, error) {
	wait := holdTime
	if due, bounded := ctx.Deadline(); bounded {
		wait = min(wait, time.Until(due))
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	// The server gives up a little later than we do: it may be asked in whole seconds only.
	args := []any{lockName(name), int64(wait/time.Second) + 1}
	var got sql.NullBool
	err := conn.QueryRowContext(ctx, db.locks.hold, args[:db.locks.holdArgs]...).Scan(&got)
	if ctx.Err() != nil {
		return false, nil //nolint:nilerr // it did not come in time
	}
	return got.Bool, err
}

func (db *DB) letGo(ctx context.Context, conn *sql.Conn, names []string) error {
	if len(names) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	for _, name := range names {
		var gone sql.NullBool
		if err := conn.QueryRowContext(ctx, db.locks.letGo, lockName(name)).Scan(&gone); err != nil {
			return fmt.Errorf("give up a lock: %w", err)
		}
	}
	return nil
}
