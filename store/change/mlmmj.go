package change

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postern-mail/postern/store"
)

type listsFollower struct {
	accounts store.Accounts
	lists    store.Mlmmj
	state    listState
}

// listState is what the lists keep in the state database.
type listState interface {
	store.Locks
	store.Invitations
}

// FollowLists returns the follower that has mlmmj follow: it removes the lists that were deleted, be it with their domain, and
// takes who was deleted or renamed out of the lists in the scope of the change or renames it there. It is no cleaner: that mlmmj cannot be worked with must
// not keep anybody from getting an address.
//
// The accounts are those below the way of a change.
func FollowLists(accounts store.Accounts, lists store.Mlmmj, state listState) Follower {
	return listsFollower{accounts, lists, state}
}

// Name implements Follower.
func (listsFollower) Name() string { return "mailing lists" }

// Follow implements Follower. The answer to a request does not wait long for mlmmj: what it cannot do soon is taken up again.
func (f listsFollower) Follow(ctx context.Context, actor store.Actor, c store.Change) error {
	if c.Noun == store.NounAdmin || c.Action != store.ActionDelete && c.Action != store.ActionRename && !isLeftover(c) {
		return nil
	}
	if due, bounded := ctx.Deadline(); bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(due)/2)
		defer cancel()
	}
	return errors.Join(f.removeLists(ctx, c), f.readdress(ctx, actor, c))
}

// removeLists removes what mlmmj holds of the lists that went. Those that went with their domain are kept aside, along with
// what else mlmmj holds under that domain: a deletion that was cut off and repeated no longer knows all names.
func (f listsFollower) removeLists(ctx context.Context, c store.Change) error {
	gone, keep := c.Lists, true
	var failures []error
	switch {
	case c.Action != store.ActionDelete:
	case c.Noun == store.NounMailingList:
		gone, keep = []string{c.Name}, c.KeepArchive
	case c.Noun == store.NounDomain:
		held, err := f.lists.ListsOf(ctx, c.Name)
		if err != nil && len(c.Lists) > 0 {
			failures = append(failures, err)
		}
		gone = slices.Compact(slices.Sorted(slices.Values(slices.Concat(c.Lists, held))))
	}
	for _, list := range gone {
		failures = append(failures, f.removeList(ctx, list, keep))
	}
	return errors.Join(failures...)
}

// removeList leaves alone a list of that address that was made since.
func (f listsFollower) removeList(ctx context.Context, mail string, keep bool) error {
	return f.state.Locked(ctx, lockOf(mail), func(ctx context.Context) error {
		_, err := f.accounts.MailingListAccount(ctx, mail)
		if err == nil {
			return nil
		}
		if !store.IsNotFound(err) {
			return err
		}
		if err = f.state.DropInvitations(ctx, mail, nil); err != nil {
			return err
		}
		return f.lists.RemoveList(ctx, mail, keep)
	})
}

// readdress has the lists of the change's scope know who went or has another address. Without any list there is nobody to ask.
func (f listsFollower) readdress(ctx context.Context, actor store.Actor, c store.Change) error {
	if isLeftover(c) {
		return f.removeLeftovers(ctx, actor, c)
	}
	lists, err := f.listsIn(ctx, actor, c)
	if err != nil || len(lists) == 0 {
		return err
	}
	switch {
	case c.Action == store.ActionRename:
		return f.lists.RenameSubscriber(ctx, c.Name, c.NewName, lists)
	case c.Noun == store.NounDomain:
		return f.forgetDomain(ctx, c.Name, lists)
	}
	return f.lists.ForgetSubscriber(ctx, c.Name, lists)
}

// listsIn returns the lists in which the change may change references.
func (f listsFollower) listsIn(ctx context.Context, actor store.Actor, c store.Change) ([]string, error) {
	all, err := f.accounts.MailingListAddresses(ctx, store.MailingListFilter{}, store.PageRequest{})
	if err != nil || len(all.Items) == 0 {
		return nil, err
	}
	scope, err := scopeOf(ctx, f.accounts, actor, c)
	return slices.DeleteFunc(all.Items, func(list string) bool { return !scope.Covers(store.DomainOf(list)) }), err
}

// scopeOf is where references to what was changed may be changed. An older version did not record it: then it is what the
// actor manages by now, and what was changed itself.
func scopeOf(ctx context.Context, accounts store.Accounts, actor store.Actor, c store.Change) (store.Scope, error) {
	if c.Scope.Limited || actor.Global || actor.Username == "" {
		return c.Scope, nil
	}
	who, err := accounts.Identity(ctx, actor.Username)
	if err != nil && !store.IsNotFound(err) {
		return store.Scope{}, err
	}
	return store.Scope{Limited: true, Domains: append(who.Domains, c.Domain)}, nil
}

// holds reports whether a list names somebody of that name as an owner or moderator.
func (f listsFollower) holds(ctx context.Context, actor store.Actor, c store.Change) (bool, error) {
	if c.Noun == store.NounAdmin {
		return false, nil
	}
	lists, err := f.listsIn(ctx, actor, c)
	if err != nil || len(lists) == 0 {
		return false, err
	}
	naming, err := f.lists.ListsNaming(ctx, c.Name, lists)
	return len(naming) > 0, err
}

// removeLeftovers takes who is created from the owners and moderators of lists. It stays a subscriber.
func (f listsFollower) removeLeftovers(ctx context.Context, actor store.Actor, c store.Change) error {
	name := c.Name
	lists, err := f.listsIn(ctx, actor, c)
	if err != nil || len(lists) == 0 {
		return err
	}
	naming, err := f.lists.ListsNaming(ctx, name, lists)
	failures := []error{err}
	for _, list := range naming {
		settings, err := f.lists.MlmmjSettings(ctx, list)
		if err == nil {
			err = f.lists.ConfigureList(ctx, list, withoutPeople(settings, func(mail string) bool {
				return store.IsOf(mail, name) && !store.IsDefaultPerson(mail, list)
			}))
		}
		if !store.IsNotFound(err) {
			failures = append(failures, err)
		}
	}
	return errors.Join(failures...)
}

// withoutPeople is the update that takes people from the owners and moderators of a list.
func withoutPeople(s store.MlmmjSettings, gone func(mail string) bool) store.MlmmjUpdate {
	left := func(mails []string) *[]string {
		kept := slices.DeleteFunc(slices.Clone(mails), gone)
		if len(kept) == len(mails) {
			return nil
		}
		return &kept
	}
	return store.MlmmjUpdate{
		Owners: left(s.Owners), Moderators: left(s.Moderators), SubscriptionModerators: left(s.SubscriptionModerators),
	}
}

// forgetDomain takes every address of a domain out of lists.
func (f listsFollower) forgetDomain(ctx context.Context, domain string, lists []string) error {
	var failures []error
	for _, list := range lists {
		if err := f.forgetDomainIn(ctx, domain, list); err != nil && !store.IsNotFound(err) {
			failures = append(failures, fmt.Errorf("take those of %s out of %s: %w", domain, list, err))
		}
	}
	return errors.Join(failures...)
}

func (f listsFollower) forgetDomainIn(ctx context.Context, domain, list string) error {
	var leaving []string
	for s, err := range f.lists.Subscribers(ctx, list) {
		if err != nil {
			return err
		}
		if isUnder(s.Mail, domain) {
			leaving = append(leaving, s.Mail)
		}
	}
	if len(leaving) > 0 {
		if err := f.lists.Unsubscribe(ctx, list, leaving); err != nil {
			return err
		}
	}
	settings, err := f.lists.MlmmjSettings(ctx, list)
	if err != nil {
		return err
	}
	u := withoutPeople(settings, func(mail string) bool { return isUnder(mail, domain) })
	if u == (store.MlmmjUpdate{}) {
		return nil
	}
	return f.lists.ConfigureList(ctx, list, u)
}

func isUnder(mail, domain string) bool { return strings.HasSuffix(mail, "@"+domain) }
