package ldapstore

import (
	"context"
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

// Identity implements store.Identities.
func (s *Store) Identity(ctx context.Context, username string) (store.Identity, error) {
	e, isMailbox, err := s.principal(ctx, username)
	if err != nil {
		return store.Identity{}, err
	}
	if e == nil {
		return store.Identity{}, store.NoSuchAccount(username)
	}
	domains, err := s.managed(ctx, username)
	if err != nil {
		return store.Identity{}, err
	}
	return store.Identity{
		Username: username,
		Name:     e.first("cn"),
		Mailbox:  isMailbox,
		Active:   e.active(),
		Global:   e.global(),
		Domains:  domains,
		Password: e.password(),
		Limits:   store.LimitsOf(e.settings()),
	}, nil
}

// principal reads the entry of an account that may manage something: the standalone admin of that name or else the mail
// user, nil when there is neither.
func (s *Store) principal(ctx context.Context, username string, attributes ...string) (e *entry, isMailbox bool, err error) {
	if e, err = s.read(ctx, s.tree.admin(username), classAdmin, attributes...); err != nil || e != nil {
		return e, false, err
	}
	if !strings.Contains(username, "@") || strings.HasPrefix(username, "@") {
		return nil, false, nil
	}
	e, err = s.read(ctx, s.tree.user(username), classUser, attributes...)
	return e, true, err
}

// global reports whether the account is marked as a global admin.
func (e entry) global() bool { return strings.EqualFold(e.first("domainGlobalAdmin"), yes) }

// rules reports whether the account can manage the server now.
func (e entry) rules() bool { return e.global() && e.active() }

// AccountNoun implements store.Identities.
func (s *Store) AccountNoun(ctx context.Context, mail string) (store.Noun, error) {
	if strings.HasPrefix(mail, "@") {
		return "", store.NoSuchAccount(mail)
	}
	found, err := s.below(ctx, s.tree.domain(domainOf(mail)), and(equals("mail", mail), accountClass), "objectClass", "enabledService")
	if err != nil {
		return "", err
	}
	for _, e := range found {
		return e.noun(), nil
	}
	return "", store.NoSuchAccount(mail)
}

// noun is what sort of account the entry is.
func (e entry) noun() store.Noun {
	switch {
	case e.has("objectClass", "mailUser"):
		return store.NounUser
	case e.has("objectClass", "mailAlias"):
		return store.NounAlias
	case e.has("enabledService", serviceMlmmj):
		return store.NounMailingList
	}
	return store.NounStaticList
}

// globalMark fits the accounts that are marked as global admins.
var globalMark = equals("domainGlobalAdmin", yes)

// globalAdmin fits those of them that are switched on.
var globalAdmin = and(or(classAdmin, classUser), globalMark, equals("accountStatus", statusActive))

// GlobalAdmins implements store.Identities.
func (s *Store) GlobalAdmins(ctx context.Context) ([]string, error) {
	admins, err := s.children(ctx, s.tree.admins, globalAdmin, "mail")
	if err != nil {
		return nil, err
	}
	users, err := s.below(ctx, s.tree.base, globalAdmin, "mail")
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, e := range append(admins, users...) {
		names = append(names, strings.ToLower(e.first("mail")))
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// keepsGlobalAdmin returns LAST_GLOBAL_ADMIN when the given accounts are all the active global admins that there are:
// without them nobody would be left who can manage the server. The lock of global admins has to be held.
func (s *Store) keepsGlobalAdmin(ctx context.Context, without ...string) error {
	admins, err := s.GlobalAdmins(ctx)
	if err != nil {
		return err
	}
	return rules.CheckGlobalAdmins(admins, without)
}

// keepsRuler is keepsGlobalAdmin for an account that becomes another.
func (s *Store) keepsRuler(ctx context.Context, mail string, before, after entry) error {
	if !before.rules() || after.rules() {
		return nil
	}
	return s.keepsGlobalAdmin(ctx, mail)
}
