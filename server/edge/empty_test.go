package edge

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/server/contract"
	"github.com/postern-mail/postern/server/reply"
	"github.com/postern-mail/postern/store"
)

// read is what the strict surface makes of a JSON body, and the first mistake in it.
func read(t *testing.T, op *contract.Operation, body string) (string, *store.Error) {
	t.Helper()
	ctx := contract.With(reply.WithNote(t.Context(), &reply.Note{}), op)
	r := httptest.NewRequestWithContext(ctx, http.MethodPut, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", contract.MediaJSON)
	found, err := normalise(r, r.Body)
	require.NoError(t, err, body)
	raw, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	var known *store.Error
	if len(found.found.all) > 0 {
		require.ErrorAs(t, found.found.all[0], &known)
	}
	return string(raw), known
}

// TestNullAndTrue gives each parameter of each operation null, "", true and false.
func TestNullAndTrue(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(gen.SpecJSON)
	require.NoError(t, err)
	all, err := contract.Load(doc)
	require.NoError(t, err)
	taken := map[string]int{}
	for _, op := range all {
		for name, p := range op.Body {
			given := func(value string) (string, *store.Error) { return read(t, op, `{"`+name+`":`+value+`}`) }
			what := op.ID + " " + name
			body, fault := given("null")
			empty := map[bool]string{true: "[]", false: `""`}[p.Kind == contract.KindArray]
			switch {
			case p.Nullable:
				require.Equal(t, `{"`+name+`":null}`, body, what)
				if p.Kind != contract.KindArray {
					body, fault = given(`""`)
					require.Equal(t, `{"`+name+`":null}`, body, "%s: empty is null", what)
				}
				require.Nil(t, fault, what)
				taken["null"]++
			case p.Empties:
				require.Equal(t, `{"`+name+`":`+empty+`}`, body, what)
				require.Nil(t, fault, what)
				taken["empty"]++
			default:
				require.Equal(t, "{}", body, what)
				require.Equal(t, name, fault.Field, what)
				require.Contains(t, fault.Detail, "cannot be unset", what)
				taken["refused"]++
			}
			for _, word := range []string{"true", "false"} {
				body, fault = given(word)
				if p.IsYesNo() {
					require.Equal(t, `{"`+name+`":"`+map[string]string{"true": "yes", "false": "no"}[word]+`"}`, body, what)
					require.Nil(t, fault, what)
					taken["boolean"]++
					continue
				}
				require.Equal(t, "{}", body, what)
				require.Equal(t, name, fault.Field, what)
			}
		}
	}
	for _, kind := range []string{"null", "empty", "refused", "boolean"} {
		require.Greater(t, taken[kind], 10, "%v", taken)
	}
}
