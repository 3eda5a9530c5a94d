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

// ListMailingLists lists the mailing lists of a domain. It asks the accounts alone, so it answers also while mlmmj is away.
func (a *API) ListMailingLists(ctx context.Context, r gen.ListMailingListsRequestObject) (gen.ListMailingListsResponseObject, error) {
	q := r.Params
	filter := store.MailingListFilter{Search: searched(q.Q, q.QAny, q.AccountStatus, q.CreatedAfter), Domain: lower(r.Domain)}
	list, err := a.listed(ctx, asked{q.Limit, q.Cursor, string(valueOr(q.Sort, "")), q.Count}, filter.Search)
	if err != nil {
		return nil, err
	}
	if isYes(q.EmailOnly) {
		return newList(ctx, list, func(ctx context.Context, page store.PageRequest) (store.Page[string], error) {
			return a.deps.Accounts.MailingListAddresses(ctx, filter, page)
		}, encodeName)
	}
	return newList(ctx, list, func(ctx context.Context, page store.PageRequest) (store.Page[store.MailingListAccount], error) {
		return a.deps.Accounts.MailingListAccounts(ctx, filter, page)
	}, mailingListAccounts.encoder(ctx, isYes(r.Params.Stored)))
}

// GetMailingList returns one list with all its settings and, if asked for, its subscribers.
func (a *API) GetMailingList(ctx context.Context, r gen.GetMailingListRequestObject) (gen.GetMailingListResponseObject, error) {
	mail := lower(r.Mail)
	list, err := a.deps.MailingLists.MailingList(ctx, mail)
	if err != nil {
		return nil, err
	}
	record := mailingLists.show(ctx, list, isYes(r.Params.Stored))
	if isYes(r.Params.WithSubscribers) {
		return newSubscribed(ctx, record, func(ctx context.Context) iter.Seq2[store.Subscriber, error] {
			return a.deps.MailingLists.Subscribers(ctx, mail)
		})
	}
	body, err := store.Record{{Name: "_success", Value: true}, {Name: "_data", Value: record}}.MarshalJSON()
	return answer{http.StatusOK, "", append(body, '\n')}, err
}

// subscribed is the answer to GetMailingList with its subscribers, of which there may be many: they are read while it is written.
type subscribed struct {
	head []byte
	name string // of the list of subscribers
	all  iter.Seq2[store.Subscriber, error]
}

// newSubscribed reads the first subscriber: an error there still gets a status of its own. The rest may take longer than an
// operation may, for the client may be slow.
func newSubscribed(
	ctx context.Context, list store.Record, read func(ctx context.Context) iter.Seq2[store.Subscriber, error],
) (gen.GetMailingListResponseObject, error) {
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
	name := "subscriptions"
	if reply.IsLenient(ctx) {
		name = "subscribers"
	}
	return subscribed{head, name, func(yield func(store.Subscriber, error) bool) {
		defer end()
		one, err := first, error(nil)
		for more && yield(one, err) && !headOnly {
			one, err, more = next()
		}
	}}, nil
}

// VisitGetMailingListResponse implements gen.GetMailingListResponseObject. When the subscribers cannot be read to their end the connection is
// cut, for the status is long sent.
func (s subscribed) VisitGetMailingListResponse(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	b := append(s.head[:len(s.head)-1], `,"`+s.name+`":[`...)
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

// CreateMailingList makes a list.
func (a *API) CreateMailingList(ctx context.Context, r gen.CreateMailingListRequestObject) (gen.CreateMailingListResponseObject, error) {
	list := mailingListCreate(lower(r.Mail), valueOr(r.Body, gen.MailingListCreate{}))
	if err := mayInvite("subscribers", list.Subscribers, list.Confirm); err != nil {
		return nil, err
	}
	change, err := a.deps.MailingLists.CreateMailingList(ctx, write(ctx), list)
	if err != nil {
		return nil, err
	}
	return created(ctx, "ml", list.Mail, change, func() (store.Record, error) {
		return mailingLists.noun(made[store.MailingList](change)), nil
	})
}

// UpdateMailingList changes a list and its subscribers.
func (a *API) UpdateMailingList(ctx context.Context, r gen.UpdateMailingListRequestObject) (gen.UpdateMailingListResponseObject, error) {
	update := mailingListUpdate(valueOr(r.Body, gen.MailingListUpdate{}))
	if err := mayInvite("add_subscribers", update.Subscribe, update.Confirm); err != nil {
		return nil, err
	}
	change, err := a.deps.MailingLists.UpdateMailingList(ctx, write(ctx), lower(r.Mail), update)
	if err != nil {
		return nil, err
	}
	return written(ctx, change, func() (store.Record, error) { return a.mailingListNow(ctx, lower(r.Mail)) })
}

// mailingListNow reads a mailing list as a noun.
func (a *API) mailingListNow(ctx context.Context, mail string) (store.Record, error) {
	list, err := a.deps.MailingLists.MailingList(ctx, mail)
	return mailingLists.noun(list), err
}

// DeleteMailingList removes a list. What mlmmj holds of it is kept aside unless told otherwise.
func (a *API) DeleteMailingList(ctx context.Context, r gen.DeleteMailingListRequestObject) (gen.DeleteMailingListResponseObject, error) {
	keep := r.Params.KeepArchive == nil || isYes(r.Params.KeepArchive)
	change, err := a.deps.MailingLists.DeleteMailingList(ctx, write(ctx), lower(r.Mail), keep)
	if err != nil {
		return nil, err
	}
	return gen.DeleteMailingList200JSONResponse{DoneJSONResponse: done(ctx, change)}, nil
}
