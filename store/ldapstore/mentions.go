package ldapstore

import (
	"context"
	"slices"
	"strings"
)

// A directory keeps no references whole by itself. This file knows in which attributes of other entries an address, or the
// DN of a mailbox, may stand.

// mentionAttributes hold addresses of accounts. Of one that holds a single address a new one takes the place of the old.
var mentionAttributes = []struct {
	name   string
	class  string // filter of the entries that have it
	single bool
}{
	{"domainAdmin", classDomain, false},
	{"domainSenderBccAddress", classDomain, true},
	{"domainRecipientBccAddress", classDomain, true},
	{"mailForwardingAddress", or(classUser, classAlias), false},
	{"userSenderBccAddress", classUser, true},
	{"userRecipientBccAddress", classUser, true},
	{"memberOfGroup", or(classUser, classAlias, classList), false},
	{"listAllowedUser", classList, false},
	{"listOwner", classList, false},
	{"listModerator", or(classList, classAlias), false},
}

// memberAttribute holds the DNs of the mailboxes that are members of a list.
const memberAttribute = "member"

// mentioning returns the entries, whole, in which any of the addresses or DNs stands as a reference.
func (s *Store) mentioning(ctx context.Context, mails, dns []string) ([]entry, error) {
	byDN := map[string]entry{}
	for chunk := range slices.Chunk(mails, chunkSize) {
		filters := make([]string, 0, len(mentionAttributes))
		for _, a := range mentionAttributes {
			filters = append(filters, and(a.class, anyOf(a.name, chunk)))
		}
		if err := s.gather(ctx, byDN, or(filters...)); err != nil {
			return nil, err
		}
	}
	for chunk := range slices.Chunk(dns, chunkSize) {
		if err := s.gather(ctx, byDN, and(classList, anyOf(memberAttribute, chunk))); err != nil {
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
	for _, before := range entries {
		if containsFold(going, before.dn) {
			continue
		}
		after := before.clone()
		for _, a := range mentionAttributes {
			after.remove(a.name, mails...)
		}
		after.remove(memberAttribute, dns...)
		p.update(before, after, nil)
	}
	return nil
}

// mention is an address or DN that becomes another.
type mention struct{ from, to string }

// carry plans that wherever one address stands the other does. It has two halves, before the account gets its new address
// and after it: first the new one comes beside the old one, so that mail arrives all the while, then the old one goes. An
// attribute of a single value changes in the second half. Before the first half runs, from has to be an account.
func (s *Store) carry(ctx context.Context, mail, dn mention, going []string) (first, second *plan, err error) {
	first, second = &plan{}, &plan{}
	entries, err := s.mentioning(ctx, []string{mail.from}, []string{dn.from})
	if err != nil {
		return nil, nil, err
	}
	for _, before := range entries {
		if containsFold(going, before.dn) {
			continue
		}
		both, after := before.clone(), before.clone()
		for _, a := range mentionAttributes {
			if !before.has(a.name, mail.from) {
				continue
			}
			if a.single {
				after.set(a.name, mail.to)
				continue
			}
			both.add(a.name, mail.to)
			after.remove(a.name, mail.from)
			after.add(a.name, mail.to)
		}
		if before.has(memberAttribute, dn.from) {
			both.add(memberAttribute, dn.to)
			after.remove(memberAttribute, dn.from)
			after.add(memberAttribute, dn.to)
		}
		first.update(before, both, nil)
		second.update(both, after, nil)
	}
	return first, second, nil
}
