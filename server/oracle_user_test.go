package server_test

import "testing"

const annaPath, benPath = "/api/user/anna@example.com", "/api/user/ben@example.com"

// annaServed and annaSilent are what Postfix says about anna while she has a mailbox that works, and when not.
var annaServed = verdicts{
	"virtual_mailbox_maps anna@example.com": "vmail1/example.com/anna/Maildir/",
	"sender_login_maps anna@example.com":    "anna@example.com",
	"virtual_alias_maps anna@example.com":   "anna@example.com",
	"expansion anna@example.net":            "anna@example.com",
	"expansion a.nna@example.com":           "anna@example.com",
}

var annaSilent = verdicts{
	"virtual_mailbox_maps anna@example.com": "", "sender_login_maps anna@example.com": "",
	"virtual_alias_maps anna@example.com": "", "expansion anna@example.net": "", "expansion a.nna@example.com": "",
}

// withAlias gives anna a second address.
var withAlias = put(annaPath, body{"addAlias": list{"a.nna@example.com"}})

func TestPostfixServesUsers(t *testing.T) {
	made := func(settings body) act {
		given := body{"password": password, "maildir": "/srv/mail/vmail2/new"}
		for name, value := range settings {
			given[name] = value
		}
		return post("/api/user/new@example.com", given)
	}
	nothing := verdicts{
		"virtual_mailbox_maps new@example.com": "", "sender_login_maps new@example.com": "", "expansion new@example.com": "",
		"expansion new@example.net": "", "transport new@example.com": "",
	}
	disable, enable := put(annaPath, body{"accountStatus": "disabled"}), put(annaPath, body{"accountStatus": "active"})
	oracleEffects(t, []effect{
		{
			name: "created", do: made(nil), was: nothing,
			is: verdicts{
				"virtual_mailbox_maps new@example.com": "mail/vmail2/new/Maildir/",
				"sender_login_maps new@example.com":    "new@example.com",
				"expansion new@example.com":            "new@example.com", "expansion new@example.net": "new@example.com",
				"transport new@example.com": "", "virtual_mailbox_maps newer@example.com": "",
				"virtual_mailbox_maps new@other.test": "",
			},
		},
		{name: "created disabled", do: made(body{"accountStatus": "disabled"}), was: nothing, is: nothing},
		{
			name: "created disabled, then enabled", given: made(body{"accountStatus": "disabled"}),
			do: put("/api/user/new@example.com", body{"accountStatus": "active"}), was: nothing,
			is: verdicts{
				"virtual_mailbox_maps new@example.com": "mail/vmail2/new/Maildir/",
				"expansion new@example.com":            "new@example.com",
			},
		},
		{name: "disabled", given: withAlias, do: disable, was: annaServed, is: annaSilent},
		{name: "enabled again", given: acts(withAlias, disable), do: enable, was: annaSilent, is: annaServed},
		{
			name: "disabled beside another", given: withAlias, do: put(benPath, body{"accountStatus": "disabled"}),
			was: annaServed, is: annaServed,
		},
		{name: "deleted", given: withAlias, do: remove(annaPath), was: annaServed, is: annaSilent},
		{name: "deleted beside another", given: withAlias, do: remove(benPath), was: annaServed, is: annaServed},
		{
			name: "all of a domain disabled", given: withAlias,
			do:  put("/api/users/example.com", body{"accountStatus": "disabled"}),
			was: annaServed, is: annaSilent,
		},
		{
			name:  "all of a domain enabled",
			given: acts(withAlias, put("/api/users/example.com", body{"accountStatus": "disabled"})),
			do:    put("/api/users/example.com", body{"accountStatus": "active"}), was: annaSilent, is: annaServed,
		},
		{
			name: "all of another domain disabled", given: withAlias,
			do:  put("/api/users/other.test", body{"accountStatus": "disabled"}),
			was: annaServed, is: annaServed,
		},
	})
}

func TestPostfixServesServices(t *testing.T) {
	without := func(service string) act { return put(annaPath, body{"removeService": list{service}}) }
	transport := put(annaPath, body{"transport": "smtp:[10.0.0.1]:25"})
	sends := verdicts{"sender_login_maps anna@example.com": "anna@example.com"}
	sendsNot := verdicts{
		"sender_login_maps anna@example.com":    "",
		"virtual_mailbox_maps anna@example.com": "vmail1/example.com/anna/Maildir/",
	}
	gets := verdicts{
		"virtual_mailbox_maps anna@example.com": "vmail1/example.com/anna/Maildir/",
		"transport anna@example.com":            "smtp:[10.0.0.1]:25",
	}
	getsNot := verdicts{
		"virtual_mailbox_maps anna@example.com": "", "transport anna@example.com": "",
		"sender_login_maps anna@example.com":   "anna@example.com",
		"virtual_mailbox_maps ben@example.com": "vmail1/example.com/ben/Maildir/",
	}
	oracleEffects(t, []effect{
		{name: "smtp removed", do: without("smtp"), was: sends, is: sendsNot},
		{
			name: "smtp added back", given: without("smtp"), do: put(annaPath, body{"addService": list{"smtp"}}),
			was: sendsNot, is: sends,
		},
		{name: "another removed", do: without("imap"), was: sends, is: sends},
		{name: "deliver removed", given: transport, do: without("deliver"), was: gets, is: getsNot},
		{
			name: "deliver added back", given: acts(transport, without("deliver")),
			do:  put(annaPath, body{"addService": list{"deliver"}}),
			was: getsNot, is: gets,
		},
		{
			name: "all but smtp removed", given: transport, do: put(annaPath, body{"services": list{"smtp"}}),
			was: gets, is: getsNot,
		},
		{name: "all removed", do: put(annaPath, body{"services": list{}}), was: annaReached, is: annaUnreached},
		{
			name: "two given", given: put(annaPath, body{"services": list{}}),
			do:  put(annaPath, body{"services": list{"smtp", "deliver"}}),
			was: annaUnreached, is: annaReached,
		},
	})
}

var (
	annaReached = verdicts{
		"virtual_mailbox_maps anna@example.com": "vmail1/example.com/anna/Maildir/",
		"sender_login_maps anna@example.com":    "anna@example.com",
	}
	annaUnreached = verdicts{"virtual_mailbox_maps anna@example.com": "", "sender_login_maps anna@example.com": ""}
)

func TestPostfixServesUserTransportAndBcc(t *testing.T) {
	const transport = "transport anna@example.com"
	const sent, received = "sender_bcc anna@example.com", "recipient_bcc anna@example.com"
	relayed := put(annaPath, body{"transport": "smtp:[10.0.0.1]:25"})
	copied := put(annaPath, body{"senderBcc": "ben@example.com", "recipientBcc": "ben@example.com"})
	toBen := verdicts{sent: "ben@example.com", received: "ben@example.com"}
	oracleEffects(t, []effect{
		{
			name: "transport", do: relayed, was: verdicts{transport: ""},
			is: verdicts{
				transport: "smtp:[10.0.0.1]:25", "transport ben@example.com": "",
				"transport_maps_domain example.com": "dovecot",
			},
		},
		{
			name: "transport cleared", given: relayed, do: put(annaPath, body{"transport": ""}),
			was: verdicts{transport: "smtp:[10.0.0.1]:25"}, is: verdicts{transport: ""},
		},
		{
			name: "transport of a disabled user", given: relayed, do: put(annaPath, body{"accountStatus": "disabled"}),
			was: verdicts{transport: "smtp:[10.0.0.1]:25"}, is: verdicts{transport: ""},
		},
		{
			name: "transport of all users", do: put("/api/users/example.com", body{"transport": "lmtp:inet:127.0.0.1:24"}),
			was: verdicts{transport: ""},
			is: verdicts{
				transport: "lmtp:inet:127.0.0.1:24", "transport ben@example.com": "lmtp:inet:127.0.0.1:24",
				"transport zoe@other.test": "",
			},
		},
		{
			name: "copies", do: copied, was: verdicts{sent: "", received: ""},
			is: verdicts{
				sent: "ben@example.com", received: "ben@example.com", "sender_bcc ben@example.com": "",
				"recipient_bcc ben@example.com": "",
			},
		},
		{
			name: "copies out of the fixture",
			do:   put(annaPath, body{"senderBcc": "sent@archive.test", "recipientBcc": "received@archive.test"}),
			was:  verdicts{sent: "", received: ""}, is: verdicts{sent: "sent@archive.test", received: "received@archive.test"},
		},
		{
			name: "copies cleared", given: copied, do: put(annaPath, body{"senderBcc": "", "recipientBcc": ""}),
			was: toBen, is: verdicts{sent: "", received: ""},
		},
		{
			name: "one copy replaced", given: copied, do: put(annaPath, body{"recipientBcc": "zoe@other.test"}),
			was: toBen, is: verdicts{sent: "ben@example.com", received: "zoe@other.test"},
		},
		{
			name: "copies to a user that is renamed", given: copied,
			do:  post(benPath+"/change_email/benjamin@example.com", body{}),
			was: toBen, is: verdicts{sent: "benjamin@example.com", received: "benjamin@example.com"},
		},
		{
			name: "copies to a user that is deleted", given: copied, do: remove(benPath), was: toBen,
			is: verdicts{sent: "", received: ""},
		},
	})
}

func TestPostfixServesRenamedUsers(t *testing.T) {
	given := acts(
		withAlias,
		put(benPath, body{"forwarding": list{"anna@example.com"}}),
		put(annaPath, body{
			"senderBcc": "sent@archive.test", "transport": "smtp:[10.0.0.1]:25", "addForwarding": list{"zoe@other.test"},
		}),
	)
	// at is what Postfix says when anna has the address, which is not one of the free ones.
	at := func(mail string, free ...string) verdicts {
		found := verdicts{
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
			name: "in the domain", given: given, do: post(annaPath+"/change_email/"+other, body{}),
			was: at(old, other), is: at(other, old),
		},
		{
			name: "to another domain", given: given, do: post(annaPath+"/change_email/"+elsewhere, body{}),
			was: at(old, elsewhere), is: at(elsewhere, old),
		},
		{
			name: "and back", given: acts(given, post(annaPath+"/change_email/"+elsewhere, body{})),
			do: post("/api/user/"+elsewhere+"/change_email/"+old, body{}), was: at(elsewhere, old), is: at(old, elsewhere),
		},
	})
}
