package servertest

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/gen"
)

var Contract = func() *openapi3.T {
	doc, err := openapi3.NewLoader().LoadFromData(gen.SpecJSON)
	if err != nil {
		panic(err)
	}
	return doc
}()

// checkAnswer holds an answer against the response that the contract declares.
func checkAnswer(t testing.TB, r *http.Request, prefix string, a Answer) {
	t.Helper()
	if a.Body["_success"] == false {
		require.NotEmpty(t, a.Msg(), "an error has a code: %s", a.Raw)
		require.NotEmpty(t, a.Body["_request_id"], "an error has a request id: %s", a.Raw)
	}
	path := strings.TrimPrefix(r.URL.EscapedPath(), prefix)
	if prefix != "" { // where slashes may be doubled
		path = "/" + strings.Join(strings.FieldsFunc(path, func(r rune) bool { return r == '/' }), "/")
	}
	method := r.Method
	if method == http.MethodPatch { // which is PUT
		method = http.MethodPut
	}
	route := RouteOf(method, path)
	if route == nil || a.Msg() == "NO_SUCH_PATH" {
		if a.Body["_success"] == false && (prefix == "" || a.Msg() == "NO_SUCH_PATH") { // else an older path of the legacy surface
			ErrorCodes.Check(t, "", prefix, a)
		}
		return
	}
	if a.Body["_success"] == false {
		ErrorCodes.Check(t, route.Operation.OperationID, prefix, a)
	}
	status := a.Status
	raw := a.Raw
	if prefix != "" && a.Body["_success"] == false {
		raw = wholeFailure(t, a)
	}
	if prefix != "" && a.Body["_success"] == false && status == http.StatusOK {
		var whole map[string]any
		require.NoError(t, json.Unmarshal([]byte(raw), &whole))
		require.NoError(t, Contract.Components.Schemas["Failure"].Value.VisitJSON(whole), "legacy error: %s", a.Raw)
		return
	}
	if name, ok := route.Operation.Extensions["x-legacy-reply"].(string); ok && prefix != "" && a.Body["_success"] == true {
		require.NoError(t, Contract.Components.Schemas[name].Value.VisitJSON(a.Body), "%s %s answered %s", r.Method, r.URL, a.Raw)
		return
	}
	if prefix != "" && status == http.StatusOK && route.Operation.Responses.Value("200") == nil {
		status = http.StatusCreated
	}
	if response := route.Operation.Responses.Status(status); response != nil && a.Body["_success"] == true {
		requireKnownKeys(t, response.Value.Content["application/json"].Schema.Value, a.Body, prefix)
	}
	require.NoError(t, openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, Route: route},
		Status:                 status,
		Header:                 a.Header,
		Body:                   io.NopCloser(strings.NewReader(raw)),
		Options:                &openapi3filter.Options{IncludeResponseStatus: true},
	}), "%s %s answered %d %s", r.Method, r.URL, a.Status, a.Raw)
}

// requireKnownKeys refuses keys in a reply that its schema does not name, and the noun in a reply of the legacy surface to a write.
func requireKnownKeys(t testing.TB, schema *openapi3.Schema, value any, prefix string) {
	t.Helper()
	object, ok := value.(map[string]any)
	if !ok {
		if items, isList := value.([]any); isList && schema.Items != nil {
			for _, item := range items {
				requireKnownKeys(t, schema.Items.Value, item, prefix)
			}
		}
		return
	}
	for len(schema.AllOf) == 1 && schema.Type == nil {
		schema = schema.AllOf[0].Value
	}
	if len(schema.Properties) == 0 {
		return
	}
	for key, member := range object {
		if key == "_ignored" && prefix != "" {
			continue // in any answer of the legacy surface
		}
		property := schema.Properties[key]
		require.NotNil(t, property, "the contract knows no key %s of %v", key, value)
		require.False(t, prefix != "" && key == "_data" && schema.Properties["_omitted"] != nil, "a legacy write answers no _data")
		requireKnownKeys(t, property.Value, member, prefix)
	}
}

// wholeFailure is a failure of the legacy surface with the keys that it leaves out when they are empty.
func wholeFailure(t testing.TB, a Answer) string {
	t.Helper()
	whole := map[string]any{"_detail": "", "_field": nil}
	maps.Copy(whole, a.Body)
	raw, err := json.Marshal(whole)
	require.NoError(t, err)
	return string(raw)
}

// RouteOf finds the operation of a path, nil when there is none.
func RouteOf(method, path string) *routers.Route {
	var best *routers.Route
	for template, item := range Contract.Paths.Map() {
		op := item.GetOperation(method)
		if op == nil || !templatePattern(template).MatchString(path) {
			continue
		}
		if best == nil || strings.Count(template, "{") < strings.Count(best.Path, "{") {
			best = &routers.Route{Spec: Contract, Path: template, PathItem: item, Method: method, Operation: op}
		}
	}
	return best
}

var wildcard = regexp.MustCompile(`\\\{[a-z_]+\\\}`)

func templatePattern(template string) *regexp.Regexp {
	return regexp.MustCompile("^" + wildcard.ReplaceAllString(regexp.QuoteMeta(template), "[^/]+") + "$")
}
