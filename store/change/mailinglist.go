package change

import (
	"context"
	"errors"
	"iter"
	"slices"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
	"github.com/postern-mail/postern/store/turns"
)

// CreateMailingListAccount implements store.MailingListAccounts.
func (a *Accounts) CreateMailingListAccount(ctx context.Context, w store.Write, m store.MailingListAccountCreate) (store.Change, error) {
	return a.runNew(ctx, w, store.NounMailingList, m.Mail, func(ctx context.Context, w store.Write) (store.Change, error) {
		return a.Accounts.CreateMailingListAccount(ctx, w, m)
	})
}

// UpdateMailingListAccount implements store.MailingListAccounts.
func (a *Accounts) UpdateMailingListAccount(ctx context.Context, w store.Write, mail string, u store.MailingListAccountUpdate) (store.Change, error) {
	return a.runUpdate(ctx, w, u.Active, func(ctx context.Context, w store.Write) (store.Change, error) {
		return a.Accounts.UpdateMailingListAccount(ctx, w, mail, u)
	})
}

// DeleteMailingListAccount implements store.MailingListAccounts.
func (a *Accounts) DeleteMailingListAccount(ctx context.Context, w store.Write, mail string, keepArchive bool) (store.Change, error) {
	return a.runLasting(ctx, w, func(ctx context.Context, w store.Write) (store.Change, error) {
		return a.Accounts.DeleteMailingListAccount(ctx, w, mail, keepArchive)
	})
}

// listWrites is how many writes of whole lists may be under way at once, of different domains. Each holds a connection to
// the state database for its lock, and needs more of them to go on.
const listWrites = 8

// MailingLists is store.MailingLists: the account of a list, and what mlmmj holds, in step. The account decides whether there
// is a list, so it is made last and goes first. What stands with mlmmj without an account takes no mail; making the list again
// moves it out of the way.
type MailingLists struct {
	accounts *Accounts
	lists    store.Mlmmj
	locks    store.Locks
	inviter  *Inviter
	turns    turns.Queue   // of domains: the lists of one take one place at a time
	places   chan struct{} // of all domains
}

var _ store.MailingLists = (*MailingLists)(nil)

// NewMailingLists puts the accounts and what mlmmj holds together. The followers of the accounts have to have FollowLists among
// them.
func NewMailingLists(accounts *Accounts, lists store.Mlmmj, locks store.Locks, inviter *Inviter) *MailingLists {
	return &MailingLists{
		accounts: accounts, lists: lists, locks: locks, inviter: inviter, places: make(chan struct{}, listWrites),
	}
}

// MailingList implements store.MailingLists.
func (m *MailingLists) MailingList(ctx context.Context, mail string) (store.MailingList, error) {
	account, err := m.accounts.MailingListAccount(ctx, mail)
	if err != nil {
		return store.MailingList{}, err
	}
	settings, err := m.lists.MlmmjSettings(ctx, mail)
	return store.MailingList{MailingListAccount: account, Settings: settings}, unheld(mail, err)
}

// unheld is the error for a list that mlmmj holds nothing of, while there is its account.
func unheld(mail string, err error) error {
	if !store.IsNotFound(err) {
		return err
	}
	e := store.Fail(store.Unavailable, store.CodeServerDown, "mlmmj has no data for %s, although the list exists. Any update (PUT) recreates it.", mail)
	e.Cause = err
	return e
}

// Subscribers implements store.MailingLists.
func (m *MailingLists) Subscribers(ctx context.Context, mail string) iter.Seq2[store.Subscriber, error] {
	return func(yield func(store.Subscriber, error) bool) {
		for s, err := range m.lists.Subscribers(ctx, mail) {
			if !yield(s, unheld(mail, err)) {
				return
			}
		}
	}
}

// CreateMailingList implements store.MailingLists: what mlmmj holds, then the subscribers, then the account. When the account
// is refused the rest goes again; when nobody knows what became of it the rest stays.
func (m *MailingLists) CreateMailingList(ctx context.Context, w store.Write, n store.MailingListCreate) (store.Change, error) {
	n, strange, err := m.takenNew(w.OnMissing, n)
	if err != nil {
		return store.Change{}, err
	}
	var left []string
	if w.OnMissing != store.Drop {
		if n.Settings, left, err = m.listHeaders(ctx, w, n.Mail, store.DefaultMlmmjSettings(n.Mail), n.Settings); err != nil {
			return store.Change{}, err
		}
	}
	settings := n.Initial()
	account := n.Account(settings)
	var c store.Change
	if w.DryRun {
		if c, err = m.accounts.CreateMailingListAccount(ctx, w, account); err == nil {
			settings, left, err = m.keptSettings(ctx, w, n, settings, c.Discarded)
		}
		c.Discarded = slices.Concat(strange, c.Discarded, left)
		return madeList(c, n, settings), err
	}
	err = m.locked(ctx, n.Mail, func(ctx context.Context) error {
		planned, err := m.accounts.Accounts.CreateMailingListAccount(ctx, dry(w), account)
		made := false
		if store.HasCode(err, store.CodeAlreadyExists) {
			// The store may finish what an earlier call left. That the address is free by now hardly ever happens.
			planned, err = m.accounts.CreateMailingListAccount(ctx, w, account)
			made = err == nil
		}
		if err != nil {
			return err
		}
		if settings, left, err = m.keptSettings(ctx, w, n, settings, planned.Discarded); err != nil {
			return err
		}
		n.Subscribers = store.LeaveOut(n.Subscribers, planned.Discarded)
		if made {
			c = planned
			return m.fill(ctx, n, settings)
		}
		if err = m.fill(ctx, n, settings); err != nil {
			return err
		}
		if c, err = m.accounts.CreateMailingListAccount(ctx, w, account); err != nil && rolledBack(err) {
			m.takeBack(ctx, n.Mail)
		}
		return err
	})
	m.inviter.wakeUp()
	c.Discarded = slices.Concat(strange, c.Discarded, left)
	return madeList(c, n, settings), err
}

// madeList is the change that makes the account of a list, as that of the whole list with these settings.
func madeList(c store.Change, n store.MailingListCreate, settings store.MlmmjSettings) store.Change {
	if account, ok := c.Made.(store.MailingListAccount); ok {
		c.Made = store.MailingList{MailingListAccount: account, Settings: settings}
		adjustSize(&c, n.Settings.MaxMessageSize, settings.MaxMessageSize)
	}
	return c
}

// adjustSize notes that mlmmj keeps another limit of posts than was asked for.
func adjustSize(c *store.Change, asked *int64, stored int64) {
	if asked != nil && *asked != stored {
		c.Adjusted = append(c.Adjusted, store.Adjustment{Field: "max_message_size", Asked: *asked, Stored: stored})
	}
}

// adjustUpdate is adjustSize for an update.
func (m *MailingLists) adjustUpdate(c *store.Change, mail string, u store.MailingListUpdate) {
	asked := u.Settings.MaxMessageSize
	if asked == nil {
		return
	}
	if kept, err := m.lists.Kept(mail, store.MlmmjSettings{MaxMessageSize: *asked}); err == nil {
		adjustSize(c, asked, kept.MaxMessageSize)
	}
}

// keptSettings returns the settings of a new list as mlmmj is to hold them, without what its account does not take, and the header
// lines that are left out: only now is it known which extra addresses the list has.
func (m *MailingLists) keptSettings(
	ctx context.Context, w store.Write, n store.MailingListCreate, settings store.MlmmjSettings, discarded []string,
) (store.MlmmjSettings, []string, error) {
	var left []string
	settings.ExtraAddresses = store.LeaveOut(settings.ExtraAddresses, discarded)
	if w.OnMissing == store.Drop {
		given := store.MlmmjUpdate{CustomHeaders: n.Settings.CustomHeaders, RemoveHeaders: n.Settings.RemoveHeaders}
		settings.CustomHeaders, settings.RemoveHeaders = nil, nil
		var err error
		if given, left, err = m.listHeaders(ctx, w, n.Mail, settings, given); err != nil {
			return settings, left, err
		}
		settings = settings.With(given)
	}
	settings, err := m.lists.Kept(n.Mail, settings)
	return settings, left, err
}

// takenNew returns the new list with the addresses that the driver takes, and those that it does not.
func (m *MailingLists) takenNew(rule store.OnMissing, n store.MailingListCreate) (store.MailingListCreate, []string, error) {
	if err := m.lists.Takes(n.Mail); err != nil {
		return n, nil, err
	}
	settings, left, err := m.takenPeople(rule, store.MlmmjSettings{}, n.Settings)
	if err != nil {
		return n, nil, err
	}
	subscribers, bad, err := m.taken(rule, "subscribers", n.Subscribers, false)
	n.Settings, n.Subscribers = settings, subscribers
	return n, append(left, bad...), err
}

// replaceHeaders is listHeaders of a list that is there: header lines of which none can be taken do not replace its own.
func (m *MailingLists) replaceHeaders(
	ctx context.Context, w store.Write, mail string, stored store.MlmmjSettings, asked store.MlmmjUpdate,
) (store.MlmmjUpdate, []string, error) {
	next, left, err := m.listHeaders(ctx, w, mail, stored, asked)
	if err != nil {
		return next, left, err
	}
	for _, lines := range []struct {
		field       string
		asked, next *[]string
	}{{"custom_headers", asked.CustomHeaders, next.CustomHeaders}, {"remove_headers", asked.RemoveHeaders, next.RemoveHeaders}} {
		if lines.asked == nil || len(*lines.asked) == 0 || len(*lines.next) > 0 {
			continue
		}
		refusing := w
		refusing.OnMissing = store.Refuse
		var refused *store.Error
		if _, _, err = m.listHeaders(ctx, refusing, mail, stored, asked); !errors.As(err, &refused) || refused.Field != lines.field {
			refused = store.Fail(store.Invalid, store.CodeInvalidValue, "None of these header lines can be set or removed.").With(lines.field)
		}
		return next, nil, &store.NothingLeft{First: refused}
	}
	return next, left, nil
}

// listHeaders returns the update with the header lines that the list may have, and those that are left out.
func (m *MailingLists) listHeaders(
	ctx context.Context, w store.Write, mail string, stored store.MlmmjSettings, u store.MlmmjUpdate,
) (store.MlmmjUpdate, []string, error) {
	if u.CustomHeaders == nil && u.RemoveHeaders == nil {
		return u, nil, nil
	}
	h := rules.ListHeaders{Write: w, Own: []string{mail}, Stored: stored}
	extra := stored.With(u).ExtraAddresses
	if w.Actor.Global || w.Actor.Username == "" || len(extra) == 0 {
		return h.Update(u)
	}
	domain, err := m.accounts.Domain(ctx, store.DomainOf(mail))
	if err != nil {
		return u, nil, err
	}
	actor, err := m.accounts.Identity(ctx, w.Actor.Username)
	if err != nil && !store.IsNotFound(err) {
		return u, nil, err
	}
	for _, address := range extra { // an alias domain is managed with its domain
		in := store.DomainOf(address)
		if in == domain.Name || slices.Contains(domain.AliasDomains, in) || actor.Manages(in) {
			h.Own = append(h.Own, address)
		}
	}
	return h.Update(u)
}

// fill has mlmmj hold a list and its subscribers, or nothing of it.
func (m *MailingLists) fill(ctx context.Context, n store.MailingListCreate, settings store.MlmmjSettings) error {
	if err := m.lists.Prepare(ctx, n.Mail, settings); err != nil {
		return err
	}
	err := m.join(ctx, n.Mail, n.Subscription, n.Confirm, n.Subscribers)
	if err != nil {
		m.takeBack(ctx, n.Mail)
	}
	return err
}

func dry(w store.Write) store.Write {
	w.DryRun = true
	return w
}

// takeBack removes what mlmmj was given for a list of which there is no account after all.
func (m *MailingLists) takeBack(ctx context.Context, mail string) {
	after, cancel := detached(ctx)
	defer cancel()
	err := m.inviter.recorded.DropInvitations(after, mail, nil)
	if err = errors.Join(err, m.lists.RemoveList(after, mail, false)); err != nil {
		m.accounts.log.WarnContext(ctx, "What mlmmj holds of a list that was not made could not be removed.", "list", mail, "error", err)
	}
}

// join subscribes addresses, or asks them whether to.
func (m *MailingLists) join(ctx context.Context, mail string, kind store.Subscription, confirm bool, addresses []string) error {
	if len(addresses) == 0 {
		return nil
	}
	if confirm {
		return m.inviter.record(ctx, mail, kind, addresses)
	}
	return m.lists.Subscribe(ctx, mail, kind, addresses)
}

// UpdateMailingList implements store.MailingLists: what mlmmj holds, then the subscribers, then the account. Where mlmmj holds
// nothing of the list, it is made anew from the account.
func (m *MailingLists) UpdateMailingList(
	ctx context.Context, w store.Write, mail string, u store.MailingListUpdate,
) (store.Change, error) {
	var c store.Change
	err := m.locked(ctx, mail, func(ctx context.Context) error {
		edit, err := m.edit(ctx, w, mail, u)
		if err != nil {
			return err
		}
		if w.DryRun {
			c = edit.planned
			c.Discarded = append(c.Discarded, edit.left...)
			m.adjustUpdate(&c, mail, u)
			return nil
		}
		if err = m.configure(ctx, mail, edit); err == nil {
			err = m.resubscribe(ctx, mail, edit.asked, edit.planned.Discarded)
		}
		if err == nil {
			c, err = m.accounts.UpdateMailingListAccount(ctx, w, mail, edit.account)
		}
		c.Discarded = append(c.Discarded, edit.left...)
		m.adjustUpdate(&c, mail, u)
		if err != nil && edit.unheld && rolledBack(err) {
			m.takeBack(ctx, mail)
		}
		return err
	})
	m.inviter.wakeUp()
	return c, err
}

// mailingListEdit is what an update does.
type mailingListEdit struct {
	asked     store.MailingListUpdate // without what the driver does not take
	planned   store.Change
	left      []string // addresses and header lines that are left out
	account   store.MailingListAccountUpdate
	configure store.MlmmjUpdate
	after     store.MlmmjSettings
	unheld    bool // mlmmj holds nothing of the list
}

func (m *MailingLists) edit(ctx context.Context, w store.Write, mail string, u store.MailingListUpdate) (mailingListEdit, error) {
	var edit mailingListEdit
	account, err := m.accounts.MailingListAccount(ctx, mail)
	if err != nil {
		return edit, err
	}
	now, err := m.lists.MlmmjSettings(ctx, mail)
	switch {
	case store.IsNotFound(err):
		edit.unheld, now, err = true, account.Settings(), nil
	case err == nil:
		u = u.Changes(store.MailingList{MailingListAccount: account, Settings: now})
	}
	if err == nil {
		u, edit.left, err = m.takenUpdate(ctx, w.OnMissing, mail, now, u)
	}
	if err != nil {
		return edit, err
	}
	edit.asked = u
	edit.configure = u.Configure(now)
	edit.account = u.Account(account.AccessPolicy, now.With(edit.configure))
	edit.account.Elsewhere = edit.unheld || edit.configure != store.MlmmjUpdate{} || u.UnsubscribeAll || len(u.Unsubscribe)+len(u.Subscribe) > 0
	edit.planned, err = m.accounts.Accounts.UpdateMailingListAccount(ctx, dry(w), mail, edit.account)
	if extra := edit.configure.ExtraAddresses; extra != nil {
		kept := store.LeaveOut(*extra, edit.planned.Discarded)
		edit.configure.ExtraAddresses = &kept
	}
	if err == nil {
		var left []string
		edit.configure, left, err = m.replaceHeaders(ctx, w, mail, now, edit.configure)
		edit.left = append(edit.left, left...)
	}
	edit.after = now.With(edit.configure)
	return edit, err
}

// takenUpdate returns the update with the addresses that the driver takes, and those that it does not.
func (m *MailingLists) takenUpdate(
	ctx context.Context, rule store.OnMissing, mail string, now store.MlmmjSettings, u store.MailingListUpdate,
) (store.MailingListUpdate, []string, error) {
	settings, left, err := m.takenPeople(rule, now, u.Settings)
	if err != nil {
		return u, nil, err
	}
	coming, bad, err := m.taken(rule, "add_subscribers", u.Subscribe, false)
	if err != nil {
		return u, nil, err
	}
	if u.UnsubscribeAll {
		u.Settings, u.Subscribe = settings, coming
		return u, slices.Concat(left, bad), nil
	}
	leaving, stay, err := m.removable(ctx, rule, mail, u.Unsubscribe)
	u.Settings, u.Subscribe, u.Unsubscribe = settings, coming, leaving
	return u, slices.Concat(left, bad, stay), err
}

func (m *MailingLists) configure(ctx context.Context, mail string, edit mailingListEdit) error {
	switch {
	case edit.unheld:
		return m.lists.Prepare(ctx, mail, edit.after)
	case edit.configure == store.MlmmjUpdate{}:
		return nil
	}
	return m.lists.ConfigureList(ctx, mail, edit.configure)
}

func (m *MailingLists) resubscribe(ctx context.Context, mail string, u store.MailingListUpdate, discarded []string) error {
	leaving := u.Unsubscribe
	if u.UnsubscribeAll {
		leaving = nil // which is everybody
	}
	if u.UnsubscribeAll || len(leaving) > 0 {
		if err := m.inviter.recorded.DropInvitations(ctx, mail, leaving); err != nil {
			return err
		}
		if err := m.lists.Unsubscribe(ctx, mail, leaving); err != nil {
			return err
		}
	}
	return m.join(ctx, mail, u.Subscription, u.Confirm, store.LeaveOut(u.Subscribe, discarded))
}

// DeleteMailingList implements store.MailingLists. What mlmmj holds goes by the follower of the account's deletion.
func (m *MailingLists) DeleteMailingList(ctx context.Context, w store.Write, mail string, keepArchive bool) (store.Change, error) {
	if err := m.lists.Ping(ctx); err != nil {
		return store.Change{}, err
	}
	return m.accounts.DeleteMailingListAccount(ctx, w, mail, keepArchive)
}

// locked runs fn while nobody else, here or in another process, writes to the list.
func (m *MailingLists) locked(ctx context.Context, mail string, fn func(ctx context.Context) error) error {
	done, err := m.turns.Take(ctx, store.DomainOf(mail))
	if err != nil {
		return store.BeingWritten(context.Cause(ctx))
	}
	defer done()
	select {
	case m.places <- struct{}{}:
		defer func() { <-m.places }()
	case <-ctx.Done():
		return store.BeingWritten(context.Cause(ctx))
	}
	return m.locks.Locked(ctx, lockOf(mail), fn)
}

func lockOf(list string) []string { return []string{"list " + list} }
