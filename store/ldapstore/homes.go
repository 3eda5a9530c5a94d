package ldapstore

import (
	"context"
	"fmt"

	"github.com/postern-mail/postern/store"
)

var _ store.MailboxHomes = (*Store)(nil)

// MailboxHomes implements store.MailboxHomes. It asks for every path in the whole tree, that of no mailbox of ours among them.
func (s *Store) MailboxHomes(ctx context.Context, fn func(path string)) error {
	err := s.each(ctx, s.tree.base, subtree, "(homeDirectory=*)", []string{"homeDirectory"}, func(e entry) error {
		for _, path := range e.all("homeDirectory") {
			fn(path)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the paths of mailboxes: %w", err)
	}
	return nil
}
