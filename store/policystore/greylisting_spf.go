package policystore

import (
	"context"
	"fmt"
	"slices"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// derived are the tables with what is exempt on behalf of a domain. An old iRedAPD wrote into the second.
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
		for _, domain := range store.LeaveOut(current, next) {
			p.planUnderive(l, domain)
		}
		for _, domain := range domains.Remove { // it may have left rows although it is not listed
			p.planUnderive(l, domain)
		}
		return p, nil
	})
}

// planUnderive plans to remove what is exempt on behalf of a domain.
func (p *plan) planUnderive(l layout, domain string) {
	for _, table := range l.present(derived) {
		p.do("DELETE FROM "+table+" WHERE comment = ?", automatic+domain)
	}
}

// ReplaceSpfSenders implements store.Greylistings. A sender that is exempt on behalf of another domain stays that one's:
// there is one row for each.
func (s *Store) ReplaceSpfSenders(ctx context.Context, domain string, found []string) error {
	db, l, err := s.needIredapd(ctx, "greylisting_whitelist_domains")
	if err != nil {
		return err
	}
	there := l.present(derived)
	if len(there) == 0 {
		return l.lacks("iRedAPD", derived)
	}
	wanted, into := validSenders(found, db), there[0]
	_, err = write(ctx, db, store.Write{}, func(tx *sqldb.Tx) (*plan, error) {
		p := &plan{}
		var listed string
		query := "SELECT domain FROM greylisting_whitelist_domains WHERE domain = ? " + tx.ForUpdate()
		if there, err := tx.Find(ctx, &listed, query, domain); err != nil || !there {
			return p, err
		}
		var others []string
		query = "SELECT sender FROM " + into + " WHERE account = ? AND comment <> ? ORDER BY sender"
		if err := tx.Select(ctx, &others, query, anySender, automatic+domain); err != nil {
			return nil, fmt.Errorf("read what is exempt: %w", err)
		}
		p.planUnderive(l, domain)
		for chunk := range slices.Chunk(store.LeaveOut(wanted, others), chunkSize/3) {
			var args []any
			for _, sender := range chunk {
				args = append(args, anySender, sender, automatic+domain)
			}
			p.into(into, "INSERT INTO "+into+" (account, sender, comment{columns}) VALUES "+
				tuples("(?, ?, ?{values})", len(chunk)), args...)
		}
		for _, table := range l.present([]string{"greylisting_tracking"}) {
			for chunk := range slices.Chunk(wanted, chunkSize) {
				p.do("DELETE FROM "+table+" WHERE client_address IN (?)", chunk)
			}
		}
		return p, nil
	})
	return err
}
