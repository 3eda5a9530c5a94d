package server_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/ownership"
	"github.com/postern-mail/postern/store/spf"
	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/storetest"
)

// prover is a fixture in which names can be proven: a.test belongs to alice, b.test to bob, and both may create domains.
type prover struct {
	*fixture
	zone             *storetest.Zone
	root, alice, bob *client
	now              time.Time
}

const (
	alice = "alice@admins.test"
	bob   = "bob@admins.test"
)

// newProver is a fixture on an engine. The settings are those of the proof of names.
func newProver(t *testing.T, engine string, settings ...func(o *ownership.Options)) *prover {
	t.Helper()
	p := &prover{fixture: newFixtureOn(t, engine), zone: storetest.NewZone(t), now: time.Date(2026, 2, 3, 12, 0, 0, 0, time.UTC)}
	p.over(p.changes, p.codes, settings...)
	p.root = p.fixture.root()
	for _, mail := range []string{alice, bob} {
		p.root.must(http.StatusCreated, "POST", "/api/admin/"+mail, map[string]any{"password": password, "maxDomains": 100})
	}
	p.root.mustDomain("a.test", nil)
	p.root.mustDomain("b.test", nil)
	p.root.mustUser("anna@a.test", nil)
	p.root.must(http.StatusOK, "PUT", "/api/domain/admins/a.test", map[string]any{"addAdmin": []string{alice}})
	p.root.must(http.StatusOK, "PUT", "/api/domain/admins/b.test", map[string]any{"addAdmin": []string{bob}})
	p.alice, p.bob = p.as(alice, password), p.as(bob, password)
	return p
}

// over puts the proof of names, which asks the DNS server of the test, in front of accounts.
func (p *prover) over(accounts store.Accounts, codes store.ProofCodes, settings ...func(o *ownership.Options)) {
	p.t.Helper()
	o := ownership.Options{
		Verify: true, InEntries: p.directory != nil, Log: p.logger, HostNames: []string{"mx.postern.test"},
		Now: func() time.Time { return p.now },
	}
	for _, set := range settings {
		set(&o)
	}
	p.names = ownership.New(accounts, p.deps.State, codes, spf.NewResolver(p.zone.Address), o)
	p.deps.Accounts, p.deps.Ownerships = p.names, p.names
	p.serve()
}

// proverOnEvery runs a test in a fresh fixture on each engine.
func proverOnEvery(t *testing.T, test func(t *testing.T, p *prover), settings ...func(o *ownership.Options)) {
	t.Helper()
	for _, engine := range everywhere {
		t.Run(engine, func(t *testing.T) { test(t, newProver(t, engine, settings...)) })
	}
}

// status is what a GET says, which has to succeed.
func (c *client) ownership(name string) map[string]any {
	c.w.t.Helper()
	a := c.get("/api/domain/" + name + "/ownership")
	require.Equal(c.w.t, http.StatusOK, a.status, a.raw)
	require.Equal(c.w.t, name, a.data()["domain"])
	require.Len(c.w.t, a.data(), 4)
	return a.data()
}

// requireStatus asserts the status of names.
func (c *client) requireStatus(want string, names ...string) {
	c.w.t.Helper()
	for _, name := range names {
		require.Equal(c.w.t, want, c.ownership(name)["status"], name)
	}
}

var codeForm = regexp.MustCompile(`^iredmail-domain-verification-[A-Za-z0-9]{20}$`)

// record is the TXT record that proves a name.
func (c *client) record(name string) string {
	c.w.t.Helper()
	text := textAt(c.ownership(name), "record")
	require.Regexp(c.w.t, codeForm, text)
	return text
}

// verify asks for a check, which has to succeed as a request.
func (c *client) verify(name string) map[string]any {
	c.w.t.Helper()
	a := c.send("POST", "/api/domain/"+name+"/ownership", "", "")
	require.Equal(c.w.t, http.StatusOK, a.status, a.raw)
	return a.data()
}

// prove publishes the record of a name and asks for a check.
func (p *prover) prove(c *client, name string) {
	p.t.Helper()
	p.zone.Publish(name, "v=spf1 -all", c.record(name))
	require.Equal(p.t, "proven", c.verify(name)["status"])
}

func (p *prover) isActive(name string) bool {
	p.t.Helper()
	found, err := p.deps.Accounts.DomainRules(p.t.Context(), name)
	require.NoError(p.t, err)
	return found.Active
}

// aliases are the alias domains of a domain that are in use.
func (p *prover) aliases(domain string) []string {
	p.t.Helper()
	names, err := p.deps.Accounts.AliasDomains(p.t.Context(), domain)
	require.NoError(p.t, err)
	return names
}

func (p *prover) run() {
	p.t.Helper()
	require.NoError(p.t, p.names.Run(p.t.Context()))
}

// panelExec is what the panel writes into its own database.
func (p *prover) panelExec(query string, args ...any) {
	p.t.Helper()
	require.NoError(p.t, p.panel.Write(p.t.Context(), func(tx *sqldb.Tx) error {
		n, err := tx.Exec(p.t.Context(), query, args...)
		require.Positive(p.t, n, "%s touches nothing", query)
		return err
	}))
}

func addNames(names ...string) map[string]any  { return map[string]any{"addAliasDomain": names} }
func dropNames(names ...string) map[string]any { return map[string]any{"removeAliasDomain": names} }
func accountIs(word string) map[string]any     { return map[string]any{"accountStatus": word} }
func allNames(names ...string) map[string]any {
	return map[string]any{"aliasDomains": append([]string{}, names...)}
}

func TestPendingDomain(t *testing.T) {
	proverOnEvery(t, func(t *testing.T, p *prover) {
		p.alice.mustDomain("new.test", map[string]any{"name": "New"})
		require.False(t, p.isActive("new.test"))
		p.alice.mustUser("anna@new.test", nil) // it can be set up meanwhile
		before := p.alice.ownership("new.test")
		require.Equal(t, "pending", before["status"])
		require.Nil(t, before["last_check"])
		code := p.alice.record("new.test")
		require.Equal(t, before, p.alice.ownership("new.test"), "the code stays")
		require.Equal(t, before, p.alice.legacy().ownership("new.test"))
		require.Equal(t, before, p.root.ownership("new.test"))
		require.Equal(t, "pending", p.alice.get("/api/domain/new.test").data()["ownership"])

		// Nothing but the whole record at the name itself counts.
		for _, wrong := range []string{"x" + code, code + "x", strings.ToLower(code), " " + code, code[:20]} {
			p.zone.Publish("new.test", wrong)
			require.Equal(t, "pending", p.alice.verify("new.test")["status"], wrong)
		}
		p.zone.Publish("new.test")
		p.zone.Publish("_iredmail.new.test", code)
		p.zone.Publish("test", code)
		p.now = p.now.Add(time.Minute)
		checked := p.alice.legacy().verify("new.test")
		require.Equal(t, "pending", checked["status"])
		require.Equal(t, "2026-02-03T12:01:00Z", checked["last_check"])
		require.Equal(t, checked, p.alice.ownership("new.test"))
		require.False(t, p.isActive("new.test"))

		p.zone.PublishPieces("new.test", []string{"v=spf1 -all"}, []string{code[:10], code[10:]})
		require.Equal(t, "proven", p.alice.verify("new.test")["status"])
		require.True(t, p.isActive("new.test"))
		require.Equal(t, code, p.alice.record("new.test"))
		require.Equal(t, "proven", p.alice.get("/api/domain/new.test").data()["ownership"])

		// A record proves a name once.
		p.zone.Publish("new.test")
		p.now = p.now.Add(90 * 24 * time.Hour)
		require.Equal(t, "proven", p.alice.verify("new.test")["status"])
		p.run()
		p.alice.requireStatus("proven", "new.test")
		require.True(t, p.isActive("new.test"))
	})
}

func TestPendingAliasDomain(t *testing.T) {
	proverOnEvery(t, func(t *testing.T, p *prover) {
		domain := "/api/domain/a.test"
		p.alice.must(http.StatusOK, "PUT", domain, addNames("x.test", "y.test"))
		require.Empty(t, p.aliases("a.test"))
		p.alice.requireStatus("pending", "x.test", "y.test")
		require.NotEqual(t, p.alice.record("x.test"), p.alice.record("y.test"))
		shown := p.alice.get(domain).data()
		require.Equal(t, "exempt", shown["ownership"])
		require.Equal(t, []any{"x.test", "y.test"}, shown["pendingAliasDomains"])
		published := p.alice.legacy().get(domain).data()
		require.NotContains(t, published, "ownership")
		require.NotContains(t, published, "pendingAliasDomains")
		p.alice.must(http.StatusOK, "PUT", domain, map[string]any{"addAliasDomain": []string{"x.test"}, "name": "A"})
		_, err := p.deps.Accounts.PrimaryDomain(t.Context(), "x.test")
		require.True(t, store.HasCode(err, store.CodeNoSuchDomain), "nothing hosts it: %v", err)

		p.prove(p.alice, "x.test")
		require.Equal(t, []string{"x.test"}, p.aliases("a.test"))
		p.alice.requireStatus("pending", "y.test")

		// An echo of what is in use leaves what is pending, and so does a list that is replaced.
		for _, names := range [][]string{{"x.test"}, {"x.test", "y.test"}} {
			p.alice.must(http.StatusOK, "PUT", domain, allNames(names...))
			require.Equal(t, []string{"x.test"}, p.aliases("a.test"))
			p.alice.requireStatus("pending", "y.test")
			p.alice.requireStatus("proven", "x.test")
		}
		p.root.must(http.StatusOK, "PUT", domain, allNames("x.test"))
		p.alice.requireStatus("pending", "y.test")
		p.alice.must(http.StatusOK, "PUT", domain, allNames())
		require.Empty(t, p.aliases("a.test"))
		p.alice.requireStatus("pending", "y.test")
		require.Equal(t, http.StatusForbidden, p.alice.get("/api/domain/x.test/ownership").status)

		// By its name it goes, the other record notwithstanding.
		p.zone.Publish("y.test", p.alice.record("y.test"))
		p.alice.must(http.StatusOK, "PUT", domain, dropNames("y.test"))
		p.run()
		require.Empty(t, p.aliases("a.test"))
		require.Equal(t, http.StatusForbidden, p.alice.get("/api/domain/y.test/ownership").status)
		require.Equal(t, http.StatusNotFound, p.root.get("/api/domain/y.test/ownership").status)
		requireNoPending(t, p)
	})
}

// requireNoPending asserts that nothing says that a name is pending.
func requireNoPending(t *testing.T, p *prover) {
	t.Helper()
	marks, err := p.deps.State.PendingMarks(t.Context())
	require.NoError(t, err)
	require.Empty(t, marks)
	if p.directory == nil {
		return
	}
	for dn, entry := range p.directory.Entries(t) {
		require.Empty(t, entry["domainPendingAliasName"], dn)
	}
}

func TestGlobalAdminActivates(t *testing.T) {
	proverOnEvery(t, func(t *testing.T, p *prover) {
		for _, name := range []string{"on.test", "off.test", "later.test"} {
			p.alice.mustDomain(name, nil)
			p.zone.Publish(name, p.alice.record(name))
		}
		p.alice.must(http.StatusOK, "PUT", "/api/domain/a.test", addNames("x.test", "y.test"))
		require.Equal(t, http.StatusForbidden, p.alice.json("PUT", "/api/domain/on.test", accountIs("active")).status)
		require.Equal(t, "PERMISSION_DENIED", p.alice.legacy().json("PUT", "/api/domain/on.test", accountIs("active")).msg())

		p.root.must(http.StatusOK, "PUT", "/api/domain/on.test", accountIs("active"))
		require.True(t, p.isActive("on.test"))
		require.Equal(t, map[string]any{"domain": "on.test", "status": "exempt", "record": "", "last_check": nil}, p.alice.ownership("on.test"))

		// What a global admin has disabled stays so, whatever the DNS says.
		p.root.must(http.StatusOK, "PUT", "/api/domain/off.test", accountIs("disabled"))
		p.root.must(http.StatusOK, "PUT", "/api/domain/on.test", accountIs("disabled"))
		for _, name := range []string{"on.test", "off.test"} {
			require.Equal(t, "exempt", p.alice.verify(name)["status"])
			p.run()
			require.False(t, p.isActive(name), name)
		}
		p.prove(p.alice, "later.test")
		p.root.must(http.StatusOK, "PUT", "/api/domain/later.test", accountIs("disabled"))
		p.alice.verify("later.test")
		p.run()
		require.False(t, p.isActive("later.test"), "a proof does not bring a suspended customer back")

		p.root.must(http.StatusOK, "PUT", "/api/domain/a.test", addNames("x.test"))
		require.Equal(t, []string{"x.test"}, p.aliases("a.test"))
		p.alice.requireStatus("exempt", "x.test", "a.test")
		p.alice.requireStatus("pending", "y.test")
		p.root.must(http.StatusOK, "PUT", "/api/domain/a.test", dropNames("y.test"))
		requireNoPending(t, p)
		p.root.mustDomain("own.test", nil)
		require.True(t, p.isActive("own.test"))
		p.root.requireStatus("exempt", "own.test")
	})
}

// A write that is refused changes nothing about what is pending.
func TestRefusedWritesLeavePending(t *testing.T) {
	proverOnEvery(t, func(t *testing.T, p *prover) {
		p.alice.mustDomain("new.test", nil)
		missing := map[string]any{"accountStatus": "active", "catchall": []string{"nobody@new.test"}}
		require.Equal(t, http.StatusUnprocessableEntity, p.root.json("PUT", "/api/domain/new.test", missing).status)
		p.alice.requireStatus("pending", "new.test")
		missing = map[string]any{"addAliasDomain": []string{"x.test"}, "catchall": []string{"nobody@a.test"}}
		require.Equal(t, http.StatusUnprocessableEntity, p.alice.json("PUT", "/api/domain/a.test", missing).status)
		require.Equal(t, http.StatusNotFound, p.root.get("/api/domain/x.test/ownership").status)
		require.Equal(t, http.StatusConflict, p.bob.json("POST", "/api/domain/new.test", map[string]any{}).status)
		require.Equal(t, http.StatusConflict, p.bob.json("PUT", "/api/domain/b.test", addNames("x.test", "new.test")).status)
		require.Equal(t, http.StatusNotFound, p.root.get("/api/domain/x.test/ownership").status)
		a := p.bob.legacy().json("PUT", "/api/domain/b.test", addNames("x.test", "new.test"))
		require.True(t, a.ok(), a.raw)
		require.Equal(t, []any{"new.test"}, a.body["_discarded"])
		p.bob.requireStatus("pending", "x.test")
		p.prove(p.alice, "new.test")
	})
}

// A pending alias domain is in nobody's way.
func TestPendingAliasDomainBlocksNobody(t *testing.T) {
	proverOnEvery(t, func(t *testing.T, p *prover) {
		names := []string{"p.test", "q.test", "r.test", "s.test", "u.test"}
		p.alice.must(http.StatusOK, "PUT", "/api/domain/a.test", addNames(names...))
		p.bob.must(http.StatusOK, "PUT", "/api/domain/b.test", addNames(names...))
		require.NotEqual(t, p.alice.record("p.test"), p.bob.record("p.test"), "each has a code of its own")
		p.zone.Publish("p.test", p.alice.record("p.test"))
		require.Equal(t, "pending", p.bob.verify("p.test")["status"], "the record of somebody else proves nothing")

		p.prove(p.bob, "p.test")
		require.Equal(t, []string{"p.test"}, p.aliases("b.test"))
		p.root.mustDomain("q.test", nil)
		p.root.must(http.StatusOK, "PUT", "/api/domain/b.test", addNames("r.test"))
		p.alice.mustDomain("s.test", nil)
		p.prove(p.alice, "s.test")
		for _, name := range []string{"p.test", "q.test", "r.test"} {
			require.Equal(t, http.StatusForbidden, p.alice.get("/api/domain/"+name+"/ownership").status, name)
		}
		require.Equal(t, http.StatusForbidden, p.bob.get("/api/domain/s.test/ownership").status)
		require.Empty(t, p.aliases("a.test"))

		// A domain that waits for its own proof, and holds nothing, makes way for who proves the name first.
		p.alice.mustDomain("u.test", nil)
		p.prove(p.bob, "u.test")
		require.Equal(t, []string{"p.test", "r.test", "u.test"}, p.aliases("b.test"))
		require.Equal(t, http.StatusForbidden, p.alice.get("/api/domain/u.test").status)
		requireNoPending(t, p)
	})
}

func TestWhoMayAskAboutNames(t *testing.T) {
	p := newProver(t, "sqlite")
	p.alice.must(http.StatusOK, "PUT", "/api/domain/a.test", addNames("x.test"))
	p.root.must(http.StatusOK, "PUT", "/api/domain/a.test", addNames("y.test"))
	for _, name := range []string{"a.test", "x.test", "y.test", "unknown.test"} {
		path := "/api/domain/" + name + "/ownership"
		for _, method := range []string{"GET", "POST"} {
			a := p.bob.send(method, path, "", "")
			require.Equal(t, http.StatusForbidden, a.status, a.raw)
			require.Equal(t, "PERMISSION_DENIED", a.msg())
			require.Equal(t, http.StatusUnauthorized, p.anonymous().send(method, path, "", "").status)
			want := http.StatusOK
			if name == "unknown.test" {
				want = http.StatusNotFound
			}
			require.Equal(t, want, p.root.send(method, path, "", "").status, name)
		}
	}
	require.Equal(t, "NO_SUCH_DOMAIN", p.root.legacy().get("/api/domain/unknown.test/ownership").msg())
	require.Equal(t, http.StatusBadRequest, p.root.get("/api/domain/x/ownership").status)
}

func TestNamesForGlobalAdmins(t *testing.T) {
	for name, verify := range map[string]bool{"verify": true, "trust": false} {
		t.Run(name, func(t *testing.T) {
			proverOnEvery(t, func(t *testing.T, p *prover) {
				for _, reserved := range []string{"admins.test", "elsewhere.test", "mx.postern.test"} {
					a := p.alice.json("POST", "/api/domain/"+reserved, map[string]any{})
					require.Equal(t, http.StatusForbidden, a.status, a.raw)
					for parameter, given := range map[string]map[string]any{
						"addAliasDomain": addNames("free.test", reserved), "aliasDomains": allNames("free.test", reserved),
					} {
						a = p.alice.json("PUT", "/api/domain/a.test", given)
						require.Equal(t, http.StatusForbidden, a.status, a.raw)
						require.Equal(t, parameter, a.field())
						require.Equal(t, "PERMISSION_DENIED", p.alice.legacy().json("PUT", "/api/domain/a.test", given).msg())
					}
					require.Equal(t, http.StatusNotFound, p.root.get("/api/domain/"+reserved+"/ownership").status)
				}
				require.Equal(t, http.StatusNotFound, p.root.get("/api/domain/free.test/ownership").status)
				p.root.must(http.StatusOK, "PUT", "/api/domain/a.test", addNames("elsewhere.test"))
				p.root.mustDomain("mx.postern.test", nil)
				// What the domain has already is no addition.
				p.alice.must(http.StatusOK, "PUT", "/api/domain/a.test", allNames("elsewhere.test"))
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
			proverOnEvery(t, func(t *testing.T, p *prover) {
				const path = "/api/domain/a.test"
				p.root.must(http.StatusOK, "PUT", path, addNames(numbered(0, 60)...))
				p.alice.must(http.StatusOK, "PUT", path, addNames(numbered(60, 99)...))
				for parameter, given := range map[string]map[string]any{
					"addAliasDomain": addNames("x.test", "y.test"), "aliasDomains": allNames(numbered(0, 101)...),
				} {
					a := p.alice.json("PUT", path, given)
					require.Equal(t, http.StatusConflict, a.status, a.raw)
					require.Equal(t, "EXCEED_LIMIT_ALIAS_DOMAINS", a.msg())
					require.Equal(t, parameter, a.field())
					require.Equal(t, "EXCEED_LIMIT_ALIAS_DOMAINS", p.alice.legacy().json("PUT", path, given).msg())
				}
				p.alice.must(http.StatusOK, "PUT", path, addNames("x.test"))
				require.Equal(t, http.StatusConflict, p.alice.json("PUT", path, addNames("y.test")).status)
				p.root.must(http.StatusOK, "PUT", path, addNames("y.test", "z.test"))
				p.alice.must(http.StatusOK, "PUT", path, dropNames("n000.test")) // what is over can shrink
				require.Equal(t, http.StatusConflict, p.alice.json("PUT", path, addNames("n000.test")).status)
			}, func(o *ownership.Options) { o.Verify = verify })
		})
	}
}

func TestTrustedNames(t *testing.T) {
	proverOnEvery(t, func(t *testing.T, p *prover) {
		p.alice.must(http.StatusOK, "PUT", "/api/domain/a.test", addNames("x.test", "y.test"))
		p.alice.mustDomain("new.test", nil)
		p.over(p.changes, p.codes, func(o *ownership.Options) { o.Verify = false })
		p.alice.must(http.StatusOK, "PUT", "/api/domain/a.test", addNames("w.test", "x.test"))
		require.Equal(t, []string{"w.test", "x.test"}, p.aliases("a.test"))
		p.alice.requireStatus("exempt", "w.test", "x.test")
		p.alice.mustDomain("more.test", nil)
		require.True(t, p.isActive("more.test"))
		p.alice.requireStatus("exempt", "more.test")
		// What waited before goes on to wait.
		p.alice.requireStatus("pending", "new.test", "y.test")
		p.prove(p.alice, "new.test")
		p.bob.mustDomain("y.test", nil)
		requireNoPending(t, p)
	})
}

func TestProofIsGoodForThirtyDays(t *testing.T) {
	proverOnEvery(t, func(t *testing.T, p *prover) {
		p.alice.mustDomain("new.test", nil)
		p.prove(p.alice, "new.test")
		p.zone.Publish("new.test")
		proven := p.now
		remove := func() {
			require.Equal(t, http.StatusOK, p.alice.delete("/api/domain/new.test").status)
			require.Equal(t, http.StatusNotFound, p.root.get("/api/domain/new.test/ownership").status)
		}
		remove()
		p.now = proven.Add(30 * 24 * time.Hour)
		p.bob.mustDomain("new.test", nil)
		p.bob.requireStatus("pending", "new.test") // the proof is another's
		require.Equal(t, http.StatusOK, p.bob.delete("/api/domain/new.test").status)
		p.alice.mustDomain("new.test", nil)
		require.True(t, p.isActive("new.test"))
		p.alice.requireStatus("proven", "new.test")
		remove()
		p.alice.must(http.StatusOK, "PUT", "/api/domain/a.test", addNames("new.test", "x.test"))
		require.Equal(t, []string{"new.test"}, p.aliases("a.test"), "it is the name that was proven")
		p.alice.requireStatus("proven", "new.test")
		p.alice.requireStatus("pending", "x.test")
		p.alice.must(http.StatusOK, "PUT", "/api/domain/a.test", dropNames("new.test"))

		p.now = p.now.Add(time.Second)
		p.alice.mustDomain("new.test", nil)
		require.False(t, p.isActive("new.test"))
		p.alice.requireStatus("pending", "new.test")
		p.run()
		require.False(t, p.isActive("new.test"), "the proof of then does not count")
	})
}

func TestDeletedDomainIsForgotten(t *testing.T) {
	proverOnEvery(t, func(t *testing.T, p *prover) {
		p.alice.mustDomain("new.test", nil)
		p.alice.must(http.StatusOK, "PUT", "/api/domain/new.test", addNames("x.test"))
		p.bob.must(http.StatusOK, "PUT", "/api/domain/b.test", addNames("x.test", "new2.test"))
		old := p.alice.record("new.test")
		p.zone.Publish("x.test", p.alice.record("x.test"))
		p.zone.Publish("new.test", old)
		require.Equal(t, http.StatusOK, p.alice.delete("/api/domain/new.test").status)
		p.root.mustDomain("new.test", nil)
		p.root.must(http.StatusOK, "PUT", "/api/domain/new.test", accountIs("disabled"))
		p.run()
		require.False(t, p.isActive("new.test"))
		require.Empty(t, p.aliases("new.test"))
		p.bob.requireStatus("pending", "x.test")
		marks, err := p.deps.State.PendingMarks(t.Context())
		require.NoError(t, err)
		require.Len(t, marks, 2, "those of b.test")
		require.Equal(t, http.StatusOK, p.root.delete("/api/domain/new.test").status)
		p.alice.mustDomain("new.test", nil)
		require.NotEqual(t, old, p.alice.record("new.test"), "another domain has another code")
	})
}

func TestVerifyJob(t *testing.T) {
	proverOnEvery(t, func(t *testing.T, p *prover) {
		for _, name := range []string{"one.test", "two.test", "three.test"} {
			p.alice.mustDomain(name, nil)
		}
		p.alice.must(http.StatusOK, "PUT", "/api/domain/a.test", addNames("x.test", "y.test"))
		p.zone.Publish("one.test", p.alice.record("one.test"))
		p.zone.Publish("x.test", p.alice.record("x.test"))
		p.zone.Publish("three.test", p.alice.record("three.test"))
		// A global admin of the panel activates, and later suspends.
		p.setActive("three.test", true)
		p.run()
		p.alice.requireStatus("proven", "one.test", "x.test")
		p.alice.requireStatus("pending", "two.test", "y.test")
		p.alice.requireStatus("exempt", "three.test")
		require.True(t, p.isActive("one.test"))
		require.False(t, p.isActive("two.test"))
		require.Equal(t, []string{"x.test"}, p.aliases("a.test"))
		require.NotNil(t, p.alice.ownership("two.test")["last_check"])
		p.setActive("three.test", false)
		p.run()
		require.False(t, p.isActive("three.test"))
		asked := p.zone.Asked("one.test")
		p.run()
		require.Equal(t, asked, p.zone.Asked("one.test"), "what is proven is not looked up again")
	})
}

// setActive is what the panel does to a domain.
func (p *prover) setActive(name string, on bool) {
	p.t.Helper()
	_, err := p.changes.UpdateDomain(p.t.Context(), byRoot, name, store.DomainUpdate{Active: &on})
	require.NoError(p.t, err)
}

func TestCodesOfThePanel(t *testing.T) {
	proverOnEvery(t, func(t *testing.T, p *prover) {
		p.alice.mustDomain("one.test", nil)
		p.alice.mustDomain("two.test", nil)
		p.alice.must(http.StatusOK, "PUT", "/api/domain/a.test", addNames("x.test"))
		rows, err := p.panel.Reader().Records(t.Context(),
			"SELECT admin, domain, alias_domain, verify_code, verified, expire FROM domain_ownership ORDER BY domain")
		require.NoError(t, err)
		require.Len(t, rows, 3)
		require.Equal(t, store.Record{
			{Name: "admin", Value: alice}, {Name: "domain", Value: "a.test"}, {Name: "alias_domain", Value: "x.test"},
			{Name: "verify_code", Value: p.alice.record("x.test")}, {Name: "verified", Value: int64(0)}, {Name: "expire", Value: int64(0)},
		}, rows[0])
		require.Equal(t, "", rows[1].Get("alias_domain"))

		// What the panel has verified counts; a row that is gone means a new code.
		p.panelExec("UPDATE domain_ownership SET verified = 1 WHERE domain = 'one.test'")
		require.Equal(t, "proven", p.alice.verify("one.test")["status"])
		require.True(t, p.isActive("one.test"))
		p.panelExec("UPDATE domain_ownership SET verified = 1 WHERE alias_domain = 'x.test'")
		p.run()
		require.Equal(t, []string{"x.test"}, p.aliases("a.test"))
		old := p.alice.record("two.test")
		p.zone.Publish("two.test", old)
		p.panelExec("DELETE FROM domain_ownership WHERE domain = 'two.test'")
		require.Equal(t, "pending", p.alice.verify("two.test")["status"])
		require.False(t, p.isActive("two.test"))
		require.NotEqual(t, old, p.alice.record("two.test"))

		// So does one that goes while its record is looked up.
		p.zone.Publish("two.test", p.alice.record("two.test"))
		p.over(p.changes, &crashingCodes{p.codes, func() {
			require.NoError(t, p.codes.ForgetProofCodes(t.Context(), "two.test", "two.test"))
		}})
		require.Equal(t, "pending", p.alice.verify("two.test")["status"])
		require.False(t, p.isActive("two.test"))
	})
}

func TestDNSThatDoesNotAnswer(t *testing.T) {
	p := newProver(t, "sqlite")
	silent := spf.NewResolver(p.zone.Address, p.zone.Address, p.zone.Address) // each of which is waited for
	p.names = ownership.New(p.changes, p.deps.State, p.codes, silent, ownership.Options{Verify: true, Log: p.logger})
	p.deps.Accounts, p.deps.Ownerships = p.names, p.names
	p.serve()
	p.alice.mustDomain("new.test", nil)
	p.zone.Publish("new.test", p.alice.record("new.test"))
	p.zone.Silence(true)
	begun := time.Now()
	require.Equal(t, "pending", p.alice.verify("new.test")["status"])
	require.Less(t, time.Since(begun), 5*time.Second)
	require.Contains(t, p.log.String(), "new.test")
	p.zone.Silence(false)
	require.Equal(t, "proven", p.alice.verify("new.test")["status"])

	p.alice.mustDomain("two.test", nil)
	p.names = ownership.New(p.changes, p.deps.State, p.codes, nil, ownership.Options{Verify: true, Log: p.logger})
	p.deps.Accounts, p.deps.Ownerships = p.names, p.names
	p.serve()
	a := p.alice.send("POST", "/api/domain/two.test/ownership", "", "")
	require.Equal(t, http.StatusServiceUnavailable, a.status)
	require.Equal(t, "NOT_CONFIGURED", a.msg())
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
	p := newProver(t, "sqlite")
	accounts := &failingAccounts{Accounts: p.changes}
	p.over(accounts, p.codes)
	p.alice.mustDomain("new.test", nil)
	pending := func() []string {
		t.Helper()
		marks, err := p.deps.State.PendingMarks(t.Context())
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
		do         func() answer
		wantBeside []string
	}{
		{refusal, func() answer { return p.alice.json("POST", "/api/domain/two.test", map[string]any{}) }, nil},
		{refusal, func() answer { return p.alice.json("PUT", "/api/domain/a.test", addNames("x.test")) }, nil},
		{refusal, func() answer { return p.root.json("PUT", "/api/domain/new.test", accountIs("active")) }, nil},
		{unknown, func() answer { return p.alice.json("POST", "/api/domain/two.test", map[string]any{}) }, []string{"two.test"}},
		{unknown, func() answer { return p.alice.json("PUT", "/api/domain/a.test", addNames("x.test")) }, []string{"two.test", "x.test"}},
	} {
		accounts.fails = given.cause
		a := given.do()
		require.False(t, a.ok(), a.raw)
		require.ElementsMatch(t, append([]string{"new.test"}, given.wantBeside...), pending())
	}
	p.zone.Publish("new.test", p.alice.record("new.test"))
	require.Equal(t, "proven", p.alice.verify("new.test")["status"])
	p.run() // the domain that was never made is forgotten
	require.Equal(t, []string{"x.test"}, pending())
	// A global admin's change of which nobody knows whether it happened does not come back as pending.
	p.alice.mustDomain("three.test", nil)
	accounts.fails = unknown
	require.False(t, p.root.json("PUT", "/api/domain/three.test", accountIs("disabled")).ok())
	require.Equal(t, []string{"x.test"}, pending())
}

// A crash between two writes leaves nothing in use that is not proven, and a repeat completes it.
func TestNamesAfterACrash(t *testing.T) {
	type crashed struct{}
	for _, engine := range everywhere {
		t.Run(engine, func(t *testing.T) {
			p := newProver(t, engine)
			actor := store.Write{Actor: store.Actor{Username: alice, API: true}}
			marking := &crashingMarks{State: p.deps.State}
			codes := &crashingCodes{ProofCodes: p.codes}
			names := ownership.New(p.changes, struct {
				store.NameMarks
				store.Locks
				store.Intents
			}{marking, p.deps.State, p.deps.State}, codes, spf.NewResolver(p.zone.Address), ownership.Options{
				Verify: true, InEntries: p.directory != nil, Log: p.logger, Now: func() time.Time { return p.now },
			})
			create := func(name string) error {
				_, err := names.CreateDomain(t.Context(), actor, store.DomainCreate{Name: name})
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
						if found, err := p.deps.Accounts.DomainRules(t.Context(), name); err == nil && found.Active {
							code, _, err := p.codes.ProofCode(t.Context(), alice, name, name)
							require.NoError(t, err)
							require.True(t, code.Verified, "it is in use without a proof")
						}
					}
				}
			}
			at(func() error { return create("new.test") })
			require.False(t, p.isActive("new.test"))
			p.alice.requireStatus("pending", "new.test")
			p.zone.Publish("new.test", p.alice.record("new.test"))
			at(func() error { return verify("new.test") })
			require.True(t, p.isActive("new.test"))
			p.run()
			p.alice.requireStatus("proven", "new.test")
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
	proverOnEvery(t, func(t *testing.T, p *prover) {
		const names = 4
		for i := range names {
			name := fmt.Sprintf("race%d.test", i)
			made := make(chan bool, 4)
			for _, c := range []*client{p.alice, p.bob, p.alice, p.bob} {
				go func() { made <- c.json("POST", "/api/domain/"+name, map[string]any{}).status == http.StatusCreated }()
			}
			winners := 0
			for range 4 {
				if <-made {
					winners++
				}
			}
			require.Equal(t, 1, winners)
			d, err := p.deps.Accounts.Domain(t.Context(), name)
			require.NoError(t, err)
			owner := map[string]*client{alice: p.alice, bob: p.bob}[d.Admins[0]]
			owner.requireStatus("pending", name)
			p.prove(owner, name)
			require.True(t, p.isActive(name))
		}
	})
}

// A pending domain is in nobody's way: the addresses under its name are those of its true owner to everybody else.
func TestPendingDomainHostsNobodysReferences(t *testing.T) {
	proverOnEvery(t, func(t *testing.T, p *prover) {
		p.root.mustUser("ben@b.test", nil)
		p.alice.mustDomain("mail.test", nil)
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
		if p.directory != nil {
			writes = writes[:4] // an alias account has members of another kind there
		}
		for _, x := range writes {
			a := p.bob.json(x.method, x.path, x.body)
			require.True(t, a.ok(), "%s %v: %s", x.path, x.body, a.raw)
		}
		p.prove(p.alice, "mail.test")
		a := p.bob.json("PUT", "/api/user/ben@b.test", map[string]any{"addForwarding": []string{"other@mail.test"}})
		require.Equal(t, "NO_SUCH_ACCOUNT", a.msg(), a.raw)
	})
}

// Postfix asks for the relay hosts of senders without a look at their domain, so a pending one has none.
func TestPendingDomainHasNoRelayHost(t *testing.T) {
	proverOnEvery(t, func(t *testing.T, p *prover) {
		p.alice.mustDomain("mail.test", nil)
		relay := map[string]any{"outboundRelay": "[relay.example.net]:25"}
		for _, c := range []*client{p.alice, p.alice.legacy()} {
			a := c.json("PUT", "/api/domain/mail.test", relay)
			require.Equal(t, "PERMISSION_DENIED", a.msg(), a.raw)
			require.Equal(t, "outboundRelay", a.field())
		}
		require.Empty(t, p.alice.get("/api/domain/mail.test").data()["outboundRelay"])
		p.alice.must(http.StatusOK, "PUT", "/api/domain/mail.test", map[string]any{"outboundRelay": ""})
		p.prove(p.alice, "mail.test")
		p.alice.must(http.StatusOK, "PUT", "/api/domain/mail.test", relay)
		p.alice.mustDomain("other.test", nil)
		p.root.must(http.StatusOK, "PUT", "/api/domain/other.test", relay)
	})
}

// Postfix takes no mail for a name that is pending.
func TestPostfixKnowsNoPendingNames(t *testing.T) {
	needOracles(t)
	for _, engine := range everywhere {
		t.Run(engine, func(t *testing.T) {
			p := newProver(t, engine)
			p.root.mustDomain("example.com", nil)
			p.root.mustUser("anna@example.com", nil)
			p.root.must(http.StatusOK, "PUT", "/api/domain/admins/example.com", map[string]any{"addAdmin": []string{alice}})
			p.alice = p.as(alice, password)
			p.alice.mustDomain("new.test", nil)
			p.alice.mustUser("carl@new.test", nil)
			p.alice.must(http.StatusOK, "PUT", "/api/domain/example.com", addNames("example.org"))
			post := newPostfix(t, p.source(t))
			served := verdicts{
				"virtual_mailbox_domains new.test": "new.test", "virtual_mailbox_domains example.org": "example.org",
				"sender_login_maps carl@new.test": "carl@new.test", "expansion anna@example.org": "anna@example.com",
			}
			silent := maps.Clone(served)
			for question := range silent {
				silent[question] = ""
			}
			silent["relay_domains new.test"], silent["relay_domains example.org"] = "", ""
			silent["virtual_mailbox_domains example.com"] = "example.com"
			post.require(t, silent, "while pending")
			p.prove(p.alice, "new.test")
			p.prove(p.alice, "example.org")
			post.require(t, served, "once proven")
		})
	}
}

// What a global admin has switched off does not come back by deleting it and making it anew, whatever has been proven.
func TestDisabledDomainIsNotMadeAnew(t *testing.T) {
	proverOnEvery(t, func(t *testing.T, p *prover) {
		for _, name := range []string{"proven.test", "exempt.test", "pending.test"} {
			p.alice.mustDomain(name, nil)
		}
		p.prove(p.alice, "proven.test")
		p.root.must(http.StatusOK, "PUT", "/api/domain/exempt.test", accountIs("active"))
		for _, name := range []string{"proven.test", "exempt.test"} {
			p.root.must(http.StatusOK, "PUT", "/api/domain/"+name, accountIs("disabled"))
			for _, c := range []*client{p.alice, p.alice.legacy()} {
				a := c.delete("/api/domain/" + name)
				require.Equal(t, "PERMISSION_DENIED", a.msg(), a.raw)
			}
			require.False(t, p.isActive(name))
		}
		p.alice.must(http.StatusOK, "DELETE", "/api/domain/pending.test", nil)
		p.root.must(http.StatusOK, "PUT", "/api/domain/proven.test", accountIs("active"))
		p.alice.must(http.StatusOK, "DELETE", "/api/domain/proven.test", nil)
		p.root.must(http.StatusOK, "DELETE", "/api/domain/exempt.test", nil)
	})
}

// Amavisd and iRedAPD look policies up by the addresses of a message, whoever hosts them.
func TestPendingDomainHasNoPolicies(t *testing.T) {
	proverOnEvery(t, func(t *testing.T, p *prover) {
		p.alice.mustDomain("mail.test", nil)
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
			for _, c := range []*client{p.alice, p.alice.legacy()} {
				a := c.json(x.method, x.path, x.body)
				require.Equal(t, "PERMISSION_DENIED", a.msg(), "%s: %s", x.path, a.raw)
			}
		}
		p.prove(p.alice, "mail.test")
		for _, x := range writes {
			a := p.alice.json(x.method, x.path, x.body)
			require.True(t, a.ok(), "%s: %s", x.path, a.raw)
		}
	})
}
