package edge

import (
	"net/http"
	"slices"
	"strings"

	"github.com/postern-mail/postern/server/contract"
	"github.com/postern-mail/postern/server/reply"
)

// Patch turns PATCH into the PUT of the same path where that answers what it has changed: PUT changes what the body names and leaves
// the rest, which is what PATCH means. Elsewhere, and on the legacy surface, there is no PATCH.
func Patch(operations contract.Operations, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPatch && mayPatch(operations, r) {
			put := *r
			put.Method = http.MethodPut
			r = &put
		}
		next.ServeHTTP(w, r)
	})
}

// AllowPatch adds PATCH to the methods that an answer names as allowed, where PUT stands for it.
func AllowPatch(operations contract.Operations, h http.Header, r *http.Request) {
	const header = "Allow"
	if allowed := h.Get(header); slices.Contains(strings.Split(allowed, ", "), http.MethodPut) && mayPatch(operations, r) {
		h.Set(header, allowed+", "+http.MethodPatch)
	}
}

func mayPatch(operations contract.Operations, r *http.Request) bool {
	if reply.IsLenient(r.Context()) {
		return false
	}
	op := operations.At(http.MethodPut, r.URL.EscapedPath())
	return op != nil && op.AnswersNoun
}
