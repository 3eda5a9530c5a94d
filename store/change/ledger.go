package change

import "sync"

// ledger is what this process knows of unfinished intents: which are being worked on, and of those that surely
// happened, which followers are left. Without it a follower that goes on failing would have the others run again
// and again.
type ledger struct {
	mu   sync.Mutex
	busy map[string]bool
	left map[string][]Follower
}

func newLedger() *ledger {
	return &ledger{busy: map[string]bool{}, left: map[string][]Follower{}}
}

// take reports whether nobody was at the intent; the caller is now.
func (l *ledger) take(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.busy[id] {
		return false
	}
	l.busy[id] = true
	return true
}

// release ends what take began.
func (l *ledger) release(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.busy, id)
}

// remember notes that the change happened and which followers are left.
func (l *ledger) remember(id string, left []Follower) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left[id] = left
}

// remaining returns the followers that are left, and whether the change is known to have happened.
func (l *ledger) remaining(id string) ([]Follower, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	left, known := l.left[id]
	return left, known
}

// forget drops what is known.
func (l *ledger) forget(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.left, id)
}
