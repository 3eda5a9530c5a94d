package store

import (
	"context"
	"time"
)

// DeletedMailboxes is the contract for the records of deleted mailboxes whose files are still there (table
// deleted_mailboxes).
type DeletedMailboxes interface {
	// DueMailboxes returns the records whose day lies before that of now, at most so many, by id from beyond the one that is
	// named. A record without a day is never due.
	DueMailboxes(ctx context.Context, now time.Time, most int, beyond int64) ([]DueMailbox, error)
	// RemoveDueMailbox removes the record. A missing one is fine.
	RemoveDueMailbox(ctx context.Context, d DueMailbox) error
}

// DueMailbox is a record of a deleted mailbox whose files may go.
type DueMailbox struct {
	ID      int64
	Mail    string
	Maildir string // the path as it is stored
}

// MailboxHomes is the contract for where mailboxes have their files.
type MailboxHomes interface {
	// MailboxHomes calls fn with the path of every mailbox that there is, disabled ones and those of disabled domains among
	// them. It returns an error unless all of them have been read.
	MailboxHomes(ctx context.Context, fn func(path string)) error
}
