package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// aliasChange is what happens to the alias domains of a domain.
type aliasChange struct {
	added, removed, discarded []string
}

// decideAliasDomains compares the wanted alias domains with those that there are. A name that is taken fails with
// ALREADY_EXISTS or, with store.Drop, is discarded.
func (s *Store) decideAliasDomains(
	ctx context.Context, tx *sqldb.Tx, rule store.OnMissing, domain string, set store.Set,
) (aliasChange, error) {
	if !set.Touches() {
		return aliasChange{}, nil
	}
	current, err := aliasDomainsOf(ctx, tx, domain)
	if err != nil {
		return aliasChange{}, err
	}
	next := set.Apply(current)
	c := aliasChange{added: store.LeaveOut(next, current), removed: store.LeaveOut(current, next)}
	hosted, err := s.view(tx).Hosted(ctx, c.added)
	if err != nil {
		return aliasChange{}, err
	}
	taken := slices.DeleteFunc(slices.Clone(c.added), func(name string) bool { return hosted[name] == "" })
	if len(taken) > 0 && rule != store.Drop {
		return aliasChange{}, store.AlreadyExists(taken[0]).With(set.Field("aliasDomains", "addAliasDomain"))
	}
	if err = set.AllTaken(taken, "aliasDomains"); err != nil {
		return aliasChange{}, err
	}
	c.added, c.discarded = store.LeaveOut(c.added, taken), taken
	return c, nil
}

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
func (s *Store) planAliasDomains(p *plan, domain string, c aliasChange, now time.Time) {
	for _, name := range c.removed {
		p.Do("DELETE FROM alias_domain WHERE alias_domain = ? AND target_domain = ?", name, domain)
		p.Do("DELETE FROM forwardings WHERE domain IN (?) AND is_alias = 1 AND address LIKE ? ESCAPE '!'",
			[]string{domain, name}, anyAddressOf(name))
	}
	for _, name := range c.added {
		s.insert(p, "alias_domain", map[string]any{
			"alias_domain": name, "target_domain": domain, "created": now, "modified": now, "active": int64(1),
		})
	}
}

// anyAddressOf is the LIKE pattern, escaped with "!", of all addresses in a domain.
func anyAddressOf(domain string) string {
	return "%@" + strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(domain)
}
