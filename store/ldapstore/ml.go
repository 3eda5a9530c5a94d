package ldapstore

import (
	"context"
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
)

// mlmmjList fits lists that mlmmj runs.
var mlmmjList = and(classList, equals("enabledService", serviceMlmmj))

// Ml implements store.Mls.
func (s *Store) Ml(ctx context.Context, mail string) (store.Ml, error) {
	e, err := s.ml(ctx, mail)
	if err != nil {
		return store.Ml{}, err
	}
	h, err := s.home(ctx, domainOf(mail))
	if err != nil {
		return store.Ml{}, err
	}
	return h.mlOf(e), nil
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

func (h home) mlOf(e entry) store.Ml {
	return store.Ml{
		Mail:           e.address(),
		Stored:         e.record(),
		Name:           e.first("cn"),
		Active:         e.active(),
		AccessPolicy:   e.first("accessPolicy"),
		Newsletter:     e.has("enabledService", serviceNewsletter),
		Description:    e.first("description"),
		MaxMessageSize: e.number("maxMessageSize"),
		Owners:         e.sorted("listOwner"),
		Moderators:     e.sorted("listModerator"),
		ExtraAddresses: h.further(e),
	}
}

// Mls implements store.Mls.
func (s *Store) Mls(ctx context.Context, domain string, page store.Page) (store.List[store.Ml], error) {
	list := store.List[store.Ml]{Items: []store.Ml{}}
	h, err := s.home(ctx, domain)
	if err != nil {
		return list, err
	}
	mails, err := s.mlAddresses(ctx, domain, page)
	if err != nil {
		return list, err
	}
	entries, err := s.inOrderOf(ctx, kin{s.tree.container(domain, containerGroups), oneLevel, mlmmjList, "mail"}, mails.Items)
	for _, e := range entries {
		list.Items = append(list.Items, h.mlOf(e))
	}
	list.Next = mails.Next
	return list, err
}

// MlAddresses implements store.Mls.
func (s *Store) MlAddresses(ctx context.Context, domain string, page store.Page) (store.List[string], error) {
	if domain == "" {
		return s.everyMl(ctx, page)
	}
	if _, err := s.home(ctx, domain); err != nil {
		return store.List[string]{}, err
	}
	return s.mlAddresses(ctx, domain, page)
}

func (s *Store) mlAddresses(ctx context.Context, domain string, page store.Page) (store.List[string], error) {
	return s.names(ctx, s.tree.container(domain, containerGroups), mlmmjList, "mail", page)
}

// everyMl is for those who go through all lists of the server at once.
func (s *Store) everyMl(ctx context.Context, page store.Page) (store.List[string], error) {
	entries, err := s.below(ctx, s.tree.base, mlmmjList, "mail")
	all := make([]string, len(entries))
	for i, e := range entries {
		all[i] = strings.ToLower(e.first("mail"))
	}
	slices.Sort(all)
	return part(all, page), err
}
