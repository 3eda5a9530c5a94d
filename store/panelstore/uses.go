package panelstore

import (
	"slices"

	"github.com/postern-mail/postern/store/sqldb"
)

// Uses is what is done with the tables of iRedAdmin's database. With accounts in a directory there are those about mailboxes among
// them.
func Uses(directory bool) []sqldb.Use {
	uses := slices.Concat(
		sqldb.Uses([]string{"INSERT"}, "log"),
		sqldb.Uses([]string{"SELECT", "DELETE"}, "settings", "newsletter_subunsub_confirms"),
		sqldb.Uses(sqldb.AllRights, ownershipTable),
	)
	if directory {
		uses = append(uses, sqldb.Uses([]string{"SELECT", "INSERT", "DELETE"}, "deleted_mailboxes")...)
		for _, a := range about {
			uses = append(uses, sqldb.Uses([]string{"SELECT", "UPDATE", "DELETE"}, a.table)...)
		}
	}
	return uses
}
