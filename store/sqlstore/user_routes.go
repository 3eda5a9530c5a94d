package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// editRoutes plans what the update says about where mail goes.
func (s *Store) editRoutes(
	ctx context.Context, tx *sqldb.Tx, w store.Write, e *userEdit, u store.UserUpdate, now time.Time,
) error {
	if err := s.editForwarding(ctx, tx, w, e, u.Forwarding); err != nil {
		return err
	}
	if err := s.editFurther(ctx, tx, w, e, u.Aliases); err != nil {
		return err
	}
	return s.editUserBcc(ctx, tx, e, u, now)
}

// editForwarding plans where mail to the mailbox goes. Nothing left means the mailbox itself: without any row the
// catch-all of the domain would get its mail.
func (s *Store) editForwarding(ctx context.Context, tx *sqldb.Tx, w store.Write, e *userEdit, change store.Set) error {
	if !change.Touches() {
		return nil
	}
	set, err := s.settle(ctx, tx, w.OnMissing, fieldOf(change, "forwarding", "addForwarding"), change, &e.change)
	if err != nil {
		return err
	}
	current := []string{}
	query := "SELECT forwarding FROM forwardings WHERE address = ? AND is_forwarding = 1 ORDER BY forwarding"
	if err = tx.Select(ctx, &current, query, e.mail); err != nil {
		return fmt.Errorf("read forwarding of %s: %w", e.mail, err)
	}
	next := set.Apply(current)
	if len(next) == 0 {
		next = []string{e.mail}
	}
	active := number(e.after, "active")
	e.changeForwardings(e.mail, current, next, func(destination string) forwarding {
		return ownForwarding(e.mail, destination, active)
	})
	return nil
}

// fieldOf names the parameter by which names come into a set: the one that replaces it or the one that adds to it.
func fieldOf(change store.Set, replace, add string) string {
	if change.Replace != nil {
		return replace
	}
	return add
}

// settle leaves out of a change what names an account under a hosted domain that does not exist, and notes that.
func (s *Store) settle(
	ctx context.Context, tx *sqldb.Tx, rule store.OnMissing, field string, set store.Set, change *store.Change,
) (store.Set, error) {
	_, discarded, err := s.destinations(ctx, tx, rule, field, wantedOf(set))
	if err != nil {
		return set, err
	}
	change.Discarded = append(change.Discarded, discarded...)
	set.Add = leaveOut(set.Add, discarded)
	if set.Replace != nil {
		kept := leaveOut(*set.Replace, discarded)
		set.Replace = &kept
	}
	return set, nil
}

// editFurther plans the further addresses of the mailbox.
func (s *Store) editFurther(ctx context.Context, tx *sqldb.Tx, w store.Write, e *userEdit, change store.Set) error {
	if !change.Touches() {
		return nil
	}
	current := []string{}
	query := "SELECT address FROM forwardings WHERE forwarding = ? AND is_alias = 1 ORDER BY address"
	if err := tx.Select(ctx, &current, query, e.mail); err != nil {
		return fmt.Errorf("read aliases of %s: %w", e.mail, err)
	}
	next := change.Apply(current)
	added := leaveOut(next, current)
	field := fieldOf(change, "aliases", "addAlias")
	taken, err := s.takenFurther(ctx, tx, field, text(e.before, "domain"), added)
	if err != nil {
		return err
	}
	if len(taken) > 0 && w.OnMissing != store.Drop {
		return store.AlreadyExists(taken[0]).With(field)
	}
	e.change.Discarded = append(e.change.Discarded, taken...)
	for chunk := range slices.Chunk(leaveOut(current, next), chunkSize) {
		e.do("DELETE FROM forwardings WHERE forwarding = ? AND is_alias = 1 AND address IN (?)", e.mail, chunk)
	}
	var rows []forwarding
	for _, alias := range leaveOut(added, taken) {
		rows = append(rows, furtherAddress(alias, e.mail, number(e.after, "active")))
	}
	e.addForwardings(rows)
	return nil
}

// takenFurther returns those of the new aliases of a mailbox that are in use. The domain's row is held, so that
// nobody else takes one meanwhile. Returns INVALID_MAIL for an alias outside of the domain.
func (s *Store) takenFurther(ctx context.Context, tx *sqldb.Tx, field, domain string, added []string) ([]string, error) {
	if len(added) == 0 {
		return nil, nil
	}
	if _, err := s.lockHome(ctx, tx, domain); err != nil {
		return nil, err
	}
	if err := s.checkFurther(ctx, tx, field, domain, added); err != nil {
		return nil, err
	}
	taken, err := s.takenOf(ctx, tx, added)
	if err != nil {
		return nil, fmt.Errorf("look for new aliases in %s: %w", domain, err)
	}
	return taken, nil
}

// checkFurther returns INVALID_MAIL for an address that is neither in the domain nor in one of its alias domains.
func (s *Store) checkFurther(ctx context.Context, tx *sqldb.Tx, field, domain string, mails []string) error {
	names := leaveOut(domainsOf(mails), []string{domain})
	targets, err := s.aliasTargets(ctx, tx, names)
	if err != nil {
		return err
	}
	for _, name := range names {
		if targets[name] != domain {
			return store.Fail(store.Invalid, store.CodeInvalidMail,
				"An alias must be in %s or one of its alias domains.", domain).With(field)
		}
	}
	return nil
}

// editUserBcc plans who gets blind copies.
func (s *Store) editUserBcc(ctx context.Context, tx *sqldb.Tx, e *userEdit, u store.UserUpdate, now time.Time) error {
	for _, bcc := range []struct {
		table, field string
		mail         *string
	}{
		{"sender_bcc_user", "senderBcc", u.SenderBcc}, {"recipient_bcc_user", "recipientBcc", u.RecipientBcc},
	} {
		if bcc.mail == nil || !s.schema.has(bcc.table) {
			continue
		}
		if err := s.checkReferences(ctx, tx, bcc.field, *bcc.mail); err != nil {
			return err
		}
		e.do("DELETE FROM "+bcc.table+" WHERE username = ?", e.mail)
		if *bcc.mail != "" {
			s.insert(&e.plan, bcc.table, map[string]any{
				"username": e.mail, "bcc_address": *bcc.mail, "domain": text(e.before, "domain"),
				"created": now, "modified": now, "expired": never, "active": int64(1),
			})
		}
	}
	return nil
}
