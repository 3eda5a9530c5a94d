package rules

import (
	"slices"
	"time"

	"github.com/postern-mail/postern/store"
)

// attemptWindow is how far back failures count, and how long what they have closed stays closed.
const attemptWindow = 15 * time.Minute

// mostRemembered bounds how many failures of one subject are kept. It is no less than any limit.
const mostRemembered = 100

// AttemptLimit bounds how often a password may be guessed wrong.
type AttemptLimit struct {
	// Free failures cost nothing; each one from the last of them on makes the next attempt wait twice as long as the one
	// before, from one second to a minute. 0 is no waiting.
	Free int
	// Most failures within the window close for as long as the window is. 0 closes never.
	Most int
}

// The limits: of an account as seen from one network, of that network for all accounts, of an account from everywhere, and
// of one session that compares passwords. The one of an account from everywhere only makes wait: otherwise a stranger could
// lock its owner out.
var (
	PairLimit    = AttemptLimit{Free: 5, Most: 20}
	NetworkLimit = AttemptLimit{Most: mostRemembered}
	AccountLimit = AttemptLimit{Free: 5}
	SessionLimit = AttemptLimit{Most: 20}
)

// KnownNetwork is how long a network counts as one that the account is used from after a log-in.
const KnownNetwork = 30 * 24 * time.Hour

// AttemptAge is after how much time without a failure nothing of a subject counts any more.
const AttemptAge = attemptWindow

const longestWait = time.Minute

// Failures are the wrong guesses at one subject, oldest first.
type Failures struct {
	At          []time.Time
	ClosedUntil time.Time
}

// Wait returns how long an attempt has to wait before it counts, 0 when it counts now.
func (l AttemptLimit) Wait(f Failures, now time.Time) time.Duration {
	if f.ClosedUntil.After(now) {
		return f.ClosedUntil.Sub(now)
	}
	recent := f.since(now)
	if l.Free == 0 || len(recent) < l.Free {
		return 0
	}
	wait := longestWait
	if beyond := len(recent) - l.Free; beyond < 6 { // 2^6 seconds are more than the longest
		wait = min(wait, time.Second<<beyond)
	}
	return max(0, recent[len(recent)-1].Add(wait).Sub(now))
}

// Add returns the failures with one more at now.
func (l AttemptLimit) Add(f Failures, now time.Time) Failures {
	recent := append(slices.Clone(f.since(now)), now)
	f.At = recent[max(0, len(recent)-mostRemembered):]
	if l.Most > 0 && len(f.At) >= l.Most {
		f.ClosedUntil = now.Add(attemptWindow)
	}
	return f
}

// Remove returns the failures without the one at that time, which turned out to be none. What it had closed is open again.
func (l AttemptLimit) Remove(f Failures, at time.Time) Failures {
	i := slices.IndexFunc(f.At, at.Equal)
	if i < 0 {
		return f
	}
	f.At = slices.Delete(slices.Clone(f.At), i, i+1)
	if l.Most > 0 && len(f.At) < l.Most {
		f.ClosedUntil = time.Time{}
	}
	return f
}

// since returns those that still count.
func (f Failures) since(now time.Time) []time.Time {
	i := slices.IndexFunc(f.At, func(at time.Time) bool { return now.Sub(at) < attemptWindow })
	if i < 0 {
		return nil
	}
	return f.At[i:]
}

// TooManyAttempts says how long to wait.
func TooManyAttempts(wait time.Duration) error {
	e := store.Fail(store.TooMany, store.CodeTooManyAttempts,
		"There were too many attempts with a wrong password. Wait %d seconds before the next one.", int64((wait+time.Second-1)/time.Second))
	e.RetryAfter = wait
	return e
}
