package store

import (
	"net/netip"
	"strings"
)

// Networks are ranges of addresses.
type Networks []netip.Prefix

// ParseNetwork reads a network in CIDR notation, or one address, which is a network of its own. An IPv4 network that is
// written in IPv6 (::ffff:192.0.2.0/120) is the IPv4 network.
func ParseNetwork(text string) (netip.Prefix, bool) {
	text = strings.TrimSpace(text)
	if !strings.Contains(text, "/") {
		address, ok := ParseIP(text)
		return netip.PrefixFrom(address, address.BitLen()), ok
	}
	network, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, false
	}
	if network.Addr().Is4In6() {
		if network.Bits() < 96 {
			return netip.Prefix{}, false
		}
		network = netip.PrefixFrom(network.Addr().Unmap(), network.Bits()-96)
	}
	return network.Masked(), true
}

// ParseIP reads an IP address as it is compared: without a zone, and IPv4 never written in IPv6.
func ParseIP(text string) (netip.Addr, bool) {
	address, err := netip.ParseAddr(strings.TrimSpace(text))
	if err != nil {
		return netip.Addr{}, false
	}
	return address.Unmap().WithZone(""), true
}

// Contain reports whether the address, as ParseIP returns it, lies in one of the networks.
func (n Networks) Contain(address netip.Addr) bool {
	for _, network := range n {
		if network.Contains(address) {
			return true
		}
	}
	return false
}
