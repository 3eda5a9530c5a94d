package servertest

import (
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Right is who may call an operation, or who may give one of its parameters.
type Right struct {
	Operation, Property string // property is "" for the operation itself
	Level               string // of x-access
	Targets             string // of x-target, with commas
	Profile             string // of x-profile
}

func (r Right) Name() string { return strings.TrimSuffix(r.Operation+"."+r.Property, ".") }

func (r Right) Line() string {
	return strings.Join([]string{r.Operation, r.Property, r.Level, r.Targets, r.Profile}, "\t")
}

// Properties are the parameters of the body of an operation.
func Properties(op *openapi3.Operation) map[string]*openapi3.Schema {
	all := map[string]*openapi3.Schema{}
	if op.RequestBody != nil {
		for name, ref := range op.RequestBody.Value.Content["application/json"].Schema.Value.Properties {
			all[name] = ref.Value
		}
	}
	return all
}
