package edge

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

func networks(t *testing.T, texts ...string) store.Networks {
	t.Helper()
	var all store.Networks
	for _, text := range texts {
		network, ok := store.ParseNetwork(text)
		require.True(t, ok, text)
		all = append(all, network)
	}
	return all
}

func TestClientAddress(t *testing.T) {
	trusted := networks(t, "127.0.0.0/8", "::1/128", "10.0.0.0/8")
	for _, x := range []struct {
		name, peer string
		forwarded  []string
		want       string
	}{
		{"no proxy", "192.0.2.1:5000", nil, "192.0.2.1"},
		{"no proxy, header invented", "192.0.2.1:5000", []string{"203.0.113.9"}, "192.0.2.1"},
		{"a proxy that says nothing", "127.0.0.1:5000", nil, "127.0.0.1"},
		{"a proxy", "127.0.0.1:5000", []string{"203.0.113.9"}, "203.0.113.9"},
		{"the client invents what is left of it", "127.0.0.1:5000", []string{"198.51.100.1, 203.0.113.9"}, "203.0.113.9"},
		{"the client invents a trusted address", "127.0.0.1:5000", []string{"10.1.1.1, 203.0.113.9"}, "203.0.113.9"},
		{"two proxies", "127.0.0.1:5000", []string{"198.51.100.1, 203.0.113.9, 10.0.0.7"}, "203.0.113.9"},
		{"several lines are one list", "127.0.0.1:5000", []string{"198.51.100.1", "203.0.113.9", "10.0.0.7"}, "203.0.113.9"},
		{"a client in a trusted network", "127.0.0.1:5000", []string{"10.0.0.9, 10.0.0.7"}, "10.0.0.9"},
		{"no address ends it", "127.0.0.1:5000", []string{"203.0.113.9, unknown, 10.0.0.7"}, "10.0.0.7"},
		{"nothing but rubbish", "127.0.0.1:5000", []string{"unknown,, "}, "127.0.0.1"},
		{"an empty header", "127.0.0.1:5000", []string{""}, "127.0.0.1"},
		{"with ports", "[::1]:5000", []string{"203.0.113.9:4711"}, "203.0.113.9"},
		{"IPv6, bare", "[::1]:5000", []string{"2001:db8::9"}, "2001:db8::9"},
		{"IPv6, brackets", "[::1]:5000", []string{"[2001:DB8::9]"}, "2001:db8::9"},
		{"IPv6, brackets and a port", "[::1]:5000", []string{"[2001:db8::9]:4711"}, "2001:db8::9"},
		{"IPv4 written in IPv6, the proxy", "[::ffff:127.0.0.1]:5000", []string{"203.0.113.9"}, "203.0.113.9"},
		{"IPv4 written in IPv6, the client", "127.0.0.1:5000", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		{"a zone is none of ours", "[fe80::1%eth0]:5000", nil, "fe80::1"},
	} {
		t.Run(x.name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
			r.RemoteAddr = x.peer
			for _, line := range x.forwarded {
				r.Header.Add("X-Forwarded-For", line)
			}
			require.Equal(t, x.want, ClientAddress(r, trusted).String())
		})
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	r.RemoteAddr = "@"
	require.False(t, ClientAddress(r, trusted).IsValid())
	require.Equal(t, "@", clientIP(r, trusted))
}
