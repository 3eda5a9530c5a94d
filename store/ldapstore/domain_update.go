package ldapstore

import (
	"context"
	"slices"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

// UpdateDomain implements store.Domains. What the accounts of the domain have to say about it, and the catch-all, comes
// first; the entry of the domain, which decides what is hosted and switched on, comes last, in one step. A repeat finds
// what is left to do by comparing the accounts with what the domain is to be.
func (s *Store) UpdateDomain(ctx context.Context, w store.Write, name string, u store.DomainUpdate) (store.Change, error) {
	u, err := u.Checked()
	if err != nil {
		return store.Change{}, err
	}
	locks := []string{lockDomain(name)}
	if u.AliasDomains.Touches() {
		locks = append(locks, lockDomainNames)
	}
	sent := u.Active != nil
	return s.write(ctx, w, locks, func(time.Time) (*plan, error) {
		h, err := s.home(ctx, name)
		if err != nil {
			return nil, err
		}
		is, err := s.domainForUpdate(ctx, h, u)
		if err != nil {
			return nil, err
		}
		u, err := s.options.Transports.UpdateDomain(w.Actor, routesOf(h.entry), rules.ChangesOfDomain(u, is))
		if err != nil {
			return nil, err
		}
		u = rules.ChangesOfDomain(u, is) // it is in the form now in which it would be stored
		if err = s.addressRules(w).CheckDomainReferences(ctx, h.name, u); err != nil {
			return nil, err
		}
		aliases, err := s.addressRules(w).AliasDomains(ctx, h.aliases, u.AliasDomains)
		if err != nil {
			return nil, err
		}
		activation := u.Active != nil
		if sent && !activation {
			if activation, err = s.halfActive(ctx, h); err != nil {
				return nil, err
			}
		}
		return s.planDomainUpdate(ctx, h, u, aliases, activation)
	})
}

// domainForUpdate is the domain, with its catch-all where the update is about it.
func (s *Store) domainForUpdate(ctx context.Context, h home, u store.DomainUpdate) (store.Domain, error) {
	is := domainOfEntry(h.entry)
	if u.Catchall == nil {
		return is, nil
	}
	return is, s.readCatchalls(ctx, map[string]*store.Domain{h.name: &is})
}

// halfActive reports whether an account says otherwise than its domain whether that is switched off. An earlier call that was to
// switch it came no further than to the accounts; one that says what the domain is already takes that back.
func (s *Store) halfActive(ctx context.Context, h home) (bool, error) {
	marked := equals("domainStatus", statusDisabled)
	if !h.active {
		marked = not(marked)
	}
	entries, err := s.below(ctx, s.tree.domain(h.name), and(sweptClass, marked), "1.1")
	return len(entries) > 0, err
}

func (s *Store) planDomainUpdate(
	ctx context.Context, h home, u store.DomainUpdate, aliases rules.AliasDomains, activation bool,
) (*plan, error) {
	after := h.entry.clone()
	after.assign("cn", u.Description)
	after.assign("preferredLanguage", u.Language)
	after.assign("senderRelayHost", u.OutboundRelay)
	if u.Active != nil {
		after.set("accountStatus", status(*u.Active))
	}
	s.assignTransport(&after, u)
	setBcc(&after, senderBccOfDomain, u.SenderBcc)
	setBcc(&after, recipientBccOfDomain, u.RecipientBcc)
	applyDomainServices(&after, u.Services)
	applyDomainSettings(&after, u)
	applyAliasDomains(&after, aliases)
	setPendingAliases(&after, u.PendingAliasDomains)

	p := &plan{change: updated(store.NounDomain, h.name, h.entry, after)}
	rules.UpdateDomain(&p.change, h.entry.active(), after.active())
	p.change.Discarded = aliases.Discarded
	next := homeOf(after)
	if err := s.planSweep(ctx, p, next, aliases, activation); err != nil {
		return nil, err
	}
	if u.Catchall != nil {
		if err := s.planCatchall(ctx, p, next, *u.Catchall); err != nil {
			return nil, err
		}
	}
	p.update(h.entry, after, store.NoSuchDomain(h.name))
	p.change.Nothing = len(p.steps) == 0
	return p, nil
}

// assignTransport sets how mail gets to the domain.
func (s *Store) assignTransport(e *entry, u store.DomainUpdate) {
	transport, backupMX := s.options.Transports.After(routesOf(*e), u)
	if u.Transport != nil || u.BackupMX != nil {
		e.set("mtaTransport", transport)
	}
	if u.BackupMX != nil {
		e.set("domainBackupMX", yesOrNothing(backupMX))
	}
}

// routesOf is where mail of a domain goes.
func routesOf(e entry) rules.DomainRoutes {
	return rules.DomainRoutes{
		Domain: e.first("domainName"), Transport: e.first("mtaTransport"), RelayHost: e.first("senderRelayHost"),
		BackupMX: e.has("domainBackupMX", yes),
	}
}

// ownServices are the services of a domain that this engine switches on by itself. They are no part of what a domain shows: SQL has
// nothing of the kind.
var ownServices = []string{serviceMail, serviceDomainAlias, serviceSenderBcc, serviceRecipientBcc}

// standing are the services of a domain that stay when it gets a new set: without "mail" nothing in it would get any, and
// the others are what its alias domains and blind copies need. Removed by name they go.
func standing(e entry) []string {
	services := []string{serviceMail}
	for service, attribute := range map[string]string{
		serviceDomainAlias: "domainAliasName", serviceSenderBcc: senderBccOfDomain.name, serviceRecipientBcc: recipientBccOfDomain.name,
	} {
		if len(e.all(attribute)) > 0 {
			services = append(services, service)
		}
	}
	return services
}

func applyDomainServices(e *entry, services store.Set) {
	if !services.Touches() {
		return
	}
	if services.Replace != nil {
		now := e.all("enabledService")
		e.set("enabledService", slices.DeleteFunc(standing(*e), func(name string) bool { return !containsFold(now, name) })...)
		e.add("enabledService", *services.Replace...)
	}
	e.remove("enabledService", services.Remove...)
	e.add("enabledService", services.Add...)
}

// applyDomainSettings puts limits and switched-off profiles into the settings.
func applyDomainSettings(e *entry, u store.DomainUpdate) {
	all := e.settings()
	if u.Quota != nil {
		all.setDomainQuota(*u.Quota)
	}
	all.assignNumber(settingMinPassword, u.MinPasswordLength)
	all.assignNumber(settingMaxPassword, u.MaxPasswordLength)
	all.assignNumber(settingDefaultQuota, u.DefaultQuota)
	all.assignNumber(settingMaxUserQuota, u.MaxUserQuota)
	all.assignNumber(settingUsers, u.NumberOfUsers)
	all.assignNumber(settingAliases, u.NumberOfAliases)
	all.assignNumber(settingLists, u.NumberOfLists)
	for _, p := range []struct {
		key string
		set store.Set
	}{
		{settingDomainProfile, u.DomainProfiles}, {settingUserProfile, u.UserProfiles}, {settingUserPreference, u.UserPreferences},
	} {
		if p.set.Touches() {
			all.setList(p.key, p.set.Apply(all.list(p.key)))
		}
	}
	e.putSettings(all)
}

// planCatchall plans who gets mail for what does not exist in the domain: the entry of a user without a name.
func (s *Store) planCatchall(ctx context.Context, p *plan, h home, destinations []string) error {
	before, err := s.read(ctx, s.tree.catchall(h.name), classUser)
	if err != nil {
		return err
	}
	if len(destinations) == 0 {
		if before != nil {
			p.delete(before.dn)
		}
		return nil
	}
	if before == nil {
		p.create(s.newCatchall(h, destinations))
		return nil
	}
	after := before.clone()
	after.set("mailForwardingAddress", destinations...)
	p.update(*before, after, store.NoSuchDomain(h.name))
	return nil
}

func (s *Store) newCatchall(h home, destinations []string) entry {
	e := entry{dn: s.tree.catchall(h.name)}
	e.set("objectClass", "inetOrgPerson", "mailUser")
	e.set("mail", "@"+h.name)
	for _, name := range []string{"cn", "sn", "uid"} {
		e.set(name, "catch-all")
	}
	e.set("accountStatus", statusActive)
	e.set("mailForwardingAddress", destinations...)
	h.addDerivedTo(&e, "@"+h.name)
	return e
}
