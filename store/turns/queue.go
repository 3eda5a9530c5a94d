package turns

import (
	"context"
	"slices"
	"sync"
)

// Queue lets one write at a time run for each name. Whoever sends many writes at once would have all places of a queue;
// taking turns, each waits for its own and has one place.
type Queue struct {
	mu    sync.Mutex
	lines map[string]*line
}

// line is who waits for a turn of one name.
type line struct {
	turn    chan struct{} // holds one value while somebody has the turn
	waiting int           // how many have the turn or wait for it
}

// Take waits for the turns of the names one after the other, and returns what gives them up. Whoever takes several takes them
// in an order that is the same for all, so that nobody waits in a circle. It fails when ctx ends first, and then has none.
func (q *Queue) Take(ctx context.Context, names ...string) (done func(), err error) {
	taken := make([]func(), 0, len(names))
	done = func() {
		for _, leave := range slices.Backward(taken) {
			leave()
		}
	}
	for _, name := range names {
		leave, err := q.take(ctx, name)
		if err != nil {
			done()
			return nil, err
		}
		taken = append(taken, leave)
	}
	return done, nil
}

func (q *Queue) take(ctx context.Context, name string) (done func(), err error) {
	l := q.join(name)
	select {
	case l.turn <- struct{}{}:
		return func() { <-l.turn; q.leave(name, l) }, nil
	case <-ctx.Done():
		q.leave(name, l)
		return nil, ctx.Err()
	}
}

func (q *Queue) join(name string) *line {
	q.mu.Lock()
	defer q.mu.Unlock()
	l := q.lines[name]
	if l == nil {
		if q.lines == nil {
			q.lines = map[string]*line{}
		}
		l = &line{turn: make(chan struct{}, 1)}
		q.lines[name] = l
	}
	l.waiting++
	return l
}

func (q *Queue) leave(name string, l *line) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if l.waiting--; l.waiting == 0 {
		delete(q.lines, name)
	}
}
