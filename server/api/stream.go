package api

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/postern-mail/postern/server/edge"
	"github.com/postern-mail/postern/server/reply"
	"github.com/postern-mail/postern/store"
)

// pageSize is how many accounts of a listing are in memory at a time.
const pageSize = 200

// stream is the answer to a listing: it reads one page after the other while it writes, so that its memory does not
// grow with the number of accounts.
type stream[T any] struct {
	ctx    context.Context
	first  store.Page[T]
	read   func(ctx context.Context, page store.PageRequest) (store.Page[T], error)
	encode func(b []byte, item T) ([]byte, error)
}

// newStream reads the first page: an error there still gets a status of its own.
func newStream[T any](
	ctx context.Context,
	read func(context.Context, store.PageRequest) (store.Page[T], error),
	encode func([]byte, T) ([]byte, error),
) (stream[T], error) {
	first, err := read(ctx, store.PageRequest{Limit: pageSize})
	return stream[T]{ctx, first, read, encode}, err
}

// write sends the envelope. When a later page cannot be read the connection is cut, for the status is long sent and
// a listing must not look complete when it is not.
func (s stream[T]) write(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	b := append(make([]byte, 0, 64<<10), `{"_success":true,"_data":[`...)
	page, sep := s.first, ""
	for {
		for _, item := range page.Items {
			b = append(b, sep...)
			sep = ","
			var err error
			if b, err = s.encode(b, item); err != nil {
				panic(http.ErrAbortHandler)
			}
		}
		if page.Next == "" || reply.NoteOf(s.ctx).HeadOnly {
			break
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
		b = b[:0]
		var err error
		if page, err = s.next(page.Next); err != nil {
			panic(http.ErrAbortHandler)
		}
	}
	_, err := w.Write(append(b, "]}\n"...))
	return err
}

func (s stream[T]) next(after string) (store.Page[T], error) {
	ctx, cancel := edge.Page(s.ctx)
	defer cancel()
	return s.read(ctx, store.PageRequest{Limit: pageSize, After: after})
}

// A stream is the answer of each operation that lists: the generated interfaces differ in the name of one method alone.

// VisitListAdminsResponse implements gen.ListAdminsResponseObject.
func (s stream[T]) VisitListAdminsResponse(w http.ResponseWriter) error { return s.write(w) }

// VisitListAliasesResponse implements gen.ListAliasesResponseObject.
func (s stream[T]) VisitListAliasesResponse(w http.ResponseWriter) error { return s.write(w) }

// VisitListDomainsResponse implements gen.ListDomainsResponseObject.
func (s stream[T]) VisitListDomainsResponse(w http.ResponseWriter) error { return s.write(w) }

// VisitGetGreylistingWhitelistResponse implements gen.GetGreylistingWhitelistResponseObject.
func (s stream[T]) VisitGetGreylistingWhitelistResponse(w http.ResponseWriter) error {
	return s.write(w)
}

// VisitListMailingListsResponse implements gen.ListMailingListsResponseObject.
func (s stream[T]) VisitListMailingListsResponse(w http.ResponseWriter) error { return s.write(w) }

// VisitListUsersResponse implements gen.ListUsersResponseObject.
func (s stream[T]) VisitListUsersResponse(w http.ResponseWriter) error { return s.write(w) }

// VisitGetWblistResponse implements gen.GetWblistResponseObject.
func (s stream[T]) VisitGetWblistResponse(w http.ResponseWriter) error { return s.write(w) }

// encodeName writes an item of a listing of names.
func encodeName(b []byte, name string) ([]byte, error) {
	raw, err := json.Marshal(name)
	return append(b, raw...), err
}

// encodeAs writes an item of a listing of records.
func encodeAs[T any](record func(T) store.Record) func([]byte, T) ([]byte, error) {
	return func(b []byte, item T) ([]byte, error) { return record(item).AppendJSON(b) }
}
