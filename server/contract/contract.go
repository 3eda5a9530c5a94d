package contract

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gin-gonic/gin"
)

// MaxBody is the largest x-max-body of an operation in bytes.
const MaxBody = 8 << 20

// Media types of a body.
const (
	MediaForm = "application/x-www-form-urlencoded"
	MediaJSON = "application/json"
)

// Operations are all operations of a contract, by method and gin path.
type Operations map[string]*Operation

// Load reads the operations. A key that begins with x- and holds a value that it cannot have is an error, and so is an operation
// that says not who may call it.
func Load(doc *openapi3.T) (Operations, error) {
	all, faults := Operations{}, []error{}
	for template, item := range doc.Paths.Map() {
		for method, spec := range item.Operations() {
			op, err := newOperation(doc, template, item, method, spec)
			if err != nil {
				faults = append(faults, fmt.Errorf("%s %s: %w", method, template, err))
				continue
			}
			all[method+" "+op.Path] = op
		}
	}
	if len(faults) == 0 {
		faults = append(faults, checkErrors(doc, all))
	}
	return all, errors.Join(faults...)
}

// Match returns an error unless the routes are exactly the operations.
func (all Operations) Match(routes gin.RoutesInfo) error {
	seen := map[string]bool{}
	for _, r := range routes {
		if !strings.HasPrefix(r.Path, "/api/") {
			continue
		}
		key := r.Method + " " + r.Path
		if all[key] == nil {
			return fmt.Errorf("route %s is not in the contract", key)
		}
		seen[key] = true
	}
	for key := range all {
		if !seen[key] {
			return fmt.Errorf("%s of the contract has no route", key)
		}
	}
	return nil
}

// At returns the operation at a path, nil where there is none. Of a template with a parameter and one without, the latter counts.
func (all Operations) At(method, path string) *Operation {
	asked := strings.Split(path, "/")
	var best *Operation
	fewest := len(asked) + 1
	for _, op := range all {
		if op.Method != method {
			continue
		}
		if n := parametersIn(asked, strings.Split(op.Path, "/")); n >= 0 && n < fewest {
			best, fewest = op, n
		}
	}
	return best
}

// parametersIn counts the parameters of a template that a path fits, -1 where it does not.
func parametersIn(asked, template []string) int {
	if len(asked) != len(template) {
		return -1
	}
	count := 0
	for i, segment := range template {
		switch {
		case strings.HasPrefix(segment, ":") && asked[i] != "":
			count++
		case segment != asked[i]:
			return -1
		}
	}
	return count
}

type operationKey struct{}

// With returns a context for a request to the operation.
func With(ctx context.Context, op *Operation) context.Context {
	return context.WithValue(ctx, operationKey{}, op)
}

// Of returns the operation that the request is for.
func Of(ctx context.Context) *Operation {
	op, _ := ctx.Value(operationKey{}).(*Operation)
	return op
}

// ginPath turns {x} into :x.
func ginPath(template string) string {
	return strings.NewReplacer("{", ":", "}", "").Replace(template)
}
