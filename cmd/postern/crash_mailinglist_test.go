package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store/storetest"
)

// newMembers are those whom each list starts with.
var newMembers = []string{"x@far.test", "y@far.test", "z@far.test"}

// createList makes a list, or makes it again.
func createList(t *testing.T, p *process, list string) error {
	t.Helper()
	return p.call(t.Context(), "POST", "/api/ml/"+list, map[string]any{
		"subscribers": newMembers, "require_confirm": "no", "name": list, "moderators": []string{"m@far.test"},
	})
}

// lifeOfList is what each client does with each list, until the server is gone.
func lifeOfList(t *testing.T, p *process, d *diary, list string) bool {
	t.Helper()
	d.note(d.touched, list)
	if createList(t, p, list) != nil {
		return false
	}
	d.note(d.created, list)
	return p.call(t.Context(), "PUT", "/api/ml/"+list, map[string]any{
		"add_subscribers": []string{"w@far.test"}, "require_confirm": "no", "name": "Changed", "accessPolicy": "moderatorsonly",
	}) == nil && p.call(t.Context(), "DELETE", "/api/ml/"+list+"?keep_archive=no", map[string]any{}) == nil
}

// TestKilledInTheMiddleOfListWrites kills the server many times while clients make, change and remove mailing lists. Afterwards
// no list takes mail that mlmmj does not hold as a whole, and making the lists again makes them whole.
func TestKilledInTheMiddleOfListWrites(t *testing.T) {
	storetest.Mlmmj(t)
	rounds := map[string]int{"sqlite": 15, "mysql": 5, "postgres": 5}
	if testing.Short() {
		rounds["sqlite"] = 2
	}
	for _, engine := range append([]string{"sqlite"}, storetest.Servers...) {
		t.Run(engine, func(t *testing.T) {
			if engine != "sqlite" && testing.Short() {
				t.Skip("a quick run goes without servers")
			}
			killListsOften(t, newCrashSite(t, engine), rounds[engine])
		})
	}
}

func killListsOften(t *testing.T, site crashSite, rounds int) {
	t.Helper()
	const clients = 4
	p := startProcess(t, site)
	require.NoError(t, p.call(t.Context(), "POST", "/api/domain/crash.test", map[string]any{}))
	all := &diary{created: map[string]bool{}, touched: map[string]bool{}}
	for round := range rounds {
		p.killAmid(clients, int64(round%7+1), func(client, turn int) bool {
			return lifeOfList(t, p, all, fmt.Sprintf("r%dc%di%d@crash.test", round, client, turn))
		})
		requireWholeLists(t, site)
		p = startProcess(t, site)
		requireWholeLists(t, site)
	}
	for list := range all.touched {
		if err := createList(t, p, list); err != nil {
			require.EqualError(t, err, "ALREADY_EXISTS", list)
		}
	}
	requireWholeLists(t, site)
	require.Len(t, site.column(t, "vmail_dsn", "SELECT address FROM maillists"), len(all.touched))
	t.Logf("%d lists were made over %d kills", len(all.created), rounds)
}

// requireWholeLists looks at every list that takes mail.
func requireWholeLists(t *testing.T, site crashSite) {
	t.Helper()
	for _, list := range site.column(t, "vmail_dsn", "SELECT address FROM maillists WHERE active = 1") {
		local, domain, _ := strings.Cut(list, "@")
		dir := filepath.Join(site.spool, domain, local)
		require.FileExists(t, filepath.Join(dir, "control", "listaddress"))
		for flag, wanted := range map[string][]string{"-s": newMembers, "-m": {"m@far.test"}} {
			out, err := exec.CommandContext(t.Context(), "/usr/bin/mlmmj-list", "-L", dir, flag).Output()
			require.NoError(t, err, list)
			require.Subset(t, strings.Fields(string(out)), wanted, list)
		}
	}
	require.Empty(t, site.column(t, "vmail_dsn", `SELECT address FROM maillists l WHERE NOT EXISTS
		(SELECT 1 FROM forwardings f WHERE f.address = l.address AND f.is_maillist = 1)`))
	require.Empty(t, site.column(t, "vmail_dsn", `SELECT address FROM forwardings f WHERE is_maillist = 1 AND NOT EXISTS
		(SELECT 1 FROM maillists l WHERE l.address = f.address)`))
}
