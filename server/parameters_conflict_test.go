package server_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// accountParameters are the cases of all operations that take a body.
func accountParameters() []parameters {
	return slices.Concat(domainParameters, adminParameters, userParameters, aliasParameters)
}

// sampleOf is a good value of a parameter, with the cases that it is from.
func sampleOf(t *testing.T, operation, name string) (parameters, any) {
	t.Helper()
	for _, p := range accountParameters() {
		for _, c := range p.cases {
			if p.operation == operation && c.name == name {
				return p, c.steps[0].give
			}
		}
	}
	require.Fail(t, "no value", "%s %s", operation, name)
	return parameters{}, nil
}

// TestParametersThatContradict sends what the published table says not to: two parameters that exclude each other, and
// one without another that it needs.
func TestParametersThatContradict(t *testing.T) {
	base := parameterFixture(t)
	seen := 0
	refuse := func(row tableRow, field string, names ...string) {
		seen++
		operation := row.method + " " + row.path
		bothSurfaces(t, base, operation+" "+strings.Join(names, " "), func(t *testing.T, v session) {
			before := dump(t, v.w)
			given, p := body{}, parameters{}
			for _, name := range names {
				p, given[name] = sampleOf(t, operation, name)
			}
			a := p.call(v, 0, given)
			require.Equal(t, v.status(http.StatusBadRequest), a.status, a.raw)
			require.Equal(t, "CONFLICTING_PARAMETERS", a.msg(), a.raw)
			require.Equal(t, field, a.field(), a.raw)
			require.Equal(t, before, dump(t, v.w), "something was written")
		})
	}
	for _, row := range publishedAccounts(t) {
		for _, pair := range row.conflicts {
			refuse(row, pair[1], pair[0], pair[1])
		}
		for _, pair := range row.requires {
			refuse(row, pair[0], pair[0])
		}
	}
	require.NotZero(t, seen)
}

// TestNoParameterChangesNothing updates with no parameter at all. That it happened may be noted as a time.
func TestNoParameterChangesNothing(t *testing.T) {
	tested := changesNothing(t, parameterFixture(t), accountParameters())
	for _, row := range publishedAccounts(t) {
		isList := strings.HasPrefix(row.path, "/api/ml") // see TestNoParameterChangesNoList
		require.Equal(t, row.method == "PUT" && !isList, tested[row.method+" "+row.path], "%s %s", row.method, row.path)
	}
}

func TestNoParameterChangesNoList(t *testing.T) {
	base := listFixture(t)
	require.True(t, changesNothing(t, base, mailingListParameters)["PUT /api/ml/<mail>"])
}

// changesNothing makes every change without saying what, and returns which it made.
func changesNothing(t *testing.T, base *fixture, all []parameters) (tested map[string]bool) {
	t.Helper()
	tested = map[string]bool{}
	for _, p := range all {
		if tested[p.operation] || !strings.HasPrefix(p.operation, "PUT ") {
			continue
		}
		tested[p.operation] = true
		bothSurfaces(t, base, p.operation, func(t *testing.T, v session) {
			before, spool := without(dump(t, v.w), "modified"), v.w.spooled()
			require.NotEmpty(t, before["domain"])
			requireDone(t, p.call(v, 0, body{}))
			requireDone(t, p.call(v, 0, nil))
			require.Equal(t, before, without(dump(t, v.w), "modified"))
			require.Equal(t, spool, v.w.spooled())
		})
	}
	return tested
}

// without shows all rows but for some columns.
func without(tables map[string][]store.Record, columns ...string) map[string][]string {
	shown := map[string][]string{}
	for table, records := range tables {
		for _, r := range records {
			shown[table] = append(shown[table], fmt.Sprint(r.Without(columns...)))
		}
	}
	return shown
}
