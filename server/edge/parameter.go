package edge

import (
	"errors"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/postern-mail/postern/server/reply"
	"github.com/postern-mail/postern/store"
)

func malformed(detail string) error {
	return store.Fail(store.Invalid, reply.CodeMalformedBody, "%s", detail)
}

// bytes is how many bytes of a value are read. It is beyond what the contract allows, so that blanks around a value do
// no harm and the validator judges the rest.
func (p *Parameter) bytes() int {
	if p.kind != kindString {
		return maxNumber
	}
	return readable(p.schema.MaxLength)
}

// itemBytes is the same for each item of a list.
func (p *Parameter) itemBytes() int { return readable(p.items.MaxLength) }

func readable(maxLength *uint64) int {
	const slack = 256
	if maxLength == nil {
		return slack // a word of a few
	}
	return int(*maxLength)*utf8.UTFMax + slack
}

// tooLong is the error for a value that is longer than what is read of it.
func (p *Parameter) tooLong() error {
	schema := p.schema
	if p.items != nil {
		schema = p.items
	}
	if schema.MaxLength != nil {
		return store.Fail(store.Invalid, store.CodeValueTooLong, "%s may have at most %d characters.", p.Name, *schema.MaxLength).With(p.Name)
	}
	return store.Fail(store.Invalid, codeOf(schema, reply.CodeInvalidValue), "%s has more than %d characters.", p.Name, maxNumber).With(p.Name)
}

// wrongKind is the error for a value that is not what the schema names.
func (p *Parameter) wrongKind(schema *openapi3.Schema) error {
	format := "%s must be %s."
	if schema == p.items {
		format = "Each item of %s must be %s."
	}
	return store.Fail(store.Invalid, codeOf(schema, reply.CodeInvalidType), format, p.Name, typeWord(schema)).With(p.Name)
}

// badNumber is the error for a number that the parameter cannot hold.
func (p *Parameter) badNumber(err error) error {
	bound, format := p.schema.Max, "%s may be at most %s."
	if errors.Is(err, errTooSmall) {
		bound, format = p.schema.Min, "%s must be at least %s."
	}
	if errors.Is(err, errNoNumber) || bound == nil {
		return p.wrongKind(p.schema)
	}
	return store.Fail(store.Invalid, codeOf(p.schema, reply.CodeInvalidValue), format, p.Name, number(*bound)).With(p.Name)
}

// canonical returns the form in which a value of the query string goes on.
func (p *Parameter) canonical(value string) string {
	if p.kind == kindInteger || p.kind == kindNumber {
		if n, err := p.number(value); err == nil {
			return string(n)
		}
	}
	return value
}
