package sqlstore

import (
	"context"
	"embed"
	"slices"
	"strings"

	"github.com/postern-mail/postern/store/sqldb"
)

// tables are all that may be there; the required ones must.
var (
	requiredTables = []string{"admin", "domain", "alias_domain", "domain_admins", "mailbox", "alias", "forwardings"}
	optionalTables = []string{
		"moderators", "maillists", "maillist_owners", "sender_bcc_domain", "recipient_bcc_domain", "sender_bcc_user",
		"recipient_bcc_user", "sender_relayhost", "deleted_mailboxes", "share_folder", "anyone_shares", "used_quota", "last_login",
	}
)

//go:embed migrations/sqlite/*.sql schema/*.sql
var files embed.FS

var scripts = []sqldb.Script{{Files: files, Prefix: "schema/"}, sqldb.DeletedMailboxes, sqldb.MailboxTables}

// Schema is the tables of the account database.
var Schema = sqldb.Schema{
	Name:       "the account database",
	Required:   requiredTables,
	Migrations: sqldb.Sub(files, "migrations"),
	Scripts:    map[string][]sqldb.Script{"mysql": scripts, "postgres": scripts},
	Further:    indexStatements(ourIndexes),
}

// discover returns the tables of ours that are there.
func discover(ctx context.Context, db *sqldb.DB) (sqldb.Layout, error) {
	there, err := db.Reader().Layout(ctx)
	if err != nil {
		return nil, err
	}
	found := sqldb.Layout{}
	for _, table := range there.Present(slices.Concat(requiredTables, optionalTables)...) {
		found[table] = there[table]
	}
	return found, Schema.CheckLayout(found)
}

// index is one that iRedMail does not make.
type index struct{ table, columns string }

// ourIndexes are those that our pages and limits want. A list of what lies in a domain has the order of the address:
// an index of MySQL ends in the primary key anyway, one of PostgreSQL does not. What an address begins with PostgreSQL finds by an index
// in the order of bytes alone, which most locales do not have.
var ourIndexes = map[string][]index{
	"mysql": {
		{"mailbox", "domain, quota"},
		{"moderators", "moderator"},
		{"recipient_bcc_user", "domain"},
	},
	"postgres": {
		{"mailbox", "domain, username"},
		{"mailbox", "domain, username varchar_pattern_ops"},
		{"mailbox", "domain, quota"},
		{"alias", "domain, address"},
		{"maillists", "domain, address"},
		{"alias_domain", "target_domain, alias_domain"},
		{"domain_admins", "domain, username"},
		{"recipient_bcc_user", "domain"},
	},
}

func indexStatements(indexes map[string][]index) map[string][]string {
	statements := map[string][]string{}
	for engine, list := range indexes {
		for _, i := range list {
			name := "postern_" + i.table + "_" + strings.NewReplacer(", ", "_", " ", "_").Replace(i.columns)
			statements[engine] = append(statements[engine], "CREATE INDEX "+name+" ON "+i.table+" ("+i.columns+")")
		}
	}
	return statements
}
