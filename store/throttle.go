package store

import "context"

// Throttles is the contract for how much an account may send or get (iRedAPD's tables throttle and throttle_tracking).
type Throttles interface {
	// Throttle returns what is stored for the account and what applies to it.
	Throttle(ctx context.Context, account PolicyAccount, direction Direction) (Throttle, error)
	// SetThrottle replaces the setting: a limit that is absent becomes -1. A period of 0 deletes it with its counters; a
	// new period starts the counting afresh. The limit of recipients, which other tools set, stays.
	SetThrottle(ctx context.Context, w Write, account PolicyAccount, direction Direction, s ThrottleSet) (Change, error)
}

// Throttle is a setting as it is stored, and what applies.
type Throttle struct {
	Stored Record // nil without a setting
	// Effective has an Effective for each of msg_size, max_msgs, max_quota and max_rcpts, in which 0 is no limit, and
	// for period, that of the setting which limits max_msgs (or else max_quota).
	Effective Record
}

// ThrottleSet is a setting to be. Of the limits, -1 or nil leaves it to the next broader setting, 0 sets none and
// shields from broader ones.
type ThrottleSet struct {
	Period   int64  // seconds
	MsgSize  *int64 // bytes of one message
	MaxMsgs  *int64 // messages in a period
	MaxQuota *int64 // bytes in a period
}
