package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
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
	set, err := s.dropMissing(ctx, tx, w.OnMissing, store.DomainOf(e.mail), change.Field("forwarding", "addForwarding"), change, &e.Change)
	if err != nil {
		return err
	}
	current := []string{}
	query := "SELECT forwarding FROM forwardings WHERE address = ? AND is_forwarding = 1 ORDER BY forwarding"
	if err = tx.Select(ctx, &current, query, e.mail); err != nil {
		return fmt.Errorf("read forwarding of %s: %w", e.mail, err)
	}
	next, err := set.ApplyTo(current, "forwarding")
	if err != nil {
		return err
	}
	if len(next) == 0 {
		next = []string{e.mail}
	}
	active := number(e.after, "active")
	e.changeForwardings(e.mail, current, next, func(destination string) forwarding {
		return ownForwarding(e.mail, destination, active)
	})
	return nil
}

// dropMissing leaves out of a change what names an account under a hosted domain that does not exist, and notes that.
func (s *Store) dropMissing(
	ctx context.Context, tx *sqldb.Tx, rule store.OnMissing, home, field string, set store.Set, change *store.Change,
) (store.Set, error) {
	missing, err := s.missing(ctx, tx, home, set.Wanted())
	if err != nil {
		return set, err
	}
	return store.Discard(rule, set, missing, change, func(mail string) *store.Error { return store.MissingReference(field, mail) })
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
	domain := strings.ToLower(text(e.before, "domain")) // see namesIn
	change, err := s.dropForeign(ctx, tx, w, domain, current, change, further{
		field: change.Field("aliases", "addAlias"),
		outside: func() *store.Error {
			return store.Fail(store.Invalid, store.CodeInvalidMail, "An alias must be in %s or one of its alias domains.", domain)
		},
	}, &e.Change)
	if err != nil {
		return err
	}
	next, err := change.ApplyTo(current, "aliases")
	if err != nil {
		return err
	}
	for chunk := range slices.Chunk(store.LeaveOut(current, next), chunkSize) {
		e.Do("DELETE FROM forwardings WHERE forwarding = ? AND is_alias = 1 AND address IN (?)", e.mail, chunk)
	}
	var rows []forwarding
	for _, alias := range store.LeaveOut(next, current) {
		rows = append(rows, furtherAddress(alias, e.mail, number(e.after, "active")))
	}
	e.addForwardings(rows)
	return nil
}

// further says how a change to further addresses is refused.
type further struct {
	field   string
	outside func() *store.Error
}

// dropForeign leaves out new addresses that lie outside of the domain, are in use or are extensions of somebody's. The domain's row is held, so
// that nobody else takes one meanwhile.
func (s *Store) dropForeign(
	ctx context.Context, tx *sqldb.Tx, w store.Write, domain string, current []string, set store.Set, f further,
	change *store.Change,
) (store.Set, error) {
	if len(store.LeaveOut(set.Wanted(), current)) == 0 {
		return set, nil
	}
	if _, err := s.lockHome(ctx, tx, domain); err != nil {
		return set, err
	}
	outside, err := s.outside(ctx, tx, domain, store.LeaveOut(set.Wanted(), current))
	if err != nil {
		return set, err
	}
	set, err = store.Discard(w.OnMissing, set, outside, change, func(string) *store.Error { return f.outside().With(f.field) })
	if err != nil {
		return set, err
	}
	taken, err := s.takenOf(ctx, tx, store.LeaveOut(set.Wanted(), current))
	if err != nil {
		return set, fmt.Errorf("look for further addresses in %s: %w", domain, err)
	}
	set, err = store.Discard(w.OnMissing, set, taken, change, func(mail string) *store.Error { return store.AlreadyExists(mail).With(f.field) })
	if err != nil {
		return set, err
	}
	reserved, err := s.reserved(ctx, tx, w.Actor, store.LeaveOut(set.Wanted(), current))
	if err != nil {
		return set, err
	}
	return store.Discard(w.OnMissing, set, reserved, change, func(mail string) *store.Error { return rules.NotYours(mail).With(f.field) })
}

// outside returns those of the addresses that are neither in the domain nor in one of its alias domains.
func (s *Store) outside(ctx context.Context, tx *sqldb.Tx, domain string, mails []string) ([]string, error) {
	targets, err := s.aliasTargets(ctx, tx, store.LeaveOut(domainsOf(mails), []string{domain}))
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(mails), func(mail string) bool {
		home := store.DomainOf(mail)
		return home == domain || targets[home] == domain
	}), nil
}

// editUserBcc plans who gets blind copies.
func (s *Store) editUserBcc(ctx context.Context, tx *sqldb.Tx, e *userEdit, u store.UserUpdate, now time.Time) error {
	for _, bcc := range []struct {
		table, field string
		mail         *string
	}{
		{"sender_bcc_user", "senderBcc", u.SenderBcc}, {"recipient_bcc_user", "recipientBcc", u.RecipientBcc},
	} {
		if bcc.mail == nil || !s.schema.Has(bcc.table) {
			continue
		}
		if err := s.checkReferences(ctx, tx, store.DomainOf(e.mail), bcc.field, *bcc.mail); err != nil {
			return err
		}
		e.Do("DELETE FROM "+bcc.table+" WHERE username = ?", e.mail)
		if *bcc.mail != "" {
			s.insert(&e.plan, bcc.table, map[string]any{
				"username": e.mail, "bcc_address": *bcc.mail, "domain": text(e.before, "domain"),
				"created": now, "modified": now, "expired": never, "active": number(e.after, "active"),
			})
		}
	}
	return nil
}
