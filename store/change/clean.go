package change

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/postern-mail/postern/store"
)

// cleaner is a follower that takes away what belonged to an account that is gone. While it is left to do, nobody else may
// get the name: their own things would go too.
type cleaner interface {
	Follower
	cleans()
}

func hasCleaner(followers []Follower) bool {
	return slices.ContainsFunc(followers, func(f Follower) bool {
		_, cleans := f.(cleaner)
		return cleans
	})
}

// waitForCleanup returns once nothing of an earlier account of that name is left to clean, be it here or in another process. What is
// left is taken up; when that fails again, or when another process may still be at it, it returns SERVER_DOWN.
func (a *Accounts) waitForCleanup(ctx context.Context, name string) error {
	return a.waitFor(ctx, name, func(c store.Change) bool { return concerns(c, name) })
}

// waitForCarryOver returns once what an account brought along from an earlier name has come, and what was left over when it was created is
// gone: it would otherwise come to whoever gets the name next, or along with the account. It fails as waitForCleanup does.
func (a *Accounts) waitForCarryOver(ctx context.Context, name string) error {
	return a.waitFor(ctx, name, func(c store.Change) bool {
		return c.Action == store.ActionRename && c.NewName == name || c.Action == store.ActionCreate && c.Name == name
	})
}

// waitForName returns once nothing is left to do that would touch what belongs to a name: neither cleaning after an earlier
// account nor what this one brings along. It fails as waitForCleanup does.
func (a *Accounts) waitForName(ctx context.Context, name string) error {
	return a.waitFor(ctx, name, func(c store.Change) bool {
		return concerns(c, name) || c.Action == store.ActionRename && c.NewName == name
	})
}

// waitFor takes up what is left to clean of some changes. What is recorded counts, not what this process remembers: another
// one may have finished it.
func (a *Accounts) waitFor(ctx context.Context, name string, which func(store.Change) bool) error {
	for _, done := range a.inFlight.running(which) {
		select {
		case <-done:
		case <-ctx.Done():
			return uncleared(name, ctx.Err())
		}
	}
	intents, err := a.intents.UnfinishedIntents(ctx)
	if err != nil {
		return fmt.Errorf("read unfinished changes: %w", err)
	}
	for _, i := range intents {
		if !which(i.Change) {
			continue
		}
		if err = a.finishOne(ctx, i); err != nil {
			return uncleared(name, err)
		}
	}
	return nil
}

// finishOne takes up one change, unless nothing is left of it that cleans.
func (a *Accounts) finishOne(ctx context.Context, i store.Intent) error {
	left, known := a.remaining(i)
	if known && !hasCleaner(left) {
		return nil
	}
	if isYoung(i) && !a.inFlight.began(i.ID) {
		return a.runningElsewhere(ctx, i)
	}
	if !a.inFlight.take(i.ID, i.Change) {
		return errAtWork
	}
	defer a.inFlight.release(i.ID)
	if err := a.resumeIntent(ctx, i); err != nil {
		return err
	}
	if left, _ = a.inFlight.remaining(i.ID); hasCleaner(left) {
		return errNotCleaned
	}
	return nil
}

// runningElsewhere tells of a change that another process may be at. As long as it has not happened nothing is to be cleaned.
func (a *Accounts) runningElsewhere(ctx context.Context, i store.Intent) error {
	happened, err := a.happened(ctx, i.Change)
	if err == nil && happened {
		err = errAtWork
	}
	return err
}

var (
	errAtWork     = errors.New("another process is working on it")
	errNotCleaned = errors.New("a follower failed")
)

func uncleared(name string, cause error) *store.Error {
	e := store.Fail(store.Unavailable, store.CodeServerDown,
		"Data of the deleted account %s is still being removed. Try again in a few seconds.", name)
	e.Cause = cause
	return e
}
