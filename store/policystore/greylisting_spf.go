package policystore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// derived are the tables with what is exempt on behalf of a domain. An old iRedAPD wrote into the second.
// Source: tools/spf_to_greylist_whitelists.py of iRedAPD.
var derived = []string{"greylisting_whitelist_domain_spf", "greylisting_whitelists"}

// SpfDomains implements store.Greylistings.
func (s *Store) SpfDomains(ctx context.Context) ([]string, error) {
	db, _, err := s.needIredapd(ctx, "greylisting_whitelist_domains")
	if err != nil {
		return nil, err
	}
	domains := []string{}
	if err = db.Reader().Select(ctx, &domains, "SELECT domain FROM greylisting_whitelist_domains ORDER BY domain"); err != nil {
		return nil, fmt.Errorf("read domains whose servers are exempt: %w", err)
	}
	slices.Sort(domains)
	return domains, nil
}

// UpdateSpfDomains implements store.Greylistings.
func (s *Store) UpdateSpfDomains(ctx context.Context, w store.Write, domains store.Set) (store.Change, error) {
	db, l, err := s.needIredapd(ctx, "greylisting_whitelist_domains")
	if err != nil {
		return store.Change{}, err
	}
	return write(ctx, db, w, func(tx *sqldb.Tx) (*plan, error) {
		var current []string
		query := "SELECT domain FROM greylisting_whitelist_domains ORDER BY domain " + tx.ForUpdate()
		if err := tx.Select(ctx, &current, query); err != nil {
			return nil, fmt.Errorf("read domains whose servers are exempt: %w", err)
		}
		p := newPlan(store.ActionUpdate, store.NounGreylisting, store.Everybody)
		next := domains.Apply(current)
		p.planSet("greylisting_whitelist_domains", "domain", current, next)
		gone := store.LeaveOut(current, next)
		gone = append(gone, store.LeaveOut(domains.Remove, append(gone, next...))...) // it may have left rows although it is not listed
		for _, domain := range gone {
			p.planUnderive(l, domain)
		}
		return p, p.planHandOver(ctx, tx, l, gone, nil)
	})
}

// planUnderive plans to remove what is exempt on behalf of a domain.
func (p *plan) planUnderive(l sqldb.Layout, domain string) {
	for _, table := range l.Present(derived...) {
		p.Do("DELETE FROM "+table+" WHERE comment = ?", automatic+domain)
	}
}

// planExempt plans a row for each server of a domain.
func (p *plan) planExempt(table, account, domain string, senders []string) {
	for chunk := range slices.Chunk(senders, chunkSize/3) {
		var args []any
		for _, sender := range chunk {
			args = append(args, account, sender, automatic+domain)
		}
		p.Into(table, "INSERT INTO "+table+" (account, sender, comment{columns}) VALUES "+
			tuples("(?, ?, ?{values})", len(chunk)), args...)
	}
}

// sharedAccount is the account of a row that exempts nobody. There is one row for each exempt server, which names one domain,
// while a server may be that of several: the others keep such a row, so that the server stays exempt on behalf of the next one
// when a domain goes. iRedAPD asks for accounts that are addresses and domains alone, and removes rows by their comment.
func sharedAccount(domain string) string {
	sum := sha256.Sum256([]byte(domain))
	return sharedPrefix + hex.EncodeToString(sum[:16])
}

const sharedPrefix = "spf:"

// planHandOver plans that servers which are exempt on behalf of domains that go stay exempt on behalf of another domain that
// shares them. Those in kept stay with the domain itself.
func (p *plan) planHandOver(ctx context.Context, tx *sqldb.Tx, l sqldb.Layout, gone, kept []string) error {
	there := l.Present(derived...)
	if len(there) == 0 || len(gone) == 0 {
		return nil
	}
	comments := make([]string, len(gone))
	for i, domain := range gone {
		comments[i] = automatic + domain
	}
	table := there[0]
	var held []string
	query := "SELECT sender FROM " + table + " WHERE account = ? AND comment IN (?) ORDER BY sender"
	if err := tx.Select(ctx, &held, query, anySender, comments); err != nil {
		return fmt.Errorf("read what is exempt: %w", err)
	}
	heirs := map[string][]string{} // senders by the account of the row that takes over
	for chunk := range slices.Chunk(store.LeaveOut(held, kept), chunkSize/3) {
		var shared []struct{ Account, Sender string }
		query = "SELECT sender, MIN(account) AS account FROM " + table +
			" WHERE sender IN (?) AND account LIKE '" + sharedPrefix + "%' AND comment NOT IN (?) GROUP BY sender ORDER BY sender"
		if err := tx.Select(ctx, &shared, query, chunk, comments); err != nil {
			return fmt.Errorf("read which servers are shared: %w", err)
		}
		for _, row := range shared {
			heirs[row.Account] = append(heirs[row.Account], row.Sender)
		}
	}
	for _, account := range slices.Sorted(maps.Keys(heirs)) {
		for chunk := range slices.Chunk(heirs[account], chunkSize) {
			p.Do("UPDATE "+table+" SET account = ? WHERE account = ? AND sender IN (?)", anySender, account, chunk)
		}
	}
	return nil
}

// ReplaceSpfSenders implements store.Greylistings. A sender that is exempt on behalf of another domain stays that one's, and is
// noted as shared.
func (s *Store) ReplaceSpfSenders(ctx context.Context, domain string, found []string) error {
	db, l, err := s.needIredapd(ctx, "greylisting_whitelist_domains")
	if err != nil {
		return err
	}
	there := l.Present(derived...)
	if len(there) == 0 {
		return lacks(l, "iRedAPD", derived)
	}
	most, err := maxGreylisting(ctx, db)
	if err != nil {
		return err
	}
	wanted, _ := senders(found, most)
	into := there[0]
	_, err = write(ctx, db, store.Write{}, func(tx *sqldb.Tx) (*plan, error) {
		p := &plan{}
		var listed []string // all are held: servers are shared among them
		query := "SELECT domain FROM greylisting_whitelist_domains ORDER BY domain " + tx.ForUpdate()
		if err := tx.Select(ctx, &listed, query); err != nil || !store.Among(listed)(domain) {
			return p, err
		}
		var others []string
		query = "SELECT sender FROM " + into + " WHERE account = ? AND comment <> ? ORDER BY sender"
		if err := tx.Select(ctx, &others, query, anySender, automatic+domain); err != nil {
			return nil, fmt.Errorf("read what is exempt: %w", err)
		}
		p.planUnderive(l, domain)
		if err := p.planHandOver(ctx, tx, l, []string{domain}, wanted); err != nil {
			return nil, err
		}
		own := store.LeaveOut(wanted, others)
		p.planExempt(into, anySender, domain, own)
		p.planExempt(into, sharedAccount(domain), domain, store.LeaveOut(wanted, own))
		for _, table := range l.Present("greylisting_tracking") {
			for chunk := range slices.Chunk(wanted, chunkSize) {
				p.Do("DELETE FROM "+table+" WHERE client_address IN (?)", chunk)
			}
		}
		return p, nil
	})
	return err
}
