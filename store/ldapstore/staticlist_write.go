package ldapstore

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

// CreateStaticList implements store.StaticLists. Mail to a list is taken as soon as an account says that it is a member, so the
// list comes first, switched off and marked as unfinished, which no operation takes for a list; then come the members; what
// switches it on comes last, and the number of lists of the domain is set. A repeat goes on with the list that is marked; one
// that finds it finished sets the number right.
func (s *Store) CreateStaticList(ctx context.Context, w store.Write, m store.StaticListCreate) (store.Change, error) {
	if err := m.Check(); err != nil {
		return store.Change{}, err
	}
	domain := store.DomainOf(m.Mail)
	change, err := s.writeHeld(ctx, w, locksOf(w.Actor, domain), func(at time.Time, held *held) (*plan, error) {
		begun, err := s.read(ctx, s.tree.list(m.Mail), and(plainList, equals(settingsAttribute, unfinishedMark)))
		if err != nil {
			return nil, err
		}
		h, err := s.admitList(ctx, held, w, m.Mail, begun)
		if err != nil {
			return nil, err
		}
		p := &plan{}
		set, err := s.dropMissingListMembers(ctx, w, "members", m.Mail, store.Set{Add: m.Members}, &p.change)
		if err != nil {
			return nil, err
		}
		next, err := set.ApplyTo(nil, "members")
		if err != nil {
			return nil, err
		}
		if p.change.Scope, err = s.scopeOf(ctx, w.Actor); err != nil {
			return nil, err
		}
		return p, s.planNewList(ctx, p, h, newStaticList{m, next, begun, at})
	})
	return change, s.finishCount(ctx, w, err, store.CodeAlreadyExists, domain, kindList)
}

// admitList returns the domain of a new list, or an error unless the address is free and there is room.
func (s *Store) admitList(ctx context.Context, held *held, w store.Write, mail string, begun *entry) (home, error) {
	if begun == nil {
		return s.admit(ctx, held, w, mail, kindList, store.Usage{Lists: 1})
	}
	return s.home(ctx, store.DomainOf(mail))
}

// newStaticList is what is known once a list may be made.
type newStaticList struct {
	store.StaticListCreate
	members []string
	begun   *entry // by an earlier call, or nil
	at      time.Time
}

func (s *Store) planNewList(ctx context.Context, p *plan, h home, m newStaticList) error {
	whole := newList(s.tree.list(m.Mail), h, m.StaticListCreate)
	marked := whole.clone()
	marked.set("accountStatus", statusDisabled)
	marked.add(settingsAttribute, unfinishedMark)
	if m.begun != nil {
		p.update(*m.begun, marked, store.NoSuchAccount(m.Mail))
	} else {
		if err := s.planLeftovers(ctx, p, leftover{name: m.Mail, dn: s.tree.user(m.Mail), members: true}); err != nil {
			return err
		}
		p.claim(marked, m.Mail)
	}
	now, err := s.members(ctx, m.Mail)
	if err != nil {
		return err
	}
	var stay []string // nobody may change them, so they are members
	now.inside = slices.DeleteFunc(now.inside, func(e entry) bool {
		covered := s.covers(p.change.Scope, e.dn)
		if !covered {
			stay = append(stay, e.address())
		}
		return !covered
	})
	are, err := s.planMembers(ctx, p, h, &whole, now, m.members)
	if err != nil {
		return err
	}
	p.update(marked, whole, store.NoSuchAccount(m.Mail))
	p.counted(h.name, kindList, 1)
	p.setChange(created(store.NounStaticList, whole, m.Mail))
	p.change.Made = madeStaticList(whole, append(stay, are...), m.at)
	return nil
}

// newList is the entry of a list without its members. Source: mailList in samples/iredmail/iredmail.schema of iRedMail; its
// virtual_group_maps.cf for OpenLDAP finds the members by their memberOfGroup.
func newList(dn string, h home, m store.StaticListCreate) entry {
	e := entry{dn: dn}
	e.set("objectClass", "mailList")
	e.set("mail", m.Mail)
	e.set("cn", m.Name)
	e.set("accountStatus", statusActive)
	e.set("enabledService", serviceMail, serviceDeliver, "displayedInGlobalAddressBook")
	e.set("accessPolicy", m.AccessPolicy)
	h.addDerivedTo(&e, m.Mail)
	return e
}

// planMembers plans that exactly the addresses are members of a list. The list's own entry, which names them once more, is
// not written but made what it is to be. A new member whose entry is outside the scope of the plan's change is one by its
// address alone, as those who are not of this server. It returns the addresses by which they are members.
func (s *Store) planMembers(ctx context.Context, p *plan, h home, list *entry, now members, next []string) ([]string, error) {
	holders, err := s.holders(ctx, next)
	if err != nil {
		return nil, err
	}
	insiders := map[string]string{} // lower-case DN to DN
	var outside, are []string
	for _, mail := range next {
		if who, here := holders[mail]; here && (s.covers(p.change.Scope, who.dn) || now.has(who.dn)) {
			insiders[strings.ToLower(who.dn)] = who.dn
			are = append(are, who.mail)
			continue
		}
		outside = append(outside, mail)
	}
	shadows := h.shadows(list.address())
	strays, err := s.strays(ctx, p.change.Scope, shadows, now)
	if err != nil {
		return nil, err
	}
	now.inside = slices.Concat(now.inside, strays)
	if err = s.planInside(ctx, p, append([]string{list.address()}, shadows...), now, insiders); err != nil {
		return nil, err
	}
	s.planOutside(p, h, list.address(), now.others, outside)
	s.nameMembers(list, slices.Sorted(maps.Values(insiders)), len(next) > 0)
	return append(are, outside...), nil
}

// nameMembers has the list's own entry name its members.
func (s *Store) nameMembers(list *entry, insiders []string, some bool) {
	mailboxes := slices.DeleteFunc(slices.Clone(insiders), func(dn string) bool { return !s.isMailbox(dn) })
	others := slices.DeleteFunc(slices.Clone(list.all(memberAttribute)), s.isMailbox)
	list.set(memberAttribute, append(others, mailboxes...)...)
	list.set("hasMember", "no")
	if some {
		list.set("hasMember", yes)
	}
}

// isMailbox reports whether a DN is where mailboxes are. What else another program names as a member of a list is its own.
func (s *Store) isMailbox(dn string) bool {
	_, parent := splitDN(dn)
	return isWithin(dn, s.tree.base) && strings.HasPrefix(strings.ToLower(parent), strings.ToLower(rdn("ou", containerUsers))+",")
}

// planInside plans which accounts name the list.
func (s *Store) planInside(ctx context.Context, p *plan, addresses []string, now members, wanted map[string]string) error {
	for _, before := range now.inside {
		after := before.clone()
		if _, stays := wanted[strings.ToLower(before.dn)]; stays {
			after.add("memberOfGroup", addresses...)
		} else {
			after.remove("memberOfGroup", addresses...)
		}
		p.update(before, after, nil)
	}
	there := map[string]bool{}
	for _, e := range now.inside {
		there[strings.ToLower(e.dn)] = true
	}
	for _, lower := range slices.Sorted(maps.Keys(wanted)) {
		if there[lower] {
			continue
		}
		before, err := s.read(ctx, wanted[lower], accountClass, "memberOfGroup")
		if err != nil {
			return err
		}
		if before == nil {
			continue // it went a moment ago
		}
		after := before.clone()
		after.add("memberOfGroup", addresses...)
		p.update(*before, after, nil)
	}
	return nil
}

// planOutside plans the entry that holds the members who are not of this server. Without any there is none.
// Source: mailExternalUser in samples/iredmail/iredmail.schema of iRedMail.
func (s *Store) planOutside(p *plan, h home, list string, before *entry, outside []string) {
	if len(outside) == 0 {
		if before != nil {
			p.delete(before.dn)
		}
		return
	}
	after := entry{dn: s.tree.externals(list)}
	after.set("objectClass", "mailExternalUser")
	if before != nil {
		after = before.clone()
	}
	after.add(groupAttribute, list)
	after.remove(groupAttribute, h.shadows(list)...) // it is found by its further addresses
	after.add("shadowAddress", h.shadows(list)...)
	after.set("accountStatus", statusActive)
	after.add("enabledService", serviceMail, serviceDeliver)
	after.set("mail", outside...)
	h.markStatus(&after)
	if before == nil {
		p.create(after)
		return
	}
	p.update(*before, after, nil)
}

// UpdateStaticList implements store.StaticLists. The members come and go first, the entry of the list comes last.
func (s *Store) UpdateStaticList(ctx context.Context, w store.Write, mail string, u store.StaticListUpdate) (store.Change, error) {
	if err := u.Check(); err != nil {
		return store.Change{}, err
	}
	domain := store.DomainOf(mail)
	return s.write(ctx, w, []string{lockDomain(domain)}, func(time.Time) (*plan, error) {
		before, err := s.list(ctx, mail)
		if err != nil {
			return nil, err
		}
		u := rules.ChangesOfStaticList(u, staticListOf(before, entry.groups))
		after := before.clone()
		after.assign("cn", u.Name)
		after.assign("accessPolicy", u.AccessPolicy)
		p := &plan{}
		if p.change.Scope, err = s.scopeOf(ctx, w.Actor); err != nil {
			return nil, err
		}
		if u.Members.Touches() {
			if err = s.editMembers(ctx, w, p, &after, u.Members); err != nil {
				return nil, err
			}
		}
		p.setChange(updated(store.NounStaticList, mail, before, after))
		p.update(before, after, store.NoSuchAccount(mail))
		p.change.Nothing = len(p.steps) == 0
		return p, nil
	})
}

// editMembers plans who is a member of a list.
func (s *Store) editMembers(ctx context.Context, w store.Write, p *plan, list *entry, change store.Set) error {
	mail := list.address()
	h, err := s.home(ctx, domainOf(mail))
	if err != nil {
		return err
	}
	now, err := s.members(ctx, mail)
	if err != nil {
		return err
	}
	if change.IsAlready(now.addresses()) {
		s.nameMembers(list, now.insiders(), len(now.addresses()) > 0) // an earlier call may have come no further than to the members
		return nil
	}
	set, err := s.dropMissingListMembers(ctx, w, change.Field("members", "addMember"), mail, change, &p.change)
	if err != nil {
		return err
	}
	next, err := set.ApplyTo(now.addresses(), "members")
	if err != nil {
		return err
	}
	_, err = s.planMembers(ctx, p, h, list, now, next)
	return err
}

// DeleteStaticList implements store.StaticLists. That new mailboxes of the domain join it goes first, then the members and what
// else refers to it, then its entry, and then the number of lists of the domain is set. A repeat that finds no list sets that
// right.
func (s *Store) DeleteStaticList(ctx context.Context, w store.Write, mail string) (store.Change, error) {
	domain := store.DomainOf(mail)
	change, err := s.write(ctx, w, []string{lockDomain(domain)}, func(time.Time) (*plan, error) {
		e, err := s.list(ctx, mail)
		if err != nil {
			return nil, err
		}
		scope, err := s.scopeOf(ctx, w.Actor)
		if err != nil {
			return nil, err
		}
		p := &plan{change: deleted(store.NounStaticList, e, mail, scope)}
		h, err := s.home(ctx, domain)
		if err != nil {
			return nil, err
		}
		dropDefault(p, h, mail)
		p.delete(s.tree.externals(mail))
		if err = s.planRemoval(ctx, p, e, h.shadows(mail)...); err != nil {
			return nil, err
		}
		p.counted(domain, kindList, -1)
		return p, nil
	})
	return change, s.finishCount(ctx, w, err, store.CodeNoSuchAccount, domain, kindList)
}

// dropDefault plans that new mailboxes of a domain do not join a list any more.
func dropDefault(p *plan, h home, list string) {
	lists := h.settings.defaultLists()
	if !slices.Contains(lists, list) {
		return
	}
	after, all := h.entry.clone(), h.settings
	all.setText(settingDefaultList, strings.Join(store.LeaveOut(lists, []string{list}), ","))
	after.putSettings(all)
	p.update(h.entry, after, nil)
}
