package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server"
	"github.com/postern-mail/postern/store/storetest"
)

const newsList = "/api/maillist/news@example.com"

// overOpenLDAP is a fixture on a directory, seeded as the oracles have it.
func overOpenLDAP(t *testing.T, options ...option) (*fixture, *client) {
	t.Helper()
	w := newFixtureOn(t, "ldap", options...)
	root := w.root()
	seedExample(root)
	return w, root
}

func TestStaticLists(t *testing.T) {
	everyone := list{"anna@example.com", "zoe@other.test", "sales@example.com", "x@far.test"}
	members := func(c *client) any { return c.get(newsList).data()["members"] }
	t.Run("every parameter", func(t *testing.T) {
		_, root := overOpenLDAP(t)
		root.must(http.StatusCreated, "POST", newsList, body{"name": "News Ü", "accessPolicy": "membersonly", "members": everyone})
		got := root.get(newsList).data()
		require.Equal(t, list{"anna@example.com", "sales@example.com", "x@far.test", "zoe@other.test"}, list(got["members"].([]any)))
		require.Equal(t, []any{"News Ü"}, got["cn"])
		require.Equal(t, []any{"membersonly"}, got["accessPolicy"])
		require.Equal(t, []any{"active"}, got["accountStatus"])
		require.Equal(t, []any{"news@example.com"}, root.get("/api/user/zoe@other.test").data()["mailing_lists"])

		for _, step := range []struct {
			given body
			want  []any
		}{
			{body{"removeMember": list{"x@far.test", "zoe@other.test"}}, []any{"anna@example.com", "sales@example.com"}},
			{body{"addMember": list{"y@far.test", "ben@example.com"}}, []any{"anna@example.com", "ben@example.com", "sales@example.com", "y@far.test"}},
			{body{"members": list{"y@far.test"}}, []any{"y@far.test"}},
			{body{"members": list{}}, []any{}},
			{body{"name": "Other", "accessPolicy": nil}, []any{}},
		} {
			root.must(http.StatusOK, "PUT", newsList, step.given)
			require.Equal(t, step.want, members(root), "%v", step.given)
		}
		got = root.get(newsList).data()
		require.Equal(t, []any{"Other"}, got["cn"])
		require.NotContains(t, got, "accessPolicy")
		require.Equal(t, http.StatusOK, root.delete(newsList+"?archive=yes").status)
		require.Equal(t, http.StatusNotFound, root.get(newsList).status)
		require.Empty(t, root.get("/api/user/anna@example.com").data()["mailing_lists"])
		require.Equal(t, float64(0), root.get("/api/domain/example.com").data()["num_existing_maillists"])
	})
	t.Run("refusals", func(t *testing.T) {
		w, root := overOpenLDAP(t)
		root.must(http.StatusCreated, "POST", newsList, body{"members": everyone})
		root.must(http.StatusCreated, "POST", "/api/maillist/all@example.com", body{"members": list{"news@example.com"}})
		put(exampleCom, body{"numberOfLists": 2})(root)
		before := w.directory.Entries(t)
		for _, x := range []struct {
			method, path string
			given        body
			status       int
			code, field  string
		}{
			{"POST", newsList, body{}, 409, "ALREADY_EXISTS", "mail"},
			{"POST", "/api/maillist/anna@example.com", body{}, 409, "ALREADY_EXISTS", "mail"},
			{"POST", "/api/maillist/news@example.net", body{}, 404, "NO_SUCH_DOMAIN", "mail"},
			{"POST", "/api/maillist/more@example.com", body{}, 409, "EXCEEDED_DOMAIN_ACCOUNT_LIMIT", ""},
			{"POST", "/api/maillist/more@other.test", body{"members": list{"ghost@example.com"}}, 422, "NO_SUCH_ACCOUNT", "members"},
			{"POST", "/api/maillist/more@other.test", body{"members": list{"no address"}}, 400, "INVALID_PARAMETER", ""},
			{"POST", "/api/maillist/more@other.test", body{"accessPolicy": "nobody"}, 400, "INVALID_PARAMETER", "accessPolicy"},
			{"PUT", newsList, body{"addMember": list{"news@example.com"}}, 400, "INVALID_MAIL", "addMember"},
			{"PUT", newsList, body{"addMember": list{"all@example.com"}}, 400, "INVALID_MAIL", "addMember"},
			{"PUT", newsList, body{"members": list{"x@far.test", "all@example.com"}}, 400, "INVALID_MAIL", "members"},
			{"PUT", newsList, body{"addMember": list{"ghost@example.net"}}, 422, "NO_SUCH_ACCOUNT", "addMember"},
			{"PUT", "/api/maillist/anna@example.com", body{"name": "x"}, 404, "NO_SUCH_ACCOUNT", "mail"},
			{"PUT", "/api/maillist/ghost@example.com", body{"name": "x"}, 404, "NO_SUCH_ACCOUNT", "mail"},
		} {
			a := root.json(x.method, x.path, x.given)
			require.Equal(t, x.status, a.status, "%v: %s", x, a.raw)
			if x.code != "INVALID_PARAMETER" {
				require.Equal(t, x.code, a.msg(), "%v", x)
				require.Equal(t, x.field, a.field(), "%v", x)
			}
		}
		require.Equal(t, http.StatusNotFound, root.delete("/api/maillist/ghost@example.com").status)
		require.Equal(t, before, w.directory.Entries(t), "nothing was written")

		old := root.legacy()
		a := old.json("PUT", newsList, body{"addMember": list{"all@example.com", "ghost@example.com", "ben@example.com"}})
		require.True(t, a.ok(), a.raw)
		require.ElementsMatch(t, []any{"all@example.com", "ghost@example.com"}, a.body["_discarded"])
		require.Contains(t, members(root), "ben@example.com")
		require.True(t, old.delete("/api/maillist/ghost@example.com").ok())
	})
	t.Run("a list of mlmmj is none", func(t *testing.T) {
		w, root := overOpenLDAP(t)
		w.directory.AddList(t, "run@example.com")
		require.Equal(t, http.StatusNotFound, root.get("/api/maillist/run@example.com").status)
		require.Equal(t, http.StatusNotFound, root.json("PUT", "/api/maillist/run@example.com", body{"name": "x"}).status)
		require.Equal(t, http.StatusNotFound, root.delete("/api/maillist/run@example.com").status)
	})
	t.Run("new mailboxes join the lists of their domain that exist", func(t *testing.T) {
		w, root := overOpenLDAP(t)
		root.must(http.StatusCreated, "POST", newsList, body{})
		w.directory.Put(t, w.directory.DomainDN("example.com"), "accountSetting", "defaultList:news@example.com,ghost@example.com")
		root.mustUser("new@example.com", nil)
		require.Equal(t, []any{"new@example.com"}, members(root))
		require.Equal(t, http.StatusOK, root.delete(newsList).status)
		require.Equal(t, []string{"defaultList:ghost@example.com"},
			w.directory.Values(t, w.directory.DomainDN("example.com"), "accountSetting"))
	})
}

func TestPostfixServesStaticLists(t *testing.T) {
	needOracles(t)
	w, root := overOpenLDAP(t)
	p := newPostfix(t, w.source(t))
	const news, all, alias = "expansion news@example.com", "expansion all@example.com", "expansion news@example.net"
	p.require(t, verdicts{news: "", alias: ""}, "before")
	post(newsList, body{"members": list{"anna@example.com", "zoe@other.test", "sales@example.com", "x@far.test"}})(root)
	post("/api/maillist/all@example.com", body{"members": list{"news@example.com", "ben@example.com"}})(root)
	everyone := "anna@example.com,x@far.test,zoe@other.test"
	p.require(t, verdicts{news: everyone, alias: everyone, all: everyone + ",ben@example.com", "expansion newsy@example.com": ""}, "made")
	post("/api/user/zoe@other.test/change_email/zoey@other.test", body{})(root)
	remove("/api/user/anna@example.com")(root)
	rest := "sales@example.com,x@far.test,zoey@other.test" // sales, whose one member is gone, leads nowhere
	p.require(t, verdicts{news: rest, all: "ben@example.com," + rest}, "members go on and away")
	put(exampleCom, body{"aliasDomains": list{"example.org"}})(root)
	p.require(t, verdicts{alias: "", "expansion news@example.org": rest}, "another alias domain")
	put(exampleCom, body{"accountStatus": "disabled"})(root)
	p.require(t, verdicts{"expansion ben@example.com": "", "group_maps news@example.com": "zoey@other.test"}, "disabled")
	put(exampleCom, body{"accountStatus": "active"})(root)
	put(newsList, body{"members": list{}})(root)
	p.require(t, verdicts{news: "", all: "ben@example.com,news@example.com"}, "without members it leads nowhere")
	remove("/api/maillist/all@example.com")(root)
	p.require(t, verdicts{all: ""}, "gone")
}

// TestExportsMakeTheSameServer puts the exports of a domain, its accounts and its catch-all together, loads them into a tree
// where there is nothing, and asks the oracles again.
func TestExportsMakeTheSameServer(t *testing.T) {
	needOracles(t)
	w, root := overOpenLDAP(t, func(d *server.Deps) { d.ShowPasswordHashes = true })
	acts(
		put(exampleCom, body{"catchall": list{"ben@example.com"}, "name": "Größe & <Co>", "senderBcc": "ben@example.com"}),
		put(annaPath, body{"name": " Änne, \"x\" ", "addForwarding": list{"x@far.test"}, "addAlias": list{"a.nna@example.com"}}),
		post(newsList, body{"members": list{"anna@example.com", "ben@example.com", "x@far.test"}}),
	)(root)
	want := verdicts{
		"virtual_mailbox_domains example.com": "example.com", "virtual_mailbox_domains example.net": "example.net",
		"virtual_mailbox_maps anna@example.com": "/example.com/anna/Maildir/", "expansion anna@example.com": "anna@example.com,x@far.test",
		"expansion a.nna@example.com": "anna@example.com", "expansion sales@example.com": "anna@example.com",
		"expansion news@example.com": "anna@example.com,ben@example.com", "expansion nobody@example.com": "ben@example.com",
		"sender_bcc anna@example.com": "ben@example.com", "sender_login_maps ben@example.com": "ben@example.com",
		"expansion zoe@other.test": "",
	}
	var text strings.Builder
	for _, path := range []string{
		"domain/example.com", "catchall/example.com", "user/anna@example.com", "user/ben@example.com", "alias/sales@example.com",
		"maillist/news@example.com", "admin/" + rootMail,
	} {
		a := root.get("/api/ldif/" + path)
		require.Equal(t, http.StatusOK, a.status, a.raw)
		text.WriteString(textAt(a.body, "_data"))
	}
	before := w.directory.Entries(t)
	storetest.EmptyDirectory(t, *w.directory)
	p := newPostfix(t, w.source(t))
	d := startDovecot(t, w)
	require.False(t, d.login(t, "anna@example.com", password, "imap"), "there is nothing yet")

	at := w.directory
	out, err := callWith(t.Context(), text.String(), program(t, "ldapadd"), "-x", "-H", at.URL, "-D", at.BindDN, "-w", at.BindPassword)
	require.NoError(t, err)
	require.Zero(t, out.status, "%s\n%s", out, text.String())
	after := at.Entries(t)
	for dn, attributes := range after {
		require.Equal(t, before[dn], attributes, dn)
	}
	require.Len(t, before, len(after)+6, "all but other.test with its containers and its user")
	p.require(t, want, "loaded")
	require.True(t, d.login(t, "anna@example.com", password, "imap"))
	require.False(t, d.login(t, "anna@example.com", password+"x", "imap"))
}

func TestExports(t *testing.T) {
	_, root := overOpenLDAP(t)
	for _, path := range []string{"user/anna@example.com", "admin/" + rootMail} {
		a := root.get("/api/ldif/" + path)
		require.Equal(t, http.StatusOK, a.status, a.raw)
		require.Contains(t, a.raw, "objectClass: mail")
		require.NotContains(t, strings.ToLower(a.raw), "userpassword")
	}
	for path, code := range map[string]string{
		"domain/nowhere.test": "NO_SUCH_DOMAIN", "catchall/other.test": "NO_SUCH_ACCOUNT", "user/ghost@example.com": "NO_SUCH_ACCOUNT",
		"user/sales@example.com": "NO_SUCH_ACCOUNT", "alias/anna@example.com": "NO_SUCH_ACCOUNT",
		"maillist/anna@example.com": "NO_SUCH_ACCOUNT", "admin/ghost@elsewhere.test": "NO_SUCH_ACCOUNT",
	} {
		a := root.get("/api/ldif/" + path)
		require.Equal(t, http.StatusNotFound, a.status, "%s: %s", path, a.raw)
		require.Equal(t, code, a.msg(), path)
	}
}

// TestDirectoryAndDomainAdmins has an admin of example.com reach for what is its own, for what is another's, and for a mailbox
// of its domain that outranks it.
func TestDirectoryAndDomainAdmins(t *testing.T) {
	_, root := overOpenLDAP(t, func(d *server.Deps) { d.ShowPasswordHashes = true })
	acts(
		post("/api/user/boss@example.com", body{"password": password}),
		put("/api/domain/admins/example.com", body{"addAdmin": list{"boss@example.com"}}),
		post("/api/user/chief@example.com", body{"password": password}),
		put("/api/user/chief@example.com", body{"isGlobalAdmin": "yes"}),
	)(root)
	boss := root.w.as("boss@example.com", password)
	boss.must(http.StatusCreated, "POST", newsList, body{"members": list{"anna@example.com"}})
	require.Equal(t, http.StatusOK, boss.get(newsList).status)
	for _, x := range []struct{ method, path string }{
		{"POST", "/api/maillist/news@other.test"}, {"GET", "/api/maillist/news@other.test"}, {"PUT", "/api/maillist/news@other.test"},
		{"DELETE", "/api/maillist/news@other.test"}, {"GET", "/api/ldif/domain/other.test"}, {"GET", "/api/ldif/catchall/other.test"},
		{"GET", "/api/ldif/user/zoe@other.test"}, {"GET", "/api/ldif/alias/crew@other.test"}, {"GET", "/api/ldif/maillist/news@other.test"},
		{"GET", "/api/ldif/admin/" + rootMail}, {"GET", "/api/ldif/user/chief@example.com"},
	} {
		a := boss.send(x.method, x.path, "", "")
		require.Equal(t, http.StatusForbidden, a.status, "%v: %s", x, a.raw)
	}
	own := boss.get("/api/ldif/user/anna@example.com")
	require.Equal(t, http.StatusOK, own.status)
	require.NotContains(t, strings.ToLower(own.raw), "userpassword", "hashes are for global admins")
	require.NotContains(t, strings.ToLower(boss.get("/api/user/anna@example.com").raw), "userpassword")
	require.Contains(t, root.get("/api/ldif/user/anna@example.com").raw, "userPassword")
	require.Equal(t, http.StatusOK, boss.delete(newsList).status)
	for _, path := range []string{newsList, "/api/ldif/domain/example.com"} {
		require.Equal(t, http.StatusUnauthorized, root.w.anonymous().get(path).status)
	}
}
