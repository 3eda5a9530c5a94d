package api

import (
	"context"
	"time"

	"github.com/oapi-codegen/nullable"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/server/access"
	"github.com/postern-mail/postern/store"
)

// GetDomainOwnership tells whether a domain or an alias domain still has to be proven.
func (a *API) GetDomainOwnership(
	ctx context.Context, r gen.GetDomainOwnershipRequestObject,
) (gen.GetDomainOwnershipResponseObject, error) {
	name, domain, err := a.named(ctx, r.Domain)
	if err != nil {
		return nil, err
	}
	o, err := a.deps.Ownerships.Ownership(ctx, name, domain)
	if err != nil {
		return nil, err
	}
	return gen.GetDomainOwnership200JSONResponse{Success: true, Data: ownership(o)}, nil
}

// VerifyDomainOwnership looks a pending domain or alias domain up now.
func (a *API) VerifyDomainOwnership(
	ctx context.Context, r gen.VerifyDomainOwnershipRequestObject,
) (gen.VerifyDomainOwnershipResponseObject, error) {
	name, domain, err := a.named(ctx, r.Domain)
	if err != nil {
		return nil, err
	}
	o, err := a.deps.Ownerships.VerifyOwnership(ctx, write(ctx).Actor, name, domain)
	if err != nil {
		return nil, err
	}
	return gen.VerifyDomainOwnership200JSONResponse{Success: true, Data: ownership(o)}, nil
}

// named returns the name that the path has, and the first of its domains that the caller manages.
func (a *API) named(ctx context.Context, path string) (name, domain string, err error) {
	name = lower(path)
	domains, err := a.deps.Ownerships.DomainsWithName(ctx, name)
	if err != nil {
		return "", "", err
	}
	p := access.Of(ctx)
	for _, d := range domains {
		if p.Manages(d) {
			return name, d, nil
		}
	}
	return "", "", store.NoSuchDomain(name)
}

func ownership(o store.Ownership) gen.DomainOwnership {
	answer := gen.DomainOwnership{Domain: o.Name, Status: gen.OwnershipStatus(o.Status), Record: o.Record}
	answer.LastCheck.SetNull()
	if !o.LastCheck.IsZero() {
		answer.LastCheck = nullable.NewNullableWithValue(o.LastCheck.UTC().Truncate(time.Second))
	}
	return answer
}
