package api

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/postern-mail/postern/server/contract"
	"github.com/postern-mail/postern/server/edge"
	"github.com/postern-mail/postern/server/reply"
	"github.com/postern-mail/postern/store"
)

const (
	// pageSize is how many accounts of a whole list are in memory at a time.
	pageSize = 200
	// sortedPageSize is the same for a list in another order than that of an index: each page costs a look at all of it.
	sortedPageSize = 1000
	// chunkSize is how many bytes a client has to fetch in the time of a chunk.
	chunkSize = 64 << 10
	// chunkTime is that time.
	chunkTime = 60 * time.Second
)

func pageSizeOf(sort store.Sort) int {
	if sort != store.SortKey {
		return sortedPageSize
	}
	return pageSize
}

// stream is the answer to a listing: it reads one page after the other while it writes, so that its memory does not
// grow with the number of accounts.
type stream[T any] struct {
	ctx    context.Context
	list   listing
	first  store.Page[T]
	next   *string // the cursor of the page that follows
	read   func(ctx context.Context, page store.PageRequest) (store.Page[T], error)
	encode func(b []byte, item T) ([]byte, error)
	// within are the members of the object in which the list stands under the name member; none where the list is all that is answered.
	within store.Record
	member string
	table  string // the first line of a list that is a table (CSV), "" for an envelope
	vary   string // the header of the request that decides between the two, if any
}

// newStream is newList for a list that has no pages.
func newStream[T any](
	ctx context.Context,
	read func(context.Context, store.PageRequest) (store.Page[T], error),
	encode func([]byte, T) ([]byte, error),
) (stream[T], error) {
	return newList(ctx, listing{request: store.PageRequest{Limit: pageSize}}, read, encode)
}

// newList reads the first page: an error there still gets a status of its own.
func newList[T any](
	ctx context.Context, list listing,
	read func(context.Context, store.PageRequest) (store.Page[T], error),
	encode func([]byte, T) ([]byte, error),
) (stream[T], error) {
	s := stream[T]{ctx: ctx, list: list, read: read, encode: encode}
	var err error
	if s.first, err = read(ctx, list.request); err != nil {
		return s, list.tooSlow(err)
	}
	s.next, err = list.next(ctx, s.first.Next)
	return s, err
}

// write sends the envelope. When a later page cannot be read the connection is cut, for the status is long sent and
// a listing must not look complete when it is not.
func (s stream[T]) write(w http.ResponseWriter) error {
	around, err := s.frame()
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", around.media)
	if s.vary != "" {
		w.Header().Add("Vary", s.vary)
	}
	if s.next != nil {
		w.Header().Set("Link", s.list.link(*s.next))
	}
	w.WriteHeader(http.StatusOK)
	out := chunks{to: w, control: http.NewResponseController(w), grace: cmp.Or(s.list.grace, chunkTime)}
	b := append(make([]byte, 0, chunkSize), around.begin...)
	page, sep := s.first, ""
	for {
		for _, item := range page.Items {
			b = append(b, sep...)
			sep = around.between
			if b, err = s.encode(b, item); err != nil {
				panic(http.ErrAbortHandler)
			}
		}
		if page.Next == "" || s.list.paged || reply.NoteOf(s.ctx).HeadOnly {
			break
		}
		out.write(b)
		b = b[:0]
		if page, err = s.after(page.Next); err != nil {
			panic(http.ErrAbortHandler)
		}
	}
	out.write(s.end(append(b, around.end...)))
	return nil
}

// frame is the media type of a list, and what stands before, between and after its items.
type frame struct{ media, begin, between, end string }

func (s stream[T]) frame() (frame, error) {
	const envelope = "application/json"
	switch {
	case s.table != "":
		return frame{media: "text/csv; charset=utf-8", begin: s.table}, nil
	case s.within != nil:
		object, err := s.within.MarshalJSON()
		if err != nil {
			return frame{}, err
		}
		return frame{envelope, `{"_success":true,"_data":` + string(object[:len(object)-1]) + `,"` + s.member + `":[`, ",", `]}`}, nil
	case s.list.reverse:
		return frame{envelope, `{"_data":[`, ",", `],"_success":true`}, nil
	}
	return frame{envelope, `{"_success":true,"_data":[`, ",", `]`}, nil
}

// end says where the list goes on, and how long it is. A table says it in headers.
func (s stream[T]) end(b []byte) []byte {
	const last = "}\n"
	if s.table != "" {
		return b
	}
	if !s.list.ends {
		return append(b, last...)
	}
	next := "null"
	if s.next != nil {
		next = strconv.Quote(*s.next) // letters, digits, - and _
	}
	b = append(b, `,"_next":`+next...)
	if s.first.Total != nil {
		b = strconv.AppendInt(append(b, `,"_total":`...), *s.first.Total, 10)
	}
	return append(b, last...)
}

func (s stream[T]) after(position string) (store.Page[T], error) {
	within := edge.Page
	if op := contract.Of(s.ctx); op != nil && op.Bulk {
		within = edge.Bulk
	}
	ctx, cancel := within(s.ctx)
	defer cancel()
	request := s.list.request
	request.After, request.Count = position, false
	return s.read(ctx, request)
}

// chunks writes to a client that has a time for each chunk. Between them nothing is held that others could wait for.
type chunks struct {
	to      http.ResponseWriter
	control *http.ResponseController
	grace   time.Duration
}

// write cuts the connection where the client is gone or too slow.
func (c chunks) write(b []byte) {
	for len(b) > 0 {
		n := min(len(b), chunkSize)
		_ = c.control.SetWriteDeadline(time.Now().Add(c.grace)) // a writer that is no connection cannot be slow
		if _, err := c.to.Write(b[:n]); err != nil {
			panic(http.ErrAbortHandler)
		}
		b = b[n:]
	}
}

// A stream is the answer of each operation that lists: the generated interfaces differ in the name of one method alone.

// VisitListAdminsResponse implements gen.ListAdminsResponseObject.
func (s stream[T]) VisitListAdminsResponse(w http.ResponseWriter) error { return s.write(w) }

// VisitListAliasesResponse implements gen.ListAliasesResponseObject.
func (s stream[T]) VisitListAliasesResponse(w http.ResponseWriter) error { return s.write(w) }

// VisitListDomainsResponse implements gen.ListDomainsResponseObject.
func (s stream[T]) VisitListDomainsResponse(w http.ResponseWriter) error { return s.write(w) }

// VisitListGreylistingsResponse implements gen.ListGreylistingsResponseObject.
func (s stream[T]) VisitListGreylistingsResponse(w http.ResponseWriter) error { return s.write(w) }

// VisitGetGreylistingWhitelistResponse implements gen.GetGreylistingWhitelistResponseObject.
func (s stream[T]) VisitGetGreylistingWhitelistResponse(w http.ResponseWriter) error {
	return s.write(w)
}

// VisitGetUsageResponse implements gen.GetUsageResponseObject.
func (s stream[T]) VisitGetUsageResponse(w http.ResponseWriter) error { return s.write(w) }

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
