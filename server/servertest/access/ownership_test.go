package access_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/ownership"
	"github.com/postern-mail/postern/store/spf"
)

// proverOnEvery runs a test in a fresh fixture on each engine.
func proverOnEvery(t *testing.T, test func(t *testing.T, p *servertest.Prover), settings ...func(o *ownership.Options)) {
	t.Helper()
	for _, engine := range servertest.Everywhere {
		t.Run(engine, func(t *testing.T) { test(t, servertest.NewProver(t, engine, settings...)) })
	}
}

func dropNames(names ...string) map[string]any { return map[string]any{"removeAliasDomain": names} }

func accountIs(word string) map[string]any { return map[string]any{"accountStatus": word} }

func allNames(names ...string) map[string]any {
	return map[string]any{"aliasDomains": append([]string{}, names...)}
}

func TestPendingDomain(t *testing.T) {
	proverOnEvery(t, func(t *testing.T, p *servertest.Prover) {
		p.Alice.MustDomain("new.test", map[string]any{"name": "New"})
		require.False(t, p.IsActive("new.test"))
		p.Alice.MustUser("anna@new.test", nil) // it can be set up meanwhile
		before := p.Alice.Ownership("new.test")
		require.Equal(t, "pending", before["status"])
		require.Nil(t, before["last_check"])
		code := p.Alice.Record("new.test")
		require.Equal(t, before, p.Alice.Ownership("new.test"), "the code stays")
		require.Equal(t, before, p.Alice.Legacy().Ownership("new.test"))
		require.Equal(t, before, p.Root.Ownership("new.test"))
		require.Equal(t, "pending", p.Alice.Get("/api/domain/new.test").Data()["ownership"])

		// Nothing but the whole record at the name itself counts.
		for _, wrong := range []string{"x" + code, code + "x", strings.ToLower(code), " " + code, code[:20]} {
			p.Zone.Publish("new.test", wrong)
			require.Equal(t, "pending", p.Alice.Verify("new.test")["status"], wrong)
		}
		p.Zone.Publish("new.test")
		p.Zone.Publish("_iredmail.new.test", code)
		p.Zone.Publish("test", code)
		p.Now = p.Now.Add(time.Minute)
		checked := p.Alice.Legacy().Verify("new.test")
		require.Equal(t, "pending", checked["status"])
		require.Equal(t, "2026-02-03T12:01:00Z", checked["last_check"])
		require.Equal(t, checked, p.Alice.Ownership("new.test"))
		require.False(t, p.IsActive("new.test"))

		p.Zone.PublishPieces("new.test", []string{"v=spf1 -all"}, []string{code[:10], code[10:]})
		require.Equal(t, "proven", p.Alice.Verify("new.test")["status"])
		require.True(t, p.IsActive("new.test"))
		require.Equal(t, code, p.Alice.Record("new.test"))
		require.Equal(t, "proven", p.Alice.Get("/api/domain/new.test").Data()["ownership"])

		// A record proves a name once.
		p.Zone.Publish("new.test")
		p.Now = p.Now.Add(90 * 24 * time.Hour)
		require.Equal(t, "proven", p.Alice.Verify("new.test")["status"])
		p.Run()
		p.Alice.RequireStatus("proven", "new.test")
		require.True(t, p.IsActive("new.test"))
	})
}

func TestPendingAliasDomain(t *testing.T) {
	proverOnEvery(t, func(t *testing.T, p *servertest.Prover) {
		domain := "/api/domain/a.test"
		p.Alice.Must(http.StatusOK, "PUT", domain, servertest.AddNames("x.test", "y.test"))
		require.Empty(t, p.Aliases("a.test"))
		p.Alice.RequireStatus("pending", "x.test", "y.test")
		require.NotEqual(t, p.Alice.Record("x.test"), p.Alice.Record("y.test"))
		shown := p.Alice.Get(domain).Data()
		require.Equal(t, "exempt", shown["ownership"])
		require.Equal(t, []any{"x.test", "y.test"}, shown["pendingAliasDomains"])
		published := p.Alice.Legacy().Get(domain).Data()
		require.NotContains(t, published, "ownership")
		require.NotContains(t, published, "pendingAliasDomains")
		p.Alice.Must(http.StatusOK, "PUT", domain, map[string]any{"addAliasDomain": []string{"x.test"}, "name": "A"})
		_, err := p.Deps.Accounts.PrimaryDomain(t.Context(), "x.test")
		require.True(t, store.HasCode(err, store.CodeNoSuchDomain), "nothing hosts it: %v", err)

		p.Prove(p.Alice, "x.test")
		require.Equal(t, []string{"x.test"}, p.Aliases("a.test"))
		p.Alice.RequireStatus("pending", "y.test")

		// An echo of what is in use leaves what is pending, and so does a list that is replaced.
		for _, names := range [][]string{{"x.test"}, {"x.test", "y.test"}} {
			p.Alice.Must(http.StatusOK, "PUT", domain, allNames(names...))
			require.Equal(t, []string{"x.test"}, p.Aliases("a.test"))
			p.Alice.RequireStatus("pending", "y.test")
			p.Alice.RequireStatus("proven", "x.test")
		}
		p.Root.Must(http.StatusOK, "PUT", domain, allNames("x.test"))
		p.Alice.RequireStatus("pending", "y.test")
		p.Alice.Must(http.StatusOK, "PUT", domain, allNames())
		require.Empty(t, p.Aliases("a.test"))
		p.Alice.RequireStatus("pending", "y.test")
		require.Equal(t, http.StatusForbidden, p.Alice.Get("/api/domain/x.test/ownership").Status)

		// By its name it goes, the other record notwithstanding.
		p.Zone.Publish("y.test", p.Alice.Record("y.test"))
		p.Alice.Must(http.StatusOK, "PUT", domain, dropNames("y.test"))
		p.Run()
		require.Empty(t, p.Aliases("a.test"))
		require.Equal(t, http.StatusForbidden, p.Alice.Get("/api/domain/y.test/ownership").Status)
		require.Equal(t, http.StatusNotFound, p.Root.Get("/api/domain/y.test/ownership").Status)
		requireNoPending(t, p)
	})
}

// requireNoPending asserts that nothing says that a name is pending.
func requireNoPending(t *testing.T, p *servertest.Prover) {
	t.Helper()
	marks, err := p.Deps.State.PendingMarks(t.Context())
	require.NoError(t, err)
	require.Empty(t, marks)
	if p.Directory == nil {
		return
	}
	for dn, entry := range p.Directory.Entries(t) {
		require.Empty(t, entry["domainPendingAliasName"], dn)
	}
}

func TestGlobalAdminActivates(t *testing.T) {
	proverOnEvery(t, func(t *testing.T, p *servertest.Prover) {
		for _, name := range []string{"on.test", "off.test", "later.test"} {
			p.Alice.MustDomain(name, nil)
			p.Zone.Publish(name, p.Alice.Record(name))
		}
		p.Alice.Must(http.StatusOK, "PUT", "/api/domain/a.test", servertest.AddNames("x.test", "y.test"))
		require.Equal(t, http.StatusForbidden, p.Alice.JSON("PUT", "/api/domain/on.test", accountIs("active")).Status)
		require.Equal(t, "PERMISSION_DENIED", p.Alice.Legacy().JSON("PUT", "/api/domain/on.test", accountIs("active")).Msg())

		p.Root.Must(http.StatusOK, "PUT", "/api/domain/on.test", accountIs("active"))
		require.True(t, p.IsActive("on.test"))
		require.Equal(t, map[string]any{"domain": "on.test", "status": "exempt", "record": "", "last_check": nil}, p.Alice.Ownership("on.test"))

		// What a global admin has disabled stays so, whatever the DNS says.
		p.Root.Must(http.StatusOK, "PUT", "/api/domain/off.test", accountIs("disabled"))
		p.Root.Must(http.StatusOK, "PUT", "/api/domain/on.test", accountIs("disabled"))
		for _, name := range []string{"on.test", "off.test"} {
			require.Equal(t, "exempt", p.Alice.Verify(name)["status"])
			p.Run()
			require.False(t, p.IsActive(name), name)
		}
		p.Prove(p.Alice, "later.test")
		p.Root.Must(http.StatusOK, "PUT", "/api/domain/later.test", accountIs("disabled"))
		p.Alice.Verify("later.test")
		p.Run()
		require.False(t, p.IsActive("later.test"), "a proof does not bring a suspended customer back")

		p.Root.Must(http.StatusOK, "PUT", "/api/domain/a.test", servertest.AddNames("x.test"))
		require.Equal(t, []string{"x.test"}, p.Aliases("a.test"))
		p.Alice.RequireStatus("exempt", "x.test", "a.test")
		p.Alice.RequireStatus("pending", "y.test")
		p.Root.Must(http.StatusOK, "PUT", "/api/domain/a.test", dropNames("y.test"))
		requireNoPending(t, p)
		p.Root.MustDomain("own.test", nil)
		require.True(t, p.IsActive("own.test"))
		p.Root.RequireStatus("exempt", "own.test")
	})
}

// A write that is refused changes nothing about what is pending.
func TestRefusedWritesLeavePending(t *testing.T) {
	proverOnEvery(t, func(t *testing.T, p *servertest.Prover) {
		p.Alice.MustDomain("new.test", nil)
		missing := map[string]any{"accountStatus": "active", "catchall": []string{"nobody@new.test"}}
		require.Equal(t, http.StatusUnprocessableEntity, p.Root.JSON("PUT", "/api/domain/new.test", missing).Status)
		p.Alice.RequireStatus("pending", "new.test")
		missing = map[string]any{"addAliasDomain": []string{"x.test"}, "catchall": []string{"nobody@a.test"}}
		require.Equal(t, http.StatusUnprocessableEntity, p.Alice.JSON("PUT", "/api/domain/a.test", missing).Status)
		require.Equal(t, http.StatusNotFound, p.Root.Get("/api/domain/x.test/ownership").Status)
		require.Equal(t, http.StatusConflict, p.Bob.JSON("POST", "/api/domain/new.test", map[string]any{}).Status)
		require.Equal(t, http.StatusConflict, p.Bob.JSON("PUT", "/api/domain/b.test", servertest.AddNames("x.test", "new.test")).Status)
		require.Equal(t, http.StatusNotFound, p.Root.Get("/api/domain/x.test/ownership").Status)
		a := p.Bob.Legacy().JSON("PUT", "/api/domain/b.test", servertest.AddNames("x.test", "new.test"))
		require.True(t, a.OK(), a.Raw)
		require.Equal(t, []any{"new.test"}, a.Body["_discarded"])
		p.Bob.RequireStatus("pending", "x.test")
		p.Prove(p.Alice, "new.test")
	})
}

// A pending alias domain is in nobody's way.
func TestPendingAliasDomainBlocksNobody(t *testing.T) {
	proverOnEvery(t, func(t *testing.T, p *servertest.Prover) {
		names := []string{"p.test", "q.test", "r.test", "s.test", "u.test"}
		p.Alice.Must(http.StatusOK, "PUT", "/api/domain/a.test", servertest.AddNames(names...))
		p.Bob.Must(http.StatusOK, "PUT", "/api/domain/b.test", servertest.AddNames(names...))
		require.NotEqual(t, p.Alice.Record("p.test"), p.Bob.Record("p.test"), "each has a code of its own")
		p.Zone.Publish("p.test", p.Alice.Record("p.test"))
		require.Equal(t, "pending", p.Bob.Verify("p.test")["status"], "the record of somebody else proves nothing")

		p.Prove(p.Bob, "p.test")
		require.Equal(t, []string{"p.test"}, p.Aliases("b.test"))
		p.Root.MustDomain("q.test", nil)
		p.Root.Must(http.StatusOK, "PUT", "/api/domain/b.test", servertest.AddNames("r.test"))
		p.Alice.MustDomain("s.test", nil)
		p.Prove(p.Alice, "s.test")
		for _, name := range []string{"p.test", "q.test", "r.test"} {
			require.Equal(t, http.StatusForbidden, p.Alice.Get("/api/domain/"+name+"/ownership").Status, name)
		}
		require.Equal(t, http.StatusForbidden, p.Bob.Get("/api/domain/s.test/ownership").Status)
		require.Empty(t, p.Aliases("a.test"))

		// A domain that waits for its own proof, and holds nothing, makes way for who proves the name first.
		p.Alice.MustDomain("u.test", nil)
		p.Prove(p.Bob, "u.test")
		require.Equal(t, []string{"p.test", "r.test", "u.test"}, p.Aliases("b.test"))
		require.Equal(t, http.StatusForbidden, p.Alice.Get("/api/domain/u.test").Status)
		requireNoPending(t, p)
	})
}

func TestWhoMayAskAboutNames(t *testing.T) {
	p := servertest.NewProver(t, "sqlite")
	p.Alice.Must(http.StatusOK, "PUT", "/api/domain/a.test", servertest.AddNames("x.test"))
	p.Root.Must(http.StatusOK, "PUT", "/api/domain/a.test", servertest.AddNames("y.test"))
	for _, name := range []string{"a.test", "x.test", "y.test", "unknown.test"} {
		path := "/api/domain/" + name + "/ownership"
		for _, method := range []string{"GET", "POST"} {
			a := p.Bob.Send(method, path, "", "")
			require.Equal(t, http.StatusForbidden, a.Status, a.Raw)
			require.Equal(t, "PERMISSION_DENIED", a.Msg())
			require.Equal(t, http.StatusUnauthorized, p.Anonymous().Send(method, path, "", "").Status)
			want := http.StatusOK
			if name == "unknown.test" {
				want = http.StatusNotFound
			}
			require.Equal(t, want, p.Root.Send(method, path, "", "").Status, name)
		}
	}
	require.Equal(t, "NO_SUCH_DOMAIN", p.Root.Legacy().Get("/api/domain/unknown.test/ownership").Msg())
	require.Equal(t, http.StatusBadRequest, p.Root.Get("/api/domain/x/ownership").Status)
}

func TestNamesForGlobalAdmins(t *testing.T) {
	for name, verify := range map[string]bool{"verify": true, "trust": false} {
		t.Run(name, func(t *testing.T) {
			proverOnEvery(t, func(t *testing.T, p *servertest.Prover) {
				for _, reserved := range []string{"admins.test", "elsewhere.test", "mx.postern.test"} {
					a := p.Alice.JSON("POST", "/api/domain/"+reserved, map[string]any{})
					require.Equal(t, http.StatusForbidden, a.Status, a.Raw)
					for parameter, given := range map[string]map[string]any{
						"addAliasDomain": servertest.AddNames("free.test", reserved), "aliasDomains": allNames("free.test", reserved),
					} {
						a = p.Alice.JSON("PUT", "/api/domain/a.test", given)
						require.Equal(t, http.StatusForbidden, a.Status, a.Raw)
						require.Equal(t, parameter, a.Field())
						require.Equal(t, "PERMISSION_DENIED", p.Alice.Legacy().JSON("PUT", "/api/domain/a.test", given).Msg())
					}
					require.Equal(t, http.StatusNotFound, p.Root.Get("/api/domain/"+reserved+"/ownership").Status)
				}
				require.Equal(t, http.StatusNotFound, p.Root.Get("/api/domain/free.test/ownership").Status)
				p.Root.Must(http.StatusOK, "PUT", "/api/domain/a.test", servertest.AddNames("elsewhere.test"))
				p.Root.MustDomain("mx.postern.test", nil)
				// What the domain has already is no addition.
				p.Alice.Must(http.StatusOK, "PUT", "/api/domain/a.test", allNames("elsewhere.test"))
			}, func(o *ownership.Options) { o.Verify = verify })
		})
	}
}

func TestNumberOfAliasDomains(t *testing.T) {
	numbered := func(from, to int) []string {
		var names []string
		for i := from; i < to; i++ {
			names = append(names, fmt.Sprintf("n%03d.test", i))
		}
		return names
	}
	for name, verify := range map[string]bool{"verify": true, "trust": false} {
		t.Run(name, func(t *testing.T) {
			proverOnEvery(t, func(t *testing.T, p *servertest.Prover) {
				const path = "/api/domain/a.test"
				p.Root.Must(http.StatusOK, "PUT", path, servertest.AddNames(numbered(0, 60)...))
				p.Alice.Must(http.StatusOK, "PUT", path, servertest.AddNames(numbered(60, 99)...))
				for parameter, given := range map[string]map[string]any{
					"addAliasDomain": servertest.AddNames("x.test", "y.test"), "aliasDomains": allNames(numbered(0, 101)...),
				} {
					a := p.Alice.JSON("PUT", path, given)
					require.Equal(t, http.StatusConflict, a.Status, a.Raw)
					require.Equal(t, "EXCEED_LIMIT_ALIAS_DOMAINS", a.Msg())
					require.Equal(t, parameter, a.Field())
					require.Equal(t, "EXCEED_LIMIT_ALIAS_DOMAINS", p.Alice.Legacy().JSON("PUT", path, given).Msg())
				}
				p.Alice.Must(http.StatusOK, "PUT", path, servertest.AddNames("x.test"))
				require.Equal(t, http.StatusConflict, p.Alice.JSON("PUT", path, servertest.AddNames("y.test")).Status)
				p.Root.Must(http.StatusOK, "PUT", path, servertest.AddNames("y.test", "z.test"))
				p.Alice.Must(http.StatusOK, "PUT", path, dropNames("n000.test")) // what is over can shrink
				require.Equal(t, http.StatusConflict, p.Alice.JSON("PUT", path, servertest.AddNames("n000.test")).Status)
			}, func(o *ownership.Options) { o.Verify = verify })
		})
	}
}

func TestTrustedNames(t *testing.T) {
	proverOnEvery(t, func(t *testing.T, p *servertest.Prover) {
		p.Alice.Must(http.StatusOK, "PUT", "/api/domain/a.test", servertest.AddNames("x.test", "y.test"))
		p.Alice.MustDomain("new.test", nil)
		p.Over(p.Changes, p.Codes, func(o *ownership.Options) { o.Verify = false })
		p.Alice.Must(http.StatusOK, "PUT", "/api/domain/a.test", servertest.AddNames("w.test", "x.test"))
		require.Equal(t, []string{"w.test", "x.test"}, p.Aliases("a.test"))
		p.Alice.RequireStatus("exempt", "w.test", "x.test")
		p.Alice.MustDomain("more.test", nil)
		require.True(t, p.IsActive("more.test"))
		p.Alice.RequireStatus("exempt", "more.test")
		// What waited before goes on to wait.
		p.Alice.RequireStatus("pending", "new.test", "y.test")
		p.Prove(p.Alice, "new.test")
		p.Bob.MustDomain("y.test", nil)
		requireNoPending(t, p)
	})
}

func TestProofIsGoodForThirtyDays(t *testing.T) {
	proverOnEvery(t, func(t *testing.T, p *servertest.Prover) {
		p.Alice.MustDomain("new.test", nil)
		p.Prove(p.Alice, "new.test")
		p.Zone.Publish("new.test")
		proven := p.Now
		remove := func() {
			require.Equal(t, http.StatusOK, p.Alice.Delete("/api/domain/new.test").Status)
			require.Equal(t, http.StatusNotFound, p.Root.Get("/api/domain/new.test/ownership").Status)
		}
		remove()
		p.Now = proven.Add(30 * 24 * time.Hour)
		p.Bob.MustDomain("new.test", nil)
		p.Bob.RequireStatus("pending", "new.test") // the proof is another's
		require.Equal(t, http.StatusOK, p.Bob.Delete("/api/domain/new.test").Status)
		p.Alice.MustDomain("new.test", nil)
		require.True(t, p.IsActive("new.test"))
		p.Alice.RequireStatus("proven", "new.test")
		remove()
		p.Alice.Must(http.StatusOK, "PUT", "/api/domain/a.test", servertest.AddNames("new.test", "x.test"))
		require.Equal(t, []string{"new.test"}, p.Aliases("a.test"), "it is the name that was proven")
		p.Alice.RequireStatus("proven", "new.test")
		p.Alice.RequireStatus("pending", "x.test")
		p.Alice.Must(http.StatusOK, "PUT", "/api/domain/a.test", dropNames("new.test"))

		p.Now = p.Now.Add(time.Second)
		p.Alice.MustDomain("new.test", nil)
		require.False(t, p.IsActive("new.test"))
		p.Alice.RequireStatus("pending", "new.test")
		p.Run()
		require.False(t, p.IsActive("new.test"), "the proof of then does not count")
	})
}

func TestDeletedDomainIsForgotten(t *testing.T) {
	proverOnEvery(t, func(t *testing.T, p *servertest.Prover) {
		p.Alice.MustDomain("new.test", nil)
		p.Alice.Must(http.StatusOK, "PUT", "/api/domain/new.test", servertest.AddNames("x.test"))
		p.Bob.Must(http.StatusOK, "PUT", "/api/domain/b.test", servertest.AddNames("x.test", "new2.test"))
		old := p.Alice.Record("new.test")
		p.Zone.Publish("x.test", p.Alice.Record("x.test"))
		p.Zone.Publish("new.test", old)
		require.Equal(t, http.StatusOK, p.Alice.Delete("/api/domain/new.test").Status)
		p.Root.MustDomain("new.test", nil)
		p.Root.Must(http.StatusOK, "PUT", "/api/domain/new.test", accountIs("disabled"))
		p.Run()
		require.False(t, p.IsActive("new.test"))
		require.Empty(t, p.Aliases("new.test"))
		p.Bob.RequireStatus("pending", "x.test")
		marks, err := p.Deps.State.PendingMarks(t.Context())
		require.NoError(t, err)
		require.Len(t, marks, 2, "those of b.test")
		require.Equal(t, http.StatusOK, p.Root.Delete("/api/domain/new.test").Status)
		p.Alice.MustDomain("new.test", nil)
		require.NotEqual(t, old, p.Alice.Record("new.test"), "another domain has another code")
	})
}

func TestVerifyJob(t *testing.T) {
	proverOnEvery(t, func(t *testing.T, p *servertest.Prover) {
		for _, name := range []string{"one.test", "two.test", "three.test"} {
			p.Alice.MustDomain(name, nil)
		}
		p.Alice.Must(http.StatusOK, "PUT", "/api/domain/a.test", servertest.AddNames("x.test", "y.test"))
		p.Zone.Publish("one.test", p.Alice.Record("one.test"))
		p.Zone.Publish("x.test", p.Alice.Record("x.test"))
		p.Zone.Publish("three.test", p.Alice.Record("three.test"))
		// A global admin of the panel activates, and later suspends.
		p.SetActive("three.test", true)
		p.Run()
		p.Alice.RequireStatus("proven", "one.test", "x.test")
		p.Alice.RequireStatus("pending", "two.test", "y.test")
		p.Alice.RequireStatus("exempt", "three.test")
		require.True(t, p.IsActive("one.test"))
		require.False(t, p.IsActive("two.test"))
		require.Equal(t, []string{"x.test"}, p.Aliases("a.test"))
		require.NotNil(t, p.Alice.Ownership("two.test")["last_check"])
		p.SetActive("three.test", false)
		p.Run()
		require.False(t, p.IsActive("three.test"))
		asked := p.Zone.Asked("one.test")
		p.Run()
		require.Equal(t, asked, p.Zone.Asked("one.test"), "what is proven is not looked up again")
	})
}

func TestCodesOfThePanel(t *testing.T) {
	proverOnEvery(t, func(t *testing.T, p *servertest.Prover) {
		p.Alice.MustDomain("one.test", nil)
		p.Alice.MustDomain("two.test", nil)
		p.Alice.Must(http.StatusOK, "PUT", "/api/domain/a.test", servertest.AddNames("x.test"))
		rows, err := p.Panel.Reader().Records(t.Context(),
			"SELECT admin, domain, alias_domain, verify_code, verified, expire FROM domain_ownership ORDER BY domain")
		require.NoError(t, err)
		require.Len(t, rows, 3)
		require.Equal(t, store.Record{
			{Name: "admin", Value: servertest.Alice}, {Name: "domain", Value: "a.test"}, {Name: "alias_domain", Value: "x.test"},
			{Name: "verify_code", Value: p.Alice.Record("x.test")}, {Name: "verified", Value: int64(0)}, {Name: "expire", Value: int64(0)},
		}, rows[0])
		require.Equal(t, "", rows[1].Get("alias_domain"))

		// What the panel has verified counts; a row that is gone means a new code.
		p.PanelExec("UPDATE domain_ownership SET verified = 1 WHERE domain = 'one.test'")
		require.Equal(t, "proven", p.Alice.Verify("one.test")["status"])
		require.True(t, p.IsActive("one.test"))
		p.PanelExec("UPDATE domain_ownership SET verified = 1 WHERE alias_domain = 'x.test'")
		p.Run()
		require.Equal(t, []string{"x.test"}, p.Aliases("a.test"))
		old := p.Alice.Record("two.test")
		p.Zone.Publish("two.test", old)
		p.PanelExec("DELETE FROM domain_ownership WHERE domain = 'two.test'")
		require.Equal(t, "pending", p.Alice.Verify("two.test")["status"])
		require.False(t, p.IsActive("two.test"))
		require.NotEqual(t, old, p.Alice.Record("two.test"))

		// So does one that goes while its record is looked up.
		p.Zone.Publish("two.test", p.Alice.Record("two.test"))
		p.Over(p.Changes, &crashingCodes{p.Codes, func() {
			require.NoError(t, p.Codes.ForgetProofCodes(t.Context(), "two.test", "two.test"))
		}})
		require.Equal(t, "pending", p.Alice.Verify("two.test")["status"])
		require.False(t, p.IsActive("two.test"))
	})
}

func TestDNSThatDoesNotAnswer(t *testing.T) {
	p := servertest.NewProver(t, "sqlite")
	silent := spf.NewResolver(p.Zone.Address, p.Zone.Address, p.Zone.Address) // each of which is waited for
	p.Names = ownership.New(p.Changes, p.Deps.State, p.Codes, silent, ownership.Options{Verify: true, Log: p.Logger})
	p.Deps.Accounts, p.Deps.Ownerships = p.Names, p.Names
	p.Serve()
	p.Alice.MustDomain("new.test", nil)
	p.Zone.Publish("new.test", p.Alice.Record("new.test"))
	p.Zone.Silence(true)
	begun := time.Now()
	require.Equal(t, "pending", p.Alice.Verify("new.test")["status"])
	require.Less(t, time.Since(begun), 5*time.Second)
	require.Contains(t, p.Log.String(), "new.test")
	p.Zone.Silence(false)
	require.Equal(t, "proven", p.Alice.Verify("new.test")["status"])

	p.Alice.MustDomain("two.test", nil)
	p.Names = ownership.New(p.Changes, p.Deps.State, p.Codes, nil, ownership.Options{Verify: true, Log: p.Logger})
	p.Deps.Accounts, p.Deps.Ownerships = p.Names, p.Names
	p.Serve()
	a := p.Alice.Send("POST", "/api/domain/two.test/ownership", "", "")
	require.Equal(t, http.StatusServiceUnavailable, a.Status)
	require.Equal(t, "NOT_CONFIGURED", a.Msg())
}

// failingAccounts refuse the next write that is no dry run.
type failingAccounts struct {
	store.Accounts
	fails error
}

func (f *failingAccounts) fail(w store.Write) error {
	err := f.fails
	if w.DryRun {
		return nil
	}
	f.fails = nil
	return err
}

func (f *failingAccounts) CreateDomain(ctx context.Context, w store.Write, d store.DomainCreate) (store.Change, error) {
	if err := f.fail(w); err != nil {
		return store.Change{}, err
	}
	return f.Accounts.CreateDomain(ctx, w, d)
}

func (f *failingAccounts) UpdateDomain(ctx context.Context, w store.Write, name string, u store.DomainUpdate) (store.Change, error) {
	if err := f.fail(w); err != nil {
		return store.Change{}, err
	}
	return f.Accounts.UpdateDomain(ctx, w, name, u)
}

// A write that is refused after all leaves the marks as they were. Where nobody knows whether it happened, they keep names out of
// use.
func TestMarksOfFailedWrites(t *testing.T) {
	p := servertest.NewProver(t, "sqlite")
	accounts := &failingAccounts{Accounts: p.Changes}
	p.Over(accounts, p.Codes)
	p.Alice.MustDomain("new.test", nil)
	pending := func() []string {
		t.Helper()
		marks, err := p.Deps.State.PendingMarks(t.Context())
		require.NoError(t, err)
		var names []string
		for _, m := range marks {
			names = append(names, m.Name)
		}
		return names
	}
	refusal, unknown := store.AlreadyExists("x.test"), store.Down("The database", nil)
	for _, given := range []struct {
		cause      error
		do         func() servertest.Answer
		wantBeside []string
	}{
		{refusal, func() servertest.Answer { return p.Alice.JSON("POST", "/api/domain/two.test", map[string]any{}) }, nil},
		{refusal, func() servertest.Answer {
			return p.Alice.JSON("PUT", "/api/domain/a.test", servertest.AddNames("x.test"))
		}, nil},
		{refusal, func() servertest.Answer { return p.Root.JSON("PUT", "/api/domain/new.test", accountIs("active")) }, nil},
		{unknown, func() servertest.Answer { return p.Alice.JSON("POST", "/api/domain/two.test", map[string]any{}) }, []string{"two.test"}},
		{unknown, func() servertest.Answer {
			return p.Alice.JSON("PUT", "/api/domain/a.test", servertest.AddNames("x.test"))
		}, []string{"two.test", "x.test"}},
	} {
		accounts.fails = given.cause
		a := given.do()
		require.False(t, a.OK(), a.Raw)
		require.ElementsMatch(t, append([]string{"new.test"}, given.wantBeside...), pending())
	}
	p.Zone.Publish("new.test", p.Alice.Record("new.test"))
	require.Equal(t, "proven", p.Alice.Verify("new.test")["status"])
	p.Run() // the domain that was never made is forgotten
	require.Equal(t, []string{"x.test"}, pending())
	// A global admin's change of which nobody knows whether it happened does not come back as pending.
	p.Alice.MustDomain("three.test", nil)
	accounts.fails = unknown
	require.False(t, p.Root.JSON("PUT", "/api/domain/three.test", accountIs("disabled")).OK())
	require.Equal(t, []string{"x.test"}, pending())
}

// A crash between two writes leaves nothing in use that is not proven, and a repeat completes it.
func TestNamesAfterACrash(t *testing.T) {
	type crashed struct{}
	for _, engine := range servertest.Everywhere {
		t.Run(engine, func(t *testing.T) {
			p := servertest.NewProver(t, engine)
			actor := store.Write{Actor: store.Actor{Username: servertest.Alice, API: true}}
			marking := &crashingMarks{State: p.Deps.State}
			codes := &crashingCodes{ProofCodes: p.Codes}
			names := ownership.New(p.Changes, struct {
				store.NameMarks
				store.Locks
				store.Intents
			}{marking, p.Deps.State, p.Deps.State}, codes, spf.NewResolver(p.Zone.Address), ownership.Options{
				Verify: true, InEntries: p.Directory != nil, Log: p.Logger, Now: func() time.Time { return p.Now },
			})
			create := func(name string) error {
				_, err := names.CreateDomain(t.Context(), actor, store.DomainCreate{Name: name, AliasDomains: []string{"x.test", "y.test"}})
				return err
			}
			verify := func(name string) error {
				_, err := names.VerifyOwnership(t.Context(), actor.Actor, name, name)
				return err
			}
			// at runs a call that crashes at the nth write of a mark or code, until it goes through.
			at := func(call func() error) {
				for n := 1; ; n++ {
					left := n
					crash := func() {
						if left--; left == 0 {
							panic(crashed{})
						}
					}
					marking.before, codes.before = crash, crash
					whole := func() (whole bool) {
						defer func() {
							if cause := recover(); cause != nil {
								require.Equal(t, crashed{}, cause)
							}
						}()
						require.NoError(t, call())
						return true
					}()
					marking.before, codes.before = nil, nil
					if whole {
						require.Greater(t, n, 1, "it crashed at least once")
						return
					}
					for _, name := range []string{"new.test"} {
						if found, err := p.Deps.Accounts.DomainRules(t.Context(), name); err == nil && found.Active {
							code, _, err := p.Codes.ProofCode(t.Context(), servertest.Alice, name, name)
							require.NoError(t, err)
							require.True(t, code.Verified, "it is in use without a proof")
						}
					}
				}
			}
			at(func() error { return create("new.test") })
			require.False(t, p.IsActive("new.test"))
			require.Empty(t, p.Aliases("new.test"))
			p.Alice.RequireStatus("pending", "new.test", "x.test", "y.test")
			p.Zone.Publish("new.test", p.Alice.Record("new.test"))
			at(func() error { return verify("new.test") })
			require.True(t, p.IsActive("new.test"))
			p.Run()
			p.Alice.RequireStatus("proven", "new.test")
		})
	}
}

// crashingMarks call before each write.
type crashingMarks struct {
	store.State
	before func()
}

func (c *crashingMarks) now() {
	if c.before != nil {
		c.before()
	}
}

func (c *crashingMarks) MarkName(ctx context.Context, m store.NameMark) error {
	c.now()
	return c.State.MarkName(ctx, m)
}

func (c *crashingMarks) UnmarkName(ctx context.Context, name, domain string) error {
	c.now()
	return c.State.UnmarkName(ctx, name, domain)
}

// crashingCodes call before each write.
type crashingCodes struct {
	store.ProofCodes
	before func()
}

func (c *crashingCodes) KeepProofCode(ctx context.Context, code store.ProofCode) error {
	if c.before != nil {
		c.before()
	}
	return c.ProofCodes.KeepProofCode(ctx, code)
}

func (c *crashingCodes) NoteProofCheck(ctx context.Context, code store.ProofCode, at time.Time, found bool, message string) (bool, error) {
	if c.before != nil {
		c.before()
	}
	return c.ProofCodes.NoteProofCheck(ctx, code, at, found, message)
}

// Two who create the same domain at once: one has it, with a mark of its own.
func TestRacingForAPendingName(t *testing.T) {
	proverOnEvery(t, func(t *testing.T, p *servertest.Prover) {
		const names = 4
		for i := range names {
			name := fmt.Sprintf("race%d.test", i)
			made := make(chan bool, 4)
			for _, c := range []*servertest.Client{p.Alice, p.Bob, p.Alice, p.Bob} {
				go func() { made <- c.JSON("POST", "/api/domain/"+name, map[string]any{}).Status == http.StatusCreated }()
			}
			winners := 0
			for range 4 {
				if <-made {
					winners++
				}
			}
			require.Equal(t, 1, winners)
			d, err := p.Deps.Accounts.Domain(t.Context(), name)
			require.NoError(t, err)
			owner := map[string]*servertest.Client{servertest.Alice: p.Alice, servertest.Bob: p.Bob}[d.Admins[0]]
			owner.RequireStatus("pending", name)
			p.Prove(owner, name)
			require.True(t, p.IsActive(name))
		}
	})
}

// A pending domain is in nobody's way: the addresses under its name are those of its true owner to everybody else.
func TestPendingDomainHostsNobodysReferences(t *testing.T) {
	proverOnEvery(t, func(t *testing.T, p *servertest.Prover) {
		p.Root.MustUser("ben@b.test", nil)
		p.Alice.MustDomain("mail.test", nil)
		const there = "friend@mail.test"
		writes := []struct {
			method, path string
			body         map[string]any
		}{
			{"PUT", "/api/user/ben@b.test", map[string]any{"addForwarding": []string{there}}},
			{"PUT", "/api/user/ben@b.test", map[string]any{"recipientBcc": there}},
			{"PUT", "/api/domain/b.test", map[string]any{"catchall": []string{there}}},
			{"PUT", "/api/domain/b.test", map[string]any{"senderBcc": there}},
			{"POST", "/api/alias/all@b.test", map[string]any{"members": []string{there}}},
		}
		if p.Directory != nil {
			writes = writes[:4] // an alias account has members of another kind there
		}
		for _, x := range writes {
			a := p.Bob.JSON(x.method, x.path, x.body)
			require.True(t, a.OK(), "%s %v: %s", x.path, x.body, a.Raw)
		}
		p.Prove(p.Alice, "mail.test")
		a := p.Bob.JSON("PUT", "/api/user/ben@b.test", map[string]any{"addForwarding": []string{"other@mail.test"}})
		require.Equal(t, "NO_SUCH_ACCOUNT", a.Msg(), a.Raw)
	})
}

// Postfix asks for the relay hosts of senders without a look at their domain, so a pending one has none.
func TestPendingDomainHasNoRelayHost(t *testing.T) {
	proverOnEvery(t, func(t *testing.T, p *servertest.Prover) {
		p.Alice.MustDomain("mail.test", nil)
		relay := map[string]any{"outboundRelay": "[relay.example.net]:25"}
		for _, c := range []*servertest.Client{p.Alice, p.Alice.Legacy()} {
			a := c.JSON("PUT", "/api/domain/mail.test", relay)
			require.Equal(t, "PERMISSION_DENIED", a.Msg(), a.Raw)
			require.Equal(t, "outboundRelay", a.Field())
		}
		require.Empty(t, p.Alice.Get("/api/domain/mail.test").Data()["outboundRelay"])
		p.Alice.Must(http.StatusOK, "PUT", "/api/domain/mail.test", map[string]any{"outboundRelay": ""})
		p.Prove(p.Alice, "mail.test")
		p.Alice.Must(http.StatusOK, "PUT", "/api/domain/mail.test", relay)
		p.Alice.MustDomain("other.test", nil)
		p.Root.Must(http.StatusOK, "PUT", "/api/domain/other.test", relay)
	})
}

// Postfix takes no mail for a name that is pending.
func TestPostfixKnowsNoPendingNames(t *testing.T) {
	servertest.NeedOracles(t)
	for _, engine := range servertest.Everywhere {
		t.Run(engine, func(t *testing.T) {
			p := servertest.NewProver(t, engine)
			p.Root.MustDomain("example.com", nil)
			p.Root.MustUser("anna@example.com", nil)
			p.Root.Must(http.StatusOK, "PUT", "/api/domain/admins/example.com", map[string]any{"addAdmin": []string{servertest.Alice}})
			p.Alice = p.As(servertest.Alice, servertest.Password)
			p.Alice.MustDomain("new.test", nil)
			p.Alice.MustUser("carl@new.test", nil)
			p.Alice.Must(http.StatusOK, "PUT", "/api/domain/example.com", servertest.AddNames("example.org"))
			post := servertest.NewPostfix(t, p.Source(t))
			served := servertest.Verdicts{
				"virtual_mailbox_domains new.test": "new.test", "virtual_mailbox_domains example.org": "example.org",
				"sender_login_maps carl@new.test": "carl@new.test", "expansion anna@example.org": "anna@example.com",
			}
			silent := maps.Clone(served)
			for question := range silent {
				silent[question] = ""
			}
			silent["relay_domains new.test"], silent["relay_domains example.org"] = "", ""
			silent["virtual_mailbox_domains example.com"] = "example.com"
			post.Require(t, silent, "while pending")
			p.Prove(p.Alice, "new.test")
			p.Prove(p.Alice, "example.org")
			post.Require(t, served, "once proven")
		})
	}
}

// What a global admin has switched off does not come back by deleting it and making it anew, whatever has been proven.
func TestDisabledDomainIsNotMadeAnew(t *testing.T) {
	proverOnEvery(t, func(t *testing.T, p *servertest.Prover) {
		for _, name := range []string{"proven.test", "exempt.test", "pending.test"} {
			p.Alice.MustDomain(name, nil)
		}
		p.Prove(p.Alice, "proven.test")
		p.Root.Must(http.StatusOK, "PUT", "/api/domain/exempt.test", accountIs("active"))
		for _, name := range []string{"proven.test", "exempt.test"} {
			p.Root.Must(http.StatusOK, "PUT", "/api/domain/"+name, accountIs("disabled"))
			for _, c := range []*servertest.Client{p.Alice, p.Alice.Legacy()} {
				a := c.Delete("/api/domain/" + name)
				require.Equal(t, "PERMISSION_DENIED", a.Msg(), a.Raw)
			}
			require.False(t, p.IsActive(name))
		}
		p.Alice.Must(http.StatusOK, "DELETE", "/api/domain/pending.test", nil)
		p.Root.Must(http.StatusOK, "PUT", "/api/domain/proven.test", accountIs("active"))
		p.Alice.Must(http.StatusOK, "DELETE", "/api/domain/proven.test", nil)
		p.Root.Must(http.StatusOK, "DELETE", "/api/domain/exempt.test", nil)
	})
}

// Amavisd and iRedAPD look policies up by the addresses of a message, whoever hosts them.
func TestPendingDomainHasNoPolicies(t *testing.T) {
	proverOnEvery(t, func(t *testing.T, p *servertest.Prover) {
		p.Alice.MustDomain("mail.test", nil)
		writes := []struct {
			method, path string
			body         map[string]any
		}{
			{"POST", "/api/wblist/inbound/blacklist/mail.test", map[string]any{"addresses": []string{"@b.test"}}},
			{"PUT", "/api/spampolicy/domain/mail.test", map[string]any{"bypass_spam_checks": "yes"}},
			{"POST", "/api/throttle/mail.test/inbound", map[string]any{"period": 60, "max_msgs": 1}},
			{"POST", "/api/greylisting/mail.test", map[string]any{"status": "enable"}},
			{"POST", "/api/greylisting/mail.test/whitelists", map[string]any{"senders": []string{"192.0.2.1"}}},
		}
		for _, x := range writes {
			for _, c := range []*servertest.Client{p.Alice, p.Alice.Legacy()} {
				a := c.JSON(x.method, x.path, x.body)
				require.Equal(t, "PERMISSION_DENIED", a.Msg(), "%s: %s", x.path, a.Raw)
			}
		}
		p.Prove(p.Alice, "mail.test")
		for _, x := range writes {
			a := p.Alice.JSON(x.method, x.path, x.body)
			require.True(t, a.OK(), "%s: %s", x.path, a.Raw)
		}
	})
}
