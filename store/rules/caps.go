package rules

import (
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
)

// kinds are what an admin has a cap of, over all domains that it manages.
var kinds = []store.Counted{store.CountUsers, store.CountAliases, store.CountLists, store.CountQuotas}

// Cap is the cap of one kind: 0 is none, -1 forbids.
func Cap(l store.AdminLimits, what store.Counted) int64 {
	switch what {
	case store.CountDomains:
		return l.Domains
	case store.CountUsers:
		return l.Users
	case store.CountAliases:
		return l.Aliases
	case store.CountLists:
		return l.Lists
	case store.CountQuotas:
		return l.Quota
	}
	return 0
}

// Capped is an admin that is not global, as far as its caps go. Whether it is switched on does not matter.
type Capped struct {
	Username string
	Limits   store.AdminLimits
}

// Addition is what a write adds to a domain.
type Addition struct {
	store.Usage
	// Had are the admins who manage the domain that it comes from: what they have stays as it is.
	Had []string
}

// amount is how much is added of one kind.
func (a Addition) amount(what store.Counted) int64 {
	switch what {
	case store.CountDomains:
		return a.Domains
	case store.CountUsers:
		return a.Users
	case store.CountAliases:
		return a.Aliases
	case store.CountLists:
		return a.Lists
	case store.CountQuotas:
		return a.Quota
	}
	return 0
}

// NeedsAdmins reports whether the other admins of the domain matter: somebody adds what it has no cap of.
func NeedsAdmins(actor Capped, more Addition) bool {
	return slices.ContainsFunc(kinds, func(what store.Counted) bool {
		return more.amount(what) != 0 && Cap(actor.Limits, what) == 0
	})
}

// heldBy returns by whose caps an actor that is not global is held when it adds something of a kind to a domain with those
// admins: by its own if it has one, else by those of the admins that have a cap above 0. Nobody holds it where there are none.
func heldBy(actor Capped, admins []Capped, what store.Counted) []Capped {
	if Cap(actor.Limits, what) != 0 {
		return []Capped{actor}
	}
	return slices.DeleteFunc(slices.Clone(admins), func(a Capped) bool {
		return a.Username == actor.Username || Cap(a.Limits, what) <= 0
	})
}

// Bound returns by whose caps an actor that is not global is held for all that it adds, in the order of their addresses: the
// rows of these are held while it is counted.
func Bound(actor Capped, admins []Capped, more Addition) []string {
	var names []string
	if more.Domains > 0 {
		names = append(names, actor.Username)
	}
	for _, what := range kinds {
		if more.amount(what) == 0 {
			continue
		}
		for _, a := range heldBy(actor, admins, what) {
			names = append(names, a.Username)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// CheckCaps returns EXCEED_LIMIT_... when an actor that is not global would add more to a domain with those admins than it
// may: more than its own cap, or more than any of those by whose caps it is held has room for. What an admin has already is
// asked for only where a cap depends on it.
func CheckCaps(
	actor Capped, admins []Capped, more Addition, held func(username string, what store.Counted) (int64, error),
) error {
	if more.Domains > 0 {
		existing, err := held(actor.Username, store.CountDomains)
		if err != nil {
			return err
		}
		if !actor.Limits.CreateDomains || existing+more.Domains > actor.Limits.Domains {
			return store.Fail(store.Conflict, store.CodeLimitDomain, "%s may have no more domains.", actor.Username)
		}
	}
	for _, what := range kinds {
		if more.amount(what) == 0 {
			continue
		}
		holders := heldBy(actor, admins, what)
		room, err := anyRoom(holders, more, what, held)
		if err != nil {
			return err
		}
		if len(holders) > 0 && !room {
			return full(actor, holders, what)
		}
	}
	return nil
}

// anyRoom reports whether at least one of the admins has room for what is added.
func anyRoom(
	admins []Capped, more Addition, what store.Counted, held func(username string, what store.Counted) (int64, error),
) (bool, error) {
	for _, a := range admins {
		if slices.Contains(more.Had, a.Username) {
			return true, nil
		}
		limit, added := Cap(a.Limits, what), more.amount(what)
		if limit < 0 || what == store.CountQuotas && added == store.UnlimitedQuota || added > limit {
			continue
		}
		existing, err := held(a.Username, what)
		if err != nil {
			return false, err
		}
		if existing+added <= limit {
			return true, nil
		}
	}
	return false, nil
}

// full is the refusal of more of a kind. Whose caps they are is told to their holder alone.
func full(actor Capped, holders []Capped, what store.Counted) *store.Error {
	codes := map[store.Counted]string{
		store.CountUsers: store.CodeLimitUsers, store.CountAliases: store.CodeLimitAliases, store.CountLists: store.CodeLimitLists,
	}
	nouns := map[store.Counted]string{store.CountUsers: "users", store.CountAliases: "aliases", store.CountLists: "lists"}
	own := holders[0].Username == actor.Username
	switch {
	case what == store.CountQuotas && own:
		return store.Fail(store.Conflict, store.CodeLimitQuota, "%s may give its mailboxes %d MB altogether.",
			actor.Username, max(Cap(actor.Limits, what), 0))
	case what == store.CountQuotas:
		return store.Fail(store.Conflict, store.CodeLimitQuota,
			"The admins of this domain have given their mailboxes all the quota that they may give.")
	case own:
		return store.Fail(store.Conflict, codes[what], "%s may have no more %s in the domains that it manages.", actor.Username, nouns[what])
	}
	return store.Fail(store.Conflict, codes[what], "The admins of this domain have all the %s that they may have.", nouns[what])
}

// CheckGrants returns EXCEED_LIMIT_... when a domain is given more than its creator may have over all its domains.
func CheckGrants(actor Capped, d store.DomainCreate) error {
	l := actor.Limits
	for _, g := range []struct {
		field, code    string
		granted, limit int64
	}{
		{"quota", store.CodeLimitQuota, d.Quota, l.Quota},
		{"numberOfUsers", store.CodeLimitUsers, d.NumberOfUsers, l.Users},
		{"numberOfAliases", store.CodeLimitAliases, d.NumberOfAliases, l.Aliases},
		{"numberOfLists", store.CodeLimitLists, d.NumberOfLists, l.Lists},
	} {
		if g.limit != 0 && g.granted > max(g.limit, 0) {
			return store.Fail(store.Conflict, g.code, "%s may give at most %d.", actor.Username, max(g.limit, 0)).With(g.field)
		}
	}
	return nil
}

// QuotaAdded is what the quota of a mailbox adds when it changes from own to next, in MB with 0 as unlimited: nothing when
// it becomes smaller, as from unlimited to anything.
func QuotaAdded(own, next int64) int64 {
	switch {
	case own == 0 || next == own:
		return 0
	case next == 0:
		return store.UnlimitedQuota
	}
	return max(0, next-own)
}

// CheckAppoints returns PERMISSION_DENIED for an actor that is not global and is forbidden anything (a cap of -1): whom it
// appoints would not be.
func CheckAppoints(actor Capped) error {
	for _, what := range append([]store.Counted{store.CountDomains}, kinds...) {
		if Cap(actor.Limits, what) < 0 {
			return store.Fail(store.Forbidden, store.CodePermissionDenied,
				"%s is forbidden to create some kinds of accounts, so only a global admin may appoint admins in its place.",
				actor.Username).With("addAdmin")
		}
	}
	return nil
}

// Stays returns those of the admins that are about to leave a domain whom only a global admin may take out of it, in the
// order of their addresses: who may create domains, and who would be the last whose cap of a kind holds the others. They are
// taken one after another, so that of several the last one stays. Admins are all of the domain that are not global.
func Stays(admins []Capped, leaving []string) []string {
	var stay []string
	left := slices.Clone(admins)
	for _, name := range slices.Sorted(slices.Values(leaving)) {
		i := slices.IndexFunc(left, func(a Capped) bool { return strings.EqualFold(a.Username, name) })
		switch {
		case i < 0:
		case left[i].Limits.CreateDomains || isLastCapped(left, i):
			stay = append(stay, name)
		default:
			left = slices.Delete(left, i, i+1)
		}
	}
	return stay
}

// isLastCapped reports whether that admin has a cap of some kind and no other has.
func isLastCapped(admins []Capped, i int) bool {
	return slices.ContainsFunc(kinds, func(what store.Counted) bool {
		if Cap(admins[i].Limits, what) <= 0 {
			return false
		}
		for j, a := range admins {
			if j != i && Cap(a.Limits, what) > 0 {
				return false
			}
		}
		return true
	})
}

// MustStay is the refusal to take somebody out of a domain whom only a global admin may.
func MustStay(mail string) *store.Error {
	return store.Fail(store.Forbidden, store.CodePermissionDenied,
		"%s is an admin with caps or rights that hold for a domain of yours. Ask a global admin to take it out of the domain first.", mail)
}

// CheckDeletes returns PERMISSION_DENIED when an actor that is not global would delete a domain in which it is held by the cap of
// another of its admins: who may create domains could make it anew without that admin.
func CheckDeletes(actor Capped, admins []Capped) error {
	if !actor.Limits.CreateDomains {
		return nil
	}
	for _, what := range kinds {
		if holders := heldBy(actor, admins, what); len(holders) > 0 && holders[0].Username != actor.Username {
			return MustStay(holders[0].Username)
		}
	}
	return nil
}
