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
	return s.editUserBcc(ctx, tx, w, e, u, now)
}

// editForwarding plans where mail to the mailbox goes. Nothing left means the mailbox itself: without any row the
// catch-all of the domain would get its mail.
func (s *Store) editForwarding(ctx context.Context, tx *sqldb.Tx, w store.Write, e *userEdit, change store.Set) error {
	if !change.Touches() {
		return nil
	}
	query := "SELECT forwarding AS name, active FROM forwardings WHERE address = ? AND is_forwarding = 1 ORDER BY forwarding"
	rows, err := readSwitched(ctx, tx, query, e.mail)
	if err != nil {
		return fmt.Errorf("read forwarding of %s: %w", e.mail, err)
	}
	current := rows.names()
	if change.IsAlready(current) {
		return nil
	}
	set, err := s.addressRules(tx, w).DropMissing(ctx, store.DomainOf(e.mail), change.Field("forwarding", "addForwarding"), change, &e.Change)
	if err != nil {
		return err
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
	asked := among(current, set.Add) // who is asked for expressly is not left off
	e.forgetOff("forwarding", slices.Concat(asked, store.LeaveOut(current, next), store.LeaveOut(next, current)))
	for chunk := range slices.Chunk(rows.otherThan(active, asked), chunkSize) {
		e.Do("UPDATE forwardings SET active = ? WHERE address = ? AND is_forwarding = 1 AND forwarding IN (?)", active, e.mail, chunk)
	}
	return nil
}

// editFurther plans the further addresses of the mailbox.
func (s *Store) editFurther(ctx context.Context, tx *sqldb.Tx, w store.Write, e *userEdit, change store.Set) error {
	if !change.Touches() {
		return nil
	}
	query := "SELECT address AS name, active FROM forwardings WHERE forwarding = ? AND is_alias = 1 ORDER BY address"
	stored, err := readSwitched(ctx, tx, query, e.mail)
	if err != nil {
		return fmt.Errorf("read aliases of %s: %w", e.mail, err)
	}
	current, active := stored.names(), number(e.after, "active")
	if change.IsAlready(current) {
		return nil
	}
	domain := strings.ToLower(text(e.before, "domain")) // see namesIn
	next, err := s.nextFurther(ctx, tx, w, rules.FurtherOfUser(domain, change), current, change, &e.Change)
	if err != nil {
		return err
	}
	for chunk := range slices.Chunk(store.LeaveOut(current, next), chunkSize) {
		e.Do("DELETE FROM forwardings WHERE forwarding = ? AND is_alias = 1 AND address IN (?)", e.mail, chunk)
	}
	var rows []forwarding
	for _, alias := range store.LeaveOut(next, current) {
		rows = append(rows, furtherAddress(alias, e.mail, active))
	}
	e.addForwardings(rows)
	asked := among(current, change.Add)
	e.forgetOff("alias", slices.Concat(asked, store.LeaveOut(current, next), store.LeaveOut(next, current)))
	for chunk := range slices.Chunk(stored.otherThan(active, asked), chunkSize) {
		e.Do("UPDATE forwardings SET active = ? WHERE forwarding = ? AND is_alias = 1 AND address IN (?)", active, e.mail, chunk)
	}
	return nil
}

// nextFurther is rules.Further.Next. The row of the domain is held, so that nobody else takes an address meanwhile.
func (s *Store) nextFurther(
	ctx context.Context, tx *sqldb.Tx, w store.Write, f rules.Further, current []string, set store.Set, change *store.Change,
) ([]string, error) {
	if len(store.LeaveOut(set.Wanted(), current)) > 0 {
		if _, err := s.lockHome(ctx, tx, f.Domain); err != nil {
			return nil, err
		}
	}
	return f.Next(ctx, s.addressRules(tx, w), current, set, change)
}

// editUserBcc plans who gets blind copies.
func (s *Store) editUserBcc(
	ctx context.Context, tx *sqldb.Tx, w store.Write, e *userEdit, u store.UserUpdate, now time.Time,
) error {
	for _, bcc := range []struct {
		table, field, kind string
		mail               *string
	}{
		{"sender_bcc_user", "senderBcc", "sender_bcc", u.SenderBcc}, {"recipient_bcc_user", "recipientBcc", "recipient_bcc", u.RecipientBcc},
	} {
		if bcc.mail == nil || !s.schema.Has(bcc.table) {
			continue
		}
		if err := s.addressRules(tx, w).CheckReferences(ctx, store.DomainOf(e.mail), bcc.field, *bcc.mail); err != nil {
			return err
		}
		e.forgetOff(bcc.kind, nil)
		e.Do("DELETE FROM "+bcc.table+" WHERE username = ?", e.mail)
		s.planUserBcc(&e.plan, bcc.table, userBcc{e.mail, text(e.before, "domain"), *bcc.mail, number(e.after, "active")}, now)
	}
	return nil
}
