package oracles_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store/storetest"
)

// An alias domain is worth the same on every engine. This file asks Postfix for every kind of address at the domain and at an
// alias domain of it, whichever was there first.

const aliasDomain = "example.net"

// aliasKind is a kind of address in example.com.
type aliasKind struct {
	name  string
	local string // of the address
	make  servertest.Act
	ends  string // where mail to the address ends, comma-joined
	// change is done once both are there; then the address is changedLocal and mail to it ends at changedEnds.
	change                    servertest.Act
	changedLocal, changedEnds string
	remove                    servertest.Act // has the address lead nowhere
	// aliasOnly is an address at the alias domain that no other of the account corresponds to; it comes last then.
	aliasOnly bool
	// directoryOnly is what only a directory has.
	directoryOnly bool
}

// aliasKinds are all kinds of addresses.
func aliasKinds() []aliasKind {
	user := func(local string) servertest.Act {
		return servertest.Post("/api/user/"+local+"@example.com", servertest.Body{"password": servertest.Password})
	}
	rename := func(noun, from, to string) servertest.Act {
		return servertest.Post("/api/"+noun+"/"+from+"@example.com/change_email/"+to+"@example.com", servertest.Body{})
	}
	const kim, news = "/api/user/kim@example.com", "/api/maillist/news@example.com"
	staticList := func(given servertest.Body) servertest.Act {
		return servertest.Acts(user("kim"), servertest.Post("/api/alias/crew@example.com", servertest.Body{"members": servertest.List{"ben@example.com"}}), servertest.Post(news, given))
	}
	members := servertest.List{"kim@example.com", "crew@example.com", "zoe@other.test", "x@far.test"}
	return []aliasKind{
		{
			name: "mailbox", local: "kim", make: user("kim"), ends: "kim@example.com",
			change: rename("user", "kim", "kay"), changedLocal: "kay", changedEnds: "kay@example.com", remove: servertest.Remove("/api/user/kay@example.com"),
		},
		{
			name: "mailbox that is disabled and enabled", local: "kim", make: servertest.Acts(user("kim"), servertest.Put(kim, servertest.Body{"accountStatus": "disabled"})), ends: "",
			change: servertest.Put(kim, servertest.Body{"accountStatus": "active"}), changedLocal: "kim", changedEnds: "kim@example.com", remove: servertest.Remove(kim),
		},
		{
			name: "mailbox that forwards", local: "kim", make: servertest.Acts(user("kim"), servertest.Put(kim, servertest.Body{"forwarding": servertest.List{"zoe@other.test", "kim@example.com"}})),
			ends: "kim@example.com,zoe@other.test", change: servertest.Put(kim, servertest.Body{"forwarding": servertest.List{"x@far.test"}}),
			changedLocal: "kim", changedEnds: "x@far.test", remove: servertest.Remove(kim),
		},
		{
			name: "further address", local: "info", make: servertest.Acts(user("kim"), servertest.Put(kim, servertest.Body{"aliases": servertest.List{"info@example.com"}})), ends: "kim@example.com",
			change: rename("user", "kim", "kay"), changedLocal: "info", changedEnds: "kay@example.com",
			remove: servertest.Put("/api/user/kay@example.com", servertest.Body{"removeAlias": servertest.List{"info@example.com"}}),
		},
		{
			name: "further address that is replaced", local: "info", make: servertest.Acts(user("kim"), servertest.Put(kim, servertest.Body{"aliases": servertest.List{"info@example.com"}})),
			ends: "kim@example.com", change: servertest.Put(kim, servertest.Body{"aliases": servertest.List{"help@example.com"}}), changedLocal: "help", changedEnds: "kim@example.com",
			remove: servertest.Remove(kim),
		},
		{
			name: "further address in the alias domain alone", local: "own", aliasOnly: true, ends: "kim@example.com",
			make:   servertest.Acts(user("kim"), servertest.Put(kim, servertest.Body{"aliases": servertest.List{"own@" + aliasDomain}})),
			change: rename("user", "kim", "kay"), changedLocal: "own", changedEnds: "kay@example.com",
			remove: servertest.Put("/api/user/kay@example.com", servertest.Body{"aliases": servertest.List{}}),
		},
		{
			name: "alias account", local: "crew", make: servertest.Post("/api/alias/crew@example.com", servertest.Body{"members": servertest.List{"ben@example.com", "x@far.test"}}),
			ends: "ben@example.com,x@far.test", change: rename("alias", "crew", "team"), changedLocal: "team", changedEnds: "ben@example.com,x@far.test",
			remove: servertest.Remove("/api/alias/team@example.com"),
		},
		{
			name: "alias account whose members change", local: "crew", make: servertest.Post("/api/alias/crew@example.com", servertest.Body{"members": servertest.List{"ben@example.com"}}),
			ends: "ben@example.com", change: servertest.Put("/api/alias/crew@example.com", servertest.Body{"members": servertest.List{"zoe@other.test"}}),
			changedLocal: "crew", changedEnds: "zoe@other.test", remove: servertest.Remove("/api/alias/crew@example.com"),
		},
		{
			name: "subscribable list", local: "dev", make: servertest.Post(servertest.DevMailingList, servertest.Body{}), ends: "dev@example.com",
			change: servertest.Put(servertest.DevMailingList, servertest.Body{"name": "Dev"}), changedLocal: "dev", changedEnds: "dev@example.com", remove: servertest.Remove(servertest.DevMailingList),
		},
		{
			name: "extra address of a subscribable list", local: "coders", make: servertest.Post(servertest.DevMailingList, servertest.Body{"extra_addresses": servertest.List{"coders@example.com"}}),
			ends: "dev@example.com", change: servertest.Put(servertest.DevMailingList, servertest.Body{"extra_addresses": servertest.List{"makers@example.com"}}), changedLocal: "makers",
			changedEnds: "dev@example.com", remove: servertest.Put(servertest.DevMailingList, servertest.Body{"extra_addresses": servertest.List{}}),
		},
		{
			name: "catch-all", local: "nobody", make: servertest.Put(servertest.ExampleCom, servertest.Body{"catchall": servertest.List{"zoe@other.test"}}), ends: "zoe@other.test",
			change: servertest.Put(servertest.ExampleCom, servertest.Body{"catchall": servertest.List{"ben@example.com", "x@far.test"}}), changedLocal: "nobody",
			changedEnds: "ben@example.com,x@far.test", remove: servertest.Put(servertest.ExampleCom, servertest.Body{"catchall": servertest.List{}}),
		},
		{
			name: "static list", local: "news", directoryOnly: true, make: staticList(servertest.Body{"members": members}),
			ends: "ben@example.com,kim@example.com,x@far.test,zoe@other.test",
			change: servertest.Acts(
				servertest.Put(news, servertest.Body{"addMember": servertest.List{"ben@example.com", "y@far.test"}}),
				servertest.Put(news, servertest.Body{"removeMember": servertest.List{"crew@example.com", "x@far.test"}}),
				rename("user", "kim", "kay"), servertest.Remove("/api/user/zoe@other.test"),
			),
			changedLocal: "news", changedEnds: "ben@example.com,kay@example.com,y@far.test", remove: servertest.Put(news, servertest.Body{"members": servertest.List{}}),
		},
		{
			name: "static list for its members alone", local: "news", directoryOnly: true,
			make:   staticList(servertest.Body{"members": members, "accessPolicy": "membersonly"}),
			ends:   "ben@example.com,kim@example.com,x@far.test,zoe@other.test",
			change: servertest.Put(news, servertest.Body{"members": servertest.List{"y@far.test", "kim@example.com"}}), changedLocal: "news", changedEnds: "kim@example.com,y@far.test",
			remove: servertest.Remove(news),
		},
		{
			name: "static list that a static list is a member of", local: "all", directoryOnly: true,
			make:   servertest.Acts(staticList(servertest.Body{"members": members}), servertest.Post("/api/maillist/all@example.com", servertest.Body{"members": servertest.List{"news@example.com"}})),
			ends:   "ben@example.com,kim@example.com,x@far.test,zoe@other.test",
			change: servertest.Put(news, servertest.Body{"members": servertest.List{"zoe@other.test"}}), changedLocal: "all", changedEnds: "zoe@other.test",
			remove: servertest.Remove("/api/maillist/all@example.com"),
		},
	}
}

// aliasDifferences are what an alias domain is not worth the same: kind of address, engine, and what does not take it there.
var aliasDifferences = []struct{ kind, engine, program, why string }{
	{
		"static list for its members alone", "ldap", "iRedAPD",
		"it looks for the members below the domain of the recipient, and below an alias domain there is nothing: they may not send there",
	},
}

func TestPostfixFindsEveryAddressUnderAliasDomains(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, w *servertest.Fixture) {
		storetest.Mlmmj(t)
		p := servertest.NewPostfix(t, w.Source(t))
		empty := w.EmptyAccounts(t)
		for _, first := range []string{"the alias domain", "the address"} {
			for _, kind := range aliasKinds() {
				if kind.aliasOnly && first == "the address" {
					continue // there is none before
				}
				t.Run(kind.name+", "+first+" first", func(t *testing.T) {
					w := w.In(t)
					empty(t)
					w.CreateRoot()
					root := w.Root()
					if kind.directoryOnly && w.Directory == nil {
						require.Equal(t, http.StatusNotImplemented, root.Get("/api/maillist/news@example.com").Status)
						return
					}
					servertest.Acts(
						servertest.Post(servertest.ExampleCom, servertest.Body{}), servertest.Post("/api/domain/other.test", servertest.Body{}),
						servertest.Post(servertest.BenPath, servertest.Body{"password": servertest.Password}), servertest.Post("/api/user/zoe@other.test", servertest.Body{"password": servertest.Password}),
					)(root)
					kind.check(t, root, p, first == "the alias domain")
				})
			}
		}
	})
}

func (k aliasKind) check(t *testing.T, root *servertest.Client, p *servertest.Postfix, aliasFirst bool) {
	t.Helper()
	addAlias, dropAlias := servertest.Put(servertest.ExampleCom, servertest.Body{"addAliasDomain": servertest.List{aliasDomain}}), servertest.Put(servertest.ExampleCom, servertest.Body{"removeAliasDomain": servertest.List{aliasDomain}})
	order := servertest.Acts(k.make, addAlias)
	if aliasFirst {
		order = servertest.Acts(addAlias, k.make)
	}
	require.Empty(t, p.Reaches(t, k.local+"@"+aliasDomain), "before")
	order(root)
	same := func(local, ends, when string) {
		t.Helper()
		if !k.aliasOnly {
			require.Equal(t, ends, p.Reaches(t, local+"@example.com"), "%s, at the domain", when)
		}
		require.Equal(t, ends, p.Reaches(t, local+"@"+aliasDomain), "%s, at the alias domain", when)
	}
	same(k.local, k.ends, "made")
	require.NotEmpty(t, p.Ask(t, "virtual_mailbox_domains", aliasDomain))
	k.checkDifferences(t, p, k.local)
	k.change(root)
	same(k.changedLocal, k.changedEnds, "changed")
	if k.local != k.changedLocal {
		same(k.local, "", "its old address")
	}

	dropAlias(root)
	for _, local := range []string{k.local, k.changedLocal} {
		require.Empty(t, p.Reaches(t, local+"@"+aliasDomain), "without the alias domain")
	}
	require.Empty(t, p.Ask(t, "virtual_mailbox_domains", aliasDomain))
	if k.aliasOnly {
		return // it went with the alias domain
	}
	require.Equal(t, k.changedEnds, p.Reaches(t, k.changedLocal+"@example.com"))
	addAlias(root)
	same(k.changedLocal, k.changedEnds, "with the alias domain again")
	k.remove(root)
	same(k.changedLocal, "", "removed")
}

// checkDifferences shows what is declared: below the domain iRedAPD finds the members, below the alias domain nothing.
func (k aliasKind) checkDifferences(t *testing.T, p *servertest.Postfix, local string) {
	t.Helper()
	engine := p.From.Driver
	for _, d := range aliasDifferences {
		if d.kind != k.name || d.engine != engine {
			continue
		}
		require.Equal(t, "iRedAPD", d.program)
		at := p.From.Directory
		found := func(domain string) servertest.Output {
			out, err := servertest.Call(t.Context(), servertest.Program(t, "ldapsearch"), "-x", "-LLL", "-H", at.URL, "-D", at.ReadDN, "-w", at.ReadPassword,
				"-b", at.DomainDN(domain), "(&(accountStatus=active)(memberOfGroup="+local+"@"+domain+")"+
					"(|(objectClass=mailUser)(objectClass=mailExternalUser)))", "mail")
			require.NoError(t, err)
			return out
		}
		require.Contains(t, found("example.com").Stdout, "mail: kim@example.com", d.why)
		const noSuchObject = 32
		require.Equal(t, noSuchObject, found(aliasDomain).Status, d.why)
	}
}
