package edge

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/postern-mail/postern/server/contract"
	"github.com/postern-mail/postern/store"
)

// Sent is what a request holds once it is normalised.
type Sent struct {
	// Computed is true when there were keys among it that only a reply has: somebody sends back what was read.
	Computed bool

	body  document
	found faults // the mistakes in what was read
}

type sentKey struct{}

// SentOf returns what the request holds, nil before it is normalised.
func SentOf(ctx context.Context) *Sent {
	s, _ := ctx.Value(sentKey{}).(*Sent)
	return s
}

// DropEqual removes the parameters whose value is the stored one, and reports whether there were any.
func (s *Sent) DropEqual(op *contract.Operation, stored store.Record) bool {
	equals := map[string]bool{}
	for name, raw := range s.body {
		if p := op.Body[name]; p != nil && stored.Has(name) && equal(p, raw, stored.Get(name)) {
			equals[name] = true
		}
	}
	for _, pair := range op.Needs { // what changes keeps what it means nothing without
		if s.Has(pair[0]) && !equals[pair[0]] {
			delete(equals, pair[1])
		}
	}
	for name := range equals {
		delete(s.body, name)
	}
	return len(equals) > 0
}

// Has reports whether there is a parameter of that name.
func (s *Sent) Has(name string) bool { return s.body[name] != nil }

// HasCompared reports whether there is a parameter that is to be compared with what is stored (x-compared).
func (s *Sent) HasCompared(op *contract.Operation) bool {
	for name := range s.body {
		if p := op.Body[name]; p != nil && p.Compared {
			return true
		}
	}
	return false
}

// Text is the value of a parameter, "" where it is none.
func (s *Sent) Text(name string) string {
	var text string
	_ = json.Unmarshal(s.body[name], &text)
	return text
}

// Drop removes a parameter.
func (s *Sent) Drop(name string) { delete(s.body, name) }

// Body is the document as JSON.
func (s *Sent) Body() ([]byte, error) { return json.Marshal(s.body) }

// PutBack makes the document the body of the request again.
func (s *Sent) PutBack(r *http.Request) error {
	raw, err := s.Body()
	if err != nil {
		return err
	}
	r.Body, r.GetBody, r.ContentLength = io.NopCloser(bytes.NewReader(raw)), nil, int64(len(raw))
	r.Header.Set("Content-Type", contract.MediaJSON)
	return nil
}

// equal reports whether a JSON value says the same as a stored one. Addresses and names of domains are the same in any case, and lists
// are sets, unless their order means something.
func equal(p *contract.Parameter, raw json.RawMessage, stored any) bool {
	switch stored := stored.(type) {
	case nil:
		return string(raw) == "null"
	case string:
		var text *string
		if json.Unmarshal(raw, &text) != nil || text == nil {
			return false
		}
		return *text == stored || p.Caseless && strings.EqualFold(*text, stored)
	case int64:
		return equalNumber(raw, float64(stored))
	case float64:
		return equalNumber(raw, stored)
	case []string:
		var list []string
		if json.Unmarshal(raw, &list) != nil || list == nil {
			return false
		}
		if p.Ordered {
			return slices.Equal(list, stored)
		}
		return slices.Equal(asSet(list, p.Caseless), asSet(stored, p.Caseless))
	}
	return false
}

func equalNumber(raw json.RawMessage, stored float64) bool {
	var n *float64
	return json.Unmarshal(raw, &n) == nil && n != nil && *n == stored
}

func asSet(list []string, caseless bool) []string {
	set := slices.Clone(list)
	if caseless {
		for i, name := range set {
			set[i] = strings.ToLower(name)
		}
	}
	slices.Sort(set)
	return slices.Compact(set)
}
