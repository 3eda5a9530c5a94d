package sqlstore

import (
	"context"
	"fmt"

	"github.com/postern-mail/postern/store"
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

func (s *Store) takesOneMore(ctx context.Context, tx *sqldb.Tx, domain string, limit int64, table, what string) error {
	var existing int64
	if limit > 0 {
		if err := tx.Get(ctx, &existing, "SELECT COUNT(*) FROM "+table+" WHERE domain = ?", domain); err != nil {
			return fmt.Errorf("count %s of %s: %w", what, domain, err)
		}
	}
	return s.checkDomainCount(limit, existing, what)
}

// grantQuota returns the quota in MB that a new mailbox gets: what is asked or the domain's default, cut to what the
// domain allows for one mailbox and has left.
func (h home) grantQuota(asked *int64) (int64, error) {
	quota := h.settings.Int(store.SettingDefaultQuota)
	if asked != nil {
		quota = *asked
	}
	if quota < 0 {
		return 0, negativeQuota()
	}
	if most := h.settings.Int(store.SettingMaxUserQuota); most > 0 {
		quota = atMost(quota, most)
	}
	if h.MaxQuota <= 0 {
		return quota, nil
	}
	if h.allocated >= h.MaxQuota {
		return 0, h.quotaUsedUp()
	}
	return atMost(quota, h.MaxQuota-h.allocated), nil
}

// allowsQuota returns an error when a mailbox, whose own MB count against the domain already, may not get that many.
// An actor that is not global is held to the largest quota of one mailbox too.
func (h home) allowsQuota(quota, own int64, actor store.Actor) error {
	most := h.settings.Int(store.SettingMaxUserQuota)
	bound := !actor.Global && actor.Username != ""
	switch {
	case quota < 0:
		return negativeQuota()
	case bound && most > 0 && exceeds(quota, most):
		return store.Fail(store.Conflict, store.CodeDomainQuotaSize, "A mailbox of %s gets at most %d MB.", h.Name, most).With("quota")
	case h.MaxQuota > 0 && exceeds(quota, max(own, h.MaxQuota-h.allocated+own)):
		return h.quotaUsedUp()
	}
	return nil
}

func (h home) quotaUsedUp() error {
	return store.Fail(store.Conflict, store.CodeDomainQuotaSize, "The domain %s has only %d MB left to give.",
		h.Name, max(0, h.MaxQuota-h.allocated)).With("quota")
}

func negativeQuota() error {
	return store.Fail(store.Invalid, store.CodeInvalidNumber, "A quota is 0 or more megabytes.").With("quota")
}

// exceeds reports whether a quota, of which 0 is more than anything, is larger than the limit.
func exceeds(quota, limit int64) bool { return quota == 0 || quota > limit }

func atMost(quota, limit int64) int64 {
	if exceeds(quota, limit) {
		return limit
	}
	return quota
}
