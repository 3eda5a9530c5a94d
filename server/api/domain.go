package api

import (
	"context"
	"slices"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/server/access"
	"github.com/postern-mail/postern/server/reply"
	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/password"
)

// ListDomains lists the domains that the caller manages.
func (a *API) ListDomains(ctx context.Context, r gen.ListDomainsRequestObject) (gen.ListDomainsResponseObject, error) {
	filter := store.DomainFilter{DisabledOnly: isYes(r.Params.DisabledOnly)}
	if p := access.Of(ctx); !p.Global {
		filter.ManagedBy = p.Username
	}
	if isYes(r.Params.NameOnly) {
		return newStream(ctx, func(ctx context.Context, page store.PageRequest) (store.Page[string], error) {
			return a.accounts.DomainNames(ctx, filter, page)
		}, encodeName)
	}
	return newStream(ctx, func(ctx context.Context, page store.PageRequest) (store.Page[store.Domain], error) {
		return a.accounts.Domains(ctx, filter, page)
	}, encodeAs(a.domainRecord))
}

// GetDomain returns one domain.
func (a *API) GetDomain(ctx context.Context, r gen.GetDomainRequestObject) (gen.GetDomainResponseObject, error) {
	d, err := a.accounts.Domain(ctx, lower(r.Domain))
	if err != nil {
		return nil, err
	}
	record := a.domainRecord(d)
	if !reply.IsLenient(ctx) { // the published reply is as it was
		status, pending, err := a.names.DomainOwnership(ctx, d)
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
	change, err := a.accounts.CreateDomain(ctx, write(ctx), domainCreate(lower(r.Domain), valueOr(r.Body, gen.DomainCreate{})))
	if err != nil {
		return nil, err
	}
	return gen.CreateDomain201JSONResponse{DoneJSONResponse: done(ctx, change)}, nil
}

// UpdateDomain changes a domain.
func (a *API) UpdateDomain(ctx context.Context, r gen.UpdateDomainRequestObject) (gen.UpdateDomainResponseObject, error) {
	update := domainUpdate(valueOr(r.Body, gen.DomainUpdate{}))
	if err := a.clampPasswordLengths(ctx, &update); err != nil {
		return nil, err
	}
	change, err := a.accounts.UpdateDomain(ctx, write(ctx), lower(r.Domain), update)
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
	if err := mayKeep(ctx, days); err != nil {
		return store.Change{}, err
	}
	if err := a.refuseHigherInside(ctx, domain); err != nil {
		return store.Change{}, err
	}
	return a.accounts.DeleteDomain(ctx, write(ctx), domain, int(days))
}

// refuseHigherInside keeps an admin from removing, with its domain, a mailbox that outranks it.
func (a *API) refuseHigherInside(ctx context.Context, domain string) error {
	p := access.Of(ctx)
	if p.Global {
		return nil
	}
	d, err := a.accounts.Domain(ctx, domain)
	if err != nil {
		return err
	}
	touchable, err := a.accounts.UserAddresses(ctx, store.UserFilter{Domain: domain, Viewer: p.Username}, store.PageRequest{})
	if err != nil {
		return err
	}
	if int64(len(touchable.Items)) < d.Users {
		return store.Fail(store.Forbidden, store.CodePermissionDenied,
			"The domain holds a mailbox that is an admin of more than you manage.")
	}
	return nil
}

// mostDaysOfDomainAdmin is how long a domain admin may have a removed mailbox kept.
const mostDaysOfDomainAdmin = 365

func mayKeep(ctx context.Context, days int64) error {
	if days > mostDaysOfDomainAdmin && !access.Of(ctx).Global {
		return store.Fail(store.Forbidden, store.CodePermissionDenied,
			"Only a global admin may keep mailboxes for more than a year.").With("days")
	}
	return nil
}

// clampPasswordLengths keeps what a domain admin sets within the policy of the server.
func (a *API) clampPasswordLengths(ctx context.Context, u *store.DomainUpdate) error {
	if access.Of(ctx).Global || u.MinPasswordLength == nil && u.MaxPasswordLength == nil {
		return nil
	}
	policy, err := password.ServerPolicy(ctx, a.panel)
	if err != nil {
		return err
	}
	if n := u.MinPasswordLength; n != nil && *n > 0 {
		*n = max(*n, policy.MinLength)
	}
	if n := u.MaxPasswordLength; n != nil && *n > 0 && policy.MaxLength > 0 {
		*n = min(*n, policy.MaxLength)
	}
	return nil
}

// UpdateDomainAdmins changes who manages a domain.
func (a *API) UpdateDomainAdmins(
	ctx context.Context, r gen.UpdateDomainAdminsRequestObject,
) (gen.UpdateDomainAdminsResponseObject, error) {
	domain := lower(r.Domain)
	admins := domainAdmins(valueOr(r.Body, gen.DomainAdminsUpdate{}))
	if err := a.mayAppoint(ctx, admins); err != nil {
		return nil, err
	}
	change, err := a.accounts.UpdateDomainAdmins(ctx, write(ctx), domain, admins)
	if err != nil {
		return nil, err
	}
	return gen.UpdateDomainAdmins200JSONResponse{DoneJSONResponse: done(ctx, change)}, nil
}

// mayAppoint lets a domain admin appoint mailboxes of domains it manages, and keeps it from naming who outranks it. Of those
// who are removed without being named the store knows.
func (a *API) mayAppoint(ctx context.Context, admins store.Set) error {
	p := access.Of(ctx)
	if p.Global {
		return nil
	}
	for _, mail := range admins.Add {
		if !p.Manages(store.DomainOf(mail)) {
			return store.Fail(store.Forbidden, store.CodePermissionDenied,
				"%s is no mailbox of a domain that you manage.", mail).With("addAdmin")
		}
	}
	for _, mail := range slices.Concat(admins.Add, admins.Remove) {
		if err := a.access.RefuseOutranking(ctx, p, mail); err != nil {
			return err
		}
	}
	return nil
}
