package hashing

import (
	"context"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/password"
)

const (
	// waitingPerCore is how many may wait for each core, waitingCostly how many for the one place of costly hashes.
	waitingPerCore = 8
	waitingCostly  = 8
	// retryAfter is when somebody who found no place may come again.
	retryAfter = time.Second
)

// Pool computes hashes, as many at a time as there are cores; of those that take much memory or time, one.
type Pool struct {
	all    line
	costly line
}

// New returns a pool for the cores of this machine.
func New() *Pool { return newPool(cores(), waitingPerCore, waitingCostly) }

func newPool(cores, waiting, waitingCostly int) *Pool {
	return &Pool{all: newLine(cores, cores*waiting), costly: newLine(1, waitingCostly)}
}

// Hash is password.Hash within the bounds of the pool, or SERVER_BUSY.
func (p *Pool) Hash(ctx context.Context, scheme password.Scheme, text string) (hash store.Secret, err error) {
	busy := p.run(ctx, false, func() {
		onThread(scheme.Quick(), func() { hash, err = password.Hash(scheme, text) })
	})
	if busy != nil {
		return "", busy
	}
	return hash, err
}

// Verify is password.Stored's Match within the bounds of the pool, or SERVER_BUSY.
func (p *Pool) Verify(ctx context.Context, stored store.Secret, text string) (ok bool, err error) {
	read := password.Read(stored)
	busy := p.run(ctx, read.Costly(), func() {
		onThread(read.Quick(), func() { ok, err = read.Match(text) })
	})
	if busy != nil {
		return false, busy
	}
	return ok, err
}

// onThread computes at once what takes microseconds, and everything else on a thread that stands back.
func onThread(quick bool, f func()) {
	if quick {
		f()
		return
	}
	compute(f)
}

// run calls f when there is a place. What has begun goes on to its end: a hash cannot be interrupted.
func (p *Pool) run(ctx context.Context, costly bool, f func()) error {
	if costly {
		if !p.costly.enter(ctx) {
			return errBusy
		}
		defer p.costly.leave()
	}
	if !p.all.enter(ctx) {
		return errBusy
	}
	defer p.all.leave()
	f()
	return nil
}

var errBusy = func() *store.Error {
	e := store.Fail(store.Unavailable, store.CodeServerBusy, "The server is checking as many passwords as it can. Try again in a few seconds.")
	e.RetryAfter = retryAfter
	return e
}()

// line is a number of places and a bounded queue before them.
type line struct {
	present chan struct{} // who has a place or waits for one
	places  chan struct{}
}

func newLine(places, waiting int) line {
	return line{present: make(chan struct{}, places+waiting), places: make(chan struct{}, places)}
}

// enter reports false at once when too many wait already, and later when ctx ends before there is a place.
func (l line) enter(ctx context.Context) bool {
	select {
	case l.present <- struct{}{}:
	default:
		return false
	}
	select {
	case l.places <- struct{}{}:
		return true
	case <-ctx.Done():
		<-l.present
		return false
	}
}

func (l line) leave() {
	<-l.places
	<-l.present
}
