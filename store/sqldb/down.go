package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"syscall"

	"github.com/postern-mail/postern/store"
)

// wrap turns what a driver says about a server that is away into store.Down, and leaves everything else.
func (db *DB) wrap(err error) error {
	var known *store.Error
	switch {
	case err == nil, errors.Is(err, sql.ErrNoRows), errors.As(err, &known):
		return err
	case errors.Is(err, context.DeadlineExceeded):
		return store.Late("The database", err)
	case isGone(err), db.faults.isDown(err), store.IsUntrusted(err):
		return store.Down("The database", err)
	}
	if db.faults.complaint != nil {
		if c, ok := db.faults.complaint(err); ok {
			return refusedValue(c, err)
		}
	}
	return err
}

// isGone reports what any driver may say when its connection breaks, is not made, or does not answer in time.
func isGone(err error) bool {
	var network *net.OpError
	if errors.As(err, &network) {
		return true
	}
	for _, gone := range []error{
		driver.ErrBadConn, sql.ErrConnDone, sql.ErrTxDone, context.DeadlineExceeded, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed,
		syscall.ECONNRESET, syscall.EPIPE,
	} {
		if errors.Is(err, gone) {
			return true
		}
	}
	return false
}

// busy is what comes of a transaction that lost against others as often as it was tried.
func busy(err error) error {
	return store.Down("The database is busy and", err)
}
