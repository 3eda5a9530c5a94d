package ldapstore

import (
	"context"

	"github.com/postern-mail/postern/store"
)

// mlmmjList fits lists that mlmmj runs.
var mlmmjList = and(classList, equals("enabledService", serviceMlmmj))

// MailingListAccount implements store.MailingListAccounts.
func (s *Store) MailingListAccount(ctx context.Context, mail string) (store.MailingListAccount, error) {
	e, err := s.ml(ctx, mail)
	if err != nil {
		return store.MailingListAccount{}, err
	}
	h, err := s.home(ctx, domainOf(mail))
	if err != nil {
		return store.MailingListAccount{}, err
	}
	lists, err := s.listsOf(ctx, []entry{e})
	return h.mailingListOf(e, lists), err
}

// ml reads the entry of a list that mlmmj runs, or returns NO_SUCH_ACCOUNT.
func (s *Store) ml(ctx context.Context, mail string) (entry, error) {
	e, err := s.read(ctx, s.tree.list(mail), mlmmjList)
	if err != nil {
		return entry{}, err
	}
	if e == nil {
		return entry{}, store.NoSuchAccount(mail)
	}
	return *e, nil
}

func (h home) mailingListOf(e entry, lists func(e entry) []string) store.MailingListAccount {
	return store.MailingListAccount{
		Mail:           e.address(),
		Stored:         e.shown(lists),
		Name:           e.first("cn"),
		Active:         e.active(),
		AccessPolicy:   e.first("accessPolicy"),
		Newsletter:     e.has("enabledService", serviceNewsletter),
		Description:    e.first("description"),
		MaxMessageSize: e.number("maxMessageSize"),
		Owners:         e.sorted("listOwner"),
		Moderators:     e.sorted("listModerator"),
		ExtraAddresses: h.further(e),
		Created:        e.created,
		Modified:       e.modified,
	}
}

// MailingListAccounts implements store.MailingListAccounts.
func (s *Store) MailingListAccounts(
	ctx context.Context, filter store.MailingListFilter, page store.PageRequest,
) (store.Page[store.MailingListAccount], error) {
	list := store.Page[store.MailingListAccount]{Items: []store.MailingListAccount{}}
	h, err := s.home(ctx, filter.Domain)
	if err != nil {
		return list, err
	}
	mails, err := s.mailingListAddresses(ctx, filter, page)
	if err != nil {
		return list, err
	}
	entries, err := s.inOrderOf(ctx, lookup{s.tree.container(filter.Domain, containerGroups), oneLevel, mlmmjList, "mail"}, mails.Items)
	if err != nil {
		return list, err
	}
	lists, err := s.listsOf(ctx, entries)
	for _, e := range entries {
		list.Items = append(list.Items, h.mailingListOf(e, lists))
	}
	list.Next, list.Total = mails.Next, mails.Total
	return list, err
}

// MailingListAddresses implements store.MailingListAccounts.
func (s *Store) MailingListAddresses(
	ctx context.Context, filter store.MailingListFilter, page store.PageRequest,
) (store.Page[string], error) {
	if filter.Domain != "" {
		if _, err := s.home(ctx, filter.Domain); err != nil {
			return store.Page[string]{}, err
		}
	}
	return s.mailingListAddresses(ctx, filter, page)
}

// mailingListAddresses is for those, too, who go through all lists of the server at once: then they lie anywhere below the domains.
func (s *Store) mailingListAddresses(
	ctx context.Context, filter store.MailingListFilter, page store.PageRequest,
) (store.Page[string], error) {
	l := listing{dn: s.tree.base, scope: subtree, attribute: "mail", filters: []string{mlmmjList}}
	if filter.Domain != "" {
		l.dn, l.scope = s.tree.container(filter.Domain, containerGroups), oneLevel
	}
	if err := l.search(filter.Search); err != nil {
		return store.Page[string]{}, err
	}
	return s.names(ctx, l, page)
}
