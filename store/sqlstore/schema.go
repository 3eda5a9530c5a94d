package sqlstore

import (
	"context"
	"fmt"
	"slices"

	"github.com/postern-mail/postern/store/sqldb"
)

// schema is which tables and columns the database has. iRedMail's layout grew over the years, and we never alter
// it: what is missing reads as 0 or empty and is not written.
type schema map[string][]string

// tables are all that may be there; the required ones must.
var (
	requiredTables = []string{"admin", "domain", "alias_domain", "domain_admins", "mailbox", "alias", "forwardings"}
	optionalTables = []string{
		"moderators", "maillists", "maillist_owners", "sender_bcc_domain", "recipient_bcc_domain", "sender_bcc_user",
		"recipient_bcc_user", "sender_relayhost", "deleted_mailboxes", "share_folder", "anyone_shares", "used_quota", "last_login",
	}
)

func discover(ctx context.Context, db *sqldb.DB) (schema, error) {
	found := schema{}
	for _, table := range slices.Concat(requiredTables, optionalTables) {
		columns, err := db.Reader().Columns(ctx, table)
		if err != nil {
			return nil, fmt.Errorf("look at table %s: %w", table, err)
		}
		if len(columns) > 0 {
			found[table] = columns
		} else if slices.Contains(requiredTables, table) {
			return nil, fmt.Errorf("the account database has no table %q: it is not of iRedMail's layout", table)
		}
	}
	return found, nil
}

// has reports whether there is such a table.
func (s schema) has(table string) bool { return len(s[table]) > 0 }

// hasColumn reports whether the table has that column.
func (s schema) hasColumn(table, column string) bool { return slices.Contains(s[table], column) }
