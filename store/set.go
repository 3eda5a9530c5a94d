package store

import "slices"

// Set is a change to a set of names: Replace (when not nil) becomes the whole set, then Remove goes, then Add comes.
type Set struct {
	Replace *[]string
	Add     []string
	Remove  []string
}

// Touches reports whether the change asks for anything.
func (s Set) Touches() bool { return s.Replace != nil || len(s.Add) > 0 || len(s.Remove) > 0 }

// Wanted returns the names that the change brings in.
func (s Set) Wanted() []string {
	if s.Replace == nil {
		return s.Add
	}
	return slices.Concat(*s.Replace, s.Add)
}

// Field names the parameter by which names come into the set: the one that replaces it or the one that adds to it.
func (s Set) Field(replace, add string) string {
	if s.Replace != nil {
		return replace
	}
	return add
}

// Apply returns the sorted set after the change.
func (s Set) Apply(current []string) []string {
	next := slices.Clone(current)
	if s.Replace != nil {
		next = slices.Clone(*s.Replace)
	}
	next = slices.DeleteFunc(next, func(v string) bool { return slices.Contains(s.Remove, v) })
	next = append(next, s.Add...)
	slices.Sort(next)
	next = slices.Compact(next)
	if next == nil {
		next = []string{}
	}
	return next
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

// Discard leaves out of a change to a set what cannot be taken, and notes that in the change of the account. Where the
// rule is to refuse, the first of those is an error.
func Discard(rule OnMissing, set Set, bad []string, change *Change, refusal func(name string) *Error) (Set, error) {
	if len(bad) == 0 {
		return set, nil
	}
	if rule != Drop {
		return set, refusal(bad[0])
	}
	change.Discarded = append(change.Discarded, bad...)
	return set.without(bad), nil
}

// LeaveOut returns a copy of the list that lacks the names.
func LeaveOut(list, names []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(v string) bool { return slices.Contains(names, v) })
}
