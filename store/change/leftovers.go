package change

import (
	"context"
	"time"

	"github.com/postern-mail/postern/store"
)

// leftoverFollower is a follower that knows what other programs left, in its database, of a name that they gave up: it must not
// come to who gets the name next. Told of an account that was created with something left over (see isLeftover) it removes that.
type leftoverFollower interface {
	Follower
	// holds reports whether there is anything left of what is about to be created by the actor.
	holds(ctx context.Context, actor store.Actor, c store.Change) (bool, error)
	// removeLeftovers removes it.
	removeLeftovers(ctx context.Context, actor store.Actor, c store.Change) error
}

// lookTime bounds how long the followers may look for what is left over.
const lookTime = 2 * time.Second

// isLeftover reports whether a change is a creation of which it is recorded that something of the name may be left over.
func isLeftover(c store.Change) bool { return c.Action == store.ActionCreate && c.Lasting }

// creation is the change that creates an account or domain, as far as it is known before.
func creation(noun store.Noun, name string) store.Change {
	return store.Change{Action: store.ActionCreate, Noun: noun, Name: name, Domain: store.DomainOf(name)}
}

// holding returns the followers that know of something left over, and whether some could not say.
func (a *Accounts) holding(ctx context.Context, actor store.Actor, c store.Change) (holding []leftoverFollower, unknown bool) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	for _, f := range a.followers {
		l, looks := f.(leftoverFollower)
		if !looks {
			continue
		}
		held, err := l.holds(ctx, actor, c)
		if err != nil {
			a.log.WarnContext(ctx, "Whether something is left over of a name could not be looked up.", "follower", f.Name(),
				"change", about(c), "error", err)
			unknown = true
		}
		if held {
			holding = append(holding, l)
		}
	}
	return holding, unknown
}

// runNew runs a write that gives an account a name, which has to be cleared of an earlier one. Where something of that name is
// left over in another database, or nobody can say, the creation is recorded, so that it is not forgotten to remove that.
func (a *Accounts) runNew(ctx context.Context, w store.Write, noun store.Noun, name string, do write) (store.Change, error) {
	if err := a.waitForCleanup(ctx, name); err != nil {
		return store.Change{}, err
	}
	if w.DryRun {
		return do(ctx, w)
	}
	holding, unknown := a.holding(ctx, w.Actor, creation(noun, name))
	if len(holding) == 0 && !unknown {
		return a.run(ctx, w, do)
	}
	planned, err := do(ctx, dry(w))
	if err != nil {
		return a.run(ctx, w, do) // it is refused, or finishes what an earlier call left
	}
	planned.Lasting = true
	id, err := a.begin(ctx, w.Actor, planned)
	if err != nil {
		return store.Change{}, err
	}
	defer a.inFlight.release(id)
	return a.decide(ctx, id, w, planned, func(ctx context.Context, w store.Write) (store.Change, error) {
		c, err := do(ctx, w)
		c.Lasting = true
		return c, err
	})
}

// runRename is runLasting for a write that gives an account another name. What is left over of that name goes before: afterwards
// it could not be told from what the account brings along.
func (a *Accounts) runRename(ctx context.Context, w store.Write, noun store.Noun, name string, do write) (store.Change, error) {
	if err := a.waitForCleanup(ctx, name); err != nil {
		return store.Change{}, err
	}
	if w.DryRun {
		return do(ctx, w)
	}
	left := creation(noun, name)
	if holding, _ := a.holding(ctx, w.Actor, left); len(holding) > 0 {
		if _, err := do(ctx, dry(w)); err != nil {
			return a.runLasting(ctx, w, do)
		}
		for _, l := range holding {
			if err := l.removeLeftovers(ctx, w.Actor, left); err != nil {
				return store.Change{}, uncleared(name, err)
			}
		}
	}
	return a.runLasting(ctx, w, do)
}
