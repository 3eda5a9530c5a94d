package api

import (
	"context"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/server/access"
	"github.com/postern-mail/postern/store"
)

// ListUsers lists the mailboxes of a domain, without those that outrank the caller.
func (a *API) ListUsers(ctx context.Context, r gen.ListUsersRequestObject) (gen.ListUsersResponseObject, error) {
	q := r.Params
	filter := store.UserFilter{
		Search: searched(q.Q, q.QAny, q.AccountStatus, q.CreatedAfter), Domain: lower(r.Domain), DisabledOnly: isYes(q.DisabledOnly),
		Global: flag(q.IsGlobalAdmin), OverQuotaPercent: q.OverQuotaPercent,
	}
	if p := access.Of(ctx); !p.Global {
		filter.Viewer = p.Username
	}
	list, err := a.listed(ctx, asked{q.Limit, q.Cursor, string(valueOr(q.Sort, "")), q.Count}, filter.Search)
	if err != nil {
		return nil, err
	}
	if isYes(q.EmailOnly) {
		return newList(ctx, list, func(ctx context.Context, page store.PageRequest) (store.Page[string], error) {
			return a.deps.Accounts.UserAddresses(ctx, filter, page)
		}, encodeName)
	}
	return newList(ctx, list, func(ctx context.Context, page store.PageRequest) (store.Page[store.User], error) {
		return a.deps.Accounts.Users(ctx, filter, page)
	}, a.users(ctx).encoder(ctx, isYes(r.Params.Stored)))
}

// GetUser returns one mailbox.
func (a *API) GetUser(ctx context.Context, r gen.GetUserRequestObject) (gen.GetUserResponseObject, error) {
	u, err := a.deps.Accounts.User(ctx, lower(r.Mail))
	if err != nil {
		return nil, err
	}
	return a.users(ctx).get(ctx, u, r.Params.Stored)
}

// CreateUser makes a mailbox.
func (a *API) CreateUser(ctx context.Context, r gen.CreateUserRequestObject) (gen.CreateUserResponseObject, error) {
	mail, err := store.NormaliseLogin(r.Mail)
	if err != nil {
		return nil, atMail(err)
	}
	body := valueOr(r.Body, gen.UserCreate{})
	hash, err := a.passwordOrHash(ctx, store.DomainOf(mail), body.Password, body.PasswordHash)
	if err == nil && hash == nil {
		err = a.missing(ctx, store.DomainOf(mail), "password", "password_hash")
	}
	if err != nil {
		return nil, err
	}
	change, err := a.deps.Accounts.CreateUser(ctx, write(ctx), userCreate(mail, *hash, body))
	if err != nil {
		return nil, err
	}
	return created(ctx, "user", mail, change, func() (store.Record, error) { return userNoun(made[store.User](change)), nil })
}

// UpdateUser changes a mailbox.
func (a *API) UpdateUser(ctx context.Context, r gen.UpdateUserRequestObject) (gen.UpdateUserResponseObject, error) {
	mail := lower(r.Mail)
	body := valueOr(r.Body, gen.UserUpdate{})
	hash, err := a.passwordOrHash(ctx, store.DomainOf(mail), body.Password, body.PasswordHash)
	if err != nil {
		return nil, err
	}
	change, err := a.deps.Accounts.UpdateUser(ctx, write(ctx), mail, userUpdate(hash, body))
	if err != nil {
		return nil, err
	}
	return written(ctx, change, func() (store.Record, error) { return a.userNow(ctx, mail) })
}

// userNow reads a mailbox as a noun.
func (a *API) userNow(ctx context.Context, mail string) (store.Record, error) {
	u, err := a.deps.Accounts.User(ctx, mail)
	return userNoun(u), err
}

// UpdateUsers changes every mailbox of a domain.
func (a *API) UpdateUsers(ctx context.Context, r gen.UpdateUsersRequestObject) (gen.UpdateUsersResponseObject, error) {
	domain := lower(r.Domain)
	body := valueOr(r.Body, gen.UsersUpdate{})
	hash, err := a.optionalHash(ctx, domain, body.Password)
	if err != nil {
		return nil, err
	}
	change, err := a.deps.Accounts.UpdateUsers(ctx, write(ctx), domain, usersUpdate(hash, body))
	if err != nil {
		return nil, err
	}
	return gen.UpdateUsers200JSONResponse{DoneJSONResponse: done(ctx, change)}, nil
}

// RenameUser gives a mailbox another address.
func (a *API) RenameUser(ctx context.Context, r gen.RenameUserRequestObject) (gen.RenameUserResponseObject, error) {
	newMail, err := store.NormaliseLogin(r.NewMail)
	if err != nil {
		return nil, withField("new_mail", err)
	}
	change, err := a.deps.Accounts.RenameUser(ctx, write(ctx), lower(r.Mail), newMail)
	if err != nil {
		return nil, err
	}
	return gen.RenameUser200JSONResponse{DoneJSONResponse: done(ctx, change)}, nil
}

// DeleteUser removes a mailbox; its files stay on disk for good.
func (a *API) DeleteUser(ctx context.Context, r gen.DeleteUserRequestObject) (gen.DeleteUserResponseObject, error) {
	change, err := a.deps.Accounts.DeleteUser(ctx, write(ctx), lower(r.Mail), 0)
	if err != nil {
		return nil, err
	}
	return gen.DeleteUser200JSONResponse{DoneJSONResponse: done(ctx, change)}, nil
}

// DeleteUserKeepMailbox removes a mailbox; its files stay on disk for some days.
func (a *API) DeleteUserKeepMailbox(
	ctx context.Context, r gen.DeleteUserKeepMailboxRequestObject,
) (gen.DeleteUserKeepMailboxResponseObject, error) {
	if err := access.MayKeepMailboxes(ctx, r.Days); err != nil {
		return nil, err
	}
	change, err := a.deps.Accounts.DeleteUser(ctx, write(ctx), lower(r.Mail), int(r.Days))
	if err != nil {
		return nil, err
	}
	return gen.DeleteUserKeepMailbox200JSONResponse{DoneJSONResponse: done(ctx, change)}, nil
}

// VerifyUserPassword compares a password with that of a mailbox.
func (a *API) VerifyUserPassword(
	ctx context.Context, r gen.VerifyUserPasswordRequestObject,
) (gen.VerifyUserPasswordResponseObject, error) {
	stored, err := a.deps.Accounts.UserPassword(ctx, lower(r.Mail))
	if err != nil {
		return nil, err
	}
	if err = a.verify(ctx, stored, r.Body.Password); err != nil {
		return nil, err
	}
	return gen.VerifyUserPassword200JSONResponse{DoneJSONResponse: done(ctx, store.Change{})}, nil
}
