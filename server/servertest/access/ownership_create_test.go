package access_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/ownership"
)

// byAlice is a write of an admin whose names have to be proven.
var byAlice = store.Write{Actor: store.Actor{Username: servertest.Alice, API: true}}

// TestNewDomainWithAliasDomains has a domain made with alias domains: those that have to be proven wait, the others are in use.
func TestNewDomainWithAliasDomains(t *testing.T) {
	proverOnEvery(t, func(t *testing.T, p *servertest.Prover) {
		change, err := p.Names.CreateDomain(t.Context(), byAlice, store.DomainCreate{Name: "new.test", AliasDomains: []string{"y.test", "x.test"}})
		require.NoError(t, err)
		require.Empty(t, change.Discarded)
		require.False(t, p.IsActive("new.test"))
		require.Empty(t, p.Aliases("new.test"))
		p.Alice.RequireStatus("pending", "new.test", "x.test", "y.test")
		require.Equal(t, []any{"x.test", "y.test"}, p.Alice.Get("/api/domain/new.test").Data()["pendingAliasDomains"])
		p.Prove(p.Alice, "x.test")
		require.Equal(t, []string{"x.test"}, p.Aliases("new.test"))
		require.False(t, p.IsActive("new.test"), "that is another name")
		p.Prove(p.Alice, "new.test")
		require.True(t, p.IsActive("new.test"))
		p.Alice.RequireStatus("pending", "y.test")

		// A proof that is still good is not asked for again.
		p.Alice.Must(http.StatusOK, "PUT", "/api/domain/new.test", dropNames("x.test", "y.test"))
		_, err = p.Names.CreateDomain(t.Context(), byAlice, store.DomainCreate{Name: "more.test", AliasDomains: []string{"x.test", "z.test"}})
		require.NoError(t, err)
		require.Equal(t, []string{"x.test"}, p.Aliases("more.test"))
		p.Alice.RequireStatus("proven", "x.test")
		p.Alice.RequireStatus("pending", "more.test", "z.test")
	})
}

// TestNewDomainOfGlobalAdminTakesNames has a name in use wait nowhere any more.
func TestNewDomainOfGlobalAdminTakesNames(t *testing.T) {
	for name, verify := range map[string]bool{"verify": true, "trust": false} {
		t.Run(name, func(t *testing.T) {
			proverOnEvery(t, func(t *testing.T, p *servertest.Prover) {
				p.Alice.Must(http.StatusOK, "PUT", "/api/domain/a.test", servertest.AddNames("x.test", "new.test"))
				by := servertest.ByRoot
				if !verify {
					p.Over(p.Changes, p.Codes, func(o *ownership.Options) { o.Verify = false })
					by = store.Write{Actor: store.Actor{Username: servertest.Bob, API: true}}
				}
				_, err := p.Names.CreateDomain(t.Context(), by, store.DomainCreate{Name: "new.test", AliasDomains: []string{"x.test", "y.test"}})
				require.NoError(t, err)
				require.True(t, p.IsActive("new.test"))
				require.Equal(t, []string{"x.test", "y.test"}, p.Aliases("new.test"))
				p.Root.RequireStatus("exempt", "new.test", "x.test", "y.test")
				requireNoPending(t, p)
			})
		})
	}
}

// TestRefusedNewDomainLeavesNoMarks has each refusal leave nothing, in the accounts and beside them.
func TestRefusedNewDomainLeavesNoMarks(t *testing.T) {
	var many []string
	for i := range 101 {
		many = append(many, fmt.Sprintf("n%03d.test", i))
	}
	for name, c := range map[string]struct {
		domain      store.DomainCreate
		code, field string
	}{
		"taken":     {store.DomainCreate{AliasDomains: []string{"x.test", "b.test"}}, store.CodeAlreadyExists, "aliasDomains"},
		"itself":    {store.DomainCreate{AliasDomains: []string{"x.test", "new.test"}}, store.CodeAlreadyExists, "aliasDomains"},
		"reserved":  {store.DomainCreate{AliasDomains: []string{"x.test", "admins.test"}}, store.CodePermissionDenied, "aliasDomains"},
		"of server": {store.DomainCreate{AliasDomains: []string{"x.test", "mx.postern.test"}}, store.CodePermissionDenied, "aliasDomains"},
		"too many":  {store.DomainCreate{AliasDomains: many}, store.CodeLimitAliasDomains, "aliasDomains"},
		"relay":     {store.DomainCreate{OutboundRelay: "[192.0.2.1]:25"}, store.CodePermissionDenied, "outboundRelay"},
		"catch-all": {
			store.DomainCreate{AliasDomains: []string{"x.test"}, Catchall: []string{"no@a.test"}}, store.CodeNoSuchAccount, "catchall",
		},
	} {
		t.Run(name, func(t *testing.T) {
			proverOnEvery(t, func(t *testing.T, p *servertest.Prover) {
				c.domain.Name = "new.test"
				_, err := p.Names.CreateDomain(t.Context(), byAlice, c.domain)
				var refusal *store.Error
				require.ErrorAs(t, err, &refusal)
				require.Equal(t, c.code, refusal.Code)
				require.Equal(t, c.field, refusal.Field)
				requireNoPending(t, p)
				require.Equal(t, http.StatusNotFound, p.Root.Get("/api/domain/new.test").Status)
			})
		})
	}
	t.Run("dry run", func(t *testing.T) {
		proverOnEvery(t, func(t *testing.T, p *servertest.Prover) {
			w := byAlice
			w.DryRun = true
			_, err := p.Names.CreateDomain(t.Context(), w, store.DomainCreate{Name: "new.test", AliasDomains: []string{"x.test"}})
			require.NoError(t, err)
			requireNoPending(t, p)
			require.Equal(t, http.StatusNotFound, p.Root.Get("/api/domain/new.test").Status)
		})
	})
	t.Run("dropped", func(t *testing.T) {
		proverOnEvery(t, func(t *testing.T, p *servertest.Prover) {
			w := byAlice
			w.OnMissing = store.Drop
			change, err := p.Names.CreateDomain(t.Context(), w, store.DomainCreate{Name: "new.test", AliasDomains: []string{"x.test", "b.test"}})
			require.NoError(t, err)
			require.Equal(t, []string{"b.test"}, change.Discarded)
			p.Alice.RequireStatus("pending", "new.test", "x.test")
		})
	})
	for name, c := range map[string]struct {
		cause error
		stay  int
	}{"refused after all": {store.AlreadyExists("new.test"), 0}, "unknown": {store.Down("The database", nil), 3}} {
		t.Run(name, func(t *testing.T) {
			p := servertest.NewProver(t, "sqlite")
			p.Over(&failingAccounts{Accounts: p.Changes, fails: c.cause}, p.Codes)
			d := store.DomainCreate{Name: "new.test", AliasDomains: []string{"x.test", "y.test"}}
			_, err := p.Names.CreateDomain(t.Context(), byAlice, d)
			require.True(t, errors.Is(err, c.cause), "%v", err)
			marks, err := p.Deps.State.PendingMarks(t.Context())
			require.NoError(t, err)
			require.Len(t, marks, c.stay, "where nobody knows whether it happened they keep names out of use")
			// Made with other alias domains, it has none of the earlier ones.
			d.AliasDomains = []string{"y.test"}
			_, err = p.Names.CreateDomain(t.Context(), byAlice, d)
			require.NoError(t, err)
			marks, err = p.Deps.State.MarksOfDomains(t.Context(), "new.test")
			require.NoError(t, err)
			require.Len(t, marks, 2)
		})
	}
}
