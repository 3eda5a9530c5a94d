package store

import (
	"context"
	"time"
)

// Users is the contract for mailboxes.
type Users interface {
	// User returns one mailbox, or NO_SUCH_ACCOUNT.
	User(ctx context.Context, mail string) (User, error)
	// Users returns a page of mailboxes, in a constant number of statements. Returns NO_SUCH_DOMAIN, and INVALID_VALUE for a
	// sort that there is not.
	Users(ctx context.Context, filter UserFilter, page PageRequest) (Page[User], error)
	// UserAddresses is Users with the addresses alone.
	UserAddresses(ctx context.Context, filter UserFilter, page PageRequest) (Page[string], error)
	// UserPassword returns the stored hash, or NO_SUCH_ACCOUNT.
	UserPassword(ctx context.Context, mail string) (Secret, error)
	// CreateUser makes a mailbox, with everything that UpdateUser may set or not at all: what that refuses, and leaves out where
	// w.OnMissing says so, this does too. The mailbox itself and its further addresses are there for its forwarding and blind
	// copies. Returns NO_SUCH_DOMAIN, ALREADY_EXISTS when the address is any account, NOT_ALLOWED when the domain forbids users, EXCEEDED_DOMAIN_ACCOUNT_LIMIT and
	// EXCEEDED_DOMAIN_QUOTA_SIZE at a limit of the domain, EXCEED_LIMIT_USERS and EXCEED_LIMIT_QUOTA at a cap that holds the
	// actor: its own, or those of the domain's admins. PERMISSION_DENIED for an extension of the address of somebody who
	// outranks the actor, or of a mailing list. Limits are exact under concurrent calls.
	CreateUser(ctx context.Context, w Write, u UserCreate) (Change, error)
	// UpdateUser changes what is given. Returns NO_SUCH_ACCOUNT, and NO_SUCH_ACCOUNT (Unprocessable) for a bcc
	// address under a hosted domain that does not exist; forwarding destinations of that sort follow w.OnMissing. A user is never
	// left without a recipient: without any forwarding it delivers to itself.
	UpdateUser(ctx context.Context, w Write, mail string, u UserUpdate) (Change, error)
	// UpdateUsers changes every mailbox of a domain in one write, but for those that outrank an actor that is not
	// global: they are named in Change.Discarded. Returns NO_SUCH_DOMAIN.
	UpdateUsers(ctx context.Context, w Write, domain string, u UsersUpdate) (Change, error)
	// RenameUser gives the mailbox another address and carries every reference in the scope along (see Scope). Its files stay
	// where they are. Returns NO_SUCH_ACCOUNT, NO_SUCH_DOMAIN for the new one, ALREADY_EXISTS, and the limits of CreateUser
	// when the domain changes. PERMISSION_DENIED for an admin whom only a global one may take out of its domains.
	RenameUser(ctx context.Context, w Write, mail, newMail string) (Change, error)
	// DeleteUser removes the mailbox with every reference to it in the scope, and records it for removal from disk after
	// keepDays days (0: kept for good). Returns NO_SUCH_ACCOUNT, and PERMISSION_DENIED as RenameUser does.
	DeleteUser(ctx context.Context, w Write, mail string, keepDays int) (Change, error)
}

// User is a mailbox with what is computed about it. Each parameter of UserUpdate is a field of the same name, alike on every
// engine.
type User struct {
	Mail            string
	Name            string
	FirstName       string // the published gn
	LastName        string // the published sn
	Active          bool
	Global          bool
	Language        string // "" is unset
	Quota           int64  // MB, 0 is unlimited
	EmployeeID      string
	Department      string
	Transport       string   // "" is the domain's
	Services        []string // sorted, those of UserUpdate.Services that are on
	MailboxFormat   string   // "" is the server's default
	MailboxFolder   string   // "" is the server's default
	Maildir         string   // absolute path
	Telephone       []string
	Mobile          []string
	Created         time.Time // the zero time where it is not known, as of the others
	Modified        time.Time
	PasswordChanged time.Time

	Stored         Record // the row or entry, without settings and password
	Settings       Record
	Password       Secret   // as stored
	Forwardings    []string // with the own address when a local copy is kept
	Aliases        []string // further addresses of this mailbox
	Domains        []string // managed ones; ["ALL"] for a global admin
	MailingAliases []string // alias accounts that it is a member of
	MailingLists   []string // lists that it is a member of or, where mlmmj is known, subscribed to
	SenderBcc      string
	RecipientBcc   string
	RelayHost      string
	StoredBytes    int64
	StoredMessages int64
	LastLogin      string // TimeLayout, "" is never
}

// UserFilter selects the mailboxes of a domain.
type UserFilter struct {
	Search
	Domain       string
	DisabledOnly bool
	Global       *bool // whether it is a global admin
	// OverQuotaPercent selects those that hold at least so much of their quota. One without a quota never does.
	OverQuotaPercent *int64
	// Viewer leaves out mailboxes that outrank this admin; "" shows all.
	Viewer string
}

// UserCreate is a mailbox to be.
type UserCreate struct {
	Mail          string
	Name          string
	FirstName     string // the published gn
	LastName      string // the published sn
	EmployeeID    string
	Password      Secret // the hash to store
	Active        bool
	Language      string
	Quota         *int64 // MB, 0 is unlimited; nil is the domain's default
	MailboxFormat string // "" is the server's default
	MailboxFolder string // "" is the server's default
	Maildir       string // absolute path; "" is made up from the address
	Department    string
	Transport     string // "" is the domain's
	Global        bool
	Forwarding    []string // empty: to itself alone
	Aliases       []string
	SenderBcc     string
	RecipientBcc  string
	Services      *[]string // nil: those that a new mailbox gets
	Telephone     []string
	Mobile        []string
}

// UserUpdate changes a mailbox; nil leaves as it is.
type UserUpdate struct {
	Name          *string
	FirstName     *string // the published gn
	LastName      *string // the published sn
	Password      *Secret // the hash to store
	Quota         *int64  // MB, 0 is unlimited
	Active        *bool
	Language      *string
	EmployeeID    *string
	Department    *string
	Transport     *string // "" is the domain's
	Global        *bool
	Forwarding    Set
	SenderBcc     *string // "" removes
	RecipientBcc  *string // "" removes
	Aliases       Set
	Services      Set
	MailboxFormat *string // "" is the server's default
	MailboxFolder *string // "" is the server's default
	Maildir       *string // absolute path
	Telephone     *[]string
	Mobile        *[]string
}

// UsersUpdate changes every mailbox of a domain; nil leaves as it is.
type UsersUpdate struct {
	Active    *bool
	Password  *Secret // the hash to store, the same for all
	Language  *string
	Transport *string // "" is the domain's
}

// Check returns VALUE_TOO_LONG or INVALID_LANGUAGE for what no store takes. Transports have rules of their own (store/rules).
func (u UserUpdate) Check() error {
	errs := []error{
		checkText("name", u.Name), checkText("gn", u.FirstName), checkText("sn", u.LastName), checkText("employeeid", u.EmployeeID),
		checkText("department", u.Department), checkLanguage(u.Language),
	}
	for _, p := range []struct {
		field   string
		numbers *[]string
	}{{"telephoneNumber", u.Telephone}, {"mobile", u.Mobile}} {
		if p.numbers == nil {
			continue
		}
		for _, n := range *p.numbers {
			errs = append(errs, CheckLength(p.field, n, MaxText))
		}
	}
	return firstOf(errs...)
}

// Check returns what UserUpdate.Check would.
func (u UsersUpdate) Check() error {
	return checkLanguage(u.Language)
}

// Check returns VALUE_TOO_LONG, INVALID_LANGUAGE or what is wrong with the format and folder, for which the defaults stand
// where they are empty.
func (u UserCreate) Check() error {
	return firstOf(UserUpdate{
		Name: &u.Name, FirstName: &u.FirstName, LastName: &u.LastName, EmployeeID: &u.EmployeeID, Department: &u.Department,
		Language: &u.Language, Telephone: &u.Telephone, Mobile: &u.Mobile,
	}.Check(), CheckMailbox(u.MailboxFormat, u.MailboxFolder))
}
