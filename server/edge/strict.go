package edge

import (
	"encoding/json"
	"strings"

	"github.com/postern-mail/postern/server/contract"
	"github.com/postern-mail/postern/server/reply"
	"github.com/postern-mail/postern/store"
)

// strict is the surface at the paths of the contract: what a request holds has to be as the contract says.
type strict struct{}

// find takes published names alone: a body holds what a body declares, and a query string what the query declares.
func (strict) find(op *contract.Operation, name string, isBody bool) contract.LegacyName {
	if isBody {
		return contract.LegacyName{Parameter: op.Body[name]}
	}
	return contract.LegacyName{Parameter: op.Query[name]}
}

func (strict) unknown(op *contract.Operation, name string, isBody bool) error {
	here, there, found, place := op.Body, op.Query, "The body", "the query string"
	if !isBody {
		here, there, found, place = op.Query, op.Body, "The query string", "the body"
	}
	if holdsJSON(name) { // and perhaps a password
		return jsonAsName(found)
	}
	name = shown(name)
	refuse := func(format string, args ...any) error {
		return store.Fail(store.Invalid, reply.CodeUnknownParameter, format, append([]any{name}, args...)...).With(name)
	}
	if there[name] != nil {
		return refuse("%s belongs in %s.", place)
	}
	if p := meant(op, name); p != nil {
		if here[p.Name] == nil {
			return refuse("%s is written as %s, in %s.", p.Name, place)
		}
		return refuse("%s is written as %s.", p.Name)
	}
	if name == "stored" && op.ShowsStored() {
		return refuse("%s is read only: it shows what is kept, which the other parameters change.")
	}
	if similar := mostSimilar(name, here); similar != "" {
		return refuse("%s is not a parameter of this operation. Did you mean %s?", similar)
	}
	if similar := mostSimilar(name, there); similar != "" {
		return refuse("%s is not a parameter of this operation. Did you mean %s, in %s?", similar, place)
	}
	return refuse("%s is not a parameter of this operation.")
}

// meant returns the parameter that sets what is shown under the name, or that had it in an earlier version of the published API; nil
// where there is none.
func meant(op *contract.Operation, name string) *contract.Parameter {
	if p := op.Stored(name); p != nil {
		return p
	}
	return op.Legacy(name).Parameter
}

func jsonAsName(place string) error {
	return store.Fail(store.Invalid, reply.CodeUnknownParameter,
		"%s has JSON where a name is expected. JSON is the whole body, with the header Content-Type: application/json.", place)
}

func (strict) jsonAsForm(*contract.Operation, bool) error { return errJSONAsForm }

func (strict) noPair(_ *contract.Operation, name string, isBody bool) error {
	switch {
	case holdsJSON(name) && isBody:
		return jsonAsName("The body")
	case holdsJSON(name):
		return jsonAsName("The query string")
	case isBody:
		return errNoPair
	}
	return store.Fail(store.Invalid, reply.CodeMalformedQuery, "The query string holds something that is no name with a value.")
}

func (strict) repeated(name string) error { return repeated(name) }

func (strict) word(_ *contract.Parameter, value string) string { return value }

func (strict) emptyIsAbsent() bool { return false }

func (strict) readsWords() bool { return false }

// null empties what can be emptied.
func (strict) null(p *contract.Parameter) (json.RawMessage, error) {
	switch {
	case p.Nullable:
		return nullJSON, nil
	case p.Empties && p.Kind == contract.KindArray:
		return quote([]string{}), nil
	case p.Empties:
		return quote(""), nil
	}
	code := codeOf(p.Schema, reply.CodeInvalidType)
	return nil, store.Fail(store.Invalid, code, "%s must be %s. It cannot be unset, so null is none of its values.", p.Name, valueWord(p)).With(p.Name)
}

func (strict) readsBooleans(p *contract.Parameter) bool { return p.IsYesNo() }

// checkItem refuses an invalid item. Only so many are looked at: a list has room for thousands.
func (strict) checkItem(p *contract.Parameter, item string, cut bool) (leftOut bool, err error) {
	if cut {
		return false, tooLong(p)
	}
	if err := p.Items.VisitJSON(item); err != nil {
		return false, explainItem(p.Name, err)
	}
	return false, nil
}

// shown cuts a name that a client made up to what an error should repeat.
func shown(name string) string {
	if len(name) > mostShown {
		return cutName(name) + "..."
	}
	return cutName(name)
}

// mostShown is how many bytes of a name an answer repeats.
const mostShown = 64

// cutName returns at most so many bytes of a name, without control characters.
func cutName(name string) string {
	return strings.ToValidUTF8(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, name[:min(len(name), mostShown)]), "")
}
