package sqlstore

import (
	"context"
	"fmt"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
	"github.com/postern-mail/postern/store/sqldb"
)

// keepsGlobalAdmin returns LAST_GLOBAL_ADMIN when the given accounts are all the active global admins that there are:
// without them nobody would be left who can manage the server. If any of them is one, the rows of all are held. It is
// asked before the row of an account itself is held: two that remove each other would each hold what the other wants.
func (s *Store) keepsGlobalAdmin(ctx context.Context, tx *sqldb.Tx, without ...string) error {
	var admins []string
	if err := tx.Select(ctx, &admins, globalAdmins); err != nil {
		return fmt.Errorf("look for global admins: %w", err)
	}
	if len(store.LeaveOut(admins, without)) == len(admins) {
		return nil
	}
	admins, err := lockGlobalAdmins(ctx, tx)
	if err != nil {
		return err
	}
	return rules.CheckGlobalAdmins(admins, without)
}

// lockGlobalAdmins returns the active global admins and holds their rows until the transaction ends, so that two of
// them cannot remove each other at once.
func lockGlobalAdmins(ctx context.Context, tx *sqldb.Tx) ([]string, error) {
	var admins []string
	for _, query := range []string{
		"SELECT a.username FROM admin a JOIN domain_admins d ON d.username = a.username WHERE d.domain = 'ALL' AND a.active = 1",
		"SELECT m.username FROM mailbox m JOIN domain_admins d ON d.username = m.username WHERE d.domain = 'ALL' AND m.active = 1",
		"SELECT m.username FROM mailbox m WHERE m.isglobaladmin = 1 AND m.active = 1",
	} {
		var names []string
		if err := tx.Select(ctx, &names, query+" ORDER BY 1 "+tx.ForUpdate()); err != nil {
			return nil, fmt.Errorf("hold global admins: %w", err)
		}
		admins = append(admins, names...)
	}
	return admins, nil
}
