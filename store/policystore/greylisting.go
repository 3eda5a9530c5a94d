package policystore

import (
	"context"
	"fmt"
	"slices"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// anySender is whose mail a setting is about that the published operations make.
const anySender = string(store.Everybody)

var greylistingColumns = []column{
	{"account", "''"}, {"priority", "0"}, {"sender", "''"}, {"sender_priority", "0"}, {"comment", "''"}, {"active", "1"}, {"id", "0"},
}

// mostGreylisting is the longest account or sender where no column says otherwise.
const mostGreylisting = 255

// maxGreylisting returns the longest account or sender that the columns of the tables about greylisting take: those of
// iRedAPD on MariaDB are shorter.
func maxGreylisting(ctx context.Context, db *sqldb.DB) (int, error) {
	limits, err := db.TextLimits(ctx)
	if err != nil {
		return 0, err
	}
	most := int64(mostGreylisting)
	for _, table := range []string{"greylisting", "greylisting_whitelists", "greylisting_whitelist_domain_spf"} {
		for _, column := range []string{"account", "sender"} {
			if limit, known := limits[table][column]; known {
				most = min(most, limit.Characters)
			}
		}
	}
	return int(most), nil
}

// Greylisting implements store.Greylistings.
func (s *Store) Greylisting(ctx context.Context, account store.PolicyAccount) (store.Greylisting, error) {
	db, l, err := s.needIredapd(ctx, "greylisting")
	if err != nil {
		return store.Greylisting{}, err
	}
	query := "SELECT " + selected(l, "greylisting", greylistingColumns) + " FROM greylisting WHERE sender = ? AND account IN (?) ORDER BY priority DESC, id"
	rows, err := db.Reader().Records(ctx, query, anySender, texts(account.Candidates()))
	if err != nil {
		return store.Greylisting{}, fmt.Errorf("read greylisting for %s: %w", account, err)
	}
	effective := store.Effective{Value: "disable", Source: store.SourceDefault}
	g := store.Greylisting{}
	for i, row := range rows {
		name, _ := row.Get("account").(string)
		shown := shownGreylisting(row)
		if i == 0 {
			effective = store.Effective{Value: shown.Get("status"), Source: name}
		}
		if name == string(account) {
			g.Stored = shown
		}
	}
	g.Effective = store.Record{{Name: "status", Value: effective}}
	return g, nil
}

// shownGreylisting is a row with its published word in front.
func shownGreylisting(row store.Record) store.Record {
	status := "disable"
	if row.Get("active") == int64(1) {
		status = "enable"
	}
	return slices.Insert(slices.Clone(row), 0, store.Field{Name: "status", Value: status})
}

// SetGreylisting implements store.Greylistings.
func (s *Store) SetGreylisting(ctx context.Context, w store.Write, account store.PolicyAccount, on bool) (store.Change, error) {
	db, _, err := s.needIredapd(ctx, "greylisting")
	if err != nil {
		return store.Change{}, err
	}
	most, err := maxGreylisting(ctx, db)
	if err != nil {
		return store.Change{}, err
	}
	if err = checkLength(account, most); err != nil {
		return store.Change{}, err
	}
	active := int64(0)
	if on {
		active = 1
	}
	return s.writeGreylisting(ctx, w, account, func(p *plan, before store.Record) {
		priority := account.Kind().IredapdPriority()
		if before == nil {
			p.Change.After = store.Record{{Name: "account", Value: string(account)}, {Name: "priority", Value: priority},
				{Name: "sender", Value: anySender}, {Name: "active", Value: active}}
			p.Into("greylisting", "INSERT INTO greylisting (account, priority, sender, sender_priority, comment, active{columns})"+
				" VALUES (?, ?, ?, 0, '', ?{values})",
				string(account), priority, anySender, active)
			return
		}
		p.Change.After = slices.Clone(before)
		p.Change.After.Set("priority", priority)
		p.Change.After.Set("sender_priority", int64(0))
		p.Change.After.Set("active", active)
		if slices.Equal(p.Change.After, before) {
			p.Change.Nothing = true
			return
		}
		p.Do("UPDATE greylisting SET priority = ?, sender_priority = 0, active = ? WHERE account = ? AND sender = ?",
			priority, active, string(account), anySender)
	})
}

// DeleteGreylisting implements store.Greylistings.
func (s *Store) DeleteGreylisting(ctx context.Context, w store.Write, account store.PolicyAccount) (store.Change, error) {
	return s.writeGreylisting(ctx, w, account, func(p *plan, before store.Record) {
		p.Change.Action = store.ActionDelete
		if p.Change.Nothing = before == nil; p.Change.Nothing {
			return
		}
		p.Do("DELETE FROM greylisting WHERE account = ? AND sender = ?", string(account), anySender)
	})
}

// writeGreylisting reads the account's row for all senders, nil when there is none, and has a plan made of it.
func (s *Store) writeGreylisting(
	ctx context.Context, w store.Write, account store.PolicyAccount, fill func(p *plan, before store.Record),
) (store.Change, error) {
	db, l, err := s.needIredapd(ctx, "greylisting")
	if err != nil {
		return store.Change{}, err
	}
	return write(ctx, db, w, func(tx *sqldb.Tx) (*plan, error) {
		query := "SELECT " + selected(l, "greylisting", greylistingColumns) + " FROM greylisting WHERE account = ? AND sender = ? " + tx.ForUpdate()
		rows, err := tx.Records(ctx, query, string(account), anySender)
		if err != nil {
			return nil, fmt.Errorf("read greylisting of %s: %w", account, err)
		}
		p := newPlan(store.ActionUpdate, store.NounGreylisting, account)
		if len(rows) > 0 {
			p.Change.Before = rows[0]
		}
		fill(p, p.Change.Before)
		return p, nil
	})
}
