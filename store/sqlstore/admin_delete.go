package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// DeleteAdmin implements store.Admins.
func (s *Store) DeleteAdmin(ctx context.Context, w store.Write, mail string) (store.Change, error) {
	return s.write(ctx, w, func(tx *sqldb.Tx, now time.Time) (*plan, error) {
		if err := s.keepsGlobalAdmin(ctx, tx, mail); err != nil {
			return nil, err
		}
		admin, err := lockAdmin(ctx, tx, mail)
		if err != nil {
			return nil, err
		}
		mailbox, err := lockMailbox(ctx, tx, mail)
		if err != nil {
			return nil, err
		}
		if admin == nil && mailbox == nil {
			return nil, store.NoSuchAccount(mail)
		}
		if err = s.keepsGlobalAdmin(ctx, tx, mail); err != nil {
			return nil, err
		}
		p := planAdminDelete(mail, admin)
		if mailbox != nil {
			change := s.planRightsRemoval(p, mailbox, now)
			if admin == nil {
				p.Change = change
			}
		}
		return p, nil
	})
}

// lockMailbox reads the row of a mailbox, nil when there is none, and holds it until the transaction ends.
func lockMailbox(ctx context.Context, tx *sqldb.Tx, mail string) (store.Record, error) {
	rows, err := tx.Records(ctx, "SELECT * FROM mailbox WHERE username = ? "+tx.ForUpdate(), mail)
	if err != nil {
		return nil, fmt.Errorf("read mailbox %s: %w", mail, err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	return rows[0], nil
}

// planAdminDelete removes a standalone admin and whatever the address is named an admin of.
func planAdminDelete(mail string, row store.Record) *plan {
	p := planOf(store.Change{
		Action: store.ActionDelete, Noun: store.NounAdmin, Name: mail, Before: concealed(row, store.HiddenPassword),
		EndsSessions: true, Lasting: true,
	})
	p.Do("DELETE FROM domain_admins WHERE username = ?", mail)
	p.Do("DELETE FROM admin WHERE username = ?", mail)
	return p
}

// planRightsRemoval takes the marks of an admin from a mail user. The mailbox lives on, so nothing was deleted.
func (s *Store) planRightsRemoval(p *plan, before store.Record, now time.Time) store.Change {
	mail := text(before, "username")
	after := slices.Clone(before)
	assign(after, "isadmin", int64(0))
	assign(after, "isglobaladmin", int64(0))
	assign(after, "modified", now)
	s.update(p, "mailbox", "username", mail, before, after)
	return store.Change{
		Action: store.ActionRevoke, Noun: store.NounAdmin, Name: mail, Domain: text(before, "domain"),
		Before: concealed(before, store.HiddenPassword), After: concealed(after, store.HiddenPassword), EndsSessions: true,
	}
}
