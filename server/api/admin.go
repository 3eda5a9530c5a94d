package api

import (
	"context"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/store"
)

// ListAdmins lists the standalone admins.
func (a *API) ListAdmins(ctx context.Context, r gen.ListAdminsRequestObject) (gen.ListAdminsResponseObject, error) {
	q := r.Params
	filter := store.AdminFilter{Search: searched(q.Q, q.QAny, q.AccountStatus, q.CreatedAfter), Global: flag(q.IsGlobalAdmin)}
	list, err := a.listed(ctx, asked{q.Limit, q.Cursor, string(valueOr(q.Sort, "")), q.Count}, filter.Search)
	if err != nil {
		return nil, err
	}
	return newList(ctx, list, func(ctx context.Context, page store.PageRequest) (store.Page[store.Admin], error) {
		return a.deps.Accounts.Admins(ctx, filter, page)
	}, a.admins().encoder(ctx, isYes(q.Stored)))
}

// GetAdmin returns one standalone admin.
func (a *API) GetAdmin(ctx context.Context, r gen.GetAdminRequestObject) (gen.GetAdminResponseObject, error) {
	admin, err := a.deps.Accounts.Admin(ctx, lower(r.Mail))
	if err != nil {
		return nil, err
	}
	return a.admins().get(ctx, admin, r.Params.Stored)
}

// CreateAdmin makes a standalone admin.
func (a *API) CreateAdmin(ctx context.Context, r gen.CreateAdminRequestObject) (gen.CreateAdminResponseObject, error) {
	mail, err := store.NormaliseLogin(r.Mail)
	if err != nil {
		return nil, atMail(err)
	}
	body := valueOr(r.Body, gen.AdminCreate{})
	hash, err := a.optionalHash(ctx, "", body.Password)
	if err == nil && hash == nil {
		err = a.missing(ctx, "", "password")
	}
	if err != nil {
		return nil, err
	}
	change, err := a.deps.Accounts.CreateAdmin(ctx, write(ctx), adminCreate(mail, *hash, body))
	if err != nil {
		return nil, err
	}
	return created(ctx, "admin", mail, change, func() (store.Record, error) { return adminNoun(made[store.Admin](change)), nil })
}

// UpdateAdmin changes a standalone admin.
func (a *API) UpdateAdmin(ctx context.Context, r gen.UpdateAdminRequestObject) (gen.UpdateAdminResponseObject, error) {
	body := valueOr(r.Body, gen.AdminUpdate{})
	hash, err := a.optionalHash(ctx, "", body.Password)
	if err != nil {
		return nil, err
	}
	change, err := a.deps.Accounts.UpdateAdmin(ctx, write(ctx), lower(r.Mail), adminUpdate(hash, body))
	if err != nil {
		return nil, err
	}
	return written(ctx, change, func() (store.Record, error) { return a.adminNow(ctx, lower(r.Mail)) })
}

// adminNow reads a standalone admin as a noun.
func (a *API) adminNow(ctx context.Context, mail string) (store.Record, error) {
	admin, err := a.deps.Accounts.Admin(ctx, mail)
	return adminNoun(admin), err
}

// DeleteAdmin removes a standalone admin, or the admin rights of a mailbox.
func (a *API) DeleteAdmin(ctx context.Context, r gen.DeleteAdminRequestObject) (gen.DeleteAdminResponseObject, error) {
	change, err := a.deps.Accounts.DeleteAdmin(ctx, write(ctx), lower(r.Mail))
	if err != nil {
		return nil, err
	}
	return gen.DeleteAdmin200JSONResponse{DoneJSONResponse: done(ctx, change)}, nil
}

// VerifyAdminPassword compares a password with that of a standalone admin.
func (a *API) VerifyAdminPassword(
	ctx context.Context, r gen.VerifyAdminPasswordRequestObject,
) (gen.VerifyAdminPasswordResponseObject, error) {
	stored, err := a.deps.Accounts.AdminPassword(ctx, lower(r.Mail))
	if err != nil {
		return nil, err
	}
	if err = a.verify(ctx, stored, r.Body.Password); err != nil {
		return nil, err
	}
	return gen.VerifyAdminPassword200JSONResponse{DoneJSONResponse: done(ctx, store.Change{})}, nil
}
