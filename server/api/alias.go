package api

import (
	"context"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/store"
)

// ListAliases lists the alias accounts of a domain.
func (a *API) ListAliases(ctx context.Context, r gen.ListAliasesRequestObject) (gen.ListAliasesResponseObject, error) {
	q := r.Params
	filter := store.AliasFilter{
		Search: searched(q.Q, q.QAny, q.AccountStatus, q.CreatedAfter), Domain: lower(r.Domain), DisabledOnly: isYes(q.DisabledOnly),
	}
	list, err := a.listed(ctx, asked{q.Limit, q.Cursor, string(valueOr(q.Sort, "")), q.Count}, filter.Search)
	if err != nil {
		return nil, err
	}
	if isYes(q.EmailOnly) {
		return newList(ctx, list, func(ctx context.Context, page store.PageRequest) (store.Page[string], error) {
			return a.deps.Accounts.AliasAddresses(ctx, filter, page)
		}, encodeName)
	}
	return newList(ctx, list, func(ctx context.Context, page store.PageRequest) (store.Page[store.Alias], error) {
		return a.deps.Accounts.Aliases(ctx, filter, page)
	}, aliases.encoder(ctx, isYes(r.Params.Stored)))
}

// GetAlias returns one alias account.
func (a *API) GetAlias(ctx context.Context, r gen.GetAliasRequestObject) (gen.GetAliasResponseObject, error) {
	alias, err := a.deps.Accounts.Alias(ctx, lower(r.Mail))
	if err != nil {
		return nil, err
	}
	return aliases.get(ctx, alias, r.Params.Stored)
}

// CreateAlias makes an alias account.
func (a *API) CreateAlias(ctx context.Context, r gen.CreateAliasRequestObject) (gen.CreateAliasResponseObject, error) {
	change, err := a.deps.Accounts.CreateAlias(ctx, write(ctx), aliasCreate(lower(r.Mail), valueOr(r.Body, gen.AliasCreate{})))
	if err != nil {
		return nil, err
	}
	return created(ctx, "alias", lower(r.Mail), change, func() (store.Record, error) { return aliasNoun(made[store.Alias](change)), nil })
}

// UpdateAlias changes an alias account.
func (a *API) UpdateAlias(ctx context.Context, r gen.UpdateAliasRequestObject) (gen.UpdateAliasResponseObject, error) {
	change, err := a.deps.Accounts.UpdateAlias(ctx, write(ctx), lower(r.Mail), aliasUpdate(valueOr(r.Body, gen.AliasUpdate{})))
	if err != nil {
		return nil, err
	}
	return written(ctx, change, func() (store.Record, error) { return a.aliasNow(ctx, lower(r.Mail)) })
}

// aliasNow reads an alias account as a noun.
func (a *API) aliasNow(ctx context.Context, mail string) (store.Record, error) {
	alias, err := a.deps.Accounts.Alias(ctx, mail)
	return aliasNoun(alias), err
}

// RenameAlias gives an alias account another address.
func (a *API) RenameAlias(ctx context.Context, r gen.RenameAliasRequestObject) (gen.RenameAliasResponseObject, error) {
	change, err := a.deps.Accounts.RenameAlias(ctx, write(ctx), lower(r.Mail), lower(r.NewMail))
	if err != nil {
		return nil, err
	}
	return gen.RenameAlias200JSONResponse{DoneJSONResponse: done(ctx, change)}, nil
}

// DeleteAlias removes an alias account.
func (a *API) DeleteAlias(ctx context.Context, r gen.DeleteAliasRequestObject) (gen.DeleteAliasResponseObject, error) {
	change, err := a.deps.Accounts.DeleteAlias(ctx, write(ctx), lower(r.Mail))
	if err != nil {
		return nil, err
	}
	return gen.DeleteAlias200JSONResponse{DoneJSONResponse: done(ctx, change)}, nil
}
