package edge

import (
	"encoding/json"
	"errors"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/postern-mail/postern/server/contract"
	"github.com/postern-mail/postern/server/reply"
	"github.com/postern-mail/postern/store"
)

func malformed(detail string) error {
	return store.Fail(store.Invalid, reply.CodeMalformedBody, "%s", detail)
}

// valueBytes is how many bytes of a value are read. It is beyond what the contract allows, so that blanks around a value do
// no harm and the validator judges the rest.
func valueBytes(p *contract.Parameter) int {
	if p.Kind != contract.KindString {
		return maxNumber
	}
	return readable(p.Schema.MaxLength)
}

// itemBytes is the same for each item of a list.
func itemBytes(p *contract.Parameter) int { return readable(p.Items.MaxLength) }

func readable(maxLength *uint64) int {
	const slack = 256
	if maxLength == nil {
		return slack // a word of a few
	}
	return int(*maxLength)*utf8.UTFMax + slack
}

// tooLong is the error for a value that is longer than what is read of it.
func tooLong(p *contract.Parameter) error {
	schema := p.Schema
	if p.Items != nil {
		schema = p.Items
	}
	if schema.MaxLength != nil {
		return store.Fail(store.Invalid, store.CodeValueTooLong, "%s may have at most %d characters.", p.Name, *schema.MaxLength).With(p.Name)
	}
	return store.Fail(store.Invalid, codeOf(schema, reply.CodeInvalidValue), "%s has more than %d characters.", p.Name, maxNumber).With(p.Name)
}

// wrongKind is the error for a value that is not what the schema names.
func wrongKind(p *contract.Parameter, schema *openapi3.Schema) error {
	format, what := "%s must be %s.", valueWord(p)
	if schema == p.Items {
		format, what = "Each item of %s must be %s.", typeWord(schema)
	}
	return store.Fail(store.Invalid, codeOf(schema, reply.CodeInvalidType), format, p.Name, what).With(p.Name)
}

// badNumber is the error for a number that the parameter cannot hold.
func badNumber(p *contract.Parameter, err error) error {
	bound, format := p.Schema.Max, "%s may be at most %s."
	if errors.Is(err, errTooSmall) {
		bound, format = p.Schema.Min, "%s must be at least %s."
	}
	if errors.Is(err, errNoNumber) || bound == nil {
		return wrongKind(p, p.Schema)
	}
	return store.Fail(store.Invalid, codeOf(p.Schema, reply.CodeInvalidValue), format, p.Name, number(*bound)).With(p.Name)
}

// valueWord says what a value of the parameter is.
func valueWord(p *contract.Parameter) string {
	if p.Choice {
		return "one of " + choices(p.Schema.Enum)
	}
	return typeWord(p.Schema)
}

// nullJSON is null.
var nullJSON = json.RawMessage("null")
