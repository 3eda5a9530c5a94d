package store

import (
	"context"
	"time"
)

// OwnershipStatus says whether a name still has to be proven.
type OwnershipStatus string

// The statuses of a name.
const (
	OwnershipExempt  OwnershipStatus = "exempt"  // nobody asks for a proof: a global admin has added or activated it
	OwnershipPending OwnershipStatus = "pending" // out of use until a TXT record proves it or a global admin activates it
	OwnershipProven  OwnershipStatus = "proven"  // a TXT record has proven it
)

// Ownership is what is known about the proof of a name.
type Ownership struct {
	Name   string // the domain or alias domain
	Domain string // the primary domain; of a domain itself the same name
	Status OwnershipStatus
	// Record is the whole value of the TXT record at the name that proves it, "" where there is nothing to prove.
	Record string
	// LastCheck is when the record was last looked for, zero for never.
	LastCheck time.Time
}

// Ownerships is the contract for the proof of names that were added by admins who are not global.
type Ownerships interface {
	// DomainsWithName returns the primary domains that the name belongs to: the domain of which it is the name or an alias
	// domain, and then those in which it is a pending alias domain, in the order in which it was added.
	DomainsWithName(ctx context.Context, name string) ([]string, error)
	// Ownership returns what is known. A pending name without a code gets a new one. Returns NO_SUCH_DOMAIN when the name is
	// neither the domain nor an alias domain of it, pending ones included.
	Ownership(ctx context.Context, name, domain string) (Ownership, error)
	// VerifyOwnership looks a pending name up, which takes at most five seconds, and puts it into use when the record is there.
	// When the DNS does not answer the name stays pending. Returns NO_SUCH_DOMAIN as Ownership does, ALREADY_EXISTS when
	// somebody else got the name, and NOT_CONFIGURED when no DNS server is known.
	VerifyOwnership(ctx context.Context, actor Actor, name, domain string) (Ownership, error)
	// DomainOwnerships returns the status and the pending alias domains of each of the domains that were read, in their order
	// and in a constant number of statements.
	DomainOwnerships(ctx context.Context, domains []Domain) ([]DomainOwnership, error)
}

// DomainOwnership is what has to be proven of a domain.
type DomainOwnership struct {
	Status  OwnershipStatus
	Pending []string // alias domains, sorted and never nil
}

// NameMark says that a name has to be, or was, proven. A name without a mark is exempt.
type NameMark struct {
	Name    string
	Domain  string // the primary domain; of a domain itself the same name
	Admin   string // who added it
	Status  OwnershipStatus
	Created time.Time
}

// IsAlias reports whether the name is an alias domain.
func (m NameMark) IsAlias() bool { return m.Name != m.Domain }

// Pending reports whether the name has still to be proven.
func (m NameMark) Pending() bool { return m.Status == OwnershipPending }

// NameMarks is the contract for the marks of names, which are ours alone: what another program has switched off bears none.
type NameMarks interface {
	// MarkName keeps a mark in place of an earlier one of the same name in the same domain.
	MarkName(ctx context.Context, m NameMark) error
	// MarksOfNames returns the marks of these names in any domain, the oldest first.
	MarksOfNames(ctx context.Context, names []string) ([]NameMark, error)
	// MarksOfDomains returns the marks of domains and of their alias domains, the oldest first.
	MarksOfDomains(ctx context.Context, domains ...string) ([]NameMark, error)
	// PendingMarks returns all marks of names that are pending, the oldest first.
	PendingMarks(ctx context.Context) ([]NameMark, error)
	// UnmarkName removes the mark of a name in a domain; a missing one is fine.
	UnmarkName(ctx context.Context, name, domain string) error
	// UnmarkDomain removes the marks of a domain and of its alias domains.
	UnmarkDomain(ctx context.Context, domain string) error
}

// ProofCode is a row of iRedAdmin's table domain_ownership: what an admin has to publish to prove a name.
type ProofCode struct {
	Admin  string
	Name   string
	Domain string // the primary domain; of a domain itself the same name
	Code   string
	// Verified is true once the record was seen, be it by us or by the panel; LastCheck is when it was last looked for, zero
	// for never.
	Verified  bool
	LastCheck time.Time
}

// ProofCodes is the contract for the codes, which the panel and its tools read and write too.
type ProofCodes interface {
	// ProofCode returns the code of an admin for a name in a domain, and whether there is one.
	ProofCode(ctx context.Context, admin, name, domain string) (ProofCode, bool, error)
	// KeepProofCode keeps a code that is not verified, in place of an earlier one.
	KeepProofCode(ctx context.Context, c ProofCode) error
	// NoteProofCheck notes that the record of the code was looked for, and whether it was found. It reports false, and notes
	// nothing, when the admin has no such code any more.
	NoteProofCheck(ctx context.Context, c ProofCode, at time.Time, found bool, message string) (bool, error)
	// LastProof returns when the record of an admin for the name was last seen, in whichever domain; zero for never.
	LastProof(ctx context.Context, admin, name string) (time.Time, error)
	// ForgetProofCodes removes the codes of a name in a domain, or of all names of the domain where name is "", that are not
	// verified: a verified one spares the admin a new proof for some time.
	ForgetProofCodes(ctx context.Context, name, domain string) error
}
