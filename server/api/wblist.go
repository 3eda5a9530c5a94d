package api

import (
	"context"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/server/reply"
	"github.com/postern-mail/postern/store"
)

// GetWblist lists the addresses of a whitelist or blacklist.
func (a *API) GetWblist(ctx context.Context, r gen.GetWblistRequestObject) (gen.GetWblistResponseObject, error) {
	key, err := a.wblistKey(ctx, r.Account, r.Direction, r.Colour)
	if err != nil {
		return nil, err
	}
	addresses, err := newStream(ctx, func(ctx context.Context, page store.PageRequest) (store.Page[string], error) {
		return a.deps.Policies.Wblist(ctx, key, page)
	}, encodeName)
	if !reply.IsLenient(ctx) {
		addresses.member = "addresses"
		addresses.within = store.Record{
			{Name: "account", Value: lower(r.Account)}, {Name: "direction", Value: string(key.Direction)}, {Name: "list", Value: string(key.Colour)},
		}
	}
	return addresses, err
}

// AddWblistAddresses adds addresses to a whitelist or blacklist.
func (a *API) AddWblistAddresses(ctx context.Context, r gen.AddWblistAddressesRequestObject) (gen.AddWblistAddressesResponseObject, error) {
	key, err := a.wblistKey(ctx, r.Account, r.Direction, r.Colour)
	if err != nil {
		return nil, err
	}
	change, err := a.deps.Policies.AddToWblist(ctx, write(ctx), key, valueOr(valueOr(r.Body, gen.WblistAddresses{}).Addresses, nil))
	if err != nil {
		return nil, err
	}
	return gen.AddWblistAddresses200JSONResponse{DoneJSONResponse: done(ctx, change)}, nil
}

// RemoveWblistAddresses removes addresses from a whitelist or blacklist.
func (a *API) RemoveWblistAddresses(ctx context.Context, r gen.RemoveWblistAddressesRequestObject) (gen.RemoveWblistAddressesResponseObject, error) {
	key, err := a.wblistKey(ctx, r.Account, r.Direction, r.Colour)
	if err != nil {
		return nil, err
	}
	change, err := a.deps.Policies.RemoveFromWblist(ctx, write(ctx), key, valueOr(valueOr(r.Body, gen.WblistRemoval{}).Addresses, nil))
	if err != nil {
		return nil, err
	}
	return gen.RemoveWblistAddresses200JSONResponse{DoneJSONResponse: done(ctx, change)}, nil
}

// DeleteWblist empties a whitelist or blacklist.
func (a *API) DeleteWblist(ctx context.Context, r gen.DeleteWblistRequestObject) (gen.DeleteWblistResponseObject, error) {
	key, err := a.wblistKey(ctx, r.Account, r.Direction, r.Colour)
	if err != nil {
		return nil, err
	}
	change, err := a.deps.Policies.ClearWblist(ctx, write(ctx), key)
	if err != nil {
		return nil, err
	}
	return gen.DeleteWblist200JSONResponse{DoneJSONResponse: done(ctx, change)}, nil
}

// wblistKey returns which list a path speaks of.
func (a *API) wblistKey(ctx context.Context, name string, d gen.PathDirection, c gen.PathColour) (store.WblistKey, error) {
	account, err := a.policyAccount(ctx, name)
	return store.WblistKey{Account: account, Direction: store.Direction(d), Colour: store.Colour(c)}, err
}
