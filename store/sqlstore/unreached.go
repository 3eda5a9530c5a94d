package sqlstore

import (
	"context"
	"fmt"

	"github.com/postern-mail/postern/store/sqldb"
)

// nameColumns hold the names that operations ask for, by table: always in lower case.
var nameColumns = []struct{ table, column string }{
	{"domain", "domain"}, {"alias_domain", "alias_domain"}, {"alias_domain", "target_domain"}, {"admin", "username"},
	{"mailbox", "username"}, {"mailbox", "domain"}, {"alias", "address"}, {"alias", "domain"}, {"maillists", "address"},
	{"maillists", "domain"}, {"domain_admins", "username"}, {"forwardings", "address"}, {"forwardings", "domain"},
	{"moderators", "address"}, {"maillist_owners", "address"}, {"sender_bcc_user", "username"}, {"recipient_bcc_user", "username"},
	{"sender_bcc_domain", "domain"}, {"recipient_bcc_domain", "domain"}, {"sender_relayhost", "account"},
}

// Unreached tells of rows that no operation reaches, since another program has written their name with capital letters, each
// with the statement that mends it. Where the engine finds names in any case there are none.
func Unreached(ctx context.Context, db *sqldb.DB) ([]sqldb.Note, error) {
	if db.AnyCase() {
		return nil, nil
	}
	tables, err := discover(ctx, db)
	if err != nil {
		return nil, err
	}
	var notes []sqldb.Note
	for _, c := range nameColumns {
		if !tables.HasColumn(c.table, c.column) {
			continue
		}
		var found struct {
			N     int64
			First *string
		}
		where := " WHERE " + c.column + " <> LOWER(" + c.column + ")"
		query := "SELECT COUNT(*) AS n, MIN(" + c.column + ") AS first FROM " + c.table + where
		if err = db.Reader().Get(ctx, &found, query); err != nil {
			return nil, fmt.Errorf("look for capital letters in %s: %w", c.table, err)
		}
		if found.N > 0 {
			notes = append(notes, sqldb.Note{
				Text: fmt.Sprintf("The column %s of the table %s has %d name(s) with capital letters, such as %s: no operation reaches them.",
					c.column, c.table, found.N, *found.First),
				Statement: "UPDATE " + c.table + " SET " + c.column + " = LOWER(" + c.column + ")" + where + ";",
			})
		}
	}
	return notes, nil
}
