package oracles_test

import (
	"testing"

	"github.com/postern-mail/postern/server/servertest"
)

// annaServed and annaSilent are what Postfix says about anna while she has a mailbox that works, and when not.
var annaServed = servertest.Verdicts{
	"virtual_mailbox_maps anna@example.com": "vmail1/example.com/anna/Maildir/",
	"sender_login_maps anna@example.com":    "anna@example.com",
	"virtual_alias_maps anna@example.com":   "anna@example.com",
	"expansion anna@example.net":            "anna@example.com",
	"expansion a.nna@example.com":           "anna@example.com",
}

var annaSilent = servertest.Verdicts{
	"virtual_mailbox_maps anna@example.com": "", "sender_login_maps anna@example.com": "",
	"virtual_alias_maps anna@example.com": "", "expansion anna@example.net": "", "expansion a.nna@example.com": "",
}

// withAlias gives anna a second address.
var withAlias = servertest.Put(servertest.AnnaPath, servertest.Body{"addAlias": servertest.List{"a.nna@example.com"}})

func TestPostfixServesUsers(t *testing.T) {
	made := func(settings servertest.Body) servertest.Act {
		given := servertest.Body{"password": servertest.Password, "maildir": "/srv/mail/vmail2/new"}
		for name, value := range settings {
			given[name] = value
		}
		return servertest.Post("/api/user/new@example.com", given)
	}
	nothing := servertest.Verdicts{
		"virtual_mailbox_maps new@example.com": "", "sender_login_maps new@example.com": "", "expansion new@example.com": "",
		"expansion new@example.net": "", "transport new@example.com": "",
	}
	disable, enable := servertest.Put(servertest.AnnaPath, servertest.Body{"accountStatus": "disabled"}), servertest.Put(servertest.AnnaPath, servertest.Body{"accountStatus": "active"})
	oracleEffects(t, []effect{
		{
			name: "created", do: made(nil), was: nothing,
			is: servertest.Verdicts{
				"virtual_mailbox_maps new@example.com": "mail/vmail2/new/Maildir/",
				"sender_login_maps new@example.com":    "new@example.com",
				"expansion new@example.com":            "new@example.com", "expansion new@example.net": "new@example.com",
				"transport new@example.com": "", "virtual_mailbox_maps newer@example.com": "",
				"virtual_mailbox_maps new@other.test": "",
			},
		},
		{name: "created disabled", do: made(servertest.Body{"accountStatus": "disabled"}), was: nothing, is: nothing},
		{
			name: "created disabled, then enabled", given: made(servertest.Body{"accountStatus": "disabled"}),
			do: servertest.Put("/api/user/new@example.com", servertest.Body{"accountStatus": "active"}), was: nothing,
			is: servertest.Verdicts{
				"virtual_mailbox_maps new@example.com": "mail/vmail2/new/Maildir/",
				"expansion new@example.com":            "new@example.com",
			},
		},
		{name: "disabled", given: withAlias, do: disable, was: annaServed, is: annaSilent},
		{name: "enabled again", given: servertest.Acts(withAlias, disable), do: enable, was: annaSilent, is: annaServed},
		{
			name: "disabled beside another", given: withAlias, do: servertest.Put(servertest.BenPath, servertest.Body{"accountStatus": "disabled"}),
			was: annaServed, is: annaServed,
		},
		{name: "deleted", given: withAlias, do: servertest.Remove(servertest.AnnaPath), was: annaServed, is: annaSilent},
		{name: "deleted beside another", given: withAlias, do: servertest.Remove(servertest.BenPath), was: annaServed, is: annaServed},
		{
			name: "all of a domain disabled", given: withAlias,
			do:  servertest.Put("/api/users/example.com", servertest.Body{"accountStatus": "disabled"}),
			was: annaServed, is: annaSilent,
		},
		{
			name:  "all of a domain enabled",
			given: servertest.Acts(withAlias, servertest.Put("/api/users/example.com", servertest.Body{"accountStatus": "disabled"})),
			do:    servertest.Put("/api/users/example.com", servertest.Body{"accountStatus": "active"}), was: annaSilent, is: annaServed,
		},
		{
			name: "all of another domain disabled", given: withAlias,
			do:  servertest.Put("/api/users/other.test", servertest.Body{"accountStatus": "disabled"}),
			was: annaServed, is: annaServed,
		},
	})
}

func TestPostfixServesServices(t *testing.T) {
	without := func(service string) servertest.Act {
		return servertest.Put(servertest.AnnaPath, servertest.Body{"removeService": servertest.List{service}})
	}
	transport := servertest.Put(servertest.AnnaPath, servertest.Body{"transport": "smtp:[10.0.0.1]:25"})
	sends := servertest.Verdicts{"sender_login_maps anna@example.com": "anna@example.com"}
	sendsNot := servertest.Verdicts{
		"sender_login_maps anna@example.com":    "",
		"virtual_mailbox_maps anna@example.com": "vmail1/example.com/anna/Maildir/",
	}
	gets := servertest.Verdicts{
		"virtual_mailbox_maps anna@example.com": "vmail1/example.com/anna/Maildir/",
		"transport anna@example.com":            "smtp:[10.0.0.1]:25",
	}
	getsNot := servertest.Verdicts{
		"virtual_mailbox_maps anna@example.com": "", "transport anna@example.com": "",
		"sender_login_maps anna@example.com":   "anna@example.com",
		"virtual_mailbox_maps ben@example.com": "vmail1/example.com/ben/Maildir/",
	}
	oracleEffects(t, []effect{
		{name: "smtp removed", do: without("smtp"), was: sends, is: sendsNot},
		{
			name: "smtp added back", given: without("smtp"), do: servertest.Put(servertest.AnnaPath, servertest.Body{"addService": servertest.List{"smtp"}}),
			was: sendsNot, is: sends,
		},
		{name: "another removed", do: without("imap"), was: sends, is: sends},
		{name: "deliver removed", given: transport, do: without("deliver"), was: gets, is: getsNot},
		{
			name: "deliver added back", given: servertest.Acts(transport, without("deliver")),
			do:  servertest.Put(servertest.AnnaPath, servertest.Body{"addService": servertest.List{"deliver"}}),
			was: getsNot, is: gets,
		},
		{
			name: "all but smtp removed", given: transport, do: servertest.Put(servertest.AnnaPath, servertest.Body{"services": servertest.List{"smtp"}}),
			was: gets, is: getsNot,
		},
		{name: "all removed", do: servertest.Put(servertest.AnnaPath, servertest.Body{"services": servertest.List{}}), was: annaReached, is: annaUnreached},
		{
			name: "two given", given: servertest.Put(servertest.AnnaPath, servertest.Body{"services": servertest.List{}}),
			do:  servertest.Put(servertest.AnnaPath, servertest.Body{"services": servertest.List{"smtp", "deliver"}}),
			was: annaUnreached, is: annaReached,
		},
	})
}

var (
	annaReached = servertest.Verdicts{
		"virtual_mailbox_maps anna@example.com": "vmail1/example.com/anna/Maildir/",
		"sender_login_maps anna@example.com":    "anna@example.com",
	}
	annaUnreached = servertest.Verdicts{"virtual_mailbox_maps anna@example.com": "", "sender_login_maps anna@example.com": ""}
)

func TestPostfixServesUserTransportAndBcc(t *testing.T) {
	const transport = "transport anna@example.com"
	const sent, received = "sender_bcc anna@example.com", "recipient_bcc anna@example.com"
	relayed := servertest.Put(servertest.AnnaPath, servertest.Body{"transport": "smtp:[10.0.0.1]:25"})
	copied := servertest.Put(servertest.AnnaPath, servertest.Body{"senderBcc": "ben@example.com", "recipientBcc": "ben@example.com"})
	toBen := servertest.Verdicts{sent: "ben@example.com", received: "ben@example.com"}
	oracleEffects(t, []effect{
		{
			name: "transport", do: relayed, was: servertest.Verdicts{transport: ""},
			is: servertest.Verdicts{
				transport: "smtp:[10.0.0.1]:25", "transport ben@example.com": "",
				"transport_maps_domain example.com": "dovecot",
			},
		},
		{
			name: "transport cleared", given: relayed, do: servertest.Put(servertest.AnnaPath, servertest.Body{"transport": ""}),
			was: servertest.Verdicts{transport: "smtp:[10.0.0.1]:25"}, is: servertest.Verdicts{transport: ""},
		},
		{
			name: "transport of a disabled user", given: relayed, do: servertest.Put(servertest.AnnaPath, servertest.Body{"accountStatus": "disabled"}),
			was: servertest.Verdicts{transport: "smtp:[10.0.0.1]:25"}, is: servertest.Verdicts{transport: ""},
		},
		{
			name: "transport of all users", do: servertest.Put("/api/users/example.com", servertest.Body{"transport": "lmtp:inet:127.0.0.1:24"}),
			was: servertest.Verdicts{transport: ""},
			is: servertest.Verdicts{
				transport: "lmtp:inet:127.0.0.1:24", "transport ben@example.com": "lmtp:inet:127.0.0.1:24",
				"transport zoe@other.test": "",
			},
		},
		{
			name: "copies", do: copied, was: servertest.Verdicts{sent: "", received: ""},
			is: servertest.Verdicts{
				sent: "ben@example.com", received: "ben@example.com", "sender_bcc ben@example.com": "",
				"recipient_bcc ben@example.com": "",
			},
		},
		{
			name: "copies out of the fixture",
			do:   servertest.Put(servertest.AnnaPath, servertest.Body{"senderBcc": "sent@archive.test", "recipientBcc": "received@archive.test"}),
			was:  servertest.Verdicts{sent: "", received: ""}, is: servertest.Verdicts{sent: "sent@archive.test", received: "received@archive.test"},
		},
		{
			name: "copies cleared", given: copied, do: servertest.Put(servertest.AnnaPath, servertest.Body{"senderBcc": "", "recipientBcc": ""}),
			was: toBen, is: servertest.Verdicts{sent: "", received: ""},
		},
		{
			name: "one copy replaced", given: copied, do: servertest.Put(servertest.AnnaPath, servertest.Body{"recipientBcc": "zoe@other.test"}),
			was: toBen, is: servertest.Verdicts{sent: "ben@example.com", received: "zoe@other.test"},
		},
		{
			name: "copies to a user that is renamed", given: copied,
			do:  servertest.Post(servertest.BenPath+"/change_email/benjamin@example.com", servertest.Body{}),
			was: toBen, is: servertest.Verdicts{sent: "benjamin@example.com", received: "benjamin@example.com"},
		},
		{
			name: "copies to a user that is deleted", given: copied, do: servertest.Remove(servertest.BenPath), was: toBen,
			is: servertest.Verdicts{sent: "", received: ""},
		},
	})
}

func TestPostfixServesRenamedUsers(t *testing.T) {
	given := servertest.Acts(
		withAlias,
		servertest.Put(servertest.BenPath, servertest.Body{"forwarding": servertest.List{"anna@example.com"}}),
		servertest.Put(servertest.AnnaPath, servertest.Body{
			"senderBcc": "sent@archive.test", "transport": "smtp:[10.0.0.1]:25", "addForwarding": servertest.List{"zoe@other.test"},
		}),
	)
	// at is what Postfix says when anna has the address, which is not one of the free ones.
	at := func(mail string, free ...string) servertest.Verdicts {
		found := servertest.Verdicts{
			"virtual_mailbox_maps " + mail: "vmail1/example.com/anna/Maildir/", "sender_login_maps " + mail: mail,
			"expansion " + mail: mail + ",zoe@other.test", "expansion a.nna@example.com": mail,
			"expansion ben@example.com": mail, "expansion sales@example.com": mail,
			"sender_bcc " + mail: "sent@archive.test", "transport " + mail: "smtp:[10.0.0.1]:25",
		}
		for _, other := range free {
			for _, name := range []string{"virtual_mailbox_maps", "sender_login_maps", "expansion", "sender_bcc", "transport"} {
				found[name+" "+other] = ""
			}
		}
		return found
	}
	const old, other, elsewhere = "anna@example.com", "anne@example.com", "anna@other.test"
	oracleEffects(t, []effect{
		{
			name: "in the domain", given: given, do: servertest.Post(servertest.AnnaPath+"/change_email/"+other, servertest.Body{}),
			was: at(old, other), is: at(other, old),
		},
		{
			name: "to another domain", given: given, do: servertest.Post(servertest.AnnaPath+"/change_email/"+elsewhere, servertest.Body{}),
			was: at(old, elsewhere), is: at(elsewhere, old),
		},
		{
			name: "and back", given: servertest.Acts(given, servertest.Post(servertest.AnnaPath+"/change_email/"+elsewhere, servertest.Body{})),
			do: servertest.Post("/api/user/"+elsewhere+"/change_email/"+old, servertest.Body{}), was: at(elsewhere, old), is: at(old, elsewhere),
		},
	})
}
