package change

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/postern-mail/postern/store"
)

const (
	// invitedAtOnce is how many invitations are sent at the same time, of all lists together.
	invitedAtOnce = 4
	// invitationTime bounds the sending of one.
	invitationTime = 30 * time.Second
	// Nobody else takes an invitation up before invitationRetry, which doubles with each try up to invitationPause.
	invitationRetry = time.Minute
	invitationPause = time.Hour
	// invitationLife is how long sending is tried.
	invitationLife = 3 * 24 * time.Hour
)

// Inviter asks people to confirm the subscription of a mailing list. Who is to be asked is recorded in the state database
// by the request, so that nobody waits for the mail and a process that dies forgets nobody.
type Inviter struct {
	Now  func() time.Time // the clock; tests set it
	Rest func() bool      // whether nothing is sent for now; nil is never

	accounts *Accounts
	lists    store.Mlmmj
	recorded store.Invitations
	wake     chan struct{}
}

// NewInviter returns the inviter of the lists.
func NewInviter(accounts *Accounts, lists store.Mlmmj, recorded store.Invitations) *Inviter {
	return &Inviter{accounts: accounts, lists: lists, recorded: recorded, Now: time.Now, wake: make(chan struct{}, 1)}
}

// record has the list ask the addresses, soon after wakeUp.
func (i *Inviter) record(ctx context.Context, list string, kind store.Subscription, addresses []string) error {
	if err := store.CheckInvitable(addresses); err != nil {
		return err
	}
	unique := slices.Compact(slices.Sorted(slices.Values(addresses)))
	return i.recorded.AddInvitations(ctx, list, kind, unique, i.Now())
}

// wakeUp has Run send what has been recorded.
func (i *Inviter) wakeUp() {
	select {
	case i.wake <- struct{}{}:
	default: // it is about to look anyway
	}
}

// Run sends invitations until ctx ends: at once when something was recorded here, and every so often what failed or what
// another process recorded.
func (i *Inviter) Run(ctx context.Context, interval time.Duration) {
	send := func(ctx context.Context) {
		if err := i.Send(ctx); err != nil && ctx.Err() == nil {
			i.accounts.log.ErrorContext(ctx, "Invitations to mailing lists could not be read.", "error", err)
		}
	}
	send(ctx)
	Every(ctx, interval, i.wake, send)
}

// Send sends every invitation that is due. One that fails is logged and tried again later.
func (i *Inviter) Send(ctx context.Context) error {
	if i.Rest != nil && i.Rest() {
		return nil
	}
	for {
		due, err := i.recorded.TakeInvitations(ctx, invitedAtOnce, i.Now(), i.retryAt)
		if err != nil || len(due) == 0 {
			return err
		}
		var sending sync.WaitGroup
		for _, one := range due {
			sending.Go(func() {
				if err := i.send(ctx, one); err != nil {
					i.accounts.log.WarnContext(ctx, "An invitation to a mailing list could not be sent.",
						"list", one.List, "address", one.Address, "tries", one.Tries, "error", err)
				}
			})
		}
		sending.Wait()
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// retryAt is when an invitation that was taken for the so manieth time is due again, unless it is finished.
func (i *Inviter) retryAt(tries int) time.Time {
	pause := invitationPause
	if tries < 7 {
		pause = min(pause, invitationRetry<<(tries-1))
	}
	return i.Now().Add(pause)
}

// send asks one address and forgets the invitation. Without its list there is nothing to be asked about, unless the list is
// just being made.
func (i *Inviter) send(ctx context.Context, one store.Invitation) error {
	ctx, cancel := context.WithTimeout(ctx, invitationTime)
	defer cancel()
	old := i.Now().Sub(one.Created)
	if _, err := i.accounts.MailingListAccount(ctx, one.List); err != nil {
		if !store.IsNotFound(err) || old < resumeAge {
			return err
		}
		return i.recorded.FinishInvitation(ctx, one)
	}
	err := i.ask(ctx, one)
	if err != nil && old < invitationLife && !isRefusal(err) {
		return err
	}
	return errors.Join(err, i.recorded.FinishInvitation(ctx, one))
}

// ask has mlmmj send the mail, once: an earlier try may have done it and died before it could say so.
func (i *Inviter) ask(ctx context.Context, one store.Invitation) error {
	if one.Tries > 1 {
		done, err := i.lists.Invited(ctx, one.List, one.Address, one.Created)
		if err != nil {
			return fmt.Errorf("look whether it was sent: %w", err)
		}
		if done {
			return nil
		}
	}
	return i.lists.Invite(ctx, one.List, one.Subscription, []string{one.Address})
}

// isRefusal reports whether trying again would change nothing.
func isRefusal(err error) bool {
	var e *store.Error
	return errors.As(err, &e) && e.Kind == store.Invalid
}
