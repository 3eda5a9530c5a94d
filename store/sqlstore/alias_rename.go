package sqlstore

import (
	"context"
	"slices"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
	"github.com/postern-mail/postern/store/sqldb"
)

// RenameAlias implements store.Aliases.
func (s *Store) RenameAlias(ctx context.Context, w store.Write, mail, newMail string) (store.Change, error) {
	return s.write(ctx, w, func(tx *sqldb.Tx, now time.Time) (*plan, error) {
		before, err := s.lockAlias(ctx, tx, mail)
		if err != nil {
			return nil, err
		}
		if err = s.admitRenamedAlias(ctx, tx, w, text(before, "domain"), newMail); err != nil {
			return nil, err
		}
		after := slices.Clone(before)
		assign(after, "address", newMail)
		assign(after, "domain", store.DomainOf(newMail))
		assign(after, "modified", now)
		scope, err := s.scopeOf(ctx, tx, w.Actor)
		if err != nil {
			return nil, err
		}
		p := planOf(rules.Renamed(store.NounAlias, mail, newMail, scope))
		p.Change.Before, p.Change.After = before, after
		if err = s.carry(ctx, tx, p, mail, newMail); err != nil {
			return nil, err
		}
		if err = s.replaceGroup(ctx, tx, p, mail, newMail, now); err != nil {
			return nil, err
		}
		s.update(p, "alias", "address", mail, before, after)
		return p, nil
	})
}

// admitRenamedAlias returns an error unless the alias may have the new address. In another domain it counts as a new
// one.
func (s *Store) admitRenamedAlias(ctx context.Context, tx *sqldb.Tx, w store.Write, old, newMail string) error {
	h, err := s.lockHome(ctx, tx, store.DomainOf(newMail))
	if err != nil {
		return err
	}
	if err = s.addressRules(tx, w).CheckFree(ctx, newMail); err != nil {
		return err
	}
	if h.Name == old {
		return nil
	}
	if err = s.takesAlias(ctx, tx, h); err != nil {
		return err
	}
	return s.managing(tx, w.Actor).CheckMove(ctx, old, h.Name, store.Usage{Aliases: 1})
}
