package ldapstore

import (
	"context"

	"github.com/postern-mail/postern/store"
)

// noMailboxes is a store.Mailboxes where nothing is kept beside the directory.
type noMailboxes struct{}

// MailboxUsage implements store.Mailboxes.
func (noMailboxes) MailboxUsage(context.Context, []string) (map[string]store.MailboxUsage, error) {
	return map[string]store.MailboxUsage{}, nil
}

// MailboxUsageWhere implements store.Mailboxes.
func (noMailboxes) MailboxUsageWhere(context.Context, func(string) bool) (map[string]store.MailboxUsage, error) {
	return map[string]store.MailboxUsage{}, nil
}

// KeepMailboxes implements store.Mailboxes.
func (noMailboxes) KeepMailboxes(context.Context, []store.KeptMailbox) error { return nil }

// ForgetMailboxes implements store.Mailboxes.
func (noMailboxes) ForgetMailboxes(context.Context, string) error { return nil }

// RenameMailbox implements store.Mailboxes.
func (noMailboxes) RenameMailbox(context.Context, string, string) error { return nil }
