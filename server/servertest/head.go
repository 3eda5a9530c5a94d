package servertest

import (
	"net/http"
	"net/http/httptest"
)

// Plain sends a request with a method and returns what came, its body as text.
func (c *Client) Plain(method, path string) (*http.Response, string) {
	c.W.T.Helper()
	r := httptest.NewRequestWithContext(c.W.T.Context(), method, c.Prefix+path, nil)
	if c.Cookie != nil {
		r.AddCookie(c.Cookie)
	}
	rec := httptest.NewRecorder()
	c.W.Handler.ServeHTTP(rec, r)
	return rec.Result(), rec.Body.String()
}
