package store

import (
	"context"
	"slices"
)

// Identities is the contract for who somebody is to Postern.
type Identities interface {
	// Identity returns what the address is as a principal: first the standalone admin of that name, then the mail
	// user. It is read in a constant number of statements. Returns NO_SUCH_ACCOUNT when it is neither.
	Identity(ctx context.Context, username string) (Identity, error)
	// AccountNoun returns what the address is the main one of: NounUser, NounAlias, NounMailingList or NounStaticList. Returns
	// NO_SUCH_ACCOUNT for any other, further addresses of an account among them.
	AccountNoun(ctx context.Context, mail string) (Noun, error)
	// GlobalAdmins returns the addresses of the active global admins, sorted.
	GlobalAdmins(ctx context.Context) ([]string, error)
}

// Identity is an account seen as a principal.
type Identity struct {
	Username string
	Name     string
	Mailbox  bool // a mail user; otherwise a standalone admin
	Active   bool
	Global   bool
	Domains  []string // managed ones, sorted; empty for most global admins
	Password Secret   // as stored
	Limits   AdminLimits
}

// MayLogIn reports whether the account is active and has any admin right.
func (i Identity) MayLogIn() bool { return i.Active && (i.Global || len(i.Domains) > 0 || !i.Mailbox) }

// MayCreateDomains reports whether the account may create domains at all. How many is a cap of its own.
func (i Identity) MayCreateDomains() bool { return i.Global || i.Limits.CreateDomains }

// Manages reports whether the account has the rights of an admin of the domain.
func (i Identity) Manages(domain string) bool { return i.Global || slices.Contains(i.Domains, domain) }
