package sqlstore

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/postern-mail/postern/store/rules"
	"github.com/postern-mail/postern/store/sqldb"
)

// aliasDomainsOf returns the alias domains of a domain.
func aliasDomainsOf(ctx context.Context, tx *sqldb.Tx, domain string) ([]string, error) {
	var names []string
	query := "SELECT alias_domain FROM alias_domain WHERE target_domain = ? ORDER BY alias_domain"
	if err := tx.Select(ctx, &names, query, domain); err != nil {
		return nil, fmt.Errorf("read alias domains of %s: %w", domain, err)
	}
	return names, nil
}

// planAliasDomains adds and removes alias domains. With one go the further addresses of mailboxes under it, which
// nothing would ask for any more.
// Source: domain_alias_maps of iRedMail (samples/postfix/mysql/domain_alias_maps.cf).
func (s *Store) planAliasDomains(p *plan, domain string, c rules.AliasDomains, now time.Time) {
	for _, name := range c.Removed {
		p.Do("DELETE FROM alias_domain WHERE alias_domain = ? AND target_domain = ?", name, domain)
		p.Do("DELETE FROM forwardings WHERE domain IN (?) AND is_alias = 1 AND address LIKE ? ESCAPE '!'",
			[]string{domain, name}, anyAddressOf(name))
	}
	for _, name := range c.Added {
		s.insert(p, "alias_domain", map[string]any{
			"alias_domain": name, "target_domain": domain, "created": now, "modified": now, "active": int64(1),
		})
	}
}

// anyAddressOf is the LIKE pattern, escaped with "!", of all addresses in a domain.
func anyAddressOf(domain string) string {
	return "%@" + strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(domain)
}
