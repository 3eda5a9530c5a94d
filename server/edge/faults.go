package edge

import (
	"context"
	"errors"
	"slices"

	"github.com/postern-mail/postern/server/contract"
	"github.com/postern-mail/postern/server/reply"
	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/password"
)

// maxFaults is how many mistakes are named before the rest of a request is left unread.
const maxFaults = 20

// errEnough ends the reading of a request with too many faults.
var errEnough = errors.New("too many faults")

// faults are the mistakes of one request, in the order in which they were found.
type faults struct {
	all    []error
	fields map[string]bool // those that have one
}

// add notes a mistake. It fails with errEnough once there is room for no more.
func (f *faults) add(err error) error {
	if len(f.all) < maxFaults {
		f.all = append(f.all, err)
	}
	var known *store.Error
	if errors.As(err, &known) && known.Field != "" {
		if f.fields == nil {
			f.fields = map[string]bool{}
		}
		f.fields[known.Field] = true
	}
	if len(f.all) == maxFaults {
		return errEnough
	}
	return nil
}

// addEach notes mistakes of parameters that had none before: what follows from a value that could not be read is no news.
func (f *faults) addEach(found []error) {
	before := f.copy()
	for _, err := range found {
		var known *store.Error
		if errors.As(err, &known) && before.fields[known.Field] {
			continue
		}
		_ = f.add(err) // which takes no more than there is room for
	}
}

func (f *faults) copy() *faults {
	other := &faults{all: slices.Clone(f.all), fields: map[string]bool{}}
	for field := range f.fields {
		other.fields[field] = true
	}
	return other
}

// err is what the caller is told, nil without a mistake. A parameter that is not known comes behind those that are: often its
// name is all that is wrong, and the one that is missing says which was meant.
func (f *faults) err() error {
	slices.SortStableFunc(f.all, func(a, b error) int { return rank(a) - rank(b) })
	switch len(f.all) {
	case 0:
		return nil
	case 1:
		return f.all[0]
	}
	return reply.Faults(f.all)
}

func rank(err error) int {
	if store.HasCode(err, reply.CodeUnknownParameter) {
		return 1
	}
	return 0
}

// faultsOf returns a copy of what reading the request has found.
func faultsOf(ctx context.Context) *faults {
	if sent := SentOf(ctx); sent != nil {
		return sent.found.copy()
	}
	return &faults{}
}

// missingPassword is the mistake of a new account without a password, of which those names were given. It is told beside others alone: by
// itself it comes after what is wrong with the domain.
func missingPassword(op *contract.Operation, given map[string]bool) []error {
	if slices.ContainsFunc(op.Passwords, func(name string) bool { return given[name] }) {
		return nil
	}
	return []error{password.Missing(op.Passwords...)}
}

// combinations are the mistakes of parameters that contradict or lack each other, of which those names were given.
func combinations(ctx context.Context, op *contract.Operation, given map[string]bool) []error {
	var found []error
	for _, pair := range op.Conflicts {
		if given[pair[0]] && given[pair[1]] {
			found = append(found, store.Fail(store.Invalid, reply.CodeConflicting, "%s cannot be given together with %s.", pair[1], pair[0]).With(pair[1]))
		}
	}
	for _, pair := range op.Needs {
		if given[pair[0]] && !given[pair[1]] {
			found = append(found, store.Fail(store.Invalid, reply.CodeConflicting, "%s has to be given together with %s.", pair[0], pair[1]).With(pair[0]))
		}
	}
	if !reply.IsLenient(ctx) {
		return found
	}
	for _, pair := range op.LegacyNeeds {
		if given[pair[0]] && !given[pair[1]] {
			found = append(found, store.Fail(store.Invalid, reply.CodeMissingParameter,
				"%s is missing; it has to be given together with %s.", pair[1], pair[0]).With(pair[1]))
		}
	}
	return found
}
