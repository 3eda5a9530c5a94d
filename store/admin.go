package store

import (
	"context"
	"time"
)

// Admins is the contract for standalone admins, which are no mailboxes.
type Admins interface {
	// Admin returns one standalone admin, or NO_SUCH_ACCOUNT.
	Admin(ctx context.Context, mail string) (Admin, error)
	// Admins returns a page of standalone admins, in a constant number of statements. Returns INVALID_VALUE for a sort that
	// there is not.
	Admins(ctx context.Context, filter AdminFilter, page PageRequest) (Page[Admin], error)
	// AdminPassword returns the stored hash, or NO_SUCH_ACCOUNT.
	AdminPassword(ctx context.Context, mail string) (Secret, error)
	// CreateAdmin makes a standalone admin. Returns ALREADY_EXISTS, or CAN_NOT_BE_LOCAL_DOMAIN when the domain of
	// the address is hosted here.
	CreateAdmin(ctx context.Context, w Write, a AdminCreate) (Change, error)
	// UpdateAdmin changes what is given. Returns NO_SUCH_ACCOUNT, and LAST_GLOBAL_ADMIN when nobody would be left
	// to manage the server.
	UpdateAdmin(ctx context.Context, w Write, mail string, u AdminUpdate) (Change, error)
	// DeleteAdmin removes a standalone admin; of a mail user it removes the admin rights only. Returns
	// NO_SUCH_ACCOUNT when the address is neither, and LAST_GLOBAL_ADMIN.
	DeleteAdmin(ctx context.Context, w Write, mail string) (Change, error)
}

// Admin is a standalone admin. Each parameter of AdminUpdate is a field of the same name, alike on every engine.
type Admin struct {
	Mail              string
	Name              string
	Active            bool
	Language          string // "" is unset
	Limits            AdminLimits
	NoMailLog         bool      // may not view the mail log
	NoQuarantinedMail bool      // may not manage quarantined mail
	Created           time.Time // the zero time where it is not known, as of the others
	Modified          time.Time
	PasswordChanged   time.Time

	Stored   Record // the row or entry, without settings and password
	Settings Record
	Password Secret // as stored
	Global   bool
	Domains  []string // managed ones, sorted
}

// AdminFilter selects standalone admins.
type AdminFilter struct {
	Search
	Global *bool
}

// AdminCreate is an admin to be. Limits are ignored for a global admin.
type AdminCreate struct {
	Mail     string
	Name     string
	Password Secret // the hash to store
	Active   bool
	Language string
	Global   bool
	Limits   LimitsUpdate
}

// AdminUpdate changes an admin; nil leaves as it is.
type AdminUpdate struct {
	Name     *string
	Password *Secret // the hash to store
	Active   *bool
	Language *string
	Global   *bool
	Limits   LimitsUpdate
}

// LimitsUpdate changes AdminLimits and what the panel shows the admin; nil leaves as it is.
type LimitsUpdate struct {
	Domains           *int64
	Quota             *int64 // MB
	Users             *int64
	Aliases           *int64
	Lists             *int64
	NoMailLog         *bool // may not view the mail log
	NoQuarantinedMail *bool // may not manage quarantined mail
}

// Check returns INVALID_LANGUAGE, or INVALID_NUMBER for a limit below -1.
func (a AdminCreate) Check() error { return firstOf(checkLanguage(&a.Language), a.Limits.check()) }

// Check returns INVALID_LANGUAGE, or INVALID_NUMBER for a limit below -1.
func (u AdminUpdate) Check() error { return firstOf(checkLanguage(u.Language), u.Limits.check()) }

func (l LimitsUpdate) check() error {
	for _, n := range []struct {
		field string
		value *int64
	}{
		{"maxDomains", l.Domains}, {"maxQuota", l.Quota}, {"maxUsers", l.Users}, {"maxAliases", l.Aliases}, {"maxLists", l.Lists},
	} {
		if n.value != nil && *n.value < -1 {
			return Fail(Invalid, CodeInvalidNumber, "The number must be at least -1.").With(n.field)
		}
	}
	return nil
}
