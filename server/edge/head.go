package edge

import (
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/postern-mail/postern/server/reply"
)

// Head answers a HEAD request as the GET of the same path, without the body (RFC 9110, section 9.3.2): whatever can be read can
// be asked for this way. Handlers see a GET; one that reads as it writes stops early, see reply.Note.
func Head(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodHead {
			next.ServeHTTP(w, r)
			return
		}
		reply.NoteOf(r.Context()).HeadOnly = true
		get := *r
		get.Method = http.MethodGet
		next.ServeHTTP(&headWriter{ResponseWriter: w}, &get)
	})
}

// headWriter sends the status and the headers of an answer alone.
type headWriter struct {
	http.ResponseWriter
	sent bool
}

// WriteHeader implements http.ResponseWriter.
func (w *headWriter) WriteHeader(status int) {
	w.sent = true
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter. What is written counts as sent.
func (w *headWriter) Write(p []byte) (int, error) {
	if !w.sent {
		w.WriteHeader(http.StatusOK)
	}
	return len(p), nil
}

// Flush implements http.Flusher, which gin expects.
func (w *headWriter) Flush() {
	if f, ok := w.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}

// Unwrap lets http.ResponseController find the writer below.
func (w *headWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// methodOf is the method that the client sent.
func methodOf(c *gin.Context) string {
	if reply.NoteOf(c.Request.Context()).HeadOnly {
		return http.MethodHead
	}
	return c.Request.Method
}

// bytesOf is how much of a body was sent.
func bytesOf(c *gin.Context) int {
	if reply.NoteOf(c.Request.Context()).HeadOnly {
		return 0
	}
	return max(c.Writer.Size(), 0)
}

// AllowHead adds HEAD to the methods that an answer names as allowed, where GET is among them.
func AllowHead(h http.Header) {
	const header = "Allow"
	if allowed := h.Get(header); slices.Contains(strings.Split(allowed, ", "), http.MethodGet) {
		h.Set(header, allowed+", "+http.MethodHead)
	}
}
