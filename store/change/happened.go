package change

import (
	"context"
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
)

// standing is what there is now of an account or domain.
type standing struct {
	exists bool
	active bool
}

// happened looks whether the deciding write of a change took place.
//
// A rename counts as soon as the old name is gone, whatever stands under the new one: that may have been renamed or
// deleted since, and only with the followers of every step in order does each get to the right name.
func (a *Accounts) happened(ctx context.Context, c store.Change) (bool, error) {
	now, err := a.look(ctx, c)
	if err != nil {
		return false, err
	}
	switch c.Action {
	case store.ActionDelete, store.ActionRename:
		return !now.exists, nil
	case store.ActionDisable:
		return !now.exists || !now.active, nil
	}
	return true, nil
}

// look returns how the subject of the change stands.
func (a *Accounts) look(ctx context.Context, c store.Change) (standing, error) {
	var now standing
	var err error
	switch c.Noun {
	case store.NounDomain:
		now, err = a.lookAtDomain(ctx, c)
	case store.NounAdmin:
		now, err = a.lookAtAdmin(ctx, c)
	case store.NounUser:
		now, err = a.lookAtUser(ctx, c)
	case store.NounAlias:
		now, err = a.lookAtAlias(ctx, c)
	case store.NounMailingList:
		now, err = a.lookAtMailingList(ctx, c)
	case store.NounStaticList:
		_, err = a.AccountNoun(ctx, c.Name)
		now = standing{exists: true, active: true}
	}
	if store.IsNotFound(err) {
		return standing{}, nil
	}
	return now, err
}

func (a *Accounts) lookAtDomain(ctx context.Context, c store.Change) (standing, error) {
	rules, err := a.DomainRules(ctx, c.Name)
	return standing{exists: true, active: rules.Active}, err
}

// lookAtAdmin takes a mail user without any admin right for no admin.
func (a *Accounts) lookAtAdmin(ctx context.Context, c store.Change) (standing, error) {
	who, err := a.Identity(ctx, c.Name)
	return standing{exists: !who.Mailbox || who.Global || len(who.Domains) > 0, active: who.Active}, err
}

// lookAtUser also takes the users of a whole domain, whose change is named after it: they stand as active when one
// does that was not left out.
func (a *Accounts) lookAtUser(ctx context.Context, c store.Change) (standing, error) {
	if strings.Contains(c.Name, "@") {
		who, err := a.Identity(ctx, c.Name)
		return standing{exists: who.Mailbox, active: who.Active}, err
	}
	all, err := a.UserAddresses(ctx, store.UserFilter{Domain: c.Name}, store.PageRequest{})
	if err != nil {
		return standing{}, err
	}
	disabled, err := a.UserAddresses(ctx, store.UserFilter{Domain: c.Name, DisabledOnly: true}, store.PageRequest{})
	if err != nil {
		return standing{}, err
	}
	outranking := map[string]bool{}
	for _, mail := range slices.Concat(disabled.Items, c.Discarded) {
		outranking[mail] = true
	}
	active := slices.ContainsFunc(all.Items, func(mail string) bool { return !outranking[mail] })
	return standing{exists: true, active: active}, nil
}

func (a *Accounts) lookAtAlias(ctx context.Context, c store.Change) (standing, error) {
	if _, err := a.Alias(ctx, c.Name); err != nil {
		return standing{}, err
	}
	disabled, err := a.AliasAddresses(ctx, store.AliasFilter{Domain: store.DomainOf(c.Name), DisabledOnly: true}, store.PageRequest{})
	return standing{exists: true, active: !slices.Contains(disabled.Items, c.Name)}, err
}

func (a *Accounts) lookAtMailingList(ctx context.Context, c store.Change) (standing, error) {
	list, err := a.MailingListAccount(ctx, c.Name)
	return standing{exists: true, active: list.Active}, err
}
