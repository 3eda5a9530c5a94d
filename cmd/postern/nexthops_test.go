package main

import (
	"bytes"
	"context"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store/sqldb"
)

// nameServer answers from these records, one a line, until the test ends. It returns a resolver that asks it alone.
func nameServer(t *testing.T, zone string) *net.Resolver {
	t.Helper()
	records := map[dns.Question][]dns.RR{}
	names := map[string]bool{}
	for line := range strings.Lines(zone) {
		rr, err := dns.NewRR(line)
		require.NoError(t, err)
		if rr != nil {
			q := dns.Question{Name: rr.Header().Name, Qtype: rr.Header().Rrtype, Qclass: dns.ClassINET}
			records[q] = append(records[q], rr)
			names[q.Name] = true
		}
	}
	conn, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &dns.Server{PacketConn: conn, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, r *dns.Msg) {
		answer := new(dns.Msg).SetReply(r)
		answer.RecursionAvailable = true
		q := r.Question[0]
		q.Name = strings.ToLower(q.Name)
		answer.Answer = records[q]
		switch {
		case q.Name == "broken.example.":
			answer.Rcode = dns.RcodeServerFailure
		case !names[q.Name]:
			answer.Rcode = dns.RcodeNameError
		}
		_ = w.WriteMsg(answer)
	})}
	go func() { _ = server.ActivateAndServe() }()
	t.Cleanup(func() { _ = conn.Close() })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func TestCheckTellsNextHops(t *testing.T) {
	without(t)
	dir := t.TempDir()
	_, err := command(t, "admin", "create", "root@elsewhere.test", "--data-dir", dir)
	require.NoError(t, err)
	db, err := sqldb.Open("sqlite://" + filepath.Join(dir, "vmail.db"))
	require.NoError(t, err)
	defer db.Close()
	for domain, transport := range map[string]string{
		"mx.test": "smtp:turned.example", "host.test": "relay:[inside.example]:25", "v6.test": "smtp:[six.example]", "good.test": "smtp:outside.example",
		"literal.test": "smtp:[10.0.0.5]:25", "allowed.test": "smtp:[10.20.0.5]:25", "default.test": "dovecot", "local.test": "lmtp:inet:127.0.0.1:24",
		"lmtp.test": "lmtp:inet:127.0.0.1:2424", "gone.test": "smtp:gone.example", "broken.test": "smtp:[broken.example]", "bare.test": "smtp:bare.example",
	} {
		require.NoError(t, db.Write(t.Context(), func(tx *sqldb.Tx) error {
			_, err := tx.Exec(t.Context(), "INSERT INTO domain (domain, transport) VALUES (?, ?)", domain, transport)
			return err
		}))
	}
	require.NoError(t, db.Write(t.Context(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec(t.Context(), "INSERT INTO sender_relayhost (account, relayhost) VALUES ('@relay.test', '[inside.example]:587')")
		return err
	}))
	resolver := nameServer(t, `
turned.example. 60 IN MX 10 mail.turned.example.
turned.example. 60 IN A 192.0.2.1
mail.turned.example. 60 IN A 127.0.0.1
inside.example. 60 IN A 192.0.2.1
inside.example. 60 IN A 192.168.3.4
six.example. 60 IN AAAA fd00::7
outside.example. 60 IN MX 10 mail.outside.example.
outside.example. 60 IN A 10.0.0.1
mail.outside.example. 60 IN A 192.0.2.9
bare.example. 60 IN A 10.0.0.9
`)
	c := defaultConfig()
	c.DataDir = dir
	c.Transports = append(c.Transports, "smtp:[10.20.0.0/16]:25")
	var told bytes.Buffer
	require.NoError(t, c.tellNextHops(t.Context(), &told, resolver))
	for _, line := range []string{
		"mx.test transport smtp:turned.example: turned.example has the address 127.0.0.1, which is no public address",
		"host.test transport relay:[inside.example]:25: inside.example has the address 192.168.3.4, which is no public address",
		"v6.test transport smtp:[six.example]: six.example has the address fd00::7, which is no public address",
		"literal.test transport smtp:[10.0.0.5]:25: 10.0.0.5 is no public address",
		"lmtp.test transport lmtp:inet:127.0.0.1:2424: 127.0.0.1 is no public address",
		"bare.test transport smtp:bare.example: bare.example has the address 10.0.0.9, which is no public address",
		"relay.test outboundRelay [inside.example]:587: inside.example has the address 192.168.3.4, which is no public address",
		"1 name(s) of next hops could not be looked up",
	} {
		require.Contains(t, told.String(), "next hop  "+line+"\n")
	}
	require.Equal(t, 8, strings.Count(told.String(), "\n"), told.String())

	require.NoError(t, db.Write(t.Context(), func(tx *sqldb.Tx) error { // nothing that is looked up
		_, err := tx.Exec(t.Context(), "DELETE FROM domain WHERE transport LIKE '%.example%'")
		return err
	}))
	require.NoError(t, db.Write(t.Context(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec(t.Context(), "DELETE FROM sender_relayhost")
		return err
	}))
	out, err := command(t, "check", "--data-dir", dir, "--lists", "off")
	require.NoError(t, err, "it is told, and no fault")
	require.Contains(t, out.stdout, "literal.test transport smtp:[10.0.0.5]:25: 10.0.0.5 is no public address")
	require.NotContains(t, out.stdout, "local.test")
}
