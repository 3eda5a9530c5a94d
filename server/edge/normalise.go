package edge

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/postern-mail/postern/server/reply"
	"github.com/postern-mail/postern/store"
)

const (
	// maxFaults is how many mistakes are looked at before the rest of a request is left unread.
	maxFaults = 20
	// maxName is how many bytes of a name are read: more than any parameter has.
	maxName = 128
)

// document is the parameters of a request: names with JSON values, in the shape of the contract's schema.
type document map[string]json.RawMessage

// Normalise reads the body and the query string and leaves one form of either: a body is JSON as the contract
// describes it, a query string holds declared parameters only. What the surfaces treat differently is decided here.
// The body is read piece by piece: what the operation does not take is skipped and never held in memory.
func (e *Edge) Normalise(c *gin.Context) {
	r := c.Request
	op := Of(r.Context())
	sent := hasBody(r)
	if r.URL.RawQuery == "" && !sent && op.Body == nil {
		return
	}
	body := e.bodies.reader(c.Writer, r.Body, op.MaxBody)
	defer body.release()
	if err := normalise(r, body); err != nil {
		if body.failed != nil && !errors.Is(body.failed, io.EOF) {
			c.Header("Connection", "close") // the rest of the body is not waited for
		}
		e.fail(c, err)
		return
	}
	if sent {
		body.arrived()
		ctx, cancel := Page(r.Context()) // the operation has its whole time, however long the body took
		defer cancel()
		c.Request = r.WithContext(ctx)
	}
	c.Next()
}

func normalise(r *http.Request, body io.Reader) error {
	n := normaliser{
		op: Of(r.Context()), lenient: reply.IsLenient(r.Context()), body: document{}, query: url.Values{}, note: reply.NoteOf(r.Context()),
	}
	err := n.read(r, body)
	if n.first != nil && (err == nil || errors.Is(err, errEnough)) {
		return n.first
	}
	if err != nil {
		return err
	}
	n.note.Discard(n.discarded...)
	r.URL.RawQuery = n.query.Encode()
	return n.replaceBody(r)
}

// normaliser collects the parameters of one request.
type normaliser struct {
	op        *Operation
	lenient   bool
	body      document
	query     url.Values
	discarded []string
	note      *reply.Note

	sent   map[string]bool // the names seen in the source that is being read
	lists  map[string]*items
	faults int
	first  error // the first fault
}

// errEnough ends the reading of a request with too many faults.
var errEnough = errors.New("too many faults")

// fault notes a mistake. Reading goes on unless there have been too many.
func (n *normaliser) fault(err error) error {
	if n.first == nil {
		n.first = err
	}
	if n.faults++; n.faults > maxFaults {
		return errEnough
	}
	return nil
}

// read takes over the query string, then the body, which wins.
func (n *normaliser) read(r *http.Request, body io.Reader) error {
	if query := r.URL.RawQuery; query != "" {
		form := &formReader{from: bufio.NewReaderSize(strings.NewReader(query), min(len(query), 4096)), bad: errBadQuery}
		if err := n.form(form, n.lenient); err != nil {
			return err
		}
	}
	if !hasBody(r) {
		return nil
	}
	if r.Header.Get("Content-Type") == jsonMedia {
		return n.json(newJSONReader(body))
	}
	return n.form(&formReader{from: bufio.NewReader(body), bad: errBadForm}, true)
}

var (
	errBadQuery = store.Fail(store.Invalid, reply.CodeMalformedQuery, "The query string is not well-formed.")
	errBadForm  = malformed("The form is not well-formed.")
)

// replaceBody hands on the document, also an empty one: the validator then says which parameter is missing.
func (n *normaliser) replaceBody(r *http.Request) error {
	if n.op.Body == nil {
		r.Body, r.ContentLength = http.NoBody, 0
		return nil
	}
	raw, err := json.Marshal(n.body)
	if err != nil {
		return err
	}
	r.Body, r.GetBody, r.ContentLength = io.NopCloser(bytes.NewReader(raw)), nil, int64(len(raw))
	r.Header.Set("Content-Type", jsonMedia)
	return nil
}

// begin starts a source of parameters: the query string or the body.
func (n *normaliser) begin() { n.sent, n.lists = map[string]bool{}, map[string]*items{} }

// find returns the parameter that a name stands for. On the legacy surface body and query string may stand for each
// other; on the strict one a body holds what a body declares, and a query string what the query declares.
func (n *normaliser) find(name string, isBody bool) (*Parameter, []string) {
	if n.lenient {
		return n.op.publishedName(name)
	}
	if isBody {
		return n.op.Body[name], nil
	}
	return n.op.Query[name], nil
}

// unknown notes a name that is no parameter, which the legacy surface ignores.
func (n *normaliser) unknown(name string) error {
	if n.lenient {
		return nil
	}
	name = shown(name)
	return n.fault(store.Fail(store.Invalid, reply.CodeUnknownParameter, "%s is not a parameter of this operation.", name).With(name))
}

func (n *normaliser) repeated(name string) error {
	return n.fault(store.Fail(store.Invalid, reply.CodeRepeatedParameter, "%s may be given once only.", name).With(name))
}

// text files one parameter that came as text.
func (n *normaliser) text(p *Parameter, value string) error {
	if err := checkValue(p.Name, value); err != nil {
		return n.fault(err)
	}
	if n.lenient {
		value = p.legacyValue(value)
	}
	if n.op.Body[p.Name] == nil {
		if value != "" || !n.lenient {
			n.query.Set(p.Name, p.canonical(value))
		}
		return nil
	}
	if raw, ok := p.scalar(value, n.lenient); ok {
		n.body[p.Name] = raw
	}
	return nil
}

// put files a JSON value. On the legacy surface it may be one of the query string, which has no null and no lists.
func (n *normaliser) put(p *Parameter, raw json.RawMessage) {
	switch {
	case n.op.Body[p.Name] != nil:
		n.body[p.Name] = raw
	case (p.kind == kindInteger || p.kind == kindNumber) && string(raw) != "null":
		n.query.Set(p.Name, string(raw))
	}
}

// fixed files the value that an old name stands for.
func (n *normaliser) fixed(p *Parameter, values []string) error {
	if p.kind != kindArray {
		return n.text(p, values[0])
	}
	list := n.list(p)
	for _, value := range values {
		if value == "" {
			continue
		}
		if err := n.distinctItem(list, value, false); err != nil {
			return err
		}
	}
	return nil
}

// checkValue refuses decoded text that no parameter may hold.
func checkValue(name, value string) error {
	if !utf8.ValidString(value) {
		return store.Fail(store.Invalid, reply.CodeInvalidUTF8, "%s is not valid UTF-8.", name).With(name)
	}
	if strings.IndexByte(value, 0) >= 0 {
		return store.Fail(store.Invalid, reply.CodeInvalidCharacter, "%s holds a NUL character.", name).With(name)
	}
	return nil
}

// shown cuts a name that a client made up to what an error should repeat.
func shown(name string) string {
	const most = 64
	if len(name) > most {
		name = name[:most] + "..."
	}
	return strings.ToValidUTF8(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, name), "")
}
