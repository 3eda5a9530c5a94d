package edge

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/postern-mail/postern/server/contract"
	"github.com/postern-mail/postern/server/reply"
	"github.com/postern-mail/postern/store"
)

// maxName is how many bytes of a name are read: more than any parameter has.
const maxName = 128

// document is the parameters of a request: names with JSON values, in the shape of the contract's schema.
type document map[string]json.RawMessage

// normaliser collects the parameters of one request.
type normaliser struct {
	op        *contract.Operation
	on        surface
	body      document
	query     url.Values
	discarded []string
	note      *reply.Note
	found     faults
	sentBack  bool // there were keys that only a reply has
	unpaired  bool // that something is no name with a value was told

	sent  map[string]bool // the names seen in the source that is being read
	lists map[string]*items
}

// fault notes a mistake. Reading goes on unless there have been too many.
func (n *normaliser) fault(err error) error { return n.found.add(err) }

// read takes over the query string, then the body, which wins.
func (n *normaliser) read(r *http.Request, body io.Reader) error {
	if query := r.URL.RawQuery; query != "" {
		form := &formReader{from: bufio.NewReaderSize(strings.NewReader(query), min(len(query), 4096)), bad: errBadQuery}
		if err := n.form(form, false); err != nil {
			return err
		}
	}
	if !hasBody(r) {
		return nil
	}
	if r.Header.Get("Content-Type") == contract.MediaJSON {
		return n.json(newJSONReader(body))
	}
	from := bufio.NewReader(body)
	begins, err := beginning(from)
	if err == nil && looksLikeJSON(begins) {
		err = n.on.jsonAsForm(n.op, begins[0] == '{')
	}
	switch {
	case err != nil:
		return err
	case begins != "" && begins[0] == '{':
		return n.json(newJSONReader(from))
	}
	return n.form(&formReader{from: from, bad: errBadForm}, true)
}

// mostBlanks is how many blanks in front of a body are looked past.
const mostBlanks = 64

// beginning returns the first few bytes of a body behind its blanks, and leaves them there.
func beginning(from *bufio.Reader) (string, error) {
	const few = 4
	for n := 1; n <= mostBlanks; n++ {
		b, err := from.Peek(n)
		switch {
		case errors.Is(err, io.EOF):
			return "", nil
		case err != nil:
			return "", err
		case !isBlank(b[n-1]):
			b, err = from.Peek(n - 1 + few)
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return string(b[min(n-1, len(b)):]), err
		}
	}
	return "", nil
}

func isBlank(b byte) bool { return strings.IndexByte(" \t\r\n", b) >= 0 }

// looksLikeJSON reports whether text that was sent as a form, or a name in one, begins as JSON does, or as JSON in quotes or behind a
// byte order mark. The names of parameters do not, and curl -d sends any text as a form. Such text is never repeated: it may hold
// a password.
func looksLikeJSON(text string) bool {
	text = strings.TrimLeft(strings.TrimPrefix(text, "\ufeff"), "'\" \t\r\n")
	return strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[")
}

// holdsJSON reports whether a name may be a part of a JSON document.
func holdsJSON(name string) bool { return looksLikeJSON(name) || strings.ContainsAny(name, "{\"") }

var (
	errBadQuery = store.Fail(store.Invalid, reply.CodeMalformedQuery, "The query string is not well-formed.")
	errBadForm  = malformed("The form is not well-formed.")

	errJSONAsForm = malformed("The body looks like JSON but was sent as a form. Add the header Content-Type: application/json (curl --json).")
	errNoPair     = malformed("The form holds something that is no name with a value. It is written as name=value, with & between two: quota=1024&language=de_DE.")
)

// begin starts a source of parameters: the query string or the body.
func (n *normaliser) begin() { n.sent, n.lists = map[string]bool{}, map[string]*items{} }

// text files one parameter that came as text.
func (n *normaliser) text(p *contract.Parameter, value string) error {
	if err := checkValue(p.Name, value); err != nil {
		return n.fault(err)
	}
	value = n.on.word(p, value)
	if n.op.Body[p.Name] == nil {
		return n.queryValue(p, value)
	}
	if raw, ok := scalar(p, value, n.on.emptyIsAbsent()); ok {
		n.body[p.Name] = raw
	}
	return nil
}

// queryValue files a value of the query string.
func (n *normaliser) queryValue(p *contract.Parameter, value string) error {
	if value == "" && n.on.emptyIsAbsent() {
		return nil
	}
	if !p.IsNumber() {
		n.query.Set(p.Name, value)
		return nil
	}
	number, err := canonicalNumber(p, value)
	switch {
	case errors.Is(err, errTooLarge) && p.Schema.Max == nil: // no number is too large for it
		number = strconv.AppendInt(nil, math.MaxInt64, 10)
	case err != nil:
		return n.fault(badNumber(p, err))
	}
	n.query.Set(p.Name, string(number))
	return nil
}

// put files a JSON value. On the legacy surface it may be one of the query string, which has no null and no lists.
func (n *normaliser) put(p *contract.Parameter, raw json.RawMessage) {
	switch {
	case n.op.Body[p.Name] != nil:
		n.body[p.Name] = raw
	case p.IsNumber() && string(raw) != "null":
		n.query.Set(p.Name, string(raw))
	}
}

// fixed files the value that an old name stands for.
func (n *normaliser) fixed(p *contract.Parameter, value string) error {
	if p.Kind != contract.KindArray {
		return n.text(p, value)
	}
	list := n.list(p)
	if value == "" {
		return nil
	}
	return n.distinctItem(list, value, false)
}

// form takes over a form, or the query string.
func (n *normaliser) form(f *formReader, isBody bool) error {
	n.begin()
	err := f.pairs(maxName, func(name string, alone bool) error {
		found := n.on.find(n.op, name, isBody)
		if found.Parameter == nil {
			if err := n.unknownPair(name, alone, isBody); err != nil {
				return err
			}
			_, _, err := f.value(0)
			return err
		}
		return n.formValue(f, name, found)
	})
	if err != nil {
		return err
	}
	return n.fileLists()
}

func (n *normaliser) formValue(f *formReader, name string, found contract.LegacyName) error {
	p, again := found.Parameter, n.sent[name]
	n.sent[name] = true
	if p.Kind == contract.KindArray && found.Value == nil {
		list := n.list(p)
		return f.items(itemBytes(p), func(s string, cut bool) error { return n.distinctItem(list, s, cut) })
	}
	value, cut, err := f.value(valueBytes(p))
	if err != nil {
		return err
	}
	if again {
		if err := n.on.repeated(p.Name); err != nil {
			return n.fault(err)
		}
	}
	switch {
	case found.Value != nil:
		return n.fixed(p, *found.Value)
	case cut:
		return n.fault(tooLong(p))
	}
	return n.text(p, value)
}

// unknownPair notes a pair of a form that is no parameter. What is no name at all, as where "password: secret" was sent, is not repeated.
func (n *normaliser) unknownPair(name string, alone, isBody bool) error {
	isAll := isBody && alone
	if !isAll && !holdsJSON(name) && !strings.ContainsAny(name, " :@") {
		return n.unknown(name, isBody)
	}
	if err := n.on.noPair(n.op, name, isBody); err != nil && !n.unpaired {
		n.unpaired = true
		return n.fault(err)
	}
	return nil
}

// unknown notes a name that is no parameter: where that is no mistake, the answer names it as ignored. A key that only a reply has is
// passed over.
func (n *normaliser) unknown(name string, isBody bool) error {
	if isBody && n.op.Computed[name] {
		n.sentBack = true
		return nil
	}
	if err := n.on.unknown(n.op, name, isBody); err != nil {
		return n.fault(err)
	}
	if name = cutName(name); name != "" && !holdsJSON(name) {
		n.note.Ignore(name)
	}
	return nil
}

// repeated is the error for a value that is given again.
func repeated(name string) error {
	return store.Fail(store.Invalid, reply.CodeRepeatedParameter, "%s may be given once only.", name).With(name)
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
