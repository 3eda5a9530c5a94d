package ldapstore

import (
	"context"
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
)

// A directory keeps no references whole by itself. This file knows in which attributes of other entries an address, or the
// DN of a mailbox, may stand.

// mentionAttributes hold addresses of accounts.
var mentionAttributes = []struct {
	name  string
	class string // filter of the entries that have it
}{
	{adminAttribute, classDomain},
	{"domainSenderBccAddress", classDomain},
	{"domainRecipientBccAddress", classDomain},
	{"mailForwardingAddress", or(classUser, classAlias)},
	{"userSenderBccAddress", classUser},
	{"userRecipientBccAddress", classUser},
	{"memberOfGroup", or(classUser, classAlias, classList)},
	{"listAllowedUser", classList},
	{"listOwner", classList},
	{"listModerator", or(classList, classAlias)},
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
		if err := s.gather(ctx, byDN, or(filters...)); err != nil {
			return nil, err
		}
	}
	for chunk := range slices.Chunk(dns, chunkSize) {
		if err := s.gather(ctx, byDN, and(anyOf(memberAttribute, chunk), classList)); err != nil {
			return nil, err
		}
	}
	return inOrder(byDN), nil
}

// gather adds what fits anywhere below the domains.
func (s *Store) gather(ctx context.Context, byDN map[string]entry, filter string) error {
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

// forget plans that the addresses and DNs stand nowhere any more but in the entries that go themselves. A mailbox that only
// forwarded to one of them gets its mail itself again: that is what no forwarding means.
func (s *Store) forget(ctx context.Context, p *plan, mails, dns, going []string) error {
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
		for _, a := range mentionAttributes {
			if a.name == adminAttribute {
				after.remove(a.name, store.LeaveOut(mails, standalone)...)
				continue
			}
			after.remove(a.name, mails...)
		}
		after.remove(memberAttribute, dns...)
		p.reduce(before, after)
	}
	return nil
}

// standaloneOf returns those of the addresses that are standalone admins.
func (s *Store) standaloneOf(ctx context.Context, mails []string) ([]string, error) {
	var found entry
	err := s.eachOf(ctx, kin{s.tree.admins, oneLevel, classAdmin, "mail"}, mails, []string{"mail"}, func(e entry) error {
		found.add("mail", e.sorted("mail")...)
		return nil
	})
	return found.all("mail"), err
}

// reduce plans an entry of which only references go. Without a destination there is no catch-all.
func (p *plan) reduce(before, after entry) {
	if strings.HasPrefix(before.first("mail"), "@") && len(after.all("mailForwardingAddress")) == 0 {
		p.delete(before.dn)
		return
	}
	p.update(before, after, nil)
}

// carry plans that wherever one address or DN stands the other does.
func (s *Store) carry(ctx context.Context, p *plan, mail, newMail, dn, newDN string) error {
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
		after.readdress(mail, newMail)
		if before.has(adminAttribute, mail) && len(standalone) > 0 {
			after.set(adminAttribute, before.all(adminAttribute)...)
		}
		if before.has(memberAttribute, dn) {
			after.remove(memberAttribute, dn)
			after.add(memberAttribute, newDN)
		}
		p.update(before, after, nil)
	}
	return nil
}

// readdress puts one address in the place of another wherever that is a reference.
func (e *entry) readdress(mail, newMail string) {
	for _, a := range mentionAttributes {
		if e.has(a.name, mail) {
			e.remove(a.name, mail)
			e.add(a.name, newMail)
		}
	}
}
