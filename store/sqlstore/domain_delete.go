package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
	"github.com/postern-mail/postern/store/sqldb"
)

// DeleteDomain implements store.Domains. It returns LAST_GLOBAL_ADMIN when the mailbox of the last active global admin
// would go with the domain.
func (s *Store) DeleteDomain(ctx context.Context, w store.Write, name string, keepDays int) (store.Change, error) {
	return s.write(ctx, w, func(tx *sqldb.Tx, now time.Time) (*plan, error) {
		before, err := lockDomain(ctx, tx, name)
		if err != nil {
			return nil, err
		}
		if err = s.checkGlobalAdminsOutside(ctx, tx, name); err != nil {
			return nil, err
		}
		if err = s.keepsAdminsOutside(ctx, tx, w.Actor, name); err != nil {
			return nil, err
		}
		scope, err := s.scopeOf(ctx, tx, w.Actor)
		if err != nil {
			return nil, err
		}
		gone, err := readGoing(ctx, tx, name, scope)
		if err != nil {
			return nil, err
		}
		p := planOf(store.Change{
			Action: store.ActionDelete, Noun: store.NounDomain, Name: name, Domain: name, Before: before,
			EndsSessions: true, Lasting: true, Scope: scope,
		})
		if err = s.planRecordMailboxes(ctx, tx, p, w.Actor, name, rules.DeleteDate(now, keepDays), now); err != nil {
			return nil, err
		}
		s.planDomainReferences(p, gone)
		s.planDomainAccounts(p, gone)
		p.Do("DELETE FROM alias_domain WHERE target_domain = ? OR alias_domain = ?", name, name)
		p.Do("DELETE FROM domain WHERE domain = ?", name)
		return p, nil
	})
}

// going is a domain about to be deleted with what its deletion touches elsewhere.
type going struct {
	domain string
	names  []string // the domain and its alias domains
	admins []string // who manages it
	// senders are mailboxes of other domains that forward to it.
	senders []string
	scope   store.Scope
}

func readGoing(ctx context.Context, tx *sqldb.Tx, name string, scope store.Scope) (going, error) {
	aliases, err := aliasDomainsOf(ctx, tx, name)
	if err != nil {
		return going{}, err
	}
	g := going{domain: name, names: append([]string{name}, aliases...), scope: scope}
	query := "SELECT username FROM domain_admins WHERE domain = ? ORDER BY username"
	if err = tx.Select(ctx, &g.admins, query, name); err != nil {
		return going{}, fmt.Errorf("read admins of domain %s: %w", name, err)
	}
	query = "SELECT DISTINCT m.username FROM forwardings f JOIN mailbox m ON m.username = f.address WHERE f.dest_domain IN (?)"
	outside := inScope("m.domain", scope)
	for i, w := range outside {
		outside[i] = condition{w.text + " AND m.domain <> ?", append(slices.Clone(w.args), name)}
	}
	senders, err := selectIn(ctx, tx, query, g.names, outside)
	if err != nil {
		return going{}, fmt.Errorf("read who forwards to domain %s: %w", name, err)
	}
	g.senders = sortedOnce(senders)
	return g, nil
}

// checkGlobalAdminsOutside returns LAST_GLOBAL_ADMIN when all active global admins are mail users of the domain.
func (s *Store) checkGlobalAdminsOutside(ctx context.Context, tx *sqldb.Tx, domain string) error {
	var inside []string
	query := "SELECT username FROM mailbox WHERE isglobaladmin = 1 AND domain = ?" +
		" UNION SELECT m.username FROM domain_admins a JOIN mailbox m ON m.username = a.username" +
		" WHERE a.domain = 'ALL' AND m.domain = ? ORDER BY username"
	if err := tx.Select(ctx, &inside, query, domain, domain); err != nil {
		return fmt.Errorf("look for global admins in %s: %w", domain, err)
	}
	if len(inside) == 0 {
		return nil
	}
	return s.keepsGlobalAdmin(ctx, tx, inside...)
}

// planRecordMailboxes notes every mailbox of the domain for the removal of its files.
func (s *Store) planRecordMailboxes(
	ctx context.Context, tx *sqldb.Tx, p *plan, actor store.Actor, domain string, date *string, now time.Time,
) error {
	if !s.schema.Has("deleted_mailboxes") {
		return nil
	}
	kept, err := s.planKeepFiles(ctx, tx, p, domain)
	if err != nil {
		return err
	}
	columns := "timestamp, admin, delete_date, username, domain, maildir"
	values := "?, ?, ?, m.username, m.domain, CONCAT(m.storagebasedirectory, '/', m.storagenode, '/', m.maildir)"
	from := " FROM mailbox m"
	if s.schema.Has("used_quota") && s.schema.HasColumn("deleted_mailboxes", "bytes") {
		columns += ", bytes, messages"
		values += ", COALESCE(q.bytes, 0), COALESCE(q.messages, 0)"
		from += " LEFT JOIN used_quota q ON q.username = m.username"
	}
	p.Into("deleted_mailboxes", "INSERT INTO deleted_mailboxes ("+columns+"{columns}) SELECT "+values+"{values}"+from+" WHERE m.domain = ?"+kept.text,
		append([]any{now, actor.Username, date, domain}, kept.args...)...)
	return nil
}

// planKeepFiles notes the mailboxes of the domain whose stored path says nothing good, and returns the condition that leaves
// them out: see rules.RemovablePath.
func (s *Store) planKeepFiles(ctx context.Context, tx *sqldb.Tx, p *plan, domain string) (condition, error) {
	const path = "CONCAT(storagebasedirectory, '/', storagenode, '/', maildir)"
	root := s.options.StorageBase + "/" + s.options.StorageNode
	var rows []struct{ Username, Base, Node, Rest string }
	query := "SELECT username, storagebasedirectory AS base, storagenode AS node, maildir AS rest FROM mailbox WHERE domain = ? AND (" + path +
		" NOT LIKE '/%' OR REPLACE(maildir, '/', '') = '' OR CONCAT(" + path + ", '/') LIKE '%/../%' OR CONCAT(" + path +
		", '/') LIKE '%/./%' OR LENGTH(" + path + ") <= ?) ORDER BY username"
	if err := tx.Select(ctx, &rows, query, domain, len(root)+2); err != nil {
		return condition{}, fmt.Errorf("read paths of the mailboxes in %s: %w", domain, err)
	}
	var kept condition
	var names []string
	for _, r := range rows {
		dir := maildir{r.Base, r.Node, r.Rest}
		if strings.Trim(r.Rest, "/") != "" && rules.RemovablePath(dir.path(), root) {
			continue
		}
		names = append(names, r.Username)
		p.Change.Discarded = append(p.Change.Discarded, rules.NotScheduled(r.Username, dir.path()))
	}
	for chunk := range slices.Chunk(names, chunkSize) {
		kept.text, kept.args = kept.text+" AND m.username NOT IN (?)", append(kept.args, chunk)
	}
	return kept, nil
}

// planDomainReferences removes what refers to the domain from elsewhere in the scope. A mailbox that only forwarded to it gets its
// mail itself again.
func (s *Store) planDomainReferences(p *plan, g going) {
	within := inScope("domain", g.scope)
	p.doIn("DELETE FROM forwardings WHERE dest_domain IN (?)", g.names, within)
	p.doIn("DELETE FROM forwardings WHERE domain IN (?)", g.names, everywhere())
	for chunk := range slices.Chunk(g.senders, chunkSize) {
		p.Into("forwardings", "INSERT INTO forwardings (address, forwarding, domain, dest_domain, is_forwarding, active{columns})"+
			" SELECT m.username, m.username, m.domain, m.domain, 1, m.active{values} FROM mailbox m WHERE m.username IN (?)"+
			" AND NOT EXISTS (SELECT 1 FROM forwardings f WHERE f.address = m.username)", chunk)
	}
	for _, table := range []string{"moderators", "maillist_owners"} {
		if s.schema.Has(table) {
			p.doIn("DELETE FROM "+table+" WHERE dest_domain IN (?)", g.names, within)
			p.doIn("DELETE FROM "+table+" WHERE domain IN (?)", g.names, everywhere())
		}
	}
	for _, table := range []string{"sender_bcc_domain", "recipient_bcc_domain", "sender_bcc_user", "recipient_bcc_user"} {
		s.doIf(p, table, "DELETE FROM "+table+" WHERE domain = ?", g.domain)
		s.doUnder(p, table, "bcc_address", g.names, within)
	}
	s.doUnder(p, "sender_relayhost", "account", g.names, everywhere())
	s.doUnder(p, "share_folder", "from_user", []string{g.domain}, everywhere())
	s.doUnder(p, "share_folder", "to_user", []string{g.domain}, everywhere())
	s.doUnder(p, "anyone_shares", "from_user", []string{g.domain}, everywhere())
}

// planDomainAccounts removes the accounts of the domain and the rights of and over them. A standalone admin whose
// address lies in the domain is none of its accounts.
func (s *Store) planDomainAccounts(p *plan, g going) {
	p.Do("DELETE FROM domain_admins WHERE domain = ?", g.domain)
	p.Do("DELETE FROM domain_admins WHERE username IN (SELECT username FROM mailbox WHERE domain = ?)"+
		" AND username NOT IN (SELECT username FROM admin)", g.domain)
	s.planUnmarkAdmins(p, g.admins)
	for _, table := range []string{"mailbox", "alias", "maillists", "used_quota", "last_login"} {
		s.doIf(p, table, "DELETE FROM "+table+" WHERE domain = ?", g.domain)
	}
}

// doIf adds a statement on a table that may be missing.
func (s *Store) doIf(p *plan, table, query string, args ...any) {
	if s.schema.Has(table) {
		p.Do(query, args...)
	}
}

// termsPerStatement is how many conditions are put together with OR: SQLite takes an expression of 1,000 levels.
const termsPerStatement = 500

// doUnder adds the removal of the rows of a table, which may be missing, whose column holds an address in any of the domains.
func (s *Store) doUnder(p *plan, table, column string, domains []string, within []condition) {
	if !s.schema.Has(table) {
		return
	}
	for chunk := range slices.Chunk(domains, termsPerStatement) {
		terms, args := make([]string, len(chunk)), make([]any, len(chunk))
		for i, d := range chunk {
			terms[i], args[i] = column+" LIKE ? ESCAPE '!'", anyAddressOf(d)
		}
		for _, w := range within {
			p.Do("DELETE FROM "+table+" WHERE ("+strings.Join(terms, " OR ")+")"+w.text, slices.Concat(args, w.args)...)
		}
	}
}
