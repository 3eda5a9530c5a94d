package oracles_test

import (
	"testing"

	"github.com/postern-mail/postern/server/servertest"
)

func TestPostfixServesDomains(t *testing.T) {
	oracleEffects(t, []effect{
		{
			name: "created",
			do:   servertest.Post("/api/domain/new.test", servertest.Body{}),
			was:  servertest.Verdicts{"virtual_mailbox_domains new.test": "", "transport_maps_domain new.test": ""},
			is: servertest.Verdicts{
				"virtual_mailbox_domains new.test": "new.test", "transport_maps_domain new.test": "dovecot",
				"relay_domains new.test":              "",
				"virtual_mailbox_domains example.com": "example.com", "virtual_mailbox_domains other.new.test": "",
			},
		},
		{
			name: "created with a transport and copies",
			do: servertest.Post("/api/domain/new.test", servertest.Body{
				"transport": "lmtp:unix:private/dovecot-lmtp", "senderBcc": "anna@example.com", "recipientBcc": "ben@example.com",
			}),
			was: servertest.Verdicts{"transport_maps_domain new.test": "", "sender_bcc any@new.test": "", "recipient_bcc any@new.test": ""},
			is: servertest.Verdicts{
				"transport_maps_domain new.test": "lmtp:unix:private/dovecot-lmtp",
				"sender_bcc any@new.test":        "anna@example.com", "recipient_bcc any@new.test": "ben@example.com",
			},
		},
		{name: "disabled", do: servertest.Put(servertest.ExampleCom, servertest.Body{"accountStatus": "disabled"}), was: domainServed, is: domainSilent},
		{
			name: "enabled again", given: servertest.Put(servertest.ExampleCom, servertest.Body{"accountStatus": "disabled"}),
			do: servertest.Put(servertest.ExampleCom, servertest.Body{"accountStatus": "active"}), was: domainSilent, is: domainServed,
		},
		{
			name: "disabled beside another",
			do:   servertest.Put(servertest.ExampleCom, servertest.Body{"accountStatus": "disabled"}), was: otherServed, is: otherServed,
		},
		{
			name: "deleted", given: domainWithEverything, do: servertest.Remove(servertest.ExampleCom),
			was: servertest.Verdicts{
				"expansion nobody@example.net": "anna@example.com", "transport anna@example.com": "smtp:[10.0.0.1]:25",
				"sender_bcc any@example.com": "zoe@other.test", "recipient_bcc any@example.com": "zoe@other.test",
				"sender_dependent_relayhost_maps @example.com": "[mx.test]:587",
			},
			is: servertest.Verdicts{
				"expansion nobody@example.net": "", "transport anna@example.com": "", "transport_maps_domain example.com": "",
				"sender_bcc any@example.com": "", "recipient_bcc any@example.com": "",
				"sender_dependent_relayhost_maps @example.com": "",
			},
		},
		{name: "deleted with its accounts", do: servertest.Remove(servertest.ExampleCom), was: domainServed, is: domainSilent},
		{name: "deleted beside another", do: servertest.Remove(servertest.ExampleCom), was: otherServed, is: otherServed},
		{
			name: "made again after it was deleted", given: servertest.Acts(domainWithEverything, servertest.Remove(servertest.ExampleCom)),
			do:  servertest.Post(servertest.ExampleCom, servertest.Body{}),
			was: domainSilent,
			is: servertest.Verdicts{
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
var domainServed = servertest.Verdicts{
	"virtual_mailbox_domains example.com": "example.com", "virtual_mailbox_domains example.net": "example.net",
	"transport_maps_domain example.com":     "dovecot",
	"virtual_mailbox_maps anna@example.com": "vmail1/example.com/anna/Maildir/",
	"virtual_alias_maps anna@example.com":   "anna@example.com", "virtual_alias_maps sales@example.com": "anna@example.com",
	"sender_login_maps anna@example.com": "anna@example.com",
}

var domainSilent = servertest.Verdicts{
	"virtual_mailbox_domains example.com": "", "virtual_mailbox_domains example.net": "", "relay_domains example.com": "",
	"transport_maps_domain example.com":     "",
	"virtual_mailbox_maps anna@example.com": "",
	"virtual_alias_maps anna@example.com":   "", "virtual_alias_maps sales@example.com": "",
	"sender_login_maps anna@example.com": "",
}

var otherServed = servertest.Verdicts{
	"virtual_mailbox_domains other.test": "other.test", "transport_maps_domain other.test": "dovecot",
	"virtual_mailbox_maps zoe@other.test": "vmail1/other.test/zoe/Maildir/",
	"virtual_alias_maps zoe@other.test":   "zoe@other.test",
	"sender_login_maps zoe@other.test":    "zoe@other.test",
}

var domainWithEverything = servertest.Acts(
	servertest.Put(servertest.ExampleCom, servertest.Body{
		"catchall": servertest.List{"anna@example.com"}, "senderBcc": "zoe@other.test", "recipientBcc": "zoe@other.test",
		"outboundRelay": "[mx.test]:587",
	}),
	servertest.Put("/api/user/anna@example.com", servertest.Body{"transport": "smtp:[10.0.0.1]:25"}),
)

func TestPostfixServesBackupMX(t *testing.T) {
	local := servertest.Verdicts{
		"virtual_mailbox_domains example.com": "example.com", "virtual_mailbox_domains example.net": "example.net",
		"relay_domains example.com": "", "transport_maps_domain example.com": "dovecot",
		"virtual_alias_maps anna@example.com": "anna@example.com", "sender_login_maps anna@example.com": "anna@example.com",
	}
	relayed := func(transport string) servertest.Verdicts {
		return servertest.Verdicts{
			"virtual_mailbox_domains example.com": "", "virtual_mailbox_domains example.net": "",
			"relay_domains example.com": "example.com", "transport_maps_domain example.com": transport,
			"virtual_alias_maps anna@example.com": "", "sender_login_maps anna@example.com": "",
		}
	}
	to := func(primary string) servertest.Act {
		return servertest.Put(servertest.ExampleCom, servertest.Body{"is_backupmx": "yes", "primarymx": primary, "removeAliasDomain": servertest.List{"example.net"}})
	}
	backup := servertest.Put(servertest.ExampleCom, servertest.Body{"is_backupmx": "yes", "removeAliasDomain": servertest.List{"example.net"}})
	oracleEffects(t, []effect{
		{name: "of whatever the DNS says", do: backup, was: local, is: relayed("relay:example.com")},
		{name: "of a host", do: to("mx.primary.test"), was: local, is: relayed("relay:mx.primary.test")},
		{
			name: "of a host and port in brackets", do: to("[mx.primary.test]:2525"), was: local,
			is: relayed("relay:[mx.primary.test]:2525"),
		},
		{name: "of a bare address", do: to("45.56.127.226"), was: local, is: relayed("relay:[45.56.127.226]")},
		{
			name: "no more", given: backup, do: servertest.Put(servertest.ExampleCom, servertest.Body{"is_backupmx": "no", "addAliasDomain": servertest.List{"example.net"}}),
			was: relayed("relay:example.com"), is: local,
		},
		{
			name: "disabled", given: backup, do: servertest.Put(servertest.ExampleCom, servertest.Body{"accountStatus": "disabled"}),
			was: relayed("relay:example.com"),
			is: servertest.Verdicts{
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
			do:   servertest.Put(servertest.ExampleCom, servertest.Body{"addAliasDomain": servertest.List{"example.org"}}),
			was:  servertest.Verdicts{"virtual_mailbox_domains example.org": "", "expansion anna@example.org": ""},
			is: servertest.Verdicts{
				"virtual_mailbox_domains example.org": "example.org", "virtual_mailbox_domains example.net": "example.net",
				"domain_alias_maps anna@example.org":  "anna@example.com",
				"domain_alias_maps sales@example.org": "anna@example.com",
				"expansion anna@example.org":          "anna@example.com", "expansion nobody@example.org": "",
				"expansion zoe@example.org": "",
			},
		},
		{
			name: "removed",
			do:   servertest.Put(servertest.ExampleCom, servertest.Body{"removeAliasDomain": servertest.List{"example.net"}}),
			was: servertest.Verdicts{
				"virtual_mailbox_domains example.net": "example.net", "expansion anna@example.net": "anna@example.com",
			},
			is: servertest.Verdicts{
				"virtual_mailbox_domains example.net": "", "expansion anna@example.net": "",
				"virtual_mailbox_domains example.com": "example.com", "expansion anna@example.com": "anna@example.com",
			},
		},
		{
			name: "replaced by another",
			do:   servertest.Put(servertest.ExampleCom, servertest.Body{"aliasDomains": servertest.List{"example.org"}}),
			was:  servertest.Verdicts{"virtual_mailbox_domains example.net": "example.net", "virtual_mailbox_domains example.org": ""},
			is:   servertest.Verdicts{"virtual_mailbox_domains example.net": "", "virtual_mailbox_domains example.org": "example.org"},
		},
		{
			name:  "removed with an alias of a mailbox under it",
			given: servertest.Put("/api/user/anna@example.com", servertest.Body{"addAlias": servertest.List{"info@example.net"}}),
			do:    servertest.Put(servertest.ExampleCom, servertest.Body{"removeAliasDomain": servertest.List{"example.net"}}),
			was:   servertest.Verdicts{"expansion info@example.net": "anna@example.com"},
			is:    servertest.Verdicts{"expansion info@example.net": ""},
		},
		{
			name: "of a mailbox that is disabled",
			do:   servertest.Put("/api/user/anna@example.com", servertest.Body{"accountStatus": "disabled"}),
			was: servertest.Verdicts{
				"domain_alias_maps anna@example.net": "anna@example.com",
				"domain_alias_maps ben@example.net":  "ben@example.com",
			},
			is: servertest.Verdicts{"domain_alias_maps anna@example.net": "", "domain_alias_maps ben@example.net": "ben@example.com"},
		},
	})
}

func TestPostfixServesDomainTransportAndRelay(t *testing.T) {
	const relayhost = "sender_dependent_relayhost_maps @example.com"
	relay := func(host string) servertest.Act {
		return servertest.Put(servertest.ExampleCom, servertest.Body{"outboundRelay": host})
	}
	oracleEffects(t, []effect{
		{
			name: "transport", do: servertest.Put(servertest.ExampleCom, servertest.Body{"transport": "smtp:[10.0.0.1]:25"}),
			was: servertest.Verdicts{"transport_maps_domain example.com": "dovecot"},
			is: servertest.Verdicts{
				"transport_maps_domain example.com": "smtp:[10.0.0.1]:25",
				"transport_maps_domain other.test":  "dovecot",
			},
		},
		{
			name: "transport back to the default", given: servertest.Put(servertest.ExampleCom, servertest.Body{"transport": "smtp:[10.0.0.1]:25"}),
			do: servertest.Put(servertest.ExampleCom, servertest.Body{"transport": ""}), was: servertest.Verdicts{"transport_maps_domain example.com": "smtp:[10.0.0.1]:25"},
			is: servertest.Verdicts{"transport_maps_domain example.com": "dovecot"},
		},
		{
			name: "relay", do: relay("[mx.test]:587"), was: servertest.Verdicts{relayhost: ""},
			is: servertest.Verdicts{relayhost: "[mx.test]:587", "sender_dependent_relayhost_maps @other.test": ""},
		},
		{
			name: "relay with a transport before it, as published", do: relay("smtp:[mx.test]:587"),
			was: servertest.Verdicts{relayhost: ""}, is: servertest.Verdicts{relayhost: "[mx.test]:587"},
		},
		{
			name: "relay at a bare address", do: relay("192.0.2.1:25"), was: servertest.Verdicts{relayhost: ""},
			is: servertest.Verdicts{relayhost: "[192.0.2.1]:25"},
		},
		{
			name: "another relay", given: relay("[mx.test]:587"), do: relay("[mx2.test]"),
			was: servertest.Verdicts{relayhost: "[mx.test]:587"}, is: servertest.Verdicts{relayhost: "[mx2.test]"},
		},
		{
			name: "no relay", given: relay("[mx.test]:587"), do: relay(""), was: servertest.Verdicts{relayhost: "[mx.test]:587"},
			is: servertest.Verdicts{relayhost: ""},
		},
	})
}

func TestPostfixServesDomainBcc(t *testing.T) {
	const sent, received = "sender_bcc anna@example.com", "recipient_bcc anna@example.com"
	copies := servertest.Put(servertest.ExampleCom, servertest.Body{"senderBcc": "sent@archive.test", "recipientBcc": "received@archive.test"})
	oracleEffects(t, []effect{
		{
			name: "set", do: copies, was: servertest.Verdicts{sent: "", received: ""},
			is: servertest.Verdicts{
				sent: "sent@archive.test", received: "received@archive.test", "sender_bcc sales@example.com": "sent@archive.test",
				"sender_bcc zoe@other.test": "", "recipient_bcc zoe@other.test": "",
			},
		},
		{
			name: "sender's alone cleared", given: copies, do: servertest.Put(servertest.ExampleCom, servertest.Body{"senderBcc": ""}),
			was: servertest.Verdicts{sent: "sent@archive.test", received: "received@archive.test"},
			is:  servertest.Verdicts{sent: "", received: "received@archive.test"},
		},
		{
			name: "recipient's alone cleared", given: copies, do: servertest.Put(servertest.ExampleCom, servertest.Body{"recipientBcc": ""}),
			was: servertest.Verdicts{sent: "sent@archive.test", received: "received@archive.test"},
			is:  servertest.Verdicts{sent: "sent@archive.test", received: ""},
		},
		{
			name: "behind that of a mailbox", given: copies,
			do:  servertest.Put("/api/user/anna@example.com", servertest.Body{"senderBcc": "zoe@other.test"}),
			was: servertest.Verdicts{sent: "sent@archive.test", received: "received@archive.test"},
			is: servertest.Verdicts{
				sent: "zoe@other.test", received: "received@archive.test",
				"sender_bcc ben@example.com": "sent@archive.test",
			},
		},
		{
			name: "domain disabled", given: copies, do: servertest.Put(servertest.ExampleCom, servertest.Body{"accountStatus": "disabled"}),
			was: servertest.Verdicts{sent: "sent@archive.test", received: "received@archive.test"}, is: servertest.Verdicts{sent: "", received: ""},
		},
		{
			name: "target deleted", given: servertest.Put(servertest.ExampleCom, servertest.Body{"senderBcc": "zoe@other.test", "recipientBcc": "zoe@other.test"}),
			do: servertest.Remove("/api/user/zoe@other.test"), was: servertest.Verdicts{sent: "zoe@other.test", received: "zoe@other.test"},
			is: servertest.Verdicts{sent: "", received: ""},
		},
		{
			name: "target renamed", given: servertest.Put(servertest.ExampleCom, servertest.Body{"senderBcc": "zoe@other.test", "recipientBcc": "zoe@other.test"}),
			do:  servertest.Post("/api/user/zoe@other.test/change_email/zoey@other.test", servertest.Body{}),
			was: servertest.Verdicts{sent: "zoe@other.test", received: "zoe@other.test"},
			is:  servertest.Verdicts{sent: "zoey@other.test", received: "zoey@other.test"},
		},
	})
}
