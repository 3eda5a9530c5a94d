package api

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/server/reply"
	"github.com/postern-mail/postern/store"
)

// view is how a sort of accounts or settings is shown: as a noun, alike on every backend, on the strict surface, and in the published
// flat form on the legacy one.
type view[T any] struct {
	noun   func(T) store.Record
	stored func(T) store.Record // the row or entry, for ?stored=yes
	legacy func(T) store.Record
}

// show is what the caller gets of an item.
func (v view[T]) show(ctx context.Context, item T, withStored bool) store.Record {
	if reply.IsLenient(ctx) {
		return v.legacy(item)
	}
	r := v.noun(item)
	if withStored {
		r = append(r, store.Field{Name: "stored", Value: v.stored(item)})
	}
	return r
}

// encoder writes the items of a list.
func (v view[T]) encoder(ctx context.Context, withStored bool) func([]byte, T) ([]byte, error) {
	return func(b []byte, item T) ([]byte, error) { return v.show(ctx, item, withStored).AppendJSON(b) }
}

// get is the answer to a GET of one item.
func (v view[T]) get(ctx context.Context, item T, stored *gen.YesNo) (answer, error) {
	return dataAnswer(ctx, v.show(ctx, item, isYes(stored)), nil)
}

// dataAnswer is the answer of one object, and of what applies beside it where there is such. The published one has its keys in the
// order of the alphabet.
func dataAnswer(ctx context.Context, data, effective store.Record) (answer, error) {
	envelope := store.Record{{Name: "_success", Value: true}, {Name: "_data", Value: data}}
	if effective != nil {
		envelope = append(envelope, store.Field{Name: "_effective", Value: effective})
	}
	if reply.IsLenient(ctx) {
		envelope = append(envelope[1:], envelope[0])
	}
	body, err := envelope.MarshalJSON()
	return answer{http.StatusOK, "", append(body, '\n')}, err
}

// answer is a reply as it goes out.
type answer struct {
	status   int
	location string
	body     []byte
}

func (a answer) write(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", "application/json")
	if a.location != "" {
		w.Header().Set("Location", a.location)
	}
	w.WriteHeader(a.status)
	_, err := w.Write(a.body)
	return err
}

// mostListed is how many items a list may have that a write answers with.
const mostListed = 1000

// written is the answer to a write of an account, a domain or a spam policy: what that is afterwards, unless the caller does without. When
// it cannot be read the write is still done, and the answer says no more than that.
func written(ctx context.Context, change store.Change, noun func() (store.Record, error)) (answer, error) {
	if reply.IsLenient(ctx) {
		var body bytes.Buffer
		err := json.NewEncoder(&body).Encode(done(ctx, change))
		return answer{http.StatusOK, "", body.Bytes()}, err
	}
	envelope := store.Record{{Name: "_success", Value: true}}
	if !reply.NoteOf(ctx).Minimal {
		if r, err := noun(); err == nil {
			envelope = append(envelope, dataOrOmitted(r))
		}
	}
	d := done(ctx, change)
	if d.Discarded != nil {
		envelope = append(envelope, store.Field{Name: "_discarded", Value: *d.Discarded},
			store.Field{Name: "_discarded_count", Value: *d.DiscardedCount})
	}
	if len(change.Adjusted) > 0 {
		envelope = append(envelope, store.Field{Name: "_adjusted", Value: adjusted(change.Adjusted)})
	}
	body, err := envelope.MarshalJSON()
	return answer{http.StatusOK, "", append(body, '\n')}, err
}

// created is written for what is new, at this path.
func created(ctx context.Context, kind, name string, change store.Change, noun func() (store.Record, error)) (answer, error) {
	a, err := written(ctx, change, noun)
	if !reply.IsLenient(ctx) {
		a.status, a.location = http.StatusCreated, "/api/"+kind+"/"+url.PathEscape(name)
	}
	return a, err
}

// made is what a create made.
func made[T any](change store.Change) T {
	noun, _ := change.Made.(T)
	return noun
}

// dataOrOmitted is the noun or, where a list of it is long, the names of such lists.
func dataOrOmitted(noun store.Record) store.Field {
	var long []string
	for _, f := range noun {
		if list, ok := f.Value.([]string); ok && len(list) > mostListed {
			long = append(long, f.Name)
		}
	}
	if long != nil {
		return store.Field{Name: "_omitted", Value: long}
	}
	return store.Field{Name: "_data", Value: noun}
}

func adjusted(all []store.Adjustment) []store.Record {
	list := make([]store.Record, len(all))
	for i, a := range all {
		list[i] = store.Record{{Name: "field", Value: a.Field}, {Name: "asked", Value: a.Asked}, {Name: "stored", Value: a.Stored}}
	}
	return list
}

// The values of a noun: what is unset is null for numbers and choices, and an empty list for lists.

// when is a time, null where it is not known.
func when(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}

// whenStored is a time in the form of the stores.
func whenStored(text string) any {
	t, err := time.Parse(store.TimeLayout, text)
	if err != nil {
		return nil
	}
	return when(t)
}

// textOrNull is a choice, null where it is unset.
func textOrNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// numberOrNull is a number, null where it is unset.
func numberOrNull(n int64) any {
	if n == 0 {
		return nil
	}
	return n
}
