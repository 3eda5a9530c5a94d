package api

import (
	"context"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/server/access"
	"github.com/postern-mail/postern/server/reply"
	"github.com/postern-mail/postern/store"
)

// ListDomains lists the domains that the caller manages.
func (a *API) ListDomains(ctx context.Context, r gen.ListDomainsRequestObject) (gen.ListDomainsResponseObject, error) {
	q := r.Params
	filter := store.DomainFilter{Search: searched(q.Q, q.QAny, q.AccountStatus, q.CreatedAfter), DisabledOnly: isYes(q.DisabledOnly)}
	if p := access.Of(ctx); !p.Global {
		filter.ManagedBy = p.Username
	}
	list, err := a.listed(ctx, asked{q.Limit, q.Cursor, string(valueOr(q.Sort, "")), q.Count}, filter.Search)
	if err != nil {
		return nil, err
	}
	if isYes(q.NameOnly) {
		return newList(ctx, list, func(ctx context.Context, page store.PageRequest) (store.Page[string], error) {
			return a.deps.Accounts.DomainNames(ctx, filter, page)
		}, encodeName)
	}
	return newList(ctx, list, func(ctx context.Context, page store.PageRequest) (store.Page[store.Domain], error) {
		return a.deps.Accounts.Domains(ctx, filter, page)
	}, encodeAs(a.domainRecord))
}

// GetDomain returns one domain.
func (a *API) GetDomain(ctx context.Context, r gen.GetDomainRequestObject) (gen.GetDomainResponseObject, error) {
	d, err := a.deps.Accounts.Domain(ctx, lower(r.Domain))
	if err != nil {
		return nil, err
	}
	record := a.domainRecord(d)
	if !reply.IsLenient(ctx) { // the published reply is as it was
		status, pending, err := a.deps.Ownerships.DomainOwnership(ctx, d)
		if err != nil {
			return nil, err
		}
		record = append(record, store.Field{Name: "ownership", Value: string(status)},
			store.Field{Name: "pendingAliasDomains", Value: pending})
	}
	body, err := record.MarshalJSON()
	return gen.GetDomain200JSONResponse{Success: true, Data: body}, err
}

// CreateDomain makes a domain.
func (a *API) CreateDomain(ctx context.Context, r gen.CreateDomainRequestObject) (gen.CreateDomainResponseObject, error) {
	change, err := a.deps.Accounts.CreateDomain(ctx, write(ctx), domainCreate(lower(r.Domain), valueOr(r.Body, gen.DomainCreate{})))
	if err != nil {
		return nil, err
	}
	return gen.CreateDomain201JSONResponse{DoneJSONResponse: done(ctx, change)}, nil
}

// UpdateDomain changes a domain.
func (a *API) UpdateDomain(ctx context.Context, r gen.UpdateDomainRequestObject) (gen.UpdateDomainResponseObject, error) {
	update := domainUpdate(valueOr(r.Body, gen.DomainUpdate{}))
	if err := a.access.ClampPasswordLengths(ctx, &update); err != nil {
		return nil, err
	}
	change, err := a.deps.Accounts.UpdateDomain(ctx, write(ctx), lower(r.Domain), update)
	if err != nil {
		return nil, err
	}
	return gen.UpdateDomain200JSONResponse{DoneJSONResponse: done(ctx, change)}, nil
}

// DeleteDomain removes a domain; its mailboxes stay on disk for good.
func (a *API) DeleteDomain(ctx context.Context, r gen.DeleteDomainRequestObject) (gen.DeleteDomainResponseObject, error) {
	change, err := a.deleteDomain(ctx, lower(r.Domain), 0)
	if err != nil {
		return nil, err
	}
	return gen.DeleteDomain200JSONResponse{DoneJSONResponse: done(ctx, change)}, nil
}

// DeleteDomainKeepMailboxes removes a domain; its mailboxes stay on disk for some days.
func (a *API) DeleteDomainKeepMailboxes(
	ctx context.Context, r gen.DeleteDomainKeepMailboxesRequestObject,
) (gen.DeleteDomainKeepMailboxesResponseObject, error) {
	change, err := a.deleteDomain(ctx, lower(r.Domain), r.Days)
	if err != nil {
		return nil, err
	}
	return gen.DeleteDomainKeepMailboxes200JSONResponse{DoneJSONResponse: done(ctx, change)}, nil
}

func (a *API) deleteDomain(ctx context.Context, domain string, days int64) (store.Change, error) {
	if err := access.MayKeepMailboxes(ctx, days); err != nil {
		return store.Change{}, err
	}
	if err := a.access.MayDeleteDomain(ctx, domain); err != nil {
		return store.Change{}, err
	}
	return a.deps.Accounts.DeleteDomain(ctx, write(ctx), domain, int(days))
}

// UpdateDomainAdmins changes who manages a domain.
func (a *API) UpdateDomainAdmins(
	ctx context.Context, r gen.UpdateDomainAdminsRequestObject,
) (gen.UpdateDomainAdminsResponseObject, error) {
	domain := lower(r.Domain)
	admins := domainAdmins(valueOr(r.Body, gen.DomainAdminsUpdate{}))
	if err := a.access.MayAppoint(ctx, admins); err != nil {
		return nil, err
	}
	change, err := a.deps.Accounts.UpdateDomainAdmins(ctx, write(ctx), domain, admins)
	if err != nil {
		return nil, err
	}
	return gen.UpdateDomainAdmins200JSONResponse{DoneJSONResponse: done(ctx, change)}, nil
}
