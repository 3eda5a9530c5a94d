package ldapstore

import (
	"context"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

// Alias implements store.Aliases.
func (s *Store) Alias(ctx context.Context, mail string) (store.Alias, error) {
	e, err := s.aliasAccount(ctx, mail)
	if err != nil {
		return store.Alias{}, err
	}
	lists, err := s.listsOf(ctx, []entry{e})
	return aliasOf(e, lists), err
}

// aliasAccount reads the entry of an alias account, or returns NO_SUCH_ACCOUNT.
func (s *Store) aliasAccount(ctx context.Context, mail string) (entry, error) {
	e, err := s.read(ctx, s.tree.alias(mail), classAlias)
	if err != nil {
		return entry{}, err
	}
	if e == nil {
		return entry{}, store.NoSuchAccount(mail)
	}
	return *e, nil
}

func aliasOf(e entry, lists func(e entry) []string) store.Alias {
	return store.Alias{
		Mail:         e.address(),
		Name:         e.first("cn"),
		Active:       e.active(),
		AccessPolicy: rules.ShownPolicy(e.first("accessPolicy")),
		Created:      e.created,
		Modified:     e.modified,
		Stored:       e.shown(lists),
		Members:      e.sorted("mailForwardingAddress"),
		Moderators:   e.sorted("listModerator"),
	}
}

// Aliases implements store.Aliases.
func (s *Store) Aliases(ctx context.Context, filter store.AliasFilter, page store.PageRequest) (store.Page[store.Alias], error) {
	list := store.Page[store.Alias]{Items: []store.Alias{}}
	mails, err := s.AliasAddresses(ctx, filter, page)
	if err != nil {
		return list, err
	}
	k := lookup{s.tree.container(filter.Domain, containerAliases), oneLevel, classAlias, "mail"}
	entries, err := s.inOrderOf(ctx, k, mails.Items)
	if err != nil {
		return list, err
	}
	lists, err := s.listsOf(ctx, entries)
	for _, e := range entries {
		list.Items = append(list.Items, aliasOf(e, lists))
	}
	list.Next, list.Total = mails.Next, mails.Total
	return list, err
}

// AliasAddresses implements store.Aliases.
func (s *Store) AliasAddresses(ctx context.Context, filter store.AliasFilter, page store.PageRequest) (store.Page[string], error) {
	if _, err := s.home(ctx, filter.Domain); err != nil {
		return store.Page[string]{}, err
	}
	l := listing{dn: s.tree.container(filter.Domain, containerAliases), scope: oneLevel, attribute: "mail", filters: []string{classAlias}}
	if filter.DisabledOnly {
		l.is(switchedOff, true)
	}
	if err := l.search(filter.Search); err != nil {
		return store.Page[string]{}, err
	}
	return s.names(ctx, l, page)
}
