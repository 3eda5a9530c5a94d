package change

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/postern-mail/postern/store"
)

// Follower does what a change means elsewhere.
type Follower interface {
	// Name is what the program's log calls it.
	Name() string
	// Follow must be fit to run again for the same change: after a failure, or after a crash that left nobody to
	// tell whether it had run. Of a change that is taken up again Before and After are nil.
	Follow(ctx context.Context, actor store.Actor, c store.Change) error
}

// followTime bounds how long the followers of one change may take together.
const followTime = 30 * time.Second

// leastFollowTime is what they have in any case, however late the deciding write was.
const leastFollowTime = 400 * time.Millisecond

// Accounts is a store.Accounts whose writes have followers. Reads go straight to the store below.
type Accounts struct {
	store.Accounts
	intents   store.Intents
	log       *slog.Logger
	followers []Follower
	hooks     []func(store.Change)
	inFlight  *ledger
}

var _ store.Accounts = (*Accounts)(nil)

// New puts the followers, which run in that order, behind every write of the accounts.
func New(accounts store.Accounts, intents store.Intents, log *slog.Logger, followers ...Follower) *Accounts {
	return &Accounts{Accounts: accounts, intents: intents, log: log, followers: followers, inFlight: newLedger()}
}

// OnChange has fn called after every deciding write and before the followers, to drop what was cached. When nobody
// knows whether a lasting change happened it is called as well. It must be set before the first write.
func (a *Accounts) OnChange(fn func(store.Change)) { a.hooks = append(a.hooks, fn) }

// write is one method of the store below with its arguments.
type write func(ctx context.Context, w store.Write) (store.Change, error)

// run runs a write that never needs an intent.
func (a *Accounts) run(ctx context.Context, w store.Write, do write) (store.Change, error) {
	c, err := do(ctx, w)
	if err != nil || w.DryRun || c.Nothing {
		return c, err
	}
	a.announce(c)
	after, cancel := detached(ctx)
	defer cancel()
	a.follow(after, w.Actor, c, a.followers)
	return c, nil
}

// runLasting runs a write that may need an intent: a dry run tells.
func (a *Accounts) runLasting(ctx context.Context, w store.Write, do write) (store.Change, error) {
	if w.DryRun {
		return do(ctx, w)
	}
	dry := w
	dry.DryRun = true
	planned, err := do(ctx, dry)
	if store.IsNotFound(err) {
		return do(ctx, w) // there may be something left to finish of an earlier call
	}
	if err != nil {
		return store.Change{}, err
	}
	if !planned.Lasting {
		return a.run(ctx, w, do)
	}
	if err = a.waitForCarryOver(ctx, planned.Name); err != nil {
		return store.Change{}, err
	}
	id, err := a.begin(ctx, w.Actor, planned)
	if err != nil {
		return store.Change{}, err
	}
	defer a.inFlight.release(id)
	c, err := a.decide(ctx, id, w, planned, do)
	if err == nil && c.Action == store.ActionDelete && len(c.Discarded) > 0 {
		a.log.Warn("files of deleted mailboxes are not scheduled for removal: the stored path is no directory of one mailbox",
			"change", about(c), "number", len(c.Discarded), "mailboxes", c.Discarded[:min(len(c.Discarded), 20)])
	}
	return c, err
}

// runUpdate runs an update, which needs an intent only if it may disable.
func (a *Accounts) runUpdate(ctx context.Context, w store.Write, active *bool, do write) (store.Change, error) {
	if active == nil || *active {
		return a.run(ctx, w, do)
	}
	return a.runLasting(ctx, w, do)
}

// begin records the intent and keeps Run from taking it up meanwhile.
func (a *Accounts) begin(ctx context.Context, actor store.Actor, planned store.Change) (string, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("name an intent: %w", err)
	}
	planned.Before, planned.After, planned.Made = nil, nil, nil
	a.inFlight.begin(id.String(), planned)
	intent := store.Intent{ID: id.String(), Actor: actor, Change: planned, Created: time.Now().UTC()}
	if err = a.intents.BeginIntent(ctx, intent); err != nil {
		a.inFlight.forget(id.String())
		a.inFlight.release(id.String())
		return "", fmt.Errorf("record the change of %s: %w", planned.Name, err)
	}
	return id.String(), nil
}

// decide makes the deciding write of a recorded intent, and sees to what follows.
func (a *Accounts) decide(ctx context.Context, id string, w store.Write, planned store.Change, do write) (store.Change, error) {
	c, err := do(ctx, w)
	after, cancel := detached(ctx)
	defer cancel()
	switch {
	case err == nil && c.Nothing: // somebody else was faster, and has the followers
		a.finish(after, id, nil)
		return c, nil
	case err == nil:
		a.announce(c)
		a.finish(after, id, a.follow(after, w.Actor, c, a.followers))
		return c, nil
	case rolledBack(err):
		a.inFlight.forget(id)
		if e := a.intents.FinishIntent(after, id); e != nil {
			a.log.WarnContext(after, "An intent could not be forgotten.", "intent", id, "error", e)
		}
	default:
		a.announce(planned)
		a.log.WarnContext(after, "Nobody knows whether a change happened; it will be looked at again.",
			"change", about(planned), "intent", id, "error", err)
	}
	return store.Change{}, err
}

// rolledBack reports whether the error says that surely nothing was written. A connection that broke or a request
// that was given up may have done so after the commit; a refusal of the store's own never.
func rolledBack(err error) bool {
	var refusal *store.Error
	return errors.As(err, &refusal) && refusal.Kind != store.Unavailable
}

// announce tells the hooks.
func (a *Accounts) announce(c store.Change) {
	for _, hook := range a.hooks {
		hook(c)
	}
}

// follow runs the followers in order and returns those that failed.
func (a *Accounts) follow(ctx context.Context, actor store.Actor, c store.Change, followers []Follower) []Follower {
	var failed []Follower
	for _, f := range followers {
		if err := f.Follow(ctx, actor, c); err != nil {
			a.log.ErrorContext(ctx, "A follower of a change failed.", "follower", f.Name(), "change", about(c), "error", err)
			failed = append(failed, f)
		}
	}
	return failed
}

// finish forgets an intent that nothing is left of, and otherwise remembers what is left: here and, for another process or
// the next one, with the intent. Only what is left may run again: by then the name may be somebody else's.
func (a *Accounts) finish(ctx context.Context, id string, left []Follower) {
	a.inFlight.remember(id, left)
	if len(left) > 0 {
		if err := a.intents.KeepIntent(ctx, id, namesOf(left)); err != nil {
			a.log.WarnContext(ctx, "What is left of a change could not be noted.", "intent", id, "error", err)
		}
		return
	}
	if err := a.intents.FinishIntent(ctx, id); err != nil {
		a.log.WarnContext(ctx, "An intent could not be forgotten.", "intent", id, "error", err)
		return
	}
	a.inFlight.forget(id)
}

func namesOf(followers []Follower) []string {
	names := make([]string, len(followers))
	for i, f := range followers {
		names[i] = f.Name()
	}
	return names
}

// remaining returns which followers of a recorded change are left, and whether it is known to have happened. One that there is
// no more, since what it served is switched off, is left out.
func (a *Accounts) remaining(i store.Intent) ([]Follower, bool) {
	if left, known := a.inFlight.remaining(i.ID); known {
		return left, true
	}
	if i.Left == nil {
		return nil, false
	}
	var left []Follower
	for _, f := range a.followers {
		if slices.Contains(i.Left, f.Name()) {
			left = append(left, f)
		}
	}
	return left, true
}

// detached is a context for what has to be done after the deciding write, whether or not the client is still there.
// It ends when the answer is due, give or take a moment: the change has happened, and a follower that stalls must not
// keep the client from learning that.
func detached(ctx context.Context) (context.Context, context.CancelFunc) {
	limit := followTime
	if due, bounded := ctx.Deadline(); bounded {
		limit = min(followTime, max(time.Until(due), leastFollowTime))
	}
	return context.WithTimeout(context.WithoutCancel(ctx), limit)
}

// about is how the program's log names a change.
func about(c store.Change) slog.Value {
	return slog.GroupValue(slog.String("action", string(c.Action)), slog.String("noun", string(c.Noun)),
		slog.String("name", c.Name), slog.String("newName", c.NewName))
}
