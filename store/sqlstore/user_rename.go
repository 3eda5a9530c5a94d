package sqlstore

import (
	"context"
	"slices"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
	"github.com/postern-mail/postern/store/sqldb"
)

// RenameUser implements store.Users.
func (s *Store) RenameUser(ctx context.Context, w store.Write, mail, newMail string) (store.Change, error) {
	return s.write(ctx, w, func(tx *sqldb.Tx, now time.Time) (*plan, error) {
		if err := s.keepsAdmins(ctx, tx, w.Actor, mail); err != nil {
			return nil, err
		}
		before, err := lockUser(ctx, tx, mail)
		if err != nil {
			return nil, err
		}
		if err = s.admitRenamedUser(ctx, tx, w, before, newMail); err != nil {
			return nil, err
		}
		after := slices.Clone(before)
		assign(after, "username", newMail)
		assign(after, "domain", store.DomainOf(newMail))
		assign(after, "modified", now)
		scope, err := s.scopeOf(ctx, tx, w.Actor)
		if err != nil {
			return nil, err
		}
		p := planOf(rules.Renamed(store.NounUser, mail, newMail, scope))
		p.Change.Before, p.Change.After = concealed(before, store.HiddenPassword), concealed(after, store.HiddenPassword)
		if err = s.carry(ctx, tx, p, mail, newMail); err != nil {
			return nil, err
		}
		s.update(p, "mailbox", "username", mail, before, after)
		return p, nil
	})
}

// admitRenamedUser returns an error unless the mailbox may have the new address. In another domain it counts as a
// new one, but its quota stays as it is.
func (s *Store) admitRenamedUser(ctx context.Context, tx *sqldb.Tx, w store.Write, row store.Record, newMail string) error {
	h, err := s.lockHome(ctx, tx, store.DomainOf(newMail))
	if err != nil {
		return err
	}
	if err = s.addressRules(tx, w).CheckFree(ctx, newMail); err != nil {
		return err
	}
	old := text(row, "domain")
	if h.Name == old {
		return nil
	}
	if err = s.takesUser(ctx, tx, h); err != nil {
		return err
	}
	quota := number(row, "quota")
	if err = h.quotas().Check(quota, 0, w.Actor); err != nil {
		return err
	}
	return s.managing(tx, w.Actor).CheckMove(ctx, old, h.Name, store.Usage{Users: 1, Quota: store.QuotaUsage(quota)})
}
