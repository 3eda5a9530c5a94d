package ldapstore

import (
	"context"
	"maps"
	"slices"

	"github.com/postern-mail/postern/store"
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
	return s.keepsAdminsOf(ctx, held, actor, map[string][]string{mail: domains}, "")
}

// keepsAdminsOutside is keepsAdmins for all mailboxes of a domain that goes with them. Nor does an actor delete the domain whose
// other admins hold it by their caps (see rules.CheckDeletes).
func (s *Store) keepsAdminsOutside(ctx context.Context, held *held, actor store.Actor, domain string) error {
	if actor.Global || actor.Username == "" {
		return nil
	}
	if err := s.managing(held, actor).CheckDeletes(ctx, domain); err != nil {
		return err
	}
	managing, err := s.managingFrom(ctx, domain)
	if err != nil {
		return err
	}
	return s.keepsAdminsOf(ctx, held, actor, managing, domain)
}

// keepsAdminsOf is keepsAdmins for addresses with the domains that they leave. The domain that goes itself is not
// asked about.
func (s *Store) keepsAdminsOf(ctx context.Context, held *held, actor store.Actor, managing map[string][]string, goes string) error {
	standalone, err := s.standaloneOf(ctx, slices.Sorted(maps.Keys(managing)))
	if err != nil {
		return err
	}
	leaving := map[string][]string{} // by domain
	for mail, domains := range managing {
		for _, domain := range domains {
			if domain != goes && !containsFold(standalone, mail) {
				leaving[domain] = append(leaving[domain], mail)
			}
		}
	}
	return s.managing(held, actor).CheckLeaving(ctx, leaving)
}
