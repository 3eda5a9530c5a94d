package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// UpdateDomainAdmins implements store.Domains.
func (s *Store) UpdateDomainAdmins(ctx context.Context, w store.Write, name string, admins store.Set) (store.Change, error) {
	return s.write(ctx, w, func(tx *sqldb.Tx, now time.Time) (*plan, error) {
		before, err := lockDomain(ctx, tx, name)
		if err != nil {
			return nil, err
		}
		var current []string
		query := "SELECT username FROM domain_admins WHERE domain = ? ORDER BY username"
		if err = tx.Select(ctx, &current, query, name); err != nil {
			return nil, fmt.Errorf("read admins of domain %s: %w", name, err)
		}
		p := &plan{}
		next, err := s.managing(tx, w.Actor).NextAdmins(ctx, w.OnMissing, name, current, admins, &p.Change)
		if err != nil {
			return nil, err
		}
		added := store.LeaveOut(next, current)
		if err = s.checkMayBeAdmins(ctx, tx, added); err != nil {
			return nil, err
		}
		after := slices.Clone(before)
		p.Change = store.Change{
			Action: store.ActionUpdate, Noun: store.NounDomain, Name: name, Domain: name, Before: before, After: after,
			Discarded: p.Change.Discarded,
		}
		s.planRemoveAdmins(p, name, store.LeaveOut(current, next))
		s.planAddAdmins(p, name, added, now)
		s.finish(p, rowEdit{"domain", "domain", name, before, after, false}, now)
		return p, nil
	})
}

// checkMayBeAdmins returns NO_SUCH_ACCOUNT for the first name that is neither a standalone admin nor a mail user.
func (s *Store) checkMayBeAdmins(ctx context.Context, tx *sqldb.Tx, names []string) error {
	standalone, err := namesIn(ctx, tx, "SELECT username FROM admin WHERE username IN (?)", names)
	if err != nil {
		return fmt.Errorf("look for admins: %w", err)
	}
	rest := store.LeaveOut(names, standalone)
	mailboxes, err := namesIn(ctx, tx, "SELECT username FROM mailbox WHERE username IN (?)", rest)
	if err != nil {
		return fmt.Errorf("look for mailboxes: %w", err)
	}
	if absent := store.LeaveOut(rest, mailboxes); len(absent) > 0 {
		return store.MissingReference("addAdmin", absent[0])
	}
	return nil
}

// planAddAdmins makes the accounts admins of the domain, which they are not yet. Mail users among them are marked.
func (s *Store) planAddAdmins(p *plan, domain string, names []string, now time.Time) {
	if len(names) == 0 {
		return
	}
	for _, name := range names {
		s.insert(p, "domain_admins", map[string]any{
			"username": name, "domain": domain, "created": now, "modified": now, "expired": never, "active": int64(1),
		})
	}
	p.doIn("UPDATE mailbox SET isadmin = 1 WHERE username IN (?)", names, everywhere())
}

// planRemoveAdmins takes the domain from the accounts.
func (s *Store) planRemoveAdmins(p *plan, domain string, names []string) {
	if len(names) == 0 {
		return
	}
	p.doIn("DELETE FROM domain_admins WHERE username IN (?)", names, []condition{{" AND domain = ?", []any{domain}}})
	s.planUnmarkAdmins(p, names)
}

// planUnmarkAdmins removes the mark of an admin from those mail users who have nothing left to manage.
func (s *Store) planUnmarkAdmins(p *plan, names []string) {
	if len(names) == 0 {
		return
	}
	p.doIn("UPDATE mailbox SET isadmin = 0 WHERE isglobaladmin = 0 AND NOT EXISTS (SELECT 1 FROM domain_admins a"+
		" WHERE a.username = "+s.db.Dialect.ASCII("mailbox.username")+") AND username IN (?)", names, everywhere())
}
