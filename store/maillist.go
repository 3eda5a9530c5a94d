package store

import "context"

// Directory is what a directory (OpenLDAP) offers beside store.Accounts: lists whose members admins choose, and the
// export of entries.
type Directory interface {
	Maillists
	Exports
}

// Maillists is the contract for mailing lists whose members are chosen by admins. They are kept in a directory alone.
// The account of a subscribable list (see Mls) is none of them: its address is NO_SUCH_ACCOUNT here.
type Maillists interface {
	// Maillist returns one list with its members, or NO_SUCH_ACCOUNT.
	Maillist(ctx context.Context, mail string) (Maillist, error)
	// CreateMaillist makes a list. Fails as CreateAlias does, with EXCEED_LIMIT_LISTS. Members as in CreateAlias; the list
	// itself as a member, or one whose membership would close a circle of lists, is INVALID_MAIL or discarded.
	CreateMaillist(ctx context.Context, w Write, m MaillistCreate) (Change, error)
	// UpdateMaillist changes what is given. Returns NO_SUCH_ACCOUNT; members as in CreateMaillist.
	UpdateMaillist(ctx context.Context, w Write, mail string, u MaillistUpdate) (Change, error)
	// DeleteMaillist removes the list with every reference to it in the scope. Returns NO_SUCH_ACCOUNT.
	DeleteMaillist(ctx context.Context, w Write, mail string) (Change, error)
}

// Maillist is a list of the directory.
type Maillist struct {
	Mail     string
	Stored   Record // the entry, without settings
	Settings Record
	Members  []string // inside and outside, sorted
}

// MaillistCreate is a list to be.
type MaillistCreate struct {
	Mail         string
	Name         string
	AccessPolicy string // "" is public
	Members      []string
}

// MaillistUpdate changes a list; nil leaves as it is.
type MaillistUpdate struct {
	Name         *string
	AccessPolicy *string
	Members      Set
}

// Check returns VALUE_TOO_LONG for what no store takes.
func (m MaillistCreate) Check() error {
	return firstOf(checkText("name", &m.Name), checkPolicy(&m.AccessPolicy))
}

// Check returns VALUE_TOO_LONG for what no store takes.
func (u MaillistUpdate) Check() error {
	return firstOf(checkText("name", u.Name), checkPolicy(u.AccessPolicy))
}

// Exports is the contract for entries as LDIF text (RFC 2849).
type Exports interface {
	// Export returns the entries of one account, parents first. Without showPasswords there is no userPassword in them.
	// Returns NO_SUCH_DOMAIN or NO_SUCH_ACCOUNT.
	Export(ctx context.Context, what Exported, name string, showPasswords bool) (string, error)
}

// Exported is what is exported.
type Exported string

// What there is to export.
const (
	ExportDomain   Exported = "domain"   // its entry and its four containers, without the accounts
	ExportCatchall Exported = "catchall" // of a domain
	ExportAdmin    Exported = "admin"
	ExportUser     Exported = "user"
	ExportMaillist Exported = "maillist" // the list, and the entry of its members outside
	ExportAlias    Exported = "alias"
)
