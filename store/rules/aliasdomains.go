package rules

import (
	"context"
	"slices"

	"github.com/postern-mail/postern/store"
)

// AliasDomains is what happens to the alias domains of a domain.
type AliasDomains struct{ Added, Removed, Discarded []string }

// Touches reports whether anything does.
func (a AliasDomains) Touches() bool { return len(a.Added) > 0 || len(a.Removed) > 0 }

// AliasDomains compares the wanted alias domains of a domain with those that there are. A name that is taken fails with
// ALREADY_EXISTS or, with store.Drop, is discarded.
func (a Addresses) AliasDomains(ctx context.Context, current []string, set store.Set) (AliasDomains, error) {
	if !set.Touches() {
		return AliasDomains{}, nil
	}
	next := set.Apply(current)
	c := AliasDomains{Added: store.LeaveOut(next, current), Removed: store.LeaveOut(current, next)}
	hosted, err := a.Hosted(ctx, c.Added)
	if err != nil {
		return AliasDomains{}, err
	}
	taken := slices.DeleteFunc(slices.Clone(c.Added), func(name string) bool { return hosted[name] == "" })
	if len(taken) > 0 && a.OnMissing != store.Drop {
		return AliasDomains{}, store.AlreadyExists(taken[0]).With(set.Field("aliasDomains", "addAliasDomain"))
	}
	if err = set.AllTaken(taken, "aliasDomains"); err != nil {
		return AliasDomains{}, err
	}
	c.Added, c.Discarded = store.LeaveOut(c.Added, taken), taken
	return c, nil
}
