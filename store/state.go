package store

import (
	"context"
	"time"
)

// Sessions is the contract for who is logged in.
type Sessions interface {
	// CreateSession keeps a new session. Of the account's sessions it ends those that were used longest ago where there are
	// SessionsPerAccount already, and returns their id hashes.
	CreateSession(ctx context.Context, s Session) (ended []string, err error)
	// Session returns the session of that id hash, or LOGIN_REQUIRED. It does not look at the times.
	Session(ctx context.Context, idHash string) (Session, error)
	// TouchSession notes the last use.
	TouchSession(ctx context.Context, idHash string, at time.Time) error
	// EndSession removes one session; a missing one is fine.
	EndSession(ctx context.Context, idHash string) error
	// SessionAccounts returns the addresses in a domain that have sessions, sorted.
	SessionAccounts(ctx context.Context, domain string) ([]string, error)
	// EndSessionsOf removes every session of the address or, for a domain name, of every address in that domain.
	EndSessionsOf(ctx context.Context, account string) error
	// PurgeSessions removes the sessions last used before idleSince or created before createdSince.
	PurgeSessions(ctx context.Context, idleSince, createdSince time.Time) error
}

// SessionsPerAccount is how many sessions an account has at most.
const SessionsPerAccount = 50

// Session is one log-in. The id itself is known to the client alone; IDHash is its SHA-256 in hex.
type Session struct {
	IDHash   string
	Username string
	// Stamp is a fingerprint of the stored password at log-in: the session ends when the account has another.
	Stamp    string
	IP       string
	Created  time.Time
	LastUsed time.Time
}

// SharedKeys is the contract for keys that all processes use which share the state.
type SharedKeys interface {
	// SharedKey returns the key of that name. Where there is none yet the fresh one is kept, and returned by all: of several
	// callers at once one decides.
	SharedKey(ctx context.Context, name string, fresh []byte) ([]byte, error)
}

// Intents is the contract for changes whose followers must not be lost (see store/change).
type Intents interface {
	// BeginIntent records a change before it happens.
	BeginIntent(ctx context.Context, i Intent) error
	// KeepIntent notes of a recorded change that it has happened, and which of its followers are left. A missing one is fine.
	KeepIntent(ctx context.Context, id string, left []string) error
	// FinishIntent forgets it; a missing one is fine.
	FinishIntent(ctx context.Context, id string) error
	// UnfinishedIntents returns all that are recorded, oldest first.
	UnfinishedIntents(ctx context.Context) ([]Intent, error)
}

// Intent is a change that is about to happen.
type Intent struct {
	ID     string
	Actor  Actor
	Change Change // without Before and After
	// Left are the names of the followers that are left; nil while nobody has noted that the change has happened.
	Left    []string
	Created time.Time
}
