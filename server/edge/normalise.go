package edge

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/postern-mail/postern/server/contract"
	"github.com/postern-mail/postern/server/reply"
)

// Normalise reads the body and the query string and leaves one form of either: a body is JSON as the contract
// describes it, a query string holds declared parameters only. What the surfaces treat differently is decided here.
// The body is read piece by piece: what the operation does not take is skipped and never held in memory.
func (e *Edge) Normalise(c *gin.Context) {
	r := c.Request
	op := contract.Of(r.Context())
	sent := hasBody(r)
	if r.URL.RawQuery == "" && !sent && op.Body == nil {
		return
	}
	body := e.bodies.reader(c.Writer, r.Body, op.MaxBody)
	defer body.release()
	held, err := normalise(r, body)
	if err != nil {
		if body.failed != nil && !errors.Is(body.failed, io.EOF) {
			c.Header("Connection", "close") // the rest of the body is not waited for
		}
		e.fail(c, err)
		return
	}
	ctx := context.WithValue(r.Context(), sentKey{}, held)
	if sent {
		body.arrived()
		var cancel context.CancelFunc
		ctx, cancel = Page(ctx) // the operation has its whole time, however long the body took
		defer cancel()
	}
	c.Request = r.WithContext(ctx)
	c.Next()
}

// normalise leaves one form of the query string and the body. The mistakes that are in what it returns are for CheckBody, which adds
// its own; an error leaves nothing to check.
func normalise(r *http.Request, body io.Reader) (*Sent, error) {
	n := normaliser{
		op: contract.Of(r.Context()), on: surfaceOf(r), body: document{}, query: url.Values{}, note: reply.NoteOf(r.Context()),
	}
	err := n.read(r, body)
	if errors.Is(err, errEnough) {
		return nil, n.found.err()
	}
	if err != nil {
		return nil, err
	}
	n.note.Discard(n.discarded...)
	r.URL.RawQuery = n.query.Encode()
	held := &Sent{Computed: n.sentBack, body: n.body, found: n.found}
	if n.op.Body == nil {
		r.Body, r.ContentLength = http.NoBody, 0
		return held, nil
	}
	return held, held.PutBack(r) // also an empty one: the validator then says which parameter is missing
}

// surface is what the strict and the legacy one treat differently while a request is read.
type surface interface {
	// find returns the parameter that a name stands for, with the value that the name itself gives it; the zero value is none.
	find(op *contract.Operation, name string, isBody bool) contract.LegacyName
	// unknown is the error for a name that is no parameter of the body or of the query string, nil where it is ignored.
	unknown(op *contract.Operation, name string, isBody bool) error
	// jsonAsForm is the error for JSON that was sent as a form, nil where an object is read as what it is.
	jsonAsForm(op *contract.Operation, isObject bool) error
	// noPair is the error for what stands in a form or a query string and is no name with a value, nil where it is ignored. It may be a
	// password.
	noPair(op *contract.Operation, name string, isBody bool) error
	// repeated is the error for a value that is given again, nil where the last one counts.
	repeated(name string) error
	// word returns the word of the contract that a value stands for.
	word(p *contract.Parameter, value string) string
	// emptyIsAbsent reports whether an empty value counts as absent where it cannot clear.
	emptyIsAbsent() bool
	// readsWords reports whether the values of JSON are read like those of a form: null is an empty text, true and 1 are words.
	readsWords() bool
	// null is the value that null stands for in JSON.
	null(p *contract.Parameter) (json.RawMessage, error)
	// readsBooleans reports whether true and false in JSON are words of the parameter.
	readsBooleans(p *contract.Parameter) bool
	// checkItem returns what is wrong with an item of a list, and whether the item is then left out rather than refused.
	checkItem(p *contract.Parameter, item string, cut bool) (leftOut bool, err error)
}

func surfaceOf(r *http.Request) surface {
	if reply.IsLenient(r.Context()) {
		return lenient{}
	}
	return strict{}
}
