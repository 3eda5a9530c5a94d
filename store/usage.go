package store

import (
	"context"
	"time"
)

// Usages is the contract for what domains hold, as whoever sends a bill asks for it.
type Usages interface {
	// DomainUsages returns a page of domains with what each holds, in the order of the name. The number of statements, or of searches,
	// is the same for one domain and for 1,000. Returns NO_SUCH_DOMAIN for the one domain of the filter, and INVALID_VALUE for a sort
	// other than SortKey.
	DomainUsages(ctx context.Context, filter UsageFilter, page PageRequest) (Page[DomainUsage], error)
}

// UsageFilter selects domains, and says from when on a mailbox counts as used.
type UsageFilter struct {
	Domain    string // this one alone; "" is all
	ManagedBy string // where Domain is "": only those that this admin manages; "" is all
	Since     time.Time
}

// DomainUsage is what a domain holds. Alias domains and what is in them are those of their domain.
type DomainUsage struct {
	Domain       string
	Users        int64 // mailboxes
	Aliases      int64 // alias accounts
	MailingLists int64
	StaticLists  int64 // 0 on SQL, where there are none
	Allocated    int64 // sum of the mailbox quotas in MB
	Stored       int64 // bytes in all mailboxes
	Messages     int64
	// OverQuota counts mailboxes that hold more than their quota. One without a quota never does.
	OverQuota int64
	// NeverLoggedIn counts mailboxes into which nobody ever logged in, Inactive these and those of which the last time was before
	// UsageFilter.Since. A delivery is no log-in.
	NeverLoggedIn int64
	Inactive      int64
}

// CheckUsage returns INVALID_VALUE for a page in an order that reports do not have.
func (p PageRequest) CheckUsage() error {
	if p.Sort == SortKey {
		return nil
	}
	return Fail(Invalid, CodeInvalidValue, "Reports are in the order of the domain alone.").With("sort")
}

// AddMailbox counts a mailbox with that quota in MB.
func (d *DomainUsage) AddMailbox(quota int64, used MailboxUsage, since time.Time) {
	d.Users++
	d.Allocated += quota
	d.Stored += used.Bytes
	d.Messages += used.Messages
	if quota > 0 && used.Bytes>>20 >= quota && used.Bytes > quota<<20 {
		d.OverQuota++
	}
	if used.LastLogin == "" {
		d.NeverLoggedIn++
	}
	if used.LastLogin < since.UTC().Format(TimeLayout) {
		d.Inactive++
	}
}
