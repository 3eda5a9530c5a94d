package reply

import (
	"context"
	"slices"
	"sync"
)

type key int

const (
	lenientKey key = iota
	noteKey
)

// Lenient marks the request as one of the legacy surface.
func Lenient(ctx context.Context) context.Context { return context.WithValue(ctx, lenientKey, true) }

// IsLenient reports whether the request came in by the legacy surface.
func IsLenient(ctx context.Context) bool {
	lenient, _ := ctx.Value(lenientKey).(bool)
	return lenient
}

// Note is what the stages of one request tell those that answer and log it.
type Note struct {
	RequestID string
	ClientIP  string // of whoever sent the request, behind trusted proxies too
	Secure    bool   // the client speaks TLS, to us or to a trusted proxy
	Minimal   bool   // a write need not answer what it has written
	HeadOnly  bool   // the body of the answer is not sent: a listing reads no further than its first page

	mu        sync.Mutex
	principal string
	operation string
	code      string
	discarded []string
	firstBad  map[string]error
	ignored   []string
}

// WithNote starts the note of a request.
func WithNote(ctx context.Context, note *Note) context.Context {
	return context.WithValue(ctx, noteKey, note)
}

// NoteOf returns the note of the request, an empty one outside of any.
func NoteOf(ctx context.Context) *Note {
	if n, ok := ctx.Value(noteKey).(*Note); ok {
		return n
	}
	return &Note{}
}

// Discard names items of lists that were left out.
func (n *Note) Discard(items ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.discarded = append(n.discarded, items...)
}

// SetFirstBad notes that the first item of a list was left out, and why.
func (n *Note) SetFirstBad(field string, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.firstBad == nil {
		n.firstBad = map[string]error{}
	}
	n.firstBad[field] = err
}

// firstBadOf returns the error of the first item of a list, nil when that item was taken.
func (n *Note) firstBadOf(field string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.firstBad[field]
}

// Discarded returns the items that were left out.
func (n *Note) Discarded() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.discarded
}

// mostIgnored is how many names of parameters that were ignored an answer has.
const mostIgnored = 20

// Ignore names a parameter that means nothing to the operation, on the surface that passes over such.
func (n *Note) Ignore(name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.ignored) < mostIgnored && !slices.Contains(n.ignored, name) {
		n.ignored = append(n.ignored, name)
	}
}

// Ignored returns the names of the parameters that were ignored.
func (n *Note) Ignored() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.ignored
}

// SetPrincipal names who is asking, for the access log.
func (n *Note) SetPrincipal(username string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.principal = username
}

// Principal returns who is asking, "" when nobody is logged in.
func (n *Note) Principal() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.principal
}

// setCode notes the code of the failure that is answered.
func (n *Note) setCode(code string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.code = code
}

// Code returns the code of the failure that was answered, "" after a success. The legacy surface answers failures with the
// status of a success, so the code is what tells them apart.
func (n *Note) Code() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.code
}

// SetOperation names the matched operation, for the access log and the metrics.
func (n *Note) SetOperation(id string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.operation = id
}

// Operation returns the id of the matched operation, "" when none is.
func (n *Note) Operation() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.operation
}
