package servertest

import (
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/ownership"
	"github.com/postern-mail/postern/store/spf"
	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/storetest"
)

// Prover is a fixture in which names can be proven: a.test belongs to alice, b.test to bob, and both may create domains.
type Prover struct {
	*Fixture
	Zone             *storetest.Zone
	Root, Alice, Bob *Client
	Now              time.Time
}

const (
	Alice = "alice@admins.test"
	Bob   = "bob@admins.test"
)

// NewProver is a fixture on an engine. The settings are those of the proof of names.
func NewProver(t *testing.T, engine string, settings ...func(o *ownership.Options)) *Prover {
	t.Helper()
	p := &Prover{Fixture: NewFixtureOn(t, engine), Zone: storetest.NewZone(t), Now: time.Date(2026, 2, 3, 12, 0, 0, 0, time.UTC)}
	p.Over(p.Changes, p.Codes, settings...)
	p.Root = p.Fixture.Root()
	for _, mail := range []string{Alice, Bob} {
		p.Root.Must(http.StatusCreated, "POST", "/api/admin/"+mail, map[string]any{"password": Password, "maxDomains": 100})
	}
	p.Root.MustDomain("a.test", nil)
	p.Root.MustDomain("b.test", nil)
	p.Root.MustUser("anna@a.test", nil)
	p.Root.Must(http.StatusOK, "PUT", "/api/domain/admins/a.test", map[string]any{"addAdmin": []string{Alice}})
	p.Root.Must(http.StatusOK, "PUT", "/api/domain/admins/b.test", map[string]any{"addAdmin": []string{Bob}})
	p.Alice, p.Bob = p.As(Alice, Password), p.As(Bob, Password)
	return p
}

// Over puts the proof of names, which asks the DNS server of the test, in front of accounts.
func (p *Prover) Over(accounts store.Accounts, codes store.ProofCodes, settings ...func(o *ownership.Options)) {
	p.T.Helper()
	o := ownership.Options{
		Verify: true, InEntries: p.Directory != nil, Log: p.Logger, HostNames: []string{"mx.postern.test"},
		Now: func() time.Time { return p.Now },
	}
	for _, set := range settings {
		set(&o)
	}
	p.Names = ownership.New(accounts, p.Deps.State, codes, spf.NewResolver(p.Zone.Address), o)
	p.Deps.Accounts, p.Deps.Ownerships = p.Names, p.Names
	p.Serve()
}

// status is what a GET says, which has to succeed.
func (c *Client) Ownership(name string) map[string]any {
	c.W.T.Helper()
	a := c.Get("/api/domain/" + name + "/ownership")
	require.Equal(c.W.T, http.StatusOK, a.Status, a.Raw)
	require.Equal(c.W.T, name, a.Data()["domain"])
	require.Len(c.W.T, a.Data(), 4)
	return a.Data()
}

// RequireStatus asserts the status of names.
func (c *Client) RequireStatus(want string, names ...string) {
	c.W.T.Helper()
	for _, name := range names {
		require.Equal(c.W.T, want, c.Ownership(name)["status"], name)
	}
}

var codeForm = regexp.MustCompile(`^iredmail-domain-verification-[A-Za-z0-9]{20}$`)

// Record is the TXT record that proves a name.
func (c *Client) Record(name string) string {
	c.W.T.Helper()
	text := TextAt(c.Ownership(name), "record")
	require.Regexp(c.W.T, codeForm, text)
	return text
}

// Verify asks for a check, which has to succeed as a request.
func (c *Client) Verify(name string) map[string]any {
	c.W.T.Helper()
	a := c.Send("POST", "/api/domain/"+name+"/ownership", "", "")
	require.Equal(c.W.T, http.StatusOK, a.Status, a.Raw)
	return a.Data()
}

// Prove publishes the record of a name and asks for a check.
func (p *Prover) Prove(c *Client, name string) {
	p.T.Helper()
	p.Zone.Publish(name, "v=spf1 -all", c.Record(name))
	require.Equal(p.T, "proven", c.Verify(name)["status"])
}

func (p *Prover) IsActive(name string) bool {
	p.T.Helper()
	found, err := p.Deps.Accounts.DomainRules(p.T.Context(), name)
	require.NoError(p.T, err)
	return found.Active
}

// Aliases are the alias domains of a domain that are in use.
func (p *Prover) Aliases(domain string) []string {
	p.T.Helper()
	names, err := p.Deps.Accounts.AliasDomains(p.T.Context(), domain)
	require.NoError(p.T, err)
	return names
}

func (p *Prover) Run() {
	p.T.Helper()
	require.NoError(p.T, p.Names.Run(p.T.Context()))
}

// PanelExec is what the panel writes into its own database.
func (p *Prover) PanelExec(query string, args ...any) {
	p.T.Helper()
	require.NoError(p.T, p.Panel.Write(p.T.Context(), func(tx *sqldb.Tx) error {
		n, err := tx.Exec(p.T.Context(), query, args...)
		require.Positive(p.T, n, "%s touches nothing", query)
		return err
	}))
}

func AddNames(names ...string) map[string]any { return map[string]any{"addAliasDomain": names} }

// SetActive is what the panel does to a domain.
func (p *Prover) SetActive(name string, on bool) {
	p.T.Helper()
	_, err := p.Changes.UpdateDomain(p.T.Context(), ByRoot, name, store.DomainUpdate{Active: &on})
	require.NoError(p.T, err)
}
