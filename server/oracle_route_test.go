package server_test

import "testing"

func TestPostfixServesForwarding(t *testing.T) {
	const anna = "expansion anna@example.com"
	forward := func(to ...any) act { return put(annaPath, body{"forwarding": append(list{}, to...)}) }
	alone := verdicts{anna: "anna@example.com"}
	away := forward("zoe@other.test")
	oracleEffects(t, []effect{
		{
			name: "with a copy kept", do: forward("zoe@other.test", "anna@example.com"), was: alone,
			is: verdicts{anna: "anna@example.com,zoe@other.test"},
		},
		{
			name: "without a copy", do: away, was: alone,
			is: verdicts{anna: "zoe@other.test", "expansion ben@example.com": "ben@example.com"},
		},
		{
			name: "to somewhere else in the fixture", do: forward("a@far.test", "b+tag@far.test"), was: alone,
			is: verdicts{anna: "a@far.test,b+tag@far.test"},
		},
		{
			name: "added", do: put(annaPath, body{"addForwarding": list{"zoe@other.test"}}), was: alone,
			is: verdicts{anna: "anna@example.com,zoe@other.test"},
		},
		{
			name: "copy given up", given: put(annaPath, body{"addForwarding": list{"zoe@other.test"}}),
			do:  put(annaPath, body{"removeForwarding": list{"anna@example.com"}}),
			was: verdicts{anna: "anna@example.com,zoe@other.test"}, is: verdicts{anna: "zoe@other.test"},
		},
		{name: "cleared", given: away, do: forward(), was: verdicts{anna: "zoe@other.test"}, is: alone},
		{
			name: "last one removed", given: away, do: put(annaPath, body{"removeForwarding": list{"zoe@other.test"}}),
			was: verdicts{anna: "zoe@other.test"}, is: alone,
		},
		{
			name: "target deleted", given: away, do: remove("/api/user/zoe@other.test"),
			was: verdicts{anna: "zoe@other.test"}, is: alone,
		},
		{
			name: "domain of the target deleted", given: away, do: remove("/api/domain/other.test"),
			was: verdicts{anna: "zoe@other.test"}, is: alone,
		},
		{
			name: "target renamed", given: away, do: post("/api/user/zoe@other.test/change_email/zoey@other.test", body{}),
			was: verdicts{anna: "zoe@other.test"}, is: verdicts{anna: "zoey@other.test"},
		},
		{
			name: "of a disabled user", given: away, do: put(annaPath, body{"accountStatus": "disabled"}),
			was: verdicts{anna: "zoe@other.test"}, is: verdicts{anna: ""},
		},
		{
			name: "changed while disabled", given: acts(away, put(annaPath, body{"accountStatus": "disabled"})),
			do:  forward("ben@example.com"),
			was: verdicts{anna: ""}, is: verdicts{anna: ""},
		},
		{
			name: "enabled again", given: acts(put(annaPath, body{"accountStatus": "disabled"}), away),
			do: put(annaPath, body{"accountStatus": "active"}), was: verdicts{anna: ""}, is: verdicts{anna: "zoe@other.test"},
		},
		{
			name: "by an alias domain", do: away, was: verdicts{"expansion anna@example.net": "anna@example.com"},
			is: verdicts{"expansion anna@example.net": "zoe@other.test"},
		},
	})
}

func TestPostfixServesFurtherAddresses(t *testing.T) {
	const first, second = "expansion a.nna@example.com", "expansion info@example.net"
	add := func(mail string) act { return put(annaPath, body{"addAlias": list{mail}}) }
	found := verdicts{first: "anna@example.com"}
	oracleEffects(t, []effect{
		{
			name: "in the domain", do: add("a.nna@example.com"), was: verdicts{first: ""},
			is: verdicts{
				first: "anna@example.com", "expansion a.nna@example.net": "anna@example.com",
				"virtual_mailbox_maps a.nna@example.com": "", "sender_login_maps a.nna@example.com": "",
			},
		},
		{
			name: "in an alias domain", do: add("info@example.net"), was: verdicts{second: ""},
			is: verdicts{
				second: "anna@example.com", "virtual_alias_maps info@example.net": "anna@example.com",
				"expansion info@example.com": "",
			},
		},
		{
			name: "removed", given: withAlias, do: put(annaPath, body{"removeAlias": list{"a.nna@example.com"}}), was: found,
			is: verdicts{first: "", "expansion anna@example.com": "anna@example.com"},
		},
		{
			name: "replaced", given: withAlias, do: put(annaPath, body{"aliases": list{"info@example.net"}}),
			was: verdicts{first: "anna@example.com", second: ""}, is: verdicts{first: "", second: "anna@example.com"},
		},
		{name: "cleared", given: withAlias, do: put(annaPath, body{"aliases": list{}}), was: found, is: verdicts{first: ""}},
		{
			name: "added while disabled", given: put(annaPath, body{"accountStatus": "disabled"}), do: withAlias,
			was: verdicts{first: ""}, is: verdicts{first: ""},
		},
		{
			name: "of a user that is enabled again", given: acts(put(annaPath, body{"accountStatus": "disabled"}), withAlias),
			do: put(annaPath, body{"accountStatus": "active"}), was: verdicts{first: ""}, is: found,
		},
	})
}

func TestPostfixServesAliasAccounts(t *testing.T) {
	const sales, crew = "/api/alias/sales@example.com", "expansion crew@example.com"
	const members = "expansion sales@example.com"
	one := verdicts{members: "anna@example.com"}
	disable, enable := put(sales, body{"accountStatus": "disabled"}), put(sales, body{"accountStatus": "active"})
	oracleEffects(t, []effect{
		{
			name: "created",
			do:   post("/api/alias/crew@example.com", body{"members": list{"ben@example.com", "zoe@other.test", "x@far.test"}}),
			was:  verdicts{crew: ""},
			is: verdicts{
				crew:                         "ben@example.com,x@far.test,zoe@other.test",
				"expansion crew@example.net": "ben@example.com,x@far.test,zoe@other.test",
			},
		},
		{
			name: "created disabled",
			do:   post("/api/alias/crew@example.com", body{"members": list{"ben@example.com"}, "accountStatus": "disabled"}),
			was:  verdicts{crew: ""}, is: verdicts{crew: "", "expansion crew@example.net": ""},
		},
		{
			name: "created without members", do: post("/api/alias/crew@example.com", body{}), was: verdicts{crew: ""},
			is: verdicts{crew: ""},
		},
		{
			name: "member added", do: put(sales, body{"addMember": list{"ben@example.com"}}), was: one,
			is: verdicts{members: "anna@example.com,ben@example.com"},
		},
		{
			name: "member removed", given: put(sales, body{"addMember": list{"ben@example.com"}}),
			do:  put(sales, body{"removeMember": list{"anna@example.com"}}),
			was: verdicts{members: "anna@example.com,ben@example.com"}, is: verdicts{members: "ben@example.com"},
		},
		{
			name: "members replaced", do: put(sales, body{"members": list{"zoe@other.test"}}), was: one,
			is: verdicts{members: "zoe@other.test"},
		},
		{name: "members cleared", do: put(sales, body{"members": list{}}), was: one, is: verdicts{members: ""}},
		{name: "member deleted", do: remove(annaPath), was: one, is: verdicts{members: ""}},
		{name: "disabled", do: disable, was: one, is: verdicts{members: "", "expansion sales@example.net": ""}},
		{
			name: "member added while disabled", given: disable,
			do: put(sales, body{"addMember": list{"ben@example.com"}}), was: verdicts{members: ""},
			is: verdicts{members: ""},
		},
		{
			name: "enabled again", given: acts(disable, put(sales, body{"addMember": list{"ben@example.com"}})), do: enable,
			was: verdicts{members: ""}, is: verdicts{members: "anna@example.com,ben@example.com"},
		},
		{
			name: "member disabled and enabled", given: acts(disable, put(annaPath, body{"accountStatus": "disabled"})),
			do: put(annaPath, body{"accountStatus": "active"}), was: verdicts{members: ""}, is: verdicts{members: ""},
		},
		{name: "deleted", do: remove(sales), was: one, is: verdicts{members: "", "expansion sales@example.net": ""}},
		{
			name: "renamed", do: post(sales+"/change_email/crew@example.com", body{}),
			was: verdicts{members: "anna@example.com", crew: ""},
			is:  verdicts{members: "", crew: "anna@example.com", "expansion crew@example.net": "anna@example.com"},
		},
		{
			name: "renamed to another domain", do: post(sales+"/change_email/sales@other.test", body{}),
			was: verdicts{members: "anna@example.com", "expansion sales@other.test": ""},
			is:  verdicts{members: "", "expansion sales@other.test": "anna@example.com"},
		},
	})
}

func TestPostfixServesCatchall(t *testing.T) {
	const anyone = "expansion nobody@example.com"
	all := put(exampleCom, body{"catchall": list{"zoe@other.test"}})
	caught := verdicts{anyone: "zoe@other.test"}
	// others is what keeps its own way beside the catch-all.
	others := verdicts{
		anyone: "zoe@other.test", "catchall_maps nobody@example.com": "zoe@other.test",
		"catchall_maps anna@example.com": "zoe@other.test",
		"expansion anna@example.com":     "anna@example.com", "expansion ben@example.com": "ben@example.com",
		"expansion sales@example.com": "anna@example.com",
		"expansion anna@example.net":  "anna@example.com", "expansion sales@example.net": "anna@example.com",
		"expansion nobody@example.net": "zoe@other.test", "domain_alias_catchall_maps nobody@example.net": "zoe@other.test",
		"expansion nobody+tag@example.com": "", "expansion nobody@other.test": "",
	}
	oracleEffects(t, []effect{
		{name: "set", do: all, was: verdicts{anyone: "", "expansion nobody@example.net": ""}, is: others},
		{
			name: "two addresses", do: put(exampleCom, body{"catchall": list{"zoe@other.test", "x@far.test"}}),
			was: verdicts{anyone: ""}, is: verdicts{anyone: "x@far.test,zoe@other.test"},
		},
		{
			name: "cleared", given: all, do: put(exampleCom, body{"catchall": list{}}), was: others,
			is: verdicts{anyone: "", "expansion nobody@example.net": ""},
		},
		{name: "target deleted", given: all, do: remove("/api/user/zoe@other.test"), was: caught, is: verdicts{anyone: ""}},
		{
			name: "target renamed", given: all, do: post("/api/user/zoe@other.test/change_email/zoey@other.test", body{}),
			was: caught, is: verdicts{anyone: "zoey@other.test"},
		},
		{
			name: "domain disabled", given: all, do: put(exampleCom, body{"accountStatus": "disabled"}), was: caught,
			is: verdicts{anyone: ""},
		},
		{
			name:  "spares a user whose forwarding is cleared",
			given: acts(all, put(benPath, body{"forwarding": list{"anna@example.com"}})),
			do:    put(benPath, body{"forwarding": list{}}),
			was:   verdicts{"expansion ben@example.com": "anna@example.com"}, is: others,
		},
		{
			name:  "spares a user whose target is deleted",
			given: acts(all, put(benPath, body{"forwarding": list{"anna@example.com"}})),
			do:    remove(annaPath), was: verdicts{"expansion ben@example.com": "anna@example.com"},
			is: verdicts{"expansion ben@example.com": "ben@example.com", "expansion anna@example.com": "zoe@other.test"},
		},
		{
			name: "spares a new user and a new alias", given: all,
			do: acts(
				post("/api/user/new@example.com", body{"password": password}),
				post("/api/alias/crew@example.com", body{"members": list{"ben@example.com"}}),
				put(annaPath, body{"addAlias": list{"a.nna@example.com"}}),
			),
			was: verdicts{
				"expansion new@example.com": "zoe@other.test", "expansion crew@example.com": "zoe@other.test",
				"expansion a.nna@example.com": "zoe@other.test",
			},
			is: verdicts{
				"expansion new@example.com": "new@example.com", "expansion crew@example.com": "ben@example.com",
				"expansion a.nna@example.com": "anna@example.com",
			},
		},
		{
			name: "gets what a deleted user had", given: all, do: remove(benPath),
			was: verdicts{"expansion ben@example.com": "ben@example.com"},
			is:  verdicts{"expansion ben@example.com": "zoe@other.test"},
		},
	})
}
