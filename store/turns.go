package store

import (
	"context"
	"slices"
	"sync"
)

// Turns lets one write at a time run for each name. Whoever sends many writes at once would have all places of a queue;
// taking turns, each waits for its own and has one place.
type Turns struct {
	mu     sync.Mutex
	queues map[string]*queue
}

// queue is who waits for a turn of one name.
type queue struct {
	turn    chan struct{} // holds one value while somebody has the turn
	waiting int           // how many have the turn or wait for it
}

// Take waits for the turns of the names one after the other, and returns what gives them up. Whoever takes several takes them
// in an order that is the same for all, so that nobody waits in a circle. It fails when ctx ends first, and then has none.
func (t *Turns) Take(ctx context.Context, names ...string) (done func(), err error) {
	taken := make([]func(), 0, len(names))
	done = func() {
		for _, leave := range slices.Backward(taken) {
			leave()
		}
	}
	for _, name := range names {
		leave, err := t.take(ctx, name)
		if err != nil {
			done()
			return nil, err
		}
		taken = append(taken, leave)
	}
	return done, nil
}

func (t *Turns) take(ctx context.Context, name string) (done func(), err error) {
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
