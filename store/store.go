// Package store says what Postern keeps: the nouns of a mail server, the rules that hold for them on every
// backend, and the contracts that the engines fulfil.
//
// The contracts are comments on small interfaces; store/storetest proves them on every engine. An engine returns
// only *Error or a wrapped cause: whatever is no *Error is trouble on our side.
//
// Every address and domain name that is handed to a contract is in lower case and valid; Normalise* does that.
package store

import "context"

// Accounts is the contract for domains, admins, users, aliases and mailing lists, kept in SQL or in a directory.
type Accounts interface {
	Identities
	Domains
	Admins
	Users
	Aliases
	MailingListAccounts
	NextHops

	// Ping returns nil when the backend answers.
	Ping(ctx context.Context) error
	// Close releases what the engine holds.
	Close() error
}

// State is the contract for what is Postern's own: sessions, intents, invitations, locks and the marks of names.
type State interface {
	Sessions
	Attempts
	Intents
	Invitations
	Locks
	NameMarks

	// Ping returns nil when the database answers.
	Ping(ctx context.Context) error
	// Close releases what the engine holds.
	Close() error
}
