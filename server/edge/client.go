package edge

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/postern-mail/postern/store"
)

// ClientAddress returns the address of whoever sent the request. The other end of the connection counts, unless it is a
// trusted proxy: then it is the right-most address of X-Forwarded-For that is not a trusted proxy's, since every proxy adds to
// the right of what it was sent. Where all of them are trusted it is the left-most, and an item that is no address ends the
// search, since nobody vouches for what is left of it. The address has no zone, and IPv4 is never written in IPv6; it is the
// zero value when the connection has no address.
func ClientAddress(r *http.Request, trusted store.Networks) netip.Addr {
	client, ok := parseHop(r.RemoteAddr)
	if !ok || !trusted.Contain(client) {
		return client
	}
	hops := headerItems(r, "X-Forwarded-For")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, ok := parseHop(hops[i])
		if !ok {
			break
		}
		client = hop
		if !trusted.Contain(hop) {
			break
		}
	}
	return client
}

// clientIP is ClientAddress for the log. Without an address it is what the connection says of its other end.
func clientIP(r *http.Request, trusted store.Networks) string {
	if address := ClientAddress(r, trusted); address.IsValid() {
		return address.String()
	}
	return r.RemoteAddr
}

// isSecure reports whether the client speaks TLS, to us or to a trusted proxy, which tells so in the last item of
// X-Forwarded-Proto.
func isSecure(r *http.Request, trusted store.Networks) bool {
	if r.TLS != nil {
		return true
	}
	peer, ok := parseHop(r.RemoteAddr)
	if !ok || !trusted.Contain(peer) {
		return false
	}
	schemes := headerItems(r, "X-Forwarded-Proto")
	return len(schemes) > 0 && strings.EqualFold(schemes[len(schemes)-1], "https")
}

// headerItems returns the comma-separated items of a header that may stand in several lines.
func headerItems(r *http.Request, name string) []string {
	lines := r.Header.Values(name)
	if len(lines) == 0 {
		return nil
	}
	items := strings.Split(strings.Join(lines, ","), ",")
	for i := range items {
		items[i] = strings.TrimSpace(items[i])
	}
	return items
}

// parseHop reads an address as connections and proxies write it: with or without a port, IPv6 with or without brackets.
func parseHop(text string) (netip.Addr, bool) {
	if host, _, err := net.SplitHostPort(text); err == nil {
		text = host
	}
	if inner, ok := strings.CutPrefix(text, "["); ok {
		text = strings.TrimSuffix(inner, "]")
	}
	return store.ParseIP(text)
}
