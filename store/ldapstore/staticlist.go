package ldapstore

import (
	"context"
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

// Who is a member of a list stands with the member: an account here names the list in memberOfGroup, and addresses outside
// are values of one entry that the list has for them. Nothing rewrites an address under an alias domain, so members here name
// the list's addresses there too, and the entry of those outside has them as further addresses. No answer tells of these.

// plainList fits lists whose members admins choose. Those that mlmmj runs are others.
var plainList = and(classList, not(equals("enabledService", serviceMlmmj)))

// finishedList leaves out those that are being made.
var finishedList = and(plainList, not(equals(settingsAttribute, unfinishedMark)))

// StaticList implements store.StaticLists.
func (s *Store) StaticList(ctx context.Context, mail string) (store.StaticList, error) {
	e, err := s.list(ctx, mail)
	if err != nil {
		return store.StaticList{}, err
	}
	lists, err := s.listsOf(ctx, []entry{e})
	if err != nil {
		return store.StaticList{}, err
	}
	m, err := s.members(ctx, mail)
	list := staticListOf(e, lists)
	list.Members = m.addresses()
	return list, err
}

// staticListOf is a list as far as its entry tells.
func staticListOf(e entry, lists func(e entry) []string) store.StaticList {
	return store.StaticList{
		Mail:         e.address(),
		Name:         e.first("cn"),
		Active:       e.active(),
		AccessPolicy: rules.ShownPolicy(e.first("accessPolicy")),
		Created:      e.created,
		Modified:     e.modified,
		Stored:       e.shown(lists),
		Settings:     e.settings().record(),
		Members:      []string{},
	}
}

// list reads the entry of a list, or returns NO_SUCH_ACCOUNT.
func (s *Store) list(ctx context.Context, mail string) (entry, error) {
	e, err := s.read(ctx, s.tree.list(mail), finishedList)
	if err != nil {
		return entry{}, err
	}
	if e == nil {
		return entry{}, store.NoSuchAccount(mail)
	}
	return *e, nil
}

// members are those of a list as they are.
type members struct {
	inside  []entry // accounts here, whole
	outside []string
	others  *entry // the entry for those outside, nil when there is none
}

// addresses are those of all members, sorted and never nil.
func (m members) addresses() []string {
	all := slices.Clone(m.outside)
	for _, e := range m.inside {
		all = append(all, e.address())
	}
	slices.Sort(all)
	all = slices.Compact(all)
	if all == nil {
		all = []string{}
	}
	return all
}

// insiders are the DNs of the accounts here.
func (m members) insiders() []string {
	dns := make([]string, len(m.inside))
	for i, e := range m.inside {
		dns[i] = e.dn
	}
	return dns
}

// has reports whether the account of that DN is a member.
func (m members) has(dn string) bool {
	return slices.ContainsFunc(m.inside, func(e entry) bool { return strings.EqualFold(e.dn, dn) })
}

// members reads who is a member of a list.
func (s *Store) members(ctx context.Context, list string) (members, error) {
	var m members
	inside, err := s.below(ctx, s.tree.base, and(equals("memberOfGroup", list), accountClass))
	if err != nil {
		return m, err
	}
	byDN := map[string]entry{}
	for _, e := range inside {
		byDN[strings.ToLower(e.dn)] = e
	}
	m.inside = inOrder(byDN)
	if m.others, err = s.read(ctx, s.tree.externals(list), classExternals); m.others != nil {
		m.outside = m.others.sorted("mail")
	}
	return m, err
}

// strays are accounts in the scope that name a list under an alias domain and not the list itself: another program took them out
// of it. They are no members, and mail to the list there would reach them.
func (s *Store) strays(ctx context.Context, scope store.Scope, shadows []string, now members) ([]entry, error) {
	byDN := map[string]entry{}
	for chunk := range slices.Chunk(shadows, chunkSize) {
		if err := s.searchInto(ctx, byDN, and(anyOf(groupAttribute, chunk), accountClass)); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(inOrder(byDN), func(e entry) bool { return now.has(e.dn) || !s.covers(scope, e.dn) }), nil
}

// dropMissingListMembers leaves out the list itself, lists that it is a member of, and members that do not exist.
func (s *Store) dropMissingListMembers(
	ctx context.Context, w store.Write, field, list string, set store.Set, change *store.Change,
) (store.Set, error) {
	above, err := s.containing(ctx, list)
	if err != nil {
		return set, err
	}
	contains := store.Among(above)
	circular := slices.DeleteFunc(slices.Clone(set.Wanted()), func(mail string) bool { return !contains(mail) })
	set, err = store.Discard(w.OnMissing, set, circular, change, func(mail string) *store.Error {
		return store.Fail(store.Invalid, store.CodeInvalidMail,
			"A list cannot be a member of itself, nor of one of its members: %s.", mail).With(field)
	})
	if err != nil {
		return set, err
	}
	return s.addressRules(w).DropMissing(ctx, store.DomainOf(list), field, set, change)
}

// containing returns every address whose mail reaches the list, through however many lists and alias accounts: that of the
// list among them.
func (s *Store) containing(ctx context.Context, list string) ([]string, error) {
	var seen entry
	for next := []string{list}; len(next) > 0; {
		groups, err := s.groupsOf(ctx, next)
		if err != nil {
			return nil, err
		}
		seen.add("mail", next...)
		next = store.LeaveOut(groups, seen.all("mail"))
	}
	return seen.all("mail"), nil
}

// groupsOf returns the further addresses of accounts, the lists that they are members of, and the alias accounts that send
// to them.
func (s *Store) groupsOf(ctx context.Context, mails []string) ([]string, error) {
	var groups entry
	for chunk := range slices.Chunk(mails, chunkSize) {
		filter := or(
			and(or(anyOf("mail", chunk), anyOf("shadowAddress", chunk)), accountClass),
			and(anyOf("mailForwardingAddress", chunk), classAlias),
		)
		attributes := []string{"objectClass", "mail", "shadowAddress", "memberOfGroup"}
		err := s.each(ctx, s.tree.base, subtree, filter, attributes, func(e entry) error {
			groups.add("mail", e.sorted("mail")...)
			groups.add("mail", e.sorted("shadowAddress")...)
			if e.hasAny("mail", chunk) || e.hasAny("shadowAddress", chunk) {
				groups.add("mail", e.sorted("memberOfGroup")...)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return groups.sorted("mail"), nil
}

// outsidersOf is the list whose members outside an entry holds, "" when it is no such entry.
func (e entry) outsidersOf() string {
	part, _ := splitDN(e.dn)
	for _, list := range e.sorted(groupAttribute) {
		if strings.EqualFold(part, rdn(groupAttribute, list)) {
			return list
		}
	}
	return ""
}

// groups are the lists that an account is a member of, by all of their addresses.
func (e entry) groups() []string { return e.sorted(groupAttribute) }

// shown is the record of an account that names the lists that it is a member of as listsOf does.
func (e entry) shown(lists func(e entry) []string) store.Record {
	if len(e.all(groupAttribute)) == 0 {
		return e.record()
	}
	c := e.clone()
	c.set(groupAttribute, lists(e)...)
	return c.record()
}

// listsOf leaves out of the addresses of lists, by which a member names them, those under alias domains.
func (s *Store) listsOf(ctx context.Context, entries []entry) (func(e entry) []string, error) {
	var all entry
	for _, e := range entries {
		all.add("domain", store.DomainsOf(e.sorted("memberOfGroup"))...)
	}
	hosted, err := s.hosted(ctx, all.all("domain"))
	return func(e entry) []string {
		return slices.DeleteFunc(e.sorted("memberOfGroup"), func(list string) bool {
			domain := domainOf(list)
			return hosted[domain] != "" && hosted[domain] != domain
		})
	}, err
}
