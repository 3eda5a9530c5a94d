package access_test

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/server"
	specs "github.com/postern-mail/postern/server/contract"
	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store/storetest"
)

// TestEveryRightIsTested lowers or removes each x-access, x-target and x-profile of the contract in turn, and requires that
// the tests of rights notice: the comparison with the decided rights, and a call that is granted although it must not be,
// unless the server does not even start. A quick run takes one in ten.
func TestEveryRightIsTested(t *testing.T) {
	m := servertest.MatrixOn(t, "sqlite")
	x := &trial{clients: m.Clients, on: newStage(t, m.W), off: newStage(t, m.SwitchedOff(t)), decided: rights(t), doc: loadedContract(t)}
	count, survivors := 0, []string{}
	for i, l := range lowerings(x.doc) {
		if testing.Short() && i%10 > 0 {
			continue
		}
		count++
		stated := l.extensions[l.key]
		l.apply()
		if len(otherRights(x.decided, x.doc)) == 0 {
			survivors = append(survivors, l.name+" is as decided")
		}
		if !x.notices(t, l) && beside[l.name] == "" {
			survivors = append(survivors, l.name+" changes no answer")
		}
		l.extensions[l.key] = stated
	}
	require.Empty(t, otherRights(x.decided, x.doc), "the contract is as before")
	storetest.Count(t, "rights lowered or removed, survivors: "+strings.Trim(fmt.Sprint(survivors), "[]"), count)
	require.Empty(t, survivors)
}

// beside are the rights that no answer depends on, and why.
var beside = map[string]string{
	"createDomain.language without x-profile":     newDomain,
	"createDomain.defaultQuota without x-profile": newDomain,
	"createDomain.transport without x-profile":    newDomain,
	"createDomain.senderBcc without x-profile":    newDomain,
	"createDomain.recipientBcc without x-profile": newDomain,
	"updateDomain.primarymx without x-profile":    "it only comes with is_backupmx, which has the same profile",
}

const newDomain = "nothing is switched off in a domain that is being made"

func loadedContract(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(gen.SpecJSON)
	require.NoError(t, err)
	return doc
}

// lowering is one right of a contract that is lowered or removed.
type lowering struct {
	name       string
	operations []servertest.Operation // what it is about
	property   string                 // or ""
	extensions map[string]any
	key        string
	value      any // nil removes it
}

func (l lowering) apply() {
	if l.value == nil {
		delete(l.extensions, l.key)
		return
	}
	l.extensions[l.key] = l.value
}

// lowerings are all that can be made of a contract. A schema that several operations share is lowered for all of them.
func lowerings(doc *openapi3.T) []lowering {
	var all []lowering
	shared := map[*openapi3.Schema][]servertest.Operation{}
	for _, op := range servertest.Operations(doc) {
		all = append(all, lowered(op.OperationID, "", []servertest.Operation{op}, op.Extensions)...)
		for _, schema := range servertest.Properties(op.Operation) {
			shared[schema] = append(shared[schema], op)
		}
	}
	for _, op := range servertest.Operations(doc) {
		given := servertest.Properties(op.Operation)
		for _, name := range slices.Sorted(maps.Keys(given)) {
			if users := shared[given[name]]; users[0].Operation == op.Operation {
				all = append(all, lowered(op.OperationID+"."+name, name, users, given[name].Extensions)...)
			}
		}
	}
	return all
}

func lowered(name, property string, users []servertest.Operation, extensions map[string]any) []lowering {
	var all []lowering
	add := func(how, key string, value any) {
		all = append(all, lowering{name + " " + how, users, property, extensions, key, value})
	}
	for _, key := range []string{"x-access", "x-target", "x-profile"} {
		if extensions[key] != nil {
			add("without "+key, key, nil)
		}
	}
	level, _ := extensions["x-access"].(string)
	for _, lower := range specs.Levels[:max(0, slices.Index(specs.Levels, specs.Level(level)))] {
		add("for "+string(lower), "x-access", string(lower))
	}
	targets, _ := extensions["x-target"].([]any)
	for i := range targets {
		if rest := slices.Concat(targets[:i], targets[i+1:]); len(rest) > 0 {
			add(fmt.Sprint("without the target ", targets[i]), "x-target", rest)
		}
	}
	return all
}

// stage is a fixture that is put back after a call that may have changed it.
type stage struct {
	w    *servertest.Fixture
	kept string // a copy of it
}

func newStage(t *testing.T, w *servertest.Fixture) *stage {
	t.Helper()
	kept := t.TempDir()
	require.NoError(t, os.CopyFS(kept, os.DirFS(w.Dir)))
	return &stage{w, kept}
}

// serve is the fixture under a contract.
func (s *stage) serve(doc *openapi3.T) (*servertest.Fixture, error) {
	served, err := server.NewFor(doc, s.w.Deps)
	if err != nil {
		return nil, err
	}
	w := *s.w
	w.Handler = served.Handler()
	return &w, nil
}

// putBack is called after a call that was not refused.
func (s *stage) putBack(t *testing.T, op servertest.Operation) {
	t.Helper()
	if op.Method != http.MethodGet {
		s.w = servertest.CopyFixture(t, s.kept)
	}
}

// trial is where lowered contracts are served.
type trial struct {
	clients map[string]*servertest.Client
	on, off *stage // where every profile is on, and off
	decided map[string]servertest.Right
	doc     *openapi3.T
}

// notices reports whether an answer differs from what was decided.
func (x *trial) notices(t *testing.T, l lowering) bool {
	t.Helper()
	on, err := x.on.serve(x.doc)
	if err != nil {
		return true // the server does not start
	}
	off, err := x.off.serve(x.doc)
	require.NoError(t, err)
	for _, op := range l.operations {
		if l.property == "" && x.grants(t, op, on, off) || l.property != "" && x.takes(t, op, l.property, on, off) {
			return true
		}
	}
	return false
}

// grants reports whether a call of the operation that was to be refused is not.
func (x *trial) grants(t *testing.T, op servertest.Operation, on, off *servertest.Fixture) bool {
	t.Helper()
	r := x.decided[op.OperationID]
	for _, c := range (servertest.Matrix{Clients: x.clients}).Attempts(op, r) {
		if c.Want != "" && op.Call(&servertest.Client{W: on, Cookie: x.clients[c.Role].Cookie}, c.Target).Msg() != c.Want {
			x.on.putBack(t, op)
			return true
		}
		if c.Want == "" && c.Role == "own" && r.Profile != "" && c.Target.Name != "lowly domain" &&
			op.Call(&servertest.Client{W: off, Cookie: x.clients["own"].Cookie}, c.Target).Msg() != "PERMISSION_DENIED" {
			x.off.putBack(t, op)
			return true
		}
	}
	return false
}

// takes reports whether a parameter is taken that was to be refused.
func (x *trial) takes(t *testing.T, op servertest.Operation, name string, on, off *servertest.Fixture) bool {
	t.Helper()
	p := parameter{op, x.decided[op.OperationID+"."+name], servertest.Properties(op.Operation)[name]}
	for _, role := range []string{"own", "creator"} {
		if p.Level != "" && p.give(&servertest.Client{W: on, Cookie: x.clients[role].Cookie}).Msg() != "PERMISSION_DENIED" {
			x.on.putBack(t, op)
			return true
		}
	}
	if p.Profile != "" && p.give(&servertest.Client{W: off, Cookie: x.clients["own"].Cookie}).Msg() != "PERMISSION_DENIED" {
		x.off.putBack(t, op)
		return true
	}
	return false
}
