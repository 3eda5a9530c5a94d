package change

import (
	"context"

	"github.com/postern-mail/postern/store"
)

// CreateAlias implements store.Aliases.
func (a *Accounts) CreateAlias(ctx context.Context, w store.Write, n store.AliasCreate) (store.Change, error) {
	return a.runNew(ctx, w, store.NounAlias, n.Mail, func(ctx context.Context, w store.Write) (store.Change, error) {
		return a.Accounts.CreateAlias(ctx, w, n)
	})
}

// UpdateAlias implements store.Aliases.
func (a *Accounts) UpdateAlias(ctx context.Context, w store.Write, mail string, u store.AliasUpdate) (store.Change, error) {
	return a.runUpdate(ctx, w, u.Active, func(ctx context.Context, w store.Write) (store.Change, error) {
		return a.Accounts.UpdateAlias(ctx, w, mail, u)
	})
}

// RenameAlias implements store.Aliases.
func (a *Accounts) RenameAlias(ctx context.Context, w store.Write, mail, newMail string) (store.Change, error) {
	return a.runRename(ctx, w, store.NounAlias, newMail, func(ctx context.Context, w store.Write) (store.Change, error) {
		return a.Accounts.RenameAlias(ctx, w, mail, newMail)
	})
}

// DeleteAlias implements store.Aliases.
func (a *Accounts) DeleteAlias(ctx context.Context, w store.Write, mail string) (store.Change, error) {
	return a.runLasting(ctx, w, func(ctx context.Context, w store.Write) (store.Change, error) {
		return a.Accounts.DeleteAlias(ctx, w, mail)
	})
}
