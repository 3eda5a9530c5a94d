package ldapstore

import (
	"context"
	"time"

	"github.com/postern-mail/postern/store"
)

// UpdateDomainAdmins implements store.Domains. The marks of the mail users come and go first; the entry of the domain,
// which decides who manages it, comes last.
func (s *Store) UpdateDomainAdmins(ctx context.Context, w store.Write, name string, admins store.Set) (store.Change, error) {
	return s.write(ctx, w, []string{lockDomain(name)}, func(time.Time) (*plan, error) {
		h, err := s.home(ctx, name)
		if err != nil {
			return nil, err
		}
		current := h.entry.sorted("domainAdmin")
		p := &plan{}
		next, err := s.managing(nil, w.Actor).NextAdmins(ctx, w.OnMissing, h.name, h.entry.sorted(adminAttribute), admins, &p.change)
		if err != nil {
			return nil, err
		}
		added, removed := store.LeaveOut(next, current), store.LeaveOut(current, next)
		if err = s.checkMayBeAdmins(ctx, added); err != nil {
			return nil, err
		}
		after := h.entry.clone()
		after.remove("domainAdmin", removed...)
		after.add("domainAdmin", added...)
		p.setChange(updated(store.NounDomain, name, h.entry, after))
		if len(added)+len(removed) == 0 {
			p.change.Nothing = true
			return p, nil
		}
		if err = s.mark(ctx, p, next...); err != nil {
			return nil, err
		}
		if err = s.unmark(ctx, p, name, removed...); err != nil {
			return nil, err
		}
		p.update(h.entry, after, store.NoSuchDomain(name))
		return p, nil
	})
}

// checkMayBeAdmins returns NO_SUCH_ACCOUNT for the first name that is neither a standalone admin nor a mail user.
func (s *Store) checkMayBeAdmins(ctx context.Context, names []string) error {
	for _, name := range names {
		e, _, err := s.principal(ctx, name, "1.1")
		if err != nil {
			return err
		}
		if e == nil {
			return store.MissingReference("addAdmin", name)
		}
	}
	return nil
}

// mark plans the mark of an admin on those of the accounts that are mail users.
func (s *Store) mark(ctx context.Context, p *plan, names ...string) error {
	return s.remark(ctx, p, names, func(e *entry) error {
		e.add("enabledService", serviceDomainAdmin)
		return nil
	})
}

// unmark plans to remove the mark of an admin from those mail users who have nothing left to manage but the domain.
func (s *Store) unmark(ctx context.Context, p *plan, domain string, names ...string) error {
	return s.remark(ctx, p, names, func(e *entry) error {
		managed, err := s.managed(ctx, e.first("mail"))
		if err == nil && !e.global() && len(store.LeaveOut(managed, []string{domain})) == 0 {
			e.remove("enabledService", serviceDomainAdmin)
		}
		return err
	})
}

func (s *Store) remark(ctx context.Context, p *plan, names []string, change func(e *entry) error) error {
	for _, name := range names {
		before, isMailbox, err := s.principal(ctx, name)
		if err != nil {
			return err
		}
		if before == nil || !isMailbox {
			continue
		}
		after := before.clone()
		if err = change(&after); err != nil {
			return err
		}
		p.update(*before, after, nil)
	}
	return nil
}
