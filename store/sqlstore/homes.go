package sqlstore

import (
	"context"
	"fmt"
	"strings"

	"github.com/postern-mail/postern/store"
)

var _ store.MailboxHomes = (*Store)(nil)

// homesAtOnce is how many paths one statement reads.
const homesAtOnce = 10_000

// MailboxHomes implements store.MailboxHomes.
func (s *Store) MailboxHomes(ctx context.Context, fn func(path string)) error {
	query := "SELECT username, COALESCE(storagebasedirectory, '') AS base, COALESCE(storagenode, '') AS node," +
		" COALESCE(maildir, '') AS rest FROM mailbox WHERE username > ? ORDER BY username LIMIT ?"
	for last := ""; ; {
		var rows []struct{ Username, Base, Node, Rest string }
		if err := s.db.Reader().Select(ctx, &rows, query, last, homesAtOnce); err != nil {
			return fmt.Errorf("read the paths of mailboxes: %w", err)
		}
		for _, r := range rows {
			if p := (maildir{r.Base, r.Node, r.Rest}).path(); strings.Trim(p, "/") != "" {
				fn(p)
			}
		}
		if len(rows) < homesAtOnce {
			return nil
		}
		last = rows[len(rows)-1].Username
	}
}
