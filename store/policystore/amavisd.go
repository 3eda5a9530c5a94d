package policystore

import (
	"context"
	"fmt"
	"strings"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// noPolicy is the policy_id of an account that has lists and no policy: there is no such row, so that it adds nothing.
// The column's own default is 1, which would attach the policy of everybody at the priority of the account.
// Source: the query of Amavisd joins users with policy by policy_id (README.sql).
const noPolicy = 0

// email is an address as a column of Amavisd's compares it: byte by byte.
func email(db *sqldb.DB, text string) any { return db.Dialect.Bytes(text) }

// emails are addresses for an IN (?).
func emails(db *sqldb.DB, list []string) []any {
	args := make([]any, len(list))
	for i, text := range list {
		args[i] = email(db, text)
	}
	return args
}

// member is a row of users.
type member struct {
	ID       int64  `db:"id"`
	Priority int64  `db:"priority"`
	PolicyID int64  `db:"policy_id"`
	Email    string `db:"email"`
}

// lockMember reads the account's row of users and holds it. There may be none.
func (s *Store) lockMember(ctx context.Context, tx *sqldb.Tx, account store.PolicyAccount) (member, bool, error) {
	var m member
	query := "SELECT id, priority, policy_id, email FROM users WHERE email = ? " + tx.ForUpdate()
	found, err := tx.Find(ctx, &m, query, email(s.amavisd, string(account)))
	if err != nil {
		return m, false, fmt.Errorf("read account %s: %w", account, err)
	}
	return m, found, nil
}

// planMember plans that the account has a row in users, with the priority of its kind.
func (p *plan) planMember(db *sqldb.DB, account store.PolicyAccount, m member, found bool) {
	priority := account.Kind().AmavisdPriority()
	if !found {
		p.Into("users", "INSERT INTO users (priority, policy_id, email{columns}) VALUES (?, ?, ?{values})", priority, noPolicy, email(db, string(account)))
		return
	}
	if m.Priority != priority {
		p.Do("UPDATE users SET priority = ? WHERE id = ?", priority, m.ID)
	}
}

// membersOf returns the rows of an address or, for a domain name, of the domain and every address in it.
func (s *Store) membersOf(ctx context.Context, tx *sqldb.Tx, name string) ([]member, error) {
	var found []member
	query, arg := "SELECT id, priority, policy_id, email FROM users WHERE email = ?", name
	if !strings.Contains(name, "@") {
		query, arg = "SELECT id, priority, policy_id, email FROM users WHERE email LIKE ?", "%@"+name
	}
	if err := tx.Select(ctx, &found, query+" ORDER BY id "+tx.ForUpdate(), email(s.amavisd, arg)); err != nil {
		return nil, fmt.Errorf("read accounts of %s: %w", name, err)
	}
	kept := found[:0]
	for _, m := range found { // an underscore in the name stands for any character
		if m.Email == name || strings.HasSuffix(m.Email, "@"+name) {
			kept = append(kept, m)
		}
	}
	return kept, nil
}

// planForget plans to remove all that belongs to the accounts. What the lists are about stays: others may list it too.
func (p *plan) planForget(l sqldb.Layout, members []member) {
	for _, m := range members {
		for _, at := range []side{sides[store.Inbound], sides[store.Outbound]} {
			p.doIf(l, at.table, "DELETE FROM "+at.table+" WHERE "+at.own+" = ?", m.ID)
		}
		p.Do("DELETE FROM users WHERE id = ?", m.ID)
		p.doIf(l, "policy", "DELETE FROM policy WHERE policy_name = ?", m.Email)
	}
}

// doIf adds a statement on a table that may be missing.
func (p *plan) doIf(l sqldb.Layout, table, query string, args ...any) {
	if l.Has(table) {
		p.Do(query, args...)
	}
}

// inAmavisd reports whether there is anything about a name.
func (s *Store) inAmavisd(ctx context.Context, name string) (bool, error) {
	if s.amavisd == nil {
		return false, nil
	}
	l, err := s.amavisd.Layout(ctx)
	if err != nil {
		return false, err
	}
	comparison, arg := " = ?", name
	if !strings.Contains(name, "@") { // an underscore in the name stands for any character, and one more look does no harm
		comparison, arg = " LIKE ?", "%@"+name
	}
	for _, at := range []struct {
		table, column string
		arg           any
	}{{"users", "email", email(s.amavisd, arg)}, {"policy", "policy_name", arg}} {
		if !l.Has(at.table) {
			continue
		}
		var n int64
		err = s.amavisd.Reader().Get(ctx, &n, "SELECT COUNT(*) FROM "+at.table+" WHERE "+at.column+comparison, at.arg)
		if err != nil {
			return false, fmt.Errorf("look for accounts of %s: %w", name, err)
		}
		if n > 0 {
			return true, nil
		}
	}
	return false, nil
}

func (s *Store) forgetAmavisd(ctx context.Context, name string) error {
	if s.amavisd == nil {
		return nil
	}
	l, err := s.amavisd.Layout(ctx)
	if err != nil || !l.Has("users") {
		return err
	}
	_, err = write(ctx, s.amavisd, store.Write{}, func(tx *sqldb.Tx) (*plan, error) {
		members, err := s.membersOf(ctx, tx, name)
		if err != nil {
			return nil, err
		}
		p := &plan{}
		p.planForget(l, members)
		p.doIf(l, "policy", "DELETE FROM policy WHERE policy_name = ?", string(store.PolicyAccountOf(name)))
		return p, nil
	})
	return err
}

func (s *Store) renameAmavisd(ctx context.Context, from, to string) error {
	if s.amavisd == nil {
		return nil
	}
	l, err := s.amavisd.Layout(ctx)
	if err != nil || !l.Has("users") {
		return err
	}
	_, err = write(ctx, s.amavisd, store.Write{}, func(tx *sqldb.Tx) (*plan, error) {
		p := &plan{}
		old, err := s.membersOf(ctx, tx, from)
		if err != nil || len(old) == 0 {
			return p, err
		}
		replaced, err := s.membersOf(ctx, tx, to)
		if err != nil {
			return nil, err
		}
		p.planForget(l, replaced)
		p.doIf(l, "policy", "DELETE FROM policy WHERE policy_name = ?", to)
		p.Do("UPDATE users SET email = ? WHERE id = ?", email(s.amavisd, to), old[0].ID)
		p.doIf(l, "policy", "UPDATE policy SET policy_name = ? WHERE policy_name = ?", to, from)
		return p, nil
	})
	return err
}
