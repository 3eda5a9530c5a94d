package edge

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/gin-gonic/gin"

	"github.com/postern-mail/postern/server/contract"
	"github.com/postern-mail/postern/server/reply"
	"github.com/postern-mail/postern/store"
)

// Validate holds the request against the contract. It comes after Normalise.
func (e *Edge) Validate(c *gin.Context) {
	if err := e.CheckBody(c); err != nil {
		e.fail(c, err)
	}
}

// CheckBody is Validate for a stage that answers itself. The request may be changed and checked again.
func (e *Edge) CheckBody(c *gin.Context) error {
	ctx := c.Request.Context() // not c itself, which is used again for other requests
	op := contract.Of(ctx)
	input := &openapi3filter.RequestValidationInput{
		Request: c.Request,
		Route:   op.Route,
		Options: &openapi3filter.Options{KeepValidatedValue: true},
	}
	if c.Request.URL.RawQuery != "" {
		input.QueryParams = c.Request.URL.Query()
		for _, p := range op.Queries {
			if err := openapi3filter.ValidateParameter(ctx, input, p.Value); err != nil {
				return explain(p.Value.Name, err)
			}
		}
	}
	if op.Body == nil {
		return nil
	}
	if err := openapi3filter.ValidateRequestBody(ctx, input, op.Route.Operation.RequestBody.Value); err != nil {
		return explain("", err)
	}
	return checkCombinations(ctx, op, Given(c.Request.Body))
}

// BadBody is the error for a validated body that the generated code cannot read all the same. It is a mistake of the
// caller's: a value that no column could hold either.
func BadBody(err error) error {
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &mismatch) && mismatch.Field != "" {
		return unreadable(mismatch.Field)
	}
	return malformed("The body does not have the form that the operation asks for.")
}

// BadParameter is the same for a parameter of the path or the query string, which the generated code names in front of
// the cause.
func BadParameter(err error) error {
	const prefix = "Invalid format for parameter "
	text, ok := strings.CutPrefix(err.Error(), prefix)
	if name, _, found := strings.Cut(text, ":"); ok && found {
		return unreadable(name)
	}
	return errBadQuery
}

func unreadable(field string) error {
	return store.Fail(store.Invalid, reply.CodeInvalidValue, "%s cannot be read.", field).With(field)
}

// Given returns the names of the parameters in a validated body.
func Given(body any) map[string]any {
	validated, ok := body.(interface{ ValidatedValue() any })
	if !ok {
		return nil
	}
	given, _ := validated.ValidatedValue().(map[string]any)
	return given
}

// checkCombinations refuses parameters that contradict or lack each other.
func checkCombinations(ctx context.Context, op *contract.Operation, given map[string]any) error {
	for _, pair := range op.Conflicts {
		if has(given, pair[0]) && has(given, pair[1]) {
			return store.Fail(store.Invalid, reply.CodeConflicting, "%s cannot be given together with %s.", pair[1], pair[0]).With(pair[1])
		}
	}
	for _, pair := range op.Needs {
		if has(given, pair[0]) && !has(given, pair[1]) {
			return store.Fail(store.Invalid, reply.CodeConflicting, "%s has to be given together with %s.", pair[0], pair[1]).With(pair[0])
		}
	}
	if !reply.IsLenient(ctx) {
		return nil
	}
	for _, pair := range op.LegacyNeeds {
		if has(given, pair[0]) && !has(given, pair[1]) {
			return store.Fail(store.Invalid, reply.CodeMissingParameter, "%s is missing; it has to be given together with %s.", pair[1], pair[0]).With(pair[1])
		}
	}
	return nil
}

func has(given map[string]any, name string) bool {
	_, ok := given[name]
	return ok
}

// explainItem is explain for an item of a list that was looked at by itself.
func explainItem(field string, err error) error {
	var found *openapi3.SchemaError
	if errors.As(err, &found) && found.SchemaField == "pattern" {
		if what, value := describe(found.Schema), found.Value; what != "" {
			return store.Fail(store.Invalid, codeOf(found.Schema, reply.CodeInvalidValue), "%s: %q is not %s.", field, shown(fmt.Sprint(value)), what).With(field)
		}
	}
	return explain(field, err)
}

// explain turns what the validator found into an error of ours. Its own text holds the schema and the value, which
// may be a password, and is never shown.
func explain(field string, err error) error {
	var found *openapi3.SchemaError
	if !errors.As(err, &found) {
		var parse *openapi3filter.ParseError
		if field != "" && errors.As(err, &parse) {
			return unreadable(field)
		}
		return malformed("The body does not have the form that the operation asks for.")
	}
	for { // the innermost error is about the value itself
		var inner *openapi3.SchemaError
		if found.Origin == nil || !errors.As(found.Origin, &inner) {
			break
		}
		if field == "" {
			field = firstOf(found.JSONPointer())
		}
		found = inner
	}
	if field == "" {
		field = firstOf(found.JSONPointer())
	}
	code, detail := judge(field, found)
	return store.Fail(store.Invalid, code, "%s", detail).With(field)
}

func firstOf(pointer []string) string {
	if len(pointer) == 0 {
		return ""
	}
	return pointer[0]
}

// judge picks the code and the sentence for a violated rule.
func judge(field string, found *openapi3.SchemaError) (code, detail string) {
	schema := found.Schema
	switch found.SchemaField {
	case "required":
		code = reply.CodeMissingParameter
		if p := schema.Properties[field]; p != nil && p.Value != nil {
			code = cmp.Or(contract.CodeMissing(p.Value), code)
		}
		return code, field + " is missing."
	case "maxLength":
		return store.CodeValueTooLong, fmt.Sprintf("%s may have at most %d characters.", field, *schema.MaxLength)
	case "minLength":
		return codeOf(schema, reply.CodeInvalidValue), fmt.Sprintf("%s needs at least %d characters.", field, schema.MinLength)
	case "maxItems":
		return reply.CodeTooManyItems, fmt.Sprintf("%s may have at most %d items.", field, *schema.MaxItems)
	case "minItems":
		return codeOf(schema, reply.CodeInvalidValue), fmt.Sprintf("%s needs at least %d items.", field, schema.MinItems)
	case "minimum":
		return codeOf(schema, reply.CodeInvalidValue), fmt.Sprintf("%s must be at least %s.", field, number(*schema.Min))
	case "maximum":
		return codeOf(schema, reply.CodeInvalidValue), fmt.Sprintf("%s may be at most %s.", field, number(*schema.Max))
	case "enum":
		return codeOf(schema, reply.CodeInvalidValue), fmt.Sprintf("%s must be one of %s.", field, choices(schema.Enum))
	case "type", "nullable":
		return codeOf(schema, reply.CodeInvalidType), fmt.Sprintf("%s must be %s.", field, typeWord(schema))
	}
	return codeOf(schema, reply.CodeInvalidValue), wrongForm(field, found)
}

// wrongForm says what a value should be. An item of a list is repeated, so that it can be found among the others; any other value
// may be a password.
func wrongForm(field string, found *openapi3.SchemaError) string {
	what := describe(found.Schema)
	if item, ok := found.Value.(string); ok && len(found.JSONPointer()) > 1 {
		if what == "" {
			what = "in the form that is asked for"
		}
		return fmt.Sprintf("%s: %q is not %s.", field, shown(item), what)
	}
	if what == "" {
		return field + " does not have the form that is asked for."
	}
	return field + " must be " + what + "."
}

// describe returns what a schema describes, such as "a mail address, such as anna@example.com", "" where its description is no
// definition.
func describe(schema *openapi3.Schema) string {
	what, _, _ := strings.Cut(schema.Description, ".")
	if !strings.HasPrefix(what, "A ") && !strings.HasPrefix(what, "An ") || len(what) > 60 {
		return ""
	}
	what = strings.ToLower(what[:1]) + what[1:]
	if example, ok := schema.Example.(string); ok {
		what += ", such as " + example
	}
	return what
}

// codeOf returns the stable code that the contract gives to a violation of the schema.
func codeOf(schema *openapi3.Schema, otherwise string) string {
	return cmp.Or(contract.Code(schema), otherwise)
}

func number(f float64) string {
	b, err := json.Marshal(f)
	if err != nil {
		return "that"
	}
	return string(b)
}

func choices(enum []any) string {
	words := make([]string, 0, len(enum))
	for _, v := range enum {
		words = append(words, fmt.Sprint(v))
	}
	return strings.Join(words, ", ")
}

func typeWord(schema *openapi3.Schema) string {
	if schema == nil || schema.Type == nil {
		return "of another type"
	}
	switch {
	case schema.Type.Is("integer") && strings.Contains(schema.Description, "in MB"):
		return "a whole number of MB, such as 1024"
	case schema.Type.Is("integer"):
		return "a whole number"
	case schema.Type.Is("array"):
		return "a list, such as " + exampleOf(schema)
	case schema.Type.Is("object"):
		return "an object"
	}
	return "a " + strings.Join(*schema.Type, " or ")
}

// exampleOf is a list of one item as it is written in JSON.
func exampleOf(schema *openapi3.Schema) string {
	item := "..."
	if schema.Items != nil && schema.Items.Value != nil {
		if example, ok := schema.Items.Value.Example.(string); ok {
			item = example
		}
	}
	return string(quote([]string{item}))
}
