package rules

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

var (
	global = store.Actor{Username: "root@elsewhere.test", Global: true}
	admin  = store.Actor{Username: "adma@a.test"}
)

// transports is DefaultTransports with more entries, on a server with a name and an address.
func transports(t *testing.T, entries ...string) Transports {
	t.Helper()
	all := DefaultTransports()
	all.Names = []string{"mail.here.example", "here.example"}
	own, ok := store.ParseNetwork("203.0.113.25")
	require.True(t, ok)
	own6, ok := store.ParseNetwork("2001:db8:25::25")
	require.True(t, ok)
	all.Addresses = store.Networks{own, own6}
	for _, text := range entries {
		entry, err := ParseAllowedTransport(text)
		require.NoError(t, err, text)
		all.Allowed = append(all.Allowed, entry)
	}
	return all
}

func codeOf(err error) string {
	var known *store.Error
	if errors.As(err, &known) {
		return known.Code
	}
	return ""
}

// inwardHosts are what an actor that is not global may not name, in brackets.
var inwardHosts = strings.Fields(`127.0.0.1 127.255.255.254 0.0.0.0 10.0.0.5 172.16.0.1 172.31.255.255 192.168.1.2 100.64.0.1
	100.127.255.255 169.254.169.254 224.0.0.1 255.255.255.255 ::1 :: fe80::1 fd00::1 fc00::1 fec0::1 ff02::1 ::ffff:127.0.0.1 ::ffff:7f00:1
	::ffff:8.8.8.8 ::127.0.0.1 64:ff9b::127.0.0.1 64:ff9b::a00:5 2002:7f00:1::1 2002:a00:5:: IPv6:::1 ipv6:fe80::1 203.0.113.25 2001:db8:25::25
	localhost LOCALHOST a.localhost localhost.localdomain localhost4.localdomain4 localhost6.LocalDomain6 mail.here.example Mail.Here.Example here.example mail intranet
	127.1 0177.0.0.1 010.0.0.5 0x7f.0.0.1 0x7f000001 2130706433 127.0.1 1.0x7f`)

// outwardHosts are good for everybody.
var outwardHosts = strings.Fields(`192.0.2.10 203.0.113.26 8.8.8.8 172.32.0.1 100.128.0.1 2001:db8::1 2606:4700::1111 IPv6:2001:db8::1 64:ff9b::808:808
	2002:808:808::1 mx.example.net smtp-relay_1.sub.example notlocalhost.example localhost.example.net xmail.here.example`)

func TestTransportOfAdmins(t *testing.T) {
	all := transports(t, "external-pipe", "filter:", "smtp:[10.20.0.0/16]:25", "relay:[fd00:1::/32]", "[10.30.0.0/16]:587", "smtp:[192.168.7.7]")
	good := []string{
		"", "dovecot", "lmtp:unix:private/dovecot-lmtp", "lmtp:inet:127.0.0.1:24", "external-pipe", "filter:", "filter", "filter:any thing",
		"smtp:[10.20.3.4]:25", "smtp:[10.20.3.4]", "smtp:[10.20.3.4]:smtp", "relay:[fd00:1::5]:25", "smtp:[10.30.0.1]:587", "relay:[10.30.0.1]:587",
		"smtp:[192.168.7.7]", "smtp:8.8.8.8:25", "smtp:[8.8.8.8],[mx.example.net]:587", "smtp:[10.20.0.1]:25,[8.8.8.8]", " smtp:[8.8.8.8] ",
	}
	bad := []string{
		"local:", "local", "virtual:", "smtp:", "relay:", "smtp", "relay", "error:5.1.1 text", "retry:", "discard:", "pipe:x", ":", ":[127.0.0.1]:22",
		"external-pipe:x", "dovecot:x", "lmtp:inet:127.0.0.1:25", "lmtp:[8.8.8.8]", "SMTP:[8.8.8.8]", "smtp:[10.21.0.1]:25", "smtp:[10.20.3.4]:22",
		"relay:[10.20.3.4]:25", "smtp:[::ffff:10.20.3.4]:25", "relay:[fd00:2::5]", "smtp:[10.30.0.1]", "smtp:[8.8.8.8],[127.0.0.1]:22", "smtp:,",
		"smtp:inet:127.0.0.1:25", "smtp:unix:private/x", "smtp:[8.8.8.8]:99999", "smtp:[8.8.8.8", "smtp:8.8.8.8]", "smtp:2001:db8::1", "smtp:[fe80::1%eth0]",
		"smtp:user@mx.example.net", "smtp:[mx.example.net.]", "smtp:mx.example.net.",
	}
	for _, host := range outwardHosts {
		good = append(good, "smtp:["+host+"]", "relay:["+host+"]:587", "smtp:["+host+"]:submission")
	}
	for _, host := range inwardHosts {
		bad = append(bad, "smtp:["+host+"]", "relay:["+host+"]:22", "smtp:"+host)
	}
	for _, value := range good {
		stored, err := all.Transport(admin, "u@a.test", "dovecot", value)
		require.NoError(t, err, value)
		require.Equal(t, strings.TrimSpace(value), stored)
	}
	for _, value := range bad {
		_, err := all.Transport(admin, "u@a.test", "dovecot", value)
		require.Equal(t, store.CodePermissionDenied, codeOf(err), value)
		stored, err := all.Transport(admin, "u@a.test", value, value)
		require.NoError(t, err, "stored already: %s", value)
		require.Equal(t, value, stored)
		_, err = all.Transport(global, "u@a.test", "dovecot", value)
		require.NoError(t, err, "by a global admin: %s", value)
		_, err = all.Transport(store.Actor{}, "u@a.test", "dovecot", value)
		require.NoError(t, err, "by the program: %s", value)
	}
}

func TestTransportOfAnybody(t *testing.T) {
	all := transports(t, "smtp:")
	for _, value := range []string{
		"error:5.1.1 text with blanks", "retry:", "retry:4.3.0 later", "discard:", "smtp:[192.0.2.10]:smtp", "smtp:[mx.example.net]:submission", "local:",
		"smtp:[127.0.0.1]:22", "smtp:[10.0.0.5]", "external-pipe:a b", ":", "smtp:a.example,b.example", strings.Repeat("x", 255),
	} {
		_, err := all.Transport(global, "a.test", "dovecot", value)
		require.NoError(t, err, value)
	}
	for _, value := range []string{
		"mlmmj:b.test/lst", "mlmmj:a.test/other", "mlmmj:../../../etc", "mlmmj:", "mlmmj", "MLMMJ:b.test/lst", "smtp:[a..b.test]", "lmtp:unix:../x", "error:..",
		"smtp: host", "smtp:a b", "relay:a\tb", "smtp:\x00", "smtp:ü", "smtp\n", "sm tp:x", "[192.0.2.1]:25", "a/b", strings.Repeat("x", 256),
	} {
		for _, actor := range []store.Actor{global, admin, {}} {
			_, err := all.Transport(actor, "a.test", "dovecot", value)
			require.Equal(t, store.CodeInvalidTransport, codeOf(err), "%q", value)
		}
		_, err := all.Transport(admin, "a.test", value, value)
		require.NoError(t, err, "stored already: %q", value)
	}
	_, err := all.Transport(global, "list@a.test", "", "mlmmj:a.test/list")
	require.NoError(t, err, "its own")
}

func TestRelayHost(t *testing.T) {
	all := transports(t, "smtp:[192.168.1.2]:25", "[10.30.0.0/16]:587", "dovecot")
	for _, host := range outwardHosts {
		_, err := all.RelayHost(admin, "outboundRelay", "", "["+host+"]:587")
		require.NoError(t, err, host)
	}
	bad := []string{"smtp:", "dovecot", "[8.8.8.8],[127.0.0.1]"}
	for _, host := range inwardHosts {
		bad = append(bad, "["+host+"]:587", "smtp:["+host+"]", "["+host+"]", host)
	}
	for _, value := range bad {
		_, err := all.RelayHost(admin, "primarymx", "", value)
		require.Contains(t, []string{store.CodePermissionDenied, store.CodeInvalidRelay}, codeOf(err), value)
		if value != "smtp:" {
			_, err = all.RelayHost(global, "primarymx", "", value)
			require.NoError(t, err, value)
		}
		stored, err := all.RelayHost(admin, "primarymx", value, strings.ToLower(value))
		require.NoError(t, err, "stored already: %s", value)
		require.Equal(t, value, stored)
	}
	for value, want := range map[string]string{
		"": "", "192.0.2.10": "[192.0.2.10]", "192.0.2.10:smtp": "[192.0.2.10]:smtp", "smtp:[mx.example.net]:submission": "[mx.example.net]:submission",
		"2001:db8::1": "[2001:db8::1]", "a.example,192.0.2.1": "a.example,[192.0.2.1]", "[192.168.1.2]:25": "[192.168.1.2]:25",
		"relay:[10.30.4.4]:587": "[10.30.4.4]:587",
	} {
		stored, err := all.RelayHost(admin, "outboundRelay", "old.example", value)
		require.NoError(t, err, value)
		require.Equal(t, want, stored)
	}
	for _, stored := range []string{"smtp:[10.0.0.5]:25", "[10.0.0.5]:25"} { // as another program has written it
		for _, sent := range []string{"[10.0.0.5]:25", "smtp:[10.0.0.5]:25"} {
			kept, err := all.RelayHost(admin, "outboundRelay", stored, sent)
			require.NoError(t, err)
			require.Equal(t, stored, kept)
		}
	}
	_, err := all.RelayHost(admin, "outboundRelay", "[192.168.1.2]:26", "[192.168.1.3]:25")
	require.Equal(t, store.CodePermissionDenied, codeOf(err))
}

func TestUpdateDomainRoutes(t *testing.T) {
	all := transports(t)
	yes := true
	inside, hop, outside := "smtp:[10.0.0.5]:25", "[10.0.0.5]:25", "[192.0.2.9]"
	for name, update := range map[string]store.DomainUpdate{
		"transport": {Transport: &inside}, "primarymx": {BackupMX: &yes, PrimaryMX: &hop}, "outboundRelay": {OutboundRelay: &hop},
	} {
		_, err := all.UpdateDomain(admin, DomainRoutes{Domain: "a.test", Transport: "dovecot"}, update)
		var known *store.Error
		require.ErrorAs(t, err, &known)
		require.Equal(t, name, known.Field)
		_, err = all.UpdateDomain(global, DomainRoutes{Domain: "a.test", Transport: "dovecot"}, update)
		require.NoError(t, err)
	}
	_, err := all.UpdateDomain(admin, DomainRoutes{Domain: "a.test", Transport: inside, RelayHost: hop},
		store.DomainUpdate{Transport: &inside, OutboundRelay: &hop})
	require.NoError(t, err)
	_, err = all.UpdateDomain(admin, DomainRoutes{Domain: "a.test", Transport: "relay:" + hop, BackupMX: true}, store.DomainUpdate{PrimaryMX: &hop})
	require.NoError(t, err)
	_, err = all.UpdateDomain(admin, DomainRoutes{Domain: "a.test", Transport: "relay:" + hop}, store.DomainUpdate{PrimaryMX: &hop})
	require.Error(t, err, "what is no backup MX has no primary one")
	u, err := all.UpdateDomain(admin, DomainRoutes{Domain: "a.test"}, store.DomainUpdate{OutboundRelay: &outside})
	require.NoError(t, err)
	require.Equal(t, outside, *u.OutboundRelay)
	require.Nil(t, u.Transport)
}

func TestParseAllowedTransport(t *testing.T) {
	for _, text := range []string{
		"", "mlmmj", "mlmmj:", "mlmmj:a/b", "a b", "smtp:../x", "smtp:ü", "smtp:[10.0.0.0/99]", "smtp:[10.0.0.0/8]x", "smtp:[10.0.0.0/8]:0", "smtp:[10.0.0.0/8",
	} {
		_, err := ParseAllowedTransport(text)
		require.Error(t, err, text)
	}
}

func TestIsPublic(t *testing.T) {
	for _, host := range strings.Fields("192.0.2.10 2001:db8::1 8.8.8.8") {
		require.True(t, IsPublic(netip.MustParseAddr(host)), host)
	}
	for _, host := range strings.Fields("127.0.0.1 ::ffff:8.8.8.8 fe80::1%eth0 64:ff9b::10.0.0.1") {
		require.False(t, IsPublic(netip.MustParseAddr(host)), host)
	}
}
