package change

import (
	"slices"
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
	here   bool          // this process recorded it, so no other one is at it
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

// begin is take of an intent that this process is about to record.
func (l *ledger) begin(id string, change store.Change) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries[id] = &entry{change: change, busy: make(chan struct{}), here: true}
}

// began reports whether this process recorded the intent or knows that the change has happened.
func (l *ledger) began(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.entries[id]
	return e != nil && (e.here || e.known)
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
	if !e.known && !e.here {
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
		e.known, e.here, e.left = false, false, nil
		if e.busy == nil {
			delete(l.entries, id)
		}
	}
}

// running returns the channels of those changes that somebody is at.
func (l *ledger) running(which func(store.Change) bool) (busy []<-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.entries {
		if e.busy != nil && which(e.change) {
			busy = append(busy, e.busy)
		}
	}
	return busy
}

// prune drops what is known of intents that are recorded no more: another process has finished them.
func (l *ledger) prune(recorded []store.Intent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, e := range l.entries {
		if e.busy == nil && !slices.ContainsFunc(recorded, func(i store.Intent) bool { return i.ID == id }) {
			delete(l.entries, id)
		}
	}
}

// concerns reports whether a change takes something away from a name: it was deleted or renamed, or its domain was
// deleted; or it was created, or its domain, and what was left over is to go.
func concerns(c store.Change, name string) bool {
	if c.Action != store.ActionDelete && c.Action != store.ActionRename && c.Action != store.ActionCreate {
		return false
	}
	return c.Name == name || !strings.Contains(c.Name, "@") && store.DomainOf(name) == c.Name
}
