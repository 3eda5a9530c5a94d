package ldapstore

import (
	"context"
	"strconv"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

// CreateAdmin implements store.Admins. What an account of that name left behind goes first, so that it gives nobody
// rights; the entry comes last.
func (s *Store) CreateAdmin(ctx context.Context, w store.Write, a store.AdminCreate) (store.Change, error) {
	if err := a.Check(); err != nil {
		return store.Change{}, err
	}
	locks := []string{lockAdmin(a.Mail), lockDomainNames}
	return s.write(ctx, w, locks, func(now time.Time) (*plan, error) {
		if err := s.addressRules(w).CheckNewAdmin(ctx, a.Mail); err != nil {
			return nil, err
		}
		e := s.newAdmin(a, now)
		p := &plan{change: created(store.NounAdmin, e, a.Mail)}
		p.change.Domain, p.change.Made = "", adminOf(e.madeAt(now))
		if err := s.revokeAdminRights(ctx, p, a.Mail); err != nil {
			return nil, err
		}
		p.claim(e, a.Mail)
		return p, nil
	})
}

// newAdmin is the entry of a standalone admin. Source: mailAdmin in samples/iredmail/iredmail.schema of iRedMail.
func (s *Store) newAdmin(a store.AdminCreate, now time.Time) entry {
	e := entry{dn: s.tree.admin(a.Mail)}
	e.set("objectClass", "mailAdmin")
	e.set("mail", a.Mail)
	e.set("cn", a.Name)
	e.set("accountStatus", status(a.Active))
	e.set("preferredLanguage", a.Language)
	e.setPassword(a.Password, now)
	if a.Global {
		e.set("domainGlobalAdmin", yes)
	} else {
		e.setLimits(a.Limits)
	}
	return e
}

// setPassword sets the stored hash and, in days since 1970, when that was.
// Source: shadowLastChange of RFC 2307.
func (e *entry) setPassword(hash store.Secret, now time.Time) {
	e.set(passwordAttribute, hash.Reveal())
	e.set(passwordDayAttribute, strconv.FormatInt(now.Unix()/secondsPerDay, 10))
}

const (
	passwordDayAttribute = "shadowLastChange"
	secondsPerDay        = int64(24 * time.Hour / time.Second)
)

// Services that are switched off for an admin who may not see something.
const (
	disabledMailLog    = "view_mail_log"
	disabledQuarantine = "manage_quarantined_mails"
)

// setLimits changes what an admin may have. Who may manage any domains of its own may create them.
func (e *entry) setLimits(limits store.LimitsUpdate) {
	all := e.settings()
	if limits.Domains != nil {
		all.setText(settingCreateNewDomains, yesOrNothing(*limits.Domains > 0))
	}
	all.assignNumber(settingCreateMaxDomains, limits.Domains)
	all.assignNumber(settingCreateMaxQuota, limits.Quota)
	all.assignNumber(settingCreateMaxUsers, limits.Users)
	all.assignNumber(settingCreateMaxAliases, limits.Aliases)
	all.assignNumber(settingCreateMaxLists, limits.Lists)
	e.putSettings(all)
	e.toggle("disabledService", disabledMailLog, limits.NoMailLog)
	e.toggle("disabledService", disabledQuarantine, limits.NoQuarantinedMail)
}

// toggle adds or removes a value; nil leaves.
func (e *entry) toggle(name, value string, on *bool) {
	switch {
	case on == nil:
	case *on:
		e.add(name, value)
	default:
		e.remove(name, value)
	}
}

func yesOrNothing(v bool) string {
	if v {
		return yes
	}
	return ""
}

// UpdateAdmin implements store.Admins. It is one step.
func (s *Store) UpdateAdmin(ctx context.Context, w store.Write, mail string, u store.AdminUpdate) (store.Change, error) {
	if err := u.Check(); err != nil {
		return store.Change{}, err
	}
	return s.write(ctx, w, []string{lockAdmin(mail), lockGlobalAdmins}, func(now time.Time) (*plan, error) {
		before, err := s.standalone(ctx, mail)
		if err != nil {
			return nil, err
		}
		u := rules.ChangesOfAdmin(u, adminOf(before))
		after := before.clone()
		after.assign("cn", u.Name)
		after.assign("preferredLanguage", u.Language)
		if u.Active != nil {
			after.set("accountStatus", status(*u.Active))
		}
		if u.Password != nil {
			after.setPassword(*u.Password, now)
		}
		if u.Global != nil {
			after.set("domainGlobalAdmin", yesOrNothing(*u.Global))
		}
		if !after.global() {
			after.setLimits(u.Limits)
		}
		if err = s.keepsRuler(ctx, mail, before, after); err != nil {
			return nil, err
		}
		p := &plan{change: repassed(store.NounAdmin, mail, before, after, u.Password)}
		p.change.Domain = ""
		p.update(before, after, store.NoSuchAccount(mail))
		p.change.Nothing = len(p.steps) == 0 && u.Password == nil
		return p, nil
	})
}

// DeleteAdmin implements store.Admins. The domains that name the account go first, then its entry or, of a mail user,
// the marks on it.
func (s *Store) DeleteAdmin(ctx context.Context, w store.Write, mail string) (store.Change, error) {
	return s.write(ctx, w, []string{lockAdmin(mail), lockGlobalAdmins}, func(time.Time) (*plan, error) {
		admin, err := s.read(ctx, s.tree.admin(mail), classAdmin)
		if err != nil {
			return nil, err
		}
		mailbox, err := s.read(ctx, s.tree.user(mail), classUser)
		if err != nil {
			return nil, err
		}
		if admin == nil && mailbox == nil {
			return nil, store.NoSuchAccount(mail)
		}
		if err = s.keepsGlobalAdmin(ctx, mail); err != nil {
			return nil, err
		}
		p := &plan{}
		if err = s.revokeAdminRights(ctx, p, mail); err != nil {
			return nil, err
		}
		if mailbox != nil {
			after := mailbox.clone()
			after.set("domainGlobalAdmin")
			after.remove("enabledService", serviceDomainAdmin)
			p.update(*mailbox, after, nil)
			p.change = updated(store.NounAdmin, mail, *mailbox, after)
			p.change.Action, p.change.EndsSessions = store.ActionRevoke, true
		}
		if admin != nil {
			p.delete(admin.dn)
			p.change = deleted(store.NounAdmin, *admin, mail, store.Scope{})
			p.change.Domain = ""
		}
		return p, nil
	})
}

// revokeAdminRights plans that no domain names the account as its admin.
func (s *Store) revokeAdminRights(ctx context.Context, p *plan, mail string) error {
	domains, err := s.children(ctx, s.tree.base, and(equals("domainAdmin", mail), classDomain))
	for _, before := range domains {
		after := before.clone()
		after.remove("domainAdmin", mail)
		p.update(before, after, nil)
	}
	return err
}
