package store

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

var (
	relayHost      = regexp.MustCompile(`^[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?$`)
	bracketedRelay = regexp.MustCompile(`^\[([A-Za-z0-9_.:-]+)\](?::([0-9]+))?$`)
)

// nextHop returns a next hop as Postfix takes it (host, [host], either with :port), or INVALID_RELAY. A transport
// before it ("smtp:", "relay:") is dropped. An IP address gets the brackets without which Postfix would look it up
// as a name.
func nextHop(value, field string) (string, error) {
	hop := strings.TrimSpace(value)
	for _, transport := range []string{"smtp:", "relay:"} {
		hop = strings.TrimPrefix(hop, transport)
	}
	if parsed, ok := parseRelay(hop); ok && len(parsed) <= MaxText-len("relay:") {
		return parsed, nil
	}
	return "", Fail(Invalid, CodeInvalidRelay, "Write a host as in [smtp.example.net]:587.").With(field)
}

func parseRelay(hop string) (string, bool) {
	if m := bracketedRelay.FindStringSubmatch(hop); m != nil {
		return hop, m[2] == "" || isPort(m[2])
	}
	if _, err := netip.ParseAddr(hop); err == nil {
		return "[" + hop + "]", true
	}
	host, port, hasPort := strings.Cut(hop, ":")
	if !relayHost.MatchString(host) || (hasPort && !isPort(port)) {
		return "", false
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return "[" + host + "]:" + port, true
	}
	return hop, true
}

func isPort(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && n > 0
}
