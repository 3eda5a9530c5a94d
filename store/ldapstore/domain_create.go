package ldapstore

import (
	"context"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

// CreateDomain implements store.Domains. A domain must be there before its containers, so it is first made switched off
// and marked as unfinished, which no operation takes for a domain; then come the containers and the catch-all; what switches it on
// comes last and names its admin and its alias domains. A repeat goes on with the one that is marked.
func (s *Store) CreateDomain(ctx context.Context, w store.Write, d store.DomainCreate) (store.Change, error) {
	d, err := s.options.Transports.CreateDomain(w.Actor, d)
	if err != nil {
		return store.Change{}, err
	}
	locks := append(locksOf(w.Actor, d.Name), lockDomainNames)
	return s.writeHeld(ctx, w, locks, func(now time.Time, held *held) (*plan, error) {
		begun, err := s.read(ctx, s.tree.domain(d.Name), classDomain)
		if err != nil {
			return nil, err
		}
		aliases, err := s.admitDomain(ctx, held, w, d, begun)
		if err != nil {
			return nil, err
		}
		p, whole, err := s.planNewDomain(ctx, w.Actor, d, aliases, begun)
		if err != nil {
			return nil, err
		}
		p.change.Made = madeDomain(whole, d.Catchall, now)
		return p, nil
	})
}

// admitDomain returns an error unless the domain may be made, and the alias domains that it gets.
func (s *Store) admitDomain(
	ctx context.Context, held *held, w store.Write, d store.DomainCreate, begun *entry,
) (rules.AliasDomains, error) {
	if begun == nil {
		hosted, err := s.hosted(ctx, []string{d.Name})
		if err != nil {
			return rules.AliasDomains{}, err
		}
		if len(hosted) > 0 {
			return rules.AliasDomains{}, store.AlreadyExists(d.Name)
		}
	} else if !begun.unfinished() {
		return rules.AliasDomains{}, store.AlreadyExists(d.Name)
	}
	if err := s.managing(held, w.Actor).CheckCreator(ctx, d); err != nil {
		return rules.AliasDomains{}, err
	}
	return s.addressRules(w).NewDomain(ctx, d)
}

// planNewDomain returns the plan, and the entry that the domain is to have.
func (s *Store) planNewDomain(
	ctx context.Context, actor store.Actor, d store.DomainCreate, aliases rules.AliasDomains, begun *entry,
) (*plan, entry, error) {
	whole := s.newDomain(d, aliases)
	p := &plan{change: created(store.NounDomain, whole, d.Name)}
	p.change.Discarded = aliases.Discarded
	var err error
	if p.change.Scope, err = s.scopeOfNew(ctx, actor, d.Name); err != nil {
		return nil, whole, err
	}
	if !actor.Global && actor.Username != "" {
		if err := s.mark(ctx, p, actor.Username); err != nil {
			return nil, whole, err
		}
		whole.set("domainAdmin", actor.Username)
		p.change.After = whole.whole(store.HiddenPassword)
	}
	marked := whole.clone()
	marked.set("accountStatus", statusDisabled)
	marked.set("domainAdmin")
	marked.set("domainAliasName")
	marked.add(settingsAttribute, unfinishedMark)
	if begun != nil {
		p.update(*begun, marked, store.NoSuchDomain(d.Name))
	} else {
		if err := s.planLeftovers(ctx, p, leftover{name: d.Name, dn: s.tree.domain(d.Name)}); err != nil {
			return nil, whole, err
		}
		p.forgetMailboxes(d.Name)
		p.claim(marked, d.Name)
	}
	for _, name := range containers {
		container := entry{dn: s.tree.container(d.Name, name)}
		container.set("objectClass", "organizationalUnit")
		container.set("ou", name)
		p.create(container)
	}
	switch {
	case len(d.Catchall) > 0:
		p.create(s.newCatchall(homeOf(whole), d.Catchall))
	case begun != nil: // with one, maybe
		p.delete(s.tree.catchall(d.Name))
	}
	p.update(marked, whole, store.NoSuchDomain(d.Name))
	return p, whole, nil
}

// newDomain is the entry of a domain that is all there.
// Source: libs/ldaplib/iredldif.py of iRedAdmin; mailDomain in samples/iredmail/iredmail.schema of iRedMail.
func (s *Store) newDomain(d store.DomainCreate, aliases rules.AliasDomains) entry {
	u := d.Update()
	e := entry{dn: s.tree.domain(d.Name)}
	e.set("objectClass", "mailDomain")
	e.set("domainName", d.Name)
	e.set("cn", d.Description)
	e.set("accountStatus", status(!d.Disabled))
	e.set("mtaTransport", d.Transport)
	e.set("domainBackupMX", yesOrNothing(d.BackupMX))
	e.set("senderRelayHost", d.OutboundRelay)
	e.set("preferredLanguage", d.Language)
	e.set("enabledService", serviceMail)
	setBcc(&e, senderBccOfDomain, u.SenderBcc)
	setBcc(&e, recipientBccOfDomain, u.RecipientBcc)
	applyAliasDomains(&e, aliases)
	setPendingAliases(&e, u.PendingAliasDomains)
	applyDomainServices(&e, u.Services)
	applyDomainSettings(&e, u)
	return e
}

// bccAttribute holds who gets blind copies; they are sent only where the service is enabled too.
// Source: sender_bcc_maps_domain.cf and the like for OpenLDAP of iRedMail, which ask for the service senderbcc or recipientbcc.
type bccAttribute struct{ name, service string }

var (
	senderBccOfDomain    = bccAttribute{"domainSenderBccAddress", serviceSenderBcc}
	recipientBccOfDomain = bccAttribute{"domainRecipientBccAddress", serviceRecipientBcc}
	senderBccOfUser      = bccAttribute{"userSenderBccAddress", serviceSenderBcc}
	recipientBccOfUser   = bccAttribute{"userRecipientBccAddress", serviceRecipientBcc}
)

// setBcc sets who gets blind copies: nil leaves, "" removes. The service stays when the address goes: it sends nothing by
// itself.
func setBcc(e *entry, bcc bccAttribute, mail *string) {
	e.assign(bcc.name, mail)
	if mail != nil && *mail != "" {
		e.add("enabledService", bcc.service)
	}
}
