package api

import (
	"context"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/server/access"
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
	return newList(ctx, list, func(ctx context.Context, page store.PageRequest) (store.Page[ownedDomain], error) {
		found, err := a.deps.Accounts.Domains(ctx, filter, page)
		if err != nil {
			return store.Page[ownedDomain]{}, err
		}
		all, err := a.owned(ctx, found.Items)
		return store.Page[ownedDomain]{Items: all, Next: found.Next, Total: found.Total}, err
	}, a.domains().encoder(ctx, isYes(r.Params.Stored)))
}

// GetDomain returns one domain.
func (a *API) GetDomain(ctx context.Context, r gen.GetDomainRequestObject) (gen.GetDomainResponseObject, error) {
	d, err := a.domain(ctx, lower(r.Domain))
	if err != nil {
		return nil, err
	}
	return a.domains().get(ctx, d, r.Params.Stored)
}

func (a *API) domain(ctx context.Context, name string) (ownedDomain, error) {
	d, err := a.deps.Accounts.Domain(ctx, name)
	if err != nil {
		return ownedDomain{}, err
	}
	all, err := a.owned(ctx, []store.Domain{d})
	if err != nil {
		return ownedDomain{}, err
	}
	return all[0], nil
}

// domainNow reads a domain as a noun.
func (a *API) domainNow(ctx context.Context, name string) (store.Record, error) {
	d, err := a.domain(ctx, name)
	return domainNoun(d), err
}

// CreateDomain makes a domain.
func (a *API) CreateDomain(ctx context.Context, r gen.CreateDomainRequestObject) (gen.CreateDomainResponseObject, error) {
	body := valueOr(r.Body, gen.DomainCreate{})
	body.Primarymx = primaryMX(ctx, body.IsBackupmx, body.Primarymx)
	domain := domainCreate(lower(r.Domain), body)
	adjusted, err := a.access.ClampPasswordLengths(ctx, &domain.MinPasswordLength, &domain.MaxPasswordLength)
	if err != nil {
		return nil, err
	}
	change, err := a.deps.Accounts.CreateDomain(ctx, write(ctx), domain)
	if err != nil {
		return nil, err
	}
	change.Adjusted = append(adjusted, change.Adjusted...)
	return created(ctx, "domain", domain.Name, change, func() (store.Record, error) {
		all, err := a.owned(ctx, []store.Domain{made[store.Domain](change)})
		if err != nil {
			return nil, err
		}
		return domainNoun(all[0]), nil
	})
}

// UpdateDomain changes a domain.
func (a *API) UpdateDomain(ctx context.Context, r gen.UpdateDomainRequestObject) (gen.UpdateDomainResponseObject, error) {
	body := valueOr(r.Body, gen.DomainUpdate{})
	body.Primarymx = primaryMX(ctx, body.IsBackupmx, body.Primarymx)
	update := domainUpdate(body)
	adjusted, err := a.access.ClampPasswordLengths(ctx, update.MinPasswordLength, update.MaxPasswordLength)
	if err != nil {
		return nil, err
	}
	change, err := a.deps.Accounts.UpdateDomain(ctx, write(ctx), lower(r.Domain), update)
	if err != nil {
		return nil, err
	}
	change.Adjusted = append(adjusted, change.Adjusted...)
	return written(ctx, change, func() (store.Record, error) { return a.domainNow(ctx, lower(r.Domain)) })
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
