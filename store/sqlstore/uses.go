package sqlstore

import (
	"slices"

	"github.com/postern-mail/postern/store/sqldb"
)

// Uses is what is done with the tables of the account database.
func Uses() []sqldb.Use {
	return slices.Concat(
		sqldb.Uses(sqldb.AllRights, "admin", "domain", "domain_admins", "mailbox", "alias", "forwardings", "moderators", "maillists",
			"maillist_owners", "sender_bcc_domain", "recipient_bcc_domain", "sender_bcc_user", "recipient_bcc_user", "sender_relayhost"),
		sqldb.Uses([]string{"SELECT", "INSERT", "DELETE"}, "alias_domain", "deleted_mailboxes"),
		// What others write there goes or is renamed along with a mailbox.
		sqldb.Uses([]string{"SELECT", "UPDATE", "DELETE"}, "share_folder", "anyone_shares", "used_quota", "last_login"),
	)
}
