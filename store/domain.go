package store

import (
	"context"
	"slices"
	"time"
)

// Domains is the contract for mail domains.
type Domains interface {
	// Domain returns one domain, or NO_SUCH_DOMAIN. An alias domain is none.
	Domain(ctx context.Context, name string) (Domain, error)
	// DomainRules returns the few settings that other operations obey, or NO_SUCH_DOMAIN.
	DomainRules(ctx context.Context, name string) (DomainRules, error)
	// Domains returns a page of domains, in a constant number of statements. The quota of a domain is its limit, its stored
	// bytes are those of its mailboxes. Returns INVALID_VALUE for a sort that there is not.
	Domains(ctx context.Context, filter DomainFilter, page PageRequest) (Page[Domain], error)
	// DomainNames is Domains with the names alone.
	DomainNames(ctx context.Context, filter DomainFilter, page PageRequest) (Page[string], error)
	// PrimaryDomain returns the domain of which the name is the name or an alias domain, or NO_SUCH_DOMAIN.
	PrimaryDomain(ctx context.Context, name string) (string, error)
	// AliasDomains returns the alias domains of a domain, sorted and never nil, or NO_SUCH_DOMAIN.
	AliasDomains(ctx context.Context, name string) ([]string, error)
	// DomainsOfAdmins returns those of the names in which a standalone admin has its address.
	DomainsOfAdmins(ctx context.Context, names []string) ([]string, error)
	// CreateDomain makes a domain, with everything that UpdateDomain may set or not at all: what that refuses, and leaves out where
	// w.OnMissing says so, this does too. An actor that is not global becomes its admin. Returns ALREADY_EXISTS when
	// the name is a domain or an alias domain, EXCEED_LIMIT_DOMAIN or EXCEED_LIMIT_QUOTA at a cap of the actor, and NO_SUCH_ACCOUNT
	// (Unprocessable) for an address in the domain or one of its alias domains: nothing is there yet.
	CreateDomain(ctx context.Context, w Write, d DomainCreate) (Change, error)
	// UpdateDomain changes what is given. Returns NO_SUCH_DOMAIN, and NO_SUCH_ACCOUNT (Unprocessable) for a
	// catch-all or bcc address under a hosted domain that does not exist, whatever w.OnMissing says. Alias domains
	// whose name is taken fail with ALREADY_EXISTS, or are discarded with Drop. On SQL an alias domain of a backup MX is
	// BACKUPMX_ALIAS_DOMAIN.
	UpdateDomain(ctx context.Context, w Write, name string, u DomainUpdate) (Change, error)
	// UpdateDomainAdmins changes who manages the domain. Rows of global admins stay. An added admin must be a
	// standalone admin or a mail user, else NO_SUCH_ACCOUNT (Unprocessable), whatever w.OnMissing says. An actor that is not
	// global fails with PERMISSION_DENIED when it removes who outranks it or whom only a global admin may remove (with Drop and
	// a Replace those stay and are discarded), and when it adds somebody while it has a cap of -1.
	UpdateDomainAdmins(ctx context.Context, w Write, name string, admins Set) (Change, error)
	// DeleteDomain removes the domain with everything that belongs to it, and records its mailboxes for removal
	// from disk after keepDays days (0: kept for good). Returns NO_SUCH_DOMAIN, and PERMISSION_DENIED when a mailbox in it is
	// an admin elsewhere whom only a global admin may remove from there.
	DeleteDomain(ctx context.Context, w Write, name string, keepDays int) (Change, error)
}

// Domain is a mail domain with what is computed about it. Each parameter of DomainUpdate is a field of the same name, alike on
// every engine.
type Domain struct {
	Name              string // the domain name
	Description       string // the published name
	Active            bool
	Language          string // "" is unset
	Transport         string
	MinPasswordLength int64 // 0 is unset, as of the three below
	MaxPasswordLength int64
	DefaultQuota      int64 // MB
	MaxUserQuota      int64 // MB
	NumberOfUsers     int64 // 0 is unlimited, -1 forbids, as of the two below
	NumberOfAliases   int64
	NumberOfLists     int64
	BackupMX          bool
	PrimaryMX         string   // "" where it is no backup MX, or Postfix looks the MX up
	Services          []string // sorted
	DomainProfiles    []string // switched off, sorted, as the two below
	UserProfiles      []string
	UserPreferences   []string
	Created           time.Time // the zero time where it is not known
	Modified          time.Time

	Stored       Record // the row or entry, without settings
	Settings     Record // the settings under their stored names
	Catchall     []string
	AliasDomains []string
	Admins       []string // without global admins
	SenderBcc    string
	RecipientBcc string
	RelayHost    string
	Users        int64 // how many exist
	Aliases      int64
	Lists        int64
	Quota        int64 // the domain's limit in MB, 0 is unlimited
	Allocated    int64 // sum of the mailbox quotas in MB
}

// DomainRules is what other operations obey.
type DomainRules struct {
	Active                 bool
	MinPasswordLength      int64 // 0: the server's
	MaxPasswordLength      int64 // 0: the server's
	DisabledDomainProfiles []string
	DisabledUserProfiles   []string
}

// DomainFilter selects domains.
type DomainFilter struct {
	Search
	ManagedBy    string // only those that this admin manages; "" is all
	DisabledOnly bool
}

// DomainCreate is a domain to be.
type DomainCreate struct {
	Name          string // the domain name
	Description   string // the published name
	Quota         int64  // MB for the whole domain, 0 is unlimited
	Language      string
	Transport     string // "" is the server's default
	DefaultQuota  int64  // MB for a mailbox without an own quota, 0 is unset
	MaxUserQuota  int64  // MB, 0 is unset
	NumberOfUsers int64  // 0 is unlimited, -1 forbids
	NumberOfAliases,
	NumberOfLists int64
	SenderBcc           string
	RecipientBcc        string
	Disabled            bool  // switched off until somebody activates it
	MinPasswordLength   int64 // 0 is unset
	MaxPasswordLength   int64 // 0 is unset
	BackupMX            bool
	PrimaryMX           string // needs BackupMX
	Catchall            []string
	OutboundRelay       string
	AliasDomains        []string
	PendingAliasDomains []string  // as in DomainUpdate
	Services            *[]string // nil: those that a new domain gets
	DomainProfiles      []string  // switched off
	UserProfiles        []string
	UserPreferences     []string
}

// DomainUpdate changes a domain; nil leaves as it is.
type DomainUpdate struct {
	Description       *string
	Active            *bool
	Quota             *int64
	Language          *string
	Transport         *string // "" is the server's default
	MinPasswordLength *int64  // 0 removes
	MaxPasswordLength *int64  // 0 removes
	DefaultQuota      *int64  // 0 removes
	MaxUserQuota      *int64  // 0 removes
	NumberOfUsers     *int64
	NumberOfAliases   *int64
	NumberOfLists     *int64
	SenderBcc         *string // "" removes
	RecipientBcc      *string // "" removes
	BackupMX          *bool
	PrimaryMX         *string // "" lets Postfix look up the MX; needs BackupMX
	Catchall          *[]string
	OutboundRelay     *string // "" removes
	AliasDomains      Set
	// PendingAliasDomains are those that wait for a proof. A directory names them in its entry, SQL nowhere.
	PendingAliasDomains Set
	Services            Set
	DomainProfiles      Set // of switched-off domain profiles
	UserProfiles        Set // of switched-off user profiles
	UserPreferences     Set // of switched-off user preferences
}

// Checked is DomainUpdate.Checked for a domain to be.
func (d DomainCreate) Checked() (DomainCreate, error) {
	u, err := d.Update().Checked()
	d.Catchall = *u.Catchall
	return d, err
}

// Update is the change that makes of a domain without anything what the domain is to be. Its services are left as they are
// where none are given.
func (d DomainCreate) Update() DomainUpdate {
	u := DomainUpdate{
		Description: &d.Description, Quota: &d.Quota, Language: &d.Language, Transport: &d.Transport,
		MinPasswordLength: &d.MinPasswordLength, MaxPasswordLength: &d.MaxPasswordLength,
		DefaultQuota: &d.DefaultQuota, MaxUserQuota: &d.MaxUserQuota,
		NumberOfUsers: &d.NumberOfUsers, NumberOfAliases: &d.NumberOfAliases, NumberOfLists: &d.NumberOfLists,
		SenderBcc: &d.SenderBcc, RecipientBcc: &d.RecipientBcc, BackupMX: &d.BackupMX, PrimaryMX: &d.PrimaryMX,
		Catchall: &d.Catchall, OutboundRelay: &d.OutboundRelay,
		AliasDomains: NewSet(d.AliasDomains), PendingAliasDomains: NewSet(d.PendingAliasDomains),
		DomainProfiles: NewSet(d.DomainProfiles), UserProfiles: NewSet(d.UserProfiles), UserPreferences: NewSet(d.UserPreferences),
	}
	if d.Services != nil {
		u.Services = Set{Replace: d.Services}
	}
	return u
}

// Checked returns the update in the form in which it is stored, or what is wrong with it. Transports and next hops have rules
// of their own (store/rules).
func (u DomainUpdate) Checked() (DomainUpdate, error) {
	err := firstOf(checkDomainNumbers(u), checkLanguage(u.Language),
		checkDomainServices(u.Services), checkProfiles(u))
	if err != nil {
		return u, err
	}
	if u.Catchall != nil {
		unique := slices.Compact(slices.Sorted(slices.Values(*u.Catchall)))
		u.Catchall = &unique
	}
	return u, nil
}

// checkDomainNumbers returns INVALID_NUMBER for a negative number, but for -1 where that forbids.
func checkDomainNumbers(u DomainUpdate) error {
	for _, c := range []struct {
		field string
		value *int64
		least int64
	}{
		{"quota", u.Quota, 0}, {"defaultQuota", u.DefaultQuota, 0}, {"maxUserQuota", u.MaxUserQuota, 0},
		{"minPasswordLength", u.MinPasswordLength, 0}, {"maxPasswordLength", u.MaxPasswordLength, 0},
		{"numberOfUsers", u.NumberOfUsers, -1}, {"numberOfAliases", u.NumberOfAliases, -1}, {"numberOfLists", u.NumberOfLists, -1},
	} {
		if c.value != nil && *c.value < c.least {
			return Fail(Invalid, CodeInvalidNumber, "The number must be at least %d.", c.least).With(c.field)
		}
	}
	return nil
}
