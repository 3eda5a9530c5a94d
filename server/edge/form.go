package edge

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/postern-mail/postern/server/contract"
)

// formReader reads a form (application/x-www-form-urlencoded), or a query string, character by character. It holds the
// part of a name or value that the caller asks for, and nothing of what it skips.
type formReader struct {
	from *bufio.Reader
	bad  error // what a form that is not well-formed fails with
}

// formToken is one decoded byte of a form, or what stands between names and values.
type formToken int

const (
	formByte formToken = iota
	formEquals
	formAnd
	formEnd
)

// next reads one token. An equals sign is one between a name and a value; within a value the caller takes it for the
// character that it is.
func (f *formReader) next() (formToken, byte, error) {
	b, err := f.from.ReadByte()
	switch {
	case errors.Is(err, io.EOF):
		return formEnd, 0, nil
	case err != nil:
		return formEnd, 0, err
	}
	switch b {
	case '=':
		return formEquals, b, nil
	case '&':
		return formAnd, b, nil
	case '+':
		return formByte, ' ', nil
	case ';': // which some programs take for an ampersand
		return formEnd, 0, f.bad
	case '%':
		b, err = f.percent()
	}
	return formByte, b, err
}

// percent reads the two hexadecimal digits of an encoded byte.
func (f *formReader) percent() (byte, error) {
	var value byte
	for range 2 {
		d, err := f.from.ReadByte()
		switch {
		case err != nil && !errors.Is(err, io.EOF):
			return 0, err
		case err != nil:
			return 0, f.bad
		case d >= '0' && d <= '9':
			d -= '0'
		case d|0x20 >= 'a' && d|0x20 <= 'f':
			d = d | 0x20 - 'a' + 10
		default:
			return 0, f.bad
		}
		value = value<<4 | d
	}
	return value, nil
}

// pairs calls the function for each name, cut to at most maxName bytes, and tells whether it is all that there is; the function reads
// the value.
func (f *formReader) pairs(maxName int, pair func(name string, alone bool) error) error {
	for first := true; ; first = false {
		if _, err := f.from.Peek(1); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		name, ended, _, err := f.until(maxName, func(t formToken, _ byte) bool { return t == formEquals })
		if err != nil {
			return err
		}
		if name == "" && ended == formAnd { // two ampersands in a row
			continue
		}
		if ended == formAnd { // a name alone has the empty value
			if err = f.from.UnreadByte(); err != nil {
				return err
			}
		}
		if err = pair(name, first && ended == formEnd); err != nil {
			return err
		}
	}
}

// until reads up to an ampersand, the end or what stop tells, and returns at most the given number of bytes; cut tells
// whether there were more.
func (f *formReader) until(most int, stop func(formToken, byte) bool) (s string, ended formToken, cut bool, err error) {
	var kept []byte
	for {
		token, b, err := f.next()
		if err != nil {
			return "", formEnd, false, err
		}
		if token == formAnd || token == formEnd || stop(token, b) {
			return string(kept), token, cut, nil
		}
		if cut = cut || len(kept) == most; !cut {
			kept = append(kept, b)
		}
	}
}

// value reads a value and returns at most the given number of its bytes; cut tells whether there were more.
func (f *formReader) value(most int) (s string, cut bool, err error) {
	s, _, cut, err = f.until(most, func(formToken, byte) bool { return false })
	return s, cut, err
}

// items reads a list with commas between its items. The function gets each that is not empty, without the blanks around
// it and cut to at most maxItem bytes.
func (f *formReader) items(maxItem int, item func(s string, cut bool) error) error {
	for {
		s, ended, cut, err := f.until(maxItem, func(t formToken, b byte) bool { return t == formByte && b == ',' })
		if err != nil {
			return err
		}
		if s = strings.TrimSpace(s); s != "" || cut {
			if err = item(s, cut); err != nil {
				return err
			}
		}
		if ended == formAnd || ended == formEnd {
			return nil
		}
	}
}

// scalar turns a value of a form into the JSON that the schema asks for; ok is false when it counts as absent. A
// value that does not fit goes on as a string, so that the validator names it.
func scalar(p *contract.Parameter, value string, emptyIsAbsent bool) (raw json.RawMessage, ok bool) {
	if p.Presence {
		return quote("yes"), true
	}
	if p.Choice || p.Pattern || p.Kind != contract.KindString {
		value = strings.TrimSpace(value)
	}
	if value == "" && p.Nullable {
		return nullJSON, true
	}
	if value == "" && (p.Choice || p.Kind != contract.KindString) {
		return quote(""), !emptyIsAbsent
	}
	if p.IsNumber() {
		if n, err := canonicalNumber(p, value); err == nil {
			return n, true
		}
	}
	return quote(value), true
}

// quote encodes text or a list of it, which never fails.
func quote(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		return nullJSON
	}
	return raw
}
