package edge

import (
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

// document is the parameters of a request: names with JSON values, in the shape of the contract's schema.
type document map[string]json.RawMessage

// Normalise reads the body and the query string and leaves one form of either: a body is JSON as the contract
// describes it, a query string holds declared parameters only. What the surfaces treat differently is settled here.
func (e *Edge) Normalise(c *gin.Context) {
	r := c.Request
	if r.URL.RawQuery == "" && !hasBody(r) && Of(r.Context()).Body == nil {
		return
	}
	r.Body = http.MaxBytesReader(c.Writer, r.Body, MaxBody)
	if err := normalise(r); err != nil {
		e.fail(c, err)
	}
}

func normalise(r *http.Request) error {
	n := normaliser{op: Of(r.Context()), lenient: reply.IsLenient(r.Context()), body: document{}, query: url.Values{}}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return store.Fail(store.Invalid, reply.CodeMalformedQuery, "The query string is not well-formed.")
	}
	if err = n.values(values, n.lenient); err != nil {
		return err
	}
	if err = n.readBody(r); err != nil {
		return err
	}
	reply.NoteOf(r.Context()).Discard(n.discarded...)
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
}

func (n *normaliser) readBody(r *http.Request) error {
	if !hasBody(r) {
		return nil
	}
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return reply.BodyTooLarge
		}
		return malformed("The body ended before its declared length.")
	}
	if err = checkText(raw); err != nil {
		return err
	}
	if r.Header.Get("Content-Type") == jsonMedia {
		return n.json(raw)
	}
	values, err := url.ParseQuery(string(raw))
	if err != nil {
		return malformed("The form is not well-formed.")
	}
	return n.values(values, true)
}

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

// values takes over names and values of a form, or of the query string. On the legacy surface either may stand for
// the other; on the strict one a form holds what a body declares, and a query string what the query declares.
func (n *normaliser) values(values url.Values, isBody bool) error {
	for name, sent := range values {
		p, fixed := n.find(name, isBody)
		if p == nil {
			if n.lenient {
				continue
			}
			return unknown(name)
		}
		if fixed != nil {
			sent = fixed
		}
		if err := n.take(p, sent); err != nil {
			return err
		}
	}
	return nil
}

func (n *normaliser) find(name string, isBody bool) (*Parameter, []string) {
	if n.lenient {
		return n.op.publishedName(name)
	}
	if isBody {
		return n.op.Body[name], nil
	}
	return n.op.Query[name], nil
}

// take files one parameter of a form or a query string.
func (n *normaliser) take(p *Parameter, sent []string) error {
	for _, v := range sent {
		if err := checkValue(p.Name, v); err != nil {
			return err
		}
	}
	if p.kind == "array" {
		n.body[p.Name] = n.list(p, splitList(sent))
		return nil
	}
	if len(sent) > 1 && !n.lenient {
		return store.Fail(store.Invalid, reply.CodeRepeatedParameter, "%s may be given once only.", p.Name).With(p.Name)
	}
	value := sent[len(sent)-1]
	if n.lenient {
		value = legacyValue(p.Name, value)
	}
	if n.op.Body[p.Name] == nil {
		if value != "" || !n.lenient {
			n.query.Set(p.Name, value)
		}
		return nil
	}
	if raw, ok := p.scalar(value, n.lenient); ok {
		n.body[p.Name] = raw
	}
	return nil
}

// list drops invalid items on the legacy surface.
func (n *normaliser) list(p *Parameter, items []string) json.RawMessage {
	if n.lenient && p.items != nil {
		kept := items[:0]
		for _, item := range items {
			if p.items.VisitJSON(item) == nil {
				kept = append(kept, item)
			} else {
				n.discarded = append(n.discarded, item)
			}
		}
		items = kept
	}
	return quote(items)
}

// json takes over a JSON body.
func (n *normaliser) json(raw []byte) error {
	doc, err := parseObject(raw)
	if err != nil {
		return err
	}
	for name, value := range doc {
		p, fixed := n.find(name, true)
		if p == nil {
			if n.lenient {
				continue
			}
			return unknown(name)
		}
		if err = checkJSON(name, value); err != nil {
			return err
		}
		switch {
		case fixed != nil:
			err = n.take(p, fixed)
		case n.lenient:
			n.takeJSON(p, value)
		default:
			n.body[p.Name] = value
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// takeJSON files a JSON value of the legacy surface: its lists lose invalid items, its words become published ones.
func (n *normaliser) takeJSON(p *Parameter, value json.RawMessage) {
	var items []string
	var word string
	switch {
	case n.op.Body[p.Name] == nil:
		if json.Unmarshal(value, &word) == nil {
			n.query.Set(p.Name, word)
		}
	case p.kind == "array" && json.Unmarshal(value, &items) == nil:
		n.body[p.Name] = n.list(p, items)
	case json.Unmarshal(value, &word) == nil && p.kind == "string":
		if raw, ok := p.scalar(legacyValue(p.Name, word), true); ok {
			n.body[p.Name] = raw
		}
	default:
		n.body[p.Name] = value
	}
}

// parseObject reads a JSON object without looking into its values. Names that occur twice are refused. Some clients
// encode "no body" as null.
func parseObject(raw []byte) (document, error) {
	if bytes.Equal(bytes.TrimSpace(raw), []byte("null")) {
		return document{}, nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, malformed("The body is not a JSON object.")
	}
	doc := document{}
	for dec.More() {
		t, err := dec.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return nil, malformed("The body is not well-formed JSON.")
		}
		if _, twice := doc[name]; twice {
			return nil, store.Fail(store.Invalid, reply.CodeRepeatedParameter, "%s may be given once only.", shown(name)).With(shown(name))
		}
		var value json.RawMessage
		if err = dec.Decode(&value); err != nil {
			return nil, malformed("The body is not well-formed JSON.")
		}
		doc[name] = value
	}
	if _, err := dec.Token(); err != nil {
		return nil, malformed("The body is not well-formed JSON.")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, malformed("Something follows the JSON object.")
	}
	return doc, nil
}

// checkText refuses bytes that no parameter may hold.
func checkText(raw []byte) error {
	if !utf8.Valid(raw) {
		return store.Fail(store.Invalid, reply.CodeInvalidUTF8, "The body is not valid UTF-8.")
	}
	if bytes.IndexByte(raw, 0) >= 0 {
		return store.Fail(store.Invalid, reply.CodeInvalidCharacter, "The body holds a NUL character.")
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

// checkJSON looks for an escaped NUL in the strings of a value.
func checkJSON(name string, value json.RawMessage) error {
	if !bytes.Contains(value, []byte(`\u0000`)) {
		return nil
	}
	var decoded any
	if err := json.Unmarshal(value, &decoded); err != nil {
		return malformed("The body is not well-formed JSON.")
	}
	plain, err := json.Marshal(decoded)
	// A backslash followed by the letters "u0000" is written with two backslashes, a NUL with one.
	if err != nil || bytes.Contains(bytes.ReplaceAll(plain, []byte(`\\`), nil), []byte(`\u0000`)) {
		return store.Fail(store.Invalid, reply.CodeInvalidCharacter, "%s holds a NUL character.", name).With(name)
	}
	return nil
}

func malformed(detail string) error {
	return store.Fail(store.Invalid, reply.CodeMalformedBody, "%s", detail)
}

func unknown(name string) error {
	name = shown(name)
	return store.Fail(store.Invalid, reply.CodeUnknownParameter, "%s is not a parameter of this operation.", name).With(name)
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
