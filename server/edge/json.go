package edge

import (
	"bufio"
	"errors"
	"io"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// maxNesting is how deep the arrays and objects of a body may be nested.
const maxNesting = 1000

// jsonReader reads JSON (RFC 8259) token by token. It holds the part of a token that the caller asks for, and nothing of
// what it skips; the decoders of encoding/json hold each string and number as a whole.
type jsonReader struct{ from *jsonSource }

func newJSONReader(body io.Reader) *jsonReader {
	return &jsonReader{&jsonSource{from: bufio.NewReader(body), next: place{1, 1}}}
}

var (
	errNoBody  = malformed("The body is empty. It has to be a JSON object, such as {}.")
	errTooDeep = malformed("The body is nested too deeply.")
)

// next returns the next byte that is no white space, and leaves it there.
func (j *jsonReader) next() (byte, error) {
	for {
		b, err := j.from.ReadByte()
		if err != nil {
			return 0, err
		}
		switch b {
		case ' ', '\t', '\r', '\n':
			continue
		}
		return b, j.from.UnreadByte()
	}
}

// expect takes the byte b, which is the next one of any well-formed body; the hint is for whoever wrote another.
func (j *jsonReader) expect(b byte, hint string) error {
	got, err := j.next()
	if err != nil {
		return j.cutShort(err)
	}
	if got != b {
		return j.unexpected(hint)
	}
	return j.from.Discard(1)
}

// object reads an object. The function gets each name, cut to at most maxName bytes, and reads the value.
func (j *jsonReader) object(maxName int, member func(name string, cut bool) error) error {
	if err := j.expect('{', ""); err != nil {
		return err
	}
	return j.each('}', func() error {
		name, cut, err := j.text(maxName)
		if err == nil {
			err = j.expect(':', hintColon)
		}
		if err != nil {
			return err
		}
		return member(name, cut)
	})
}

// array reads an array. The function reads each item.
func (j *jsonReader) array(item func() error) error {
	if err := j.expect('[', ""); err != nil {
		return err
	}
	return j.each(']', item)
}

// each calls the function for all that stands between commas until the end.
func (j *jsonReader) each(end byte, read func() error) error {
	for first := true; ; first = false {
		b, err := j.next()
		if err != nil {
			return j.cutShort(err)
		}
		if first && b == end {
			break
		}
		if b == end {
			return j.unexpected(hintComma)
		}
		if err = read(); err != nil {
			return err
		}
		if b, err = j.next(); err != nil {
			return j.cutShort(err)
		}
		if b == end {
			break
		}
		hint := hintNoComma
		if b == '}' || b == ']' || b == ':' {
			hint = ""
		}
		if err = j.expect(',', hint); err != nil {
			return err
		}
	}
	return j.expect(end, "")
}

// end makes sure that nothing follows.
func (j *jsonReader) end() error {
	_, err := j.next()
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	}
	return j.trailing()
}

// text reads a string and returns at most the given number of its bytes; cut tells whether there were more.
func (j *jsonReader) text(most int) (s string, cut bool, err error) {
	if err = j.expect('"', hintName); err != nil {
		return "", false, err
	}
	var kept []byte
	var encoded [utf8.UTFMax]byte
	keep := func(part []byte) {
		if cut = cut || len(kept)+len(part) > most; !cut {
			kept = append(kept, part...)
		}
	}
	for {
		plain, err := j.plain()
		if err != nil {
			return "", false, j.cutShort(err)
		}
		keep(plain)
		if err = j.from.Discard(len(plain)); err != nil {
			return "", false, err
		}
		r, size, err := j.from.ReadRune()
		switch {
		case err != nil:
			return "", false, j.cutShort(err)
		case r == '"':
			return string(kept), cut, nil
		case r == '\\':
			if r, err = j.escape(); err != nil {
				return "", false, err
			}
		case r == utf8.RuneError && size == 1, r < ' ':
			return "", false, j.bad(r, size, hintControl)
		}
		keep(utf8.AppendRune(encoded[:0], r))
	}
}

// plain returns what is at hand of the ASCII characters that stand for themselves in a string, and leaves them there.
func (j *jsonReader) plain() ([]byte, error) {
	if _, err := j.from.Peek(1); err != nil {
		return nil, err
	}
	at, err := j.from.Peek(j.from.Buffered())
	for i, b := range at {
		if b == '"' || b == '\\' || b < ' ' || b >= utf8.RuneSelf {
			return at[:i], err
		}
	}
	return at, err
}

// escapes are the characters that stand behind a backslash for another one.
var escapes = map[byte]rune{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escape reads what follows a backslash. Half of a surrogate pair is the replacement character, as in encoding/json.
func (j *jsonReader) escape() (rune, error) {
	b, err := j.from.ReadByte()
	if err != nil {
		return 0, j.cutShort(err)
	}
	if b != 'u' {
		r, ok := escapes[b]
		if !ok {
			return 0, j.badByte(hintEscape)
		}
		return r, nil
	}
	r, err := j.hex()
	if err != nil || !utf16.IsSurrogate(r) {
		return r, err
	}
	follows, err := j.from.Peek(2)
	if err != nil || string(follows) != `\u` {
		return utf8.RuneError, nil // an end that comes too early shows when reading on
	}
	low, err := j.from.Peek(6)
	if err != nil {
		return 0, j.cutShort(err)
	}
	second, err := strconv.ParseUint(string(low[2:]), 16, 16)
	if pair := utf16.DecodeRune(r, rune(second)); err == nil && pair != utf8.RuneError {
		return pair, j.from.Discard(len(low))
	}
	return utf8.RuneError, nil
}

// hex reads the four digits of an escaped character.
func (j *jsonReader) hex() (rune, error) {
	var r rune
	for range 4 {
		b, err := j.from.ReadByte()
		if err != nil {
			return 0, j.cutShort(err)
		}
		digit, err := strconv.ParseUint(string(rune(b)), 16, 8)
		if err != nil {
			return 0, j.badByte(hintEscape)
		}
		r = r<<4 | rune(digit)
	}
	return r, nil
}

// number reads a number and returns at most the given number of its characters; cut tells whether there were more.
func (j *jsonReader) number(most int) (text string, cut bool, err error) {
	var kept []byte
	grammar := numberStart
	for {
		b, err := j.from.ReadByte()
		if err != nil && !errors.Is(err, io.EOF) {
			return "", false, err
		}
		state := numberEnd
		if err == nil {
			state = grammar.step(b)
		}
		switch {
		case err != nil && !grammar.complete():
			return "", false, j.cutShort(err)
		case state == numberBad || state == numberEnd && !grammar.complete():
			return "", false, j.badByte(hintNumber)
		case state == numberEnd && err == nil:
			return string(kept), cut, j.from.UnreadByte()
		case state == numberEnd:
			return string(kept), cut, nil
		}
		grammar = state
		if cut = cut || len(kept) == most; !cut {
			kept = append(kept, b)
		}
	}
}

// numberState is how far a number has been read, by the grammar of RFC 8259.
type numberState int

const (
	numberBad numberState = iota
	numberEnd
	numberStart
	numberMinus
	numberZero
	numberWhole
	numberPoint
	numberFraction
	numberExponent
	numberSign
	numberPower
)

func (s numberState) complete() bool {
	return s == numberZero || s == numberWhole || s == numberFraction || s == numberPower
}

// step returns the state after b, which is numberEnd when b is no part of a number that is complete.
func (s numberState) step(b byte) numberState {
	switch {
	case b >= '0' && b <= '9':
		return s.digit(b)
	case b == '-' && s == numberStart:
		return numberMinus
	case b == '.' && (s == numberZero || s == numberWhole):
		return numberPoint
	case isExponentMark(b) && s != numberPower && s.complete():
		return numberExponent
	case (b == '-' || b == '+') && s == numberExponent:
		return numberSign
	case s.complete():
		return numberEnd
	}
	return numberBad
}

func isExponentMark(b byte) bool { return b == 'e' || b == 'E' }

func (s numberState) digit(b byte) numberState {
	switch s {
	case numberStart, numberMinus:
		if b == '0' {
			return numberZero
		}
		return numberWhole
	case numberWhole:
		return numberWhole
	case numberPoint, numberFraction:
		return numberFraction
	case numberExponent, numberSign, numberPower:
		return numberPower
	}
	return numberBad // a digit after a leading zero
}

// word reads true, false or null.
func (j *jsonReader) word() (string, error) {
	b, err := j.next()
	if err != nil {
		return "", j.cutShort(err)
	}
	want := map[byte]string{'t': "true", 'f': "false", 'n': "null"}[b]
	switch {
	case want != "":
	case b == ',' || b == ']' || b == '}':
		return "", j.unexpected(hintNoValue)
	case b == '+' || b == '.':
		return "", j.unexpected(hintNumber)
	default:
		return "", j.unexpected(hintValue)
	}
	for i := range len(want) {
		if b, err = j.from.ReadByte(); err != nil {
			return "", j.cutShort(err)
		}
		if b != want[i] {
			return "", j.badByte(hintValue)
		}
	}
	return want, nil
}

// skipAfter reads over a value, unless what came before failed.
func (j *jsonReader) skipAfter(err error) error {
	if err != nil {
		return err
	}
	return j.skip()
}

// skip reads over a value of any kind.
func (j *jsonReader) skip() error { return j.skipWithin(0) }

func (j *jsonReader) skipWithin(depth int) error {
	b, err := j.next()
	if err != nil {
		return j.cutShort(err)
	}
	if depth > maxNesting {
		return errTooDeep
	}
	switch {
	case b == '{':
		return j.object(0, func(string, bool) error { return j.skipWithin(depth + 1) })
	case b == '[':
		return j.array(func() error { return j.skipWithin(depth + 1) })
	case b == '"':
		_, _, err = j.text(0)
	case b == '-' || b >= '0' && b <= '9':
		_, _, err = j.number(0)
	default:
		_, err = j.word()
	}
	return err
}
