package rules

import (
	"cmp"

	"github.com/postern-mail/postern/store"
)

// Mailboxes are the server's defaults for the files of mailboxes.
type Mailboxes struct {
	Format string // maildir, mdbox or sdbox
	Folder string // such as Maildir
}

// Complete puts the defaults into a mailbox to be, and checks what can be checked without reading.
func (m Mailboxes) Complete(u *store.UserCreate) error {
	u.MailboxFormat, u.MailboxFolder = cmp.Or(u.MailboxFormat, m.Format), cmp.Or(u.MailboxFolder, m.Folder)
	return u.Check()
}

// CompleteUpdate is Complete for an update: what is sent empty gets the default.
func (m Mailboxes) CompleteUpdate(u *store.UserUpdate) error {
	if err := u.Check(); err != nil {
		return err
	}
	whole := m
	for _, part := range []struct {
		sent     **string
		whole    *string
		fallback string
	}{{&u.MailboxFormat, &whole.Format, m.Format}, {&u.MailboxFolder, &whole.Folder, m.Folder}} {
		if *part.sent != nil {
			text := cmp.Or(**part.sent, part.fallback)
			*part.sent, *part.whole = &text, text
		}
	}
	return store.CheckMailbox(whole.Format, whole.Folder)
}
