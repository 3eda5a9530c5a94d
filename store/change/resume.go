package change

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/postern-mail/postern/store"
)

// resumeAge is how old an intent is before ResumeStale takes it up: younger ones may be in the hands of another process. It
// is well above what the longest request and its followers may take, and what the clocks of two machines may differ by.
const resumeAge = 3 * time.Minute

func isYoung(i store.Intent) bool { return time.Since(i.Created) < resumeAge }

// Resume takes up every unfinished intent: it looks whether the change happened, and either runs the followers or
// forgets it. It is called at start, before the first write. An intent that cannot be finished stays; the error then
// says why, but for failing followers, which only the log names. A young one that has not happened stays without an error:
// another process may be about to carry it out.
func (a *Accounts) Resume(ctx context.Context) error {
	return a.resume(ctx, func(store.Intent) bool { return true })
}

// ResumeStale is Resume for the intents older than a few minutes, which no running server is at work on any more.
func (a *Accounts) ResumeStale(ctx context.Context) error {
	return a.resume(ctx, func(i store.Intent) bool { return !isYoung(i) })
}

func (a *Accounts) resume(ctx context.Context, due func(store.Intent) bool) error {
	intents, err := a.intents.UnfinishedIntents(ctx)
	if err != nil {
		return fmt.Errorf("read unfinished changes: %w", err)
	}
	a.inFlight.prune(intents)
	var errs []error
	for _, i := range intents {
		if !due(i) || !a.inFlight.take(i.ID, i.Change) {
			continue
		}
		if err := a.resumeIntent(ctx, i); err != nil {
			errs = append(errs, fmt.Errorf("take up the %s of %s: %w", i.Change.Action, i.Change.Name, err))
		}
		a.inFlight.release(i.ID)
	}
	return errors.Join(errs...)
}

func (a *Accounts) resumeIntent(ctx context.Context, i store.Intent) error {
	ctx, cancel := context.WithTimeout(ctx, followTime)
	defer cancel()
	left, known := a.remaining(i)
	if !known {
		happened, err := a.happened(ctx, i.Change)
		if err != nil {
			return err
		}
		if !happened && isYoung(i) {
			return nil
		}
		if !happened {
			a.log.InfoContext(ctx, "A change that never happened is forgotten.", "change", about(i.Change), "intent", i.ID)
			return a.intents.FinishIntent(ctx, i.ID)
		}
		a.log.InfoContext(ctx, "An unfinished change is taken up again.", "change", about(i.Change), "intent", i.ID)
		a.announce(i.Change)
		left = a.followers
	}
	a.finish(ctx, i.ID, a.follow(ctx, i.Actor, i.Change, left))
	return nil
}
