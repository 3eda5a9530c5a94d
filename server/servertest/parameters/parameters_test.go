package parameters_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
)

// accountGroups are the groups of the published table whose parameters are proven here.
var accountGroups = []string{"Login", "Domain", "Domain Admin", "Mail User", "Mail Alias", "Subscribable Mailing List"}

// effects are all there are.
func effects() []servertest.EffectCase {
	all := slices.Concat(loginCases, selectionCases, pageCases, storedCases, verificationCases, retentionCases)
	for _, p := range slices.Concat(servertest.DomainParameters, servertest.AdminParameters, servertest.UserParameters, servertest.AliasParameters) {
		all = append(all, p.Effects()...)
	}
	return all
}

// parameterFixture holds example.com with the alias domain example.net, the mailboxes anna and ben and the alias sales,
// other.test with the mailbox zoe, and the standalone admins ada and max.
func parameterFixture(t *testing.T) *servertest.Fixture {
	t.Helper()
	w := servertest.NewFixture(t)
	servertest.Seed(w)
	return w
}

// bothSurfaces runs a test in fixtures of its own: through the strict surface with JSON, through the legacy one with
// forms.
func bothSurfaces(t *testing.T, base *servertest.Fixture, name string, test func(t *testing.T, v servertest.Session)) {
	t.Helper()
	onSurfaces(t, base, name, func(t *testing.T) *servertest.Fixture { t.Helper(); return servertest.CopyFixture(t, base.Dir) }, test)
}

// onSurfaces is bothSurfaces that opens the copies of the fixture by a function.
func onSurfaces(t *testing.T, base *servertest.Fixture, name string, open func(t *testing.T) *servertest.Fixture, test func(t *testing.T, v servertest.Session)) {
	t.Helper()
	cookie := base.Root().Cookie
	for _, surface := range []string{"strict", "legacy"} {
		t.Run(surface+"/"+name, func(t *testing.T) {
			v := servertest.Session{Client: &servertest.Client{W: open(t), Cookie: cookie}}
			if surface == "legacy" {
				v = servertest.Session{Client: v.Legacy(), Forms: true}
			}
			test(t, v)
		})
	}
}

func TestParameters(t *testing.T) {
	base := parameterFixture(t)
	for _, p := range effects() {
		bothSurfaces(t, base, p.Operation+" "+p.Parameter, p.Run)
	}
}

// TestEveryParameterIsProven compares the effects with the published table and our own additions to it, in both directions.
func TestEveryParameterIsProven(t *testing.T) {
	proven := map[string]bool{}
	for _, p := range slices.Concat(effects(), listCases()) {
		name := p.Operation + " " + p.Parameter
		require.False(t, proven[name], "%s is proven twice", name)
		proven[name] = true
	}
	wanted := map[string]bool{}
	for _, row := range publishedAccounts(t) {
		parameters := row.Parameters
		if strings.Contains(row.Path, "<number>") {
			parameters = append(slices.Clone(parameters), "<number>")
		}
		for _, parameter := range slices.Concat(parameters, row.Additions()) {
			name := row.Method + " " + row.Path + " " + parameter
			wanted[name] = true
			require.True(t, proven[name], "nothing proves %s", name)
		}
	}
	for name := range proven {
		require.True(t, wanted[name], "%s is proven, but neither published nor marked x-postern", name)
	}
}

// publishedAccounts are the rows of the published table that belong to accountGroups.
func publishedAccounts(t *testing.T) []servertest.TableRow {
	t.Helper()
	seen := map[string]bool{}
	rows := slices.DeleteFunc(servertest.Published(t), func(row servertest.TableRow) bool {
		group := servertest.RouteOf(row.Method, row.Sample()).Operation.Tags[0]
		seen[group] = true
		return !slices.Contains(accountGroups, group)
	})
	for _, group := range accountGroups {
		require.True(t, seen[group], "there is no group %s", group)
	}
	return rows
}
