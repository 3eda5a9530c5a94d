package sqlstore

import (
	"context"
	"fmt"
	"strings"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
	"github.com/postern-mail/postern/store/sqldb"
)

// What another program left of a name that it gave up must not come to who gets the name next. A row of the address itself goes;
// one that names it in a forwarding, a blind copy or as a member stays, for mail is to go there; a right that it gives goes where
// the actor may change references.

// activeForwarding is the condition that a row of forwardings is one that somebody may rely on: mail goes by it, or it is a further
// address of an account that is switched off.
const activeForwarding = "(f.active = 1 OR f.is_alias = 1 AND (EXISTS (SELECT 1 FROM mailbox m WHERE m.username = f.forwarding)%s))"

// planLeftovers plans that nothing is left of an address that an account is about to get. Its scope is that of the plan's change.
func (s *Store) planLeftovers(p *plan, mail string) {
	if p.nothingLeft {
		return
	}
	for _, m := range s.mentions() {
		switch {
		case m.table == "forwardings" && m.owned:
			p.Do("DELETE FROM forwardings WHERE address = ? AND active = 0", mail)
		case m.owned:
			p.Do("DELETE FROM "+m.table+" WHERE "+m.column+" = ?"+m.unless, mail)
		case m.right:
			// Whom a new list names while nobody is named is no left-over.
			p.doIn("DELETE FROM "+m.table+" WHERE "+m.column+" IN (?) AND NOT "+isDefaultPerson(m), []string{mail}, m.within(p.Change.Scope))
		}
	}
}

// lookForLeftovers notes with the plan when nothing is left of an address, which is nearly always: one statement says so, in place
// of one that deletes for each table. The same says whether alias accounts, or further addresses, name it already.
func (s *Store) lookForLeftovers(ctx context.Context, tx *sqldb.Tx, p *plan, mail string) error {
	var parts []string
	var args []any
	for _, m := range s.mentions() {
		if m.owned || m.right {
			parts, args = append(parts, "(SELECT COUNT(*) FROM "+m.table+" WHERE "+m.column+" = ?)"), append(args, mail)
		}
	}
	var n struct{ Remains, Named int64 }
	query := "SELECT " + strings.Join(parts, " + ") + " AS remains, (SELECT COUNT(*) FROM forwardings WHERE forwarding = ?" +
		" AND (is_alias = 1 OR is_list = 1)) AS named"
	if err := tx.Get(ctx, &n, query, append(args, mail)...); err != nil {
		return fmt.Errorf("look for what is left of %s: %w", mail, err)
	}
	p.nothingLeft, p.named = n.Remains == 0, n.Named > 0
	return nil
}

// namesBefore returns the further addresses of an account that is about to be made, and the alias accounts that it is a member of,
// as far as there are rows of them already. Nearly always there are none, and nothing is asked.
func (s *Store) namesBefore(ctx context.Context, tx *sqldb.Tx, p *plan, mail string) (further, lists []string, err error) {
	if !p.named {
		return nil, nil, nil
	}
	var rows []struct {
		Address string
		IsAlias int64 `db:"is_alias"`
	}
	query := "SELECT address, is_alias FROM forwardings WHERE forwarding = ? AND (is_alias = 1 OR is_list = 1)"
	if err = tx.Select(ctx, &rows, query, mail); err != nil {
		return nil, nil, fmt.Errorf("look for who names %s: %w", mail, err)
	}
	for _, r := range rows {
		if r.IsAlias == 1 {
			further = append(further, r.Address)
		} else {
			lists = append(lists, r.Address)
		}
	}
	return further, lists, nil
}

// isDefaultPerson is the condition of store.IsDefaultPerson.
func isDefaultPerson(m mention) string {
	return "(" + m.column + " LIKE 'postmaster@%' AND " + m.domain + " = " + m.home + " AND " + m.home + " <> '')"
}

// planDomainLeftovers is planLeftovers for a domain that is about to be made, with every address in it.
func (s *Store) planDomainLeftovers(p *plan, domain string) {
	under := anyAddressOf(domain)
	for _, m := range s.mentions() {
		where := " WHERE " + m.column + " LIKE ? ESCAPE '!'"
		switch {
		case m.table == "forwardings" && m.owned:
			p.Do("DELETE FROM forwardings"+where+" AND active = 0", under)
			p.Do("DELETE FROM forwardings WHERE address = ?", domain) // its catch-all
		case m.owned:
			p.Do("DELETE FROM "+m.table+where+m.unless, under)
		case m.right:
			for _, within := range m.within(p.Change.Scope) {
				p.Do("DELETE FROM "+m.table+where+within.text, append([]any{under}, within.args...)...)
			}
		}
	}
	p.Do("DELETE FROM domain_admins WHERE domain = ?", domain)
	for _, table := range []string{"sender_bcc_domain", "recipient_bcc_domain"} {
		s.doIf(p, table, "DELETE FROM "+table+" WHERE domain = ?", domain)
	}
	p.Do("DELETE FROM alias_domain WHERE target_domain = ?", domain)
}

// scopeOfNew is scopeOf for a domain that the actor is about to make.
func (s *Store) scopeOfNew(ctx context.Context, tx *sqldb.Tx, actor store.Actor, domain string) (store.Scope, error) {
	scope, err := s.scopeOf(ctx, tx, actor)
	if scope.Limited {
		scope = rules.ScopeOf(actor, append(scope.Domains, domain)...)
	}
	return scope, err
}
