package rules

import (
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
)

// Removal is a change by an actor that is not global to who manages a domain.
type Removal struct {
	Actor  store.Identity
	Admins []Capped                  // of the domain, those that are not global
	Known  map[string]store.Identity // by address; those who are not in it are nobody
	Set    store.Set                 // what is asked
	Now    []string                  // who manages it now
}

// Next returns who manages the domain afterwards, or PERMISSION_DENIED: nobody is removed who is above the actor or whom only a
// global admin may remove. Where all are removed at once and the rule is to drop, those stay and are named in the change.
func (r Removal) Next(rule store.OnMissing, change *store.Change) ([]string, error) {
	next := r.Set.Apply(r.Now)
	kept := r.kept(store.LeaveOut(r.Now, next))
	if len(kept) == 0 {
		return next, nil
	}
	named := slices.ContainsFunc(kept, func(mail string) bool { return slices.Contains(r.Set.Remove, mail) })
	if rule != store.Drop || r.Set.Replace == nil || named {
		field := "removeAdmin"
		if r.Set.Replace != nil && !named {
			field = "removeAllAdmins"
		}
		return nil, MustStay(kept[0]).With(field)
	}
	change.Discarded = append(change.Discarded, kept...)
	next = append(next, kept...)
	slices.Sort(next)
	return next, nil
}

// kept returns those of the removed who have to stay, in the order of their addresses.
func (r Removal) kept(removed []string) []string {
	kept := Stays(r.Admins, removed)
	for _, mail := range removed {
		if who, known := r.Known[strings.ToLower(mail)]; known && Outranks(who, r.Actor) {
			kept = append(kept, mail)
		}
	}
	slices.Sort(kept)
	return slices.Compact(kept)
}
