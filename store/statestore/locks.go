package statestore

import (
	"context"
	"slices"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// lockTime bounds how long a lock is waited for when the context does not.
const lockTime = 30 * time.Second

// Locked implements store.Locks. Those of this process wait for each other here; only one at a time then asks for the lock
// that the processes share, so that few connections are busy with waiting.
func (s *Store) Locked(ctx context.Context, names []string, fn func(ctx context.Context) error) error {
	names = slices.Compact(slices.Sorted(slices.Values(names))) // in one order, so that nobody waits in a circle
	waiting, cancel := context.WithTimeout(ctx, lockTime)
	defer cancel()
	done, err := s.turns.Take(waiting, names...)
	if err != nil {
		return tooLate(waiting)
	}
	defer done()
	taken, err := s.shelf.hold(waiting, names, func() error { return fn(ctx) })
	if err == nil && !taken {
		return tooLate(waiting)
	}
	return err
}

func tooLate(ctx context.Context) error {
	return store.BeingWritten(context.Cause(ctx))
}

// holder takes locks that all processes share which use the same database.
type holder interface {
	// hold runs fn under the locks. It reports false, without an error, when they did not come in time.
	hold(ctx context.Context, names []string, fn func() error) (taken bool, err error)
	close() error
}

func newHolder(db *sqldb.DB, url string) (holder, error) {
	if db.Holds() {
		return onServer{db}, nil
	}
	return besideFile(url)
}

// onServer has the server of the database keep the locks.
type onServer struct{ db *sqldb.DB }

func (o onServer) hold(ctx context.Context, names []string, fn func() error) (bool, error) {
	return o.db.Hold(ctx, names, func(context.Context) error { return fn() })
}

func (onServer) close() error { return nil }
