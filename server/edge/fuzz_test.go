package edge

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/server/contract"
	"github.com/postern-mail/postern/server/reply"
	"github.com/postern-mail/postern/store"
)

// updateDomain is the operation with the most kinds of parameters.
func updateDomain(t testing.TB) *contract.Operation {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(gen.SpecJSON)
	require.NoError(t, err)
	all, err := contract.Load(doc)
	require.NoError(t, err)
	return all["PUT /api/domain/:domain"]
}

// requireNormal runs a body through the stage: what comes out is a JSON object of declared parameters, or an error
// that a caller can be told.
func requireNormal(t *testing.T, op *contract.Operation, media, body string, lenient bool) {
	t.Helper()
	ctx := contract.With(reply.WithNote(t.Context(), &reply.Note{}), op)
	if lenient {
		ctx = reply.Lenient(ctx)
	}
	r := httptest.NewRequestWithContext(ctx, http.MethodPut, "/api/domain/example.com", strings.NewReader(body))
	r.Header.Set("Content-Type", media)
	if _, err := normalise(r, r.Body); err != nil {
		var known *store.Error
		var refusal *reply.Refusal
		require.True(t, errors.As(err, &known) || errors.As(err, &refusal), "%v", err)
		return
	}
	raw, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	require.True(t, utf8.Valid(raw), "%q", raw)
	var doc document
	require.NoError(t, json.Unmarshal(raw, &doc), "%q", raw)
	for name, value := range doc {
		require.NotNil(t, op.Body[name], "%q is not declared", name)
		var text string
		if json.Unmarshal(value, &text) == nil {
			require.NotContains(t, text, "\x00")
		}
	}
}

func FuzzForm(f *testing.F) {
	op := updateDomain(f)
	for _, seed := range []string{
		"", "name=a&quota=10", "catchall=a@b.cc,c@d.ee&catchall=", "aliases[20000000]=a", "tags[=a", "a=%zz", "quota=&language=",
		"cn=x;y", "name=%00", "name=%ff", "accountStatus=enabled&backupmx=yes&removeAllServices", "=&&&==", "quota=1e400",
	} {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	f.Fuzz(func(t *testing.T, body string, lenient bool) { requireNormal(t, op, contract.MediaForm, body, lenient) })
}

func FuzzJSON(f *testing.F) {
	op := updateDomain(f)
	for _, seed := range []string{
		"", "{}", `{"name":"a","quota":10}`, `{"catchall":["a@b.cc"]}`, `{"name":"\u0000"}`, `{"name":"\\u0000"}`, `{"name":"\ud800"}`,
		`{"name":1,"name":2}`, `[{}]`, `{"quota":1e400}`, `{"defaultQuota":null}`, `{"x":{"y":[[[]]]}}`, "{} {}", "{\"name\":\"\xff\"}",
	} {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	f.Fuzz(func(t *testing.T, body string, lenient bool) { requireNormal(t, op, contract.MediaJSON, body, lenient) })
}
