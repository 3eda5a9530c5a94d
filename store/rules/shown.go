package rules

import (
	"slices"
	"strings"
	"time"

	"github.com/postern-mail/postern/store"
)

// What is read of an account has the form in which the parameter of an update takes it, whatever the engine keeps and whoever
// wrote it. What the parameter does not take is shown as unset (see also store.KnownLanguage and the like).

// shownServices are the services of a mailbox that are read: what the contract names. smtptls and
// managesievetls, which only a directory has, go along with others (see furtherServices).
var shownServices = slices.Sorted(slices.Values(store.LeaveOut(services, []string{"smtptls", "managesievetls"})))

// IsShownService reports whether a service of a mailbox is read.
func IsShownService(name string) bool {
	_, found := slices.BinarySearch(shownServices, name)
	return found
}

// ShownServices are the services of a mailbox that are on, sorted.
func ShownServices(isOn func(name string) bool) []string {
	return slices.DeleteFunc(slices.Clone(shownServices), func(name string) bool { return !isOn(name) })
}

// policies are the access policies that can be set.
var policies = []string{
	store.PolicyPublic, store.PolicyDomain, store.PolicySubdomain, store.PolicyMembersOnly, store.PolicyModeratorsOnly,
	"membersandmoderatorsonly",
}

// ShownPolicy is the access policy that a stored word stands for, "" for one that is unset or that nobody knows: iRedAPD lets
// everybody post then. Source: plugins/sql_alias_access_policy.py of iRedAPD, where allowedonly is the older word of two.
func ShownPolicy(stored string) string {
	word := strings.ToLower(strings.TrimSpace(stored))
	if word == "allowedonly" {
		return store.PolicyModeratorsOnly
	}
	if !slices.Contains(policies, word) {
		return ""
	}
	return word
}

// firstDay is the end of the day on which tables have what nobody knows the time of.
var firstDay = time.Date(1970, 1, 2, 0, 0, 0, 0, time.UTC)

// ShownTime is a stored time in UTC, the zero time where it is the default of a column and stands for none.
func ShownTime(stored time.Time) time.Time {
	if stored.Before(firstDay) {
		return time.Time{}
	}
	return stored.UTC().Truncate(time.Second)
}

// PrimaryMX is the host that a backup MX relays to, "" where Postfix looks up the MX of the domain, and of any other domain.
func (r DomainRoutes) PrimaryMX() string {
	service, hop, _ := strings.Cut(r.Transport, ":")
	if !r.BackupMX || !relays(service) || strings.EqualFold(hop, r.Domain) {
		return ""
	}
	return hop
}
