package policystore

import (
	"embed"

	"github.com/postern-mail/postern/store/sqldb"
)

//go:embed migrations schema/*.sql
var files embed.FS

// sendersIndex finds the lists of an account for what it sends.
var sendersIndex = []string{"CREATE INDEX postern_outbound_wblist_sid ON outbound_wblist (sid)"}

// The tables of the two databases. What needs a table that an older version lacks is not configured, and everything else
// goes on.
var (
	Amavisd = schemaOf("amavisd", map[string][]string{"mysql": sendersIndex, "postgres": sendersIndex},
		"users", "mailaddr", "wblist", "outbound_wblist", "policy")
	Iredapd = schemaOf("iredapd", nil,
		"throttle", "throttle_tracking", "greylisting", "greylisting_whitelists", "greylisting_whitelist_domains",
		"greylisting_whitelist_domain_spf", "greylisting_tracking")
)

func schemaOf(name string, indexes map[string][]string, tables ...string) sqldb.Schema {
	script := []sqldb.Script{{Files: files, Prefix: "schema/" + name + "."}}
	return sqldb.Schema{
		Name:       "the database",
		Required:   tables,
		AnyOf:      true,
		Migrations: sqldb.Sub(files, "migrations/"+name),
		Scripts:    map[string][]sqldb.Script{"mysql": script, "postgres": script},
		Further:    indexes,
	}
}
