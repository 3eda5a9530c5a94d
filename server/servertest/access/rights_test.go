package access_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
)

// rights reads testdata/rights.tsv: the rights as they were decided, written by hand. The contract is held against them, so
// that a right which is lowered there by mistake does not take the expectation of the tests along.
func rights(t *testing.T) map[string]servertest.Right {
	t.Helper()
	raw, err := servertest.Testdata.ReadFile("testdata/rights.tsv")
	require.NoError(t, err)
	all := map[string]servertest.Right{}
	for _, line := range strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n")[1:] {
		cells := strings.Split(line, "\t")
		require.Len(t, cells, 5, line)
		r := servertest.Right{Operation: cells[0], Property: cells[1], Level: cells[2], Targets: cells[3], Profile: cells[4]}
		require.NotContains(t, all, r.Name(), "two lines")
		all[r.Name()] = r
	}
	return all
}

// statedRights are the rights in the contract: one for each operation, and one for each parameter of a body that has a
// right of its own.
func statedRights(doc *openapi3.T) map[string]servertest.Right {
	all := map[string]servertest.Right{}
	add := func(r servertest.Right) { all[r.Name()] = r }
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			add(rightOf(op.OperationID, "", op.Extensions))
			for name, property := range servertest.Properties(op) {
				if r := rightOf(op.OperationID, name, property.Extensions); r.Level+r.Targets+r.Profile != "" {
					add(r)
				}
			}
		}
	}
	return all
}

func rightOf(operation, property string, extensions map[string]any) servertest.Right {
	r := servertest.Right{Operation: operation, Property: property}
	r.Level, _ = extensions["x-access"].(string)
	r.Profile, _ = extensions["x-profile"].(string)
	targets, _ := extensions["x-target"].([]any)
	r.Targets = strings.Trim(strings.ReplaceAll(fmt.Sprint(targets), " ", ","), "[]")
	if extensions["x-target-alias"] == true {
		r.Targets += ",alias" // an alias domain counts as its primary domain
	}
	return r
}

// otherRights are the lines in which a contract and the decided rights differ, in both directions.
func otherRights(decided map[string]servertest.Right, doc *openapi3.T) []string {
	var faults []string
	stated := statedRights(doc)
	for name, r := range decided {
		if stated[name] != r {
			faults = append(faults, "the contract lacks "+r.Line())
		}
	}
	for name, r := range stated {
		if decided[name] != r {
			faults = append(faults, "nobody decided "+r.Line())
		}
	}
	slices.Sort(faults)
	return faults
}

func TestContractStatesTheRights(t *testing.T) {
	require.Empty(t, otherRights(rights(t), servertest.Contract))
}
