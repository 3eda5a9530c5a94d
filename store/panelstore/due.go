package panelstore

import (
	"context"
	"fmt"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

var _ store.DeletedMailboxes = (*Mailboxes)(nil)

// zeroDay is a day that means none: MySQL keeps 0000-00-00 where nothing was given.
const zeroDay = "1970-01-01"

// DueMailboxes implements store.DeletedMailboxes.
func (m *Mailboxes) DueMailboxes(ctx context.Context, now time.Time, most int, beyond int64) ([]store.DueMailbox, error) {
	tables, err := m.db.Layout(ctx)
	if err != nil || tables["deleted_mailboxes"] == nil {
		return nil, err
	}
	var rows []struct {
		ID                int64
		Username, Maildir string
	}
	query := "SELECT id, username, maildir FROM deleted_mailboxes WHERE delete_date < ? AND delete_date > ? AND id > ?" +
		" ORDER BY id LIMIT ?"
	if err = m.db.Reader().Select(ctx, &rows, query, now.Format(time.DateOnly), zeroDay, beyond, most); err != nil {
		return nil, fmt.Errorf("read deleted mailboxes: %w", err)
	}
	due := make([]store.DueMailbox, len(rows))
	for i, r := range rows {
		due[i] = store.DueMailbox{ID: r.ID, Mail: r.Username, Maildir: r.Maildir}
	}
	return due, nil
}

// RemoveDueMailbox implements store.DeletedMailboxes. The path is asked for too, since nothing keeps an id from being given
// again.
func (m *Mailboxes) RemoveDueMailbox(ctx context.Context, d store.DueMailbox) error {
	err := m.db.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(ctx, "DELETE FROM deleted_mailboxes WHERE id = ? AND maildir = ?", d.ID, d.Maildir)
		return err
	})
	if err != nil {
		return fmt.Errorf("remove the record of %s: %w", d.Mail, err)
	}
	return nil
}
