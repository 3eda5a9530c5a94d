package ldapstore

import (
	"context"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

// CreateMailingListAccount implements store.MailingListAccounts. The entry holds all that there is of it; then the number of lists of the domain is set. A
// repeat that finds the list sets that right.
func (s *Store) CreateMailingListAccount(ctx context.Context, w store.Write, m store.MailingListAccountCreate) (store.Change, error) {
	if err := m.Check(); err != nil {
		return store.Change{}, err
	}
	domain := store.DomainOf(m.Mail)
	change, err := s.writeHeld(ctx, w, locksOf(w.Actor, domain), func(now time.Time, held *held) (*plan, error) {
		h, err := s.admit(ctx, held, w, m.Mail, kindList, store.Usage{Lists: 1})
		if err != nil {
			return nil, err
		}
		p := &plan{change: store.Change{Action: store.ActionCreate}}
		e := entry{dn: s.tree.list(m.Mail)}
		e.set("objectClass", "mailList")
		e.set("mail", m.Mail)
		e.set("mtaTransport", store.MailingListTransport(m.Mail))
		e.set("mailingListID", uuid.NewString())
		e.set("enabledService", serviceMail, serviceDeliver, serviceMlmmj)
		h.addDerivedTo(&e, m.Mail)
		if err = s.editMailingList(ctx, w, h, &e, wholeMailingList(m), &p.change); err != nil {
			return nil, err
		}
		p.setChange(created(store.NounMailingList, e, m.Mail))
		p.change.Made = h.mailingListOf(e.madeAt(now), nil) // it is a member of no list
		if err = s.planAccountLeftovers(ctx, p, w.Actor, h, m.Mail); err != nil {
			return nil, err
		}
		p.claim(e, m.Mail)
		p.counted(domain, kindList, 1)
		return p, nil
	})
	return change, s.finishCount(ctx, w, err, store.CodeAlreadyExists, domain, kindList)
}

// wholeMailingList is the update that makes a new list out of an empty one.
func wholeMailingList(m store.MailingListAccountCreate) store.MailingListAccountUpdate {
	return store.MailingListAccountUpdate{
		Name: &m.Name, Active: &m.Active, AccessPolicy: &m.AccessPolicy, Newsletter: &m.Newsletter, Description: &m.Description,
		MaxMessageSize: &m.MaxMessageSize, Owners: &m.Owners, Moderators: &m.Moderators, ExtraAddresses: &m.ExtraAddresses,
		Subscribers: m.Subscribers, SubscriberField: m.SubscriberField,
	}
}

// UpdateMailingListAccount implements store.MailingListAccounts. It is one step.
func (s *Store) UpdateMailingListAccount(ctx context.Context, w store.Write, mail string, u store.MailingListAccountUpdate) (store.Change, error) {
	if err := u.Check(); err != nil {
		return store.Change{}, err
	}
	return s.write(ctx, w, []string{lockDomain(store.DomainOf(mail))}, func(time.Time) (*plan, error) {
		before, err := s.ml(ctx, mail)
		if err != nil {
			return nil, err
		}
		h, err := s.home(ctx, domainOf(mail))
		if err != nil {
			return nil, err
		}
		u := rules.ChangesOfMailingList(u, h.mailingListOf(before, entry.groups))
		after, p := before.clone(), &plan{}
		if err = s.editMailingList(ctx, w, h, &after, u, &p.change); err != nil {
			return nil, err
		}
		p.setChange(updated(store.NounMailingList, mail, before, after))
		p.update(before, after, store.NoSuchAccount(mail))
		p.change.Nothing = len(p.steps) == 0 && !u.Elsewhere
		return p, nil
	})
}

// editMailingList makes the entry of a list what the update says.
func (s *Store) editMailingList(
	ctx context.Context, w store.Write, h home, e *entry, u store.MailingListAccountUpdate, change *store.Change,
) error {
	e.assign("cn", u.Name)
	e.assign("accessPolicy", u.AccessPolicy)
	e.assign("description", u.Description)
	if u.Active != nil {
		e.set("accountStatus", status(*u.Active))
	}
	if u.MaxMessageSize != nil {
		e.set("maxMessageSize")
		if *u.MaxMessageSize > 0 {
			e.set("maxMessageSize", strconv.FormatInt(*u.MaxMessageSize, 10))
		}
	}
	if u.Newsletter != nil {
		e.remove("enabledService", serviceNewsletter)
		if *u.Newsletter {
			e.add("enabledService", serviceNewsletter)
		}
	}
	if err := s.editExtra(ctx, w, h, e, u.ExtraAddresses, change); err != nil {
		return err
	}
	if err := s.editPeople(ctx, w, e, u.Owners, u.Moderators); err != nil {
		return err
	}
	itself := append([]string{e.address()}, e.sorted("shadowAddress")...)
	return s.addressRules(w).CheckSubscribers(ctx, itself, u.Subscribers, u.SubscriberField, change)
}

// editExtra sets the further addresses of a list. Those that come with alias domains stay.
func (s *Store) editExtra(ctx context.Context, w store.Write, h home, e *entry, extra *[]string, change *store.Change) error {
	if extra == nil {
		return nil
	}
	wanted := store.LeaveOut(*extra, append(h.derived(e.address(), *e), e.address()))
	next, err := rules.FurtherOfList(h.name).Next(ctx, s.addressRules(w), h.further(*e), change.WholeSet(wanted), change)
	if err != nil {
		return err
	}
	h.changeFurther(e, h.further(*e), next)
	return nil
}

// editPeople sets who owns and who moderates a list; nil leaves them. Both may always post.
func (s *Store) editPeople(ctx context.Context, w store.Write, e *entry, owners, moderators *[]string) error {
	if err := s.addressRules(w).CheckPeople(ctx, e.address(), owners, moderators); err != nil {
		return err
	}
	were := append(e.sorted("listOwner"), e.sorted("listModerator")...)
	for _, kind := range []struct { // in one order always: an entry shows its attributes as they were written
		name   string
		people *[]string
	}{{"listOwner", owners}, {"listModerator", moderators}} {
		if kind.people != nil {
			e.set(kind.name, store.Set{Add: *kind.people}.Apply(nil)...)
		}
	}
	if owners != nil || moderators != nil {
		e.remove("listAllowedUser", were...) // others whom another program lets post stay
		e.add("listAllowedUser", append(e.sorted("listOwner"), e.sorted("listModerator")...)...)
	}
	return nil
}

// DeleteMailingListAccount implements store.MailingListAccounts. What refers to the list goes first, then its entry, and then the number of lists of the
// domain is set. A repeat that finds no list sets that right.
func (s *Store) DeleteMailingListAccount(ctx context.Context, w store.Write, mail string, keepArchive bool) (store.Change, error) {
	domain := store.DomainOf(mail)
	change, err := s.write(ctx, w, []string{lockDomain(domain)}, func(time.Time) (*plan, error) {
		e, err := s.ml(ctx, mail)
		if err != nil {
			return nil, err
		}
		scope, err := s.scopeOf(ctx, w.Actor)
		if err != nil {
			return nil, err
		}
		p := &plan{change: deleted(store.NounMailingList, e, mail, scope)}
		p.change.KeepArchive = keepArchive
		if err = s.planRemoval(ctx, p, e); err != nil {
			return nil, err
		}
		p.counted(domain, kindList, -1)
		return p, nil
	})
	return change, s.finishCount(ctx, w, err, store.CodeNoSuchAccount, domain, kindList)
}
