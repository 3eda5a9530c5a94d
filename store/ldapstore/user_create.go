package ldapstore

import (
	"cmp"
	"context"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

// CreateUser implements store.Users. The lists that the mailbox joins name it first, then comes its entry, which holds all
// that there is of it, and then the number of mailboxes of the domain; a repeat that finds the mailbox sets that right.
func (s *Store) CreateUser(ctx context.Context, w store.Write, u store.UserCreate) (store.Change, error) {
	if err := s.options.mailboxes().Complete(&u); err != nil {
		return store.Change{}, err
	}
	domain := store.DomainOf(u.Mail)
	change, err := s.writeHeld(ctx, w, locksOf(w.Actor, domain), func(now time.Time, held *held) (*plan, error) {
		h, quota, err := s.admitUser(ctx, held, w, u)
		if err != nil {
			return nil, err
		}
		path, err := s.userPath(u, now)
		if err != nil {
			return nil, err
		}
		p, u := &plan{}, u
		services, err := s.completeUser(ctx, w, &u, &p.change)
		if err != nil {
			return nil, err
		}
		e := s.newUser(h, u, services, now)
		e.setNumbers("telephoneNumber", &u.Telephone, &p.change)
		e.setNumbers("mobile", &u.Mobile, &p.change)
		e.set("homeDirectory", path)
		e.setQuota(quota)
		p.setChange(created(store.NounUser, e, u.Mail))
		if p.change.Scope, err = s.scopeOf(ctx, w.Actor); err != nil {
			return nil, err
		}
		p.change.AdjustQuota(u.Quota, quota)
		joined, err := s.joinDefaultLists(ctx, p, h, &e)
		if err != nil {
			return nil, err
		}
		if err = s.planAccountLeftovers(ctx, p, w.Actor, h, u.Mail, e.sorted("memberOfGroup")...); err != nil {
			return nil, err
		}
		p.forgetMailboxes(u.Mail)
		p.change.After = e.whole(store.HiddenPassword)
		p.change.Made = madeUser(h, e, joined, p.naming, now)
		p.claim(e, u.Mail)
		p.counted(domain, kindUser, 1)
		return p, nil
	})
	return change, s.finishCount(ctx, w, err, store.CodeAlreadyExists, domain, kindUser)
}

// admitUser returns an error unless there is room for the mailbox, and the quota that it gets in MB.
func (s *Store) admitUser(ctx context.Context, held *held, w store.Write, u store.UserCreate) (home, int64, error) {
	h, err := s.home(ctx, store.DomainOf(u.Mail))
	if err != nil {
		return h, 0, err
	}
	if err = s.addressRules(w).CheckFree(ctx, u.Mail); err != nil {
		return h, 0, err
	}
	if err = s.room(ctx, h, kindUser); err != nil {
		return h, 0, err
	}
	quotas, err := s.quotas(ctx, h)
	if err != nil {
		return h, 0, err
	}
	quota, err := quotas.Grant(u.Quota)
	if err != nil {
		return h, 0, err
	}
	return h, quota, s.managing(held, w.Actor).CheckCaps(ctx, h.name, rules.New(store.Usage{Users: 1, Quota: store.QuotaUsage(quota)}))
}

// completeUser decides about what else is given, and returns the change to the services of a new mailbox.
func (s *Store) completeUser(ctx context.Context, w store.Write, u *store.UserCreate, change *store.Change) (store.Set, error) {
	var services store.Set
	var err error
	if u.Transport, err = s.options.Transports.Transport(w.Actor, u.Mail, "", u.Transport); err != nil {
		return services, err
	}
	if u.Services != nil {
		services, err = rules.KnownServices(w.OnMissing, store.Set{Replace: u.Services}, serviceName.MatchString, change)
		if err != nil {
			return services, err
		}
	}
	return services, s.addressRules(w).NewUser(ctx, u, change)
}

// userPath is where the files of a new mailbox are.
func (s *Store) userPath(u store.UserCreate, now time.Time) (string, error) {
	if u.Maildir != "" {
		return rules.CheckMailboxPath(u.Maildir, s.options.StorageRoot)
	}
	return s.options.StorageRoot + "/" + rules.NewMailboxPath(u.Mail, now), nil
}

// newUser is the entry of a new mailbox. Source: libs/ldaplib/iredldif.py of iRedAdmin; cn and sn must be there by RFC 4519.
func (s *Store) newUser(h home, u store.UserCreate, services store.Set, now time.Time) entry {
	local, _ := store.SplitAddress(u.Mail)
	e := entry{dn: s.tree.user(u.Mail)}
	e.set("objectClass", "inetOrgPerson", "mailUser", "shadowAccount", "amavisAccount")
	e.set("mail", u.Mail)
	e.set("uid", local)
	e.set("cn", cmp.Or(u.Name, local))
	e.set("sn", cmp.Or(u.LastName, local))
	e.set("givenName", u.FirstName)
	e.set("employeeNumber", u.EmployeeID)
	e.set("departmentNumber", u.Department)
	e.set("mtaTransport", u.Transport)
	e.set("accountStatus", status(u.Active))
	e.set("domainGlobalAdmin", yesOrNothing(u.Global))
	e.set("amavisLocal", "TRUE")
	e.set("preferredLanguage", u.Language)
	e.set("mailboxFormat", u.MailboxFormat)
	e.set("mailboxFolder", u.MailboxFolder)
	e.set("enabledService", newServices(h.settings.list(settingMailService))...)
	e.applyServices(services)
	if u.Global {
		e.add("enabledService", serviceDomainAdmin)
	}
	if len(u.Aliases) > 0 {
		e.add("enabledService", serviceShadow)
	}
	setBcc(&e, senderBccOfUser, &u.SenderBcc)
	setBcc(&e, recipientBccOfUser, &u.RecipientBcc)
	e.setForwardings(u.Forwarding)
	e.set("shadowAddress", u.Aliases...)
	e.setPassword(u.Password, now)
	h.addDerivedTo(&e, u.Mail)
	return e
}

// joinDefaultLists has a new mailbox join the lists that its domain says, as far as they exist in the scope of the plan's change,
// and returns them.
func (s *Store) joinDefaultLists(ctx context.Context, p *plan, h home, e *entry) ([]string, error) {
	var lists []entry
	var joined []string
	err := s.eachOf(ctx, lookup{s.tree.base, subtree, finishedList, "mail"}, h.settings.defaultLists(), nil, func(list entry) error {
		lists = append(lists, list)
		return nil
	})
	if err != nil {
		return nil, err
	}
	homes := map[string]home{h.name: h}
	for _, before := range lists {
		if !s.covers(p.change.Scope, before.dn) {
			continue
		}
		after := before.clone()
		after.add(memberAttribute, e.dn)
		after.set("hasMember", yes)
		p.update(before, after, nil)
		list := before.address()
		at, known := homes[domainOf(list)]
		if !known {
			if at, err = s.home(ctx, domainOf(list)); err != nil {
				return nil, err
			}
			homes[at.name] = at
		}
		e.add(groupAttribute, append([]string{list}, at.shadows(list)...)...)
		joined = append(joined, list)
	}
	return joined, nil
}

// finishCount sets a domain's number of accounts right when a write found that an earlier one had done its work already,
// which that error code tells. It returns the error of the write.
func (s *Store) finishCount(ctx context.Context, w store.Write, err error, code, domain string, k kind) error {
	if w.DryRun || !store.HasCode(err, code) {
		return err
	}
	if e := s.tally(ctx, domain, k); e != nil {
		return e
	}
	return err
}
