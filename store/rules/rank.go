package rules

import (
	"slices"

	"github.com/postern-mail/postern/store"
)

// Outranks reports whether one account is above another, which then may not read, change, rename or delete it: its password
// would be a ladder. A global admin is above all others. Of the rest, somebody is above who manages a domain that the other
// does not, who may create domains when the other may not, or who has a wider cap. Who manages nothing and cannot
// create a domain is above nobody.
func Outranks(a, b store.Identity) bool {
	switch {
	case b.Global:
		return false
	case a.Global:
		return true
	case len(a.Domains) == 0 && (a.Mailbox || !a.Limits.CreateDomains):
		return false
	case slices.ContainsFunc(a.Domains, func(d string) bool { return !b.Manages(d) }):
		return true
	case a.Limits.CreateDomains && !b.Limits.CreateDomains, mostDomains(a.Limits) > mostDomains(b.Limits):
		return true
	}
	return slices.ContainsFunc(kinds, func(what store.Counted) bool { return wider(a.Limits, b.Limits, what) })
}

// wider compares the caps of two admins, the second of whom manages whatever the first does. Without a cap of its own, who
// may create domains is held by nothing, and anybody else by the caps of the other admins of its domains. So of the two, one
// that has a cap is among those who hold one that has none: neither is wider then.
func wider(a, b store.AdminLimits, what store.Counted) bool {
	x, y := Cap(a, what), Cap(b, what)
	switch {
	case x < 0:
		return false
	case y < 0:
		return true
	case x == 0:
		return a.CreateDomains && y > 0
	}
	return y > 0 && x > y
}

// mostDomains is how many domains an admin may manage by creating them.
func mostDomains(l store.AdminLimits) int64 {
	if !l.CreateDomains {
		return 0
	}
	return max(0, l.Domains)
}

// Above returns those of the accounts that are above the viewer, in their order.
func Above(viewer store.Identity, accounts []store.Identity) []string {
	var above []string
	for _, a := range accounts {
		if Outranks(a, viewer) {
			above = append(above, a.Username)
		}
	}
	return above
}
