package ldapstore

import (
	"context"
	"strings"

	"github.com/postern-mail/postern/store"
)

// Domain implements store.Domains.
func (s *Store) Domain(ctx context.Context, name string) (store.Domain, error) {
	h, err := s.home(ctx, name)
	if err != nil {
		return store.Domain{}, err
	}
	domains, err := s.wholeDomains(ctx, []entry{h.entry})
	if err != nil {
		return store.Domain{}, err
	}
	return domains[0], nil
}

// DomainRules implements store.Domains.
func (s *Store) DomainRules(ctx context.Context, name string) (store.DomainRules, error) {
	h, err := s.home(ctx, name)
	if err != nil {
		return store.DomainRules{}, err
	}
	return store.DomainRules{
		Active:                 h.active,
		MinPasswordLength:      h.settings.Int(settingMinPassword),
		MaxPasswordLength:      h.settings.Int(settingMaxPassword),
		DisabledDomainProfiles: h.settings.list(settingDomainProfile),
		DisabledUserProfiles:   h.settings.list(settingUserProfile),
	}, nil
}

// Domains implements store.Domains.
func (s *Store) Domains(ctx context.Context, filter store.DomainFilter, page store.PageRequest) (store.Page[store.Domain], error) {
	var list store.Page[store.Domain]
	names, err := s.DomainNames(ctx, filter, page)
	if err != nil {
		return list, err
	}
	entries, err := s.inOrderOf(ctx, lookup{s.tree.base, oneLevel, finishedDomain, "domainName"}, names.Items)
	if err != nil {
		return list, err
	}
	list.Next, list.Total = names.Next, names.Total
	list.Items, err = s.wholeDomains(ctx, entries)
	return list, err
}

// DomainNames implements store.Domains.
func (s *Store) DomainNames(ctx context.Context, filter store.DomainFilter, page store.PageRequest) (store.Page[string], error) {
	l := listing{dn: s.tree.base, scope: oneLevel, attribute: "domainName", filters: []string{finishedDomain}}
	if filter.ManagedBy != "" {
		l.is(equals("domainAdmin", filter.ManagedBy), true)
	}
	if filter.DisabledOnly {
		l.is(switchedOff, true)
	}
	if err := l.search(filter.Search); err != nil {
		return store.Page[string]{}, err
	}
	return s.names(ctx, l, page)
}

// finishedDomain fits domains but those that are being made.
var finishedDomain = and(classDomain, not(equals(settingsAttribute, unfinishedMark)))

// switchedOff fits what is not active.
var switchedOff = not(equals("accountStatus", statusActive))

// wholeDomains adds to the entries of domains what other entries say about them. Catch-alls are found with one search for
// all; counting takes one for each domain, because a directory adds nothing up.
func (s *Store) wholeDomains(ctx context.Context, entries []entry) ([]store.Domain, error) {
	domains := make([]store.Domain, len(entries))
	at := make(map[string]*store.Domain, len(entries))
	for i, e := range entries {
		domains[i] = domainOfEntry(e)
		at[domains[i].Name] = &domains[i]
	}
	if err := s.readCatchalls(ctx, at); err != nil {
		return nil, err
	}
	for i := range domains {
		if err := s.readCounts(ctx, &domains[i]); err != nil {
			return nil, err
		}
	}
	return domains, nil
}

// domainOfEntry is a domain as far as its entry tells. Of its services those are left out that no new set takes away.
func domainOfEntry(e entry) store.Domain {
	h := homeOf(e)
	routes := routesOf(e)
	return store.Domain{
		Name:              h.name,
		Description:       e.first("cn"),
		Active:            h.active,
		Language:          store.KnownLanguage(e.first("preferredLanguage")),
		Transport:         routes.Transport,
		MinPasswordLength: h.settings.Int(settingMinPassword),
		MaxPasswordLength: h.settings.Int(settingMaxPassword),
		DefaultQuota:      h.settings.Int(settingDefaultQuota),
		MaxUserQuota:      h.settings.Int(settingMaxUserQuota),
		NumberOfUsers:     h.settings.Int(settingUsers),
		NumberOfAliases:   h.settings.Int(settingAliases),
		NumberOfLists:     h.settings.Int(settingLists),
		BackupMX:          routes.BackupMX,
		PrimaryMX:         routes.PrimaryMX(),
		Services:          store.KnownDomainServices(store.LeaveOut(e.all("enabledService"), ownServices)),
		DomainProfiles:    store.KnownDomainProfiles(h.settings.list(settingDomainProfile)),
		UserProfiles:      store.KnownUserProfiles(h.settings.list(settingUserProfile)),
		UserPreferences:   store.KnownUserPreferences(h.settings.list(settingUserPreference)),
		Created:           e.created,
		Modified:          e.modified,

		Stored:       e.record(),
		Settings:     h.settings.record(),
		Catchall:     []string{},
		AliasDomains: h.aliases,
		Admins:       e.sorted("domainAdmin"),
		SenderBcc:    e.first("domainSenderBccAddress"),
		RecipientBcc: e.first("domainRecipientBccAddress"),
		RelayHost:    e.first("senderRelayHost"),
		Quota:        h.settings.domainQuota(),
	}
}

// readCatchalls reads who gets the mail for what does not exist.
func (s *Store) readCatchalls(ctx context.Context, at map[string]*store.Domain) error {
	mails := make([]string, 0, len(at))
	for name := range at {
		mails = append(mails, "@"+name)
	}
	k := lookup{s.tree.base, subtree, classUser, "mail"}
	return s.eachOf(ctx, k, mails, []string{"mail", "mailForwardingAddress"}, func(e entry) error {
		if d := at[domainOf(strings.ToLower(e.first("mail")))]; d != nil {
			d.Catchall = e.sorted("mailForwardingAddress")
		}
		return nil
	})
}

// readCounts counts the accounts of a domain and adds up their quotas.
func (s *Store) readCounts(ctx context.Context, d *store.Domain) error {
	filter := and(accountClass, not(equals("mail", "@"+d.Name)))
	return s.each(ctx, s.tree.domain(d.Name), subtree, filter, []string{"objectClass", "mailQuota"}, func(e entry) error {
		switch e.noun() {
		case store.NounUser:
			d.Users++
			d.Allocated += e.quota()
		case store.NounAlias:
			d.Aliases++
		default:
			d.Lists++
		}
		return nil
	})
}
