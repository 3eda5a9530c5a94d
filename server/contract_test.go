package server_test

import (
	"bufio"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// tableRow is one row of the published API.
type tableRow struct {
	method, path        string
	parameters, needed  []string
	conflicts, requires [][2]string
}

var placeholder = regexp.MustCompile(`<([a-z_]+)>`)

// published reads the table of the published API.
func published(t *testing.T) []tableRow {
	t.Helper()
	f, err := os.Open("testdata/operations.tsv")
	require.NoError(t, err)
	defer f.Close()
	var rows []tableRow
	lines := bufio.NewScanner(f)
	lines.Scan() // the header
	for lines.Scan() {
		cells := strings.Split(lines.Text(), "\t")
		row := tableRow{method: cells[0], path: cells[1]}
		for _, p := range strings.Fields(cells[3]) {
			name, required := strings.CutSuffix(p, "*")
			row.parameters = append(row.parameters, name)
			if required {
				row.needed = append(row.needed, name)
			}
		}
		for _, c := range strings.Fields(cells[4]) {
			if a, b, ok := strings.Cut(c, "|"); ok {
				row.conflicts = append(row.conflicts, [2]string{a, b})
			} else if a, b, ok := strings.Cut(c, ">"); ok {
				row.requires = append(row.requires, [2]string{a, b})
			}
		}
		rows = append(rows, row)
	}
	require.NoError(t, lines.Err())
	require.Len(t, rows, 129)
	return rows
}

// sample is a concrete path for a row.
func (r tableRow) sample() string {
	values := map[string]string{"domain": "example.com", "mail": "anna@example.com", "new_mail": "anna.berg@example.com", "number": "30"}
	return placeholder.ReplaceAllStringFunc(r.path, func(p string) string { return values[p[1:len(p)-1]] })
}

// additions are the parameters of Postern's own (x-postern) that the body of the operation takes, sorted.
func (r tableRow) additions() []string {
	var own []string
	if body := routeOf(r.method, r.sample()).Operation.RequestBody; body != nil {
		for name, property := range body.Value.Content["application/json"].Schema.Value.Properties {
			if property.Value.Extensions["x-postern"] == true {
				own = append(own, name)
			}
		}
	}
	slices.Sort(own)
	return own
}

func TestContractCoversThePublishedTable(t *testing.T) {
	require.NoError(t, contract.Validate(t.Context()))
	for _, row := range published(t) {
		t.Run(row.method+" "+row.path, func(t *testing.T) {
			route := routeOf(row.method, row.sample())
			require.NotNil(t, route, "no operation takes this path")
			taken := map[string]bool{}
			for _, p := range route.Operation.Parameters {
				taken[p.Value.Name] = true
			}
			var required []string
			var conflicts, needs any
			if body := route.Operation.RequestBody; body != nil {
				schema := body.Value.Content["application/json"].Schema.Value
				for name := range schema.Properties {
					taken[name] = true
				}
				required, conflicts, needs = schema.Required, schema.Extensions["x-conflicts"], schema.Extensions["x-needs"]
				require.Same(t, schema, body.Value.Content["application/x-www-form-urlencoded"].Schema.Value, "a form follows another schema")
			}
			for _, p := range row.parameters {
				require.True(t, taken[p], "parameter %s is not taken", p)
				delete(taken, p)
			}
			for _, p := range row.additions() {
				delete(taken, p)
			}
			for p := range taken {
				require.Fail(t, "unknown", "parameter %s is neither published nor marked x-postern", p)
			}
			for _, p := range row.needed {
				require.Contains(t, required, p)
			}
			requirePairs(t, row.conflicts, conflicts, true)
			requirePairs(t, row.requires, needs, false)
		})
	}
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
	for template, item := range contract.Paths.Map() {
		for method, op := range item.Operations() {
			t.Run(method+" "+template, func(t *testing.T) {
				require.NotEmpty(t, op.OperationID)
				require.False(t, seen[op.OperationID], "operationId twice")
				seen[op.OperationID] = true
				require.NotEmpty(t, op.Summary)
				require.Len(t, op.Tags, 1)
				require.NotNil(t, contract.Tags.Get(op.Tags[0]), "tag is described")
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
