package change

import (
	"context"

	"github.com/postern-mail/postern/store"
)

// CreateAdmin implements store.Admins.
func (a *Accounts) CreateAdmin(ctx context.Context, w store.Write, n store.AdminCreate) (store.Change, error) {
	return a.runNew(ctx, w, store.NounAdmin, n.Mail, func(ctx context.Context, w store.Write) (store.Change, error) {
		return a.Accounts.CreateAdmin(ctx, w, n)
	})
}

// UpdateAdmin implements store.Admins.
func (a *Accounts) UpdateAdmin(ctx context.Context, w store.Write, mail string, u store.AdminUpdate) (store.Change, error) {
	return a.runUpdate(ctx, w, u.Active, func(ctx context.Context, w store.Write) (store.Change, error) {
		return a.Accounts.UpdateAdmin(ctx, w, mail, u)
	})
}

// DeleteAdmin implements store.Admins.
func (a *Accounts) DeleteAdmin(ctx context.Context, w store.Write, mail string) (store.Change, error) {
	return a.runLasting(ctx, w, func(ctx context.Context, w store.Write) (store.Change, error) {
		return a.Accounts.DeleteAdmin(ctx, w, mail)
	})
}
