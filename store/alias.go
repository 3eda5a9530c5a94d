package store

import (
	"context"
	"time"
)

// Aliases is the contract for alias accounts.
type Aliases interface {
	// Alias returns one alias account, or NO_SUCH_ACCOUNT.
	Alias(ctx context.Context, mail string) (Alias, error)
	// Aliases returns a page of alias accounts, in a constant number of statements. Returns NO_SUCH_DOMAIN, and INVALID_VALUE
	// for a sort that there is not.
	Aliases(ctx context.Context, filter AliasFilter, page PageRequest) (Page[Alias], error)
	// AliasAddresses is Aliases with the addresses alone.
	AliasAddresses(ctx context.Context, filter AliasFilter, page PageRequest) (Page[string], error)
	// CreateAlias makes an alias account. Fails as CreateUser does, with EXCEED_LIMIT_ALIASES; members under a
	// hosted domain that do not exist follow w.OnMissing; such a moderator is NO_SUCH_ACCOUNT (Unprocessable) in any case.
	CreateAlias(ctx context.Context, w Write, a AliasCreate) (Change, error)
	// UpdateAlias changes what is given. Returns NO_SUCH_ACCOUNT; members and moderators as in CreateAlias.
	UpdateAlias(ctx context.Context, w Write, mail string, u AliasUpdate) (Change, error)
	// RenameAlias gives the alias another address and carries every reference in the scope along (see Scope). Fails as RenameUser
	// does.
	RenameAlias(ctx context.Context, w Write, mail, newMail string) (Change, error)
	// DeleteAlias removes the alias with every reference to it in the scope. Returns NO_SUCH_ACCOUNT.
	DeleteAlias(ctx context.Context, w Write, mail string) (Change, error)
}

// Alias is an alias account. Each parameter of AliasUpdate is a field of the same name, alike on every engine.
type Alias struct {
	Mail         string
	Name         string
	Active       bool
	AccessPolicy string    // "" is unset
	Created      time.Time // the zero time where it is not known
	Modified     time.Time
	Stored       Record
	Members      []string
	Moderators   []string
}

// AliasFilter selects the alias accounts of a domain.
type AliasFilter struct {
	Search
	Domain       string
	DisabledOnly bool
}

// AliasCreate is an alias account to be.
type AliasCreate struct {
	Mail         string
	Name         string
	AccessPolicy string // "" is public
	Members      []string
	Moderators   []string
	Active       bool
}

// AliasUpdate changes an alias account; nil leaves as it is.
type AliasUpdate struct {
	Name         *string
	Active       *bool
	AccessPolicy *string
	Members      Set
	Moderators   *[]string
}

// Check returns VALUE_TOO_LONG for what no store takes.
func (a AliasCreate) Check() error {
	return firstOf(checkText("name", &a.Name), checkPolicy(&a.AccessPolicy))
}

// Check returns VALUE_TOO_LONG for what no store takes.
func (u AliasUpdate) Check() error {
	return firstOf(checkText("name", u.Name), checkPolicy(u.AccessPolicy))
}
