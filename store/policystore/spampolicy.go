package policystore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// maxAmavisd is the longest account that Amavisd's columns take.
const maxAmavisd = 255

// SpamPolicy implements store.SpamPolicies.
func (s *Store) SpamPolicy(ctx context.Context, account store.PolicyAccount) (store.SpamPolicy, error) {
	db, _, err := s.needAmavisd(ctx, "users", "policy")
	if err != nil {
		return store.SpamPolicy{}, err
	}
	own, err := db.Reader().Records(ctx, "SELECT * FROM policy WHERE policy_name = ? ORDER BY id", string(account))
	if err != nil {
		return store.SpamPolicy{}, fmt.Errorf("read spam policy of %s: %w", account, err)
	}
	layers, err := s.policyLayers(ctx, account)
	if err != nil {
		return store.SpamPolicy{}, err
	}
	p := store.SpamPolicy{Effective: effectivePolicy(layers)}
	if len(own) > 0 {
		p.Stored = shownPolicy(own[0])
	}
	return p, nil
}

// layer is a policy that applies to an account, and whose it is.
type layer struct {
	source string
	row    store.Record
}

// policyLayers reads the policies that apply to an account as Amavisd does: what comes first decides, column by column.
func (s *Store) policyLayers(ctx context.Context, account store.PolicyAccount) ([]layer, error) {
	query := "SELECT u.email AS of_account, p.* FROM users u JOIN policy p ON p.id = u.policy_id WHERE u.email IN (?)" +
		" ORDER BY u.priority DESC, u.id"
	rows, err := s.amavisd.Reader().Records(ctx, query, emails(s.amavisd, texts(account.Candidates())))
	if err != nil {
		return nil, fmt.Errorf("read spam policies for %s: %w", account, err)
	}
	layers := make([]layer, len(rows))
	for i, row := range rows {
		source, _ := row.Get("of_account").(string)
		layers[i] = layer{source, row}
	}
	return layers, nil
}

// UpdateSpamPolicy implements store.SpamPolicies.
func (s *Store) UpdateSpamPolicy(
	ctx context.Context, w store.Write, account store.PolicyAccount, u store.SpamPolicyUpdate,
) (store.Change, error) {
	db, l, err := s.needAmavisd(ctx, "users", "policy")
	if err != nil {
		return store.Change{}, err
	}
	if err = checkLength(account, maxAmavisd); err != nil {
		return store.Change{}, err
	}
	return write(ctx, db, w, func(tx *sqldb.Tx) (*plan, error) {
		rows, err := tx.Records(ctx, "SELECT * FROM policy WHERE policy_name = ? "+tx.ForUpdate(), string(account))
		if err != nil {
			return nil, fmt.Errorf("read spam policy of %s: %w", account, err)
		}
		set, changes, err := s.policyChanges(u, rows)
		if err != nil {
			return nil, err
		}
		m, found, err := s.lockMember(ctx, tx, account)
		if err != nil {
			return nil, err
		}
		p := newPlan(store.ActionUpdate, store.NounSpamPolicy, account)
		if len(rows) > 0 || changes {
			p.planPolicy(l, account, rows, set)
			p.planMember(db, account, m, found)
		}
		if len(p.Steps) > 0 || len(rows) > 0 && rows[0].Get("id") != m.PolicyID {
			p.Do("UPDATE users SET policy_id = (SELECT id FROM policy WHERE policy_name = ?) WHERE email = ?",
				string(account), email(db, string(account)))
		}
		p.Change.Nothing = len(p.Steps) == 0
		return p, nil
	})
}

// policyChanges are the columns that an update changes of a policy, of which there may be no row, and whether it changes any
// parameter.
func (s *Store) policyChanges(u store.SpamPolicyUpdate, rows []store.Record) (set store.Record, changes bool, err error) {
	var row store.Record
	if len(rows) > 0 {
		row = rows[0]
	}
	u = changesOfPolicy(u, shownPolicy(row))
	set, err = s.policyColumns(u)
	return set, u != store.SpamPolicyUpdate{}, err
}

// planPolicy plans that the account's policy has the columns. One for everybody starts as iRedMail ships it.
func (p *plan) planPolicy(l sqldb.Layout, account store.PolicyAccount, rows []store.Record, set store.Record) {
	isMissing := func(f store.Field) bool { return !l.HasColumn("policy", f.Name) }
	set = slices.DeleteFunc(slices.Clone(set), isMissing)
	if len(rows) == 0 {
		row := store.Record{{Name: "policy_name", Value: string(account)}}
		if account == store.Everybody {
			row = append(row, shippedPolicy...)
		}
		for _, f := range set {
			row.Set(f.Name, f.Value)
		}
		row = slices.DeleteFunc(row, isMissing)
		p.Change.After = row
		columns, args := make([]string, len(row)), make([]any, len(row))
		for i, f := range row {
			columns[i], args[i] = f.Name, f.Value
		}
		p.Into("policy", "INSERT INTO policy ("+strings.Join(columns, ", ")+"{columns}) VALUES ("+tuples("?", len(row))+"{values})", args...)
		return
	}
	p.Change.Before, p.Change.After = rows[0], slices.Clone(rows[0])
	sets, args := make([]string, len(set)), make([]any, len(set))
	for i, f := range set {
		p.Change.After.Set(f.Name, f.Value)
		sets[i], args[i] = f.Name+" = ?", f.Value
	}
	if len(set) > 0 {
		p.Do("UPDATE policy SET "+strings.Join(sets, ", ")+" WHERE policy_name = ?", append(args, string(account))...)
	}
}

// DeleteSpamPolicy implements store.SpamPolicies.
func (s *Store) DeleteSpamPolicy(ctx context.Context, w store.Write, account store.PolicyAccount) (store.Change, error) {
	db, l, err := s.needAmavisd(ctx, "users", "policy")
	if err != nil {
		return store.Change{}, err
	}
	return write(ctx, db, w, func(tx *sqldb.Tx) (*plan, error) {
		rows, err := tx.Records(ctx, "SELECT * FROM policy WHERE policy_name = ? "+tx.ForUpdate(), string(account))
		if err != nil {
			return nil, fmt.Errorf("read spam policy of %s: %w", account, err)
		}
		m, found, err := s.lockMember(ctx, tx, account)
		if err != nil {
			return nil, err
		}
		p := newPlan(store.ActionDelete, store.NounSpamPolicy, account)
		if len(rows) > 0 {
			p.Change.Before = rows[0]
		}
		p.Do("DELETE FROM policy WHERE policy_name = ?", string(account))
		if !found {
			return p, nil
		}
		kept, err := keepsLists(ctx, tx, l, m.ID)
		if err != nil {
			return nil, err
		}
		if kept || account == store.Everybody {
			p.Do("UPDATE users SET policy_id = ? WHERE id = ?", noPolicy, m.ID)
			return p, nil
		}
		p.Do("DELETE FROM users WHERE id = ?", m.ID)
		return p, nil
	})
}

// keepsLists reports whether a row of users is needed by a whitelist or blacklist.
func keepsLists(ctx context.Context, tx *sqldb.Tx, l sqldb.Layout, id int64) (bool, error) {
	for _, at := range sides {
		if !l.Has(at.table) {
			continue
		}
		var n int64
		if err := tx.Get(ctx, &n, "SELECT COUNT(*) FROM "+at.table+" WHERE "+at.own+" = ?", id); err != nil {
			return false, fmt.Errorf("count entries of lists: %w", err)
		}
		if n > 0 {
			return true, nil
		}
	}
	return false, nil
}
