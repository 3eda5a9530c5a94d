package store

import (
	"context"
	"strings"
)

// Policies is the contract for what Amavisd and iRedAPD are told about accounts. It is always SQL: two databases, each
// of which may be missing. What needs a missing one fails with NOT_CONFIGURED.
//
// Whether an account exists is not looked at here: who calls has done so.
type Policies interface {
	SpamPolicies
	Wblists
	Throttles
	Greylistings

	// ForgetAccount removes every policy, list, throttle, counter and setting of an address or, for a domain name, of the domain
	// and every address in it. Having nothing to remove is fine.
	ForgetAccount(ctx context.Context, name string) error
	// RenameAccount gives everything of one address to another. What the other one had goes first, so that running it
	// again after it is done must not be asked for with nothing left under the old address: then it does nothing.
	RenameAccount(ctx context.Context, from, to string) error

	// Ping returns nil when the configured databases answer.
	Ping(ctx context.Context) error
	// Close releases what the engine holds.
	Close() error
}

// PolicyAccount is whom a policy is for, in the stored form: "@." is everybody, "@example.com" a domain,
// "user@example.com" a mail account.
type PolicyAccount string

// Everybody is the account of what the published paths call global.
const Everybody PolicyAccount = "@."

// PolicyAccountOf returns the account of a domain name or an address in lower case.
func PolicyAccountOf(name string) PolicyAccount {
	if strings.Contains(name, "@") {
		return PolicyAccount(name)
	}
	return PolicyAccount("@" + name)
}

// Name is the domain name or address that PolicyAccountOf was given, "" for everybody.
func (a PolicyAccount) Name() string {
	if a == Everybody {
		return ""
	}
	return strings.TrimPrefix(string(a), "@")
}

// Kind is KindCatchall, KindDomain or KindEmail.
func (a PolicyAccount) Kind() AddressKind {
	switch {
	case a == Everybody:
		return KindCatchall
	case strings.HasPrefix(string(a), "@"):
		return KindDomain
	}
	return KindEmail
}

// Candidates are the accounts whose settings apply to this one, the most exact first: for user@sub.example.com itself,
// @sub.example.com, @.sub.example.com, @.example.com, @.com and @., as Amavisd and iRedAPD look them up.
// Source: the lookup keys of Amavisd (README.lookups), libs/utils.py of iRedAPD.
func (a PolicyAccount) Candidates() []PolicyAccount {
	if a == Everybody {
		return []PolicyAccount{Everybody}
	}
	domain := DomainOf(string(a))
	list := []PolicyAccount{PolicyAccount("@" + domain)}
	if a.Kind() == KindEmail {
		list = []PolicyAccount{a, list[0]}
	}
	for rest, more := domain, true; more; _, rest, more = strings.Cut(rest, ".") {
		list = append(list, PolicyAccount("@."+rest))
	}
	return append(list, Everybody)
}

// Direction of mail, seen from the account.
type Direction string

// The directions.
const (
	Inbound  Direction = "inbound"
	Outbound Direction = "outbound"
)

// Effective is a value that applies to an account, and where it comes from.
type Effective struct {
	Value any `json:"value"`
	// Source is the account (as in PolicyAccount) whose setting decides, or "default" where none does and the daemon's
	// own configuration holds.
	Source string `json:"source"`
}

// SourceDefault is the source of what no account decides.
const SourceDefault = "default"

// NotConfigured says that a group of operations has no database.
func NotConfigured(what, variable string) *Error {
	return Fail(Unavailable, CodeNotConfigured, "%s is not configured. Set %s to enable this operation.", what, variable)
}
