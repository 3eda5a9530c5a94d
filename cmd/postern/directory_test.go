package main

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store/storetest"
)

// directorySite is where two servers keep the accounts of one directory. They share the state, and with it the locks.
func directorySite(t *testing.T, stateEngine string) crashSite {
	t.Helper()
	at, dir := storetest.Directory(t), t.TempDir()
	state := "sqlite://" + filepath.Join(dir, "state.db")
	if stateEngine != "sqlite" {
		state = storetest.DatabaseURL(t, stateEngine)
	}
	return crashSite{"ldap", map[string]string{
		"state_dsn": state, "iredadmin_dsn": "sqlite://" + filepath.Join(dir, "iredadmin.db"),
		"ldap_url": at.URL, "ldap_bind_dn": at.BindDN, "ldap_bind_password": at.BindPassword,
		"ldap_base_dn": at.Base, "ldap_admin_base_dn": at.AdminBase,
	}, filepath.Join(dir, "mlmmj")}
}

// TestCapsOfADirectoryAmongProcesses has 64 clients of two servers create at once: what a domain and an admin may have is
// exact all the same.
func TestCapsOfADirectoryAmongProcesses(t *testing.T) {
	const clients, mayHave = 64, 10
	for _, engine := range append([]string{"sqlite"}, storetest.Servers...) {
		t.Run(engine, func(t *testing.T) {
			site := directorySite(t, engine)
			servers := []*process{startProcess(t, site), startProcess(t, site)}
			root := servers[0]
			require.NoError(t, root.call(t.Context(), "POST", "/api/domain/full.test", map[string]any{"numberOfUsers": mayHave}))
			for _, name := range []string{"a.test", "b.test"} {
				require.NoError(t, root.call(t.Context(), "POST", "/api/domain/"+name, map[string]any{}))
			}
			require.NoError(t, root.call(t.Context(), "POST", "/api/admin/boss@admins.test",
				map[string]any{"password": crashSecret, "maxAliases": mayHave}))
			for _, name := range []string{"a.test", "b.test"} {
				require.NoError(t, root.call(t.Context(), "PUT", "/api/domain/admins/"+name, map[string]any{"addAdmin": []string{"boss@admins.test"}}))
			}
			users := countAnswers(clients, func(i int) error {
				return servers[i%2].call(t.Context(), "POST", fmt.Sprintf("/api/user/u%d@full.test", i), map[string]any{"password": crashSecret})
			})
			require.Equal(t, map[string]int{"": mayHave, "EXCEEDED_DOMAIN_ACCOUNT_LIMIT": clients - mayHave}, users)
			for _, s := range servers {
				require.NoError(t, s.call(t.Context(), "POST", "/api/login", map[string]any{"username": "boss@admins.test", "password": crashSecret}))
			}
			aliases := countAnswers(clients, func(i int) error {
				return servers[i%2].call(t.Context(), "POST", fmt.Sprintf("/api/alias/l%d@%c.test", i, 'a'+i/2%2), map[string]any{})
			})
			require.Equal(t, map[string]int{"": mayHave, "EXCEED_LIMIT_ALIASES": clients - mayHave}, aliases)
		})
	}
}

// countAnswers has all clients send at once, and counts what they were told; "" is success.
func countAnswers(clients int, send func(i int) error) map[string]int {
	answers := make([]string, clients)
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() {
			if err := send(i); err != nil {
				answers[i] = err.Error()
			}
		})
	}
	all.Wait()
	counts := map[string]int{}
	for _, answer := range answers {
		counts[answer]++
	}
	return counts
}
