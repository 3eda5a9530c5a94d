package server_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store/storetest"
)

// An alias domain is worth the same on every engine. This file asks Postfix for every kind of address at the domain and at an
// alias domain of it, whichever was there first.

const aliasDomain = "example.net"

// aliasKind is a kind of address in example.com.
type aliasKind struct {
	name  string
	local string // of the address
	make  act
	ends  string // where mail to the address ends, comma-joined
	// change is done once both are there; then the address is changedLocal and mail to it ends at changedEnds.
	change                    act
	changedLocal, changedEnds string
	remove                    act // has the address lead nowhere
	// aliasOnly is an address at the alias domain that no other of the account corresponds to; it comes last then.
	aliasOnly bool
	// directoryOnly is what only a directory has.
	directoryOnly bool
}

// aliasKinds are all kinds of addresses.
func aliasKinds() []aliasKind {
	user := func(local string) act {
		return post("/api/user/"+local+"@example.com", body{"password": password})
	}
	rename := func(noun, from, to string) act {
		return post("/api/"+noun+"/"+from+"@example.com/change_email/"+to+"@example.com", body{})
	}
	const kim, news = "/api/user/kim@example.com", "/api/maillist/news@example.com"
	staticList := func(given body) act {
		return acts(user("kim"), post("/api/alias/crew@example.com", body{"members": list{"ben@example.com"}}), post(news, given))
	}
	members := list{"kim@example.com", "crew@example.com", "zoe@other.test", "x@far.test"}
	return []aliasKind{
		{
			name: "mailbox", local: "kim", make: user("kim"), ends: "kim@example.com",
			change: rename("user", "kim", "kay"), changedLocal: "kay", changedEnds: "kay@example.com", remove: remove("/api/user/kay@example.com"),
		},
		{
			name: "mailbox that is disabled and enabled", local: "kim", make: acts(user("kim"), put(kim, body{"accountStatus": "disabled"})), ends: "",
			change: put(kim, body{"accountStatus": "active"}), changedLocal: "kim", changedEnds: "kim@example.com", remove: remove(kim),
		},
		{
			name: "mailbox that forwards", local: "kim", make: acts(user("kim"), put(kim, body{"forwarding": list{"zoe@other.test", "kim@example.com"}})),
			ends: "kim@example.com,zoe@other.test", change: put(kim, body{"forwarding": list{"x@far.test"}}),
			changedLocal: "kim", changedEnds: "x@far.test", remove: remove(kim),
		},
		{
			name: "further address", local: "info", make: acts(user("kim"), put(kim, body{"aliases": list{"info@example.com"}})), ends: "kim@example.com",
			change: rename("user", "kim", "kay"), changedLocal: "info", changedEnds: "kay@example.com",
			remove: put("/api/user/kay@example.com", body{"removeAlias": list{"info@example.com"}}),
		},
		{
			name: "further address that is replaced", local: "info", make: acts(user("kim"), put(kim, body{"aliases": list{"info@example.com"}})),
			ends: "kim@example.com", change: put(kim, body{"aliases": list{"help@example.com"}}), changedLocal: "help", changedEnds: "kim@example.com",
			remove: remove(kim),
		},
		{
			name: "further address in the alias domain alone", local: "own", aliasOnly: true, ends: "kim@example.com",
			make:   acts(user("kim"), put(kim, body{"aliases": list{"own@" + aliasDomain}})),
			change: rename("user", "kim", "kay"), changedLocal: "own", changedEnds: "kay@example.com",
			remove: put("/api/user/kay@example.com", body{"aliases": list{}}),
		},
		{
			name: "alias account", local: "crew", make: post("/api/alias/crew@example.com", body{"members": list{"ben@example.com", "x@far.test"}}),
			ends: "ben@example.com,x@far.test", change: rename("alias", "crew", "team"), changedLocal: "team", changedEnds: "ben@example.com,x@far.test",
			remove: remove("/api/alias/team@example.com"),
		},
		{
			name: "alias account whose members change", local: "crew", make: post("/api/alias/crew@example.com", body{"members": list{"ben@example.com"}}),
			ends: "ben@example.com", change: put("/api/alias/crew@example.com", body{"members": list{"zoe@other.test"}}),
			changedLocal: "crew", changedEnds: "zoe@other.test", remove: remove("/api/alias/crew@example.com"),
		},
		{
			name: "subscribable list", local: "dev", make: post(devMailingList, body{}), ends: "dev@example.com",
			change: put(devMailingList, body{"name": "Dev"}), changedLocal: "dev", changedEnds: "dev@example.com", remove: remove(devMailingList),
		},
		{
			name: "extra address of a subscribable list", local: "coders", make: post(devMailingList, body{"extra_addresses": list{"coders@example.com"}}),
			ends: "dev@example.com", change: put(devMailingList, body{"extra_addresses": list{"makers@example.com"}}), changedLocal: "makers",
			changedEnds: "dev@example.com", remove: put(devMailingList, body{"extra_addresses": list{}}),
		},
		{
			name: "catch-all", local: "nobody", make: put(exampleCom, body{"catchall": list{"zoe@other.test"}}), ends: "zoe@other.test",
			change: put(exampleCom, body{"catchall": list{"ben@example.com", "x@far.test"}}), changedLocal: "nobody",
			changedEnds: "ben@example.com,x@far.test", remove: put(exampleCom, body{"catchall": list{}}),
		},
		{
			name: "static list", local: "news", directoryOnly: true, make: staticList(body{"members": members}),
			ends: "ben@example.com,kim@example.com,x@far.test,zoe@other.test",
			change: acts(
				put(news, body{"addMember": list{"ben@example.com", "y@far.test"}}),
				put(news, body{"removeMember": list{"crew@example.com", "x@far.test"}}),
				rename("user", "kim", "kay"), remove("/api/user/zoe@other.test"),
			),
			changedLocal: "news", changedEnds: "ben@example.com,kay@example.com,y@far.test", remove: put(news, body{"members": list{}}),
		},
		{
			name: "static list for its members alone", local: "news", directoryOnly: true,
			make:   staticList(body{"members": members, "accessPolicy": "membersonly"}),
			ends:   "ben@example.com,kim@example.com,x@far.test,zoe@other.test",
			change: put(news, body{"members": list{"y@far.test", "kim@example.com"}}), changedLocal: "news", changedEnds: "kim@example.com,y@far.test",
			remove: remove(news),
		},
		{
			name: "static list that a static list is a member of", local: "all", directoryOnly: true,
			make:   acts(staticList(body{"members": members}), post("/api/maillist/all@example.com", body{"members": list{"news@example.com"}})),
			ends:   "ben@example.com,kim@example.com,x@far.test,zoe@other.test",
			change: put(news, body{"members": list{"zoe@other.test"}}), changedLocal: "all", changedEnds: "zoe@other.test",
			remove: remove("/api/maillist/all@example.com"),
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
	onEveryEngine(t, func(t *testing.T, w *fixture) {
		storetest.Mlmmj(t)
		p := newPostfix(t, w.source(t))
		empty := w.emptyAccounts(t)
		for _, first := range []string{"the alias domain", "the address"} {
			for _, kind := range aliasKinds() {
				if kind.aliasOnly && first == "the address" {
					continue // there is none before
				}
				t.Run(kind.name+", "+first+" first", func(t *testing.T) {
					w := w.in(t)
					empty(t)
					w.createRoot()
					root := w.root()
					if kind.directoryOnly && w.directory == nil {
						require.Equal(t, http.StatusNotImplemented, root.get("/api/maillist/news@example.com").status)
						return
					}
					acts(
						post(exampleCom, body{}), post("/api/domain/other.test", body{}),
						post(benPath, body{"password": password}), post("/api/user/zoe@other.test", body{"password": password}),
					)(root)
					kind.check(t, root, p, first == "the alias domain")
				})
			}
		}
	})
}

func (k aliasKind) check(t *testing.T, root *client, p *postfix, aliasFirst bool) {
	t.Helper()
	addAlias, dropAlias := put(exampleCom, body{"addAliasDomain": list{aliasDomain}}), put(exampleCom, body{"removeAliasDomain": list{aliasDomain}})
	order := acts(k.make, addAlias)
	if aliasFirst {
		order = acts(addAlias, k.make)
	}
	require.Empty(t, p.reaches(t, k.local+"@"+aliasDomain), "before")
	order(root)
	same := func(local, ends, when string) {
		t.Helper()
		if !k.aliasOnly {
			require.Equal(t, ends, p.reaches(t, local+"@example.com"), "%s, at the domain", when)
		}
		require.Equal(t, ends, p.reaches(t, local+"@"+aliasDomain), "%s, at the alias domain", when)
	}
	same(k.local, k.ends, "made")
	require.NotEmpty(t, p.ask(t, "virtual_mailbox_domains", aliasDomain))
	k.checkDifferences(t, p, k.local)
	k.change(root)
	same(k.changedLocal, k.changedEnds, "changed")
	if k.local != k.changedLocal {
		same(k.local, "", "its old address")
	}

	dropAlias(root)
	for _, local := range []string{k.local, k.changedLocal} {
		require.Empty(t, p.reaches(t, local+"@"+aliasDomain), "without the alias domain")
	}
	require.Empty(t, p.ask(t, "virtual_mailbox_domains", aliasDomain))
	if k.aliasOnly {
		return // it went with the alias domain
	}
	require.Equal(t, k.changedEnds, p.reaches(t, k.changedLocal+"@example.com"))
	addAlias(root)
	same(k.changedLocal, k.changedEnds, "with the alias domain again")
	k.remove(root)
	same(k.changedLocal, "", "removed")
}

// checkDifferences shows what is declared: below the domain iRedAPD finds the members, below the alias domain nothing.
func (k aliasKind) checkDifferences(t *testing.T, p *postfix, local string) {
	t.Helper()
	engine := p.from.driver
	for _, d := range aliasDifferences {
		if d.kind != k.name || d.engine != engine {
			continue
		}
		require.Equal(t, "iRedAPD", d.program)
		at := p.from.directory
		found := func(domain string) output {
			out, err := call(t.Context(), program(t, "ldapsearch"), "-x", "-LLL", "-H", at.URL, "-D", at.ReadDN, "-w", at.ReadPassword,
				"-b", at.DomainDN(domain), "(&(accountStatus=active)(memberOfGroup="+local+"@"+domain+")"+
					"(|(objectClass=mailUser)(objectClass=mailExternalUser)))", "mail")
			require.NoError(t, err)
			return out
		}
		require.Contains(t, found("example.com").stdout, "mail: kim@example.com", d.why)
		const noSuchObject = 32
		require.Equal(t, noSuchObject, found(aliasDomain).status, d.why)
	}
}

// reaches is where mail to an address ends, comma-joined, on every engine: "" is nowhere.
func (p *postfix) reaches(t *testing.T, mail string) string {
	t.Helper()
	if p.from.directory != nil {
		return strings.Join(p.ends(t, "expansion", []string{mail})[mail], ",")
	}
	next := map[string][]string{}
	for asked := []string{mail}; len(asked) > 0; {
		found, err := p.lookUp(t, "expansion", asked...)
		require.NoError(t, err)
		var more []string
		for _, one := range asked {
			next[one] = split(found[one])
			more = append(more, next[one]...)
		}
		asked = slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(more))), func(one string) bool {
			_, known := next[one]
			return known
		})
	}
	return strings.Join(reach(next, mail, map[string]bool{}), ",")
}
