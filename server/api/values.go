package api

import (
	"strings"

	"github.com/oapi-codegen/nullable"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/store"
)

// What follows turns values of the contract into those of the store: a nil pointer leaves as it is.

func isYes(v *gen.YesNo) bool { return v != nil && *v == gen.YesNoYes }

func flag(v *gen.YesNo) *bool {
	if v == nil {
		return nil
	}
	yes := *v == gen.YesNoYes
	return &yes
}

func active(v *gen.AccountStatus) *bool {
	if v == nil {
		return nil
	}
	on := *v == gen.Active
	return &on
}

// activeUnlessSaid is for accounts that are being made.
func activeUnlessSaid(v *gen.AccountStatus) bool { return v == nil || *v == gen.Active }

func yesNo(on bool) string {
	if on {
		return string(gen.YesNoYes)
	}
	return string(gen.YesNoNo)
}

func status(active bool) string {
	if active {
		return string(gen.Active)
	}
	return string(gen.Disabled)
}

// list is never nil: an empty one shows as one.
func list(v []string) []string {
	if v == nil {
		return []string{}
	}
	return v
}

// textOrEmpty is a text that null clears.
func textOrEmpty[T ~string](v nullable.Nullable[T]) *string {
	if !v.IsSpecified() {
		return nil
	}
	var s string
	if !v.IsNull() {
		s = string(v.MustGet())
	}
	return &s
}

// numberOrZero is a number that null clears, which is 0.
func numberOrZero(v nullable.Nullable[int64]) *int64 {
	if !v.IsSpecified() {
		return nil
	}
	var n int64
	if !v.IsNull() {
		n = v.MustGet()
	}
	return &n
}

// valueOr returns the value or, when there is none, the other.
func valueOr[T any](v *T, other T) T {
	if v == nil {
		return other
	}
	return *v
}

// lowerTrim is a text in lower case without blanks around it.
func lowerTrim(v *string) *string {
	if v == nil {
		return nil
	}
	s := strings.ToLower(strings.TrimSpace(*v))
	return &s
}

// lowerUnique is a list of addresses or domain names as they are stored, each once.
func lowerUnique[T ~string](v *[]T) *[]string {
	if v == nil {
		return nil
	}
	out := make([]string, 0, len(*v))
	seen := make(map[string]bool, len(*v))
	for _, item := range *v {
		if name := strings.ToLower(string(item)); !seen[name] {
			seen[name] = true
			out = append(out, name)
		}
	}
	return &out
}

// set is a change to a set of names.
func set[T ~string](replace, add, remove *[]T) store.Set {
	return store.Set{Replace: lowerUnique(replace), Add: valueOr(lowerUnique(add), nil), Remove: valueOr(lowerUnique(remove), nil)}
}
