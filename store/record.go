package store

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"time"
)

// TimeLayout is how times are shown, always in UTC.
const TimeLayout = "2006-01-02 15:04:05"

// Field is one name and value of a Record.
type Field struct {
	Name  string
	Value any
}

// Record is a stored row or directory entry under its own names, in the order of the store and without secrets.
// A value is nil, string, bool, int64, float64, []string or anything that encoding/json takes.
type Record []Field

// Get returns the value of name, or nil.
func (r Record) Get(name string) any {
	if i := r.index(name); i >= 0 {
		return r[i].Value
	}
	return nil
}

// Has reports whether there is a value of the name, which may be nil.
func (r Record) Has(name string) bool { return r.index(name) >= 0 }

// Set replaces the value of name or appends it.
func (r *Record) Set(name string, value any) {
	if i := r.index(name); i >= 0 {
		(*r)[i].Value = value
		return
	}
	*r = append(*r, Field{name, value})
}

// Without returns a copy that lacks the names.
func (r Record) Without(names ...string) Record {
	left := make(Record, 0, len(r))
	for i := range r {
		if !slices.Contains(names, r[i].Name) {
			left = append(left, r[i])
		}
	}
	return left
}

// Version is a short fingerprint of the record: equal records have equal versions.
func (r Record) Version() string {
	b, err := r.MarshalJSON()
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:12])
}

// MarshalJSON writes the record as one JSON object in its own order.
func (r Record) MarshalJSON() ([]byte, error) {
	return r.AppendJSON(make([]byte, 0, 64*len(r)+2))
}

// AppendJSON appends the record as a JSON object to b.
func (r Record) AppendJSON(b []byte) ([]byte, error) {
	b = append(b, '{')
	for i, f := range r {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, f.Name)
		b = append(b, ':')
		var err error
		if b, err = appendValue(b, f.Value); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

func (r Record) index(name string) int {
	for i := range r { // a call for each field would cost more than the search
		if r[i].Name == name {
			return i
		}
	}
	return -1
}

func appendValue(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case string:
		return appendString(b, v), nil
	case int64:
		return strconv.AppendInt(b, v, 10), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case []string:
		return appendStrings(b, v), nil
	case time.Time:
		return v.UTC().AppendFormat(append(b, '"'), TimeLayout+`"`), nil
	case Record:
		return v.AppendJSON(b)
	}
	j, err := json.Marshal(v)
	return append(b, j...), err
}

func appendStrings(b []byte, list []string) []byte {
	b = append(b, '[')
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, s)
	}
	return append(b, ']')
}

// appendString takes the short way for text that needs no escape, which is nearly all there is.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c > 0x7e || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			j, err := json.Marshal(s)
			if err != nil { // a string always encodes
				return append(b, `""`...)
			}
			return append(b, j...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
