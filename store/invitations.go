package store

import (
	"context"
	"time"
)

// Invitations is the contract for who is still to be asked to confirm the subscription of a mailing list.
type Invitations interface {
	// AddInvitations records that a list is to ask the addresses. What is recorded of the same list and address is
	// replaced: it is asked once more, for the kind that was named last.
	AddInvitations(ctx context.Context, list string, kind Subscription, addresses []string, at time.Time) error
	// TakeInvitations returns at most so many that are due at now, and keeps them from being due until retry says. The
	// first addresses of every request come before the second ones, so that a long request delays nobody's short one.
	// Several processes may take at the same time; none gets what another one has.
	TakeInvitations(ctx context.Context, most int, now time.Time, retry func(tries int) time.Time) ([]Invitation, error)
	// FinishInvitation forgets one, unless it has been replaced meanwhile. A missing one is fine.
	FinishInvitation(ctx context.Context, i Invitation) error
	// DropInvitations forgets those of a list: of the addresses, or all with nil.
	DropInvitations(ctx context.Context, list string, addresses []string) error
}

// Invitation is one address that a list is to ask.
type Invitation struct {
	List         string
	Address      string
	Subscription Subscription
	Tries        int // how often it was taken, with this time
	Created      time.Time
	Claim        string // of the call that took it, for FinishInvitation
}
