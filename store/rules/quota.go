package rules

import (
	"fmt"

	"github.com/postern-mail/postern/store"
)

// Quotas is what a domain says about the quotas of its mailboxes, in MB. Of a limit 0 is none; of the quota of a
// mailbox 0 is unlimited.
type Quotas struct {
	Domain    string // the domain name
	Default   int64  // of a new mailbox
	Most      int64  // of one mailbox
	Limit     int64  // of all mailboxes together
	Allocated int64  // what all mailboxes have; looked at only where there is a Limit
}

// Grant returns the quota that a new mailbox gets: what is asked or the domain's default, cut to what the domain allows
// for one mailbox and has left. Returns INVALID_NUMBER, or EXCEEDED_DOMAIN_QUOTA_SIZE when nothing is left.
func (q Quotas) Grant(asked *int64) (int64, error) {
	quota := q.Default
	if asked != nil {
		quota = *asked
	}
	if quota < 0 {
		return 0, negativeQuota()
	}
	if q.Most > 0 {
		quota = atMost(quota, q.Most)
	}
	if q.Limit <= 0 {
		return quota, nil
	}
	if q.Allocated >= q.Limit {
		return 0, q.usedUp()
	}
	return atMost(quota, q.Limit-q.Allocated), nil
}

// Check returns INVALID_NUMBER or EXCEEDED_DOMAIN_QUOTA_SIZE when a mailbox, whose own MB count against the domain
// already, may not get that many. An actor that is not global is held to the largest quota of one mailbox too.
func (q Quotas) Check(quota, own int64, actor store.Actor) error {
	bound := !actor.Global && actor.Username != ""
	switch {
	case quota < 0:
		return negativeQuota()
	case bound && q.Most > 0 && exceeds(quota, q.Most):
		return store.Fail(store.Conflict, store.CodeDomainQuotaSize, "You asked for %s. A mailbox of %s gets at most %d MB.",
			megabytes(quota), q.Domain, q.Most).With("quota")
	case q.Limit > 0 && exceeds(quota, max(own, q.Limit-q.Allocated+own)):
		return store.Fail(store.Conflict, store.CodeDomainQuotaSize, "You asked for %s. The domain %s has %d MB for this mailbox.",
			megabytes(quota), q.Domain, max(0, q.Limit-q.Allocated+own)).With("quota")
	}
	return nil
}

func (q Quotas) usedUp() error {
	return store.Fail(store.Conflict, store.CodeDomainQuotaSize,
		"All %d MB of the domain %s are given to its mailboxes. Raise its quota, or lower theirs.", q.Limit, q.Domain).With("quota")
}

// megabytes is a quota in words.
func megabytes(quota int64) string {
	if quota == 0 {
		return "no limit (0)"
	}
	return fmt.Sprintf("%d MB", quota)
}

func negativeQuota() error {
	return store.Fail(store.Invalid, store.CodeInvalidNumber, "A quota is 0 or more megabytes.").With("quota")
}

// exceeds reports whether a quota, of which 0 is more than anything, is larger than the limit.
func exceeds(quota, limit int64) bool { return quota == 0 || quota > limit }

func atMost(quota, limit int64) int64 {
	if exceeds(quota, limit) {
		return limit
	}
	return quota
}

// CheckRoom returns NOT_ALLOWED when a domain forbids what is to be added (limit -1), and EXCEEDED_DOMAIN_ACCOUNT_LIMIT
// when it has as many as it may (0 is any number). What names them in the plural.
func CheckRoom(limit, existing int64, what string) error {
	if limit < 0 {
		return store.Fail(store.Conflict, store.CodeNotAllowed, "The domain may have no %s.", what)
	}
	if limit > 0 && existing >= limit {
		return store.Fail(store.Conflict, store.CodeDomainAccountLimit, "The domain has all %d %s that it may have.", limit, what)
	}
	return nil
}
