package rules

import (
	"crypto/rand"
	"slices"
	"time"

	"github.com/postern-mail/postern/store"
)

// proofPrefix is how iRedAdmin-Pro begins the codes that prove names (DOMAIN_OWNERSHIP_VERIFY_CODE_PREFIX).
const proofPrefix = "iredmail-domain-verification-"

// proofLength is how many random characters follow it.
const proofLength = 20

// ProofValidity is how long an admin needs no new proof of a name (iRedAdmin-Pro, DOMAIN_OWNERSHIP_EXPIRE_DAYS).
const ProofValidity = 30 * 24 * time.Hour

// MaxAliasDomains is how many alias domains, pending ones included, a domain may have where an actor that is not global adds
// any.
const MaxAliasDomains = 100

// NewProofCode returns a code that nobody can guess: the whole value of the TXT record that proves a name.
func NewProofCode() string { return proofPrefix + rand.Text()[:proofLength] }

// IsProofStillGood reports whether the record of an admin for a name was seen so recently that no new proof is needed. Zero is
// never.
func IsProofStillGood(lastProof, now time.Time) bool {
	return !lastProof.IsZero() && now.Sub(lastProof) <= ProofValidity
}

// MustProveNames reports whether the names that an actor adds have to be proven where proofs are asked for.
func MustProveNames(actor store.Actor) bool { return !actor.Global && actor.Username != "" }

// CheckAliasDomains returns EXCEED_LIMIT_ALIAS_DOMAINS when a domain would get more alias domains than it may have. What is over
// already may shrink.
func CheckAliasDomains(before, after int) error {
	if after > MaxAliasDomains && after > before {
		return store.Fail(store.Conflict, store.CodeLimitAliasDomains,
			"A domain may have %d alias domains, those that wait for a proof included; only a global admin may add more.", MaxAliasDomains)
	}
	return nil
}

// CheckNames returns PERMISSION_DENIED for the first of the names that an actor which is not global may not add: a name of this
// server, and a domain in which a standalone admin has its address, for it would receive the mail of that admin.
func CheckNames(names, reserved []string) error {
	for _, name := range names {
		for _, r := range reserved {
			if name == r {
				return store.Fail(store.Forbidden, store.CodePermissionDenied,
					"%s is a name of this server or the domain of an admin; only a global admin may add it.", name)
			}
		}
	}
	return nil
}

// AliasDomainPlan is what an actor whose names have to be proven does to the alias domains of a domain.
type AliasDomainPlan struct {
	Added   []string // at once: their proof is still good
	Removed []string // in use until now
	// Pend are the names that have to be proven and were not known yet; Unpend those that are pending no more.
	Pend, Unpend []string
}

// PlanAliasDomains compares what is asked for with the alias domains in use and those that are pending. A list that replaces
// all says nothing about pending ones, which a read shows apart: they go by their names alone. Proven tells of which of the
// added names the actor needs no new proof.
func PlanAliasDomains(set store.Set, inUse, pending []string, proven func(name string) (bool, error)) (AliasDomainPlan, error) {
	next := set.Apply(inUse)
	p := AliasDomainPlan{Removed: store.LeaveOut(inUse, next)}
	for _, name := range pending {
		if slices.Contains(set.Remove, name) && !slices.Contains(set.Add, name) {
			p.Unpend = append(p.Unpend, name)
		}
	}
	for _, name := range store.LeaveOut(next, inUse) {
		good, err := proven(name)
		if err != nil {
			return p, err
		}
		switch {
		case good:
			p.Added = append(p.Added, name)
		case !slices.Contains(pending, name):
			p.Pend = append(p.Pend, name)
		}
	}
	return p, nil
}
