package store

import (
	"context"
	"time"
)

// Directory is what a directory (OpenLDAP) offers beside store.Accounts: lists whose members admins choose, and the
// export of entries.
type Directory interface {
	StaticLists
	Exports
}

// StaticLists is the contract for mailing lists whose members are chosen by admins. They are kept in a directory alone.
// The account of a subscribable list (see MailingListAccounts) is none of them: its address is NO_SUCH_ACCOUNT here.
type StaticLists interface {
	// StaticList returns one list with its members, or NO_SUCH_ACCOUNT.
	StaticList(ctx context.Context, mail string) (StaticList, error)
	// CreateStaticList makes a list. Fails as CreateAlias does, with EXCEED_LIMIT_LISTS. Members as in CreateAlias; the list
	// itself as a member, or one whose membership would close a circle of lists, is INVALID_MAIL or discarded.
	CreateStaticList(ctx context.Context, w Write, m StaticListCreate) (Change, error)
	// UpdateStaticList changes what is given. Returns NO_SUCH_ACCOUNT; members as in CreateStaticList.
	UpdateStaticList(ctx context.Context, w Write, mail string, u StaticListUpdate) (Change, error)
	// DeleteStaticList removes the list with every reference to it in the scope. Returns NO_SUCH_ACCOUNT.
	DeleteStaticList(ctx context.Context, w Write, mail string) (Change, error)
}

// StaticList is a list of the directory.
type StaticList struct {
	Mail         string
	Name         string
	Active       bool
	AccessPolicy string    // "" is unset
	Created      time.Time // the zero time where it is not known
	Modified     time.Time
	Stored       Record // the entry, without settings
	Settings     Record
	Members      []string // inside and outside, sorted
}

// StaticListCreate is a list to be.
type StaticListCreate struct {
	Mail         string
	Name         string
	AccessPolicy string // "" is public
	Members      []string
}

// StaticListUpdate changes a list; nil leaves as it is.
type StaticListUpdate struct {
	Name         *string
	AccessPolicy *string
	Members      Set
}

// Check returns VALUE_TOO_LONG for what no store takes.
func (m StaticListCreate) Check() error {
	return firstOf(checkText("name", &m.Name), checkPolicy(&m.AccessPolicy))
}

// Check returns VALUE_TOO_LONG for what no store takes.
func (u StaticListUpdate) Check() error {
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
	ExportDomain     Exported = "domain"   // its entry and its four containers, without the accounts
	ExportCatchall   Exported = "catchall" // of a domain
	ExportAdmin      Exported = "admin"
	ExportUser       Exported = "user"
	ExportStaticList Exported = "maillist" // the list, and the entry of its members outside
	ExportAlias      Exported = "alias"
)
