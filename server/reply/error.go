package reply

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/postern-mail/postern/store"
)

// Codes of failures that never reach a store.
const (
	CodeReadOnly           = "READ_ONLY"
	CodeNotAuthorized      = "NOT_AUTHORIZED"
	CodeNotAllowedIP       = "NOT_ALLOWED_IP"
	CodeNoSuchPath         = "NO_SUCH_PATH"
	CodeMethodNotAllowed   = "METHOD_NOT_ALLOWED"
	CodeUnsupportedMedia   = "UNSUPPORTED_MEDIA_TYPE"
	CodeBodyTooLarge       = "BODY_TOO_LARGE"
	CodeInternalError      = "INTERNAL_ERROR"
	CodeCrossOrigin        = "CROSS_ORIGIN_DENIED"
	CodeMalformedBody      = "MALFORMED_BODY"
	CodeMalformedQuery     = "MALFORMED_QUERY"
	CodeInvalidUTF8        = "INVALID_UTF8"
	CodeInvalidCharacter   = "INVALID_CHARACTER"
	CodeUnknownParameter   = "UNKNOWN_PARAMETER"
	CodeRepeatedParameter  = "REPEATED_PARAMETER"
	CodeMissingParameter   = "MISSING_PARAMETER"
	CodeConflicting        = store.CodeConflicting
	CodeInvalidType        = "INVALID_TYPE"
	CodeInvalidValue       = store.CodeInvalidValue
	CodeTooManyItems       = store.CodeTooManyItems
	CodeInvalidUsername    = "INVALID_USERNAME"
	CodeRequestTimeout     = "REQUEST_TIMEOUT"
	CodeServerBusy         = store.CodeServerBusy
	CodeEmptyPassword      = "EMPTY_PASSWORD" //nolint:gosec // a code, no credential
	retryAfterSeconds      = 5
	internalErrorExplained = "Something went wrong on the server. Its log tells more under this request id."
	contentTypeJSON        = "application/json"
)

// Refusal is a failure of the HTTP exchange itself: it has the same status on both surfaces.
type Refusal struct {
	Status int
	Code   string
	Detail string
}

// Error implements error.
func (r *Refusal) Error() string { return r.Code + ": " + r.Detail }

// The refusals.
var (
	NoSuchPath       = &Refusal{http.StatusNotFound, CodeNoSuchPath, "There is nothing at this path. All paths are at /docs/."}
	MethodNotAllowed = &Refusal{http.StatusMethodNotAllowed, CodeMethodNotAllowed, "This path does not take that method."}
	UnsupportedMedia = &Refusal{http.StatusUnsupportedMediaType, CodeUnsupportedMedia,
		"Send application/json or application/x-www-form-urlencoded."}
	ReadOnly = &Refusal{http.StatusServiceUnavailable, CodeReadOnly,
		"The server takes no changes for now. Ask its administrator, or try again later."}
	CrossOrigin    = &Refusal{http.StatusForbidden, CodeCrossOrigin, "A page of another site may not do this."}
	RequestTimeout = &Refusal{http.StatusRequestTimeout, CodeRequestTimeout,
		"The body came too slowly. Send it again, at 64 KiB a second or faster."}
	BodiesBusy = &Refusal{http.StatusServiceUnavailable, CodeServerBusy,
		"The server is reading as many request bodies as it may. Try again in a few seconds."}
)

// BodyTooLarge refuses a body of more than limit bytes.
func BodyTooLarge(limit int64) *Refusal {
	return &Refusal{http.StatusRequestEntityTooLarge, CodeBodyTooLarge,
		fmt.Sprintf("The body of this request may have at most %d bytes.", limit)}
}

// Errors writes every error of the server.
type Errors struct {
	Log *slog.Logger
	// Answer reports whether all backends answer, soon. A request that ran out of its time was then slow itself. Nil is never.
	Answer func(ctx context.Context) bool
}

// failure is what a request is answered with that failed. The legacy surface leaves out what is empty.
type failure struct {
	Msg       string
	Detail    string
	Field     string
	RequestID string
	Causes    []string
	Errors    []fault // all mistakes of the request, where there are several
}

// fault is one of several mistakes.
type fault struct {
	Msg    string  `json:"_msg"`
	Detail string  `json:"_detail"`
	Field  *string `json:"_field"`
}

// lenientFailure is a failure as the legacy surface writes it.
type lenientFailure struct {
	Success   bool    `json:"_success"`
	Msg       string  `json:"_msg,omitempty"`
	Detail    string  `json:"_detail,omitempty"`
	Field     string  `json:"_field,omitempty"`
	RequestID string  `json:"_request_id,omitempty"`
	Errors    []fault `json:"_errors,omitempty"`
}

// strictFailure is a failure as the strict surface writes it.
type strictFailure struct {
	Success   bool     `json:"_success"`
	Msg       string   `json:"_msg"`
	Detail    string   `json:"_detail"`
	Field     *string  `json:"_field"` // null where no parameter is at fault
	RequestID string   `json:"_request_id"`
	Causes    []string `json:"_causes,omitempty"`
	Errors    []fault  `json:"_errors,omitempty"`
}

// body is the failure as it is written.
func (f failure) body(lenient bool) any {
	if lenient {
		return lenientFailure{Msg: f.Msg, Detail: f.Detail, Field: f.Field, RequestID: f.RequestID, Errors: within(f.Errors, mostLenient)}
	}
	return strictFailure{Msg: f.Msg, Detail: f.Detail, Field: orNull(f.Field), RequestID: f.RequestID, Causes: f.Causes, Errors: f.Errors}
}

// mostLenient is how many bytes the mistakes of a failure take on the legacy surface. Some of its clients read no more than 4 KiB of
// the answer to a write.
const mostLenient = 3 << 10

// within returns as many of the mistakes as fit.
func within(all []fault, most int) []fault {
	for i, f := range all {
		raw, err := json.Marshal(f)
		if most -= len(raw); err != nil || most < 0 {
			return all[:i]
		}
	}
	return all
}

// Faults are several mistakes of one request. The answer is about the first, and names them all.
type Faults []error

// Error implements error.
func (f Faults) Error() string { return errors.Join(f...).Error() }

// Unwrap returns the mistakes.
func (f Faults) Unwrap() []error { return f }

// named returns the mistakes as an answer has them.
func (f Faults) named() []fault {
	var all []fault
	for _, err := range f {
		var known *store.Error
		if errors.As(err, &known) {
			all = append(all, fault{known.Code, known.Detail, orNull(known.Field)})
		}
	}
	return all
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// Write answers the request with the error. After the first byte of another answer it only logs.
func (e *Errors) Write(w http.ResponseWriter, r *http.Request, err error) {
	note := NoteOf(r.Context())
	status, failed := e.decide(r.Context(), r.Method, err)
	var body any = lenientFailure{Success: true}
	if failed != nil {
		note.setCode(failed.Msg)
		failed.RequestID = note.RequestID
		body = failed.body(IsLenient(r.Context()))
	}
	if started, ok := w.(interface{ Written() bool }); ok && started.Written() {
		return
	}
	if seconds := retryAfter(status, err); seconds > 0 {
		w.Header().Set("Retry-After", strconv.FormatInt(seconds, 10))
	}
	w.Header().Set("Content-Type", contentTypeJSON)
	w.WriteHeader(status)
	if err := newEncoder(w).Encode(body); err != nil {
		e.Log.Debug("the client is gone", "request_id", note.RequestID, "cause", err)
	}
}

// newEncoder returns an encoder for what people read: a hint may show <name>, and nobody reads JSON as a page.
func newEncoder(w io.Writer) *json.Encoder {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	return out
}

// decide returns the status and what is told, nil for a success.
func (e *Errors) decide(ctx context.Context, method string, err error) (int, *failure) {
	var refusal *Refusal
	if errors.As(err, &refusal) {
		return refusal.Status, &failure{Msg: refusal.Code, Detail: refusal.Detail}
	}
	var nothing *store.NothingLeft
	if errors.As(err, &nothing) { // the first bad item may have been left out before the store saw the list
		if first := NoteOf(ctx).firstBadOf(nothing.First.Field); first != nil {
			err = first
		}
	}
	known := e.failureOf(ctx, err)
	if known == nil {
		e.Log.Error("request failed", "request_id", NoteOf(ctx).RequestID, "operation", NoteOf(ctx).Operation(), "cause", err)
		return http.StatusInternalServerError, &failure{Msg: CodeInternalError, Detail: internalErrorExplained}
	}
	if known.Kind == store.Unavailable && known.Code != store.CodeServerBusy {
		e.Log.Warn("backend unavailable",
			"request_id", NoteOf(ctx).RequestID, "operation", NoteOf(ctx).Operation(), "cause", known.Cause)
	}
	status := statusOf(known.Kind)
	failed := &failure{Msg: known.Code, Detail: known.Detail, Field: known.Field, Causes: known.Causes}
	var several Faults
	if errors.As(err, &several) {
		failed.Errors = several.named()
	}
	if !IsLenient(ctx) {
		return status, failed
	}
	if len(failed.Causes) > 0 { // the published API has them as the code
		failed.Msg = strings.Join(failed.Causes, ",")
	}
	switch {
	case keepsStatus(status):
		return status, failed
	case method == http.MethodDelete && known.Kind == store.NotFound:
		return http.StatusOK, nil // the published API takes the removal of what is not there for done
	}
	return http.StatusOK, failed
}

// failureOf returns what the caller may be told, nil for trouble on our side. Where the time of the request was over and every
// backend answers, nothing is away: it was too much for one request.
func (e *Errors) failureOf(ctx context.Context, err error) *store.Error {
	var known *store.Error
	switch {
	case errors.As(err, &known):
		if known.Late && e.Answer != nil && e.Answer(ctx) {
			return store.InProgress(err)
		}
		return known
	case errors.Is(err, context.DeadlineExceeded):
		return store.InProgress(err)
	case errors.Is(err, context.Canceled):
		return store.Down("The server", err)
	}
	return nil
}

// keepsStatus reports whether a status is the same on the legacy surface. That a backend has no such thing is an answer
// there, not trouble.
func keepsStatus(status int) bool {
	return status == http.StatusTooManyRequests || status >= http.StatusInternalServerError && status != http.StatusNotImplemented
}

// retryAfter is how many whole seconds the client should wait, 0 when that has nothing to do with it.
func retryAfter(status int, err error) int64 {
	var known *store.Error
	switch {
	case errors.As(err, &known) && known.RetryAfter > 0:
		return int64((known.RetryAfter + time.Second - 1) / time.Second)
	case status == http.StatusServiceUnavailable:
		return retryAfterSeconds
	}
	return 0
}

func statusOf(kind store.Kind) int {
	switch kind {
	case store.Invalid:
		return http.StatusBadRequest
	case store.Unauthenticated:
		return http.StatusUnauthorized
	case store.Forbidden:
		return http.StatusForbidden
	case store.NotFound:
		return http.StatusNotFound
	case store.Conflict:
		return http.StatusConflict
	case store.PreconditionFailed:
		return http.StatusPreconditionFailed
	case store.Unprocessable:
		return http.StatusUnprocessableEntity
	case store.Unsupported:
		return http.StatusNotImplemented
	case store.Unavailable:
		return http.StatusServiceUnavailable
	case store.TooMany:
		return http.StatusTooManyRequests
	}
	return http.StatusInternalServerError
}
