package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
	"github.com/postern-mail/postern/store/sqldb"
)

// CreateAlias implements store.Aliases.
func (s *Store) CreateAlias(ctx context.Context, w store.Write, a store.AliasCreate) (store.Change, error) {
	if err := a.Check(); err != nil {
		return store.Change{}, err
	}
	return s.write(ctx, w, func(tx *sqldb.Tx, now time.Time) (*plan, error) {
		h, err := s.lockHome(ctx, tx, store.DomainOf(a.Mail))
		if err != nil {
			return nil, err
		}
		if err = s.addressRules(tx, w).CheckFree(ctx, a.Mail); err != nil {
			return nil, err
		}
		if err = s.takesAlias(ctx, tx, h); err != nil {
			return nil, err
		}
		if err = s.managing(tx, w.Actor).CheckCaps(ctx, h.Name, rules.New(store.Usage{Aliases: 1})); err != nil {
			return nil, err
		}
		p := &plan{}
		if p.Change.Scope, err = s.scopeOf(ctx, tx, w.Actor); err != nil {
			return nil, err
		}
		if err = s.lookForLeftovers(ctx, tx, p, a.Mail); err != nil {
			return nil, err
		}
		members, err := s.addressRules(tx, w).Members(ctx, a.Mail, "members", nil, store.Set{Add: a.Members}, &p.Change)
		if err != nil {
			return nil, err
		}
		if err = s.addressRules(tx, w).CheckReferences(ctx, store.DomainOf(a.Mail), "moderators", a.Moderators...); err != nil {
			return nil, err
		}
		s.planNewAlias(p, a, members, now)
		return p, nil
	})
}

func (s *Store) planNewAlias(p *plan, a store.AliasCreate, members []string, now time.Time) {
	c := &p.Change
	c.Action, c.Noun, c.Name, c.Domain = store.ActionCreate, store.NounAlias, a.Mail, store.DomainOf(a.Mail)
	s.planLeftovers(p, a.Mail)
	c.After = s.insert(p, "alias", map[string]any{
		"address": a.Mail, "name": a.Name, "accesspolicy": a.AccessPolicy, "domain": c.Domain,
		"created": now, "modified": now, "expired": never, "active": flag(a.Active),
	})
	c.Made = s.madeAlias(a, c.After, members)
	rows := make([]forwarding, len(members))
	for i, member := range members {
		rows[i] = membership(a.Mail, member, flag(a.Active))
	}
	p.addForwardings(rows)
	if len(a.Moderators) > 0 {
		s.replacePeople(p, a.Mail, nil, &a.Moderators)
	}
}

// UpdateAlias implements store.Aliases.
func (s *Store) UpdateAlias(ctx context.Context, w store.Write, mail string, u store.AliasUpdate) (store.Change, error) {
	if err := u.Check(); err != nil {
		return store.Change{}, err
	}
	return s.write(ctx, w, func(tx *sqldb.Tx, now time.Time) (*plan, error) {
		before, err := s.lockAlias(ctx, tx, mail)
		if err != nil {
			return nil, err
		}
		is := aliasOf(before)
		if u.Moderators != nil {
			if is.Moderators, err = s.moderatorsOf(ctx, tx, mail); err != nil {
				return nil, err
			}
		}
		u := rules.ChangesOfAlias(u, is)
		after := slices.Clone(before)
		assignText(after, "name", u.Name)
		assignText(after, "accesspolicy", u.AccessPolicy)
		assignFlag(after, "active", u.Active)
		p := planOf(store.Change{Noun: store.NounAlias, Name: mail, Domain: text(before, "domain"), Before: before, After: after})
		rules.Update(&p.Change, stateOf(before), stateOf(after), false)
		if u.Active != nil {
			p.Do("UPDATE forwardings SET active = ? WHERE address = ?", flag(*u.Active), mail)
		}
		if err = s.editMembers(ctx, tx, w, p, after, u.Members); err != nil {
			return nil, err
		}
		if u.Moderators != nil {
			if err = s.addressRules(tx, w).CheckReferences(ctx, store.DomainOf(mail), "moderators", *u.Moderators...); err != nil {
				return nil, err
			}
		}
		s.replacePeople(p, mail, nil, u.Moderators)
		s.finish(p, rowEdit{"alias", "address", mail, before, after, false}, now)
		return p, nil
	})
}

// lockAlias reads the row of an alias account and holds it. Returns NO_SUCH_ACCOUNT.
func (s *Store) lockAlias(ctx context.Context, tx *sqldb.Tx, mail string) (store.Record, error) {
	rows, err := tx.Records(ctx, "SELECT * FROM alias WHERE address = ? "+tx.ForUpdate(), mail)
	if err != nil {
		return nil, fmt.Errorf("read alias %s: %w", mail, err)
	}
	if len(rows) == 0 {
		return nil, store.NoSuchAccount(mail)
	}
	return rows[0], nil
}

// moderatorsOf reads who moderates an alias account.
func (s *Store) moderatorsOf(ctx context.Context, tx *sqldb.Tx, mail string) ([]string, error) {
	moderators := []string{}
	if !s.schema.Has("moderators") {
		return moderators, nil
	}
	err := tx.Select(ctx, &moderators, "SELECT moderator FROM moderators WHERE address = ? ORDER BY moderator", mail)
	if err != nil {
		return nil, fmt.Errorf("read moderators of %s: %w", mail, err)
	}
	return moderators, nil
}

// editMembers plans who gets the mail of an alias account.
func (s *Store) editMembers(ctx context.Context, tx *sqldb.Tx, w store.Write, p *plan, row store.Record, change store.Set) error {
	if !change.Touches() {
		return nil
	}
	mail := text(row, "address")
	query := "SELECT forwarding AS name, active FROM forwardings WHERE address = ? AND is_list = 1 ORDER BY forwarding"
	rows, err := readSwitched(ctx, tx, query, mail)
	if err != nil {
		return fmt.Errorf("read members of %s: %w", mail, err)
	}
	current := rows.names()
	if change.IsAlready(current) {
		return nil
	}
	next, err := s.addressRules(tx, w).Members(ctx, mail, change.Field("members", "addMember"), current, change, &p.Change)
	if err != nil {
		return err
	}
	active := number(row, "active")
	p.changeForwardings(mail, current, next, func(member string) forwarding {
		return membership(mail, member, active)
	})
	asked := store.LeaveOut(change.Add, p.Change.Discarded) // who is asked for expressly is not left off
	for chunk := range slices.Chunk(rows.otherThan(active, asked), chunkSize) {
		p.Do("UPDATE forwardings SET active = ? WHERE address = ? AND is_list = 1 AND forwarding IN (?)", active, mail, chunk)
	}
	return nil
}

// DeleteAlias implements store.Aliases.
func (s *Store) DeleteAlias(ctx context.Context, w store.Write, mail string) (store.Change, error) {
	return s.write(ctx, w, func(tx *sqldb.Tx, now time.Time) (*plan, error) {
		row, err := s.lockAlias(ctx, tx, mail)
		if err != nil {
			return nil, err
		}
		p, err := s.planGone(ctx, tx, w.Actor, store.NounAlias, mail)
		if err != nil {
			return nil, err
		}
		p.Change.Before = row
		if err = s.replaceGroup(ctx, tx, p, mail, "", now); err != nil {
			return nil, err
		}
		p.Do("DELETE FROM alias WHERE address = ?", mail)
		return p, nil
	})
}
