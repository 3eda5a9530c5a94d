package store

import "context"

// SpamPolicies is the contract for what Amavisd does with mail to an account (Amavisd's tables policy and users).
type SpamPolicies interface {
	// SpamPolicy returns what is stored for the account and what applies to it.
	SpamPolicy(ctx context.Context, account PolicyAccount) (SpamPolicy, error)
	// UpdateSpamPolicy changes what is given; a policy that is not there is made, and what it leaves unset is inherited.
	// Returns CONFLICTING_PARAMETERS for a check that is to be bypassed and its finds quarantined in one request.
	UpdateSpamPolicy(ctx context.Context, w Write, account PolicyAccount, u SpamPolicyUpdate) (Change, error)
	// DeleteSpamPolicy removes it. Whitelists and blacklists of the account stay. A missing one is fine.
	DeleteSpamPolicy(ctx context.Context, w Write, account PolicyAccount) (Change, error)
}

// SpamPolicy is a policy as it is stored, and what applies.
type SpamPolicy struct {
	// Stored is the published parameters, then the other columns of the table; nil without a policy.
	Stored Record
	// Effective has an Effective for each published parameter.
	Effective Record
}

// SpamPolicyUpdate changes a policy. Absent leaves; Unset hands the setting back to the next broader policy.
type SpamPolicyUpdate struct {
	BypassSpam         Optional[bool]
	BypassVirus        Optional[bool]
	BypassBanned       Optional[bool]
	BypassHeader       Optional[bool]
	QuarantineSpam     Optional[bool]
	QuarantineVirus    Optional[bool]
	QuarantineBanned   Optional[bool]
	QuarantineHeader   Optional[bool]
	PrefixSubject      Optional[bool]
	AlwaysInsertHeader Optional[bool]
	Score              Optional[float64]
	BannedRules        *[]string // empty unsets; at most 64 characters with the commas between them
}

// Optional is a setting that may be left as it is, unset or set.
type Optional[T any] struct {
	Given bool // otherwise it stays as it is
	Value *T   // nil unsets
}
