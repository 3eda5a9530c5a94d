package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// racers is how many clients create at the same time.
const racers = 64

// race has every client send its own request at once and counts the answers by their code ("" is success).
func race(c *client, path func(i int) string, body map[string]any) map[string]int {
	raw, _ := json.Marshal(body) //nolint:errchkjson // plain text
	answers := make([]string, racers)
	var start, done sync.WaitGroup
	start.Add(1)
	for i := range racers {
		done.Go(func() {
			r := httptest.NewRequestWithContext(c.w.t.Context(), http.MethodPost, path(i), strings.NewReader(string(raw)))
			r.Header.Set("Content-Type", jsonType)
			r.AddCookie(c.cookie)
			start.Wait()
			rec := httptest.NewRecorder()
			c.w.handler.ServeHTTP(rec, r)
			var answer struct {
				Msg string `json:"_msg"`
			}
			if err := json.Unmarshal(rec.Body.Bytes(), &answer); err != nil {
				answer.Msg = rec.Body.String()
			}
			answers[i] = answer.Msg
		})
	}
	start.Done()
	done.Wait()
	counts := map[string]int{}
	for _, msg := range answers {
		counts[msg]++
	}
	return counts
}

func TestCapsAreExactUnder64Clients(t *testing.T) {
	for round := range 3 {
		t.Run(fmt.Sprintf("users of a domain, round %d", round), func(t *testing.T) {
			w := newWorld(t)
			root := w.root()
			root.mustDomain("example.com", map[string]any{"numberOfUsers": 10})
			counts := race(root, func(i int) string { return fmt.Sprintf("/api/user/u%d@example.com", i) }, map[string]any{"password": password})
			require.Equal(t, map[string]int{"": 10, "EXCEEDED_DOMAIN_ACCOUNT_LIMIT": racers - 10}, counts)
			require.Len(t, root.get("/api/users/example.com?email_only=yes").list(), 10)
		})
		t.Run(fmt.Sprintf("users of an admin over two domains, round %d", round), func(t *testing.T) {
			w, admin := cappedAdmin(t, map[string]any{"maxUsers": 7})
			counts := race(admin, func(i int) string { return fmt.Sprintf("/api/user/u%d@d%d.test", i, i%2) }, map[string]any{"password": password})
			require.Equal(t, map[string]int{"": 7, "EXCEED_LIMIT_USERS": racers - 7}, counts)
			root := w.root()
			require.Equal(t, 7, len(root.get("/api/users/d0.test").list())+len(root.get("/api/users/d1.test").list()))
		})
		t.Run(fmt.Sprintf("aliases of an admin, round %d", round), func(t *testing.T) {
			_, admin := cappedAdmin(t, map[string]any{"maxAliases": 5})
			counts := race(admin, func(i int) string { return fmt.Sprintf("/api/alias/a%d@d%d.test", i, i%2) }, map[string]any{})
			require.Equal(t, map[string]int{"": 5, "EXCEED_LIMIT_ALIASES": racers - 5}, counts)
		})
		t.Run(fmt.Sprintf("quota of an admin, round %d", round), func(t *testing.T) {
			_, admin := cappedAdmin(t, map[string]any{"maxQuota": 1, "quotaUnit": "GB"})
			counts := race(admin, func(i int) string { return fmt.Sprintf("/api/user/u%d@d0.test", i) },
				map[string]any{"password": password, "quota": 100})
			require.Equal(t, map[string]int{"": 10, "EXCEED_LIMIT_QUOTA": racers - 10}, counts)
		})
		t.Run(fmt.Sprintf("domains of an admin, round %d", round), func(t *testing.T) {
			_, admin := cappedAdmin(t, map[string]any{"maxDomains": 6})
			counts := race(admin, func(i int) string { return fmt.Sprintf("/api/domain/new%d.test", i) }, map[string]any{})
			require.Equal(t, map[string]int{"": 4, "EXCEED_LIMIT_DOMAIN": racers - 4}, counts, "it manages two already")
		})
		t.Run(fmt.Sprintf("one address, round %d", round), func(t *testing.T) {
			w := newWorld(t)
			root := w.root()
			root.mustDomain("example.com", nil)
			counts := race(root, fixed("/api/user/anna@example.com"), map[string]any{"password": password})
			require.Equal(t, map[string]int{"": 1, "ALREADY_EXISTS": racers - 1}, counts)
		})
	}
}

// cappedAdmin is an admin of d0.test and d1.test with limits.
func cappedAdmin(t *testing.T, limits map[string]any) (*world, *client) {
	t.Helper()
	w := newWorld(t)
	root := w.root()
	limits["password"] = password
	root.must(http.StatusCreated, "POST", "/api/admin/capped@admins.test", limits)
	for _, domain := range []string{"d0.test", "d1.test"} {
		root.mustDomain(domain, nil)
		root.must(http.StatusOK, "PUT", "/api/domain/admins/"+domain, map[string]any{"addAdmin": []string{"capped@admins.test"}})
	}
	return w, w.as("capped@admins.test", password)
}
