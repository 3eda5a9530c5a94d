package api

import (
	"context"

	"github.com/postern-mail/postern/gen"
)

// GetMaillist returns one list with its members.
func (a *API) GetMaillist(ctx context.Context, r gen.GetMaillistRequestObject) (gen.GetMaillistResponseObject, error) {
	list, err := a.directory.Maillist(ctx, lower(r.Mail))
	if err != nil {
		return nil, err
	}
	body, err := a.maillistRecord(list).MarshalJSON()
	return gen.GetMaillist200JSONResponse{Success: true, Data: body}, err
}

// CreateMaillist makes a list.
func (a *API) CreateMaillist(ctx context.Context, r gen.CreateMaillistRequestObject) (gen.CreateMaillistResponseObject, error) {
	change, err := a.directory.CreateMaillist(ctx, write(ctx), maillistCreate(lower(r.Mail), or(r.Body, gen.MaillistCreate{})))
	if err != nil {
		return nil, err
	}
	return gen.CreateMaillist201JSONResponse{DoneJSONResponse: done(ctx, change)}, nil
}

// UpdateMaillist changes a list.
func (a *API) UpdateMaillist(ctx context.Context, r gen.UpdateMaillistRequestObject) (gen.UpdateMaillistResponseObject, error) {
	change, err := a.directory.UpdateMaillist(ctx, write(ctx), lower(r.Mail), maillistUpdate(or(r.Body, gen.MaillistUpdate{})))
	if err != nil {
		return nil, err
	}
	return gen.UpdateMaillist200JSONResponse{DoneJSONResponse: done(ctx, change)}, nil
}

// DeleteMaillist removes a list. It has no archive that could be kept.
func (a *API) DeleteMaillist(ctx context.Context, r gen.DeleteMaillistRequestObject) (gen.DeleteMaillistResponseObject, error) {
	change, err := a.directory.DeleteMaillist(ctx, write(ctx), lower(r.Mail))
	if err != nil {
		return nil, err
	}
	return gen.DeleteMaillist200JSONResponse{DoneJSONResponse: done(ctx, change)}, nil
}
