package rules

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"github.com/postern-mail/postern/store"
)

// nextHop is one host that Postfix hands mail to, as transport(5) and relayhost in postconf(5) write it: with brackets, which
// switch off the look-up of its MX, or without, and with or without a port.
type nextHop struct {
	host     string
	port     string // a number, the name of a service as in /etc/services, or ""
	brackets bool
}

var (
	hostForm = regexp.MustCompile(`^[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?$`)
	// serviceForm is the name of a service (RFC 6335 section 5.1), which has a letter.
	serviceForm = regexp.MustCompile(`^[A-Za-z0-9-]{0,14}[A-Za-z][A-Za-z0-9-]{0,14}$`)
)

// parseNextHop reads one next hop.
func parseNextHop(text string) (nextHop, bool) {
	if inner, ok := strings.CutPrefix(text, "["); ok {
		host, rest, closed := strings.Cut(inner, "]")
		port, hasPort := strings.CutPrefix(rest, ":")
		if !closed || rest != "" && !hasPort || hasPort && !isPort(port) {
			return nextHop{}, false
		}
		_, isAddress := parseLiteral(host)
		return nextHop{host, port, true}, isAddress || hostForm.MatchString(host)
	}
	if _, ok := parseLiteral(text); ok {
		return nextHop{host: text}, true
	}
	host, port, hasPort := strings.Cut(text, ":")
	if _, err := strconv.Atoi(port); hasPort && err != nil && (relays(host) || host == "lmtp") {
		return nextHop{}, false // a transport where only a next hop belongs, not a host and a service
	}
	return nextHop{host: host, port: port}, hostForm.MatchString(host) && (!hasPort || isPort(port))
}

// parseNextHops reads one next hop or several with commas, which Postfix tries in turn since 3.5.
func parseNextHops(text string) ([]nextHop, bool) {
	var all []nextHop
	for item := range strings.SplitSeq(text, ",") {
		hop, ok := parseNextHop(item)
		if !ok {
			return nil, false
		}
		all = append(all, hop)
	}
	return all, true
}

// joinHops is parseNextHops the other way round.
func joinHops(all []nextHop) string {
	texts := make([]string, len(all))
	for i, hop := range all {
		texts[i] = hop.String()
	}
	return strings.Join(texts, ",")
}

// String is the next hop as it is stored. An address gets the brackets without which Postfix would look it up as a name.
func (h nextHop) String() string {
	text := h.host
	if _, isAddress := parseLiteral(h.host); isAddress || h.brackets {
		text = "[" + text + "]"
	}
	if h.port != "" {
		text += ":" + h.port
	}
	return text
}

// parseLiteral reads an address in its usual notation. IPv6 may have the prefix that it has in mail addresses.
func parseLiteral(host string) (netip.Addr, bool) {
	if len(host) > 5 && strings.EqualFold(host[:5], "ipv6:") {
		host = host[5:]
	}
	address, err := netip.ParseAddr(host)
	return address, err == nil
}

func isPort(text string) bool {
	if n, err := strconv.ParseUint(text, 10, 16); err == nil {
		return n > 0
	}
	return len(text) <= 15 && serviceForm.MatchString(text)
}

// notPublic are the networks that no host of the internet has, or that lead to another of these: a domain's admin could
// reach through them what only this server is meant to reach. Documentation networks are in no use and left out.
var notPublic = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.168.0.0/16",
	"198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4", // IPv4: RFC 6890, RFC 6598
	"::/96", "::ffff:0:0/96", "64:ff9b:1::/48", "100::/64", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8", // IPv6
)

func prefixes(texts ...string) store.Networks {
	all := make(store.Networks, len(texts))
	for i, text := range texts {
		all[i] = netip.MustParsePrefix(text)
	}
	return all
}

var (
	nat64  = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052: the last four bytes are an IPv4 address
	sixTo4 = netip.MustParsePrefix("2002::/16")    // RFC 3056: the next four bytes are
)

// IsPublic reports whether the address is one of the internet: not loopback, link-local, private, shared (RFC 6598),
// unique-local, multicast or unspecified, and no IPv6 notation of such an IPv4 address. An IPv4-mapped one is never public.
// Source: the special-purpose address registries (RFC 6890).
func IsPublic(address netip.Addr) bool {
	address = address.WithZone("")
	if address.Is4In6() || notPublic.Contain(address) {
		return false
	}
	bytes := address.As16()
	switch {
	case nat64.Contains(address):
		return IsPublic(netip.AddrFrom4([4]byte(bytes[12:])))
	case sixTo4.Contains(address):
		return IsPublic(netip.AddrFrom4([4]byte(bytes[2:6])))
	}
	return true
}

var lastLabelIsNumber = regexp.MustCompile(`(^|\.)([0-9]+|0[xX][0-9A-Fa-f]*)$`)

// localName are names that /etc/hosts has for the loopback address: of Debian, and of Red Hat with a digit for its family.
var localName = regexp.MustCompile(`\.(localhost|localdomain)[46]?$`)

// inward says why a next hop may lead to this server or its own network, "" when it does not. Names are not looked up.
func (t Transports) inward(hop nextHop) string {
	if address, ok := parseLiteral(hop.host); ok {
		switch {
		case address.Is6() && !hop.brackets:
			return "needs brackets"
		case !IsPublic(address):
			return "is no public address"
		case t.Addresses.Contain(address.WithZone("")):
			return "is an address of this server"
		}
		return ""
	}
	name := strings.ToLower(hop.host)
	switch {
	case lastLabelIsNumber.MatchString(name): // 127.1, 0177.0.0.1 and 0x7f.1 are addresses to getaddrinfo(3)
		return "is no address in its usual notation"
	case !strings.Contains(name, "."):
		return "is not a full host name"
	case localName.MatchString(name):
		return "is a name of this server"
	}
	for _, own := range t.Names {
		if name == own {
			return "is a name of this server"
		}
	}
	return ""
}

// Lookup returns the addresses of a host; with mx, of the hosts that take mail for the name.
type Lookup func(name string, mx bool) []netip.Addr

// Inward says of each host that a stored transport or relay host names why it leads to this server or its own network now. What
// the operator allows is left out. Names that are not refused when they are written go to lookup.
func (t Transports) Inward(stored store.NextHop, lookup Lookup) []string {
	service, text := "smtp", withoutService(stored.Value)
	if stored.Field == "transport" {
		service, text, _ = strings.Cut(stored.Value, ":")
		text = strings.TrimPrefix(text, "inet:") // lmtp(8)
		if stored.Value == t.Default || t.allows(stored.Value) || !relays(service) && service != "lmtp" {
			return nil
		}
	}
	hops, _ := parseNextHops(text)
	var all []string
	for _, hop := range hops {
		if t.allows(service + ":" + hop.String()) {
			continue
		}
		if why := t.inward(hop); why != "" {
			all = append(all, hop.host+" "+why)
			continue
		}
		if _, ok := parseLiteral(hop.host); ok {
			continue
		}
		for _, address := range lookup(hop.host, !hop.brackets && service != "lmtp") {
			if why := t.inward(nextHop{host: address.String(), brackets: true}); why != "" {
				all = append(all, hop.host+" has the address "+address.String()+", which "+why)
			}
		}
	}
	return all
}
