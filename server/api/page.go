package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/server/contract"
	"github.com/postern-mail/postern/server/reply"
	"github.com/postern-mail/postern/store"
)

const (
	// mostPerPage is the largest page that a client gets, whatever it asks for.
	mostPerPage = 1000
	// perPage is the page of a client that sends a cursor alone.
	perPage = 100
)

// asked is what a request says of pages. The legacy surface has none of it.
type asked struct {
	limit  *int64
	cursor *string
	sort   string // "" is in the order of the key, or as published
	count  *gen.YesNo
}

// listing is what is listed, and how much of it.
type listing struct {
	request store.PageRequest
	paged   bool // one page is asked for, rather than all
	ends    bool // the reply says where the list goes on, and where it ends
	reverse bool // _data comes before _success, as this reply always had it
	scope   string
	here    *url.URL
	cursors *cursors
	search  store.Search
	grace   time.Duration // what a client has for each chunk; 0 is chunkTime
}

// listed returns what a request asks for, or INVALID_VALUE for a cursor that is not of this list.
func (a *API) listed(ctx context.Context, ask asked, search store.Search) (listing, error) {
	l := listing{ends: !reply.IsLenient(ctx), cursors: &a.cursors, here: &url.URL{}, search: search, grace: a.deps.ChunkGrace}
	if r, ok := ctx.Value(gin.ContextRequestKey).(*http.Request); ok {
		l.here = r.URL
	}
	l.scope = scopeOf(ctx, l.here)
	sort, desc := strings.CutPrefix(ask.sort, "-")
	if isKey(sort) {
		sort = ""
	}
	l.request = store.PageRequest{Sort: store.Sort(sort), Desc: desc, Count: isYes(ask.count)}
	if l.paged = ask.limit != nil || ask.cursor != nil; !l.paged {
		l.request.Limit = pageSizeOf(l.request.Sort)
		return l, nil
	}
	l.request.Limit = int(min(valueOr(ask.limit, perPage), mostPerPage))
	if ask.cursor == nil {
		return l, nil
	}
	var err error
	l.request.After, err = l.cursors.open(ctx, l.scope, *ask.cursor)
	return l, err
}

// isKey reports whether a list sorted by that is in the order of its key.
func isKey(sort string) bool { return sort == "mail" || sort == "domain" }

// freely are the parameters that may differ from page to page.
var freely = []string{"limit", "cursor", "count", "email_only", "name_only", "format"}

// scopeOf tells a list from all others: its operation and path, and what it is sorted and narrowed down by.
func scopeOf(ctx context.Context, here *url.URL) string {
	query := here.Query()
	for _, name := range freely {
		query.Del(name)
	}
	if isKey(query.Get("sort")) {
		query.Del("sort")
	}
	operation := ""
	if op := contract.Of(ctx); op != nil {
		operation = op.ID
	}
	return operation + "\n" + strings.ToLower(here.Path) + "\n" + query.Encode()
}

// next is the cursor of the page that follows, nil at the end.
func (l listing) next(ctx context.Context, position string) (*string, error) {
	if !l.paged || position == "" {
		return nil, nil //nolint:nilnil // the end of a list has no cursor
	}
	cursor, err := l.cursors.seal(ctx, l.scope, position)
	return &cursor, err
}

// link is the header that names the page that follows (RFC 8288).
func (l listing) link(cursor string) string {
	query := l.here.Query()
	query.Set("cursor", cursor)
	return "<" + l.here.EscapedPath() + "?" + query.Encode() + `>; rel="next"`
}

// tooSlow explains a search that ran out of the time of the request.
func (l listing) tooSlow(err error) error {
	var known *store.Error
	late := errors.Is(err, context.DeadlineExceeded) || errors.As(err, &known) && known.Late
	if l.search.Any == "" || !late {
		return err
	}
	busy := store.Fail(store.Unavailable, store.CodeServerBusy,
		"Searching all of the list takes longer than a request may. Look for what the address begins with (q), or narrow the list down.").With("q_any")
	busy.Cause = err
	return busy
}

// searched is what narrows a list down.
func searched(q, qAny *string, status *gen.AccountStatus, createdAfter *time.Time) store.Search {
	return store.Search{
		Prefix: valueOr(q, ""), Any: valueOr(qAny, ""), Active: active(status), CreatedAfter: valueOr(createdAfter, time.Time{}),
	}
}
