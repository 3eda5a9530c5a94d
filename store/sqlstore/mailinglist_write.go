package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
	"github.com/postern-mail/postern/store/sqldb"
)

// CreateMailingListAccount implements store.MailingListAccounts.
func (s *Store) CreateMailingListAccount(ctx context.Context, w store.Write, m store.MailingListAccountCreate) (store.Change, error) {
	if err := m.Check(); err != nil {
		return store.Change{}, err
	}
	if !s.schema.Has(tableMailingLists) {
		return store.Change{}, store.Fail(store.Unavailable, store.CodeNotConfigured,
			"The account database has no table %s. Upgrade iRedMail to enable mailing lists.", tableMailingLists)
	}
	return s.write(ctx, w, func(tx *sqldb.Tx, now time.Time) (*plan, error) {
		if err := s.admitMailingList(ctx, tx, w, m.Mail); err != nil {
			return nil, err
		}
		p := planOf(store.Change{Action: store.ActionCreate})
		var err error
		if p.Change.Scope, err = s.scopeOf(ctx, tx, w.Actor); err != nil {
			return nil, err
		}
		if err = s.lookForLeftovers(ctx, tx, p, m.Mail); err != nil {
			return nil, err
		}
		extra, err := s.dropForeignExtra(ctx, tx, w, m.Mail, nil, &m.ExtraAddresses, &p.Change)
		if err != nil {
			return nil, err
		}
		addresses := s.addressRules(tx, w)
		if err = addresses.CheckPeople(ctx, m.Mail, &m.Owners, &m.Moderators); err == nil {
			itself := append([]string{m.Mail}, extra...)
			err = addresses.CheckSubscribers(ctx, itself, m.Subscribers, m.SubscriberField, &p.Change)
		}
		if err != nil {
			return nil, err
		}
		before, _, err := s.namesBefore(ctx, tx, p, m.Mail)
		if err != nil {
			return nil, err
		}
		s.planNewMailingList(p, m, extra, now)
		p.Change.Made = s.madeMailingList(m, p.Change.After, append(before, extra...))
		return p, nil
	})
}

// admitMailingList returns an error unless the address is free and there is room for a list.
func (s *Store) admitMailingList(ctx context.Context, tx *sqldb.Tx, w store.Write, mail string) error {
	h, err := s.lockHome(ctx, tx, store.DomainOf(mail))
	if err != nil {
		return err
	}
	if err = s.addressRules(tx, w).CheckFree(ctx, mail); err != nil {
		return err
	}
	if err = s.takesList(ctx, tx, h); err != nil {
		return err
	}
	return s.managing(tx, w.Actor).CheckCaps(ctx, h.Name, rules.New(store.Usage{Lists: 1}))
}

func (s *Store) planNewMailingList(p *plan, m store.MailingListAccountCreate, extra []string, now time.Time) {
	c := &p.Change
	c.Action, c.Noun, c.Name, c.Domain = store.ActionCreate, store.NounMailingList, m.Mail, store.DomainOf(m.Mail)
	s.planLeftovers(p, m.Mail)
	c.After = s.insert(p, tableMailingLists, map[string]any{
		"address": m.Mail, "domain": c.Domain, "name": m.Name, "transport": store.MailingListTransport(m.Mail), "mlid": uuid.NewString(),
		"maxmsgsize": m.MaxMessageSize, "accesspolicy": m.AccessPolicy, "is_newsletter": flag(m.Newsletter),
		"description": m.Description, "created": now, "modified": now, "expired": never, "active": flag(m.Active),
	})
	s.insert(p, "forwardings", map[string]any{
		"address": m.Mail, "forwarding": m.Mail, "domain": c.Domain, "dest_domain": c.Domain, "is_maillist": int64(1),
		"active": flag(m.Active),
	})
	s.replacePeople(p, m.Mail, &m.Owners, &m.Moderators)
	p.addForwardings(furtherAddresses(extra, m.Mail, flag(m.Active)))
}

func furtherAddresses(aliases []string, mail string, active int64) []forwarding {
	rows := make([]forwarding, len(aliases))
	for i, alias := range aliases {
		rows[i] = furtherAddress(alias, mail, active)
	}
	return rows
}

// UpdateMailingListAccount implements store.MailingListAccounts.
func (s *Store) UpdateMailingListAccount(ctx context.Context, w store.Write, mail string, u store.MailingListAccountUpdate) (store.Change, error) {
	if err := u.Check(); err != nil {
		return store.Change{}, err
	}
	return s.write(ctx, w, func(tx *sqldb.Tx, now time.Time) (*plan, error) {
		before, err := s.lockMailingList(ctx, tx, mail)
		if err != nil {
			return nil, err
		}
		is, err := s.wholeMailingLists(ctx, &tx.Reader, []store.Record{before})
		if err != nil {
			return nil, fmt.Errorf("read what belongs to %s: %w", mail, err)
		}
		u := rules.ChangesOfMailingList(u, is[0])
		after := slices.Clone(before)
		assignText(after, "name", u.Name)
		assignText(after, "accesspolicy", u.AccessPolicy)
		assignText(after, "description", u.Description)
		assignFlag(after, "is_newsletter", u.Newsletter)
		assignFlag(after, "active", u.Active)
		if u.MaxMessageSize != nil {
			assign(after, "maxmsgsize", *u.MaxMessageSize)
		}
		p := planOf(store.Change{Noun: store.NounMailingList, Name: mail, Domain: text(before, "domain"), Before: before, After: after})
		rules.Update(&p.Change, stateOf(before), stateOf(after), false)
		if u.Active != nil {
			p.Do("UPDATE forwardings SET active = ? WHERE address = ? OR (forwarding = ? AND is_alias = 1)", flag(*u.Active), mail, mail)
		}
		if err = s.editMailingList(ctx, tx, w, p, after, u); err != nil {
			return nil, err
		}
		s.finish(p, rowEdit{tableMailingLists, "address", mail, before, after, u.Elsewhere}, now)
		return p, nil
	})
}

// editMailingList plans what the update says about people and further addresses.
func (s *Store) editMailingList(ctx context.Context, tx *sqldb.Tx, w store.Write, p *plan, row store.Record, u store.MailingListAccountUpdate) error {
	mail, current := text(row, "address"), []string{}
	query := "SELECT address FROM forwardings WHERE forwarding = ? AND is_alias = 1 ORDER BY address"
	if err := tx.Select(ctx, &current, query, mail); err != nil {
		return fmt.Errorf("read further addresses of %s: %w", mail, err)
	}
	next, err := s.dropForeignExtra(ctx, tx, w, mail, current, u.ExtraAddresses, &p.Change)
	if err != nil {
		return err
	}
	for chunk := range slices.Chunk(store.LeaveOut(current, next), chunkSize) {
		p.Do("DELETE FROM forwardings WHERE forwarding = ? AND is_alias = 1 AND address IN (?)", mail, chunk)
	}
	p.addForwardings(furtherAddresses(store.LeaveOut(next, current), mail, number(row, "active")))
	if err = s.addressRules(tx, w).CheckPeople(ctx, mail, u.Owners, u.Moderators); err != nil {
		return err
	}
	s.replacePeople(p, mail, u.Owners, u.Moderators)
	itself := append([]string{mail}, next...)
	return s.addressRules(tx, w).CheckSubscribers(ctx, itself, u.Subscribers, u.SubscriberField, &p.Change)
}

// dropForeignExtra returns the further addresses of a list after a change, without those that it cannot have; nil leaves them.
func (s *Store) dropForeignExtra(
	ctx context.Context, tx *sqldb.Tx, w store.Write, mail string, current []string, extra *[]string, change *store.Change,
) ([]string, error) {
	if extra == nil {
		return current, nil
	}
	domain := store.DomainOf(mail)
	wanted := store.LeaveOut(*extra, []string{mail})
	return s.nextFurther(ctx, tx, w, rules.FurtherOfList(domain), current, change.WholeSet(wanted), change)
}

// lockMailingList reads the row of a list and holds it. Returns NO_SUCH_ACCOUNT.
func (s *Store) lockMailingList(ctx context.Context, tx *sqldb.Tx, mail string) (store.Record, error) {
	if !s.schema.Has(tableMailingLists) {
		return nil, store.NoSuchAccount(mail)
	}
	rows, err := tx.Records(ctx, "SELECT * FROM maillists WHERE address = ? "+tx.ForUpdate(), mail)
	if err != nil {
		return nil, fmt.Errorf("read mailing list %s: %w", mail, err)
	}
	if len(rows) == 0 {
		return nil, store.NoSuchAccount(mail)
	}
	return rows[0], nil
}

// replacePeople plans who owns and who moderates a list or an alias account; nil leaves them.
func (s *Store) replacePeople(p *plan, list string, owners, moderators *[]string) {
	for _, people := range []struct {
		table, column string
		mails         *[]string
	}{{"maillist_owners", "owner", owners}, {"moderators", "moderator", moderators}} {
		if people.mails == nil || !s.schema.Has(people.table) {
			continue
		}
		p.Do("DELETE FROM "+people.table+" WHERE address = ?", list)
		mails := store.Set{Add: *people.mails}.Apply(nil)
		for chunk := range slices.Chunk(mails, rowsPerInsert) {
			args := make([]any, 0, 4*len(chunk))
			for _, mail := range chunk {
				args = append(args, list, mail, store.DomainOf(list), store.DomainOf(mail))
			}
			p.Into(people.table, "INSERT INTO "+people.table+" (address, "+people.column+", domain, dest_domain{columns}) VALUES "+
				strings.TrimSuffix(strings.Repeat("(?, ?, ?, ?{values}), ", len(chunk)), ", "), args...)
		}
	}
}

// DeleteMailingListAccount implements store.MailingListAccounts.
func (s *Store) DeleteMailingListAccount(ctx context.Context, w store.Write, mail string, keepArchive bool) (store.Change, error) {
	return s.write(ctx, w, func(tx *sqldb.Tx, _ time.Time) (*plan, error) {
		row, err := s.lockMailingList(ctx, tx, mail)
		if err != nil {
			return nil, err
		}
		p, err := s.planGone(ctx, tx, w.Actor, store.NounMailingList, mail)
		if err != nil {
			return nil, err
		}
		p.Change.Before, p.Change.KeepArchive = row, keepArchive
		p.Do("DELETE FROM maillists WHERE address = ?", mail)
		return p, nil
	})
}
