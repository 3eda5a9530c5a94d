package change

import (
	"context"

	"github.com/postern-mail/postern/store"
)

// Directory is a store.Directory whose writes have the followers of the accounts beside it.
type Directory struct {
	store.Directory
	accounts *Accounts
}

var _ store.Directory = (*Directory)(nil)

// NewDirectory puts the followers of the accounts behind every write of the directory.
func NewDirectory(directory store.Directory, accounts *Accounts) *Directory {
	return &Directory{directory, accounts}
}

// CreateMaillist implements store.Maillists.
func (d *Directory) CreateMaillist(ctx context.Context, w store.Write, m store.MaillistCreate) (store.Change, error) {
	return d.accounts.runNew(ctx, w, store.NounList, m.Mail, func(ctx context.Context, w store.Write) (store.Change, error) {
		return d.Directory.CreateMaillist(ctx, w, m)
	})
}

// UpdateMaillist implements store.Maillists.
func (d *Directory) UpdateMaillist(ctx context.Context, w store.Write, mail string, u store.MaillistUpdate) (store.Change, error) {
	return d.accounts.run(ctx, w, func(ctx context.Context, w store.Write) (store.Change, error) {
		return d.Directory.UpdateMaillist(ctx, w, mail, u)
	})
}

// DeleteMaillist implements store.Maillists.
func (d *Directory) DeleteMaillist(ctx context.Context, w store.Write, mail string) (store.Change, error) {
	return d.accounts.runLasting(ctx, w, func(ctx context.Context, w store.Write) (store.Change, error) {
		return d.Directory.DeleteMaillist(ctx, w, mail)
	})
}
