package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

func updateDomainDelivery(t *testing.T, open Open) {
	const transport = "SELECT transport FROM domain"
	t.Run("transport", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{Transport: ptr("lmtp:unix:private/dovecot-lmtp")})
		requireCell(t, f, "lmtp:unix:private/dovecot-lmtp", transport)
		for _, wrong := range []string{"smtp: x", "smtp\tx", "smtp:\x00", "smtp:ü"} {
			_, err := f.Accounts.UpdateDomain(ctx(t), asGlobal, "a.test", store.DomainUpdate{Transport: &wrong})
			requireCode(t, err, store.Invalid, store.CodeInvalidTransport)
		}
		requireCell(t, f, "lmtp:unix:private/dovecot-lmtp", transport)
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{Transport: ptr("")})
		requireCell(t, f, "dovecot", transport)
	})
	t.Run("backup MX", func(t *testing.T) {
		for primary, want := range map[string]string{
			"":                     "relay:a.test",
			"mx.example.com":       "relay:mx.example.com",
			"mx.example.com:2525":  "relay:mx.example.com:2525",
			"[mx.example.com]":     "relay:[mx.example.com]",
			"[mx.example.com]:25":  "relay:[mx.example.com]:25",
			"192.0.2.10":           "relay:[192.0.2.10]",
			"192.0.2.10:25":        "relay:[192.0.2.10]:25",
			"2001:db8::1":          "relay:[2001:db8::1]",
			"[2001:db8::1]:25":     "relay:[2001:db8::1]:25",
			"relay:mx.example.com": "relay:mx.example.com",
		} {
			t.Run(want, func(t *testing.T) {
				f := open(t)
				mustDomain(t, f, "a.test")
				mustUpdateDomain(t, f, "a.test", store.DomainUpdate{BackupMX: ptr(true), PrimaryMX: &primary})
				requireCell(t, f, want, transport)
				requireCell(t, f, int64(1), "SELECT backupmx FROM domain")
				mustUpdateDomain(t, f, "a.test", store.DomainUpdate{BackupMX: ptr(true)})
				requireCell(t, f, "relay:a.test", transport)
				mustUpdateDomain(t, f, "a.test", store.DomainUpdate{BackupMX: ptr(false)})
				requireCell(t, f, "dovecot", transport)
				requireCell(t, f, int64(0), "SELECT backupmx FROM domain")
			})
		}
	})
	t.Run("primary MX that is no host", func(t *testing.T) {
		for _, wrong := range wrongRelays {
			f := open(t)
			mustDomain(t, f, "a.test")
			same := unchanged(t, f)
			_, err := f.Accounts.UpdateDomain(ctx(t), asGlobal, "a.test", store.DomainUpdate{BackupMX: ptr(true), PrimaryMX: &wrong})
			requireCode(t, err, store.Invalid, store.CodeInvalidRelay)
			requireField(t, err, "primarymx")
			same()
		}
	})
	t.Run("no backup MX keeps the transport", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{Transport: ptr("smtp:[10.0.0.5]")})
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{BackupMX: ptr(false)})
		requireCell(t, f, "smtp:[10.0.0.5]", transport)
	})
	t.Run("outbound relay", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustDomain(t, f, "b.test")
		for relay, want := range map[string]string{
			"relay.example":               "relay.example",
			"relay.example:587":           "relay.example:587",
			"[relay.example]":             "[relay.example]",
			"smtp:[relay.example]:587":    "[relay.example]:587",
			"relay:relay.example":         "relay.example",
			"192.0.2.10":                  "[192.0.2.10]",
			"[192.0.2.10]:465":            "[192.0.2.10]:465",
			"smtp-relay_1.sub.example:25": "smtp-relay_1.sub.example:25",
		} {
			mustUpdateDomain(t, f, "a.test", store.DomainUpdate{OutboundRelay: &relay})
			require.Equal(t, want, mustReadDomain(t, f, "a.test").RelayHost)
			requireColumn(t, f, []any{want}, "SELECT relayhost FROM sender_relayhost WHERE account = '@a.test'")
		}
		require.Empty(t, mustReadDomain(t, f, "b.test").RelayHost)
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{OutboundRelay: ptr("")})
		require.Empty(t, mustReadDomain(t, f, "a.test").RelayHost)
		requireNoRows(t, f, "SELECT account FROM sender_relayhost")
	})
	t.Run("outbound relay that is no host", func(t *testing.T) {
		for _, wrong := range wrongRelays {
			f := open(t)
			mustDomain(t, f, "a.test")
			same := unchanged(t, f)
			_, err := f.Accounts.UpdateDomain(ctx(t), asGlobal, "a.test", store.DomainUpdate{OutboundRelay: &wrong})
			requireCode(t, err, store.Invalid, store.CodeInvalidRelay)
			requireField(t, err, "outboundRelay")
			same()
		}
	})
}

var wrongRelays = []string{
	"smtp:", "host:", "host:0", "host:65536", "host:smtp_", "[host", "host]", "[host]:", "[host]:-1",
	"two hosts", "-host", "host.", "a,", ",", "smtp:smtp:host", "a.example,smtp:b", "[]", "a..b",
}

func domainBcc(t *testing.T, open Open) {
	for field, c := range map[string]struct {
		table  string
		update func(mail string) store.DomainUpdate
		read   func(d store.Domain) string
	}{
		"senderBcc": {
			"sender_bcc_domain",
			func(mail string) store.DomainUpdate { return store.DomainUpdate{SenderBcc: &mail} },
			func(d store.Domain) string { return d.SenderBcc },
		},
		"recipientBcc": {
			"recipient_bcc_domain",
			func(mail string) store.DomainUpdate { return store.DomainUpdate{RecipientBcc: &mail} },
			func(d store.Domain) string { return d.RecipientBcc },
		},
	} {
		t.Run(field, func(t *testing.T) {
			f := open(t)
			mustDomain(t, f, "a.test")
			mustUser(t, f, "copy@a.test")
			mustUpdateDomain(t, f, "a.test", store.DomainUpdate{AliasDomains: store.Set{Add: []string{"alias.test"}}})
			for _, mail := range []string{"copy@a.test", "copy@alias.test", "copy+archive@a.test", "copy@foreign.example"} {
				mustUpdateDomain(t, f, "a.test", c.update(mail))
				require.Equal(t, mail, c.read(mustReadDomain(t, f, "a.test")))
				requireColumn(t, f, []any{mail}, "SELECT bcc_address FROM "+c.table+" WHERE domain = 'a.test' AND active = 1")
			}
			same := unchanged(t, f)
			for _, mail := range []string{"missing@a.test", "missing@alias.test"} {
				for _, rule := range []store.OnMissing{store.Refuse, store.Drop} {
					w := asGlobal
					w.OnMissing = rule
					_, err := f.Accounts.UpdateDomain(ctx(t), w, "a.test", c.update(mail))
					requireCode(t, err, store.Unprocessable, store.CodeNoSuchAccount)
					requireField(t, err, field)
				}
			}
			same()
			mustUpdateDomain(t, f, "a.test", store.DomainUpdate{Description: ptr("x")})
			require.Equal(t, "copy@foreign.example", c.read(mustReadDomain(t, f, "a.test")), "what is absent stays")
			mustUpdateDomain(t, f, "a.test", c.update(""))
			require.Empty(t, c.read(mustReadDomain(t, f, "a.test")))
			requireNoRows(t, f, "SELECT domain FROM "+c.table)
		})
	}
}

func domainCatchall(t *testing.T, open Open) {
	t.Run("set, replace and clear", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustDomain(t, f, "b.test")
		mustUser(t, f, "user@a.test")
		mustAlias(t, f, "team@b.test", "user@a.test")
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{Catchall: &[]string{"user@a.test", "team@b.test", "user@a.test"}})
		require.Equal(t, []string{"team@b.test", "user@a.test"}, mustReadDomain(t, f, "a.test").Catchall)
		requireColumn(t, f, []any{"b.test", "a.test"}, "SELECT dest_domain FROM forwardings"+
			" WHERE address = 'a.test' AND domain = 'a.test' AND is_forwarding = 0 AND is_alias = 0"+
			" AND is_list = 0 AND is_maillist = 0 AND active = 1 ORDER BY forwarding")

		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{Catchall: &[]string{"away@foreign.example"}})
		require.Equal(t, []string{"away@foreign.example"}, mustReadDomain(t, f, "a.test").Catchall)
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{Description: ptr("x")})
		require.Equal(t, []string{"away@foreign.example"}, mustReadDomain(t, f, "a.test").Catchall, "what is absent stays")
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{Catchall: &[]string{}})
		require.Equal(t, []string{}, mustReadDomain(t, f, "a.test").Catchall)
		requireCell(t, f, int64(2), "SELECT COUNT(*) FROM forwardings")
	})
	t.Run("missing destination", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustUser(t, f, "user@a.test")
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{Catchall: &[]string{"user@a.test"}})
		same := unchanged(t, f)
		for _, rule := range []store.OnMissing{store.Refuse, store.Drop} {
			w := asGlobal
			w.OnMissing = rule
			update := store.DomainUpdate{Catchall: &[]string{"user@a.test", "missing@a.test"}}
			_, err := f.Accounts.UpdateDomain(ctx(t), w, "a.test", update)
			requireCode(t, err, store.Unprocessable, store.CodeNoSuchAccount)
			requireField(t, err, "catchall")
		}
		same()
	})
}
