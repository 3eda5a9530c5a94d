package change

import (
	"strings"
	"sync"

	"github.com/postern-mail/postern/store"
)

// ledger is what this process knows of unfinished intents: which are being worked on, and of those that surely
// happened, which followers are left. Without it a follower that goes on failing would have the others run again
// and again.
type ledger struct {
	mu      sync.Mutex
	entries map[string]*entry
}

// entry is one unfinished intent.
type entry struct {
	change store.Change
	busy   chan struct{} // closed when nobody is at it any more; nil when nobody is
	known  bool          // the change has happened
	left   []Follower
}

func newLedger() *ledger { return &ledger{entries: map[string]*entry{}} }

// take reports whether nobody was at the intent; the caller is now.
func (l *ledger) take(id string, change store.Change) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.entries[id]
	if e == nil {
		e = &entry{change: change}
		l.entries[id] = e
	}
	if e.busy != nil {
		return false
	}
	e.busy = make(chan struct{})
	return true
}

// release ends what take began.
func (l *ledger) release(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.entries[id]
	if e == nil {
		return
	}
	if e.busy != nil {
		close(e.busy)
		e.busy = nil
	}
	if !e.known {
		delete(l.entries, id)
	}
}

// remember notes that the change happened and which followers are left.
func (l *ledger) remember(id string, left []Follower) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.entries[id]; e != nil {
		e.known, e.left = true, left
	}
}

// remaining returns the followers that are left, and whether the change is known to have happened.
func (l *ledger) remaining(id string) ([]Follower, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.entries[id]; e != nil {
		return e.left, e.known
	}
	return nil, false
}

// forget drops what is known, but that somebody may still be at it.
func (l *ledger) forget(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.entries[id]; e != nil {
		e.known, e.left = false, nil
		if e.busy == nil {
			delete(l.entries, id)
		}
	}
}

// knows reports whether this process is, or was, at the intent.
func (l *ledger) knows(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.entries[id] != nil
}

// about returns what is unfinished about a name: the channels of those that somebody is at, and the ids of those whose
// cleaning is left.
func (l *ledger) about(name string) (busy []<-chan struct{}, left []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, e := range l.entries {
		switch {
		case !concerns(e.change, name):
		case e.busy != nil:
			busy = append(busy, e.busy)
		case hasCleaner(e.left):
			left = append(left, id)
		}
	}
	return busy, left
}

// concerns reports whether a change takes something away from a name: it was deleted or renamed, or its domain was
// deleted.
func concerns(c store.Change, name string) bool {
	if c.Action != store.ActionDelete && c.Action != store.ActionRename {
		return false
	}
	return c.Name == name || !strings.Contains(c.Name, "@") && store.DomainOf(name) == c.Name
}
