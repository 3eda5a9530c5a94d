package sqlstore

import (
	"context"
	"fmt"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
	"github.com/postern-mail/postern/store/sqldb"
)

// home is the domain that an account lies in, with its limits and what is used of them.
type home struct {
	Name      string `db:"domain"`
	MaxQuota  int64  `db:"maxquota"`  // MB, 0 is unlimited
	Mailboxes int64  `db:"mailboxes"` // 0 is unlimited, -1 forbids
	Aliases   int64  `db:"aliases"`
	Text      string `db:"settings"`
	settings  store.Settings
	allocated int64 // sum of the mailbox quotas in MB, read only where MaxQuota limits it
}

// lockHome reads a domain and holds its row, so that nobody else counts against its limits meanwhile. Returns
// NO_SUCH_DOMAIN.
func (s *Store) lockHome(ctx context.Context, tx *sqldb.Tx, domain string) (home, error) {
	var h home
	query := "SELECT domain, maxquota, mailboxes, aliases, COALESCE(settings, '') AS settings FROM domain WHERE domain = ? "
	found, err := tx.Find(ctx, &h, query+tx.ForUpdate(), domain)
	if err != nil {
		return h, fmt.Errorf("read domain %s: %w", domain, err)
	}
	if !found {
		return h, store.NoSuchDomain(domain)
	}
	h.settings = store.ParseSettings(h.Text)
	if h.MaxQuota > 0 {
		query = "SELECT COALESCE(SUM(quota), 0) FROM mailbox WHERE domain = ?"
		if err = tx.Get(ctx, &h.allocated, query, domain); err != nil {
			return h, fmt.Errorf("add up quotas of %s: %w", domain, err)
		}
	}
	return h, nil
}

// takesUser returns an error when the domain may have no further mailbox.
func (s *Store) takesUser(ctx context.Context, tx *sqldb.Tx, h home) error {
	return s.takesOneMore(ctx, tx, h.Name, h.Mailboxes, "mailbox", "mailboxes")
}

// takesAlias returns an error when the domain may have no further alias account.
func (s *Store) takesAlias(ctx context.Context, tx *sqldb.Tx, h home) error {
	return s.takesOneMore(ctx, tx, h.Name, h.Aliases, "alias", "alias accounts")
}

// takesList returns an error when the domain may have no further mailing list.
func (s *Store) takesList(ctx context.Context, tx *sqldb.Tx, h home) error {
	if !s.schema.HasColumn("domain", "maillists") {
		return nil
	}
	var limit int64
	if err := tx.Get(ctx, &limit, "SELECT maillists FROM domain WHERE domain = ?", h.Name); err != nil {
		return fmt.Errorf("read how many lists %s may have: %w", h.Name, err)
	}
	return s.takesOneMore(ctx, tx, h.Name, limit, "maillists", "mailing lists")
}

func (s *Store) takesOneMore(ctx context.Context, tx *sqldb.Tx, domain string, limit int64, table, what string) error {
	var existing int64
	if limit > 0 {
		if err := tx.Get(ctx, &existing, "SELECT COUNT(*) FROM "+table+" WHERE domain = ?", domain); err != nil {
			return fmt.Errorf("count %s of %s: %w", what, domain, err)
		}
	}
	return rules.CheckRoom(limit, existing, what)
}

// quotas is what the domain says about the quotas of its mailboxes.
func (h home) quotas() rules.Quotas {
	return rules.Quotas{
		Domain: h.Name, Default: h.settings.Int(store.SettingDefaultQuota), Most: h.settings.Int(store.SettingMaxUserQuota),
		Limit: h.MaxQuota, Allocated: h.allocated,
	}
}
