package store

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNetworks(t *testing.T) {
	for text, want := range map[string]string{
		"192.0.2.0/24": "192.0.2.0/24", "192.0.2.9/24": "192.0.2.0/24", " 192.0.2.9 ": "192.0.2.9/32", "2001:db8::/32": "2001:db8::/32",
		"2001:db8::1": "2001:db8::1/128", "::ffff:192.0.2.0/120": "192.0.2.0/24", "::ffff:192.0.2.9": "192.0.2.9/32", "0.0.0.0/0": "0.0.0.0/0",
		"": "", "localhost": "", "192.0.2.0/33": "", "192.0.2/24": "", "::ffff:0.0.0.0/95": "", "fe80::1%eth0/64": "", "192.0.2.1/24/24": "",
	} {
		network, ok := ParseNetwork(text)
		require.Equal(t, want != "", ok, text)
		if ok {
			require.Equal(t, want, network.String(), text)
		}
	}
	var all Networks
	for _, text := range []string{"192.0.2.0/24", "2001:db8::/32"} {
		network, _ := ParseNetwork(text)
		all = append(all, network)
	}
	for text, in := range map[string]bool{
		"192.0.2.200": true, "::ffff:192.0.2.200": true, "192.0.3.1": false, "2001:db8::9%eth0": true, "2001:db9::9": false,
	} {
		address, ok := ParseIP(text)
		require.True(t, ok, text)
		require.Equal(t, in, all.Contain(address), text)
	}
}

func TestParseAllowList(t *testing.T) {
	allows := func(list *AllowList, text string) bool {
		address, ok := ParseIP(text)
		require.True(t, ok)
		return list.Allows(address)
	}
	for _, nobody := range []string{`{"value": []}`, `{"value": null}`, `{"value": ""}`} {
		require.Nil(t, ParseAllowList(nobody), nobody)
		require.True(t, allows(nil, "192.0.2.1"))
	}
	for _, text := range []string{
		`{"value": ["192.0.2.1", "10.0.0.0/8", "2001:db8::/32"]}`, `{"value": "192.0.2.1, 10.0.0.0/8\n2001:db8::/32"}`,
		`{"value": ["office", "192.0.2.1", 5, null, "10.0.0.0/8", "2001:db8::/32", "10.0.0.0/99"], "more": 1}`,
	} {
		list := ParseAllowList(text)
		for address, in := range map[string]bool{
			"192.0.2.1": true, "::ffff:192.0.2.1": true, "10.9.9.9": true, "2001:db8::7": true, "192.0.2.2": false, "127.0.0.1": false, "::1": false,
		} {
			require.Equal(t, in, allows(list, address), "%s: %s", text, address)
		}
	}
	for _, text := range []string{``, `x`, `[]`, `{}`, `{"values": []}`, `{"value": ["office"]}`, `{"value": [""]}`, `{"value": 5}`, `{"value": {}}`} {
		list := ParseAllowList(text)
		require.NotNil(t, list, text)
		require.NotEmpty(t, list.Bad, text)
		require.False(t, allows(list, "127.0.0.1"), text)
	}
}
