package policystore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// automatic begins the comment of rows that a lookup of SPF records made. The domain follows.
const automatic = "AUTO-UPDATE: "

// GreylistingWhitelist implements store.Greylistings.
func (s *Store) GreylistingWhitelist(ctx context.Context, account store.PolicyAccount, page store.PageRequest) (store.Page[string], error) {
	db, _, err := s.needIredapd(ctx, "greylisting_whitelists")
	if err != nil {
		return store.Page[string]{}, err
	}
	query, args := "SELECT sender FROM greylisting_whitelists WHERE account = ?", []any{string(account)}
	query, args = sqldb.Paged(query, args, "sender", page)
	list := store.Page[string]{Items: []string{}}
	if err = db.Reader().Select(ctx, &list.Items, query, args...); err != nil {
		return store.Page[string]{}, fmt.Errorf("read the greylisting whitelist of %s: %w", account, err)
	}
	list.Items, list.Next = sqldb.TurnPage(list.Items, page, sqldb.Itself)
	return list, nil
}

// exemptKinds are the patterns that iRedAPD can match a sender by when it decides about greylisting.
// Source: plugins/greylisting.py of iRedAPD.
var exemptKinds = []store.AddressKind{
	store.KindEmail, store.KindDomain, store.KindSubdomain, store.KindTopLevel, store.KindIP, store.KindNetwork, store.KindCatchall,
}

// senders are the valid ones, each once, and the invalid ones as they were given.
func senders(given []string, most int) (valid, invalid []string) {
	seen := map[string]bool{}
	for _, one := range given {
		pattern, kind := store.ClassifyAddress(one)
		switch {
		case !slices.Contains(exemptKinds, kind) || len(pattern) > most:
			invalid = append(invalid, one)
		case !seen[pattern]:
			seen[pattern] = true
			valid = append(valid, pattern)
		}
	}
	return valid, invalid
}

// UpdateGreylistingWhitelist implements store.Greylistings.
func (s *Store) UpdateGreylistingWhitelist(
	ctx context.Context, w store.Write, account store.PolicyAccount, change store.Set,
) (store.Change, error) {
	db, l, err := s.needIredapd(ctx, "greylisting_whitelists")
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
	set, discarded := validSet(change, most)
	if set.Replace != nil && len(*set.Replace) == 0 && len(*change.Replace) > 0 { // only what was sent empty clears
		return store.Change{}, &store.NothingLeft{First: store.Fail(store.Invalid, store.CodeInvalidValue,
			"None of the senders is an address, domain, IP address or network that iRedAPD can match.").With("senders")}
	}
	return write(ctx, db, w, func(tx *sqldb.Tx) (*plan, error) {
		var rows []struct{ Sender, Comment string }
		query := "SELECT " + selected(l, "greylisting_whitelists", []column{{"sender", "''"}, {"comment", "''"}}) + " FROM greylisting_whitelists WHERE account = ? ORDER BY sender " + tx.ForUpdate()
		if err := tx.Select(ctx, &rows, query, string(account)); err != nil {
			return nil, fmt.Errorf("read the greylisting whitelist of %s: %w", account, err)
		}
		var current, exempt []string
		for _, r := range rows {
			current = append(current, r.Sender)
			if strings.HasPrefix(r.Comment, automatic) {
				exempt = append(exempt, r.Sender)
			}
		}
		p := newPlan(store.ActionUpdate, store.NounGreylisting, account)
		p.Change.Discarded = discarded
		next, err := set.ApplyTo(current, "senders")
		if err != nil {
			return nil, err
		}
		if set.Replace != nil {
			next = append(next, exempt...)
		}
		p.planSet("greylisting_whitelists", "sender", current, next, string(account))
		return p, nil
	})
}

// validSet is a change with the valid senders alone, and the invalid ones.
func validSet(change store.Set, most int) (set store.Set, discarded []string) {
	keep := func(given []string) []string {
		valid, invalid := senders(given, most)
		discarded = append(discarded, invalid...)
		return valid
	}
	set.Remove, set.Add = keep(change.Remove), keep(change.Add)
	if change.Replace != nil {
		all := keep(*change.Replace)
		set.Replace = &all
	}
	return set, discarded
}

// planSet plans that the column holds these values of one account, or of all when none is named.
func (p *plan) planSet(table, column string, current, next []string, account ...string) {
	gone, come := store.LeaveOut(current, next), store.LeaveOut(next, current)
	where, columns, row := "", column, "(?{values})"
	var owner []any
	if len(account) > 0 {
		where, columns, row, owner = " AND account = ?", column+", account", "(?, ?{values})", []any{account[0]}
	}
	for chunk := range slices.Chunk(gone, chunkSize) {
		p.Do("DELETE FROM "+table+" WHERE "+column+" IN (?)"+where, append([]any{chunk}, owner...)...)
	}
	for chunk := range slices.Chunk(come, chunkSize/2) {
		var args []any
		for _, v := range chunk {
			args = append(append(args, v), owner...)
		}
		p.Into(table, "INSERT INTO "+table+" ("+columns+"{columns}) VALUES "+tuples(row, len(chunk)), args...)
	}
}
