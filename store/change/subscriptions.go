package change

import (
	"context"
	"slices"

	"github.com/postern-mail/postern/store"
)

// User implements store.Users. The lists that mlmmj has it subscribed to are among those that it is a member of.
func (a *Accounts) User(ctx context.Context, mail string) (store.User, error) {
	u, err := a.Accounts.User(ctx, mail)
	if err != nil {
		return u, err
	}
	one := []store.User{u}
	a.addSubscriptions(ctx, one)
	return one[0], nil
}

// Users implements store.Users, as User does.
func (a *Accounts) Users(ctx context.Context, filter store.UserFilter, page store.PageRequest) (store.Page[store.User], error) {
	users, err := a.Accounts.Users(ctx, filter, page)
	if err == nil {
		a.addSubscriptions(ctx, users.Items)
	}
	return users, err
}

// addSubscriptions adds to mailboxes the lists that they are subscribed to. That mlmmj cannot be worked with keeps nobody from
// reading accounts; the log says so.
func (a *Accounts) addSubscriptions(ctx context.Context, users []store.User) {
	lists := a.listDriver()
	if lists == nil || len(users) == 0 {
		return
	}
	mails := make([]string, len(users))
	for i, u := range users {
		mails[i] = u.Mail
	}
	to, err := lists.SubscribedTo(ctx, mails, func() ([]string, error) {
		all, err := a.MailingListAddresses(ctx, store.MailingListFilter{}, store.PageRequest{})
		return all.Items, err
	})
	if err != nil {
		a.log.WarnContext(ctx, "Which lists mailboxes are subscribed to could not be read.", "error", err)
		return
	}
	known := map[string]bool{} // lists that have an account
	for i := range users {
		for _, list := range to[users[i].Mail] {
			is, looked := known[list]
			if !looked {
				noun, err := a.AccountNoun(ctx, list)
				is = err == nil && noun == store.NounMailingList
				known[list] = is
			}
			if is {
				users[i].MailingLists = append(users[i].MailingLists, list)
			}
		}
		slices.Sort(users[i].MailingLists)
		users[i].MailingLists = slices.Compact(users[i].MailingLists)
	}
}

// listDriver is what the follower of mailing lists works with, nil when there is none.
func (a *Accounts) listDriver() store.Mlmmj {
	for _, f := range a.followers {
		if l, ok := f.(listsFollower); ok {
			return l.lists
		}
	}
	return nil
}
