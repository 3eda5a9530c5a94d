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

// castWorld returns a world with the cast and the clients of each role, by its name.
func castWorld(t *testing.T) (*world, map[string]*client) {
	t.Helper()
	w := newWorld(t)
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

// target is what a cell puts into the path.
type target struct {
	name   string
	values map[string]string
}

// targetsOf returns the targets of an operation, by the parameters of its path.
func targetsOf(template string) []target {
	domain := func(name, d string) target { return target{name, map[string]string{"domain": d, "account": d}} }
	mail := func(name, m, n string) target {
		return target{name, map[string]string{"mail": m, "new_mail": n, "account": m}}
	}
	domains := []target{domain("own domain", "own.test"), domain("other domain", "other.test")}
	mails := []target{
		mail("own mailbox", plainUser, "new@own.test"), mail("other mailbox", otherUser, "new@other.test"),
		mail("higher rank", higherUser, "new@own.test"), mail("admin elsewhere", elsewhere, "new@own.test"),
	}
	switch {
	case strings.Contains(template, "{new_mail}"):
		return append(mails, mail("into another domain", plainUser, "new@other.test"), mail("out of another domain", otherUser, "new@own.test"))
	case strings.Contains(template, "{mail}"):
		return mails
	case strings.Contains(template, "{account}"):
		return append(append([]target{{"global", map[string]string{"account": "global"}}}, domains...), mails...)
	case strings.Contains(template, "{domain}"):
		return domains
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

// expected says what the contract grants: "" or the code of the refusal.
func expected(op *openapi3.Operation, role string, g target) string {
	level, _ := op.Extensions["x-access"].(string)
	switch {
	case level == "public":
		return ""
	case role == "anonymous":
		return "LOGIN_REQUIRED"
	case role == "global" || level == "authenticated":
		return ""
	case level == "global-admin", level == "domain-creator" && role != "creator":
		return "PERMISSION_DENIED"
	}
	home := "own.test"
	if role == "other" {
		home = "other.test"
	}
	targets, _ := op.Extensions["x-target"].([]any)
	for _, name := range targets {
		value := g.values[name.(string)]
		if value == "global" || value[strings.LastIndex(value, "@")+1:] != home || value == higherUser || value == elsewhere {
			return "PERMISSION_DENIED"
		}
	}
	// To remove a domain is to remove the mailboxes of higher rank in it.
	if op.OperationID == "deleteDomain" || op.OperationID == "deleteDomainKeepMailboxes" {
		return "PERMISSION_DENIED"
	}
	return ""
}

func TestAccess(t *testing.T) {
	base, clients := castWorld(t)
	before := dump(t, base)
	cells := 0
	for _, template := range contract.Paths.InMatchingOrder() {
		item := contract.Paths.Value(template)
		for _, method := range slices.Sorted(maps.Keys(item.Operations())) {
			op := item.Operations()[method]
			for _, role := range slices.Sorted(maps.Keys(clients)) {
				for _, g := range targetsOf(template) {
					cells++
					t.Run(fmt.Sprintf("%s/%s/%s", op.OperationID, role, g.name), func(t *testing.T) {
						want := expected(op, role, g)
						w := base
						if want == "" && method != http.MethodGet {
							w = copyWorld(t, base.dir)
						}
						c := &client{w: w, cookie: clients[role].cookie}
						a := c.send(method, g.path(template), bodyFor(op), minimalBody(op))
						requireGranted(t, want, a)
					})
				}
			}
		}
	}
	require.Equal(t, before, dump(t, base), "a refused call changed something")
	storetest.Count(t, "cells of operation, role and target", cells)
}

func requireGranted(t *testing.T, want string, a answer) {
	t.Helper()
	if want != "" {
		require.Equal(t, want, a.msg(), a.raw)
		require.Equal(t, map[string]int{"LOGIN_REQUIRED": 401, "PERMISSION_DENIED": 403}[want], a.status)
		return
	}
	require.NotContains(t, []string{"LOGIN_REQUIRED", "PERMISSION_DENIED", "INTERNAL_ERROR"}, a.msg(), a.raw)
}

// bodyFor and minimalBody make a body that asks for nothing where that is possible.
func bodyFor(op *openapi3.Operation) string {
	if op.RequestBody == nil {
		return ""
	}
	return "application/json"
}

func minimalBody(op *openapi3.Operation) string {
	switch {
	case op.RequestBody == nil:
		return ""
	case op.OperationID == "createUser" || op.OperationID == "createAdmin":
		return `{"password":"` + password + `"}`
	case op.OperationID == "login":
		return `{"username":"nobody@nowhere.test","password":"wrong"}`
	case op.RequestBody.Value.Required:
		return `{"password":"wrong","period":60}`
	}
	return `{}`
}

// dump is every row of the account database, to see that nothing changed.
func dump(t *testing.T, w *world) map[string][]store.Record {
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

// property is a parameter with a right of its own.
type property struct {
	operation, method, template, name string
	access, profile                   string
	value                             any
}

// guarded returns every parameter of the account groups that has a right of its own.
func guarded(t *testing.T) []property {
	t.Helper()
	var all []property
	for template, item := range contract.Paths.Map() {
		for method, op := range item.Operations() {
			if op.RequestBody == nil {
				continue
			}
			for name, ref := range op.RequestBody.Value.Content["application/json"].Schema.Value.Properties {
				access, _ := ref.Value.Extensions["x-access"].(string)
				profile, _ := ref.Value.Extensions["x-profile"].(string)
				if access != "" || profile != "" {
					all = append(all, property{op.OperationID, method, template, name, access, profile, valueFor(ref.Value)})
				}
			}
		}
	}
	require.NotEmpty(t, all)
	return all
}

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

// given is the body that names the parameter, with what else it needs.
func (p property) given() map[string]any {
	body := map[string]any{p.name: p.value}
	if p.operation == "createUser" {
		body["password"] = password
	}
	if p.name == "primarymx" {
		body["is_backupmx"] = "yes"
	}
	return body
}

func (p property) path() string {
	return target{values: map[string]string{"domain": "own.test", "mail": plainUser}}.path(p.template)
}

func TestAccessToParameters(t *testing.T) {
	base, clients := castWorld(t)
	for _, p := range guarded(t) {
		if p.access == "" {
			continue
		}
		t.Run(p.operation+"/"+p.name, func(t *testing.T) {
			w := copyWorld(t, base.dir)
			before := dump(t, w)
			refused := (&client{w: w, cookie: clients["own"].cookie}).json(p.method, p.path(), p.given())
			require.Equal(t, http.StatusForbidden, refused.status, refused.raw)
			require.Equal(t, p.name, refused.field())
			require.Equal(t, before, dump(t, w))
			granted := (&client{w: w, cookie: clients["global"].cookie}).json(p.method, p.path(), p.given())
			require.NotEqual(t, http.StatusForbidden, granted.status, granted.raw)
			require.NotEqual(t, "INTERNAL_ERROR", granted.msg())
		})
	}
}

func TestAccessToSwitchedOffProfiles(t *testing.T) {
	base, clients := castWorld(t)
	for _, p := range guarded(t) {
		if p.profile == "" || p.operation == "createDomain" {
			continue
		}
		t.Run(p.operation+"/"+p.name, func(t *testing.T) {
			w := copyWorld(t, base.dir)
			own, root := &client{w: w, cookie: clients["own"].cookie}, &client{w: w, cookie: clients["global"].cookie}
			before := own.json(p.method, p.path(), p.given())
			require.NotEqual(t, http.StatusForbidden, before.status, before.raw)
			parameter := "disableDomainProfile"
			if !strings.Contains(p.operation, "Domain") {
				parameter = "disableUserProfile"
			}
			root.must(http.StatusOK, "PUT", "/api/domain/own.test", map[string]any{parameter: []string{p.profile}})
			refused := own.json(p.method, p.path(), p.given())
			require.Equal(t, http.StatusForbidden, refused.status, refused.raw)
			require.Contains(t, refused.field()+" is_backupmx primarymx", p.name)
			granted := root.json(p.method, p.path(), p.given())
			require.NotEqual(t, http.StatusForbidden, granted.status, granted.raw)
		})
	}
}

func TestProfilesSwitchOffWholeGroups(t *testing.T) {
	w, clients := castWorld(t)
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
