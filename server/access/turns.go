package access

import (
	"context"
	"sync"
)

// turns lets those of the same name go one after the other.
type turns struct {
	mu   sync.Mutex
	held map[string]*turn
}

type turn struct {
	place   chan struct{}
	present int // who has it or waits
}

func newTurns() *turns { return &turns{held: map[string]*turn{}} }

// enter waits for the turn until ctx ends. After true, leave has to be called.
func (t *turns) enter(ctx context.Context, name string) (leave func(), ok bool) {
	t.mu.Lock()
	mine := t.held[name]
	if mine == nil {
		mine = &turn{place: make(chan struct{}, 1)}
		t.held[name] = mine
	}
	mine.present++
	t.mu.Unlock()
	select {
	case mine.place <- struct{}{}:
		return func() { <-mine.place; t.forget(name, mine) }, true
	case <-ctx.Done():
		t.forget(name, mine)
		return nil, false
	}
}

func (t *turns) forget(name string, mine *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if mine.present--; mine.present == 0 {
		delete(t.held, name)
	}
}
