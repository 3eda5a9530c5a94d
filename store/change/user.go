package change

import (
	"context"

	"github.com/postern-mail/postern/store"
)

// CreateUser implements store.Users.
func (a *Accounts) CreateUser(ctx context.Context, w store.Write, u store.UserCreate) (store.Change, error) {
	return a.runNew(ctx, w, store.NounUser, u.Mail, func(ctx context.Context, w store.Write) (store.Change, error) {
		return a.Accounts.CreateUser(ctx, w, u)
	})
}

// UpdateUser implements store.Users.
func (a *Accounts) UpdateUser(ctx context.Context, w store.Write, mail string, u store.UserUpdate) (store.Change, error) {
	return a.runUpdate(ctx, w, u.Active, func(ctx context.Context, w store.Write) (store.Change, error) {
		return a.Accounts.UpdateUser(ctx, w, mail, u)
	})
}

// UpdateUsers implements store.Users.
func (a *Accounts) UpdateUsers(ctx context.Context, w store.Write, domain string, u store.UsersUpdate) (store.Change, error) {
	return a.runUpdate(ctx, w, u.Active, func(ctx context.Context, w store.Write) (store.Change, error) {
		return a.Accounts.UpdateUsers(ctx, w, domain, u)
	})
}

// RenameUser implements store.Users.
func (a *Accounts) RenameUser(ctx context.Context, w store.Write, mail, newMail string) (store.Change, error) {
	return a.runRename(ctx, w, store.NounUser, newMail, func(ctx context.Context, w store.Write) (store.Change, error) {
		return a.Accounts.RenameUser(ctx, w, mail, newMail)
	})
}

// DeleteUser implements store.Users.
func (a *Accounts) DeleteUser(ctx context.Context, w store.Write, mail string, keepDays int) (store.Change, error) {
	return a.runLasting(ctx, w, func(ctx context.Context, w store.Write) (store.Change, error) {
		return a.Accounts.DeleteUser(ctx, w, mail, keepDays)
	})
}
