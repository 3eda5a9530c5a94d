package server_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
)

// right is who may call an operation, or who may give one of its parameters.
type right struct {
	operation, property string // property is "" for the operation itself
	level               string // of x-access
	targets             string // of x-target, with commas
	profile             string // of x-profile
}

func (r right) name() string { return strings.TrimSuffix(r.operation+"."+r.property, ".") }

func (r right) line() string {
	return strings.Join([]string{r.operation, r.property, r.level, r.targets, r.profile}, "\t")
}

// rights reads testdata/rights.tsv: the rights as they were decided, written by hand. The contract is held against them, so
// that a right which is lowered there by mistake does not take the expectation of the tests along.
func rights(t *testing.T) map[string]right {
	t.Helper()
	raw, err := os.ReadFile("testdata/rights.tsv")
	require.NoError(t, err)
	all := map[string]right{}
	for _, line := range strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n")[1:] {
		cells := strings.Split(line, "\t")
		require.Len(t, cells, 5, line)
		r := right{cells[0], cells[1], cells[2], cells[3], cells[4]}
		require.NotContains(t, all, r.name(), "two lines")
		all[r.name()] = r
	}
	return all
}

// statedRights are the rights in the contract: one for each operation, and one for each parameter of a body that has a
// right of its own.
func statedRights(doc *openapi3.T) map[string]right {
	all := map[string]right{}
	add := func(r right) { all[r.name()] = r }
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			add(rightOf(op.OperationID, "", op.Extensions))
			for name, property := range properties(op) {
				if r := rightOf(op.OperationID, name, property.Extensions); r.level+r.targets+r.profile != "" {
					add(r)
				}
			}
		}
	}
	return all
}

func rightOf(operation, property string, extensions map[string]any) right {
	r := right{operation: operation, property: property}
	r.level, _ = extensions["x-access"].(string)
	r.profile, _ = extensions["x-profile"].(string)
	targets, _ := extensions["x-target"].([]any)
	r.targets = strings.Trim(strings.ReplaceAll(fmt.Sprint(targets), " ", ","), "[]")
	if extensions["x-target-alias"] == true {
		r.targets += ",alias" // an alias domain counts as its primary domain
	}
	return r
}

// properties are the parameters of the body of an operation.
func properties(op *openapi3.Operation) map[string]*openapi3.Schema {
	all := map[string]*openapi3.Schema{}
	if op.RequestBody != nil {
		for name, ref := range op.RequestBody.Value.Content["application/json"].Schema.Value.Properties {
			all[name] = ref.Value
		}
	}
	return all
}

// otherRights are the lines in which a contract and the decided rights differ, in both directions.
func otherRights(decided map[string]right, doc *openapi3.T) []string {
	var faults []string
	stated := statedRights(doc)
	for name, r := range decided {
		if stated[name] != r {
			faults = append(faults, "the contract lacks "+r.line())
		}
	}
	for name, r := range stated {
		if decided[name] != r {
			faults = append(faults, "nobody decided "+r.line())
		}
	}
	slices.Sort(faults)
	return faults
}

func TestContractStatesTheRights(t *testing.T) {
	require.Empty(t, otherRights(rights(t), contract))
}
