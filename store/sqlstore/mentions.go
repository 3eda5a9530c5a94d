package sqlstore

import (
	"context"
	"fmt"
	"slices"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
	"github.com/postern-mail/postern/store/sqldb"
)

// mention is a column that holds the addresses of accounts, beside the row of the account itself.
type mention struct {
	table  string
	column string
	// domain is the column for the domain of that address, "" when there is none.
	domain string
	// home is the column for the domain that the row lies in, of a row that is not owned.
	home string
	// owned says that the row belongs to the account: a row of an address that is nobody's is a leftover, and must
	// not become that of a new owner.
	owned bool
	// right says that who is named may do something by it.
	right bool
	// beside is the other column of a unique key, when both hold addresses and the row is not owned.
	beside string
	// unless is a condition for the rows that mean it, or "".
	unless string
}

var mentions = []mention{
	{table: "forwardings", column: "address", domain: "domain", owned: true},
	{table: "forwardings", column: "forwarding", domain: "dest_domain", home: "domain", beside: "address"},
	{table: "moderators", column: "address", domain: "domain", owned: true},
	{table: "moderators", column: "moderator", domain: "dest_domain", home: "domain", beside: "address", right: true},
	{table: "maillist_owners", column: "address", domain: "domain", owned: true},
	{table: "maillist_owners", column: "owner", domain: "dest_domain", home: "domain", beside: "address", right: true},
	// A standalone admin may have the same address as an account, made by another program.
	{table: "domain_admins", column: "username", owned: true, unless: " AND username NOT IN (SELECT username FROM admin)"},
	{table: "sender_bcc_user", column: "username", domain: "domain", owned: true},
	{table: "recipient_bcc_user", column: "username", domain: "domain", owned: true},
	{table: "sender_bcc_user", column: "bcc_address", home: "domain"},
	{table: "recipient_bcc_user", column: "bcc_address", home: "domain"},
	{table: "sender_bcc_domain", column: "bcc_address", home: "domain"},
	{table: "recipient_bcc_domain", column: "bcc_address", home: "domain"},
	{table: "sender_relayhost", column: "account", owned: true},
	{table: "used_quota", column: "username", domain: "domain", owned: true},
	{table: "last_login", column: "username", domain: "domain", owned: true},
	{table: "share_folder", column: "from_user", owned: true},
	{table: "share_folder", column: "to_user", owned: true},
	{table: "anyone_shares", column: "from_user", owned: true},
}

// mentions returns those whose table is there.
func (s *Store) mentions() []mention {
	return slices.DeleteFunc(slices.Clone(mentions), func(m mention) bool { return !s.schema.Has(m.table) })
}

// within are the conditions that what the row says of another account may be changed in that scope.
func (m mention) within(scope store.Scope) []condition {
	if m.owned {
		return everywhere()
	}
	return inScope(m.home, scope)
}

// condition follows another one in a statement.
type condition struct {
	text string
	args []any
}

// everywhere is where nothing is asked.
func everywhere() []condition { return []condition{{}} }

// inScope are the conditions that a column for a domain holds one of the scope: one holds where any of them does, since a scope
// may be longer than a statement takes. There are none when the scope is empty.
func inScope(column string, scope store.Scope) []condition {
	if !scope.Limited {
		return everywhere()
	}
	var all []condition
	for chunk := range slices.Chunk(scope.Domains, chunkSize) {
		all = append(all, condition{" AND " + column + " IN (?)", []any{chunk}})
	}
	return all
}

// scopeOf is where an actor may change references.
func (s *Store) scopeOf(ctx context.Context, tx *sqldb.Tx, actor store.Actor) (store.Scope, error) {
	if scope := rules.ScopeOf(actor); !scope.Limited {
		return scope, nil
	}
	domains, _, err := s.managed(ctx, &tx.Reader, actor.Username)
	return rules.ScopeOf(actor, domains...), err
}

// planForget plans to remove every mention of the addresses in the scope of the plan's change.
func (s *Store) planForget(p *plan, gone []string) {
	for _, m := range s.mentions() {
		p.doIn("DELETE FROM "+m.table+" WHERE "+m.column+" IN (?)"+m.unless, gone, m.within(p.Change.Scope))
	}
}

// planGone is the plan that nothing in the scope of the actor refers to an alias account or a mailing list any more.
func (s *Store) planGone(ctx context.Context, tx *sqldb.Tx, actor store.Actor, noun store.Noun, mail string) (*plan, error) {
	scope, err := s.scopeOf(ctx, tx, actor)
	if err != nil {
		return nil, err
	}
	orphans, err := s.orphans(ctx, tx, []string{mail}, scope)
	if err != nil {
		return nil, err
	}
	p := planOf(rules.Deleted(noun, mail, scope))
	s.planForget(p, []string{mail})
	p.planAdopt(orphans)
	return p, nil
}

// orphan is a mailbox that would have nobody to deliver to.
type orphan struct {
	Username string
	Active   int64
}

// orphans returns the mailboxes of the scope, other than those that go, whose only destinations are among the addresses.
func (s *Store) orphans(ctx context.Context, tx *sqldb.Tx, gone []string, scope store.Scope) ([]orphan, error) {
	query := "SELECT address FROM forwardings WHERE is_forwarding = 1 AND forwarding IN (?)"
	from, err := selectIn(ctx, tx, query, gone, inScope("domain", scope))
	if err != nil {
		return nil, fmt.Errorf("look for forwardings to %s: %w", gone[0], err)
	}
	from = store.LeaveOut(sortedOnce(from), gone)
	goes, kept := store.Among(gone), map[string]bool{}
	var found []orphan
	for chunk := range slices.Chunk(from, chunkSize) {
		var rows []struct {
			Username, Forwarding string
			Active               int64
		}
		query = "SELECT m.username, m.active, f.forwarding FROM forwardings f JOIN mailbox m ON m.username = f.address" +
			" WHERE f.is_forwarding = 1 AND f.address IN (?) ORDER BY m.username, f.forwarding"
		if err = tx.Select(ctx, &rows, query, chunk); err != nil {
			return nil, fmt.Errorf("read forwardings beside %s: %w", gone[0], err)
		}
		for _, r := range rows {
			if !goes(r.Forwarding) {
				kept[r.Username] = true
			}
			found = append(found, orphan{r.Username, r.Active})
		}
	}
	found = slices.DeleteFunc(slices.Compact(found), func(o orphan) bool { return kept[o.Username] })
	return found, nil
}

// planAdopt plans that mailboxes deliver to themselves: without any row the catch-all of their domain would get
// their mail.
func (p *plan) planAdopt(orphans []orphan) {
	rows := make([]forwarding, len(orphans))
	for i, o := range orphans {
		rows[i] = ownForwarding(o.Username, o.Username, o.Active)
	}
	p.addForwardings(rows)
}

// carry plans that every mention of an address in the scope of the plan's change becomes one of another, of which nothing is
// left over. Where the new address stands beside the old
// one already, that row goes: it named nobody.
func (s *Store) carry(ctx context.Context, tx *sqldb.Tx, p *plan, from, to string) error {
	if err := s.lookForLeftovers(ctx, tx, p, to); err != nil {
		return err
	}
	s.planLeftovers(p, to)
	for _, m := range s.mentions() {
		if m.beside == "" {
			continue
		}
		both, err := besides(ctx, tx, m, from, to, p.Change.Scope)
		if err != nil {
			return err
		}
		for chunk := range slices.Chunk(both, chunkSize) {
			p.Do("DELETE FROM "+m.table+" WHERE "+m.column+" = ? AND "+m.beside+" IN (?)", to, chunk)
		}
	}
	for _, m := range s.mentions() {
		sets, args := m.column+" = ?", []any{to}
		if m.domain != "" {
			sets, args = sets+", "+m.domain+" = ?", append(args, store.DomainOf(to))
		}
		for _, within := range m.within(p.Change.Scope) {
			p.Do("UPDATE "+m.table+" SET "+sets+" WHERE "+m.column+" = ?"+m.unless+within.text,
				slices.Concat(args, []any{from}, within.args)...)
		}
	}
	return nil
}

// besides returns what stands beside both addresses in the scope.
func besides(ctx context.Context, tx *sqldb.Tx, m mention, from, to string, scope store.Scope) ([]string, error) {
	query := "SELECT a." + m.beside + " FROM " + m.table + " a JOIN " + m.table + " b ON b." + m.beside + " = a." + m.beside +
		" WHERE a." + m.column + " = ? AND b." + m.column + " = ?"
	both, err := selectWithin(ctx, tx, query, inScope("a."+m.home, scope), from, to)
	if err != nil {
		return nil, fmt.Errorf("look for %s in %s: %w", to, m.table, err)
	}
	return both, nil
}
