// Package edge is what happens to any request, whichever operation it is for: the legacy surface is brought into the
// form of the strict one, forms become JSON, and the contract is enforced.
package edge

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
	"github.com/gin-gonic/gin"
)

// Operation is one operation of the contract, in the shape that the stages of a request need.
type Operation struct {
	ID     string
	Method string
	Path   string // as gin spells it: /api/domain/:domain
	Access string // the level of x-access
	Target []string
	// TargetAlias is true when an alias domain as target counts as its primary domain, a pending one too.
	TargetAlias bool
	Profile     string // the profile that switches the whole operation off
	MaxBody     int64  // x-max-body: bytes of the largest body
	// OfUsers is true when the profiles of its parameters are those of users rather than of domains.
	OfUsers bool

	Query map[string]*Parameter
	Body  map[string]*Parameter // nil when the operation takes none

	path      map[string]*pathParameter
	conflicts [][2]string
	needs     [][2]string
	queries   openapi3.Parameters
	route     *routers.Route
}

// Parameter is a property of a body or a parameter of the query string.
type Parameter struct {
	Name    string
	Access  string // the level of its own x-access, or ""
	Profile string // the profile that switches it off, or ""

	kind     string
	nullable bool
	replaces bool   // a list that replaces the stored one
	choice   bool   // has an enum
	on, off  string // the words of a choice between two, else ""
	presence bool   // in a form, being there is enough
	pattern  bool
	schema   *openapi3.Schema
	items    *openapi3.Schema // of an array, whose items are strings
}

// The kinds of parameters. Bodies are flat: there are no objects, and items of arrays are strings.
const (
	kindString  = "string"
	kindInteger = "integer"
	kindNumber  = "number"
	kindArray   = "array"
)

type pathParameter struct {
	pattern *regexp.Regexp
	schema  *openapi3.Schema
}

// Operations are all operations of a contract, by method and gin path.
type Operations map[string]*Operation

// levels are the values of x-access.
var levels = []string{"public", "authenticated", "domain-admin", "domain-creator", "global-admin"}

// LoadOperations reads the operations of the contract. An operation without a level of access is an error.
func LoadOperations(doc *openapi3.T) (Operations, error) {
	all := Operations{}
	for template, item := range doc.Paths.Map() {
		for method, spec := range item.Operations() {
			op, err := newOperation(doc, template, item, method, spec)
			if err != nil {
				return nil, fmt.Errorf("%s %s: %w", method, template, err)
			}
			all[method+" "+op.Path] = op
		}
	}
	return all, nil
}

func newOperation(
	doc *openapi3.T, template string, item *openapi3.PathItem, method string, spec *openapi3.Operation,
) (*Operation, error) {
	op := &Operation{
		ID:          spec.OperationID,
		Method:      method,
		Path:        ginPath(template),
		Access:      text(spec.Extensions, "x-access"),
		Target:      texts(spec.Extensions["x-target"]),
		Profile:     text(spec.Extensions, "x-profile"),
		OfUsers:     slices.Contains(spec.Tags, "Mail User"),
		TargetAlias: spec.Extensions["x-target-alias"] == true,
		Query:       map[string]*Parameter{},
		MaxBody:     whole(spec.Extensions["x-max-body"]),
		path:        map[string]*pathParameter{},
	}
	if op.MaxBody <= 0 || op.MaxBody > MaxBody {
		return nil, fmt.Errorf("x-max-body is %v; it is at least 1 and at most %d", spec.Extensions["x-max-body"], MaxBody)
	}
	if !slices.Contains(levels, op.Access) {
		return nil, fmt.Errorf("x-access is %q", op.Access)
	}
	if op.Access == "domain-admin" && len(op.Target) == 0 {
		return nil, fmt.Errorf("x-target is missing")
	}
	for _, p := range slices.Concat(item.Parameters, spec.Parameters) {
		if err := op.addParameter(p.Value); err != nil {
			return nil, err
		}
	}
	if spec.RequestBody != nil {
		schema := spec.RequestBody.Value.Content["application/json"].Schema.Value
		op.Body = map[string]*Parameter{}
		for name, property := range schema.Properties {
			p, err := newParameter(name, property.Value)
			if err != nil {
				return nil, err
			}
			op.Body[name] = p
		}
		for _, name := range texts(schema.Extensions["x-replaces"]) {
			if op.Body[name] == nil || op.Body[name].kind != kindArray {
				return nil, fmt.Errorf("x-replaces: %s is no list", name)
			}
			op.Body[name].replaces = true
		}
		op.conflicts = pairs(schema.Extensions["x-conflicts"])
		op.needs = pairs(schema.Extensions["x-needs"])
	}
	// Credentials are looked at before the body is read, by access and not by the validator.
	bare := *spec
	bare.Security = &openapi3.SecurityRequirements{}
	op.route = &routers.Route{Spec: doc, Path: template, PathItem: item, Method: method, Operation: &bare}
	return op, nil
}

func (op *Operation) addParameter(p *openapi3.Parameter) error {
	switch p.In {
	case openapi3.ParameterInQuery:
		parameter, err := newParameter(p.Name, p.Schema.Value)
		if err != nil {
			return err
		}
		op.Query[p.Name] = parameter
		op.queries = append(op.queries, &openapi3.ParameterRef{Value: p})
	case openapi3.ParameterInPath:
		schema := p.Schema.Value
		parameter := &pathParameter{schema: schema}
		if schema.Pattern != "" {
			pattern, err := regexp.Compile(schema.Pattern)
			if err != nil {
				return fmt.Errorf("pattern of %s: %w", p.Name, err)
			}
			parameter.pattern = pattern
		}
		op.path[p.Name] = parameter
	}
	return nil
}

// newParameter fails for a kind of value that the readers of bodies do not know.
func newParameter(name string, schema *openapi3.Schema) (*Parameter, error) {
	p := &Parameter{
		Name:     name,
		Access:   text(schema.Extensions, "x-access"),
		Profile:  text(schema.Extensions, "x-profile"),
		nullable: schema.Nullable,
		presence: schema.Extensions["x-presence"] == true,
	}
	// A property that adds a remark to a shared schema wraps it in an allOf of one.
	for len(schema.AllOf) == 1 && schema.Type == nil {
		schema = schema.AllOf[0].Value
		p.nullable = p.nullable || schema.Nullable
	}
	p.schema = schema
	p.choice = len(schema.Enum) > 0
	p.setSwitch()
	p.pattern = schema.Pattern != ""
	if schema.Type != nil && len(*schema.Type) > 0 {
		p.kind = (*schema.Type)[0]
	}
	switch p.kind {
	case kindString, kindInteger, kindNumber:
		return p, nil
	case kindArray:
		if p.items = schema.Items.Value; p.items.Type.Is(kindString) && schema.MaxItems != nil {
			return p, nil
		}
	}
	return nil, fmt.Errorf("%s is %v; parameters are strings, numbers, or bounded arrays of strings", name, p.kind)
}

// Match returns an error unless the routes are exactly the operations.
func (all Operations) Match(routes gin.RoutesInfo) error {
	seen := map[string]bool{}
	for _, r := range routes {
		if !strings.HasPrefix(r.Path, "/api/") {
			continue
		}
		key := r.Method + " " + r.Path
		if all[key] == nil {
			return fmt.Errorf("route %s is not in the contract", key)
		}
		seen[key] = true
	}
	for key := range all {
		if !seen[key] {
			return fmt.Errorf("%s of the contract has no route", key)
		}
	}
	return nil
}

type operationKey struct{}

// Of returns the operation that the request is for.
func Of(ctx context.Context) *Operation {
	op, _ := ctx.Value(operationKey{}).(*Operation)
	return op
}

// ginPath turns {x} into :x.
func ginPath(template string) string {
	return strings.NewReplacer("{", ":", "}", "").Replace(template)
}

func text(extensions map[string]any, name string) string {
	s, _ := extensions[name].(string)
	return s
}

// whole reads a whole number of an extension, 0 where there is none.
func whole(v any) int64 {
	n, ok := v.(float64)
	if !ok || n != float64(int64(n)) {
		return 0
	}
	return int64(n)
}

func texts(v any) []string {
	list, _ := v.([]any)
	out := make([]string, 0, len(list))
	for _, item := range list {
		if s, ok := item.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func pairs(v any) [][2]string {
	list, _ := v.([]any)
	var out [][2]string
	for _, item := range list {
		if pair := texts(item); len(pair) == 2 {
			out = append(out, [2]string{pair[0], pair[1]})
		}
	}
	return out
}

// hasBody reports whether the request came with a body.
func hasBody(r *http.Request) bool {
	return r.Body != nil && r.Body != http.NoBody && r.ContentLength != 0
}
