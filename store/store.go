package store

import "context"

// Accounts is the contract for domains, admins, users, aliases and mailing lists, kept in SQL or in a directory.
//
// A parameter of an update whose value is the one that is read counts as not given: it is never refused and nothing is written for it
// (see Change.Nothing). Lists compare as sets, addresses without regard to case.
type Accounts interface {
	Identities
	Domains
	Admins
	Users
	Aliases
	MailingListAccounts
	NextHops
	Usages

	// Ping returns nil when the backend answers.
	Ping(ctx context.Context) error
	// Close releases what the engine holds.
	Close() error
}

// State is the contract for what is Postern's own: sessions, intents, invitations, locks, the marks of names, and keys.
type State interface {
	Sessions
	Attempts
	Intents
	Invitations
	Locks
	NameMarks
	SharedKeys

	// Ping returns nil when the database answers.
	Ping(ctx context.Context) error
	// Close releases what the engine holds.
	Close() error
}
