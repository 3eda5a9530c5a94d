package ldapstore

import (
	"context"
	"slices"
	"strings"

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
func (s *Store) MailingListAccounts(ctx context.Context, domain string, page store.PageRequest) (store.Page[store.MailingListAccount], error) {
	list := store.Page[store.MailingListAccount]{Items: []store.MailingListAccount{}}
	h, err := s.home(ctx, domain)
	if err != nil {
		return list, err
	}
	mails, err := s.mailingListAddresses(ctx, domain, page)
	if err != nil {
		return list, err
	}
	entries, err := s.inOrderOf(ctx, lookup{s.tree.container(domain, containerGroups), oneLevel, mlmmjList, "mail"}, mails.Items)
	if err != nil {
		return list, err
	}
	lists, err := s.listsOf(ctx, entries)
	for _, e := range entries {
		list.Items = append(list.Items, h.mailingListOf(e, lists))
	}
	list.Next = mails.Next
	return list, err
}

// MailingListAddresses implements store.MailingListAccounts.
func (s *Store) MailingListAddresses(ctx context.Context, domain string, page store.PageRequest) (store.Page[string], error) {
	if domain == "" {
		return s.everyMailingList(ctx, page)
	}
	if _, err := s.home(ctx, domain); err != nil {
		return store.Page[string]{}, err
	}
	return s.mailingListAddresses(ctx, domain, page)
}

func (s *Store) mailingListAddresses(ctx context.Context, domain string, page store.PageRequest) (store.Page[string], error) {
	return s.names(ctx, s.tree.container(domain, containerGroups), mlmmjList, "mail", page)
}

// everyMailingList is for those who go through all lists of the server at once.
func (s *Store) everyMailingList(ctx context.Context, page store.PageRequest) (store.Page[string], error) {
	entries, err := s.below(ctx, s.tree.base, mlmmjList, "mail")
	all := make([]string, len(entries))
	for i, e := range entries {
		all[i] = strings.ToLower(e.first("mail"))
	}
	slices.Sort(all)
	return part(all, page), err
}
