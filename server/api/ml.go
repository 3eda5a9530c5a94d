package api

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/server/edge"
	"github.com/postern-mail/postern/server/reply"
	"github.com/postern-mail/postern/store"
)

// mlList is the answer to ListMls.
type mlList struct{ visit }

// VisitListMlsResponse implements gen.ListMlsResponseObject.
func (l mlList) VisitListMlsResponse(w http.ResponseWriter) error { return l.write(w) }

// ListMls lists the mailing lists of a domain. It asks the accounts alone, so it answers also while mlmmj is away.
func (a *API) ListMls(ctx context.Context, r gen.ListMlsRequestObject) (gen.ListMlsResponseObject, error) {
	domain := lower(r.Domain)
	if isYes(r.Params.EmailOnly) {
		s, err := newStream(ctx, func(ctx context.Context, page store.Page) (store.List[string], error) {
			return a.accounts.MlAddresses(ctx, domain, page)
		}, encodeName)
		return mlList{s}, err
	}
	s, err := newStream(ctx, func(ctx context.Context, page store.Page) (store.List[store.Ml], error) {
		return a.accounts.Mls(ctx, domain, page)
	}, encodeAs(mlRecord))
	return mlList{s}, err
}

// GetMl returns one list with all its settings and, if asked for, its subscribers.
func (a *API) GetMl(ctx context.Context, r gen.GetMlRequestObject) (gen.GetMlResponseObject, error) {
	mail := lower(r.Mail)
	list, err := a.mls.MailingList(ctx, mail)
	if err != nil {
		return nil, err
	}
	record := mailingListRecord(list)
	if isYes(r.Params.WithSubscribers) {
		return newSubscribed(ctx, record, func(ctx context.Context) iter.Seq2[store.Subscriber, error] {
			return a.mls.Subscribers(ctx, mail)
		})
	}
	body, err := record.MarshalJSON()
	return getMl(body), err
}

// getMl is the answer to GetMl.
type getMl json.RawMessage

// VisitGetMlResponse implements gen.GetMlResponseObject.
func (b getMl) VisitGetMlResponse(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	_, err := w.Write(append(append([]byte(`{"_success":true,"_data":`), b...), "}\n"...))
	return err
}

// subscribed is the answer to GetMl with its subscribers, of which there may be many: they are read while it is written.
type subscribed struct {
	head []byte
	all  iter.Seq2[store.Subscriber, error]
}

// newSubscribed reads the first subscriber: an error there still gets a status of its own. The rest may take longer than an
// operation may, for the client may be slow.
func newSubscribed(
	ctx context.Context, list store.Record, read func(ctx context.Context) iter.Seq2[store.Subscriber, error],
) (gen.GetMlResponseObject, error) {
	head, err := list.AppendJSON([]byte(`{"_success":true,"_data":`))
	if err != nil {
		return nil, err
	}
	headOnly := reply.NoteOf(ctx).HeadOnly
	ctx, cancel := edge.Bulk(ctx)
	next, stop := iter.Pull2(read(ctx))
	end := func() { stop(); cancel() }
	first, err, more := next()
	if err != nil {
		end()
		return nil, err
	}
	return subscribed{head, func(yield func(store.Subscriber, error) bool) {
		defer end()
		one, err := first, error(nil)
		for more && yield(one, err) && !headOnly {
			one, err, more = next()
		}
	}}, nil
}

// VisitGetMlResponse implements gen.GetMlResponseObject. When the subscribers cannot be read to their end the connection is
// cut, for the status is long sent.
func (s subscribed) VisitGetMlResponse(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	b := append(s.head[:len(s.head)-1], `,"subscribers":[`...)
	sep := ""
	for one, err := range s.all {
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		raw, err := json.Marshal(one)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		b = append(append(b, sep...), raw...)
		sep = ","
		if len(b) < 32<<10 {
			continue
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
		b = b[:0]
	}
	_, err := w.Write(append(b, "]}}\n"...))
	return err
}

// mostInvited is how many subscribers one request may ask to confirm: each is a mail.
const mostInvited = 1000

// mayInvite returns TOO_MANY_ITEMS when a request asks too many people to confirm.
func mayInvite(field string, addresses []string, confirm bool) error {
	if confirm && len(addresses) > mostInvited {
		return store.Fail(store.Invalid, reply.CodeTooManyItems,
			"At most %d subscribers can be asked to confirm at once. Send fewer, or require_confirm=no.", mostInvited).With(field)
	}
	return nil
}

// patient gives a write more time where it adds subscribers: they may be many, and each may be mailed. Any other one tells soon
// when a backend stalls.
func patient(ctx context.Context, subscribers []string) (context.Context, context.CancelFunc) {
	if len(subscribers) == 0 {
		return ctx, func() {}
	}
	return edge.Bulk(ctx)
}

// CreateMl makes a list.
func (a *API) CreateMl(ctx context.Context, r gen.CreateMlRequestObject) (gen.CreateMlResponseObject, error) {
	list := mailingListCreate(lower(r.Mail), or(r.Body, gen.MlCreate{}))
	if err := mayInvite("subscribers", list.Subscribers, list.Confirm); err != nil {
		return nil, err
	}
	ctx, cancel := patient(ctx, list.Subscribers)
	defer cancel()
	change, err := a.mls.CreateMailingList(ctx, write(ctx), list)
	if err != nil {
		return nil, err
	}
	return gen.CreateMl201JSONResponse{DoneJSONResponse: done(ctx, change)}, nil
}

// UpdateMl changes a list and its subscribers.
func (a *API) UpdateMl(ctx context.Context, r gen.UpdateMlRequestObject) (gen.UpdateMlResponseObject, error) {
	update := mailingListUpdate(or(r.Body, gen.MlUpdate{}))
	if err := mayInvite("add_subscribers", update.Subscribe, update.Confirm); err != nil {
		return nil, err
	}
	ctx, cancel := patient(ctx, update.Subscribe)
	defer cancel()
	change, err := a.mls.UpdateMailingList(ctx, write(ctx), lower(r.Mail), update)
	if err != nil {
		return nil, err
	}
	return gen.UpdateMl200JSONResponse{DoneJSONResponse: done(ctx, change)}, nil
}

// DeleteMl removes a list. What mlmmj holds of it is kept aside unless told otherwise.
func (a *API) DeleteMl(ctx context.Context, r gen.DeleteMlRequestObject) (gen.DeleteMlResponseObject, error) {
	keep := r.Params.KeepArchive == nil || isYes(r.Params.KeepArchive)
	change, err := a.mls.DeleteMailingList(ctx, write(ctx), lower(r.Mail), keep)
	if err != nil {
		return nil, err
	}
	return gen.DeleteMl200JSONResponse{DoneJSONResponse: done(ctx, change)}, nil
}
