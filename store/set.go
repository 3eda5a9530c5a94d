package store

import (
	"slices"
	"strings"
)

// Set is a change to a set of names: Replace (when not nil) becomes the whole set, then Remove goes, then Add comes. Names are
// compared without regard to case: another program may have stored Someone@Example.NET.
type Set struct {
	Replace *[]string
	Add     []string
	Remove  []string

	whole    bool      // of a new account: see NewSet
	sent     []string  // Replace as it was given, once something has been left out
	refusals []refusal // why
}

// refusal says which names were left out, and with what error each would have been refused.
type refusal struct {
	concerns func(name string) bool
	reason   func(name string) *Error
}

// Touches reports whether the change asks for anything.
func (s Set) Touches() bool { return s.Replace != nil || len(s.Add) > 0 || len(s.Remove) > 0 }

// IsAlready reports whether the change asks for the whole set that there is.
func (s Set) IsAlready(current []string) bool {
	return s.Replace != nil && len(s.Add) == 0 && len(s.Remove) == 0 && SameNames(*s.Replace, current)
}

// SameNames reports whether two lists have the same names, in whatever order and case.
func SameNames(a, b []string) bool { return len(LeaveOut(a, b)) == 0 && len(LeaveOut(b, a)) == 0 }

// Wanted returns the names that the change brings in.
func (s Set) Wanted() []string {
	if s.Replace == nil {
		return s.Add
	}
	return slices.Concat(*s.Replace, s.Add)
}

// NewSet is the change to a set of an account that is being made: the names come in by the parameter that names all of them, but
// there is nothing that they would replace, so that one of which nothing can be taken becomes empty.
func NewSet(names []string) Set { return Set{Add: names, whole: true} }

// Field names the parameter by which names come into the set: the one that replaces it or the one that adds to it.
func (s Set) Field(replace, add string) string {
	if s.Replace != nil || s.whole {
		return replace
	}
	return add
}

// Apply returns the sorted set after the change. What stays keeps its spelling.
func (s Set) Apply(current []string) []string {
	next := []string{}
	var come []string
	if s.Replace == nil {
		next = append(next, LeaveOut(current, s.Remove)...)
	} else {
		come = LeaveOut(*s.Replace, s.Remove)
	}
	come = append(come, s.Add...)
	stay := Among(come)
	for _, name := range LeaveOut(current, next) {
		if stay(name) {
			next = append(next, name)
		}
	}
	next = append(next, LeaveOut(come, next)...)
	slices.Sort(next)
	return slices.Compact(next)
}

// MostItems is how many members, forwarding destinations, senders or further addresses one account may have.
const MostItems = 100_000

// ApplyTo is Apply of a set that one account has. It returns TOO_MANY_ITEMS for the field when the set grows beyond
// MostItems; one that is larger already may shrink.
func (s Set) ApplyTo(current []string, field string) ([]string, error) {
	next := s.Apply(current)
	return next, CheckItems(len(current), len(next), field)
}

// CheckItems returns TOO_MANY_ITEMS for the field when a set of one account grows beyond MostItems.
func CheckItems(before, after int, field string) error {
	if after <= MostItems || after <= before {
		return nil
	}
	return Fail(Conflict, CodeTooManyItems, "%s may have at most %d items; there would be %d.", field, MostItems, after).With(field)
}

// without is the change that does not speak of the names.
func (s Set) without(names []string) Set {
	s.Add, s.Remove = LeaveOut(s.Add, names), LeaveOut(s.Remove, names)
	if s.Replace != nil {
		kept := LeaveOut(*s.Replace, names)
		s.Replace = &kept
	}
	return s
}

// WholeSet is the change to a set that becomes these names: a new account has nothing that they would replace.
func (c Change) WholeSet(names []string) Set {
	if c.Action == ActionCreate {
		return Set{Add: names}
	}
	return Set{Replace: &names}
}

// NothingLeft refuses a list that would replace another one and of which no item can be taken: only what was sent empty
// clears. It is the error of the first item.
type NothingLeft struct{ First *Error }

// Error implements error.
func (e *NothingLeft) Error() string { return e.First.Error() }

// Unwrap returns the error of the first item.
func (e *NothingLeft) Unwrap() error { return e.First }

// Discard leaves out of a change to a set what cannot be taken, and notes that in the change of the account. Where the
// rule is to refuse, the first of those is an error. Where nothing of what was to replace the set is left, it is
// NothingLeft.
func Discard(rule OnMissing, set Set, bad []string, change *Change, reason func(name string) *Error) (Set, error) {
	if len(bad) == 0 {
		return set, nil
	}
	if rule != Drop {
		return set, reason(bad[0])
	}
	if set.sent == nil && set.Replace != nil {
		set.sent = *set.Replace
	}
	set.refusals = append(slices.Clone(set.refusals), refusal{Among(bad), reason})
	set = set.without(bad)
	if set.Replace != nil && len(*set.Replace) == 0 {
		return set, &NothingLeft{set.firstRefusal()}
	}
	change.Discarded = append(change.Discarded, bad...)
	return set, nil
}

// AllTaken returns NothingLeft, ALREADY_EXISTS for the field, when the set is to be replaced by names that are all taken.
func (s Set) AllTaken(taken []string, field string) error {
	if s.Replace == nil || len(*s.Replace) == 0 || len(LeaveOut(*s.Replace, taken)) > 0 {
		return nil
	}
	return &NothingLeft{AlreadyExists((*s.Replace)[0]).With(field)}
}

// firstRefusal is the error of the first item of a list of which nothing is left.
func (s Set) firstRefusal() *Error {
	for _, r := range s.refusals {
		if r.concerns(s.sent[0]) {
			return r.reason(s.sent[0])
		}
	}
	return nil // every item was left out for a reason
}

// LeaveOut returns a copy of the list that lacks the names, in whatever case these are written.
func LeaveOut(list, names []string) []string {
	return slices.DeleteFunc(slices.Clone(list), Among(names))
}

// fewNames is up to how many names a search through them costs less than a map.
const fewNames = 8

// Among returns a function that reports whether a name is one of the names, in any case. A list of members may have 100,000, so
// that comparing each with each is out of the question.
func Among(names []string) func(name string) bool {
	if len(names) <= fewNames {
		return func(name string) bool {
			return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
		}
	}
	set := make(map[string]struct{}, len(names))
	for _, name := range names {
		set[strings.ToLower(name)] = struct{}{}
	}
	return func(name string) bool {
		_, found := set[strings.ToLower(name)]
		return found
	}
}
