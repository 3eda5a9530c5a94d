package servertest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

// Request builds a request whose body is not a plain string.
func Request(t *testing.T, method, path string, body io.Reader, length int64) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, body)
	r.ContentLength = length
	r.Header.Set("Content-Type", JSONType)
	return r
}

type Unreadable struct{ T *testing.T }

func (u Unreadable) Read([]byte) (int, error) {
	u.T.Error("the body was read")
	return 0, io.EOF
}
