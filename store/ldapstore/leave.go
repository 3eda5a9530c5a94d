package ldapstore

import (
	"context"
	"maps"
	"slices"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

// keepsAdmins returns PERMISSION_DENIED when an actor that is not global would take a mailbox, which goes or gets another
// name, out of a domain where only a global admin may (see rules.Stays). A standalone admin of the same address is the admin
// then, and stays. The locks of the domains have to be held.
func (s *Store) keepsAdmins(ctx context.Context, held *held, actor store.Actor, mail string) error {
	if actor.Global || actor.Username == "" {
		return nil
	}
	domains, err := s.managed(ctx, mail)
	if err != nil || len(domains) == 0 {
		return err
	}
	return s.keepsAdminsOf(ctx, held, map[string][]string{mail: domains}, "")
}

// keepsAdminsOutside is keepsAdmins for all mailboxes of a domain that goes with them. Nor does an actor delete the domain whose
// other admins hold it by their caps (see rules.CheckDeletes).
func (s *Store) keepsAdminsOutside(ctx context.Context, held *held, actor store.Actor, domain string) error {
	if actor.Global || actor.Username == "" {
		return nil
	}
	self, err := s.capsOf(ctx, actor.Username)
	if err != nil {
		return err
	}
	admins, err := s.cappedIn(ctx, domain)
	if err != nil {
		return err
	}
	if err = rules.CheckDeletes(self, admins); err != nil {
		return err
	}
	managing, err := s.managingFrom(ctx, domain)
	if err != nil {
		return err
	}
	return s.keepsAdminsOf(ctx, held, managing, domain)
}

// keepsAdminsOf is keepsAdmins for addresses with the domains that they leave. The domain that goes itself is not
// asked about.
func (s *Store) keepsAdminsOf(ctx context.Context, held *held, managing map[string][]string, goes string) error {
	standalone, err := s.standaloneOf(ctx, slices.Sorted(maps.Keys(managing)))
	if err != nil {
		return err
	}
	leaving := map[string][]string{} // by domain
	for mail, domains := range managing {
		for _, domain := range domains {
			if domain != goes && !containsFold(standalone, mail) {
				leaving[domain] = append(leaving[domain], mail)
				held.need(lockDomain(domain))
			}
		}
	}
	if err = held.lacks(); err != nil {
		return err
	}
	for _, domain := range slices.Sorted(maps.Keys(leaving)) {
		admins, err := s.cappedIn(ctx, domain)
		if err != nil {
			return err
		}
		if stay := rules.Stays(admins, leaving[domain]); len(stay) > 0 {
			return rules.MustStay(stay[0])
		}
	}
	return nil
}

// admitAdmins returns who manages a domain after a change by an actor that is not global, or PERMISSION_DENIED: it appoints
// nobody while something is forbidden to it, and removes nobody who is above it or whom only a global admin may remove (see
// rules.Removal).
func (s *Store) admitAdmins(ctx context.Context, w store.Write, h home, set store.Set, change *store.Change) ([]string, error) {
	current := h.entry.sorted(adminAttribute)
	next := set.Apply(current)
	if w.Actor.Global || w.Actor.Username == "" {
		return next, nil
	}
	self, err := s.capsOf(ctx, w.Actor.Username)
	if err != nil {
		return nil, err
	}
	if len(store.LeaveOut(next, current)) > 0 {
		if err = rules.CheckAppoints(self); err != nil {
			return nil, err
		}
	}
	removed := store.LeaveOut(current, next)
	if len(removed) == 0 {
		return next, nil
	}
	found, err := s.identities(ctx, append(removed, w.Actor.Username))
	if err != nil {
		return nil, err
	}
	admins, err := s.cappedIn(ctx, h.name)
	if err != nil {
		return nil, err
	}
	r := rules.Removal{Actor: found[w.Actor.Username], Admins: admins, Known: found, Set: set, Now: current}
	return r.Next(w.OnMissing, change)
}
