package rules

import (
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
)

// ScopeOf is where an actor that manages these domains changes references to what it creates, renames or deletes: a name that
// nobody hosted stands in other tenants' forwardings and lists as text, and whoever takes that name gets no say over them.
// A domain that the actor is about to create is to be among the domains. A global admin and the program itself are not limited.
func ScopeOf(actor store.Actor, domains ...string) store.Scope {
	if actor.Global || actor.Username == "" {
		return store.Scope{}
	}
	names := make([]string, len(domains))
	for i, d := range domains {
		names[i] = strings.ToLower(d)
	}
	slices.Sort(names)
	return store.Scope{Limited: true, Domains: slices.Compact(names)}
}
