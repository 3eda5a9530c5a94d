package store

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"unicode"
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

// AllowList is a list of the addresses that may come in.
type AllowList struct {
	Networks Networks
	Bad      []string // elements that are neither a network nor an address; they let nobody in
}

// ParseAllowList reads the value of a setting of iRedAdmin's, {"value": ["192.0.2.1", "10.0.0.0/8"]}; a text is taken for a list
// with commas or blanks. It returns nil, which lets everybody in, for an empty list, null and "". What cannot be read lets nobody
// in: the panel itself drops a list with one bad element, and with it the restriction.
func ParseAllowList(text string) *AllowList {
	var wrapped map[string]any
	if err := json.Unmarshal([]byte(text), &wrapped); err != nil {
		return &AllowList{Bad: []string{text}}
	}
	value, found := wrapped["value"]
	if !found {
		return &AllowList{Bad: []string{text}}
	}
	var items []any
	switch v := value.(type) {
	case nil:
	case []any:
		items = v
	case string:
		for _, item := range strings.FieldsFunc(v, func(r rune) bool { return r == ',' || unicode.IsSpace(r) }) {
			items = append(items, item)
		}
	default:
		items = []any{v}
	}
	if len(items) == 0 {
		return nil
	}
	list := &AllowList{}
	for _, item := range items {
		if network, ok := ParseNetwork(fmt.Sprint(item)); ok {
			list.Networks = append(list.Networks, network)
		} else {
			list.Bad = append(list.Bad, fmt.Sprint(item))
		}
	}
	return list
}

// Allows reports whether the address may come in. A list that is nil lets everybody in.
func (l *AllowList) Allows(address netip.Addr) bool { return l == nil || l.Networks.Contain(address) }

// Contain reports whether the address, as ParseIP returns it, lies in one of the networks.
func (n Networks) Contain(address netip.Addr) bool {
	for _, network := range n {
		if network.Contains(address) {
			return true
		}
	}
	return false
}
