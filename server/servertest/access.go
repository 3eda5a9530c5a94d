package servertest

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/ownership"
	"github.com/postern-mail/postern/store/spf"
	"github.com/postern-mail/postern/store/storetest"
)

// The cast: own.test belongs to the admin "own", other.test to "other". In own.test there are besides a plain mailbox
// one that is a global admin and one that manages other.test.
const (
	OwnAdmin   = "own@admins.test"
	OtherAdmin = "other@admins.test"
	Creator    = "creator@admins.test" // manages own.test and may create domains
	PlainUser  = "anna@own.test"
	OtherUser  = "zoe@other.test"
	HigherUser = "boss@own.test"
	Elsewhere  = "eve@own.test"
)

// RolesFixture returns a fixture with the cast and the clients of each role, by its name.
func RolesFixture(t *testing.T) (*Fixture, map[string]*Client) {
	t.Helper()
	return rolesFixtureOn(t, "sqlite")
}

// rolesFixtureOn is rolesFixture on an engine.
func rolesFixtureOn(t *testing.T, engine string) (*Fixture, map[string]*Client) {
	t.Helper()
	w := NewFixtureOn(t, engine)
	root := w.Root()
	for _, d := range []string{"own.test", "other.test"} {
		root.MustDomain(d, nil)
	}
	for _, u := range []string{PlainUser, OtherUser, HigherUser, Elsewhere} {
		root.MustUser(u, nil)
	}
	for _, a := range []string{"sales@own.test", "sales@other.test"} {
		root.Must(http.StatusCreated, "POST", "/api/alias/"+a, map[string]any{})
	}
	for mail, domains := range map[string]int{OwnAdmin: 0, OtherAdmin: 0, Creator: 10} {
		root.Must(http.StatusCreated, "POST", "/api/admin/"+mail, map[string]any{"password": Password, "maxDomains": domains})
	}
	root.Must(http.StatusOK, "PUT", "/api/user/"+HigherUser, map[string]any{"isGlobalAdmin": "yes"})
	root.Must(http.StatusOK, "PUT", "/api/domain/admins/own.test", map[string]any{"addAdmin": []string{OwnAdmin, Creator}})
	root.Must(http.StatusOK, "PUT", "/api/domain/admins/other.test", map[string]any{"addAdmin": []string{OtherAdmin, Elsewhere}})
	return w, map[string]*Client{
		"anonymous": w.Anonymous(), "own": w.As(OwnAdmin, Password), "other": w.As(OtherAdmin, Password),
		"creator": w.As(Creator, Password), "global": root,
	}
}

// Operation is one of the contract.
type Operation struct {
	*openapi3.Operation
	Method, Template string
	Parameters       openapi3.Parameters // of path and query
}

// Operations returns those of a contract, in one order.
func Operations(doc *openapi3.T) []Operation {
	var all []Operation
	for _, template := range doc.Paths.InMatchingOrder() {
		item := doc.Paths.Value(template)
		for _, method := range slices.Sorted(maps.Keys(item.Operations())) {
			op := item.Operations()[method]
			all = append(all, Operation{op, method, template, slices.Concat(item.Parameters, op.Parameters)})
		}
	}
	return all
}

// Noun is what sort of account the path names.
func (op Operation) Noun() string {
	parts := strings.Split(op.Template, "/")
	if slices.Contains([]string{"verify_password", "ldif", "spampolicy"}, parts[2]) {
		return parts[3]
	}
	return parts[2]
}

// Creates reports whether the operation makes the account that its path names.
func (op Operation) Creates() bool {
	return op.Method == http.MethodPost && strings.Count(op.Template, "/") == 3 && strings.Contains(op.Template, "{") &&
		op.Noun() != "greylisting"
}

// Target is what a cell puts into the path.
type Target struct {
	Name   string
	Values map[string]string
}

// SubjectIn is the account in a domain that the operation is tried on.
func (op Operation) SubjectIn(domain string) string {
	switch {
	case op.Noun() == "admin" && op.Creates():
		return "fresh-" + domain[:3] + "@admins.test"
	case op.Noun() == "admin" && domain == "own.test":
		return OwnAdmin
	case op.Noun() == "admin":
		return OtherAdmin
	case op.Creates():
		return "fresh@" + domain
	case op.Noun() == "alias":
		return "sales@" + domain
	case op.Noun() == "ml":
		return "dev@" + domain
	case op.Noun() == "maillist":
		return "board@" + domain
	case domain == "own.test":
		return PlainUser
	}
	return OtherUser
}

// Targets returns the targets that the operation is tried on, by the parameters of its path.
func (op Operation) Targets() []Target {
	domain := func(name, d string) Target { return Target{name, map[string]string{"domain": d, "account": d}} }
	mail := func(name, m, n string) Target {
		return Target{name, map[string]string{"mail": m, "new_mail": n, "account": m}}
	}
	domains := []Target{domain("own domain", "own.test"), domain("other domain", "other.test"), domain("lowly domain", "free.test")}
	own, other := op.SubjectIn("own.test"), op.SubjectIn("other.test")
	mails := []Target{
		mail("own account", own, "new@own.test"), mail("other account", other, "new@other.test"),
		mail("higher rank", HigherUser, "new@own.test"), mail("admin elsewhere", Elsewhere, "new@own.test"),
	}
	switch {
	case strings.Contains(op.Template, "{new_mail}"):
		return append(mails, mail("into another domain", own, "new@other.test"), mail("out of another domain", other, "new@own.test"))
	case strings.Contains(op.Template, "{mail}"):
		return mails
	case strings.Contains(op.Template, "{account}"):
		return append(append([]Target{{"global", map[string]string{"account": "global"}}}, domains...), mails...)
	case strings.Contains(op.Template, "{domain}"):
		return append(domains, domain("new domain", "new.test"))
	}
	return []Target{{Name: "no target"}}
}

func (g Target) Path(template string) string {
	values := map[string]string{"days": "7", "direction": "inbound", "colour": "whitelist"}
	maps.Copy(values, g.Values)
	for name, v := range values {
		template = strings.ReplaceAll(template, "{"+name+"}", v)
	}
	return template
}

// homes are the domains that a role manages.
var homes = map[string][]string{"own": {"own.test", "free.test"}, "creator": {"own.test", "free.test"}, "other": {"other.test"}}

// Expected says what the decided rights grant: "" or the code of the refusal.
func Expected(r Right, role string, g Target) string {
	switch {
	case r.Level == "public":
		return ""
	case role == "anonymous":
		return "LOGIN_REQUIRED"
	case role == "global" || r.Level == "authenticated":
		return ""
	case r.Level == "global-admin", r.Level == "domain-creator" && role != "creator":
		return "PERMISSION_DENIED"
	}
	for _, name := range strings.FieldsFunc(r.Targets, func(c rune) bool { return c == ',' }) {
		if name == "alias" { // that an alias domain counts as its primary domain is for tests of its own
			continue
		}
		value := g.Values[name]
		if !slices.Contains(homes[role], store.DomainOf(value)) || value == HigherUser || value == Elsewhere {
			return "PERMISSION_DENIED"
		}
	}
	// To remove a domain is to remove the mailboxes of higher rank in it.
	if slices.Contains([]string{"deleteDomain", "deleteDomainKeepMailboxes"}, r.Operation) && g.Values["domain"] == "own.test" {
		return "PERMISSION_DENIED"
	}
	return ""
}

// bodyOf is a body that is right and asks for something.
func (op Operation) bodyOf(g Target) any {
	switch {
	case op.RequestBody == nil:
		return nil
	case op.OperationID == "login":
		return Body{"username": RootMail, "password": Password}
	case op.OperationID == "updateDomainAdmins":
		of := map[string]string{"other.test": OtherUser, "new.test": OtherUser, "own.test": PlainUser, "free.test": PlainUser}
		return Body{"addAdmin": List{of[g.Values["domain"]]}}
	}
	return op.RequestBody.Value.Content["application/json"].Schema.Value.Example
}

// Call makes the call of a cell.
func (op Operation) Call(c *Client, g Target) Answer {
	c.W.T.Helper()
	given := op.bodyOf(g)
	if given == nil {
		return c.Send(op.Method, g.Path(op.Template), "", "")
	}
	return c.JSON(op.Method, g.Path(op.Template), given)
}

// Matrix is a fixture in which every operation finds something to do, and who calls there.
type Matrix struct {
	W       *Fixture
	Clients map[string]*Client
	zone    *storetest.Zone // the DNS of the fixture and its copies
}

// MatrixOn is the cast with lists and policies of all, and a domain without anybody of higher rank.
func MatrixOn(t *testing.T, engine string) Matrix {
	t.Helper()
	w, clients := rolesFixtureOn(t, engine)
	root := clients["global"]
	root.MustDomain("free.test", nil)
	root.Must(http.StatusOK, "PUT", "/api/domain/admins/free.test", Body{"addAdmin": List{OwnAdmin, Creator}})
	for _, d := range []string{"own.test", "other.test"} {
		if a := root.JSON("POST", "/api/ml/dev@"+d, Body{}); !testing.Short() || a.Status != http.StatusServiceUnavailable {
			require.Equal(t, http.StatusCreated, a.Status, a.Raw) // a quick run goes without mlmmj
		}
		if w.Directory != nil {
			root.Must(http.StatusCreated, "POST", "/api/maillist/board@"+d, Body{})
		}
	}
	listed := Contract.Components.Schemas["WblistAddresses"].Value.Example
	for account, policy := range map[string]string{
		"global": "global", "own.test": "domain/own.test", "other.test": "domain/other.test", "free.test": "domain/free.test",
		PlainUser: "user/" + PlainUser, OtherUser: "user/" + OtherUser,
	} {
		root.Must(http.StatusOK, "PUT", "/api/spampolicy/"+policy, Body{"spam_score": 3})
		root.Must(http.StatusOK, "POST", "/api/wblist/inbound/whitelist/"+account, listed)
		root.Must(http.StatusOK, "POST", "/api/greylisting/"+account, Body{"status": "disable"})
	}
	zone := storetest.NewZone(t)
	w.Asks(zone)
	return Matrix{w, clients, zone}
}

// Copy is a copy of the fixture.
func (m Matrix) Copy(t *testing.T) *Fixture {
	t.Helper()
	w := CopyFixture(t, m.W.Dir)
	w.Asks(m.zone)
	return w
}

// Asks has the fixture look names up in a DNS, to find out who owns them.
func (w *Fixture) Asks(zone *storetest.Zone) {
	w.Names = ownership.New(w.Changes, w.Deps.State, w.Codes, spf.NewResolver(zone.Address),
		ownership.Options{Verify: true, InEntries: w.Directory != nil, Log: w.Logger})
	w.Deps.Accounts, w.Deps.Ownerships = w.Names, w.Names
	w.Serve()
}

// As is the client of a role on a fixture that is a copy.
func (m Matrix) As(role string, w *Fixture) *Client {
	return &Client{W: w, Cookie: m.Clients[role].Cookie}
}

// attempt is one call of a matrix.
type attempt struct {
	Role   string
	Target Target
	Want   string // the code of the refusal, or ""
}

// Attempts are the calls of an operation by each role for each target, and what the decided rights say of them.
func (m Matrix) Attempts(op Operation, r Right) []attempt {
	var all []attempt
	for _, role := range slices.Sorted(maps.Keys(m.Clients)) {
		for _, g := range op.Targets() {
			all = append(all, attempt{role, g, Expected(r, role, g)})
		}
	}
	return all
}

// Lateness sorts operations so that those come last which take away what others need.
func Lateness(op Operation) int {
	switch {
	case op.OperationID == "logout":
		return 4
	case slices.Contains([]string{"deleteDomain", "deleteDomainKeepMailboxes", "deleteAdmin"}, op.OperationID):
		return 3
	case op.Method == http.MethodDelete:
		return 2
	case strings.HasPrefix(op.OperationID, "rename"), op.OperationID == "updateUsers":
		return 1
	}
	return 0
}

// Dump is every row of the account database, to see that nothing changed.
func Dump(t *testing.T, w *Fixture) map[string][]store.Record {
	t.Helper()
	var tables []string
	require.NoError(t, w.Vmail.Reader().Select(t.Context(), &tables, "SELECT name FROM sqlite_master WHERE type='table' ORDER BY name"))
	rows := map[string][]store.Record{}
	for _, table := range tables {
		records, err := w.Vmail.Reader().Records(t.Context(), "SELECT * FROM "+w.Vmail.Reader().Quote(table)+" ORDER BY 1, 2")
		require.NoError(t, err)
		rows[table] = records
	}
	return rows
}

// SwitchedOff returns a copy of the fixture in which every profile of own.test is off.
func (m Matrix) SwitchedOff(t *testing.T) *Fixture {
	t.Helper()
	w := m.Copy(t)
	names := func(schema string) []any { return Contract.Components.Schemas[schema].Value.Enum }
	m.As("global", w).Must(http.StatusOK, "PUT", "/api/domain/own.test",
		Body{"disableDomainProfile": names("DomainProfileName"), "disableUserProfile": names("UserProfileName")})
	return w
}
