package access_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store/storetest"
)

// TestAccess makes every call of the matrix. One that is refused changes nothing of all that a fixture keeps; one that is
// granted reaches its operation, and where that one writes the change is seen.
func TestAccess(t *testing.T) {
	m := servertest.MatrixOn(t, "sqlite")
	decided, before, count := rights(t), servertest.Everything(t, m.W), 0
	copied := servertest.Everything(t, m.Copy(t)) // the modes of files and the messages are others
	for _, op := range servertest.Operations(servertest.Contract) {
		written := false
		copies := map[string]*servertest.Fixture{} // where a role makes the calls that are granted
		for _, c := range m.Attempts(op, decided[op.OperationID]) {
			count++
			if c.Want == "" && op.Method != http.MethodGet && copies[c.Role] == nil {
				copies[c.Role] = m.Copy(t)
			}
			t.Run(fmt.Sprintf("%s/%s/%s", op.OperationID, c.Role, c.Target.Name), func(t *testing.T) {
				if c.Want != "" {
					requireRefused(t, c.Want, op, m.As(c.Role, m.W), c.Target)
					return
				}
				w := copies[c.Role]
				if w == nil {
					w = m.W
				}
				requireReached(t, op.Call(m.As(c.Role, w), c.Target), false)
				written = written || writesOn(op, "sqlite") && len(servertest.Differences(copied, servertest.Everything(t, w))) > 0
			})
		}
		if writesOn(op, "sqlite") {
			require.True(t, written, "%s is never seen to write", op.OperationID)
		}
	}
	require.Empty(t, servertest.Differences(before, servertest.Everything(t, m.W)), "a refused call changed something")
	storetest.Count(t, "cells of operation, role and target", count)
}

// writesOn reports whether a granted call changes something on the engine.
func writesOn(op servertest.Operation, engine string) bool {
	switch {
	case op.Method == http.MethodGet, op.Noun() == "ml" && testing.Short(), op.Noun() == "maillist" && engine != "ldap", strings.HasPrefix(op.OperationID, "verify"):
		return false
	}
	return true
}

// requireRefused makes a call on both surfaces, which has to be refused.
func requireRefused(t *testing.T, want string, op servertest.Operation, c *servertest.Client, g servertest.Target) {
	t.Helper()
	a := op.Call(c, g)
	require.Equal(t, want, a.Msg(), a.Raw)
	require.Equal(t, map[string]int{"LOGIN_REQUIRED": 401, "PERMISSION_DENIED": 403}[want], a.Status)
	a = op.Call(c.Legacy(), g)
	require.Equal(t, want, a.Msg(), "on the legacy surface: %s", a.Raw)
}

// requireReached requires an answer that the operation itself gave: the call was granted, and nothing was wrong with it but
// that what it is for may be missing, or there already.
func requireReached(t *testing.T, a servertest.Answer, directory bool) {
	t.Helper()
	good := []int{http.StatusOK, http.StatusCreated, http.StatusNotFound, http.StatusConflict}
	if testing.Short() {
		good = append(good, http.StatusServiceUnavailable) // there may be no mlmmj
	}
	if !directory {
		good = append(good, http.StatusNotImplemented)
	}
	require.Contains(t, good, a.Status, a.Raw)
	require.NotEqual(t, "NO_SUCH_PATH", a.Msg())
}

// TestAccessOnEveryEngine makes the calls that are refused on the servers, and then those that are granted, one after another.
func TestAccessOnEveryEngine(t *testing.T) {
	for _, engine := range []string{"mysql", "postgres", "ldap"} {
		t.Run(engine, func(t *testing.T) {
			m := servertest.MatrixOn(t, engine)
			decided, before, count := rights(t), servertest.Everything(t, m.W), 0
			all := servertest.Operations(servertest.Contract)
			for _, op := range all {
				for _, c := range m.Attempts(op, decided[op.OperationID]) {
					if c.Want != "" {
						count++
						requireRefused(t, c.Want, op, m.As(c.Role, m.W), c.Target)
					}
				}
			}
			require.Empty(t, servertest.Differences(before, servertest.Everything(t, m.W)), "a refused call changed something")
			slices.SortStableFunc(all, func(a, b servertest.Operation) int { return servertest.Lateness(a) - servertest.Lateness(b) })
			for _, op := range all {
				written := false
				for _, c := range m.Attempts(op, decided[op.OperationID]) {
					if c.Want != "" || c.Role != "global" && (!strings.HasPrefix(c.Target.Name, "own") || servertest.Lateness(op) > 0) {
						continue
					}
					count++
					requireReached(t, op.Call(m.As(c.Role, m.W), c.Target), engine == "ldap")
					if writesOn(op, engine) && !written {
						after := servertest.Everything(t, m.W)
						written, before = len(servertest.Differences(before, after)) > 0, after
					}
				}
				require.True(t, written || !writesOn(op, engine), "%s is never seen to write", op.OperationID)
			}
			storetest.Count(t, "cells of operation, role and target", count)
		})
	}
}

// parameter is one of a body that has a right of its own.
type parameter struct {
	servertest.Operation
	servertest.Right
	schema *openapi3.Schema
}

// guarded returns every parameter that has a right of its own.
func guarded(t *testing.T, doc *openapi3.T) []parameter {
	t.Helper()
	var all []parameter
	decided := rights(t)
	for _, op := range servertest.Operations(doc) {
		given := servertest.Properties(op.Operation)
		for _, name := range slices.Sorted(maps.Keys(given)) {
			if r, ok := decided[op.OperationID+"."+name]; ok {
				all = append(all, parameter{op, r, given[name]})
			}
		}
	}
	require.NotEmpty(t, all)
	return all
}

func (p parameter) String() string { return p.OperationID + "/" + p.Property }

// valueFor makes a value that the schema accepts, and that nothing has already: such a one would count as not sent.
func valueFor(s *openapi3.Schema) any {
	for len(s.AllOf) == 1 && s.Type == nil {
		s = s.AllOf[0].Value
	}
	switch {
	case len(s.Enum) > 0 && s.Enum[0] == "active":
		return "disabled"
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.Type.Is("integer"):
		return 17
	case s.Example == "dovecot":
		return "relay:[mx.example.net]:25"
	case s.Example != nil:
		return s.Example
	case s.Type.Is("array"):
		return []any{s.Items.Value.Example}
	}
	return ""
}

// give calls the operation with the parameter, and what else it needs.
func (p parameter) give(c *servertest.Client) servertest.Answer {
	c.W.T.Helper()
	given := servertest.Body{p.Property: valueFor(p.schema)}
	if p.Property == "aliases" || p.Property == "addAlias" {
		given[p.Property] = []any{"further@own.test"}
	}
	if p.OperationID == "createUser" {
		given["password"] = servertest.Password
	}
	if p.Property == "primarymx" {
		given["is_backupmx"] = "yes"
	}
	g := servertest.Target{Values: map[string]string{"domain": "own.test", "mail": p.SubjectIn("own.test")}}
	if p.OperationID == "createDomain" {
		g.Values["domain"] = "new.test"
	}
	return c.JSON(p.Method, g.Path(p.Template), given)
}

func TestAccessToParameters(t *testing.T) {
	m := servertest.MatrixOn(t, "sqlite")
	before := servertest.Everything(t, m.W)
	for _, p := range guarded(t, servertest.Contract) {
		if p.Level == "" {
			continue
		}
		t.Run(p.String(), func(t *testing.T) {
			for _, role := range []string{"own", "creator"} {
				refused := p.give(m.As(role, m.W))
				require.Equal(t, http.StatusForbidden, refused.Status, refused.Raw)
				if role == "own" && p.OperationID == "createDomain" { // who creates none at all
					continue
				}
				require.Equal(t, p.Property, refused.Field())
			}
			w := m.Copy(t)
			requireReached(t, p.give(m.As("global", w)), false)
		})
	}
	require.Empty(t, servertest.Differences(before, servertest.Everything(t, m.W)), "a refused call changed something")
}

func TestAccessToSwitchedOffProfiles(t *testing.T) {
	m := servertest.MatrixOn(t, "sqlite")
	off := m.SwitchedOff(t)
	before := servertest.Everything(t, off)
	for _, p := range guarded(t, servertest.Contract) {
		if p.Profile == "" || p.OperationID == "createDomain" { // a new domain has nothing switched off
			continue
		}
		t.Run(p.String(), func(t *testing.T) {
			requireReached(t, p.give(m.As("own", m.Copy(t))), false)
			w := m.Copy(t)
			parameter := "disableDomainProfile"
			if !strings.Contains(p.OperationID, "Domain") {
				parameter = "disableUserProfile"
			}
			m.As("global", w).Must(http.StatusOK, "PUT", "/api/domain/own.test", servertest.Body{parameter: servertest.List{p.Profile}})
			refused := p.give(m.As("own", w))
			require.Equal(t, http.StatusForbidden, refused.Status, refused.Raw)
			require.Contains(t, refused.Field()+" is_backupmx primarymx", p.Property)
			requireReached(t, p.give(m.As("global", w)), false)
			require.Equal(t, http.StatusForbidden, p.give(m.As("own", off)).Status)
		})
	}
	for _, op := range servertest.Operations(servertest.Contract) {
		r := rights(t)[op.OperationID]
		for _, g := range op.Targets() {
			if r.Profile == "" || servertest.Expected(r, "own", g) != "" {
				continue
			}
			t.Run(op.OperationID+"/"+g.Name, func(t *testing.T) {
				requireReached(t, op.Call(m.As("own", m.Copy(t)), g), false)
				if g.Name == "lowly domain" {
					return // nothing is switched off there
				}
				requireRefused(t, "PERMISSION_DENIED", op, m.As("own", off), g)
			})
		}
	}
	require.Empty(t, servertest.Differences(before, servertest.Everything(t, off)), "a refused call changed something")
}

func TestProfilesSwitchOffWholeGroups(t *testing.T) {
	w, clients := servertest.RolesFixture(t)
	_ = w
	require.True(t, clients["own"].Get("/api/throttle/own.test/inbound").OK())
	clients["global"].Must(http.StatusOK, "PUT", "/api/domain/own.test",
		map[string]any{"disableDomainProfile": []string{"throttle"}, "disableUserProfile": []string{"wblist"}})
	require.Equal(t, "PERMISSION_DENIED", clients["own"].Get("/api/throttle/own.test/inbound").Msg())
	require.True(t, clients["own"].Get("/api/throttle/"+servertest.PlainUser+"/inbound").OK(), "the profile of mailboxes is another")
	require.Equal(t, "PERMISSION_DENIED", clients["own"].Get("/api/wblist/inbound/whitelist/"+servertest.PlainUser).Msg())
	require.True(t, clients["own"].Get("/api/wblist/inbound/whitelist/own.test").OK())
	require.True(t, clients["global"].Get("/api/throttle/own.test/inbound").OK(), "global admins are not bound")
}
