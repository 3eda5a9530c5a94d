package edge

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gin-gonic/gin"
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

// requireNormal runs a body through the stages: what comes out is a JSON object of declared parameters, and errors that a caller
// can be told.
func requireNormal(t *testing.T, op *contract.Operation, media, body string, lenient bool) {
	t.Helper()
	ctx := contract.With(reply.WithNote(t.Context(), &reply.Note{}), op)
	if lenient {
		ctx = reply.Lenient(ctx)
	}
	r := httptest.NewRequestWithContext(ctx, http.MethodPut, "/api/domain/example.com", strings.NewReader(body))
	r.Header.Set("Content-Type", media)
	held, err := normalise(r, r.Body)
	if err != nil {
		requireTold(t, err)
		return
	}
	c := &gin.Context{Request: r.WithContext(context.WithValue(ctx, sentKey{}, held))}
	checked := (&Edge{}).CheckBody(c)
	if checked != nil {
		requireTold(t, checked)
	}
	require.Equal(t, checked == nil, (&Edge{}).CheckBody(c) == nil, "checked again")
	r = c.Request
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

// requireTold wants errors that a caller can be told, no more of them than an answer has, and short ones.
func requireTold(t *testing.T, err error) {
	t.Helper()
	all := reply.Faults{err}
	if several := (reply.Faults)(nil); errors.As(err, &several) {
		require.LessOrEqual(t, len(several), maxFaults)
		all = several
	}
	for _, err := range all {
		var known *store.Error
		var refusal *reply.Refusal
		require.True(t, errors.As(err, &known) || errors.As(err, &refusal), "%v", err)
		if known != nil {
			require.Less(t, len(known.Detail), 1000, "%s", known.Detail)
			require.True(t, utf8.ValidString(known.Detail) && utf8.ValidString(known.Field), "%q", known.Detail)
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
