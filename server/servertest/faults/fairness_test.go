package faults_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store"
)

// mostPatience is what another tenant's write may take while one tenant keeps the server busy.
const mostPatience = time.Second

// numberedWrite is a request in whose path and body # is a number that is another one each time.
type numberedWrite struct{ method, path, body string }

func (w numberedWrite) number(i int) numberedWrite {
	w.path = strings.ReplaceAll(w.path, "#", fmt.Sprint(i))
	w.body = strings.ReplaceAll(w.body, "#", fmt.Sprint(i))
	return w
}

// bystander writes to b.test over and over as its admin until busy is over, and returns how long the slowest write took.
func bystander(t *testing.T, admin *servertest.Client, writes []numberedWrite, busy func()) time.Duration {
	t.Helper()
	var over atomic.Bool
	var slowest time.Duration
	var done sync.WaitGroup
	done.Go(func() {
		for i := 0; !over.Load() || i == 0; i++ {
			for _, call := range writes {
				call = call.number(i)
				began := time.Now()
				answer := sendOnce(t, admin, call.method, call.path, call.body)
				slowest = max(slowest, time.Since(began))
				if answer.Code >= 300 {
					t.Errorf("%s %s: %d %s", call.method, call.path, answer.Code, answer.Body)
					return
				}
			}
		}
	})
	busy()
	over.Store(true)
	done.Wait()
	return slowest
}

// sendOnce sends a request beside others, which the clients of a fixture do not.
func sendOnce(t *testing.T, c *servertest.Client, method, path, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", servertest.JSONType)
	r.AddCookie(c.Cookie)
	rec := httptest.NewRecorder()
	c.W.Handler.ServeHTTP(rec, r)
	return rec
}

// twoTenants are the admins of a.test and b.test, each with a mailbox and an alias account of its own.
func twoTenants(w *servertest.Fixture) (adma, admb *servertest.Client) {
	root := w.Root()
	for _, domain := range []string{"a.test", "b.test"} {
		root.MustDomain(domain, nil)
		root.MustUser("bob@"+domain, nil)
		root.Must(http.StatusCreated, http.MethodPost, "/api/alias/team@"+domain, map[string]any{})
	}
	for mail, domain := range map[string]string{"adma@admins.test": "a.test", "admb@admins.test": "b.test"} {
		root.Must(http.StatusCreated, http.MethodPost, "/api/admin/"+mail, map[string]any{"password": servertest.Password})
		root.Must(http.StatusOK, http.MethodPut, "/api/domain/admins/"+domain, map[string]any{"addAdmin": []string{mail}})
	}
	return w.As("adma@admins.test", servertest.Password), w.As("admb@admins.test", servertest.Password)
}

// TestAnotherTenantWritesBesideLargeSets has one tenant add to an alias account of 30,000 members, four times at once,
// while another one writes.
func TestAnotherTenantWritesBesideLargeSets(t *testing.T) {
	if testing.Short() {
		t.Skip("a quick run goes without large lists")
	}
	for _, engine := range servertest.Everywhere {
		t.Run(engine, func(t *testing.T) {
			w := servertest.NewFixtureOn(t, engine)
			adma, admb := twoTenants(w)
			_, err := w.Deps.Accounts.UpdateAlias(t.Context(), servertest.ByRoot, "team@a.test",
				store.AliasUpdate{Members: store.Set{Add: externals(0, 30000)}})
			require.NoError(t, err)
			writes := []numberedWrite{
				{http.MethodPut, "/api/user/bob@b.test", `{"name": "Bob #"}`},
				{http.MethodPut, "/api/alias/team@b.test", `{"addMember": ["m#@external.test"]}`},
				{http.MethodPost, "/api/alias/new#@b.test", `{"members": ["bob@b.test"]}`},
			}
			slowest := bystander(t, admb, writes, func() {
				var writers sync.WaitGroup
				for i := range 4 {
					writers.Go(func() {
						for j := range 3 {
							body := fmt.Sprintf(`{"addMember": ["one-more-%d-%d@external.test"]}`, i, j)
							if got := sendOnce(t, adma, http.MethodPut, "/api/alias/team@a.test", body); got.Code != http.StatusOK {
								t.Errorf("one more member: %d %s", got.Code, got.Body)
							}
						}
					})
				}
				writers.Wait()
			})
			t.Logf("the slowest write of the other tenant took %s", slowest.Round(time.Millisecond))
			require.Less(t, slowest, mostPatience)
			require.Len(t, w.Root().Get("/api/alias/team@a.test").Data()["members"], 30012)
		})
	}
}

func externals(from, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("member%d@external.test", from+i)
	}
	return all
}

// TestAnotherTenantWritesBesideInvitations has one tenant ask 4,000 people to confirm a subscription, in four requests at
// once, while another one changes its own lists. The mails are being sent meanwhile.
func TestAnotherTenantWritesBesideInvitations(t *testing.T) {
	if testing.Short() {
		t.Skip("a quick run goes without mlmmj")
	}
	for _, engine := range servertest.Everywhere {
		t.Run(engine, func(t *testing.T) {
			w := servertest.NewFixtureOn(t, engine)
			adma, admb := twoTenants(w)
			for _, admin := range []*servertest.Client{adma, admb} {
				for i := range 4 {
					list := fmt.Sprintf("/api/ml/dev%d@%s", i, map[*servertest.Client]string{adma: "a.test", admb: "b.test"}[admin])
					admin.Must(http.StatusCreated, http.MethodPost, list, map[string]any{})
				}
			}
			sending, stop := context.WithCancel(t.Context())
			var sender sync.WaitGroup
			sender.Go(func() { w.Inviter.Run(sending, time.Hour) })
			defer sender.Wait()
			defer stop()
			writes := []numberedWrite{
				{http.MethodPut, "/api/ml/dev0@b.test", `{"name": "Developers #"}`},
				{http.MethodPut, "/api/ml/dev1@b.test", `{"add_subscribers": ["s#@external.test"], "require_confirm": "no"}`},
			}
			slowest := bystander(t, admb, writes, func() {
				var writers sync.WaitGroup
				for i := range 4 {
					body, err := json.Marshal(map[string]any{"add_subscribers": externals(1000*i, 1000)})
					require.NoError(t, err)
					writers.Go(func() {
						path := fmt.Sprintf("/api/ml/dev%d@a.test", i)
						if got := sendOnce(t, adma, http.MethodPut, path, string(body)); got.Code != http.StatusOK {
							t.Errorf("invite: %d %s", got.Code, got.Body)
						}
					})
				}
				writers.Wait()
				for range 40 { // and while the mails go out
					w.Sink.Next(t)
				}
			})
			t.Logf("the slowest write of the other tenant took %s", slowest.Round(time.Millisecond))
			require.Less(t, slowest, mostPatience)
		})
	}
}
