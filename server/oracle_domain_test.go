package server_test

import "testing"

const exampleCom = "/api/domain/example.com"

func TestPostfixServesDomains(t *testing.T) {
	oracleEffects(t, []effect{
		{
			name: "created",
			do:   post("/api/domain/new.test", body{}),
			was:  verdicts{"virtual_mailbox_domains new.test": "", "transport_maps_domain new.test": ""},
			is: verdicts{
				"virtual_mailbox_domains new.test": "new.test", "transport_maps_domain new.test": "dovecot",
				"relay_domains new.test":              "",
				"virtual_mailbox_domains example.com": "example.com", "virtual_mailbox_domains other.new.test": "",
			},
		},
		{
			name: "created with a transport and copies",
			do: post("/api/domain/new.test", body{
				"transport": "lmtp:unix:private/dovecot-lmtp", "senderBcc": "anna@example.com", "recipientBcc": "ben@example.com",
			}),
			was: verdicts{"transport_maps_domain new.test": "", "sender_bcc any@new.test": "", "recipient_bcc any@new.test": ""},
			is: verdicts{
				"transport_maps_domain new.test": "lmtp:unix:private/dovecot-lmtp",
				"sender_bcc any@new.test":        "anna@example.com", "recipient_bcc any@new.test": "ben@example.com",
			},
		},
		{name: "disabled", do: put(exampleCom, body{"accountStatus": "disabled"}), was: domainServed, is: domainSilent},
		{
			name: "enabled again", given: put(exampleCom, body{"accountStatus": "disabled"}),
			do: put(exampleCom, body{"accountStatus": "active"}), was: domainSilent, is: domainServed,
		},
		{
			name: "disabled beside another",
			do:   put(exampleCom, body{"accountStatus": "disabled"}), was: otherServed, is: otherServed,
		},
		{
			name: "deleted", given: domainWithEverything, do: remove(exampleCom),
			was: verdicts{
				"expansion nobody@example.net": "anna@example.com", "transport anna@example.com": "smtp:[10.0.0.1]:25",
				"sender_bcc any@example.com": "zoe@other.test", "recipient_bcc any@example.com": "zoe@other.test",
				"sender_dependent_relayhost_maps @example.com": "[mx.test]:587",
			},
			is: verdicts{
				"expansion nobody@example.net": "", "transport anna@example.com": "", "transport_maps_domain example.com": "",
				"sender_bcc any@example.com": "", "recipient_bcc any@example.com": "",
				"sender_dependent_relayhost_maps @example.com": "",
			},
		},
		{name: "deleted with its accounts", do: remove(exampleCom), was: domainServed, is: domainSilent},
		{name: "deleted beside another", do: remove(exampleCom), was: otherServed, is: otherServed},
		{
			name: "made again after it was deleted", given: acts(domainWithEverything, remove(exampleCom)),
			do:  post(exampleCom, body{}),
			was: domainSilent,
			is: verdicts{
				"virtual_mailbox_domains example.com": "example.com", "virtual_mailbox_domains example.net": "",
				"virtual_mailbox_maps anna@example.com": "", "expansion anna@example.com": "", "expansion sales@example.com": "",
				"expansion nobody@example.com": "", "sender_bcc any@example.com": "", "recipient_bcc any@example.com": "",
				"sender_dependent_relayhost_maps @example.com": "",
			},
		},
	})
}

// domainServed and domainSilent are what Postfix says about example.com and all in it while it is active, and when
// it is not. Everything under it is silent then without a change of its own.
var domainServed = verdicts{
	"virtual_mailbox_domains example.com": "example.com", "virtual_mailbox_domains example.net": "example.net",
	"transport_maps_domain example.com":     "dovecot",
	"virtual_mailbox_maps anna@example.com": "vmail1/example.com/anna/Maildir/",
	"virtual_alias_maps anna@example.com":   "anna@example.com", "virtual_alias_maps sales@example.com": "anna@example.com",
	"sender_login_maps anna@example.com": "anna@example.com",
}

var domainSilent = verdicts{
	"virtual_mailbox_domains example.com": "", "virtual_mailbox_domains example.net": "", "relay_domains example.com": "",
	"transport_maps_domain example.com":     "",
	"virtual_mailbox_maps anna@example.com": "",
	"virtual_alias_maps anna@example.com":   "", "virtual_alias_maps sales@example.com": "",
	"sender_login_maps anna@example.com": "",
}

var otherServed = verdicts{
	"virtual_mailbox_domains other.test": "other.test", "transport_maps_domain other.test": "dovecot",
	"virtual_mailbox_maps zoe@other.test": "vmail1/other.test/zoe/Maildir/",
	"virtual_alias_maps zoe@other.test":   "zoe@other.test",
	"sender_login_maps zoe@other.test":    "zoe@other.test",
}

var domainWithEverything = acts(
	put(exampleCom, body{
		"catchall": list{"anna@example.com"}, "senderBcc": "zoe@other.test", "recipientBcc": "zoe@other.test",
		"outboundRelay": "[mx.test]:587",
	}),
	put("/api/user/anna@example.com", body{"transport": "smtp:[10.0.0.1]:25"}),
)

func TestPostfixServesBackupMX(t *testing.T) {
	local := verdicts{
		"virtual_mailbox_domains example.com": "example.com", "virtual_mailbox_domains example.net": "example.net",
		"relay_domains example.com": "", "transport_maps_domain example.com": "dovecot",
		"virtual_alias_maps anna@example.com": "anna@example.com", "sender_login_maps anna@example.com": "anna@example.com",
	}
	relayed := func(transport string) verdicts {
		return verdicts{
			"virtual_mailbox_domains example.com": "", "virtual_mailbox_domains example.net": "",
			"relay_domains example.com": "example.com", "transport_maps_domain example.com": transport,
			"virtual_alias_maps anna@example.com": "", "sender_login_maps anna@example.com": "",
		}
	}
	to := func(primary string) act {
		return put(exampleCom, body{"is_backupmx": "yes", "primarymx": primary, "removeAliasDomain": list{"example.net"}})
	}
	backup := put(exampleCom, body{"is_backupmx": "yes", "removeAliasDomain": list{"example.net"}})
	oracleEffects(t, []effect{
		{name: "of whatever the DNS says", do: backup, was: local, is: relayed("relay:example.com")},
		{name: "of a host", do: to("mx.primary.test"), was: local, is: relayed("relay:mx.primary.test")},
		{
			name: "of a host and port in brackets", do: to("[mx.primary.test]:2525"), was: local,
			is: relayed("relay:[mx.primary.test]:2525"),
		},
		{name: "of a bare address", do: to("45.56.127.226"), was: local, is: relayed("relay:[45.56.127.226]")},
		{
			name: "no more", given: backup, do: put(exampleCom, body{"is_backupmx": "no", "addAliasDomain": list{"example.net"}}),
			was: relayed("relay:example.com"), is: local,
		},
		{
			name: "disabled", given: backup, do: put(exampleCom, body{"accountStatus": "disabled"}),
			was: relayed("relay:example.com"),
			is: verdicts{
				"relay_domains example.com": "", "virtual_mailbox_domains example.com": "",
				"transport_maps_domain example.com": "",
			},
		},
	})
}

func TestPostfixServesAliasDomains(t *testing.T) {
	oracleEffects(t, []effect{
		{
			name: "added",
			do:   put(exampleCom, body{"addAliasDomain": list{"example.org"}}),
			was:  verdicts{"virtual_mailbox_domains example.org": "", "expansion anna@example.org": ""},
			is: verdicts{
				"virtual_mailbox_domains example.org": "example.org", "virtual_mailbox_domains example.net": "example.net",
				"domain_alias_maps anna@example.org":  "anna@example.com",
				"domain_alias_maps sales@example.org": "anna@example.com",
				"expansion anna@example.org":          "anna@example.com", "expansion nobody@example.org": "",
				"expansion zoe@example.org": "",
			},
		},
		{
			name: "removed",
			do:   put(exampleCom, body{"removeAliasDomain": list{"example.net"}}),
			was: verdicts{
				"virtual_mailbox_domains example.net": "example.net", "expansion anna@example.net": "anna@example.com",
			},
			is: verdicts{
				"virtual_mailbox_domains example.net": "", "expansion anna@example.net": "",
				"virtual_mailbox_domains example.com": "example.com", "expansion anna@example.com": "anna@example.com",
			},
		},
		{
			name: "replaced by another",
			do:   put(exampleCom, body{"aliasDomains": list{"example.org"}}),
			was:  verdicts{"virtual_mailbox_domains example.net": "example.net", "virtual_mailbox_domains example.org": ""},
			is:   verdicts{"virtual_mailbox_domains example.net": "", "virtual_mailbox_domains example.org": "example.org"},
		},
		{
			name:  "removed with an alias of a mailbox under it",
			given: put("/api/user/anna@example.com", body{"addAlias": list{"info@example.net"}}),
			do:    put(exampleCom, body{"removeAliasDomain": list{"example.net"}}),
			was:   verdicts{"expansion info@example.net": "anna@example.com"},
			is:    verdicts{"expansion info@example.net": ""},
		},
		{
			name: "of a mailbox that is disabled",
			do:   put("/api/user/anna@example.com", body{"accountStatus": "disabled"}),
			was: verdicts{
				"domain_alias_maps anna@example.net": "anna@example.com",
				"domain_alias_maps ben@example.net":  "ben@example.com",
			},
			is: verdicts{"domain_alias_maps anna@example.net": "", "domain_alias_maps ben@example.net": "ben@example.com"},
		},
	})
}

func TestPostfixServesDomainTransportAndRelay(t *testing.T) {
	const relayhost = "sender_dependent_relayhost_maps @example.com"
	relay := func(host string) act { return put(exampleCom, body{"outboundRelay": host}) }
	oracleEffects(t, []effect{
		{
			name: "transport", do: put(exampleCom, body{"transport": "smtp:[10.0.0.1]:25"}),
			was: verdicts{"transport_maps_domain example.com": "dovecot"},
			is: verdicts{
				"transport_maps_domain example.com": "smtp:[10.0.0.1]:25",
				"transport_maps_domain other.test":  "dovecot",
			},
		},
		{
			name: "transport back to the default", given: put(exampleCom, body{"transport": "smtp:[10.0.0.1]:25"}),
			do: put(exampleCom, body{"transport": ""}), was: verdicts{"transport_maps_domain example.com": "smtp:[10.0.0.1]:25"},
			is: verdicts{"transport_maps_domain example.com": "dovecot"},
		},
		{
			name: "relay", do: relay("[mx.test]:587"), was: verdicts{relayhost: ""},
			is: verdicts{relayhost: "[mx.test]:587", "sender_dependent_relayhost_maps @other.test": ""},
		},
		{
			name: "relay with a transport before it, as published", do: relay("smtp:[mx.test]:587"),
			was: verdicts{relayhost: ""}, is: verdicts{relayhost: "[mx.test]:587"},
		},
		{
			name: "relay at a bare address", do: relay("192.0.2.1:25"), was: verdicts{relayhost: ""},
			is: verdicts{relayhost: "[192.0.2.1]:25"},
		},
		{
			name: "another relay", given: relay("[mx.test]:587"), do: relay("[mx2.test]"),
			was: verdicts{relayhost: "[mx.test]:587"}, is: verdicts{relayhost: "[mx2.test]"},
		},
		{
			name: "no relay", given: relay("[mx.test]:587"), do: relay(""), was: verdicts{relayhost: "[mx.test]:587"},
			is: verdicts{relayhost: ""},
		},
	})
}

func TestPostfixServesDomainBcc(t *testing.T) {
	const sent, received = "sender_bcc anna@example.com", "recipient_bcc anna@example.com"
	copies := put(exampleCom, body{"senderBcc": "sent@archive.test", "recipientBcc": "received@archive.test"})
	oracleEffects(t, []effect{
		{
			name: "set", do: copies, was: verdicts{sent: "", received: ""},
			is: verdicts{
				sent: "sent@archive.test", received: "received@archive.test", "sender_bcc sales@example.com": "sent@archive.test",
				"sender_bcc zoe@other.test": "", "recipient_bcc zoe@other.test": "",
			},
		},
		{
			name: "sender's alone cleared", given: copies, do: put(exampleCom, body{"senderBcc": ""}),
			was: verdicts{sent: "sent@archive.test", received: "received@archive.test"},
			is:  verdicts{sent: "", received: "received@archive.test"},
		},
		{
			name: "recipient's alone cleared", given: copies, do: put(exampleCom, body{"recipientBcc": ""}),
			was: verdicts{sent: "sent@archive.test", received: "received@archive.test"},
			is:  verdicts{sent: "sent@archive.test", received: ""},
		},
		{
			name: "behind that of a mailbox", given: copies,
			do:  put("/api/user/anna@example.com", body{"senderBcc": "zoe@other.test"}),
			was: verdicts{sent: "sent@archive.test", received: "received@archive.test"},
			is: verdicts{
				sent: "zoe@other.test", received: "received@archive.test",
				"sender_bcc ben@example.com": "sent@archive.test",
			},
		},
		{
			name: "domain disabled", given: copies, do: put(exampleCom, body{"accountStatus": "disabled"}),
			was: verdicts{sent: "sent@archive.test", received: "received@archive.test"}, is: verdicts{sent: "", received: ""},
		},
		{
			name: "target deleted", given: put(exampleCom, body{"senderBcc": "zoe@other.test", "recipientBcc": "zoe@other.test"}),
			do: remove("/api/user/zoe@other.test"), was: verdicts{sent: "zoe@other.test", received: "zoe@other.test"},
			is: verdicts{sent: "", received: ""},
		},
		{
			name: "target renamed", given: put(exampleCom, body{"senderBcc": "zoe@other.test", "recipientBcc": "zoe@other.test"}),
			do:  post("/api/user/zoe@other.test/change_email/zoey@other.test", body{}),
			was: verdicts{sent: "zoe@other.test", received: "zoe@other.test"},
			is:  verdicts{sent: "zoey@other.test", received: "zoey@other.test"},
		},
	})
}
