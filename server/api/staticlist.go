package api

import (
	"context"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/store"
)

// GetStaticList returns one list with its members.
func (a *API) GetStaticList(ctx context.Context, r gen.GetStaticListRequestObject) (gen.GetStaticListResponseObject, error) {
	list, err := a.deps.Directory.StaticList(ctx, lower(r.Mail))
	if err != nil {
		return nil, err
	}
	return a.staticLists().get(ctx, list, r.Params.Stored)
}

// CreateStaticList makes a list.
func (a *API) CreateStaticList(ctx context.Context, r gen.CreateStaticListRequestObject) (gen.CreateStaticListResponseObject, error) {
	change, err := a.deps.Directory.CreateStaticList(ctx, write(ctx), staticListCreate(lower(r.Mail), valueOr(r.Body, gen.StaticListCreate{})))
	if err != nil {
		return nil, err
	}
	return created(ctx, "maillist", lower(r.Mail), change, func() (store.Record, error) {
		return staticListNoun(made[store.StaticList](change)), nil
	})
}

// UpdateStaticList changes a list.
func (a *API) UpdateStaticList(ctx context.Context, r gen.UpdateStaticListRequestObject) (gen.UpdateStaticListResponseObject, error) {
	change, err := a.deps.Directory.UpdateStaticList(ctx, write(ctx), lower(r.Mail), staticListUpdate(valueOr(r.Body, gen.StaticListUpdate{})))
	if err != nil {
		return nil, err
	}
	return written(ctx, change, func() (store.Record, error) { return a.staticListNow(ctx, lower(r.Mail)) })
}

// staticListNow reads a static list as a noun.
func (a *API) staticListNow(ctx context.Context, mail string) (store.Record, error) {
	list, err := a.deps.Directory.StaticList(ctx, mail)
	return staticListNoun(list), err
}

// DeleteStaticList removes a list. It has no archive that could be kept.
func (a *API) DeleteStaticList(ctx context.Context, r gen.DeleteStaticListRequestObject) (gen.DeleteStaticListResponseObject, error) {
	change, err := a.deps.Directory.DeleteStaticList(ctx, write(ctx), lower(r.Mail))
	if err != nil {
		return nil, err
	}
	return gen.DeleteStaticList200JSONResponse{DoneJSONResponse: done(ctx, change)}, nil
}
