package surface_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server"
	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store/storetest"
)

const newsList = "/api/maillist/news@example.com"

// overOpenLDAP is a fixture on a directory, seeded as the oracles have it.
func overOpenLDAP(t *testing.T, options ...servertest.Option) (*servertest.Fixture, *servertest.Client) {
	t.Helper()
	w := servertest.NewFixtureOn(t, "ldap", options...)
	root := w.Root()
	servertest.SeedExample(root)
	return w, root
}

func TestStaticLists(t *testing.T) {
	everyone := servertest.List{"anna@example.com", "zoe@other.test", "sales@example.com", "x@far.test"}
	members := func(c *servertest.Client) any { return c.Get(newsList).Data()["members"] }
	t.Run("every parameter", func(t *testing.T) {
		_, root := overOpenLDAP(t)
		root.Must(http.StatusCreated, "POST", newsList, servertest.Body{"name": "News Ü", "accessPolicy": "membersonly", "members": everyone})
		got := root.Get(newsList).Data()
		require.Equal(t, servertest.List{"anna@example.com", "sales@example.com", "x@far.test", "zoe@other.test"}, servertest.List(got["members"].([]any)))
		require.Equal(t, "News Ü", got["name"])
		require.Equal(t, "membersonly", got["accessPolicy"])
		require.Equal(t, "active", got["accountStatus"])
		require.Equal(t, []any{"news@example.com"}, root.Get("/api/user/zoe@other.test").Data()["mailing_lists"])

		for _, step := range []struct {
			given servertest.Body
			want  []any
		}{
			{servertest.Body{"removeMember": servertest.List{"x@far.test", "zoe@other.test"}}, []any{"anna@example.com", "sales@example.com"}},
			{servertest.Body{"addMember": servertest.List{"y@far.test", "ben@example.com"}}, []any{"anna@example.com", "ben@example.com", "sales@example.com", "y@far.test"}},
			{servertest.Body{"members": servertest.List{"y@far.test"}}, []any{"y@far.test"}},
			{servertest.Body{"members": servertest.List{}}, []any{}},
			{servertest.Body{"name": "Other", "accessPolicy": nil}, []any{}},
		} {
			root.Must(http.StatusOK, "PUT", newsList, step.given)
			require.Equal(t, step.want, members(root), "%v", step.given)
		}
		got = root.Get(newsList).Data()
		require.Equal(t, "Other", got["name"])
		require.Nil(t, got["accessPolicy"])
		require.Equal(t, http.StatusOK, root.Delete(newsList+"?archive=yes").Status)
		require.Equal(t, http.StatusNotFound, root.Get(newsList).Status)
		require.Empty(t, root.Get("/api/user/anna@example.com").Data()["mailing_lists"])
		require.Equal(t, float64(0), root.Get("/api/domain/example.com").Data()["usage"].(map[string]any)["lists"])
	})
	t.Run("refusals", func(t *testing.T) {
		w, root := overOpenLDAP(t)
		root.Must(http.StatusCreated, "POST", newsList, servertest.Body{"members": everyone})
		root.Must(http.StatusCreated, "POST", "/api/maillist/all@example.com", servertest.Body{"members": servertest.List{"news@example.com"}})
		servertest.Put(servertest.ExampleCom, servertest.Body{"numberOfLists": 2})(root)
		before := w.Directory.Entries(t)
		for _, x := range []struct {
			method, path string
			given        servertest.Body
			status       int
			code, field  string
		}{
			{"POST", newsList, servertest.Body{}, 409, "ALREADY_EXISTS", "mail"},
			{"POST", "/api/maillist/anna@example.com", servertest.Body{}, 409, "ALREADY_EXISTS", "mail"},
			{"POST", "/api/maillist/news@example.net", servertest.Body{}, 404, "NO_SUCH_DOMAIN", "mail"},
			{"POST", "/api/maillist/more@example.com", servertest.Body{}, 409, "EXCEEDED_DOMAIN_ACCOUNT_LIMIT", ""},
			{"POST", "/api/maillist/more@other.test", servertest.Body{"members": servertest.List{"ghost@example.com"}}, 422, "NO_SUCH_ACCOUNT", "members"},
			{"POST", "/api/maillist/more@other.test", servertest.Body{"members": servertest.List{"no address"}}, 400, "INVALID_PARAMETER", ""},
			{"POST", "/api/maillist/more@other.test", servertest.Body{"accessPolicy": "nobody"}, 400, "INVALID_PARAMETER", "accessPolicy"},
			{"PUT", newsList, servertest.Body{"addMember": servertest.List{"news@example.com"}}, 400, "INVALID_MAIL", "addMember"},
			{"PUT", newsList, servertest.Body{"addMember": servertest.List{"all@example.com"}}, 400, "INVALID_MAIL", "addMember"},
			{"PUT", newsList, servertest.Body{"members": servertest.List{"x@far.test", "all@example.com"}}, 400, "INVALID_MAIL", "members"},
			{"PUT", newsList, servertest.Body{"addMember": servertest.List{"ghost@example.net"}}, 422, "NO_SUCH_ACCOUNT", "addMember"},
			{"PUT", "/api/maillist/anna@example.com", servertest.Body{"name": "x"}, 404, "NO_SUCH_ACCOUNT", "mail"},
			{"PUT", "/api/maillist/ghost@example.com", servertest.Body{"name": "x"}, 404, "NO_SUCH_ACCOUNT", "mail"},
		} {
			a := root.JSON(x.method, x.path, x.given)
			require.Equal(t, x.status, a.Status, "%v: %s", x, a.Raw)
			if x.code != "INVALID_PARAMETER" {
				require.Equal(t, x.code, a.Msg(), "%v", x)
				require.Equal(t, x.field, a.Field(), "%v", x)
			}
		}
		require.Equal(t, http.StatusNotFound, root.Delete("/api/maillist/ghost@example.com").Status)
		require.Equal(t, before, w.Directory.Entries(t), "nothing was written")

		old := root.Legacy()
		a := old.JSON("PUT", newsList, servertest.Body{"addMember": servertest.List{"all@example.com", "ghost@example.com", "ben@example.com"}})
		require.True(t, a.OK(), a.Raw)
		require.ElementsMatch(t, []any{"all@example.com", "ghost@example.com"}, a.Body["_discarded"])
		require.Contains(t, members(root), "ben@example.com")
		require.True(t, old.Delete("/api/maillist/ghost@example.com").OK())
	})
	t.Run("a list of mlmmj is none", func(t *testing.T) {
		w, root := overOpenLDAP(t)
		w.Directory.AddList(t, "run@example.com")
		require.Equal(t, http.StatusNotFound, root.Get("/api/maillist/run@example.com").Status)
		require.Equal(t, http.StatusNotFound, root.JSON("PUT", "/api/maillist/run@example.com", servertest.Body{"name": "x"}).Status)
		require.Equal(t, http.StatusNotFound, root.Delete("/api/maillist/run@example.com").Status)
	})
	t.Run("new mailboxes join the lists of their domain that exist", func(t *testing.T) {
		w, root := overOpenLDAP(t)
		root.Must(http.StatusCreated, "POST", newsList, servertest.Body{})
		w.Directory.Put(t, w.Directory.DomainDN("example.com"), "accountSetting", "defaultList:news@example.com,ghost@example.com")
		root.MustUser("new@example.com", nil)
		require.Equal(t, []any{"new@example.com"}, members(root))
		require.Equal(t, http.StatusOK, root.Delete(newsList).Status)
		require.Equal(t, []string{"defaultList:ghost@example.com"},
			w.Directory.Values(t, w.Directory.DomainDN("example.com"), "accountSetting"))
	})
}

func TestPostfixServesStaticLists(t *testing.T) {
	servertest.NeedOracles(t)
	w, root := overOpenLDAP(t)
	p := servertest.NewPostfix(t, w.Source(t))
	const news, all, alias = "expansion news@example.com", "expansion all@example.com", "expansion news@example.net"
	p.Require(t, servertest.Verdicts{news: "", alias: ""}, "before")
	servertest.Post(newsList, servertest.Body{"members": servertest.List{"anna@example.com", "zoe@other.test", "sales@example.com", "x@far.test"}})(root)
	servertest.Post("/api/maillist/all@example.com", servertest.Body{"members": servertest.List{"news@example.com", "ben@example.com"}})(root)
	everyone := "anna@example.com,x@far.test,zoe@other.test"
	p.Require(t, servertest.Verdicts{news: everyone, alias: everyone, all: everyone + ",ben@example.com", "expansion newsy@example.com": ""}, "made")
	servertest.Post("/api/user/zoe@other.test/change_email/zoey@other.test", servertest.Body{})(root)
	servertest.Remove("/api/user/anna@example.com")(root)
	rest := "sales@example.com,x@far.test,zoey@other.test" // sales, whose one member is gone, leads nowhere
	p.Require(t, servertest.Verdicts{news: rest, all: "ben@example.com," + rest}, "members go on and away")
	servertest.Put(servertest.ExampleCom, servertest.Body{"aliasDomains": servertest.List{"example.org"}})(root)
	p.Require(t, servertest.Verdicts{alias: "", "expansion news@example.org": rest}, "another alias domain")
	servertest.Put(servertest.ExampleCom, servertest.Body{"accountStatus": "disabled"})(root)
	p.Require(t, servertest.Verdicts{"expansion ben@example.com": "", "group_maps news@example.com": "zoey@other.test"}, "disabled")
	servertest.Put(servertest.ExampleCom, servertest.Body{"accountStatus": "active"})(root)
	servertest.Put(newsList, servertest.Body{"members": servertest.List{}})(root)
	p.Require(t, servertest.Verdicts{news: "", all: "ben@example.com,news@example.com"}, "without members it leads nowhere")
	servertest.Remove("/api/maillist/all@example.com")(root)
	p.Require(t, servertest.Verdicts{all: ""}, "gone")
}

// TestExportsMakeTheSameServer puts the exports of a domain, its accounts and its catch-all together, loads them into a tree
// where there is nothing, and asks the oracles again.
func TestExportsMakeTheSameServer(t *testing.T) {
	servertest.NeedOracles(t)
	w, root := overOpenLDAP(t, func(d *server.Deps) { d.ShowPasswordHashes = true })
	servertest.Acts(
		servertest.Put(servertest.ExampleCom, servertest.Body{"catchall": servertest.List{"ben@example.com"}, "name": "Größe & <Co>", "senderBcc": "ben@example.com"}),
		servertest.Put(servertest.AnnaPath, servertest.Body{"name": " Änne, \"x\" ", "addForwarding": servertest.List{"x@far.test"}, "addAlias": servertest.List{"a.nna@example.com"}}),
		servertest.Post(newsList, servertest.Body{"members": servertest.List{"anna@example.com", "ben@example.com", "x@far.test"}}),
	)(root)
	want := servertest.Verdicts{
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
		"maillist/news@example.com", "admin/" + servertest.RootMail,
	} {
		a := root.Get("/api/ldif/" + path)
		require.Equal(t, http.StatusOK, a.Status, a.Raw)
		text.WriteString(servertest.TextAt(a.Body, "_data"))
	}
	before := w.Directory.Entries(t)
	storetest.EmptyDirectory(t, *w.Directory)
	p := servertest.NewPostfix(t, w.Source(t))
	d := servertest.StartDovecot(t, w)
	require.False(t, d.Login(t, "anna@example.com", servertest.Password, "imap"), "there is nothing yet")

	at := w.Directory
	out, err := servertest.CallWith(t.Context(), text.String(), servertest.Program(t, "ldapadd"), "-x", "-H", at.URL, "-D", at.BindDN, "-w", at.BindPassword)
	require.NoError(t, err)
	require.Zero(t, out.Status, "%s\n%s", out, text.String())
	after := at.Entries(t)
	for dn, attributes := range after {
		require.Equal(t, before[dn], attributes, dn)
	}
	require.Len(t, before, len(after)+6, "all but other.test with its containers and its user")
	p.Require(t, want, "loaded")
	require.True(t, d.Login(t, "anna@example.com", servertest.Password, "imap"))
	require.False(t, d.Login(t, "anna@example.com", servertest.Password+"x", "imap"))
}

func TestExports(t *testing.T) {
	_, root := overOpenLDAP(t)
	for _, path := range []string{"user/anna@example.com", "admin/" + servertest.RootMail} {
		a := root.Get("/api/ldif/" + path)
		require.Equal(t, http.StatusOK, a.Status, a.Raw)
		require.Contains(t, a.Raw, "objectClass: mail")
		require.NotContains(t, strings.ToLower(a.Raw), "userpassword")
	}
	for path, code := range map[string]string{
		"domain/nowhere.test": "NO_SUCH_DOMAIN", "catchall/other.test": "NO_SUCH_ACCOUNT", "user/ghost@example.com": "NO_SUCH_ACCOUNT",
		"user/sales@example.com": "NO_SUCH_ACCOUNT", "alias/anna@example.com": "NO_SUCH_ACCOUNT",
		"maillist/anna@example.com": "NO_SUCH_ACCOUNT", "admin/ghost@elsewhere.test": "NO_SUCH_ACCOUNT",
	} {
		a := root.Get("/api/ldif/" + path)
		require.Equal(t, http.StatusNotFound, a.Status, "%s: %s", path, a.Raw)
		require.Equal(t, code, a.Msg(), path)
	}
}

// TestDirectoryAndDomainAdmins has an admin of example.com reach for what is its own, for what is another's, and for a mailbox
// of its domain that outranks it.
func TestDirectoryAndDomainAdmins(t *testing.T) {
	_, root := overOpenLDAP(t, func(d *server.Deps) { d.ShowPasswordHashes = true })
	servertest.Acts(
		servertest.Post("/api/user/boss@example.com", servertest.Body{"password": servertest.Password}),
		servertest.Put("/api/domain/admins/example.com", servertest.Body{"addAdmin": servertest.List{"boss@example.com"}}),
		servertest.Post("/api/user/chief@example.com", servertest.Body{"password": servertest.Password}),
		servertest.Put("/api/user/chief@example.com", servertest.Body{"isGlobalAdmin": "yes"}),
	)(root)
	boss := root.W.As("boss@example.com", servertest.Password)
	boss.Must(http.StatusCreated, "POST", newsList, servertest.Body{"members": servertest.List{"anna@example.com"}})
	require.Equal(t, http.StatusOK, boss.Get(newsList).Status)
	for _, x := range []struct{ method, path string }{
		{"POST", "/api/maillist/news@other.test"}, {"GET", "/api/maillist/news@other.test"}, {"PUT", "/api/maillist/news@other.test"},
		{"DELETE", "/api/maillist/news@other.test"}, {"GET", "/api/ldif/domain/other.test"}, {"GET", "/api/ldif/catchall/other.test"},
		{"GET", "/api/ldif/user/zoe@other.test"}, {"GET", "/api/ldif/alias/crew@other.test"}, {"GET", "/api/ldif/maillist/news@other.test"},
		{"GET", "/api/ldif/admin/" + servertest.RootMail}, {"GET", "/api/ldif/user/chief@example.com"},
	} {
		a := boss.Send(x.method, x.path, "", "")
		require.Equal(t, http.StatusForbidden, a.Status, "%v: %s", x, a.Raw)
	}
	own := boss.Get("/api/ldif/user/anna@example.com")
	require.Equal(t, http.StatusOK, own.Status)
	require.NotContains(t, strings.ToLower(own.Raw), "userpassword", "hashes are for global admins")
	require.NotContains(t, strings.ToLower(boss.Get("/api/user/anna@example.com").Raw), "userpassword")
	require.Contains(t, root.Get("/api/ldif/user/anna@example.com").Raw, "userPassword")
	require.Equal(t, http.StatusOK, boss.Delete(newsList).Status)
	for _, path := range []string{newsList, "/api/ldif/domain/example.com"} {
		require.Equal(t, http.StatusUnauthorized, root.W.Anonymous().Get(path).Status)
	}
}
