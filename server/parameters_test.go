package server_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// accountGroups are the groups of the published table whose parameters are proven here.
var accountGroups = []string{"Login", "Domain", "Domain Admin", "Mail User", "Mail Alias", "Subscribable Mailing List"}

// effectCase shows that a parameter of an operation does what it says.
type effectCase struct {
	operation string // method and path of the published table
	parameter string
	run       func(t *testing.T, v session)
}

// session is a fixture of its own, and the global admin's way into it by one of the surfaces.
type session struct {
	*client
	forms bool // bodies are forms
}

// write sends parameters in the manner of the surface: as JSON, or as the form that says the same. Nil is no body.
func (v session) write(method, path string, values body) answer {
	v.w.t.Helper()
	if values == nil {
		return v.send(method, path, "", "")
	}
	if !v.forms {
		return v.json(method, path, values)
	}
	return v.form(method, path, values.form(v.w.t))
}

// status is that of the surface: the legacy one has a single status for what a program may get wrong.
func (v session) status(strict int) int {
	if v.forms {
		return http.StatusOK
	}
	return strict
}

// body is the parameters of a request.
type body map[string]any

// form is the body as a form: lists comma-joined, null empty.
func (b body) form(t testing.TB) url.Values {
	t.Helper()
	values := url.Values{}
	for name, value := range b {
		switch value := value.(type) {
		case nil:
			values.Set(name, "")
		case list:
			items := make([]string, len(value))
			for i, item := range value {
				items[i] = fmt.Sprint(item)
			}
			values.Set(name, strings.Join(items, ","))
		case string, int:
			values.Set(name, fmt.Sprint(value))
		default:
			require.Fail(t, "no form for this value", "%s: %T", name, value)
		}
	}
	return values
}

// list is a list in a body, or what is expected to come back as one.
type list []any

// effects are all there are.
func effects() []effectCase {
	all := slices.Concat(loginCases, selectionCases, verificationCases, retentionCases)
	for _, p := range slices.Concat(domainParameters, adminParameters, userParameters, aliasParameters) {
		all = append(all, p.effects()...)
	}
	return all
}

// parameterFixture holds example.com with the alias domain example.net, the mailboxes anna and ben and the alias sales,
// other.test with the mailbox zoe, and the standalone admins ada and max.
func parameterFixture(t *testing.T) *fixture {
	t.Helper()
	w := newFixture(t)
	seed(w)
	return w
}

// seed fills a fresh fixture as parameterFixture says.
func seed(w *fixture) {
	w.t.Helper()
	root := w.root()
	root.mustDomain("example.com", nil)
	root.mustDomain("other.test", nil)
	for _, mail := range []string{"anna@example.com", "ben@example.com", "zoe@other.test"} {
		root.mustUser(mail, nil)
	}
	root.must(http.StatusOK, "PUT", "/api/domain/example.com", body{"aliasDomains": list{"example.net"}})
	root.must(http.StatusCreated, "POST", "/api/alias/sales@example.com", body{})
	for _, mail := range []string{"ada@admins.test", "max@admins.test"} {
		root.must(http.StatusCreated, "POST", "/api/admin/"+mail, body{"password": password})
	}
}

// bothSurfaces runs a test in fixtures of its own: through the strict surface with JSON, through the legacy one with
// forms.
func bothSurfaces(t *testing.T, base *fixture, name string, test func(t *testing.T, v session)) {
	t.Helper()
	onSurfaces(t, base, name, func(t *testing.T) *fixture { t.Helper(); return copyFixture(t, base.dir) }, test)
}

// onSurfaces is bothSurfaces that opens the copies of the fixture by a function.
func onSurfaces(t *testing.T, base *fixture, name string, open func(t *testing.T) *fixture, test func(t *testing.T, v session)) {
	t.Helper()
	cookie := base.root().cookie
	for _, surface := range []string{"strict", "legacy"} {
		t.Run(surface+"/"+name, func(t *testing.T) {
			v := session{client: &client{w: open(t), cookie: cookie}}
			if surface == "legacy" {
				v = session{client: v.legacy(), forms: true}
			}
			test(t, v)
		})
	}
}

func TestParameters(t *testing.T) {
	base := parameterFixture(t)
	for _, p := range effects() {
		bothSurfaces(t, base, p.operation+" "+p.parameter, p.run)
	}
}

// TestEveryParameterIsProven compares the effects with the published table and our own additions to it, in both directions.
func TestEveryParameterIsProven(t *testing.T) {
	proven := map[string]bool{}
	for _, p := range slices.Concat(effects(), listCases()) {
		name := p.operation + " " + p.parameter
		require.False(t, proven[name], "%s is proven twice", name)
		proven[name] = true
	}
	wanted := map[string]bool{}
	for _, row := range publishedAccounts(t) {
		parameters := row.parameters
		if strings.Contains(row.path, "<number>") {
			parameters = append(slices.Clone(parameters), "<number>")
		}
		for _, parameter := range slices.Concat(parameters, row.additions()) {
			name := row.method + " " + row.path + " " + parameter
			wanted[name] = true
			require.True(t, proven[name], "nothing proves %s", name)
		}
	}
	for name := range proven {
		require.True(t, wanted[name], "%s is proven, but neither published nor marked x-postern", name)
	}
}

// publishedAccounts are the rows of the published table that belong to accountGroups.
func publishedAccounts(t *testing.T) []tableRow {
	t.Helper()
	seen := map[string]bool{}
	rows := slices.DeleteFunc(published(t), func(row tableRow) bool {
		group := routeOf(row.method, row.sample()).Operation.Tags[0]
		seen[group] = true
		return !slices.Contains(accountGroups, group)
	})
	for _, group := range accountGroups {
		require.True(t, seen[group], "there is no group %s", group)
	}
	return rows
}

// parameters are the cases of one operation.
type parameters struct {
	operation string
	// subject is the account or domain that the operation is about. "#" becomes the number of the step, where each
	// step makes an account of its own.
	subject string
	read    string // the path, without the subject, of what shows the outcome
	cases   []parameterCase
}

// parameterCase sets a parameter, changes it and clears it, and looks each time at what the API shows and at what the
// tables hold.
type parameterCase struct {
	name   string
	before body // what the same operation is given first
	beside body // what each step gives besides
	shown  func(v session, path, subject string) any
	stored func(v session, subject string) any
	steps  []step
}

// step gives a value, or a body with more than that, and expects what comes of it.
type step struct{ give, shown, stored any }

// same expects the value itself to be shown and stored.
func same(value any) step { return step{value, value, value} }

// becomes expects another value to be both shown and stored.
func becomes(give, want any) step { return step{give, want, want} }

func (p parameters) effects() []effectCase {
	var all []effectCase
	for _, c := range p.cases {
		all = append(all, effectCase{p.operation, c.name, func(t *testing.T, v session) { p.play(t, v, c) }})
	}
	return all
}

func (p parameters) play(t *testing.T, v session, c parameterCase) {
	t.Helper()
	if c.before != nil {
		requireDone(t, p.call(v, 0, c.before))
	}
	for i, s := range c.steps {
		requireDone(t, p.call(v, i, c.givenIn(s)))
		subject := p.subjectOf(i)
		requireSame(t, s.shown, c.shown(v, p.read+subject, subject), "shown after step %d, %v", i, s.give)
		requireSame(t, s.stored, c.stored(v, subject), "stored after step %d, %v", i, s.give)
	}
}

// givenIn is the whole body of a step.
func (c parameterCase) givenIn(s step) body {
	given := maps.Clone(c.beside)
	if given == nil {
		given = body{}
	}
	if whole, ok := s.give.(body); ok {
		maps.Copy(given, whole)
	} else {
		given[c.name] = s.give
	}
	return given
}

func (p parameters) subjectOf(step int) string {
	return strings.ReplaceAll(p.subject, "#", fmt.Sprint(step))
}

func (p parameters) call(v session, step int, given body) answer {
	v.w.t.Helper()
	method, path, _ := strings.Cut(p.operation, " ")
	return v.write(method, placeholder.ReplaceAllLiteralString(path, p.subjectOf(step)), given)
}

// requireDone expects success, without anything left out.
func requireDone(t *testing.T, a answer) {
	t.Helper()
	require.True(t, a.ok(), a.raw)
	require.NotContains(t, a.body, "_discarded")
}

// requireSame compares values of JSON with those of Go and of the tables.
func requireSame(t *testing.T, want, got any, message string, args ...any) {
	t.Helper()
	encoded := func(v any) string {
		raw, err := json.Marshal(v)
		require.NoError(t, err)
		return string(raw)
	}
	require.Equal(t, encoded(want), encoded(got), "%s", fmt.Sprintf(message, args...))
}

// show reads the account or domain at the path.
func (v session) show(path string) map[string]any {
	v.w.t.Helper()
	a := v.get(path)
	require.True(v.w.t, a.ok(), a.raw)
	return a.data()
}

// key is a value of what a GET shows.
func key(name string) func(v session, path, subject string) any {
	return func(v session, path, _ string) any { return v.show(path)[name] }
}

// keys are several values of what a GET shows.
func keys(names ...string) func(v session, path, subject string) any {
	return func(v session, path, _ string) any {
		shown, values := v.show(path), list{}
		for _, name := range names {
			values = append(values, shown[name])
		}
		return values
	}
}

// setting is a value of the settings in what a GET shows.
func setting(name string) func(v session, path, subject string) any {
	return func(v session, path, _ string) any {
		settings, ok := v.show(path)["settings"].(map[string]any)
		require.True(v.w.t, ok, "settings are an object")
		return settings[name]
	}
}

// cell is the value that a query finds for the subject, nil when there is no row. Several columns make a list.
func cell(query string) func(v session, subject string) any {
	return func(v session, subject string) any {
		found := v.rows(query, subject)
		require.LessOrEqual(v.w.t, len(found), 1, "one row at most: %s", query)
		if len(found) == 0 {
			return nil
		}
		return found[0]
	}
}

// rows are the values that a query finds for the subject.
func rows(query string) func(v session, subject string) any {
	return func(v session, subject string) any { return v.rows(query, subject) }
}

func (v session) rows(query, subject string) list {
	v.w.t.Helper()
	args := slices.Repeat([]any{subject}, strings.Count(query, "?"))
	records, err := v.w.vmail.Reader().Records(v.w.t.Context(), query, args...)
	require.NoError(v.w.t, err)
	found := list{}
	for _, r := range records {
		found = append(found, valuesOf(r))
	}
	return found
}

// valuesOf is the value of a row with one column, or the list of all its values.
func valuesOf(r store.Record) any {
	values := list{}
	for _, f := range r {
		values = append(values, f.Value)
	}
	if len(values) == 1 {
		return values[0]
	}
	return values
}
