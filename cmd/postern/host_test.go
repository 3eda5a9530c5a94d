package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

func TestOwnNames(t *testing.T) {
	own, ok := store.ParseNetwork("192.0.2.25")
	require.True(t, ok)
	hosts := write(t, "hosts", "127.0.0.1 localhost\n127.0.1.1\tMail.Example.com mail # ours\n# 192.0.2.25 off\n192.0.2.25 mx.example.net.\n192.0.2.26 other.example\nx y\n")
	names := ownNames(hosts, write(t, "mailname", "Example.com\n"), store.Networks{own})
	for _, want := range []string{"localhost", "mail.example.com", "mail", "mx.example.net", "example.com"} {
		require.Contains(t, names, want)
	}
	for _, other := range []string{"other.example", "off", "#", "ours", "y", ""} {
		require.NotContains(t, names, other)
	}
	host, err := os.Hostname()
	require.NoError(t, err)
	require.Contains(t, names, strings.ToLower(host))
	require.Contains(t, ownNames("/nowhere", "/nowhere", nil), strings.ToLower(host))
	require.NotEmpty(t, ownAddresses(), "loopback at least")
}
