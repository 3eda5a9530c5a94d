package sqldb

import (
	"context"
	"sync"
)

// Turns lets one write at a time run for each name. With a single writer whoever sends many writes at once would have all
// places of the queue; taking turns, each admin waits for its own writes and takes one place.
type Turns struct {
	mu     sync.Mutex
	queues map[string]*queue
}

// queue is who waits for a turn of one name.
type queue struct {
	turn    chan struct{} // holds one value while somebody has the turn
	waiting int           // how many have the turn or wait for it
}

// Take waits for the turn of the name, and returns what gives it up. It fails when ctx ends first.
func (t *Turns) Take(ctx context.Context, name string) (done func(), err error) {
	q := t.join(name)
	select {
	case q.turn <- struct{}{}:
		return func() { <-q.turn; t.leave(name, q) }, nil
	case <-ctx.Done():
		t.leave(name, q)
		return nil, ctx.Err()
	}
}

func (t *Turns) join(name string) *queue {
	t.mu.Lock()
	defer t.mu.Unlock()
	q := t.queues[name]
	if q == nil {
		if t.queues == nil {
			t.queues = map[string]*queue{}
		}
		q = &queue{turn: make(chan struct{}, 1)}
		t.queues[name] = q
	}
	q.waiting++
	return q
}

func (t *Turns) leave(name string, q *queue) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if q.waiting--; q.waiting == 0 {
		delete(t.queues, name)
	}
}

// WriteAs is Write for an admin: where a single connection writes, one admin has one write at a time. "" is the program
// itself, which takes no turns.
func (db *DB) WriteAs(ctx context.Context, admin string, fn func(tx *Tx) error) error {
	return db.inTurn(ctx, admin, func() error { return db.Write(ctx, fn) })
}

// DryRunAs is DryRun for an admin, see WriteAs.
func (db *DB) DryRunAs(ctx context.Context, admin string, fn func(tx *Tx) error) error {
	return db.inTurn(ctx, admin, func() error { return db.DryRun(ctx, fn) })
}

func (db *DB) inTurn(ctx context.Context, admin string, run func() error) error {
	if !db.Dialect.SingleWriter || admin == "" {
		return run()
	}
	done, err := db.turns.Take(ctx, admin)
	if err != nil {
		return db.wrap(err)
	}
	defer done()
	return run()
}
