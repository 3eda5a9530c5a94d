package store

import "context"

// Greylistings is the contract for greylisting (iRedAPD's tables greylisting, greylisting_whitelists,
// greylisting_whitelist_domains and greylisting_whitelist_domain_spf).
type Greylistings interface {
	// Greylisting returns the account's own setting for all senders, and what applies to it.
	Greylisting(ctx context.Context, account PolicyAccount) (Greylisting, error)
	// GreylistingSettings returns a page of all settings, those of other tools too, what decides first in front. Returns
	// INVALID_VALUE for a sort that there is not.
	GreylistingSettings(ctx context.Context, filter GreylistingFilter, page PageRequest) (Page[Record], error)
	// SetGreylisting switches greylisting on or off for the account.
	SetGreylisting(ctx context.Context, w Write, account PolicyAccount, on bool) (Change, error)
	// DeleteGreylisting removes the account's own setting for all senders. A missing one is fine.
	DeleteGreylisting(ctx context.Context, w Write, account PolicyAccount) (Change, error)

	// GreylistingWhitelist returns a page of the senders entered for the account, sorted.
	GreylistingWhitelist(ctx context.Context, account PolicyAccount, page PageRequest) (Page[string], error)
	// UpdateGreylistingWhitelist changes them. What is no valid sender is named in Change.Discarded. Replacing the list
	// of everybody spares what a lookup of SPF records made.
	UpdateGreylistingWhitelist(ctx context.Context, w Write, account PolicyAccount, senders Set) (Change, error)

	// SpfDomains returns the domains whose mail servers are exempt, sorted.
	SpfDomains(ctx context.Context) ([]string, error)
	// UpdateSpfDomains changes them. What was exempt on behalf of a domain that goes, goes with it.
	UpdateSpfDomains(ctx context.Context, w Write, domains Set) (Change, error)
	// ReplaceSpfSenders makes the senders all that is exempt on behalf of a listed domain, in one transaction, and drops
	// what iRedAPD remembers against them. For a domain that is not listed any more it does nothing.
	ReplaceSpfSenders(ctx context.Context, domain string, senders []string) error
}

// SortAccount sorts greylisting settings by account and sender. By SortKey what decides first is in front.
const SortAccount Sort = "account"

// GreylistingSorts are the sorts of greylisting settings.
var GreylistingSorts = []Sort{SortKey, SortAccount}

// GreylistingFilter selects greylisting settings.
type GreylistingFilter struct {
	Prefix string // what the account begins with
	Any    string // what stands anywhere in the account or the sender
}

// Greylisting is a setting as it is stored, and what applies.
type Greylisting struct {
	Stored Record // nil without a setting
	// Effective has an Effective named status, whose value is "enable" or "disable".
	Effective Record
}
