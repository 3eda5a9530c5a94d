package edge

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/contract"
)

// given is a body that the validator has read.
type given struct {
	io.ReadCloser
	value map[string]any
}

func (g given) ValidatedValue() any { return g.value }

// timeOf is how much time the handler of a request to the operation has.
func timeOf(t *testing.T, op *contract.Operation, value map[string]any) time.Duration {
	t.Helper()
	var left time.Duration
	e := gin.New()
	e.ContextWithFallback = true
	e.PUT("/", Deadline, BulkDeadline, func(c *gin.Context) {
		deadline, ok := c.Request.Context().Deadline()
		require.True(t, ok)
		left = time.Until(deadline)
	})
	r := httptest.NewRequestWithContext(contract.With(t.Context(), op), http.MethodPut, "/", nil)
	r.Body = given{io.NopCloser(strings.NewReader("")), value}
	e.ServeHTTP(httptest.NewRecorder(), r)
	return left
}

func TestWhatMayTakeLong(t *testing.T) {
	list := &contract.Operation{Body: map[string]*contract.Parameter{"many": {Name: "many", Bulk: true}, "few": {Name: "few"}}}
	require.Greater(t, timeOf(t, &contract.Operation{Bulk: true}, nil), hurry)
	require.Greater(t, timeOf(t, list, map[string]any{"many": []any{"a"}}), hurry)
	for _, value := range []map[string]any{nil, {"many": []any{}}, {"few": []any{"a"}}} {
		require.LessOrEqual(t, timeOf(t, list, value), hurry, value)
	}
}
