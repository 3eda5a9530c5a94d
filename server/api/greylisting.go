package api

import (
	"context"

	"github.com/oapi-codegen/nullable"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/server/reply"
	"github.com/postern-mail/postern/store"
)

// ListGreylistings lists all greylisting settings.
func (a *API) ListGreylistings(ctx context.Context, r gen.ListGreylistingsRequestObject) (gen.ListGreylistingsResponseObject, error) {
	q := r.Params
	filter := store.GreylistingFilter{Prefix: valueOr(q.Q, ""), Any: valueOr(q.QAny, "")}
	list, err := a.listed(ctx, asked{q.Limit, q.Cursor, string(valueOr(q.Sort, "")), q.Count}, store.Search{Any: filter.Any})
	if err != nil {
		return nil, err
	}
	if !list.paged {
		list.request.Limit = sortedPageSize // no index has this order
	}
	list.reverse = !list.ends
	return newList(ctx, list, func(ctx context.Context, page store.PageRequest) (store.Page[store.Record], error) {
		return a.deps.Policies.GreylistingSettings(ctx, filter, page)
	}, greylistingSettings.encoder(ctx, false))
}

// GetGreylisting returns the greylisting setting of an account.
func (a *API) GetGreylisting(ctx context.Context, r gen.GetGreylistingRequestObject) (gen.GetGreylistingResponseObject, error) {
	account, err := a.policyAccount(ctx, r.Account)
	if err != nil {
		return nil, err
	}
	setting, err := a.deps.Policies.Greylisting(ctx, account)
	if err != nil {
		return nil, err
	}
	var senders store.Page[string]
	if !reply.IsLenient(ctx) {
		if senders, err = a.deps.Policies.GreylistingWhitelist(ctx, account, store.PageRequest{Limit: mostListed}); err != nil {
			return nil, err
		}
	}
	view := greylistings(lower(r.Account), senders.Items)
	return dataAnswer(ctx, view.show(ctx, setting, isYes(r.Params.Stored)), setting.Effective)
}

// greylistings is how the setting of an account is shown, with the first of those whose mail is not greylisted.
func greylistings(account string, senders []string) view[store.Greylisting] {
	return view[store.Greylisting]{
		noun: func(g store.Greylisting) store.Record {
			return store.Record{
				{Name: "account", Value: account}, {Name: "status", Value: g.Stored.Get("status")}, {Name: "senders", Value: list(senders)},
			}
		},
		legacy: func(g store.Greylisting) store.Record { return g.Stored },
		stored: func(g store.Greylisting) store.Record { return g.Stored },
	}
}

// greylistingSettings is how all settings are shown, those of other tools for certain senders among them.
var greylistingSettings = view[store.Record]{
	noun: func(r store.Record) store.Record {
		return store.Record{
			{Name: "account", Value: r.Get("account")}, {Name: "sender", Value: r.Get("sender")},
			{Name: "status", Value: r.Get("status")}, {Name: "comment", Value: textOf(r, "comment")},
		}
	},
	legacy: func(r store.Record) store.Record { return r },
	stored: func(r store.Record) store.Record { return r },
}

// UpdateGreylisting switches greylisting on or off for an account.
func (a *API) UpdateGreylisting(ctx context.Context, r gen.UpdateGreylistingRequestObject) (gen.UpdateGreylistingResponseObject, error) {
	account, err := a.policyAccount(ctx, r.Account)
	if err != nil {
		return nil, err
	}
	change, err := a.setGreylisting(ctx, account, valueOr(r.Body, gen.GreylistingUpdate{}).Status)
	if err != nil {
		return nil, err
	}
	return gen.UpdateGreylisting200JSONResponse{DoneJSONResponse: done(ctx, change)}, nil
}

func (a *API) setGreylisting(
	ctx context.Context, account store.PolicyAccount, status nullable.Nullable[gen.GreylistingUpdateStatus],
) (store.Change, error) {
	switch {
	case !status.IsSpecified(), status.IsNull() && reply.IsLenient(ctx): // a variable of a script that is not set changes nothing
		return store.Change{}, nil
	case status.IsNull():
		return a.deps.Policies.DeleteGreylisting(ctx, write(ctx), account)
	}
	return a.deps.Policies.SetGreylisting(ctx, write(ctx), account, status.MustGet() == gen.Enable)
}

// DeleteGreylisting removes the greylisting setting of an account.
func (a *API) DeleteGreylisting(ctx context.Context, r gen.DeleteGreylistingRequestObject) (gen.DeleteGreylistingResponseObject, error) {
	account, err := a.policyAccount(ctx, r.Account)
	if err != nil {
		return nil, err
	}
	change, err := a.deps.Policies.DeleteGreylisting(ctx, write(ctx), account)
	if err != nil {
		return nil, err
	}
	return gen.DeleteGreylisting200JSONResponse{DoneJSONResponse: done(ctx, change)}, nil
}

// GetGreylistingWhitelist lists the senders that are not greylisted for an account.
func (a *API) GetGreylistingWhitelist(
	ctx context.Context, r gen.GetGreylistingWhitelistRequestObject,
) (gen.GetGreylistingWhitelistResponseObject, error) {
	account, err := a.policyAccount(ctx, r.Account)
	if err != nil {
		return nil, err
	}
	return newStream(ctx, func(ctx context.Context, page store.PageRequest) (store.Page[string], error) {
		return a.deps.Policies.GreylistingWhitelist(ctx, account, page)
	}, encodeName)
}

// UpdateGreylistingWhitelist changes the senders that are not greylisted for an account.
func (a *API) UpdateGreylistingWhitelist(
	ctx context.Context, r gen.UpdateGreylistingWhitelistRequestObject,
) (gen.UpdateGreylistingWhitelistResponseObject, error) {
	account, err := a.policyAccount(ctx, r.Account)
	if err != nil {
		return nil, err
	}
	b := valueOr(r.Body, gen.GreylistingWhitelistUpdate{})
	senders := store.Set{Replace: b.Senders, Add: valueOr(b.AddSenders, nil), Remove: valueOr(b.RemoveSenders, nil)}
	change, err := a.deps.Policies.UpdateGreylistingWhitelist(ctx, write(ctx), account, senders)
	if err != nil {
		return nil, err
	}
	return gen.UpdateGreylistingWhitelist200JSONResponse{DoneJSONResponse: done(ctx, change)}, nil
}

// ListSpfDomains lists the domains whose mail servers are not greylisted.
func (a *API) ListSpfDomains(ctx context.Context, _ gen.ListSpfDomainsRequestObject) (gen.ListSpfDomainsResponseObject, error) {
	domains, err := a.deps.Policies.SpfDomains(ctx)
	if err != nil {
		return nil, err
	}
	return gen.ListSpfDomains200JSONResponse{Success: true, Data: domains}, nil
}

// UpdateSpfDomains changes the domains whose mail servers are not greylisted.
func (a *API) UpdateSpfDomains(ctx context.Context, r gen.UpdateSpfDomainsRequestObject) (gen.UpdateSpfDomainsResponseObject, error) {
	b := valueOr(r.Body, gen.SpfDomainsUpdate{})
	domains := set(b.Domains, b.AddDomains, b.RemoveDomains)
	change, err := a.deps.Policies.UpdateSpfDomains(ctx, write(ctx), domains)
	if err != nil {
		return nil, err
	}
	if isYes(b.QueryDNSImmediately) {
		a.lookUpSoon(ctx, append(valueOr(domains.Replace, nil), domains.Add...))
	}
	return gen.UpdateSpfDomains200JSONResponse{DoneJSONResponse: done(ctx, change)}, nil
}
