package edge

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-mail/postern/server/reply"
	"github.com/postern-mail/postern/store"
)

const requestIDHeader = "X-Request-Id"

// ownRequestID is the form in which a proxy may hand in an id of its own.
var ownRequestID = regexp.MustCompile(`^[A-Za-z0-9._-]{8,64}$`)

// Identify gives the request an id, or takes the proxy's, and notes whose it is. What trusted proxies say of the client counts.
func Identify(trusted store.Networks, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(requestIDHeader)
		if !ownRequestID.MatchString(id) {
			var b [8]byte
			_, _ = rand.Read(b[:]) // never fails
			id = hex.EncodeToString(b[:])
		}
		w.Header().Set(requestIDHeader, id)
		note := &reply.Note{RequestID: id, ClientIP: clientIP(r, trusted), Secure: isSecure(r, trusted), Minimal: prefersMinimal(r)}
		next.ServeHTTP(w, r.WithContext(reply.WithNote(r.Context(), note)))
	})
}

// prefersMinimal reports whether the client does without what a write has written (RFC 7240, section 4.2).
func prefersMinimal(r *http.Request) bool {
	for _, value := range r.Header.Values("Prefer") {
		for preference := range strings.SplitSeq(value, ",") {
			name, _, _ := strings.Cut(preference, ";")
			if strings.EqualFold(strings.ReplaceAll(strings.TrimSpace(name), `"`, ""), "return=minimal") {
				return true
			}
		}
	}
	return false
}

// Log writes one line for each request: never the query string, a header or the body, which may hold secrets.
func Log(log *slog.Logger, metrics *Metrics) gin.HandlerFunc {
	return func(c *gin.Context) {
		start := time.Now()
		c.Next()
		took := time.Since(start)
		note := reply.NoteOf(c.Request.Context())
		metrics.observe(note.Operation(), methodOf(c), c.Writer.Status(), note.Code(), took)
		log.LogAttrs(c.Request.Context(), slog.LevelInfo, "request",
			slog.String("request_id", note.RequestID),
			slog.String("method", methodOf(c)),
			slog.String("path", c.Request.URL.Path),
			slog.Bool("legacy", reply.IsLenient(c.Request.Context())),
			slog.Int("status", c.Writer.Status()),
			slog.String("code", note.Code()),
			slog.Int("bytes", bytesOf(c)),
			slog.Duration("took", took),
			slog.String("principal", note.Principal()),
			slog.String("ip", note.ClientIP),
		)
	}
}

// Recover answers a panic with an internal error. The stack goes to the log.
func Recover(log *slog.Logger, errors *reply.Errors) gin.HandlerFunc {
	return func(c *gin.Context) {
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if cause == http.ErrAbortHandler { //nolint:errorlint // the agreed value itself
				panic(cause)
			}
			log.Error("panic", "request_id", reply.NoteOf(c.Request.Context()).RequestID,
				"cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
			c.Abort()
			errors.Write(c.Writer, c.Request, fmt.Errorf("panic: %v", cause))
		}()
		c.Next()
	}
}
