package faults_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
)

// racers is how many clients create at the same time.
const racers = 64

// race has every client send its own request at once and counts the answers by their code ("" is success).
func race(c *servertest.Client, path func(i int) string, given map[string]any) map[string]int {
	return raceWith(c, path, func(int) map[string]any { return given })
}

// raceWith is race where each client has a body of its own.
func raceWith(c *servertest.Client, path func(i int) string, given func(i int) map[string]any) map[string]int {
	return raceBy(func(int) *servertest.Client { return c }, path, given)
}

// raceBy is raceWith where each is a client of its own.
func raceBy(by func(i int) *servertest.Client, path func(i int) string, given func(i int) map[string]any) map[string]int {
	answers := make([]string, racers)
	var start, done sync.WaitGroup
	start.Add(1)
	for i := range racers {
		c := by(i)
		done.Go(func() {
			raw, _ := json.Marshal(given(i)) //nolint:errchkjson // plain text
			r := httptest.NewRequestWithContext(c.W.T.Context(), http.MethodPost, path(i), strings.NewReader(string(raw)))
			r.Header.Set("Content-Type", servertest.JSONType)
			r.AddCookie(c.Cookie)
			start.Wait()
			rec := httptest.NewRecorder()
			c.W.Handler.ServeHTTP(rec, r)
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
	rounds := map[string]int{"sqlite": 3, "mysql": 2, "postgres": 2, "ldap": 2}
	for _, engine := range servertest.Everywhere {
		for round := range rounds[engine] {
			for name, test := range capRaces {
				t.Run(fmt.Sprintf("%s, %s, round %d", engine, name, round), func(t *testing.T) { test(t, servertest.NewFixtureOn(t, engine)) })
			}
		}
	}
}

// capRaces are the limits that clients race for, each in a fresh fixture.
var capRaces = map[string]func(t *testing.T, w *servertest.Fixture){
	"users of a domain": func(t *testing.T, w *servertest.Fixture) {
		root := w.Root()
		root.MustDomain("example.com", map[string]any{"numberOfUsers": 10})
		counts := race(root, func(i int) string { return fmt.Sprintf("/api/user/u%d@example.com", i) }, servertest.WithPassword)
		require.Equal(t, map[string]int{"": 10, "EXCEEDED_DOMAIN_ACCOUNT_LIMIT": racers - 10}, counts)
		require.Len(t, root.Get("/api/users/example.com?email_only=yes").List(), 10)
	},
	"users of an admin over two domains": func(t *testing.T, w *servertest.Fixture) {
		admin := cappedAdmin(w, map[string]any{"maxUsers": 7})
		counts := race(admin, func(i int) string { return fmt.Sprintf("/api/user/u%d@d%d.test", i, i%2) }, servertest.WithPassword)
		require.Equal(t, map[string]int{"": 7, "EXCEED_LIMIT_USERS": racers - 7}, counts)
		root := w.Root()
		require.Equal(t, 7, len(root.Get("/api/users/d0.test").List())+len(root.Get("/api/users/d1.test").List()))
	},
	"aliases of an admin": func(t *testing.T, w *servertest.Fixture) {
		admin := cappedAdmin(w, map[string]any{"maxAliases": 5})
		counts := race(admin, func(i int) string { return fmt.Sprintf("/api/alias/a%d@d%d.test", i, i%2) }, map[string]any{})
		require.Equal(t, map[string]int{"": 5, "EXCEED_LIMIT_ALIASES": racers - 5}, counts)
	},
	"quota of an admin": func(t *testing.T, w *servertest.Fixture) {
		admin := cappedAdmin(w, map[string]any{"maxQuota": 1, "quotaUnit": "GB"})
		counts := race(admin, func(i int) string { return fmt.Sprintf("/api/user/u%d@d0.test", i) },
			map[string]any{"password": servertest.Password, "quota": 100})
		require.Equal(t, map[string]int{"": 10, "EXCEED_LIMIT_QUOTA": racers - 10}, counts)
	},
	"users of two admins at one cap": func(t *testing.T, w *servertest.Fixture) {
		boss := cappedAdmin(w, map[string]any{"maxUsers": 9})
		root := w.Root()
		writers := []*servertest.Client{boss}
		for _, domain := range []string{"d0.test", "d1.test"} {
			root.MustUser("mate@"+domain, nil)
			boss.Must(http.StatusOK, "PUT", "/api/domain/admins/"+domain, map[string]any{"addAdmin": []string{"mate@" + domain}})
			writers = append(writers, w.As("mate@"+domain, servertest.Password))
		}
		counts := raceBy(func(i int) *servertest.Client { return writers[i%3] }, func(i int) string {
			return fmt.Sprintf("/api/user/u%d@d%d.test", i, max(0, i%3-1))
		}, func(int) map[string]any { return servertest.WithPassword })
		require.Equal(t, map[string]int{"": 7, "EXCEED_LIMIT_USERS": racers - 7}, counts, "two are there already")
	},
	"domains of an admin": func(t *testing.T, w *servertest.Fixture) {
		admin := cappedAdmin(w, map[string]any{"maxDomains": 6})
		counts := race(admin, func(i int) string { return fmt.Sprintf("/api/domain/new%d.test", i) }, map[string]any{})
		require.Equal(t, map[string]int{"": 4, "EXCEED_LIMIT_DOMAIN": racers - 4}, counts, "it manages two already")
	},
	"one address": func(t *testing.T, w *servertest.Fixture) {
		root := w.Root()
		root.MustDomain("example.com", nil)
		counts := race(root, servertest.Fixed("/api/user/anna@example.com"), servertest.WithPassword)
		require.Equal(t, map[string]int{"": 1, "ALREADY_EXISTS": racers - 1}, counts)
	},
	"one address in two spellings, as mailbox and as alias": func(t *testing.T, w *servertest.Fixture) {
		root := w.Root()
		root.MustDomain("example.com", nil)
		paths := []string{"/api/user/anna@example.com", "/api/alias/Anna@Example.COM", "/api/user/ANNA@example.com"}
		bodies := []map[string]any{servertest.WithPassword, {}, servertest.WithPassword}
		counts := raceWith(root, func(i int) string { return paths[i%3] }, func(i int) map[string]any { return bodies[i%3] })
		require.Equal(t, map[string]int{"": 1, "ALREADY_EXISTS": racers - 1}, counts)
	},
}

// cappedAdmin is an admin of d0.test and d1.test with limits.
func cappedAdmin(w *servertest.Fixture, limits map[string]any) *servertest.Client {
	w.T.Helper()
	root := w.Root()
	limits["password"] = servertest.Password
	root.Must(http.StatusCreated, "POST", "/api/admin/capped@admins.test", limits)
	for _, domain := range []string{"d0.test", "d1.test"} {
		root.MustDomain(domain, nil)
		root.Must(http.StatusOK, "PUT", "/api/domain/admins/"+domain, map[string]any{"addAdmin": []string{"capped@admins.test"}})
	}
	return w.As("capped@admins.test", servertest.Password)
}
