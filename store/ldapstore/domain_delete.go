package ldapstore

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

// DeleteDomain implements store.Domains. It returns LAST_GLOBAL_ADMIN when the mailbox of the last active global admin
// would go with the domain.
//
// The domain is switched off first, so that no mail comes for a part of its accounts. Then its mailboxes are recorded,
// what refers to it elsewhere goes, and then its entries, leaves first; the domain itself goes last, so that a repeat
// finds it and goes on.
func (s *Store) DeleteDomain(ctx context.Context, w store.Write, name string, keepDays int) (store.Change, error) {
	locks := []string{lockDomain(name), lockDomainNames, lockGlobalAdmins}
	return s.writeHeld(ctx, w, locks, func(now time.Time, held *held) (*plan, error) {
		h, err := s.home(ctx, name)
		if err != nil {
			return nil, err
		}
		g, err := s.readGoing(ctx, h)
		if err != nil {
			return nil, err
		}
		if err = s.keepsGlobalAdmin(ctx, g.globalAdmins...); err != nil {
			return nil, err
		}
		if err = s.keepsAdminsOutside(ctx, held, w.Actor, name); err != nil {
			return nil, err
		}
		scope, err := s.scopeOf(ctx, w.Actor)
		if err != nil {
			return nil, err
		}
		p := &plan{change: deleted(store.NounDomain, h.entry, name, scope)}
		off := h.entry.clone()
		off.set("accountStatus", statusDisabled)
		p.update(h.entry, off, nil)
		p.keepMailboxes(s.kept(p, g, w.Actor, now, keepDays))
		if err = s.forgetDomain(ctx, p, g); err != nil {
			return nil, err
		}
		if err = s.unmark(ctx, p, name, store.LeaveOut(h.entry.sorted("domainAdmin"), g.users)...); err != nil {
			return nil, err
		}
		p.forgetMailboxes(name)
		for _, dn := range g.dns {
			p.delete(dn)
		}
		return p, nil
	})
}

// going is a domain about to be deleted.
type going struct {
	home
	names        []string // the domain and its alias domains
	users        []string // addresses of its mailboxes
	homes        []string // where their files are, in the same order; "" where nothing says
	globalAdmins []string // those of them that are active global admins
	dns          []string // of all its entries, leaves first
}

func (s *Store) readGoing(ctx context.Context, h home) (going, error) {
	g := going{home: h, names: append([]string{h.name}, h.aliases...)}
	attributes := []string{"objectClass", "mail", "homeDirectory", "domainGlobalAdmin", "accountStatus"}
	err := s.each(ctx, h.entry.dn, subtree, anything, attributes, func(e entry) error {
		g.dns = append(g.dns, e.dn)
		mail := strings.ToLower(e.first("mail"))
		if !e.has("objectClass", "mailUser") || strings.HasPrefix(mail, "@") {
			return nil
		}
		g.users, g.homes = append(g.users, mail), append(g.homes, e.first("homeDirectory"))
		if e.rules() {
			g.globalAdmins = append(g.globalAdmins, mail)
		}
		return nil
	})
	slices.SortFunc(g.dns, leavesFirst)
	return g, err
}

// kept are the records of the mailboxes, for the removal of their files. Paths that say nothing good are noted in the change.
func (s *Store) kept(p *plan, g going, actor store.Actor, now time.Time, keepDays int) []store.KeptMailbox {
	var kept []store.KeptMailbox
	for i, mail := range g.users {
		if !rules.RemovablePath(g.homes[i], s.options.StorageRoot) {
			p.change.Discarded = append(p.change.Discarded, rules.NotScheduled(mail, g.homes[i]))
			continue
		}
		kept = append(kept, store.KeptMailbox{
			Mail: mail, Maildir: g.homes[i], Admin: actor.Username, Deleted: now, KeepDays: keepDays,
		})
	}
	return kept
}

// keepMailboxes plans the records by which iRedMail's clean-up finds the files of mailboxes.
func (p *plan) keepMailboxes(kept []store.KeptMailbox) {
	if len(kept) > 0 {
		p.do("record mailboxes", func(ctx context.Context, s *Store) error { return s.mailboxes.KeepMailboxes(ctx, kept) })
	}
}

// forgetMailboxes plans to remove what is known about how full the mailboxes of an address or of a domain are.
func (p *plan) forgetMailboxes(name string) {
	p.do("forget mailboxes of "+name, func(ctx context.Context, s *Store) error { return s.mailboxes.ForgetMailboxes(ctx, name) })
}

// forgetDomain plans that no address and no mailbox of the domain stands anywhere outside of it any more, in the scope of the
// plan's change.
func (s *Store) forgetDomain(ctx context.Context, p *plan, g going) error {
	byDN := map[string]entry{}
	for chunk := range slices.Chunk(g.names, endingsAtOnce) {
		filters := []string{and(classList, endsWith(memberAttribute, ","+g.entry.dn))}
		for _, a := range mentionAttributes {
			filters = append(filters, and(a.class, endsWithAny(a.name, chunk)))
		}
		if err := s.searchInto(ctx, byDN, or(filters...)); err != nil {
			return err
		}
	}
	standalone, err := s.standaloneIn(ctx, g.names)
	if err != nil {
		return err
	}
	goes, isStandalone := store.Among(g.names), lowerSet(standalone)
	for _, before := range inOrder(byDN) {
		if g.holds(before.dn) {
			continue
		}
		after := before.clone()
		for _, a := range s.changeable(before, p.change.Scope) {
			after.set(a.name, slices.DeleteFunc(slices.Clone(before.all(a.name)), func(v string) bool {
				v = strings.ToLower(v)
				return goes(domainOf(v)) && (a.name != adminAttribute || !isStandalone[v])
			})...)
		}
		if s.covers(p.change.Scope, before.dn) {
			after.set(memberAttribute, slices.DeleteFunc(slices.Clone(before.all(memberAttribute)), g.holds)...)
		}
		p.dropReferences(before, after)
	}
	return nil
}

// standaloneIn returns the standalone admins whose address lies in any of the domains: they are none of their accounts.
func (s *Store) standaloneIn(ctx context.Context, domains []string) ([]string, error) {
	var found []string
	for chunk := range slices.Chunk(domains, endingsAtOnce) {
		entries, err := s.children(ctx, s.tree.admins, and(classAdmin, endsWithAny("mail", chunk)), "mail")
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			found = append(found, e.sorted("mail")...)
		}
	}
	return found, nil
}

// endingsAtOnce is how many domains one filter asks for the addresses of.
const endingsAtOnce = 50

// endsWithAny is a filter for addresses in any of the domains.
func endsWithAny(attribute string, domains []string) string {
	filters := make([]string, len(domains))
	for i, name := range domains {
		filters[i] = endsWith(attribute, "@"+name)
	}
	return or(filters...)
}

// holds reports whether an entry lies in the domain.
func (g going) holds(dn string) bool {
	return isWithin(dn, g.entry.dn)
}
