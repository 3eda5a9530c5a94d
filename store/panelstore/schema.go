package panelstore

import (
	"embed"

	"github.com/postern-mail/postern/store/sqldb"
)

//go:embed migrations/sqlite/*.sql schema/*.sql
var files embed.FS

var ownTables = sqldb.Script{Files: files, Prefix: "schema/"}

// Schema is the tables of iRedAdmin's database. On MySQL one of them is about mailboxes.
var Schema = sqldb.Schema{
	Name:       "the panel's database",
	Required:   []string{"log"},
	Migrations: sqldb.Sub(files, "migrations"),
	Scripts: map[string][]sqldb.Script{
		"mysql":    {ownTables, sqldb.DeletedMailboxes},
		"postgres": {ownTables},
	},
}

// MailboxSchema is the tables of Mailboxes, which are in that database beside its own where accounts are in a directory.
var MailboxSchema = sqldb.Schema{
	Name: Schema.Name,
	Scripts: map[string][]sqldb.Script{
		"mysql":    {sqldb.MailboxTables},
		"postgres": {sqldb.DeletedMailboxes, sqldb.MailboxTables},
	},
}
