package ldapstore

import (
	"context"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

// CreateAlias implements store.Aliases. The entry holds all that there is of it; then the number of alias accounts of the
// domain is set. A repeat that finds the alias sets that right.
func (s *Store) CreateAlias(ctx context.Context, w store.Write, a store.AliasCreate) (store.Change, error) {
	if err := a.Check(); err != nil {
		return store.Change{}, err
	}
	domain := store.DomainOf(a.Mail)
	change, err := s.writeHeld(ctx, w, locksOf(w.Actor, domain), func(now time.Time, held *held) (*plan, error) {
		h, err := s.admit(ctx, held, w, a.Mail, kindAlias, store.Usage{Aliases: 1})
		if err != nil {
			return nil, err
		}
		p := &plan{}
		members, err := s.addressRules(w).Members(ctx, a.Mail, "members", nil, store.Set{Add: a.Members}, &p.change)
		if err != nil {
			return nil, err
		}
		if err = s.addressRules(w).CheckReferences(ctx, domain, "moderators", a.Moderators...); err != nil {
			return nil, err
		}
		e := s.newAlias(h, a, members)
		p.setChange(created(store.NounAlias, e, a.Mail))
		p.change.Made = aliasOf(e.madeAt(now), nil) // it is a member of no list
		if err = s.planAccountLeftovers(ctx, p, w.Actor, h, a.Mail); err != nil {
			return nil, err
		}
		p.claim(e, a.Mail)
		p.counted(domain, kindAlias, 1)
		return p, nil
	})
	return change, s.finishCount(ctx, w, err, store.CodeAlreadyExists, domain, kindAlias)
}

// admit returns the domain of a new account, or an error unless the address is free and there is room.
func (s *Store) admit(
	ctx context.Context, held *held, w store.Write, mail string, k kind, more store.Usage,
) (home, error) {
	h, err := s.home(ctx, store.DomainOf(mail))
	if err != nil {
		return h, err
	}
	if err = s.addressRules(w).CheckFree(ctx, mail); err != nil {
		return h, err
	}
	if err = s.room(ctx, h, k); err != nil {
		return h, err
	}
	return h, s.managing(held, w.Actor).CheckCaps(ctx, h.name, rules.New(more))
}

// newAlias is the entry of an alias account. Source: mailAlias in samples/iredmail/iredmail.schema of iRedMail; its
// virtual_alias_maps.cf for OpenLDAP asks for the services mail and deliver.
func (s *Store) newAlias(h home, a store.AliasCreate, members []string) entry {
	e := entry{dn: s.tree.alias(a.Mail)}
	e.set("objectClass", "mailAlias")
	e.set("mail", a.Mail)
	e.set("cn", a.Name)
	e.set("accountStatus", status(a.Active))
	e.set("enabledService", serviceMail, serviceDeliver)
	e.set("accessPolicy", a.AccessPolicy)
	e.set("mailForwardingAddress", members...)
	e.set("listModerator", store.Set{Add: a.Moderators}.Apply(nil)...)
	h.addDerivedTo(&e, a.Mail)
	return e
}

// UpdateAlias implements store.Aliases. It is one step.
func (s *Store) UpdateAlias(ctx context.Context, w store.Write, mail string, u store.AliasUpdate) (store.Change, error) {
	if err := u.Check(); err != nil {
		return store.Change{}, err
	}
	return s.write(ctx, w, []string{lockDomain(store.DomainOf(mail))}, func(time.Time) (*plan, error) {
		before, err := s.aliasAccount(ctx, mail)
		if err != nil {
			return nil, err
		}
		u := rules.ChangesOfAlias(u, aliasOf(before, entry.groups))
		after := before.clone()
		after.assign("cn", u.Name)
		after.assign("accessPolicy", u.AccessPolicy)
		if u.Active != nil {
			after.set("accountStatus", status(*u.Active))
		}
		if u.Moderators != nil {
			if err = s.addressRules(w).CheckReferences(ctx, store.DomainOf(mail), "moderators", *u.Moderators...); err != nil {
				return nil, err
			}
			after.set("listModerator", store.Set{Add: *u.Moderators}.Apply(nil)...)
		}
		p := &plan{}
		if current := before.sorted("mailForwardingAddress"); u.Members.Touches() && !u.Members.IsAlready(current) {
			field := u.Members.Field("members", "addMember")
			next, err := s.addressRules(w).Members(ctx, mail, field, current, u.Members, &p.change)
			if err != nil {
				return nil, err
			}
			after.set("mailForwardingAddress", next...)
		}
		p.setChange(updated(store.NounAlias, mail, before, after))
		p.update(before, after, store.NoSuchAccount(mail))
		p.change.Nothing = len(p.steps) == 0
		return p, nil
	})
}

// DeleteAlias implements store.Aliases. What refers to it goes first, then its entry, then the number of alias accounts of
// the domain is set. A repeat that finds no alias sets that right.
func (s *Store) DeleteAlias(ctx context.Context, w store.Write, mail string) (store.Change, error) {
	domain := store.DomainOf(mail)
	change, err := s.write(ctx, w, []string{lockDomain(domain)}, func(time.Time) (*plan, error) {
		e, err := s.aliasAccount(ctx, mail)
		if err != nil {
			return nil, err
		}
		scope, err := s.scopeOf(ctx, w.Actor)
		if err != nil {
			return nil, err
		}
		p := &plan{change: deleted(store.NounAlias, e, mail, scope)}
		if err = s.planRemoval(ctx, p, e); err != nil {
			return nil, err
		}
		p.counted(domain, kindAlias, -1)
		return p, nil
	})
	return change, s.finishCount(ctx, w, err, store.CodeNoSuchAccount, domain, kindAlias)
}
