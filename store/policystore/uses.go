package policystore

import (
	"slices"

	"github.com/postern-mail/postern/store/sqldb"
)

// AmavisdUses is what is done with the tables of Amavisd.
func AmavisdUses() []sqldb.Use {
	return slices.Concat(
		sqldb.Uses(sqldb.AllRights, "users", "mailaddr", "policy"),
		sqldb.Uses([]string{"SELECT", "INSERT", "DELETE"}, "wblist", "outbound_wblist"),
	)
}

// IredapdUses is what is done with the tables of iRedAPD. PostgreSQL asks for UPDATE where rows are locked.
func IredapdUses() []sqldb.Use {
	return slices.Concat(
		sqldb.Uses(sqldb.AllRights, "throttle", "greylisting", "greylisting_whitelists", "greylisting_whitelist_domains",
			"greylisting_whitelist_domain_spf"),
		sqldb.Uses([]string{"SELECT", "DELETE"}, trackingTable, "greylisting_tracking"),
	)
}
