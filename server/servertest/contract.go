package servertest

import (
	"bufio"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TableRow is one row of the published API.
type TableRow struct {
	Method, Path        string
	Parameters, Needed  []string
	Conflicts, Requires [][2]string
}

var Placeholder = regexp.MustCompile(`<([a-z_]+)>`)

// Published reads the table of the published API.
func Published(t *testing.T) []TableRow {
	t.Helper()
	f, err := Testdata.Open("testdata/operations.tsv")
	require.NoError(t, err)
	defer f.Close()
	var rows []TableRow
	lines := bufio.NewScanner(f)
	lines.Scan() // the header
	for lines.Scan() {
		cells := strings.Split(lines.Text(), "\t")
		row := TableRow{Method: cells[0], Path: cells[1]}
		for _, p := range strings.Fields(cells[3]) {
			name, required := strings.CutSuffix(p, "*")
			row.Parameters = append(row.Parameters, name)
			if required {
				row.Needed = append(row.Needed, name)
			}
		}
		for _, c := range strings.Fields(cells[4]) {
			if a, b, ok := strings.Cut(c, "|"); ok {
				row.Conflicts = append(row.Conflicts, [2]string{a, b})
			} else if a, b, ok := strings.Cut(c, ">"); ok {
				row.Requires = append(row.Requires, [2]string{a, b})
			}
		}
		rows = append(rows, row)
	}
	require.NoError(t, lines.Err())
	require.Len(t, rows, 129)
	return rows
}

// Sample is a concrete path for a row.
func (r TableRow) Sample() string {
	values := map[string]string{"domain": "example.com", "mail": "anna@example.com", "new_mail": "anna.berg@example.com", "number": "30"}
	return Placeholder.ReplaceAllStringFunc(r.Path, func(p string) string { return values[p[1:len(p)-1]] })
}

// Additions are the parameters of Postern's own (x-postern) that the operation takes, sorted.
func (r TableRow) Additions() []string {
	var own []string
	operation := RouteOf(r.Method, r.Sample()).Operation
	for _, p := range operation.Parameters {
		if p.Value.Extensions["x-postern"] == true {
			own = append(own, p.Value.Name)
		}
	}
	if body := operation.RequestBody; body != nil {
		for name, property := range body.Value.Content["application/json"].Schema.Value.Properties {
			if property.Value.Extensions["x-postern"] == true {
				own = append(own, name)
			}
		}
	}
	slices.Sort(own)
	return own
}
