package change

import (
	"context"
	"fmt"
	"slices"
	"time"

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

// cleared returns once nothing of an earlier account of that name is left to clean, be it here or in another process. What is
// left is taken up; when that fails again, or when the other process may still be at it, it returns SERVER_DOWN.
func (a *Accounts) cleared(ctx context.Context, name string) error {
	if err := a.clearedHere(ctx, name); err != nil {
		return err
	}
	intents, err := a.intents.UnfinishedIntents(ctx)
	if err != nil {
		return fmt.Errorf("read unfinished changes: %w", err)
	}
	for _, i := range intents {
		if !concerns(i.Change, name) || a.open.knows(i.ID) {
			continue
		}
		if time.Since(i.Created) < resumeAge {
			return uncleared(name, nil)
		}
		err = a.resume(ctx, func(other store.Intent) bool { return other.ID == i.ID })
		if busy, left := a.open.about(name); len(busy) > 0 || len(left) > 0 || err != nil {
			return uncleared(name, err)
		}
	}
	return nil
}

// clearedHere is cleared of what this process knows about.
func (a *Accounts) clearedHere(ctx context.Context, name string) error {
	busy, left := a.open.about(name)
	if len(busy) == 0 && len(left) == 0 {
		return nil
	}
	for _, done := range busy {
		select {
		case <-done:
		case <-ctx.Done():
			return uncleared(name, ctx.Err())
		}
	}
	err := a.resume(ctx, func(i store.Intent) bool { return concerns(i.Change, name) })
	if busy, left = a.open.about(name); len(busy) == 0 && len(left) == 0 {
		return nil
	}
	return uncleared(name, err)
}

func uncleared(name string, cause error) *store.Error {
	e := store.Fail(store.Unavailable, store.CodeServerDown,
		"What belonged to an earlier %s cannot be removed yet. Try again in a few seconds.", name)
	e.Cause = cause
	return e
}

// runNew runs a write that gives an account a name, which has to be cleared of an earlier one.
func (a *Accounts) runNew(ctx context.Context, w store.Write, name string, do write) (store.Change, error) {
	if err := a.cleared(ctx, name); err != nil {
		return store.Change{}, err
	}
	return a.run(ctx, w, do)
}

// runRename is runLasting for a write that gives an account another name.
func (a *Accounts) runRename(ctx context.Context, w store.Write, name string, do write) (store.Change, error) {
	if err := a.cleared(ctx, name); err != nil {
		return store.Change{}, err
	}
	return a.runLasting(ctx, w, do)
}
