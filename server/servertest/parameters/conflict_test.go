package parameters_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
)

// accountParameters are the cases of all operations that take a body.
func accountParameters() []servertest.Parameters {
	return slices.Concat(servertest.DomainParameters, servertest.AdminParameters, servertest.UserParameters, servertest.AliasParameters)
}

// sampleOf is a good value of a parameter, with the cases that it is from.
func sampleOf(t *testing.T, operation, name string) (servertest.Parameters, any) {
	t.Helper()
	for _, p := range accountParameters() {
		for _, c := range p.Cases {
			if p.Operation == operation && c.Name == name {
				return p, c.Steps[0].Give
			}
		}
	}
	require.Fail(t, "no value", "%s %s", operation, name)
	return servertest.Parameters{}, nil
}

// TestParametersThatContradict sends what the published table says not to: two parameters that exclude each other, and
// one without another that it needs.
func TestParametersThatContradict(t *testing.T) {
	base := parameterFixture(t)
	seen := 0
	refuse := func(row servertest.TableRow, field string, names ...string) {
		seen++
		operation := row.Method + " " + row.Path
		bothSurfaces(t, base, operation+" "+strings.Join(names, " "), func(t *testing.T, v servertest.Session) {
			before := servertest.Dump(t, v.W)
			given, p := servertest.Body{}, servertest.Parameters{}
			for _, name := range names {
				p, given[name] = sampleOf(t, operation, name)
			}
			a := p.Call(v, 0, given)
			require.Equal(t, v.Status(http.StatusBadRequest), a.Status, a.Raw)
			require.Equal(t, "CONFLICTING_PARAMETERS", a.Msg(), a.Raw)
			require.Equal(t, field, a.Field(), a.Raw)
			require.Equal(t, before, servertest.Dump(t, v.W), "something was written")
		})
	}
	for _, row := range publishedAccounts(t) {
		for _, pair := range row.Conflicts {
			refuse(row, pair[1], pair[0], pair[1])
		}
		for _, pair := range row.Requires {
			if pair[0] == "maxQuota" { // in MB on the strict surface: surface.TestQuotaWithoutAUnit
				seen++
				continue
			}
			refuse(row, pair[0], pair[0])
		}
	}
	require.NotZero(t, seen)
}

// TestNoParameterChangesNothing updates with no parameter at all. That it happened may be noted as a time.
func TestNoParameterChangesNothing(t *testing.T) {
	tested := changesNothing(t, parameterFixture(t), accountParameters())
	for _, row := range publishedAccounts(t) {
		isList := strings.HasPrefix(row.Path, "/api/ml") // see TestNoParameterChangesNoList
		require.Equal(t, row.Method == "PUT" && !isList, tested[row.Method+" "+row.Path], "%s %s", row.Method, row.Path)
	}
}

func TestNoParameterChangesNoList(t *testing.T) {
	base := listFixture(t)
	require.True(t, changesNothing(t, base, servertest.MailingListParameters)["PUT /api/ml/<mail>"])
}

// changesNothing makes every change without saying what, and returns which it made.
func changesNothing(t *testing.T, base *servertest.Fixture, all []servertest.Parameters) (tested map[string]bool) {
	t.Helper()
	tested = map[string]bool{}
	for _, p := range all {
		if tested[p.Operation] || !strings.HasPrefix(p.Operation, "PUT ") {
			continue
		}
		tested[p.Operation] = true
		bothSurfaces(t, base, p.Operation, func(t *testing.T, v servertest.Session) {
			before, spool := servertest.Without(servertest.Dump(t, v.W), "modified"), v.W.Spooled()
			require.NotEmpty(t, before["domain"])
			servertest.RequireDone(t, p.Call(v, 0, servertest.Body{}))
			servertest.RequireDone(t, p.Call(v, 0, nil))
			require.Equal(t, before, servertest.Without(servertest.Dump(t, v.W), "modified"))
			require.Equal(t, spool, v.W.Spooled())
		})
	}
	return tested
}
