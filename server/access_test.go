package server_test

import (
	"fmt"
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
	ownAdmin   = "own@admins.test"
	otherAdmin = "other@admins.test"
	creator    = "creator@admins.test" // manages own.test and may create domains
	plainUser  = "anna@own.test"
	otherUser  = "zoe@other.test"
	higherUser = "boss@own.test"
	elsewhere  = "eve@own.test"
)

// rolesFixture returns a fixture with the cast and the clients of each role, by its name.
func rolesFixture(t *testing.T) (*fixture, map[string]*client) {
	t.Helper()
	return rolesFixtureOn(t, "sqlite")
}

// rolesFixtureOn is rolesFixture on an engine.
func rolesFixtureOn(t *testing.T, engine string) (*fixture, map[string]*client) {
	t.Helper()
	w := newFixtureOn(t, engine)
	root := w.root()
	for _, d := range []string{"own.test", "other.test"} {
		root.mustDomain(d, nil)
	}
	for _, u := range []string{plainUser, otherUser, higherUser, elsewhere} {
		root.mustUser(u, nil)
	}
	for _, a := range []string{"sales@own.test", "sales@other.test"} {
		root.must(http.StatusCreated, "POST", "/api/alias/"+a, map[string]any{})
	}
	for mail, domains := range map[string]int{ownAdmin: 0, otherAdmin: 0, creator: 10} {
		root.must(http.StatusCreated, "POST", "/api/admin/"+mail, map[string]any{"password": password, "maxDomains": domains})
	}
	root.must(http.StatusOK, "PUT", "/api/user/"+higherUser, map[string]any{"isGlobalAdmin": "yes"})
	root.must(http.StatusOK, "PUT", "/api/domain/admins/own.test", map[string]any{"addAdmin": []string{ownAdmin, creator}})
	root.must(http.StatusOK, "PUT", "/api/domain/admins/other.test", map[string]any{"addAdmin": []string{otherAdmin, elsewhere}})
	return w, map[string]*client{
		"anonymous": w.anonymous(), "own": w.as(ownAdmin, password), "other": w.as(otherAdmin, password),
		"creator": w.as(creator, password), "global": root,
	}
}

// operation is one of the contract.
type operation struct {
	*openapi3.Operation
	method, template string
	parameters       openapi3.Parameters // of path and query
}

// operations returns those of a contract, in one order.
func operations(doc *openapi3.T) []operation {
	var all []operation
	for _, template := range doc.Paths.InMatchingOrder() {
		item := doc.Paths.Value(template)
		for _, method := range slices.Sorted(maps.Keys(item.Operations())) {
			op := item.Operations()[method]
			all = append(all, operation{op, method, template, slices.Concat(item.Parameters, op.Parameters)})
		}
	}
	return all
}

// noun is what sort of account the path names.
func (op operation) noun() string {
	parts := strings.Split(op.template, "/")
	if slices.Contains([]string{"verify_password", "ldif", "spampolicy"}, parts[2]) {
		return parts[3]
	}
	return parts[2]
}

// creates reports whether the operation makes the account that its path names.
func (op operation) creates() bool {
	return op.method == http.MethodPost && strings.Count(op.template, "/") == 3 && strings.Contains(op.template, "{") &&
		op.noun() != "greylisting"
}

// target is what a cell puts into the path.
type target struct {
	name   string
	values map[string]string
}

// subjectIn is the account in a domain that the operation is tried on.
func (op operation) subjectIn(domain string) string {
	switch {
	case op.noun() == "admin" && op.creates():
		return "fresh-" + domain[:3] + "@admins.test"
	case op.noun() == "admin" && domain == "own.test":
		return ownAdmin
	case op.noun() == "admin":
		return otherAdmin
	case op.creates():
		return "fresh@" + domain
	case op.noun() == "alias":
		return "sales@" + domain
	case op.noun() == "ml":
		return "dev@" + domain
	case op.noun() == "maillist":
		return "board@" + domain
	case domain == "own.test":
		return plainUser
	}
	return otherUser
}

// targets returns the targets that the operation is tried on, by the parameters of its path.
func (op operation) targets() []target {
	domain := func(name, d string) target { return target{name, map[string]string{"domain": d, "account": d}} }
	mail := func(name, m, n string) target {
		return target{name, map[string]string{"mail": m, "new_mail": n, "account": m}}
	}
	domains := []target{domain("own domain", "own.test"), domain("other domain", "other.test"), domain("lowly domain", "free.test")}
	own, other := op.subjectIn("own.test"), op.subjectIn("other.test")
	mails := []target{
		mail("own account", own, "new@own.test"), mail("other account", other, "new@other.test"),
		mail("higher rank", higherUser, "new@own.test"), mail("admin elsewhere", elsewhere, "new@own.test"),
	}
	switch {
	case strings.Contains(op.template, "{new_mail}"):
		return append(mails, mail("into another domain", own, "new@other.test"), mail("out of another domain", other, "new@own.test"))
	case strings.Contains(op.template, "{mail}"):
		return mails
	case strings.Contains(op.template, "{account}"):
		return append(append([]target{{"global", map[string]string{"account": "global"}}}, domains...), mails...)
	case strings.Contains(op.template, "{domain}"):
		return append(domains, domain("new domain", "new.test"))
	}
	return []target{{name: "no target"}}
}

func (g target) path(template string) string {
	values := map[string]string{"days": "7", "direction": "inbound", "colour": "whitelist"}
	maps.Copy(values, g.values)
	for name, v := range values {
		template = strings.ReplaceAll(template, "{"+name+"}", v)
	}
	return template
}

// homes are the domains that a role manages.
var homes = map[string][]string{"own": {"own.test", "free.test"}, "creator": {"own.test", "free.test"}, "other": {"other.test"}}

// expected says what the decided rights grant: "" or the code of the refusal.
func expected(r right, role string, g target) string {
	switch {
	case r.level == "public":
		return ""
	case role == "anonymous":
		return "LOGIN_REQUIRED"
	case role == "global" || r.level == "authenticated":
		return ""
	case r.level == "global-admin", r.level == "domain-creator" && role != "creator":
		return "PERMISSION_DENIED"
	}
	for _, name := range strings.FieldsFunc(r.targets, func(c rune) bool { return c == ',' }) {
		if name == "alias" { // that an alias domain counts as its primary domain is for tests of its own
			continue
		}
		value := g.values[name]
		if !slices.Contains(homes[role], store.DomainOf(value)) || value == higherUser || value == elsewhere {
			return "PERMISSION_DENIED"
		}
	}
	// To remove a domain is to remove the mailboxes of higher rank in it.
	if slices.Contains([]string{"deleteDomain", "deleteDomainKeepMailboxes"}, r.operation) && g.values["domain"] == "own.test" {
		return "PERMISSION_DENIED"
	}
	return ""
}

// bodyOf is a body that is right and asks for something.
func (op operation) bodyOf(g target) any {
	switch {
	case op.RequestBody == nil:
		return nil
	case op.OperationID == "login":
		return body{"username": rootMail, "password": password}
	case op.OperationID == "updateDomainAdmins":
		of := map[string]string{"other.test": otherUser, "new.test": otherUser, "own.test": plainUser, "free.test": plainUser}
		return body{"addAdmin": list{of[g.values["domain"]]}}
	}
	return op.RequestBody.Value.Content["application/json"].Schema.Value.Example
}

// call makes the call of a cell.
func (op operation) call(c *client, g target) answer {
	c.w.t.Helper()
	given := op.bodyOf(g)
	if given == nil {
		return c.send(op.method, g.path(op.template), "", "")
	}
	return c.json(op.method, g.path(op.template), given)
}

// matrix is a fixture in which every operation finds something to do, and who calls there.
type matrix struct {
	w       *fixture
	clients map[string]*client
	zone    *storetest.Zone // the DNS of the fixture and its copies
}

// matrixOn is the cast with lists and policies of all, and a domain without anybody of higher rank.
func matrixOn(t *testing.T, engine string) matrix {
	t.Helper()
	w, clients := rolesFixtureOn(t, engine)
	root := clients["global"]
	root.mustDomain("free.test", nil)
	root.must(http.StatusOK, "PUT", "/api/domain/admins/free.test", body{"addAdmin": list{ownAdmin, creator}})
	for _, d := range []string{"own.test", "other.test"} {
		if a := root.json("POST", "/api/ml/dev@"+d, body{}); !testing.Short() || a.status != http.StatusServiceUnavailable {
			require.Equal(t, http.StatusCreated, a.status, a.raw) // a quick run goes without mlmmj
		}
		if w.directory != nil {
			root.must(http.StatusCreated, "POST", "/api/maillist/board@"+d, body{})
		}
	}
	listed := contract.Components.Schemas["WblistAddresses"].Value.Example
	for account, policy := range map[string]string{
		"global": "global", "own.test": "domain/own.test", "other.test": "domain/other.test", "free.test": "domain/free.test",
		plainUser: "user/" + plainUser, otherUser: "user/" + otherUser,
	} {
		root.must(http.StatusOK, "PUT", "/api/spampolicy/"+policy, body{"spam_score": 3})
		root.must(http.StatusOK, "POST", "/api/wblist/inbound/whitelist/"+account, listed)
		root.must(http.StatusOK, "POST", "/api/greylisting/"+account, body{"status": "disable"})
	}
	zone := storetest.NewZone(t)
	w.asks(zone)
	return matrix{w, clients, zone}
}

// copy is a copy of the fixture.
func (m matrix) copy(t *testing.T) *fixture {
	t.Helper()
	w := copyFixture(t, m.w.dir)
	w.asks(m.zone)
	return w
}

// asks has the fixture look names up in a DNS, to find out who owns them.
func (w *fixture) asks(zone *storetest.Zone) {
	w.names = ownership.New(w.changes, w.deps.State, w.codes, spf.NewResolver(zone.Address),
		ownership.Options{Verify: true, InEntries: w.directory != nil, Log: w.logger})
	w.deps.Accounts, w.deps.Ownerships = w.names, w.names
	w.serve()
}

// as is the client of a role on a fixture that is a copy.
func (m matrix) as(role string, w *fixture) *client {
	return &client{w: w, cookie: m.clients[role].cookie}
}

// attempt is one call of a matrix.
type attempt struct {
	role   string
	target target
	want   string // the code of the refusal, or ""
}

// attempts are the calls of an operation by each role for each target, and what the decided rights say of them.
func (m matrix) attempts(op operation, r right) []attempt {
	var all []attempt
	for _, role := range slices.Sorted(maps.Keys(m.clients)) {
		for _, g := range op.targets() {
			all = append(all, attempt{role, g, expected(r, role, g)})
		}
	}
	return all
}

// TestAccess makes every call of the matrix. One that is refused changes nothing of all that a fixture keeps; one that is
// granted reaches its operation, and where that one writes the change is seen.
func TestAccess(t *testing.T) {
	m := matrixOn(t, "sqlite")
	decided, before, count := rights(t), everything(t, m.w), 0
	copied := everything(t, m.copy(t)) // the modes of files and the messages are others
	for _, op := range operations(contract) {
		written := false
		copies := map[string]*fixture{} // where a role makes the calls that are granted
		for _, c := range m.attempts(op, decided[op.OperationID]) {
			count++
			if c.want == "" && op.method != http.MethodGet && copies[c.role] == nil {
				copies[c.role] = m.copy(t)
			}
			t.Run(fmt.Sprintf("%s/%s/%s", op.OperationID, c.role, c.target.name), func(t *testing.T) {
				if c.want != "" {
					requireRefused(t, c.want, op, m.as(c.role, m.w), c.target)
					return
				}
				w := copies[c.role]
				if w == nil {
					w = m.w
				}
				requireReached(t, op.call(m.as(c.role, w), c.target), false)
				written = written || writesOn(op, "sqlite") && len(differences(copied, everything(t, w))) > 0
			})
		}
		if writesOn(op, "sqlite") {
			require.True(t, written, "%s is never seen to write", op.OperationID)
		}
	}
	require.Empty(t, differences(before, everything(t, m.w)), "a refused call changed something")
	storetest.Count(t, "cells of operation, role and target", count)
}

// writesOn reports whether a granted call changes something on the engine.
func writesOn(op operation, engine string) bool {
	switch {
	case op.method == http.MethodGet, op.noun() == "ml" && testing.Short(), op.noun() == "maillist" && engine != "ldap", strings.HasPrefix(op.OperationID, "verify"):
		return false
	}
	return true
}

// requireRefused makes a call on both surfaces, which has to be refused.
func requireRefused(t *testing.T, want string, op operation, c *client, g target) {
	t.Helper()
	a := op.call(c, g)
	require.Equal(t, want, a.msg(), a.raw)
	require.Equal(t, map[string]int{"LOGIN_REQUIRED": 401, "PERMISSION_DENIED": 403}[want], a.status)
	a = op.call(c.legacy(), g)
	require.Equal(t, want, a.msg(), "on the legacy surface: %s", a.raw)
}

// requireReached requires an answer that the operation itself gave: the call was granted, and nothing was wrong with it but
// that what it is for may be missing, or there already.
func requireReached(t *testing.T, a answer, directory bool) {
	t.Helper()
	good := []int{http.StatusOK, http.StatusCreated, http.StatusNotFound, http.StatusConflict}
	if testing.Short() {
		good = append(good, http.StatusServiceUnavailable) // there may be no mlmmj
	}
	if !directory {
		good = append(good, http.StatusNotImplemented)
	}
	require.Contains(t, good, a.status, a.raw)
	require.NotEqual(t, "NO_SUCH_PATH", a.msg())
}

// TestAccessOnEveryEngine makes the calls that are refused on the servers, and then those that are granted, one after another.
func TestAccessOnEveryEngine(t *testing.T) {
	for _, engine := range []string{"mysql", "postgres", "ldap"} {
		t.Run(engine, func(t *testing.T) {
			m := matrixOn(t, engine)
			decided, before, count := rights(t), everything(t, m.w), 0
			all := operations(contract)
			for _, op := range all {
				for _, c := range m.attempts(op, decided[op.OperationID]) {
					if c.want != "" {
						count++
						requireRefused(t, c.want, op, m.as(c.role, m.w), c.target)
					}
				}
			}
			require.Empty(t, differences(before, everything(t, m.w)), "a refused call changed something")
			slices.SortStableFunc(all, func(a, b operation) int { return lateness(a) - lateness(b) })
			for _, op := range all {
				written := false
				for _, c := range m.attempts(op, decided[op.OperationID]) {
					if c.want != "" || c.role != "global" && (!strings.HasPrefix(c.target.name, "own") || lateness(op) > 0) {
						continue
					}
					count++
					requireReached(t, op.call(m.as(c.role, m.w), c.target), engine == "ldap")
					if writesOn(op, engine) && !written {
						after := everything(t, m.w)
						written, before = len(differences(before, after)) > 0, after
					}
				}
				require.True(t, written || !writesOn(op, engine), "%s is never seen to write", op.OperationID)
			}
			storetest.Count(t, "cells of operation, role and target", count)
		})
	}
}

// lateness sorts operations so that those come last which take away what others need.
func lateness(op operation) int {
	switch {
	case op.OperationID == "logout":
		return 4
	case slices.Contains([]string{"deleteDomain", "deleteDomainKeepMailboxes", "deleteAdmin"}, op.OperationID):
		return 3
	case op.method == http.MethodDelete:
		return 2
	case strings.HasPrefix(op.OperationID, "rename"), op.OperationID == "updateUsers":
		return 1
	}
	return 0
}

// dump is every row of the account database, to see that nothing changed.
func dump(t *testing.T, w *fixture) map[string][]store.Record {
	t.Helper()
	var tables []string
	require.NoError(t, w.vmail.Reader().Select(t.Context(), &tables, "SELECT name FROM sqlite_master WHERE type='table' ORDER BY name"))
	rows := map[string][]store.Record{}
	for _, table := range tables {
		records, err := w.vmail.Reader().Records(t.Context(), "SELECT * FROM "+w.vmail.Reader().Quote(table)+" ORDER BY 1, 2")
		require.NoError(t, err)
		rows[table] = records
	}
	return rows
}

// parameter is one of a body that has a right of its own.
type parameter struct {
	operation
	right
	schema *openapi3.Schema
}

// guarded returns every parameter that has a right of its own.
func guarded(t *testing.T, doc *openapi3.T) []parameter {
	t.Helper()
	var all []parameter
	decided := rights(t)
	for _, op := range operations(doc) {
		given := properties(op.Operation)
		for _, name := range slices.Sorted(maps.Keys(given)) {
			if r, ok := decided[op.OperationID+"."+name]; ok {
				all = append(all, parameter{op, r, given[name]})
			}
		}
	}
	require.NotEmpty(t, all)
	return all
}

func (p parameter) String() string { return p.OperationID + "/" + p.property }

// valueFor makes a value that the schema accepts.
func valueFor(s *openapi3.Schema) any {
	for len(s.AllOf) == 1 && s.Type == nil {
		s = s.AllOf[0].Value
	}
	switch {
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.Type.Is("array"):
		return []any{}
	case s.Type.Is("integer"):
		return 1
	case s.Example != nil:
		return s.Example
	}
	return ""
}

// give calls the operation with the parameter, and what else it needs.
func (p parameter) give(c *client) answer {
	c.w.t.Helper()
	given := body{p.property: valueFor(p.schema)}
	if p.OperationID == "createUser" {
		given["password"] = password
	}
	if p.property == "primarymx" {
		given["is_backupmx"] = "yes"
	}
	g := target{values: map[string]string{"domain": "own.test", "mail": p.subjectIn("own.test")}}
	if p.OperationID == "createDomain" {
		g.values["domain"] = "new.test"
	}
	return c.json(p.method, g.path(p.template), given)
}

func TestAccessToParameters(t *testing.T) {
	m := matrixOn(t, "sqlite")
	before := everything(t, m.w)
	for _, p := range guarded(t, contract) {
		if p.level == "" {
			continue
		}
		t.Run(p.String(), func(t *testing.T) {
			for _, role := range []string{"own", "creator"} {
				refused := p.give(m.as(role, m.w))
				require.Equal(t, http.StatusForbidden, refused.status, refused.raw)
				require.Equal(t, p.property, refused.field())
			}
			w := m.copy(t)
			requireReached(t, p.give(m.as("global", w)), false)
		})
	}
	require.Empty(t, differences(before, everything(t, m.w)), "a refused call changed something")
}

// switchedOff returns a copy of the fixture in which every profile of own.test is off.
func (m matrix) switchedOff(t *testing.T) *fixture {
	t.Helper()
	w := m.copy(t)
	names := func(schema string) []any { return contract.Components.Schemas[schema].Value.Enum }
	m.as("global", w).must(http.StatusOK, "PUT", "/api/domain/own.test",
		body{"disableDomainProfile": names("DomainProfileName"), "disableUserProfile": names("UserProfileName")})
	return w
}

func TestAccessToSwitchedOffProfiles(t *testing.T) {
	m := matrixOn(t, "sqlite")
	off := m.switchedOff(t)
	before := everything(t, off)
	for _, p := range guarded(t, contract) {
		if p.profile == "" || p.OperationID == "createDomain" { // a new domain has nothing switched off
			continue
		}
		t.Run(p.String(), func(t *testing.T) {
			w := m.copy(t)
			requireReached(t, p.give(m.as("own", w)), false)
			parameter := "disableDomainProfile"
			if !strings.Contains(p.OperationID, "Domain") {
				parameter = "disableUserProfile"
			}
			m.as("global", w).must(http.StatusOK, "PUT", "/api/domain/own.test", body{parameter: list{p.profile}})
			refused := p.give(m.as("own", w))
			require.Equal(t, http.StatusForbidden, refused.status, refused.raw)
			require.Contains(t, refused.field()+" is_backupmx primarymx", p.property)
			requireReached(t, p.give(m.as("global", w)), false)
			require.Equal(t, http.StatusForbidden, p.give(m.as("own", off)).status)
		})
	}
	for _, op := range operations(contract) {
		r := rights(t)[op.OperationID]
		for _, g := range op.targets() {
			if r.profile == "" || expected(r, "own", g) != "" {
				continue
			}
			t.Run(op.OperationID+"/"+g.name, func(t *testing.T) {
				requireReached(t, op.call(m.as("own", m.copy(t)), g), false)
				if g.name == "lowly domain" {
					return // nothing is switched off there
				}
				requireRefused(t, "PERMISSION_DENIED", op, m.as("own", off), g)
			})
		}
	}
	require.Empty(t, differences(before, everything(t, off)), "a refused call changed something")
}

func TestProfilesSwitchOffWholeGroups(t *testing.T) {
	w, clients := rolesFixture(t)
	_ = w
	require.True(t, clients["own"].get("/api/throttle/own.test/inbound").ok())
	clients["global"].must(http.StatusOK, "PUT", "/api/domain/own.test",
		map[string]any{"disableDomainProfile": []string{"throttle"}, "disableUserProfile": []string{"wblist"}})
	require.Equal(t, "PERMISSION_DENIED", clients["own"].get("/api/throttle/own.test/inbound").msg())
	require.True(t, clients["own"].get("/api/throttle/"+plainUser+"/inbound").ok(), "the profile of mailboxes is another")
	require.Equal(t, "PERMISSION_DENIED", clients["own"].get("/api/wblist/inbound/whitelist/"+plainUser).msg())
	require.True(t, clients["own"].get("/api/wblist/inbound/whitelist/own.test").ok())
	require.True(t, clients["global"].get("/api/throttle/own.test/inbound").ok(), "global admins are not bound")
}
