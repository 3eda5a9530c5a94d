package access

import (
	"sync"
	"time"
)

const (
	// failedLoginTime is how long a failed log-in takes at least, from its beginning, so that its time tells nothing about the
	// account. Usual hashes take less.
	failedLoginTime = 300 * time.Millisecond
	// longestFloor bounds what costly hashes and a busy machine make of it.
	longestFloor = 2 * time.Second
	// floorStep is what it is rounded up to, floorPeriod how long a slow one counts: one period to two.
	floorStep   = 100 * time.Millisecond
	floorPeriod = 5 * time.Minute
)

// floor is how long failed log-ins take at least. Where some took longer, all others then do as well: otherwise accounts with
// a costly hash would stand out, on a busy machine even those with a usual one.
type floor struct {
	mu             sync.Mutex
	since          time.Time
	slowest, older time.Duration // of this period and of the one before
}

// of notes what one took, and returns the least for it and those after it.
func (f *floor) of(took time.Duration, now time.Time) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	if age := now.Sub(f.since); age >= floorPeriod {
		f.older, f.slowest = f.slowest, 0
		if age >= 2*floorPeriod {
			f.older = 0
		}
		f.since = now
	}
	f.slowest = max(f.slowest, took)
	least := (max(f.slowest, f.older) + floorStep - 1) / floorStep * floorStep
	return min(max(least, failedLoginTime), longestFloor)
}
