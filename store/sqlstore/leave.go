package sqlstore

import (
	"context"
	"fmt"
	"strings"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// keepsAdmins returns PERMISSION_DENIED when an actor that is not global would take a mailbox, which goes or gets another
// name, out of a domain where only a global admin may (see rules.Stays). A standalone admin of the same address is the admin
// then, and stays. It is asked before the row of the mailbox is held, for it holds rows of domains.
func (s *Store) keepsAdmins(ctx context.Context, tx *sqldb.Tx, actor store.Actor, mail string) error {
	if actor.Global || actor.Username == "" {
		return nil
	}
	return s.keepsAdminsOf(ctx, tx, actor, "", "SELECT username, domain FROM domain_admins WHERE username = ?"+
		" AND domain <> 'ALL' AND username NOT IN (SELECT username FROM admin)", mail)
}

// keepsAdminsOutside is keepsAdmins for all mailboxes of a domain that goes with them. Nor does an actor delete the domain whose
// other admins hold it by their caps (see rules.CheckDeletes).
func (s *Store) keepsAdminsOutside(ctx context.Context, tx *sqldb.Tx, actor store.Actor, domain string) error {
	if actor.Global || actor.Username == "" {
		return nil
	}
	if err := s.managing(tx, actor).CheckDeletes(ctx, domain); err != nil {
		return err
	}
	return s.keepsAdminsOf(ctx, tx, actor, domain, "SELECT a.username, a.domain FROM mailbox m JOIN domain_admins a ON a.username = "+
		s.db.Dialect.ASCII("m.username")+" WHERE m.domain = ? AND a.domain <> 'ALL' AND a.username NOT IN (SELECT username FROM admin)", domain)
}

// keepsAdminsOf is keepsAdmins for those whom a query finds with the domains that they leave. The domain that goes itself
// is not asked about.
func (s *Store) keepsAdminsOf(ctx context.Context, tx *sqldb.Tx, actor store.Actor, goes, query string, args ...any) error {
	var rows []struct{ Username, Domain string }
	if err := tx.Select(ctx, &rows, query, args...); err != nil {
		return fmt.Errorf("look what admins manage: %w", err)
	}
	leaving := map[string][]string{} // by domain
	for _, row := range rows {
		if domain := strings.ToLower(row.Domain); domain != goes {
			leaving[domain] = append(leaving[domain], strings.ToLower(row.Username))
		}
	}
	return s.managing(tx, actor).CheckLeaving(ctx, leaving)
}
