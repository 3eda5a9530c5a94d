package ldapstore

import (
	"context"

	"github.com/postern-mail/postern/store"
)

// Admin implements store.Admins.
func (s *Store) Admin(ctx context.Context, mail string) (store.Admin, error) {
	e, err := s.standalone(ctx, mail)
	if err != nil {
		return store.Admin{}, err
	}
	admins, err := s.wholeAdmins(ctx, []entry{e})
	if err != nil {
		return store.Admin{}, err
	}
	return admins[0], nil
}

// Admins implements store.Admins.
func (s *Store) Admins(ctx context.Context, filter store.AdminFilter, page store.PageRequest) (store.Page[store.Admin], error) {
	var list store.Page[store.Admin]
	l := listing{dn: s.tree.admins, scope: oneLevel, attribute: "mail", filters: []string{classAdmin}}
	if filter.Global != nil {
		l.is(globalMark, *filter.Global)
	}
	if err := l.search(filter.Search); err != nil {
		return list, err
	}
	names, err := s.names(ctx, l, page)
	if err != nil {
		return list, err
	}
	entries, err := s.inOrderOf(ctx, lookup{s.tree.admins, oneLevel, classAdmin, "mail"}, names.Items)
	if err != nil {
		return list, err
	}
	list.Next, list.Total = names.Next, names.Total
	list.Items, err = s.wholeAdmins(ctx, entries)
	return list, err
}

// AdminPassword implements store.Admins.
func (s *Store) AdminPassword(ctx context.Context, mail string) (store.Secret, error) {
	e, err := s.standalone(ctx, mail)
	return e.password(), err
}

// standalone reads the entry of a standalone admin, or returns NO_SUCH_ACCOUNT.
func (s *Store) standalone(ctx context.Context, mail string) (entry, error) {
	e, err := s.read(ctx, s.tree.admin(mail), classAdmin)
	if err != nil {
		return entry{}, err
	}
	if e == nil {
		return entry{}, store.NoSuchAccount(mail)
	}
	return *e, nil
}

// wholeAdmins adds to the entries of admins what they manage.
func (s *Store) wholeAdmins(ctx context.Context, entries []entry) ([]store.Admin, error) {
	admins := make([]store.Admin, len(entries))
	mails := make([]string, len(entries))
	for i, e := range entries {
		mails[i] = e.sorted("mail")[0]
		admins[i] = adminOf(e)
	}
	managed, err := s.managedBy(ctx, mails)
	for i := range admins {
		admins[i].Domains = managed[mails[i]].sorted("domainName")
	}
	return admins, err
}

// adminOf is a standalone admin as far as its entry tells.
func adminOf(e entry) store.Admin {
	all := e.settings()
	return store.Admin{
		Mail:              e.sorted("mail")[0],
		Name:              e.first("cn"),
		Active:            e.active(),
		Language:          store.KnownLanguage(e.first("preferredLanguage")),
		Limits:            store.LimitsOf(all),
		NoMailLog:         e.has("disabledService", disabledMailLog),
		NoQuarantinedMail: e.has("disabledService", disabledQuarantine),
		Created:           e.created,
		Modified:          e.modified,
		PasswordChanged:   e.passwordChanged(),

		Stored:   e.record(),
		Settings: all.record(),
		Password: e.password(),
		Global:   e.global(),
		Domains:  []string{},
	}
}

// managedBy returns for each of the accounts, as values of domainName, which domains name it as their admin.
func (s *Store) managedBy(ctx context.Context, mails []string) (map[string]entry, error) {
	managed := make(map[string]entry, len(mails))
	for _, mail := range mails {
		managed[mail] = entry{}
	}
	k := lookup{s.tree.base, oneLevel, finishedDomain, "domainAdmin"}
	err := s.eachOf(ctx, k, mails, []string{"domainName", "domainAdmin"}, func(e entry) error {
		for _, mail := range e.sorted("domainAdmin") {
			if names, wanted := managed[mail]; wanted {
				names.add("domainName", e.first("domainName"))
				managed[mail] = names
			}
		}
		return nil
	})
	return managed, err
}
