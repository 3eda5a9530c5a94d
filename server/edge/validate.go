package edge

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/gin-gonic/gin"

	"github.com/postern-mail/postern/server/contract"
	"github.com/postern-mail/postern/server/reply"
	"github.com/postern-mail/postern/store"
)

// CheckBody holds the request against the contract. It comes after Normalise; the request may be changed and checked again.
func (e *Edge) CheckBody(c *gin.Context) error {
	ctx := c.Request.Context() // not c itself, which is used again for other requests
	op := contract.Of(ctx)
	found := faultsOf(ctx)
	input := &openapi3filter.RequestValidationInput{
		Request: c.Request,
		Route:   op.Route,
		Options: &openapi3filter.Options{KeepValidatedValue: true, MultiError: true},
	}
	if c.Request.URL.RawQuery != "" {
		input.QueryParams = c.Request.URL.Query()
		for _, p := range op.Queries {
			if err := openapi3filter.ValidateParameter(ctx, input, p.Value); err != nil {
				found.addEach(explain(p.Value.Name, err)[:1])
			}
		}
	}
	if op.Body != nil {
		if err := openapi3filter.ValidateRequestBody(ctx, input, op.Route.Operation.RequestBody.Value); err != nil {
			found.addEach(explain("", err))
		}
		if len(op.Conflicts)+len(op.Needs)+len(op.LegacyNeeds) > 0 {
			found.addEach(combinations(ctx, op, sent(c.Request, found)))
		}
		if len(found.all) > 0 && len(op.Passwords) > 0 {
			found.addEach(missingPassword(op, sent(c.Request, found)))
		}
	}
	return found.err()
}

// sent are the names of the parameters of a body, also of those with a value that is none of theirs.
func sent(r *http.Request, found *faults) map[string]bool {
	names := map[string]bool{}
	for name := range Given(r.Body) {
		names[name] = true
	}
	if len(found.all) == 0 || r.GetBody == nil {
		return names
	}
	for field := range found.fields {
		names[field] = true
	}
	if body, err := r.GetBody(); err == nil {
		var doc document
		_ = json.NewDecoder(body).Decode(&doc) // Normalise has written it
		for name := range doc {
			names[name] = true
		}
	}
	return names
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
func BadParameter(ctx context.Context, err error) error {
	const prefix = "Invalid format for parameter "
	text, ok := strings.CutPrefix(err.Error(), prefix)
	if name, _, found := strings.Cut(text, ":"); ok && found {
		if p := contract.Of(ctx).Query[name]; p != nil && describe(p.Schema) != "" {
			return store.Fail(store.Invalid, reply.CodeInvalidValue, "%s must be %s.", name, describe(p.Schema)).With(name)
		}
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

// explainItem is what is wrong with an item of a list that was looked at by itself.
func explainItem(field string, err error) error {
	for _, found := range schemaErrors(err) {
		return fault(field, found, true)
	}
	return explain(field, err)[0]
}

// explain turns what the validator found into errors of ours, one for each value. Its own text holds the schema and the
// value, which may be a password, and is never shown. The field is "" where the validator knows it.
func explain(field string, err error) []error {
	var all []error
	seen := map[string]bool{}
	for _, found := range schemaErrors(err) {
		pointer := found.JSONPointer()
		place := strings.Join(pointer, "/")
		if seen[place] {
			continue
		}
		seen[place] = true
		name := field
		if name == "" && len(pointer) > 0 {
			name = pointer[0]
		}
		all = append(all, fault(name, found, field == "" && len(pointer) > 1))
	}
	if len(all) > 0 {
		return all
	}
	var parse *openapi3filter.ParseError
	if field != "" && errors.As(err, &parse) {
		return []error{unreadable(field)}
	}
	return []error{malformed("The body does not have the form that the operation asks for.")}
}

// schemaErrors are the violations within an error of the validator. Each is about the value itself: the violation of an allOf is that
// of what it holds.
func schemaErrors(err error) []*openapi3.SchemaError {
	switch e := err.(type) { //nolint:errorlint // the tree is walked here
	case openapi3.MultiError:
		var all []*openapi3.SchemaError
		for _, inner := range e {
			all = append(all, schemaErrors(inner)...)
		}
		return all
	case *openapi3.SchemaError:
		if inner := schemaErrors(e.Origin); len(inner) > 0 {
			return inner
		}
		return []*openapi3.SchemaError{e}
	case interface{ Unwrap() error }:
		return schemaErrors(e.Unwrap())
	}
	return nil
}

// fault is the error for a violated rule.
func fault(field string, found *openapi3.SchemaError, isItem bool) error {
	code, detail := judge(field, found, isItem)
	return store.Fail(store.Invalid, code, "%s", detail).With(field)
}

// judge picks the code and the sentence for a violated rule.
func judge(field string, found *openapi3.SchemaError, isItem bool) (code, detail string) {
	schema := found.Schema
	if isItem {
		if code, detail = judgeItem(field, found); code != "" {
			return code, detail
		}
	}
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

// wrongForm says what a value should be. The value is not repeated: it may be a password.
func wrongForm(field string, found *openapi3.SchemaError) string {
	if what := describe(found.Schema); what != "" {
		hint := ""
		if value, ok := found.Value.(string); ok && contract.Code(found.Schema) == store.CodeInvalidDomainName {
			hint = asciiHint(value)
		}
		return field + " must be " + what + "." + hint
	}
	return field + " does not have the form that is asked for."
}

// judgeItem is judge for an item of a list, which is repeated, so that it can be found among the others. The code is "" for a rule
// that tells the item by itself.
func judgeItem(field string, found *openapi3.SchemaError) (code, detail string) {
	item, ok := found.Value.(string)
	if !ok {
		return "", ""
	}
	named := strconv.Quote(shown(item))
	if looksLikeJSON(item) || strings.Contains(item, `":`) { // which may hold a password
		named = "an item that looks like JSON (in a form, a list has commas alone)"
	}
	switch found.SchemaField {
	case "maxLength":
		return store.CodeValueTooLong, fmt.Sprintf("%s: %s has more than %d characters.", field, named, *found.Schema.MaxLength)
	case "enum":
		return codeOf(found.Schema, reply.CodeInvalidValue), fmt.Sprintf("%s: %s is not one of %s.", field, named, choices(found.Schema.Enum))
	case "pattern":
		what := cmp.Or(describe(found.Schema), "in the form that is asked for")
		return codeOf(found.Schema, reply.CodeInvalidValue), fmt.Sprintf("%s: %s is not %s.%s", field, named, what, asciiHint(item))
	}
	return "", ""
}

// describe returns what a schema describes, such as "a mail address, such as anna@example.com", "" where its description is no
// definition.
func describe(schema *openapi3.Schema) string {
	what := schema.Description
	for _, end := range []string{".", ":", ", such as"} {
		what, _, _ = strings.Cut(what, end)
	}
	article, _, _ := strings.Cut(what, " ")
	if !slices.Contains([]string{"A", "An", "The"}, article) || len(what) > 60 {
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
