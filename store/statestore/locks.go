package statestore

import (
	"context"
	"slices"
	"sync"
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
	leave, ok := s.queue.enter(waiting, names)
	defer leave()
	if !ok {
		return tooLate(waiting)
	}
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

// queues have those of one process wait for each other.
type queues struct {
	mu    sync.Mutex
	lines map[string]*line
}

// line is one name that somebody holds or waits for.
type line struct {
	turn chan struct{} // full while somebody holds the name
	in   int           // how many hold it or wait
}

func newQueues() *queues { return &queues{lines: map[string]*line{}} }

// enter waits until nobody else holds the names. It reports false when the context ended first; leave is called either way.
func (q *queues) enter(ctx context.Context, names []string) (leave func(), ok bool) {
	held := 0
	joined := make([]*line, len(names))
	for i, name := range names {
		joined[i] = q.join(name)
	}
	leave = func() {
		for i, l := range joined {
			if i < held {
				<-l.turn
			}
			q.part(names[i], l)
		}
	}
	for _, l := range joined {
		select {
		case l.turn <- struct{}{}:
			held++
		case <-ctx.Done():
			return leave, false
		}
	}
	return leave, true
}

func (q *queues) join(name string) *line {
	q.mu.Lock()
	defer q.mu.Unlock()
	l := q.lines[name]
	if l == nil {
		l = &line{turn: make(chan struct{}, 1)}
		q.lines[name] = l
	}
	l.in++
	return l
}

func (q *queues) part(name string, l *line) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if l.in--; l.in == 0 {
		delete(q.lines, name)
	}
}
