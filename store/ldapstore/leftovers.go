package ldapstore

import (
	"context"
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

// What another program left of a name that it gave up must not come to who gets the name next. A right to manage a domain goes
// wherever it stands; what else a name may do, and that it is a member of a list, goes in the domains where the actor may change
// references. A forwarding or blind copy to it stays: mail is to go there.

// rightAttributes hold the addresses of those who may do something, leftAttributes all that an entry may say of a name that is gone.
var (
	rightAttributes = []string{"listOwner", "listModerator", "listAllowedUser"}
	leftAttributes  = append([]string{groupAttribute, outsiderAttribute}, rightAttributes...)
)

// leftover is what goes when a name is given away.
type leftover struct {
	name    string   // an address, or a domain with every address in it
	shadows []string // the address under the alias domains of its domain
	dn      string   // of the mailbox, or of the domain
	joined  []string // lists that the new account is made a member of
	carried string   // the address whose rights the account brings along, or ""
	members bool     // those who say that they are members of the name stay: they are written by themselves
}

// planLeftovers plans that nothing is left of a name that is about to be given away. Alias accounts that have the address as a
// member keep it: the plan notes them.
func (s *Store) planLeftovers(ctx context.Context, p *plan, l leftover) error {
	if err := s.dropAdminRights(ctx, p, l.name); err != nil {
		return err
	}
	byDN := map[string]entry{}
	filters := []string{
		or(l.fits("listOwner"), l.fits("listModerator"), l.fits("listAllowedUser"), l.fits(groupAttribute)),
		and(l.fits(outsiderAttribute), classExternals), and(l.fitsDN(), classList),
	}
	if !l.isDomain() {
		filters[0] = or(filters[0], and(equals("mailForwardingAddress", l.name), classAlias))
	}
	for chunk := range slices.Chunk(l.shadows, chunkSize) {
		filters = append(filters, anyOf(groupAttribute, chunk))
	}
	for _, filter := range filters {
		if err := s.searchInto(ctx, byDN, filter); err != nil {
			return err
		}
	}
	for _, before := range inOrder(byDN) {
		if before.noun() == store.NounAlias && before.has("mailForwardingAddress", l.name) {
			p.naming = append(p.naming, before.address())
		}
		switch {
		case !s.covers(p.change.Scope, before.dn):
		case !before.isAccount() && before.has(groupAttribute, l.name): // members outside of a list of that name
			if !l.members {
				p.delete(before.dn)
			}
		default:
			p.dropReferences(before, l.without(before))
		}
	}
	return nil
}

func (l leftover) isDomain() bool { return !strings.Contains(l.name, "@") }

// fits is a filter for entries one of whose values of the attribute is the name or an address in it.
func (l leftover) fits(attribute string) string {
	if l.isDomain() {
		return endsWith(attribute, "@"+l.name)
	}
	return equals(attribute, l.name)
}

// fitsDN is a filter for lists that have such a mailbox as a member.
func (l leftover) fitsDN() string {
	if l.isDomain() {
		return endsWith(memberAttribute, ","+l.dn)
	}
	return equals(memberAttribute, l.dn)
}

// without is the entry without what is left over in it.
func (l leftover) without(before entry) entry {
	after := before.clone()
	for _, name := range leftAttributes {
		if name == outsiderAttribute && before.isAccount() || name == groupAttribute && l.members || l.carried != "" && before.has(name, l.carried) {
			continue
		}
		after.set(name, slices.DeleteFunc(slices.Clone(before.all(name)), func(v string) bool {
			if name == groupAttribute && containsFold(l.shadows, v) {
				return true
			}
			return store.IsOf(strings.ToLower(v), l.name) &&
				(!slices.Contains(rightAttributes, name) || !store.IsDefaultPerson(strings.ToLower(v), before.address()))
		})...)
	}
	if !containsFold(l.joined, before.address()) {
		after.set(memberAttribute, slices.DeleteFunc(slices.Clone(before.all(memberAttribute)), func(dn string) bool {
			return isWithin(dn, l.dn)
		})...)
	}
	return after
}

// dropAdminRights plans that no domain names the address, or an address of the domain, as its admin; standalone admins are none.
func (s *Store) dropAdminRights(ctx context.Context, p *plan, name string) error {
	if strings.Contains(name, "@") {
		return s.revokeAdminRights(ctx, p, name)
	}
	standalone, err := s.standaloneIn(ctx, []string{name})
	if err != nil {
		return err
	}
	domains, err := s.children(ctx, s.tree.base, and(endsWith(adminAttribute, "@"+name), classDomain))
	for _, before := range domains {
		after := before.clone()
		after.set(adminAttribute, slices.DeleteFunc(slices.Clone(before.all(adminAttribute)), func(v string) bool {
			return store.IsOf(strings.ToLower(v), name) && !containsFold(standalone, v)
		})...)
		p.update(before, after, nil)
	}
	return err
}

// planAccountLeftovers is planLeftovers for a new account, whose plan's change gets its scope by that.
func (s *Store) planAccountLeftovers(ctx context.Context, p *plan, actor store.Actor, h home, mail string, joined ...string) error {
	var err error
	if p.change.Scope, err = s.scopeOf(ctx, actor); err != nil {
		return err
	}
	return s.planLeftovers(ctx, p, leftover{name: mail, shadows: h.shadows(mail), dn: s.tree.user(mail), joined: joined})
}

// scopeOfNew is scopeOf for a domain that the actor is about to make.
func (s *Store) scopeOfNew(ctx context.Context, actor store.Actor, domain string) (store.Scope, error) {
	scope, err := s.scopeOf(ctx, actor)
	if scope.Limited {
		scope = rules.ScopeOf(actor, append(scope.Domains, domain)...)
	}
	return scope, err
}
