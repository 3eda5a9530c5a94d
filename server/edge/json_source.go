package edge

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/postern-mail/postern/server/reply"
	"github.com/postern-mail/postern/store"
)

// place is where a character stands in a body. Both count from 1, columns in characters.
type place struct{ line, column int }

func (p place) String() string { return fmt.Sprintf("line %d, column %d", p.line, p.column) }

// jsonSource counts lines and columns while a body is read, so that an error can say where it is.
type jsonSource struct {
	from *bufio.Reader
	next place // of what is read next
	last place // of what was read last
}

func (s *jsonSource) passed(r rune) {
	s.last = s.next
	if s.next.column++; r == '\n' {
		s.next = place{s.next.line + 1, 1}
	}
}

// ReadByte reads a character of ASCII.
func (s *jsonSource) ReadByte() (byte, error) {
	b, err := s.from.ReadByte()
	if err == nil {
		s.passed(rune(b))
	}
	return b, err
}

// UnreadByte puts back what ReadByte has read last.
func (s *jsonSource) UnreadByte() error {
	s.next = s.last
	return s.from.UnreadByte()
}

// ReadRune reads any character.
func (s *jsonSource) ReadRune() (r rune, size int, err error) {
	r, size, err = s.from.ReadRune()
	if err == nil {
		s.passed(r)
	}
	return r, size, err
}

// Discard passes over n characters of ASCII, none of which ends a line.
func (s *jsonSource) Discard(n int) error {
	s.next.column += n
	_, err := s.from.Discard(n)
	return err
}

// Peek and Buffered are those of bufio.
func (s *jsonSource) Peek(n int) ([]byte, error) { return s.from.Peek(n) }

func (s *jsonSource) Buffered() int { return s.from.Buffered() }

// Hints for what is often written in the place of JSON.
const (
	hintQuotes  = "JSON wants double quotes."
	hintName    = "A name stands in double quotes."
	hintValue   = "Text stands in double quotes; the words are true, false and null."
	hintComma   = "Leave out the comma in front of it."
	hintNoComma = "A comma is missing in front of it."
	hintColon   = "A colon stands between a name and its value."
	hintNoValue = "A value is missing in front of it."
	hintEscape  = `A backslash in a text is written twice.`
	hintControl = `In a text it is written with a backslash, such as \n for the end of a line.`
	hintComment = "JSON has no comments."
	hintNumber  = "A number is written such as 10, -1 or 0.5."
)

// unexpected says what is wrong with the next character, which it takes.
func (j *jsonReader) unexpected(hint string) error {
	r, size, err := j.from.ReadRune()
	if err != nil {
		return j.cutShort(err)
	}
	return j.bad(r, size, hint)
}

// badByte is unexpected for a character of which the first byte was read last.
func (j *jsonReader) badByte(hint string) error {
	if err := j.from.UnreadByte(); err != nil {
		return err
	}
	return j.unexpected(hint)
}

// bad is the error for the character that was read last. It is all that is told of the body, which may hold a password.
func (j *jsonReader) bad(r rune, size int, hint string) error {
	at := j.from.last
	switch {
	case r == utf8.RuneError && size == 1:
		return store.Fail(store.Invalid, reply.CodeInvalidUTF8, "The body is not valid UTF-8 at %s.", at)
	case r == 0:
		return store.Fail(store.Invalid, reply.CodeInvalidCharacter, "The body holds a NUL character at %s.", at)
	case strings.ContainsRune("'`‘’“”„«»", r):
		hint = hintQuotes
	case r == '/' || r == '#':
		hint = hintComment
	}
	detail := fmt.Sprintf("The body is not well-formed JSON: %s at %s is not expected there.", character(r), at)
	if hint != "" {
		detail += " " + hint
	}
	return malformed(detail)
}

// character names one character.
func character(r rune) string {
	switch {
	case r == '\n':
		return "the end of the line"
	case r == '\t':
		return "a tab"
	case unicode.IsGraphic(r) && !unicode.IsSpace(r):
		return string(r)
	}
	return fmt.Sprintf("U+%04X", r)
}

// cutShort is the error for a body that ends too early.
func (j *jsonReader) cutShort(err error) error {
	if errors.Is(err, io.EOF) {
		return malformed(fmt.Sprintf("The body is not well-formed JSON: it ends too early, at %s. Are all quotes and brackets closed?", j.from.next))
	}
	return err
}

// trailing is the error for what follows the object.
func (j *jsonReader) trailing() error {
	r, size, err := j.from.ReadRune()
	switch {
	case err != nil:
		return err
	case r == 0 || r == utf8.RuneError && size == 1:
		return j.bad(r, size, "")
	}
	return malformed(fmt.Sprintf("The body has trailing data after the JSON object: %s at %s.", character(r), j.from.last))
}

// notObject is the error for a body that is something else.
func (j *jsonReader) notObject() error {
	r, size, err := j.from.ReadRune()
	switch {
	case err != nil:
		return j.cutShort(err)
	case r == 0 || r == utf8.RuneError && size == 1:
		return j.bad(r, size, "")
	}
	return malformed(fmt.Sprintf(
		"The body is not a JSON object: it begins with %s. An object begins with {, without anything in front of it, and a name.", character(r)))
}
