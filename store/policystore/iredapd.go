package policystore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// settingTables are the tables of iRedAPD whose column account is whose the row is.
var settingTables = []string{"throttle", "greylisting", "greylisting_whitelists", "greylisting_whitelist_domain_spf"}

// trackingTable counts what accounts sent, be it under a throttle of their own or a broader one.
const trackingTable = "throttle_tracking"

// forgetCounters removes what iRedAPD has counted under the throttles that a condition selects: a key refers to them.
const forgetCounters = "DELETE FROM throttle_tracking WHERE tid IN (SELECT id FROM throttle WHERE account IN (?))"

// inIredapd reports whether there is anything about a name.
func (s *Store) inIredapd(ctx context.Context, name string) (bool, error) {
	if s.iredapd == nil {
		return false, nil
	}
	l, err := s.iredapd.Layout(ctx)
	if err != nil {
		return false, err
	}
	condition, arg := of("account", name)
	tables := l.Present(append([]string{trackingTable}, settingTables...)...)
	if len(tables) == 0 {
		return false, nil
	}
	parts, args := make([]string, len(tables)), make([]any, len(tables))
	for i, table := range tables {
		parts[i], args[i] = "(SELECT COUNT(*) FROM "+table+" WHERE "+condition+")", arg
	}
	var n int64
	if err := s.iredapd.Reader().Get(ctx, &n, "SELECT "+strings.Join(parts, " + "), args...); err != nil {
		return false, fmt.Errorf("look for accounts of %s: %w", name, err)
	}
	return n > 0, nil
}

func (s *Store) forgetIredapd(ctx context.Context, name string) error {
	if s.iredapd == nil {
		return nil
	}
	l, err := s.iredapd.Layout(ctx)
	if err != nil {
		return err
	}
	_, err = write(ctx, s.iredapd, store.Write{}, func(tx *sqldb.Tx) (*plan, error) {
		accounts, err := accountsOf(ctx, tx, l, name)
		p := &plan{}
		if err == nil && len(accounts) > 0 {
			p.planForgetSettings(l, accounts)
		}
		condition, arg := of("account", name)
		p.doIf(l, trackingTable, "DELETE FROM "+trackingTable+" WHERE "+condition, arg)
		return p, err
	})
	return err
}

// planForgetSettings plans to remove all that belongs to the accounts.
func (p *plan) planForgetSettings(l sqldb.Layout, accounts []string) {
	for chunk := range slices.Chunk(accounts, chunkSize) {
		if l.Has("throttle") && l.Has("throttle_tracking") {
			p.Do(forgetCounters, chunk)
		}
		for _, table := range l.Present(settingTables...) {
			p.Do("DELETE FROM "+table+" WHERE account IN (?)", chunk)
		}
	}
}

// accountsOf returns the accounts that have settings: an address itself or, for a domain name, the domain and every
// address in it.
func accountsOf(ctx context.Context, tx *sqldb.Tx, l sqldb.Layout, name string) ([]string, error) {
	if strings.Contains(name, "@") {
		return []string{name}, nil
	}
	var kept []string
	for _, table := range l.Present(settingTables...) {
		var found []string
		query := "SELECT DISTINCT account FROM " + table + " WHERE account LIKE ? ORDER BY account"
		if err := tx.Select(ctx, &found, query, "%@"+name); err != nil {
			return nil, fmt.Errorf("read accounts of %s: %w", name, err)
		}
		for _, account := range found { // an underscore in the name stands for any character
			if strings.HasSuffix(account, "@"+name) {
				kept = append(kept, account)
			}
		}
	}
	return kept, nil
}

func (s *Store) renameIredapd(ctx context.Context, from, to string) error {
	if s.iredapd == nil {
		return nil
	}
	l, err := s.iredapd.Layout(ctx)
	if err != nil {
		return err
	}
	_, err = write(ctx, s.iredapd, store.Write{}, func(tx *sqldb.Tx) (*plan, error) {
		p := &plan{}
		var n int64
		tables := l.Present(settingTables...)
		if len(tables) == 0 {
			return p, nil
		}
		parts, args := make([]string, len(tables)), make([]any, len(tables))
		for i, table := range tables {
			parts[i], args[i] = "(SELECT COUNT(*) FROM "+table+" WHERE account = ?)", from
		}
		if err := tx.Get(ctx, &n, "SELECT "+strings.Join(parts, " + "), args...); err != nil || n == 0 {
			return p, err
		}
		p.planForgetSettings(l, []string{to})
		for _, table := range tables {
			p.Do("UPDATE "+table+" SET account = ? WHERE account = ?", to, from)
		}
		return p, nil
	})
	return err
}
