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

// CreateStaticList implements store.StaticLists.
func (d *Directory) CreateStaticList(ctx context.Context, w store.Write, m store.StaticListCreate) (store.Change, error) {
	return d.accounts.runNew(ctx, w, store.NounStaticList, m.Mail, func(ctx context.Context, w store.Write) (store.Change, error) {
		return d.Directory.CreateStaticList(ctx, w, m)
	})
}

// UpdateStaticList implements store.StaticLists.
func (d *Directory) UpdateStaticList(ctx context.Context, w store.Write, mail string, u store.StaticListUpdate) (store.Change, error) {
	return d.accounts.run(ctx, w, func(ctx context.Context, w store.Write) (store.Change, error) {
		return d.Directory.UpdateStaticList(ctx, w, mail, u)
	})
}

// DeleteStaticList implements store.StaticLists.
func (d *Directory) DeleteStaticList(ctx context.Context, w store.Write, mail string) (store.Change, error) {
	return d.accounts.runLasting(ctx, w, func(ctx context.Context, w store.Write) (store.Change, error) {
		return d.Directory.DeleteStaticList(ctx, w, mail)
	})
}
