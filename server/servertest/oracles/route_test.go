package oracles_test

import (
	"testing"

	"github.com/postern-mail/postern/server/servertest"
)

func TestPostfixServesForwarding(t *testing.T) {
	const anna = "expansion anna@example.com"
	forward := func(to ...any) servertest.Act {
		return servertest.Put(servertest.AnnaPath, servertest.Body{"forwarding": append(servertest.List{}, to...)})
	}
	alone := servertest.Verdicts{anna: "anna@example.com"}
	away := forward("zoe@other.test")
	oracleEffects(t, []effect{
		{
			name: "with a copy kept", do: forward("zoe@other.test", "anna@example.com"), was: alone,
			is: servertest.Verdicts{anna: "anna@example.com,zoe@other.test"},
		},
		{
			name: "without a copy", do: away, was: alone,
			is: servertest.Verdicts{anna: "zoe@other.test", "expansion ben@example.com": "ben@example.com"},
		},
		{
			name: "to somewhere else in the fixture", do: forward("a@far.test", "b+tag@far.test"), was: alone,
			is: servertest.Verdicts{anna: "a@far.test,b+tag@far.test"},
		},
		{
			name: "added", do: servertest.Put(servertest.AnnaPath, servertest.Body{"addForwarding": servertest.List{"zoe@other.test"}}), was: alone,
			is: servertest.Verdicts{anna: "anna@example.com,zoe@other.test"},
		},
		{
			name: "copy given up", given: servertest.Put(servertest.AnnaPath, servertest.Body{"addForwarding": servertest.List{"zoe@other.test"}}),
			do:  servertest.Put(servertest.AnnaPath, servertest.Body{"removeForwarding": servertest.List{"anna@example.com"}}),
			was: servertest.Verdicts{anna: "anna@example.com,zoe@other.test"}, is: servertest.Verdicts{anna: "zoe@other.test"},
		},
		{name: "cleared", given: away, do: forward(), was: servertest.Verdicts{anna: "zoe@other.test"}, is: alone},
		{
			name: "last one removed", given: away, do: servertest.Put(servertest.AnnaPath, servertest.Body{"removeForwarding": servertest.List{"zoe@other.test"}}),
			was: servertest.Verdicts{anna: "zoe@other.test"}, is: alone,
		},
		{
			name: "target deleted", given: away, do: servertest.Remove("/api/user/zoe@other.test"),
			was: servertest.Verdicts{anna: "zoe@other.test"}, is: alone,
		},
		{
			name: "domain of the target deleted", given: away, do: servertest.Remove("/api/domain/other.test"),
			was: servertest.Verdicts{anna: "zoe@other.test"}, is: alone,
		},
		{
			name: "target renamed", given: away, do: servertest.Post("/api/user/zoe@other.test/change_email/zoey@other.test", servertest.Body{}),
			was: servertest.Verdicts{anna: "zoe@other.test"}, is: servertest.Verdicts{anna: "zoey@other.test"},
		},
		{
			name: "of a disabled user", given: away, do: servertest.Put(servertest.AnnaPath, servertest.Body{"accountStatus": "disabled"}),
			was: servertest.Verdicts{anna: "zoe@other.test"}, is: servertest.Verdicts{anna: ""},
		},
		{
			name: "changed while disabled", given: servertest.Acts(away, servertest.Put(servertest.AnnaPath, servertest.Body{"accountStatus": "disabled"})),
			do:  forward("ben@example.com"),
			was: servertest.Verdicts{anna: ""}, is: servertest.Verdicts{anna: ""},
		},
		{
			name: "enabled again", given: servertest.Acts(servertest.Put(servertest.AnnaPath, servertest.Body{"accountStatus": "disabled"}), away),
			do: servertest.Put(servertest.AnnaPath, servertest.Body{"accountStatus": "active"}), was: servertest.Verdicts{anna: ""}, is: servertest.Verdicts{anna: "zoe@other.test"},
		},
		{
			name: "by an alias domain", do: away, was: servertest.Verdicts{"expansion anna@example.net": "anna@example.com"},
			is: servertest.Verdicts{"expansion anna@example.net": "zoe@other.test"},
		},
	})
}

func TestPostfixServesFurtherAddresses(t *testing.T) {
	const first, second = "expansion a.nna@example.com", "expansion info@example.net"
	add := func(mail string) servertest.Act {
		return servertest.Put(servertest.AnnaPath, servertest.Body{"addAlias": servertest.List{mail}})
	}
	found := servertest.Verdicts{first: "anna@example.com"}
	oracleEffects(t, []effect{
		{
			name: "in the domain", do: add("a.nna@example.com"), was: servertest.Verdicts{first: ""},
			is: servertest.Verdicts{
				first: "anna@example.com", "expansion a.nna@example.net": "anna@example.com",
				"virtual_mailbox_maps a.nna@example.com": "", "sender_login_maps a.nna@example.com": "",
			},
		},
		{
			name: "in an alias domain", do: add("info@example.net"), was: servertest.Verdicts{second: ""},
			is: servertest.Verdicts{
				second: "anna@example.com", "virtual_alias_maps info@example.net": "anna@example.com",
				"expansion info@example.com": "",
			},
		},
		{
			name: "removed", given: withAlias, do: servertest.Put(servertest.AnnaPath, servertest.Body{"removeAlias": servertest.List{"a.nna@example.com"}}), was: found,
			is: servertest.Verdicts{first: "", "expansion anna@example.com": "anna@example.com"},
		},
		{
			name: "replaced", given: withAlias, do: servertest.Put(servertest.AnnaPath, servertest.Body{"aliases": servertest.List{"info@example.net"}}),
			was: servertest.Verdicts{first: "anna@example.com", second: ""}, is: servertest.Verdicts{first: "", second: "anna@example.com"},
		},
		{name: "cleared", given: withAlias, do: servertest.Put(servertest.AnnaPath, servertest.Body{"aliases": servertest.List{}}), was: found, is: servertest.Verdicts{first: ""}},
		{
			name: "added while disabled", given: servertest.Put(servertest.AnnaPath, servertest.Body{"accountStatus": "disabled"}), do: withAlias,
			was: servertest.Verdicts{first: ""}, is: servertest.Verdicts{first: ""},
		},
		{
			name: "of a user that is enabled again", given: servertest.Acts(servertest.Put(servertest.AnnaPath, servertest.Body{"accountStatus": "disabled"}), withAlias),
			do: servertest.Put(servertest.AnnaPath, servertest.Body{"accountStatus": "active"}), was: servertest.Verdicts{first: ""}, is: found,
		},
	})
}

func TestPostfixServesAliasAccounts(t *testing.T) {
	const sales, crew = "/api/alias/sales@example.com", "expansion crew@example.com"
	const members = "expansion sales@example.com"
	one := servertest.Verdicts{members: "anna@example.com"}
	disable, enable := servertest.Put(sales, servertest.Body{"accountStatus": "disabled"}), servertest.Put(sales, servertest.Body{"accountStatus": "active"})
	oracleEffects(t, []effect{
		{
			name: "created",
			do:   servertest.Post("/api/alias/crew@example.com", servertest.Body{"members": servertest.List{"ben@example.com", "zoe@other.test", "x@far.test"}}),
			was:  servertest.Verdicts{crew: ""},
			is: servertest.Verdicts{
				crew:                         "ben@example.com,x@far.test,zoe@other.test",
				"expansion crew@example.net": "ben@example.com,x@far.test,zoe@other.test",
			},
		},
		{
			name: "created disabled",
			do:   servertest.Post("/api/alias/crew@example.com", servertest.Body{"members": servertest.List{"ben@example.com"}, "accountStatus": "disabled"}),
			was:  servertest.Verdicts{crew: ""}, is: servertest.Verdicts{crew: "", "expansion crew@example.net": ""},
		},
		{
			name: "created without members", do: servertest.Post("/api/alias/crew@example.com", servertest.Body{}), was: servertest.Verdicts{crew: ""},
			is: servertest.Verdicts{crew: ""},
		},
		{
			name: "member added", do: servertest.Put(sales, servertest.Body{"addMember": servertest.List{"ben@example.com"}}), was: one,
			is: servertest.Verdicts{members: "anna@example.com,ben@example.com"},
		},
		{
			name: "member removed", given: servertest.Put(sales, servertest.Body{"addMember": servertest.List{"ben@example.com"}}),
			do:  servertest.Put(sales, servertest.Body{"removeMember": servertest.List{"anna@example.com"}}),
			was: servertest.Verdicts{members: "anna@example.com,ben@example.com"}, is: servertest.Verdicts{members: "ben@example.com"},
		},
		{
			name: "members replaced", do: servertest.Put(sales, servertest.Body{"members": servertest.List{"zoe@other.test"}}), was: one,
			is: servertest.Verdicts{members: "zoe@other.test"},
		},
		{name: "members cleared", do: servertest.Put(sales, servertest.Body{"members": servertest.List{}}), was: one, is: servertest.Verdicts{members: ""}},
		{name: "member deleted", do: servertest.Remove(servertest.AnnaPath), was: one, is: servertest.Verdicts{members: ""}},
		{name: "disabled", do: disable, was: one, is: servertest.Verdicts{members: "", "expansion sales@example.net": ""}},
		{
			name: "member added while disabled", given: disable,
			do: servertest.Put(sales, servertest.Body{"addMember": servertest.List{"ben@example.com"}}), was: servertest.Verdicts{members: ""},
			is: servertest.Verdicts{members: ""},
		},
		{
			name: "enabled again", given: servertest.Acts(disable, servertest.Put(sales, servertest.Body{"addMember": servertest.List{"ben@example.com"}})), do: enable,
			was: servertest.Verdicts{members: ""}, is: servertest.Verdicts{members: "anna@example.com,ben@example.com"},
		},
		{
			name: "member disabled and enabled", given: servertest.Acts(disable, servertest.Put(servertest.AnnaPath, servertest.Body{"accountStatus": "disabled"})),
			do: servertest.Put(servertest.AnnaPath, servertest.Body{"accountStatus": "active"}), was: servertest.Verdicts{members: ""}, is: servertest.Verdicts{members: ""},
		},
		{name: "deleted", do: servertest.Remove(sales), was: one, is: servertest.Verdicts{members: "", "expansion sales@example.net": ""}},
		{
			name: "renamed", do: servertest.Post(sales+"/change_email/crew@example.com", servertest.Body{}),
			was: servertest.Verdicts{members: "anna@example.com", crew: ""},
			is:  servertest.Verdicts{members: "", crew: "anna@example.com", "expansion crew@example.net": "anna@example.com"},
		},
		{
			name: "renamed to another domain", do: servertest.Post(sales+"/change_email/sales@other.test", servertest.Body{}),
			was: servertest.Verdicts{members: "anna@example.com", "expansion sales@other.test": ""},
			is:  servertest.Verdicts{members: "", "expansion sales@other.test": "anna@example.com"},
		},
	})
}

func TestPostfixServesCatchall(t *testing.T) {
	const anyone = "expansion nobody@example.com"
	all := servertest.Put(servertest.ExampleCom, servertest.Body{"catchall": servertest.List{"zoe@other.test"}})
	caught := servertest.Verdicts{anyone: "zoe@other.test"}
	// others is what keeps its own way beside the catch-all.
	others := servertest.Verdicts{
		anyone: "zoe@other.test", "catchall_maps nobody@example.com": "zoe@other.test",
		"catchall_maps anna@example.com": "zoe@other.test",
		"expansion anna@example.com":     "anna@example.com", "expansion ben@example.com": "ben@example.com",
		"expansion sales@example.com": "anna@example.com",
		"expansion anna@example.net":  "anna@example.com", "expansion sales@example.net": "anna@example.com",
		"expansion nobody@example.net": "zoe@other.test", "domain_alias_catchall_maps nobody@example.net": "zoe@other.test",
		"expansion nobody+tag@example.com": "", "expansion nobody@other.test": "",
	}
	oracleEffects(t, []effect{
		{name: "set", do: all, was: servertest.Verdicts{anyone: "", "expansion nobody@example.net": ""}, is: others},
		{
			name: "two addresses", do: servertest.Put(servertest.ExampleCom, servertest.Body{"catchall": servertest.List{"zoe@other.test", "x@far.test"}}),
			was: servertest.Verdicts{anyone: ""}, is: servertest.Verdicts{anyone: "x@far.test,zoe@other.test"},
		},
		{
			name: "cleared", given: all, do: servertest.Put(servertest.ExampleCom, servertest.Body{"catchall": servertest.List{}}), was: others,
			is: servertest.Verdicts{anyone: "", "expansion nobody@example.net": ""},
		},
		{name: "target deleted", given: all, do: servertest.Remove("/api/user/zoe@other.test"), was: caught, is: servertest.Verdicts{anyone: ""}},
		{
			name: "target renamed", given: all, do: servertest.Post("/api/user/zoe@other.test/change_email/zoey@other.test", servertest.Body{}),
			was: caught, is: servertest.Verdicts{anyone: "zoey@other.test"},
		},
		{
			name: "domain disabled", given: all, do: servertest.Put(servertest.ExampleCom, servertest.Body{"accountStatus": "disabled"}), was: caught,
			is: servertest.Verdicts{anyone: ""},
		},
		{
			name:  "spares a user whose forwarding is cleared",
			given: servertest.Acts(all, servertest.Put(servertest.BenPath, servertest.Body{"forwarding": servertest.List{"anna@example.com"}})),
			do:    servertest.Put(servertest.BenPath, servertest.Body{"forwarding": servertest.List{}}),
			was:   servertest.Verdicts{"expansion ben@example.com": "anna@example.com"}, is: others,
		},
		{
			name:  "spares a user whose target is deleted",
			given: servertest.Acts(all, servertest.Put(servertest.BenPath, servertest.Body{"forwarding": servertest.List{"anna@example.com"}})),
			do:    servertest.Remove(servertest.AnnaPath), was: servertest.Verdicts{"expansion ben@example.com": "anna@example.com"},
			is: servertest.Verdicts{"expansion ben@example.com": "ben@example.com", "expansion anna@example.com": "zoe@other.test"},
		},
		{
			name: "spares a new user and a new alias", given: all,
			do: servertest.Acts(
				servertest.Post("/api/user/new@example.com", servertest.Body{"password": servertest.Password}),
				servertest.Post("/api/alias/crew@example.com", servertest.Body{"members": servertest.List{"ben@example.com"}}),
				servertest.Put(servertest.AnnaPath, servertest.Body{"addAlias": servertest.List{"a.nna@example.com"}}),
			),
			was: servertest.Verdicts{
				"expansion new@example.com": "zoe@other.test", "expansion crew@example.com": "zoe@other.test",
				"expansion a.nna@example.com": "zoe@other.test",
			},
			is: servertest.Verdicts{
				"expansion new@example.com": "new@example.com", "expansion crew@example.com": "ben@example.com",
				"expansion a.nna@example.com": "anna@example.com",
			},
		},
		{
			name: "gets what a deleted user had", given: all, do: servertest.Remove(servertest.BenPath),
			was: servertest.Verdicts{"expansion ben@example.com": "ben@example.com"},
			is:  servertest.Verdicts{"expansion ben@example.com": "zoe@other.test"},
		},
	})
}
