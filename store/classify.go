package store

import (
	"net/netip"
	"regexp"
	"strings"
)

// AddressKind is the sort of a pattern that policies and lists speak of people by: one address, a domain, a network.
type AddressKind int

// The kinds, named as iRedAPD and Amavisd do.
const (
	KindInvalid         AddressKind = iota
	KindCatchall                    // @. is everybody
	KindCatchallIP                  // @ip is every client
	KindTopLevel                    // @.com
	KindSubdomain                   // @.example.com is the domain with its subdomains
	KindDomain                      // @example.com
	KindWildcardAddress             // user@* is that name in any domain
	KindNetwork                     // 192.0.2.0/24
	KindWildcardIP                  // 192.0.2.*
	KindIP                          // 192.0.2.1, 2001:db8::1
	KindEmail                       // user@example.com
)

// Which entry comes first, the larger number in front. Amavisd and iRedAPD each have a scale of their own, and mixing
// them breaks the precedence.
// Source: MAILADDR_PRIORITIES in libs/utils.py of iRedAPD for the first scale, plugins/throttle.py and greylisting.py for the second.
var (
	amavisdPriorities = map[AddressKind]int64{
		KindEmail: 10, KindIP: 9, KindWildcardIP: 8, KindNetwork: 7, KindWildcardAddress: 7, KindDomain: 5, KindSubdomain: 3,
		KindTopLevel: 2, KindCatchallIP: 1, KindCatchall: 0,
	}
	iredapdPriorities = map[AddressKind]int64{
		KindEmail: 100, KindWildcardAddress: 90, KindIP: 80, KindWildcardIP: 70, KindNetwork: 70, KindDomain: 60, KindSubdomain: 50,
		KindTopLevel: 40, KindCatchallIP: 0, KindCatchall: 0,
	}
)

// AmavisdPriority is the kind's number in Amavisd's tables users and mailaddr.
func (k AddressKind) AmavisdPriority() int64 { return amavisdPriorities[k] }

// IredapdPriority is the kind's number in iRedAPD's tables throttle and greylisting.
func (k AddressKind) IredapdPriority() int64 { return iredapdPriorities[k] }

var (
	topLevelName    = regexp.MustCompile(`^[a-z0-9-]{2,25}$`)
	wildcardAddress = regexp.MustCompile("^[a-z0-9!#$%&'*+/=?^_`{|}~-][a-z0-9!#$%&'*+/=?^_`{|}~.-]*@\\*$")
	wildcardIP      = regexp.MustCompile(`^[0-9*]{1,3}(?:\.[0-9*]{1,3}){3}$`)
)

// ClassifyAddress returns the pattern as it is stored and compared, and its kind; KindInvalid when it is none. An
// IP address gets the form in which Postfix sends it, and a network of a single address becomes that address.
// Source: is_valid_amavisd_address in libs/utils.py of iRedAPD.
func ClassifyAddress(text string) (string, AddressKind) {
	s := strings.ToLower(strings.TrimSpace(text))
	if len(s) > maxName {
		return "", KindInvalid
	}
	switch {
	case strings.HasPrefix(s, "@"):
		return classifyDomain(s)
	case strings.HasPrefix(s, "*@"): // not anybody at a domain, which is @domain
		return "", KindInvalid
	case foreign.MatchString(s):
		return s, KindEmail
	case wildcardAddress.MatchString(s):
		return s, KindWildcardAddress
	}
	return classifyIP(s)
}

// classifyDomain is ClassifyAddress for what starts with "@".
func classifyDomain(s string) (string, AddressKind) {
	name, below := strings.CutPrefix(s[1:], ".")
	switch {
	case s == "@.":
		return s, KindCatchall
	case s == "@ip":
		return s, KindCatchallIP
	case below && domainName.MatchString(name):
		return s, KindSubdomain
	case below && topLevelName.MatchString(name):
		return s, KindTopLevel
	case !below && domainName.MatchString(name):
		return s, KindDomain
	}
	return "", KindInvalid
}

// classifyIP is ClassifyAddress for what has no "@".
func classifyIP(s string) (string, AddressKind) {
	if ip, err := netip.ParseAddr(s); err == nil && ip.Zone() == "" {
		return ip.Unmap().String(), KindIP
	}
	if network, err := netip.ParsePrefix(s); err == nil && network == network.Masked() {
		if network.IsSingleIP() {
			return network.Addr().Unmap().String(), KindIP
		}
		return network.String(), KindNetwork
	}
	if wildcardIP.MatchString(s) && strings.Contains(s, "*") {
		return s, KindWildcardIP
	}
	return "", KindInvalid
}
