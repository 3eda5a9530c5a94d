package store

import (
	"context"
	"net/netip"
	"time"
)

// Attempts is the contract for how often passwords are guessed wrong. All processes that share the database count together.
// The limits are in store/rules: of an account from one network, of that network, of the account from everywhere, and of a
// session. A network from which the account has logged in within 30 days does not wait for attempts from elsewhere.
type Attempts interface {
	// BeginAttempt counts the attempt as a failure, before anything is compared, so that those at the same time cannot get
	// past a limit together. Returns TOO_MANY_ATTEMPTS, and counts nothing, when it comes too early.
	BeginAttempt(ctx context.Context, a Attempt) error
	// SucceedAttempt takes the failure back and forgets those of the account from that network.
	SucceedAttempt(ctx context.Context, a Attempt) error
	// CancelAttempt takes the failure back: nothing was compared.
	CancelAttempt(ctx context.Context, a Attempt) error
	// PurgeAttempts removes what counts no more at that time, and the oldest of more than MostAttempts.
	PurgeAttempts(ctx context.Context, now time.Time) error
}

// MostAttempts is about how many subjects are remembered, so that strangers cannot fill the disk.
const MostAttempts = 100_000

// Attempt is one try to give the right password, at a log-in or, with Session, by somebody who is logged in.
type Attempt struct {
	Account string // as it was given; there need not be such an account
	Network string // see NetworkOf
	Session string // hash of the id of the session that compares, "" at a log-in
	At      time.Time
}

// NetworkOf returns whose addresses count as one: an IPv4 address by itself, an IPv6 address with its /64, which is what one
// customer gets. What is no address is a network of its own.
func NetworkOf(ip string) string {
	address, err := netip.ParseAddr(ip)
	if err != nil {
		return "unknown"
	}
	address = address.Unmap().WithZone("")
	bits := 32
	if address.Is6() {
		bits = 64
	}
	prefix, err := address.Prefix(bits)
	if err != nil { // it never fails for these lengths
		return "unknown"
	}
	return prefix.String()
}
