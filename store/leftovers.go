package store

import (
	"context"
	"strings"
)

// Leftovers is the contract of a database beside the accounts for what is kept in it about a name: an address or, for a domain
// name, the domain and every address in it. Where another program removed the account, it may be left over. The policies are one,
// and iRedAdmin's database is: with the settings of an account, the proofs of domain ownership that it asked for, and the
// subscriptions to newsletters that wait for it or for a confirmation by it. A table that is missing holds nothing.
type Leftovers interface {
	// HoldsAccount reports whether there is anything about the name.
	HoldsAccount(ctx context.Context, name string) (bool, error)
	// ForgetAccount removes it. Having nothing to remove is fine.
	ForgetAccount(ctx context.Context, name string) error
}

// IsOf reports whether an address is the name or, for a domain name, lies in that domain.
func IsOf(mail, name string) bool {
	if strings.Contains(name, "@") {
		return mail == name
	}
	return strings.HasSuffix(mail, "@"+name)
}

// IsDefaultPerson reports whether an address is the one that a new list names as its owner and moderator while nobody is named:
// that is no left-over of an account.
func IsDefaultPerson(mail, list string) bool { return mail == "postmaster@"+DomainOf(list) }
