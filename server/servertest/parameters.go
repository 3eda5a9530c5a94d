package servertest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// EffectCase shows that a parameter of an operation does what it says.
type EffectCase struct {
	Operation string // method and path of the published table
	Parameter string
	Run       func(t *testing.T, v Session)
}

// Session is a fixture of its own, and the global admin's way into it by one of the surfaces.
type Session struct {
	*Client
	Forms bool // bodies are forms
}

// Write sends parameters in the manner of the surface: as JSON, or as the form that says the same. Nil is no body.
func (v Session) Write(method, path string, values Body) Answer {
	v.W.T.Helper()
	if values == nil {
		return v.Send(method, path, "", "")
	}
	if !v.Forms {
		return v.JSON(method, path, values)
	}
	return v.Form(method, path, values.Form(v.W.T))
}

// Status is that of the surface: the legacy one has a single status for what a program may get wrong.
func (v Session) Status(strict int) int {
	if v.Forms {
		return http.StatusOK
	}
	return strict
}

// Body is the parameters of a request.
type Body map[string]any

// Form is the body as a form: lists comma-joined, null empty.
func (b Body) Form(t testing.TB) url.Values {
	t.Helper()
	values := url.Values{}
	for name, value := range b {
		switch value := value.(type) {
		case nil:
			values.Set(name, "")
		case []any:
			values[name] = Body{name: List(value)}.Form(t)[name]
		case float64:
			values.Set(name, strconv.FormatFloat(value, 'f', -1, 64))
		case List:
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

// List is a list in a body, or what is expected to come back as one.
type List []any

// Seed fills a fresh fixture as parameterFixture says.
func Seed(w *Fixture) {
	w.T.Helper()
	root := w.Root()
	root.MustDomain("example.com", nil)
	root.MustDomain("other.test", nil)
	for _, mail := range []string{"anna@example.com", "ben@example.com", "zoe@other.test"} {
		root.MustUser(mail, nil)
	}
	root.Must(http.StatusOK, "PUT", "/api/domain/example.com", Body{"aliasDomains": List{"example.net"}})
	root.Must(http.StatusCreated, "POST", "/api/alias/sales@example.com", Body{})
	for _, mail := range []string{"ada@admins.test", "max@admins.test"} {
		root.Must(http.StatusCreated, "POST", "/api/admin/"+mail, Body{"password": Password})
	}
}

// Parameters are the cases of one operation.
type Parameters struct {
	Operation string
	// subject is the account or domain that the operation is about. "#" becomes the number of the step, where each
	// step makes an account of its own.
	Subject string
	Read    string // the path, without the subject, of what shows the outcome
	Cases   []parameterCase
}

// parameterCase sets a parameter, changes it and clears it, and looks each time at what the API shows and at what the
// tables hold.
type parameterCase struct {
	Name   string
	Before Body // what the same operation is given first
	beside Body // what each step gives besides
	shown  func(v Session, path, subject string) any
	stored func(v Session, subject string) any
	Steps  []Step
}

// Step gives a value, or a body with more than that, and expects what comes of it.
type Step struct{ Give, shown, stored any }

// same expects the value itself to be shown and stored.
func same(value any) Step { return Step{value, value, value} }

// becomes expects another value to be both shown and stored.
func becomes(give, want any) Step { return Step{give, want, want} }

func (p Parameters) Effects() []EffectCase {
	var all []EffectCase
	for _, c := range p.Cases {
		all = append(all, EffectCase{p.Operation, c.Name, func(t *testing.T, v Session) { p.play(t, v, c) }})
	}
	return all
}

func (p Parameters) play(t *testing.T, v Session, c parameterCase) {
	t.Helper()
	if c.Before != nil {
		RequireDone(t, p.Call(v, 0, c.Before))
	}
	for i, s := range c.Steps {
		RequireDone(t, p.Call(v, i, c.GivenIn(s)))
		subject := p.SubjectOf(i)
		RequireSame(t, s.shown, c.shown(v, p.Read+subject, subject), "shown after step %d, %v", i, s.Give)
		RequireSame(t, s.stored, c.stored(v, subject), "stored after step %d, %v", i, s.Give)
	}
}

// GivenIn is the whole body of a step.
func (c parameterCase) GivenIn(s Step) Body {
	given := maps.Clone(c.beside)
	if given == nil {
		given = Body{}
	}
	if whole, ok := s.Give.(Body); ok {
		maps.Copy(given, whole)
	} else {
		given[c.Name] = s.Give
	}
	return given
}

func (p Parameters) SubjectOf(step int) string {
	return strings.ReplaceAll(p.Subject, "#", fmt.Sprint(step))
}

func (p Parameters) Call(v Session, step int, given Body) Answer {
	v.W.T.Helper()
	method, path, _ := strings.Cut(p.Operation, " ")
	return v.Write(method, Placeholder.ReplaceAllLiteralString(path, p.SubjectOf(step)), given)
}

// RequireDone expects success, without anything left out.
func RequireDone(t *testing.T, a Answer) {
	t.Helper()
	require.True(t, a.OK(), a.Raw)
	require.NotContains(t, a.Body, "_discarded")
}

// RequireSame compares values of JSON with those of Go and of the tables.
func RequireSame(t *testing.T, want, got any, message string, args ...any) {
	t.Helper()
	encoded := func(v any) string {
		raw, err := json.Marshal(v)
		require.NoError(t, err)
		return string(raw)
	}
	require.Equal(t, encoded(want), encoded(got), "%s", fmt.Sprintf(message, args...))
}

// Show reads the account or domain at the path in the published form, which shows what is stored.
func (v Session) Show(path string) map[string]any {
	v.W.T.Helper()
	a := v.Legacy().Get(path)
	require.True(v.W.T, a.OK(), a.Raw)
	return a.Data()
}

// key is a value of what a GET shows.
func key(name string) func(v Session, path, subject string) any {
	return func(v Session, path, _ string) any { return v.Show(path)[name] }
}

// keys are several values of what a GET shows.
func keys(names ...string) func(v Session, path, subject string) any {
	return func(v Session, path, _ string) any {
		shown, values := v.Show(path), List{}
		for _, name := range names {
			values = append(values, shown[name])
		}
		return values
	}
}

// setting is a value of the settings in what a GET shows.
func setting(name string) func(v Session, path, subject string) any {
	return func(v Session, path, _ string) any {
		settings, ok := v.Show(path)["settings"].(map[string]any)
		require.True(v.W.T, ok, "settings are an object")
		return settings[name]
	}
}

// cell is the value that a query finds for the subject, nil when there is no row. Several columns make a list.
func cell(query string) func(v Session, subject string) any {
	return func(v Session, subject string) any {
		found := v.Rows(query, subject)
		require.LessOrEqual(v.W.T, len(found), 1, "one row at most: %s", query)
		if len(found) == 0 {
			return nil
		}
		return found[0]
	}
}

// rows are the values that a query finds for the subject.
func rows(query string) func(v Session, subject string) any {
	return func(v Session, subject string) any { return v.Rows(query, subject) }
}

func (v Session) Rows(query, subject string) List {
	v.W.T.Helper()
	args := slices.Repeat([]any{subject}, strings.Count(query, "?"))
	records, err := v.W.Vmail.Reader().Records(v.W.T.Context(), query, args...)
	require.NoError(v.W.T, err)
	found := List{}
	for _, r := range records {
		found = append(found, valuesOf(r))
	}
	return found
}

// valuesOf is the value of a row with one column, or the list of all its values.
func valuesOf(r store.Record) any {
	values := List{}
	for _, f := range r {
		values = append(values, f.Value)
	}
	if len(values) == 1 {
		return values[0]
	}
	return values
}
