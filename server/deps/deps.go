package deps

import (
	"context"
	"log/slog"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/password"
)

// Deps are the stores and the settings of a server.
type Deps struct {
	Accounts     store.Accounts
	Directory    store.Directory // nil when accounts are kept in SQL
	Policies     store.Policies
	Spf          SpfJob             // nil when nothing is looked up
	MailingLists store.MailingLists // nil when mailing lists are disabled
	State        store.State
	Panel        store.Panel      // nil: no panel log, no panel settings
	Ownerships   store.Ownerships // prove the names of the accounts

	LegacyPrefix       string         // where the legacy surface is mounted; "" is nowhere
	CORSOrigins        []string       // other origins whose pages may call the API
	ReadOnly           func() bool    // whether writes are refused now; nil is never
	APIClients         store.Networks // who may call the API; empty leaves it to the panel's settings
	TrustedProxies     store.Networks // whose X-Forwarded-For and X-Forwarded-Proto count
	Log                *slog.Logger
	ShowPasswordHashes bool // to global admins
	PasswordScheme     password.Scheme
	SessionIdle        time.Duration // a session ends so long after its last use
	SessionMax         time.Duration // and so long after log-in
	BodyBudget         int64         // bytes of request bodies in flight; 0 is 64 MiB
	BodyGrace          time.Duration // what every body may take, beside a second for each 64 KiB; 0 is 10 s

	ChunkGrace time.Duration // what a client may take for each 64 KiB of a list; 0 is 60 s

	// UnlimitedLogins counts no wrong passwords. No setting of the program reaches it: it is for tests and benchmarks that send
	// many. Now, where it is set, is what limits and sessions take for the time.
	UnlimitedLogins bool
	Now             func() time.Time
}

// SpfJob looks up the servers that send mail for the domains whose SPF records are listed.
type SpfJob interface {
	// Run looks up these domains, or all that are listed when none is named.
	Run(ctx context.Context, domains ...string) error
}
