package sqlstore

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
	"github.com/postern-mail/postern/store/sqldb"
)

// keepsAdmins returns PERMISSION_DENIED when an actor that is not global would take a mailbox, which goes or gets another
// name, out of a domain where only a global admin may (see rules.Stays). A standalone admin of the same address is the admin
// then, and stays. It is asked before the row of the mailbox is held, for it holds rows of domains.
func (s *Store) keepsAdmins(ctx context.Context, tx *sqldb.Tx, actor store.Actor, mail string) error {
	if actor.Global || actor.Username == "" {
		return nil
	}
	return s.keepsAdminsOf(ctx, tx, "", "SELECT username, domain FROM domain_admins WHERE username = ?"+
		" AND domain <> 'ALL' AND username NOT IN (SELECT username FROM admin)", mail)
}

// keepsAdminsOutside is keepsAdmins for all mailboxes of a domain that goes with them. Nor does an actor delete the domain whose
// other admins hold it by their caps (see rules.CheckDeletes).
func (s *Store) keepsAdminsOutside(ctx context.Context, tx *sqldb.Tx, actor store.Actor, domain string) error {
	if actor.Global || actor.Username == "" {
		return nil
	}
	self, err := s.capsOf(ctx, &tx.Reader, actor.Username)
	if err != nil {
		return err
	}
	admins, err := s.cappedIn(ctx, &tx.Reader, domain)
	if err != nil {
		return err
	}
	if err = rules.CheckDeletes(self, admins); err != nil {
		return err
	}
	return s.keepsAdminsOf(ctx, tx, domain, "SELECT a.username, a.domain FROM mailbox m JOIN domain_admins a ON a.username = "+
		s.db.Dialect.ASCII("m.username")+" WHERE m.domain = ? AND a.domain <> 'ALL' AND a.username NOT IN (SELECT username FROM admin)", domain)
}

// keepsAdminsOf is keepsAdmins for those whom a query finds with the domains that they leave. The domain that goes itself
// is not asked about.
func (s *Store) keepsAdminsOf(ctx context.Context, tx *sqldb.Tx, goes, query string, args ...any) error {
	var rows []struct{ Username, Domain string }
	if err := tx.Select(ctx, &rows, query, args...); err != nil {
		return fmt.Errorf("look what admins manage: %w", err)
	}
	leaving := map[string][]string{} // by domain
	for _, row := range rows {
		if domain := strings.ToLower(row.Domain); domain != goes {
			leaving[domain] = append(leaving[domain], strings.ToLower(row.Username))
		}
	}
	if len(leaving) == 0 {
		return nil
	}
	admins, err := s.lockAdmins(ctx, tx, slices.Sorted(maps.Keys(leaving)))
	if err != nil {
		return err
	}
	for _, domain := range slices.Sorted(maps.Keys(leaving)) {
		if stay := rules.Stays(admins[domain], leaving[domain]); len(stay) > 0 {
			return rules.MustStay(stay[0])
		}
	}
	return nil
}

// lockAdmins holds the rows of domains, in their order, so that nobody else changes who manages them, and returns the admins of
// each that are not global.
func (s *Store) lockAdmins(ctx context.Context, tx *sqldb.Tx, domains []string) (map[string][]rules.Capped, error) {
	var held []string
	query := "SELECT domain FROM domain WHERE domain IN (?) ORDER BY domain " + tx.ForUpdate()
	if err := tx.Select(ctx, &held, query, domains); err != nil {
		return nil, fmt.Errorf("hold domains: %w", err)
	}
	var rows []struct{ Username, Domain string }
	if err := tx.Select(ctx, &rows, "SELECT username, domain FROM domain_admins WHERE domain IN (?)", domains); err != nil {
		return nil, fmt.Errorf("read admins of domains: %w", err)
	}
	names := make([]string, len(rows))
	for i, row := range rows {
		names[i] = strings.ToLower(row.Username)
	}
	slices.Sort(names)
	capped, err := s.cappedOf(ctx, &tx.Reader, slices.Compact(names))
	if err != nil {
		return nil, err
	}
	admins := map[string][]rules.Capped{}
	for _, row := range rows {
		i := slices.IndexFunc(capped, func(c rules.Capped) bool { return strings.EqualFold(c.Username, row.Username) })
		if domain := strings.ToLower(row.Domain); i >= 0 {
			admins[domain] = append(admins[domain], capped[i])
		}
	}
	return admins, nil
}

// admitAdmins returns who manages a domain after a change by an actor that is not global, or PERMISSION_DENIED: it appoints
// nobody while something is forbidden to it, and removes nobody who is above it or whom only a global admin may remove. Where
// all are removed at once and the rule is to drop, those stay and are named in the change.
func (s *Store) admitAdmins(
	ctx context.Context, tx *sqldb.Tx, w store.Write, domain string, current []string, set store.Set, change *store.Change,
) ([]string, error) {
	next := set.Apply(current)
	if w.Actor.Global || w.Actor.Username == "" {
		return next, nil
	}
	added, removed := store.LeaveOut(next, current), store.LeaveOut(current, next)
	self, err := s.capsOf(ctx, &tx.Reader, w.Actor.Username)
	if err != nil {
		return nil, err
	}
	if len(added) > 0 {
		if err = rules.CheckAppoints(self); err != nil {
			return nil, err
		}
	}
	if len(removed) == 0 {
		return next, nil
	}
	found, err := s.identities(ctx, &tx.Reader, append(slices.Clone(removed), w.Actor.Username))
	if err != nil {
		return nil, err
	}
	admins, err := s.cappedIn(ctx, &tx.Reader, domain)
	if err != nil {
		return nil, err
	}
	r := rules.Removal{Actor: found[w.Actor.Username], Admins: admins, Known: found, Set: set, Now: current}
	return r.Next(w.OnMissing, change)
}
