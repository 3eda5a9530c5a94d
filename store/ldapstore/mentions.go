package ldapstore

import (
	"context"
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

// A directory keeps no references whole by itself. This file knows in which attributes of other entries an address, or the
// DN of a mailbox, may stand.

// mentionAttribute holds addresses of accounts.
type mentionAttribute struct {
	name  string
	class string // filter of the entries that have it
	// owned says that a value is a right of the account that it names.
	owned bool
}

var mentionAttributes = []mentionAttribute{
	{adminAttribute, classDomain, true},
	{"domainSenderBccAddress", classDomain, false},
	{"domainRecipientBccAddress", classDomain, false},
	{"mailForwardingAddress", or(classUser, classAlias), false},
	{"userSenderBccAddress", classUser, false},
	{"userRecipientBccAddress", classUser, false},
	{groupAttribute, or(classUser, classAlias, classList), false},
	{"listAllowedUser", classList, false},
	{"listOwner", classList, false},
	{"listModerator", or(classList, classAlias), false},
	{outsiderAttribute, classExternals, false},
}

// outsiderAttribute holds, in the entry for members of a list that are not of this server, their addresses. Elsewhere it is an
// account's own.
const outsiderAttribute = "mail"

// groupAttribute names the lists that an account is a member of.
const groupAttribute = "memberOfGroup"

// changeable returns the attributes of an entry whose values may be changed in the scope: outside of it the owned ones alone.
func (s *Store) changeable(e entry, scope store.Scope) []mentionAttribute {
	covered := s.covers(scope, e.dn)
	return slices.DeleteFunc(slices.Clone(mentionAttributes), func(a mentionAttribute) bool {
		return !covered && !a.owned || a.name == outsiderAttribute && e.isAccount()
	})
}

// covers reports whether an entry lies in a domain of the scope.
func (s *Store) covers(scope store.Scope, dn string) bool {
	return !scope.Limited || slices.ContainsFunc(scope.Domains, func(domain string) bool {
		return isWithin(dn, s.tree.domain(domain))
	})
}

// isWithin reports whether a DN is the other one or lies below it.
func isWithin(dn, above string) bool {
	dn, above = strings.ToLower(dn), strings.ToLower(above)
	return dn == above || strings.HasSuffix(dn, ","+above)
}

// scopeOf is where an actor may change references.
func (s *Store) scopeOf(ctx context.Context, actor store.Actor) (store.Scope, error) {
	if scope := rules.ScopeOf(actor); !scope.Limited {
		return scope, nil
	}
	domains, err := s.managed(ctx, actor.Username)
	return rules.ScopeOf(actor, domains...), err
}

// adminAttribute names who manages a domain. Where there is a standalone admin of that address it is the one who is meant.
const adminAttribute = "domainAdmin"

// memberAttribute holds the DNs of the mailboxes that are members of a list.
const memberAttribute = "member"

// mentioning returns the entries, whole, in which any of the addresses or DNs stands as a reference.
func (s *Store) mentioning(ctx context.Context, mails, dns []string) ([]entry, error) {
	byDN := map[string]entry{}
	for chunk := range slices.Chunk(mails, chunkSize) {
		filters := make([]string, 0, len(mentionAttributes))
		for _, a := range mentionAttributes {
			filters = append(filters, and(anyOf(a.name, chunk), a.class))
		}
		if err := s.searchInto(ctx, byDN, or(filters...)); err != nil {
			return nil, err
		}
	}
	for chunk := range slices.Chunk(dns, chunkSize) {
		if err := s.searchInto(ctx, byDN, and(anyOf(memberAttribute, chunk), classList)); err != nil {
			return nil, err
		}
	}
	return inOrder(byDN), nil
}

// searchInto adds what fits anywhere below the domains.
func (s *Store) searchInto(ctx context.Context, byDN map[string]entry, filter string) error {
	found, err := s.below(ctx, s.tree.base, filter)
	for _, e := range found {
		byDN[strings.ToLower(e.dn)] = e
	}
	return err
}

// inOrder returns the entries by DN, so that a write has its steps in the same order each time.
func inOrder(byDN map[string]entry) []entry {
	entries := make([]entry, 0, len(byDN))
	for _, e := range byDN {
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.dn, b.dn) })
	return entries
}

// forget plans that the addresses and DNs stand nowhere in the scope of the plan's change any more but in the entries that go
// themselves. A mailbox that only forwarded to one of them gets its mail itself again: that is what no forwarding means. The
// members that a list itself names stop naming it wherever they are.
func (s *Store) forget(ctx context.Context, p *plan, mails, dns, going, members []string) error {
	entries, err := s.mentioning(ctx, mails, dns)
	if err != nil {
		return err
	}
	standalone, err := s.standaloneOf(ctx, mails)
	if err != nil {
		return err
	}
	for _, before := range entries {
		if containsFold(going, before.dn) {
			continue
		}
		after := before.clone()
		for _, a := range s.changeable(before, p.change.Scope) {
			if a.name == adminAttribute {
				after.remove(a.name, store.LeaveOut(mails, standalone)...)
				continue
			}
			after.remove(a.name, mails...)
		}
		if containsFold(members, before.dn) {
			after.remove(groupAttribute, mails...)
		}
		if s.covers(p.change.Scope, before.dn) {
			after.remove(memberAttribute, dns...)
		}
		p.dropReferences(before, after)
	}
	return nil
}

// standaloneOf returns those of the addresses that are standalone admins.
func (s *Store) standaloneOf(ctx context.Context, mails []string) ([]string, error) {
	var found entry
	err := s.eachOf(ctx, lookup{s.tree.admins, oneLevel, classAdmin, "mail"}, mails, []string{"mail"}, func(e entry) error {
		found.add("mail", e.sorted("mail")...)
		return nil
	})
	return found.all("mail"), err
}

// dropReferences plans an entry of which only references go. Without a destination there is no catch-all, and without an address no
// entry for the members of a list that are not of this server.
func (p *plan) dropReferences(before, after entry) {
	catchall := before.isAccount() && strings.HasPrefix(before.first("mail"), "@")
	if catchall && len(after.all("mailForwardingAddress")) == 0 || !before.isAccount() && len(after.all(outsiderAttribute)) == 0 {
		p.delete(before.dn)
		return
	}
	p.update(before, after, nil)
}

// renameReferences plans that wherever one address or DN stands in the scope of the plan's change the other does.
func (s *Store) renameReferences(ctx context.Context, p *plan, mail, newMail, dn, newDN string) error {
	entries, err := s.mentioning(ctx, []string{mail}, []string{dn})
	if err != nil {
		return err
	}
	standalone, err := s.standaloneOf(ctx, []string{mail})
	if err != nil {
		return err
	}
	for _, before := range entries {
		if strings.EqualFold(before.dn, dn) || strings.EqualFold(before.dn, newDN) {
			continue // the account itself
		}
		after := before.clone()
		after.readdress(s.changeable(before, p.change.Scope), mail, newMail)
		if before.has(adminAttribute, mail) && len(standalone) > 0 {
			after.set(adminAttribute, before.all(adminAttribute)...)
		}
		if before.has(memberAttribute, dn) && s.covers(p.change.Scope, before.dn) {
			after.remove(memberAttribute, dn)
			after.add(memberAttribute, newDN)
		}
		p.update(before, after, nil)
	}
	return nil
}

// readdress puts one address in the place of another in those attributes.
func (e *entry) readdress(attributes []mentionAttribute, mail, newMail string) {
	for _, a := range attributes {
		if e.has(a.name, mail) {
			e.remove(a.name, mail)
			e.add(a.name, newMail)
		}
	}
}
