package store

import (
	"context"
	"time"
)

// Mailboxes is the contract for what iRedMail keeps in SQL about the mailboxes of a directory (tables used_quota,
// last_login, deleted_mailboxes, share_folder and anyone_shares of the database iredadmin). Where there is no such
// database or table, there is nothing to know and nothing to do.
type Mailboxes interface {
	// MailboxUsage returns what is known about mailboxes, in a constant number of statements. What is unknown is absent.
	MailboxUsage(ctx context.Context, mails []string) (map[string]MailboxUsage, error)
	// MailboxUsageWhere is MailboxUsage of all mailboxes whose address fits. It goes through all that is known.
	MailboxUsageWhere(ctx context.Context, fits func(mail string) bool) (map[string]MailboxUsage, error)
	// KeepMailboxes records mailboxes for removal from disk. One that is recorded with the same path is not recorded
	// again.
	KeepMailboxes(ctx context.Context, kept []KeptMailbox) error
	// ForgetMailboxes removes what is known about an address or, for a domain name, about all addresses in it.
	ForgetMailboxes(ctx context.Context, name string) error
	// RenameMailbox carries what is known over to another address.
	RenameMailbox(ctx context.Context, from, to string) error
}

// MailboxUsage is how full a mailbox is and when it was used.
type MailboxUsage struct {
	Bytes     int64
	Messages  int64
	LastLogin string // TimeLayout, "" is never
}

// KeptMailbox is a deleted mailbox whose files are still there.
type KeptMailbox struct {
	Mail    string
	Maildir string // absolute path
	Admin   string // who deleted it
	Deleted time.Time
	// KeepDays is after how many days the files go, 0 for never.
	KeepDays int
}
