package change

import (
	"context"

	"github.com/postern-mail/postern/store"
)

// CreateDomain implements store.Domains.
func (a *Accounts) CreateDomain(ctx context.Context, w store.Write, d store.DomainCreate) (store.Change, error) {
	return a.runNew(ctx, w, store.NounDomain, d.Name, func(ctx context.Context, w store.Write) (store.Change, error) {
		return a.Accounts.CreateDomain(ctx, w, d)
	})
}

// UpdateDomain implements store.Domains.
func (a *Accounts) UpdateDomain(ctx context.Context, w store.Write, name string, u store.DomainUpdate) (store.Change, error) {
	return a.runUpdate(ctx, w, u.Active, func(ctx context.Context, w store.Write) (store.Change, error) {
		return a.Accounts.UpdateDomain(ctx, w, name, u)
	})
}

// UpdateDomainAdmins implements store.Domains.
func (a *Accounts) UpdateDomainAdmins(ctx context.Context, w store.Write, name string, admins store.Set) (store.Change, error) {
	return a.run(ctx, w, func(ctx context.Context, w store.Write) (store.Change, error) {
		return a.Accounts.UpdateDomainAdmins(ctx, w, name, admins)
	})
}

// DeleteDomain implements store.Domains. The change names the mailing lists that went along: afterwards nobody knows them.
func (a *Accounts) DeleteDomain(ctx context.Context, w store.Write, name string, keepDays int) (store.Change, error) {
	return a.runLasting(ctx, w, func(ctx context.Context, w store.Write) (store.Change, error) {
		lists, err := a.MailingListAddresses(ctx, store.MailingListFilter{Domain: name}, store.PageRequest{})
		if err != nil {
			return store.Change{}, err
		}
		c, err := a.Accounts.DeleteDomain(ctx, w, name, keepDays)
		c.Lists = lists.Items
		return c, err
	})
}
