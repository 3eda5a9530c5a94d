package surface_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
)

func TestContractCoversThePublishedTable(t *testing.T) {
	require.NoError(t, servertest.Contract.Validate(t.Context()))
	for _, row := range servertest.Published(t) {
		t.Run(row.Method+" "+row.Path, func(t *testing.T) {
			route := servertest.RouteOf(row.Method, row.Sample())
			require.NotNil(t, route, "no operation takes this path")
			taken := map[string]bool{}
			for _, p := range route.Operation.Parameters {
				taken[p.Value.Name] = true
			}
			var required []string
			var conflicts, needs, legacyNeeds any
			if body := route.Operation.RequestBody; body != nil {
				schema := body.Value.Content["application/json"].Schema.Value
				for name, property := range schema.Properties {
					taken[name] = !property.Value.ReadOnly
				}
				required, conflicts, needs = schema.Required, schema.Extensions["x-conflicts"], schema.Extensions["x-needs"]
				legacyNeeds = schema.Extensions["x-legacy-needs"]
				require.Same(t, schema, body.Value.Content["application/x-www-form-urlencoded"].Schema.Value, "a form follows another schema")
			}
			for _, p := range row.Parameters {
				require.True(t, taken[p], "parameter %s is not taken", p)
				delete(taken, p)
			}
			for _, p := range row.Additions() {
				delete(taken, p)
			}
			for p, isParameter := range taken {
				require.False(t, isParameter, "parameter %s is neither published nor marked x-postern", p)
			}
			for _, p := range row.Needed {
				require.Contains(t, required, p)
			}
			requirePairs(t, row.Conflicts, conflicts, true)
			requirePairs(t, row.Requires, append(listOf(needs), listOf(legacyNeeds)...), false)
		})
	}
}

func listOf(value any) []any {
	list, _ := value.([]any)
	return slices.Clone(list)
}

func requirePairs(t *testing.T, want [][2]string, stated any, either bool) {
	t.Helper()
	var got [][2]string
	list, _ := stated.([]any)
	for _, item := range list {
		pair := item.([]any)
		got = append(got, [2]string{pair[0].(string), pair[1].(string)})
	}
	for _, p := range want {
		found := slices.Contains(got, p) || either && slices.Contains(got, [2]string{p[1], p[0]})
		require.True(t, found, "%v is not stated", p)
	}
}

// TestContractIsWhole holds every operation against the habits of the document.
func TestContractIsWhole(t *testing.T) {
	seen := map[string]bool{}
	for template, item := range servertest.Contract.Paths.Map() {
		for method, op := range item.Operations() {
			t.Run(method+" "+template, func(t *testing.T) {
				require.NotEmpty(t, op.OperationID)
				require.False(t, seen[op.OperationID], "operationId twice")
				seen[op.OperationID] = true
				require.NotEmpty(t, op.Summary)
				require.Len(t, op.Tags, 1)
				require.NotNil(t, servertest.Contract.Tags.Get(op.Tags[0]), "tag is described")
				require.Equal(t, "#/components/responses/Failure", op.Responses.Default().Ref, "errors are one response")
				require.Equal(t, 2, op.Responses.Len(), "one success and the errors")
				for status, response := range op.Responses.Map() {
					content := response.Value.Content["application/json"]
					require.NotNil(t, content, "status %s is JSON", status)
					require.True(t, content.Example != nil || content.Schema.Value.Example != nil, "status %s has an example", status)
				}
				if op.RequestBody != nil {
					for media, content := range op.RequestBody.Value.Content {
						require.NotNil(t, content.Schema.Value.Example, "%s has an example", media)
						require.NotEmpty(t, content.Schema.Ref, "%s is a component", media)
					}
				}
			})
		}
	}
}
