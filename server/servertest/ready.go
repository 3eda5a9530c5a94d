package servertest

import (
	"net/http"
	"net/http/httptest"
)

func (w *Fixture) Ready() (status int, text string) {
	rec := httptest.NewRecorder()
	w.Handler.ServeHTTP(rec, httptest.NewRequestWithContext(w.T.Context(), http.MethodGet, "/readyz", nil))
	return rec.Code, rec.Body.String()
}
