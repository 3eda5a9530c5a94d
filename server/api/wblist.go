package api

import (
	"context"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/store"
)

// GetWblist lists the addresses of a whitelist or blacklist.
func (a *API) GetWblist(ctx context.Context, r gen.GetWblistRequestObject) (gen.GetWblistResponseObject, error) {
	key, err := a.wblistKey(ctx, r.Account, r.Direction, r.Colour)
	if err != nil {
		return nil, err
	}
	return newStream(ctx, func(ctx context.Context, page store.PageRequest) (store.Page[string], error) {
		return a.deps.Policies.Wblist(ctx, key, page)
	}, encodeName)
}

// AddToWblist adds addresses to a whitelist or blacklist.
func (a *API) AddToWblist(ctx context.Context, r gen.AddToWblistRequestObject) (gen.AddToWblistResponseObject, error) {
	key, err := a.wblistKey(ctx, r.Account, r.Direction, r.Colour)
	if err != nil {
		return nil, err
	}
	change, err := a.deps.Policies.AddToWblist(ctx, write(ctx), key, valueOr(valueOr(r.Body, gen.WblistAddresses{}).Addresses, nil))
	if err != nil {
		return nil, err
	}
	return gen.AddToWblist200JSONResponse{DoneJSONResponse: done(ctx, change)}, nil
}

// RemoveFromWblist removes addresses from a whitelist or blacklist.
func (a *API) RemoveFromWblist(ctx context.Context, r gen.RemoveFromWblistRequestObject) (gen.RemoveFromWblistResponseObject, error) {
	key, err := a.wblistKey(ctx, r.Account, r.Direction, r.Colour)
	if err != nil {
		return nil, err
	}
	change, err := a.deps.Policies.RemoveFromWblist(ctx, write(ctx), key, valueOr(valueOr(r.Body, gen.WblistAddresses{}).Addresses, nil))
	if err != nil {
		return nil, err
	}
	return gen.RemoveFromWblist200JSONResponse{DoneJSONResponse: done(ctx, change)}, nil
}

// ClearWblist empties a whitelist or blacklist.
func (a *API) ClearWblist(ctx context.Context, r gen.ClearWblistRequestObject) (gen.ClearWblistResponseObject, error) {
	key, err := a.wblistKey(ctx, r.Account, r.Direction, r.Colour)
	if err != nil {
		return nil, err
	}
	change, err := a.deps.Policies.ClearWblist(ctx, write(ctx), key)
	if err != nil {
		return nil, err
	}
	return gen.ClearWblist200JSONResponse{DoneJSONResponse: done(ctx, change)}, nil
}

// wblistKey returns which list a path speaks of.
func (a *API) wblistKey(ctx context.Context, name string, d gen.PathDirection, c gen.PathColour) (store.WblistKey, error) {
	account, err := a.policyAccount(ctx, name)
	return store.WblistKey{Account: account, Direction: store.Direction(d), Colour: store.Colour(c)}, err
}
