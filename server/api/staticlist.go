package api

import (
	"context"

	"github.com/postern-mail/postern/gen"
)

// GetStaticList returns one list with its members.
func (a *API) GetStaticList(ctx context.Context, r gen.GetStaticListRequestObject) (gen.GetStaticListResponseObject, error) {
	list, err := a.deps.Directory.StaticList(ctx, lower(r.Mail))
	if err != nil {
		return nil, err
	}
	body, err := a.staticListRecord(list).MarshalJSON()
	return gen.GetStaticList200JSONResponse{Success: true, Data: body}, err
}

// CreateStaticList makes a list.
func (a *API) CreateStaticList(ctx context.Context, r gen.CreateStaticListRequestObject) (gen.CreateStaticListResponseObject, error) {
	change, err := a.deps.Directory.CreateStaticList(ctx, write(ctx), staticListCreate(lower(r.Mail), valueOr(r.Body, gen.StaticListCreate{})))
	if err != nil {
		return nil, err
	}
	return gen.CreateStaticList201JSONResponse{DoneJSONResponse: done(ctx, change)}, nil
}

// UpdateStaticList changes a list.
func (a *API) UpdateStaticList(ctx context.Context, r gen.UpdateStaticListRequestObject) (gen.UpdateStaticListResponseObject, error) {
	change, err := a.deps.Directory.UpdateStaticList(ctx, write(ctx), lower(r.Mail), staticListUpdate(valueOr(r.Body, gen.StaticListUpdate{})))
	if err != nil {
		return nil, err
	}
	return gen.UpdateStaticList200JSONResponse{DoneJSONResponse: done(ctx, change)}, nil
}

// DeleteStaticList removes a list. It has no archive that could be kept.
func (a *API) DeleteStaticList(ctx context.Context, r gen.DeleteStaticListRequestObject) (gen.DeleteStaticListResponseObject, error) {
	change, err := a.deps.Directory.DeleteStaticList(ctx, write(ctx), lower(r.Mail))
	if err != nil {
		return nil, err
	}
	return gen.DeleteStaticList200JSONResponse{DoneJSONResponse: done(ctx, change)}, nil
}
