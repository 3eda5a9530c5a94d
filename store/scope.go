package store

import "slices"

// Scope is in which domains a write may change references to the account or domain that is written: forwardings, members, blind
// copies, owners, moderators and subscribers that name it. In all other domains they stay as they are. The zero value is
// everywhere.
type Scope struct {
	Limited bool     `json:"limited,omitempty"` // to Domains
	Domains []string `json:"domains,omitempty"` // in lower case, sorted
}

// Covers reports whether references in that domain may be changed.
func (s Scope) Covers(domain string) bool {
	return !s.Limited || slices.Contains(s.Domains, domain)
}
