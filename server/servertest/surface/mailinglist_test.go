package surface_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server"
	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store/mlmmj"
	"github.com/postern-mail/postern/store/storetest"
)

// onLists runs a test in a fixture of its own on each engine, seeded, with mlmmj; and once more on the first with mlmmjadmin.
func onLists(t *testing.T, test func(t *testing.T, w *servertest.Fixture, root *servertest.Client)) {
	t.Helper()
	storetest.Mlmmj(t)
	engines := servertest.Everywhere
	if testing.Short() {
		engines = engines[:1]
	}
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			w := servertest.NewFixtureOn(t, engine)
			servertest.Seed(w)
			test(t, w, w.Root())
		})
	}
	t.Run("mlmmjadmin", func(t *testing.T) {
		w := servertest.ThroughMlmmjadmin(t, t.TempDir())
		w.CreateRoot()
		servertest.Seed(w)
		test(t, w, w.Root())
	})
}

// shownMailingList is what a list shows under the published names.
func shownMailingList(c *servertest.Client, path string) map[string]any {
	c.W.T.Helper()
	a := c.Get(path)
	require.Equal(c.W.T, http.StatusOK, a.Status, a.Raw)
	shown := map[string]any{}
	for name := range servertest.DefaultMailingList {
		shown[name] = a.Data()[name]
	}
	return shown
}

func TestMailingLists(t *testing.T) {
	onLists(t, func(t *testing.T, w *servertest.Fixture, root *servertest.Client) {
		root.Must(http.StatusCreated, "POST", servertest.DevMailingList, servertest.Body{})
		require.Equal(t, servertest.DefaultMailingList, shownMailingList(root, servertest.DevMailingList))
		stored, _ := root.Get(servertest.DevMailingList + "?stored=yes").Data()["stored"].(map[string]any)
		if w.Directory != nil {
			require.Equal(t, []any{"dev@example.com"}, stored["mail"])
			require.Equal(t, []any{"mlmmj:example.com/dev"}, stored["mtaTransport"])
		} else {
			require.Equal(t, "dev@example.com", stored["address"])
			require.Equal(t, "mlmmj:example.com/dev", stored["transport"])
		}

		full := servertest.Body{
			"name": "Developers", "accessPolicy": "moderatorsonly", "owner": servertest.List{"anna@example.com"}, "moderators": servertest.List{"x@far.test"},
			"extra_addresses": servertest.List{"developers@example.com"}, "subscription_moderators": servertest.List{"ben@example.com"}, "max_message_size": 4096,
			"subject_prefix": "[dev] ", "custom_headers": "X-Office: Berlin\nX-Team: Dev", "remove_headers": servertest.List{"X-Mailer"},
			"footer_text": "For members", "footer_html": "<p>For members</p>", "moderated": "yes", "is_newsletter": "yes",
			"newsletter_description": "News", "close_list": "yes",
		}
		root.Must(http.StatusOK, "PUT", servertest.DevMailingList, full)
		before := shownMailingList(root, servertest.DevMailingList)
		require.Equal(t, "Developers", before["name"])
		root.Must(http.StatusOK, "PUT", servertest.DevMailingList, before)
		require.Equal(t, before, shownMailingList(root, servertest.DevMailingList), "what was shown, given back")
		root.Must(http.StatusOK, "PUT", servertest.DevMailingList, servertest.Body{})
		require.Equal(t, before, shownMailingList(root, servertest.DevMailingList), "nothing given")

		item := root.Get("/api/mls/example.com").List()[0].(map[string]any)
		for _, name := range []string{"name", "accountStatus", "accessPolicy", "is_newsletter", "owner", "moderators", "max_message_size", "extra_addresses"} {
			require.Equal(t, before[name], item[name], name)
		}
		require.Equal(t, float64(1), root.Get("/api/domain/example.com").Data()["usage"].(map[string]any)["lists"])
		require.Equal(t, http.StatusConflict, root.JSON("POST", "/api/alias/developers@example.com", servertest.Body{}).Status)
		require.Equal(t, http.StatusOK, root.Delete(servertest.DevMailingList).Status)
		require.Equal(t, http.StatusNotFound, root.Get(servertest.DevMailingList).Status)
		require.Equal(t, http.StatusNotFound, root.Delete(servertest.DevMailingList).Status)
		require.True(t, root.Legacy().Delete(servertest.DevMailingList).OK())
		root.Must(http.StatusCreated, "POST", "/api/alias/developers@example.com", servertest.Body{})
	})
}

// TestMailingListSubscriptionsFollow has subscribers be renamed and deleted, by themselves and with their domain.
func TestMailingListSubscriptionsFollow(t *testing.T) {
	onLists(t, func(t *testing.T, w *servertest.Fixture, root *servertest.Client) {
		members := func() []any {
			return root.Get(servertest.DevMailingList + "?with_subscribers=yes").Data()["subscriptions"].([]any)
		}
		root.Must(http.StatusCreated, "POST", servertest.DevMailingList, servertest.Body{
			"owner": servertest.List{"anna@example.com", "zoe@other.test"}, "moderators": servertest.List{"ben@example.com"}, "require_confirm": "no",
			"subscribers": servertest.List{"anna@example.com", "ben@example.com", "sales@example.com", "zoe@other.test", "x@far.test"},
		})
		root.Must(http.StatusCreated, "POST", "/api/ml/news@other.test", servertest.Body{"require_confirm": "no", "subscribers": servertest.List{"dev@example.com"}})
		for _, c := range []*servertest.Client{root, root.Legacy()} {
			require.Contains(t, c.Get("/api/user/anna@example.com").Data()["mailing_lists"], "dev@example.com")
			require.Contains(t, c.Get("/api/users/other.test").Raw, `"mailing_lists":["dev@example.com"]`)
		}
		servertest.Post("/api/user/anna@example.com/change_email/ann@example.com", servertest.Body{})(root)
		require.Contains(t, members(), servertest.Subscriber("ann@example.com", "normal"))
		require.NotContains(t, members(), servertest.Subscriber("anna@example.com", "normal"))
		require.Contains(t, root.Get(servertest.DevMailingList).Data()["owner"], "ann@example.com")
		servertest.Remove("/api/user/ben@example.com")(root)
		servertest.Remove("/api/alias/sales@example.com")(root)
		require.Equal(t, []any{
			servertest.Subscriber("ann@example.com", "normal"), servertest.Subscriber("x@far.test", "normal"), servertest.Subscriber("zoe@other.test", "normal"),
		}, members())
		require.Empty(t, root.Get(servertest.DevMailingList).Data()["moderators"])
		servertest.Remove("/api/domain/other.test")(root)
		require.Equal(t, []any{servertest.Subscriber("ann@example.com", "normal"), servertest.Subscriber("x@far.test", "normal")}, members())
		require.Equal(t, []any{"ann@example.com"}, root.Get(servertest.DevMailingList).Data()["owner"])
		require.Nil(t, w.InList("news@other.test", "control/listaddress"), "the domain took its list along")
		kept, err := filepath.Glob(w.Spool() + "-archive/other.test/news-*/news/subscribers.d")
		require.NoError(t, err)
		require.Len(t, kept, 1, "which is kept aside")
	})
}

func TestMailingListRefusals(t *testing.T) {
	onLists(t, func(t *testing.T, w *servertest.Fixture, root *servertest.Client) {
		root.Must(http.StatusCreated, "POST", servertest.DevMailingList, servertest.Body{"require_confirm": "no", "subscribers": servertest.List{"x@far.test"}})
		servertest.Put("/api/domain/other.test", servertest.Body{"numberOfLists": -1})(root)
		before, spool := shownMailingList(root, servertest.DevMailingList), w.Spooled()
		const more = "/api/ml/more@example.com"
		many := servertest.List{}
		for i := range 1001 {
			many = append(many, fmt.Sprintf("m%d@far.test", i))
		}
		for _, x := range []struct {
			method, path string
			given        servertest.Body
			status       int
			code, field  string
		}{
			{"POST", servertest.DevMailingList, servertest.Body{}, 409, "ALREADY_EXISTS", "mail"},
			{"POST", "/api/ml/anna@example.com", servertest.Body{}, 409, "ALREADY_EXISTS", "mail"},
			{"POST", "/api/ml/dev@example.net", servertest.Body{}, 404, "NO_SUCH_DOMAIN", "mail"},
			{"POST", "/api/ml/dev@other.test", servertest.Body{}, 409, "NOT_ALLOWED", ""},
			{"POST", "/api/ml/dev+subscribe@example.com", servertest.Body{}, 400, "INVALID_MAIL", "mail"},
			{"POST", "/api/ml/dev%2Fops@example.com", servertest.Body{}, 400, "INVALID_MAIL", "mail"},
			{"POST", "/api/ml/..%2F..%2Fetc@example.com", servertest.Body{}, 400, "INVALID_MAIL", "mail"},
			{"POST", "/api/ml/.dev@example.com", servertest.Body{}, 400, "INVALID_MAIL", "mail"},
			{"POST", more, servertest.Body{"accessPolicy": "nobody"}, 400, "INVALID_ACCESS_POLICY", "accessPolicy"},
			{"POST", more, servertest.Body{"subject_prefix": "[x]\r\nBcc: victim@far.test"}, 400, "INVALID_VALUE", "subject_prefix"},
			{"POST", more, servertest.Body{"custom_headers": "X-A: 1\rBcc: victim@far.test"}, 400, "INVALID_VALUE", "custom_headers"},
			{"POST", more, servertest.Body{"custom_headers": "X A: 1"}, 400, "INVALID_VALUE", "custom_headers"},
			{"POST", more, servertest.Body{"remove_headers": servertest.List{"X-A\r\nX-B"}}, 400, "INVALID_VALUE", "remove_headers"},
			{"POST", more, servertest.Body{"footer_text": strings.Repeat("x", 1<<20)}, 400, "VALUE_TOO_LONG", "footer_text"},
			{"POST", more, servertest.Body{"name": "two\nlines"}, 400, "INVALID_VALUE", "name"},
			{"POST", more, servertest.Body{"owner": servertest.List{"ghost@example.com"}}, 422, "NO_SUCH_ACCOUNT", "owner"},
			{"POST", more, servertest.Body{"moderators": servertest.List{"ghost@example.net"}}, 422, "NO_SUCH_ACCOUNT", "moderators"},
			{"POST", more, servertest.Body{"subscribers": servertest.List{"more@example.com"}}, 400, "INVALID_MAIL", "subscribers"},
			{"POST", more, servertest.Body{"subscribers": servertest.List{"ok@far.test", "no address"}}, 400, "INVALID_MAIL", "subscribers"},
			{"POST", more, servertest.Body{"subscribers": servertest.List{"ok@far.test", "ghost@example.com"}}, 422, "NO_SUCH_ACCOUNT", "subscribers"},
			{"POST", more, servertest.Body{"subscribers": many}, 400, "TOO_MANY_ITEMS", "subscribers"},
			{"POST", more, servertest.Body{"extra_addresses": servertest.List{"anna@example.com"}}, 409, "ALREADY_EXISTS", "extra_addresses"},
			{"POST", more, servertest.Body{"extra_addresses": servertest.List{"more@far.test"}}, 400, "INVALID_MAIL", "extra_addresses"},
			{"POST", more, servertest.Body{"max_message_size": -1}, 400, "INVALID_NUMBER", "max_message_size"},
			{"POST", more, servertest.Body{"moderated": "perhaps"}, 400, "INVALID_VALUE", "moderated"},
			{"POST", more, servertest.Body{"subscription": "sometimes"}, 400, "INVALID_VALUE", "subscription"},
			{"PUT", servertest.DevMailingList, servertest.Body{"add_subscribers": many, "require_confirm": "yes"}, 400, "TOO_MANY_ITEMS", "add_subscribers"},
			{"PUT", servertest.DevMailingList, servertest.Body{"add_subscribers": servertest.List{"dev@example.com"}, "name": "New"}, 400, "INVALID_MAIL", "add_subscribers"},
			{"PUT", servertest.DevMailingList, servertest.Body{"add_subscribers": servertest.List{"dev@example.net"}, "name": "New"}, 400, "INVALID_MAIL", "add_subscribers"},
			{"PUT", servertest.DevMailingList, servertest.Body{"subject_prefix": "a\nb", "name": "New", "remove_subscribers": servertest.List{"x@far.test"}}, 400, "INVALID_VALUE", "subject_prefix"},
			{"PUT", servertest.DevMailingList, servertest.Body{"owner": servertest.List{"ghost@example.com"}, "close_list": "yes"}, 422, "NO_SUCH_ACCOUNT", "owner"},
			{"PUT", "/api/ml/sales@example.com", servertest.Body{"name": "x"}, 404, "NO_SUCH_ACCOUNT", "mail"},
			{"PUT", "/api/ml/ghost@example.com", servertest.Body{"name": "x"}, 404, "NO_SUCH_ACCOUNT", "mail"},
		} {
			a := root.JSON(x.method, x.path, x.given)
			require.Equal(t, x.status, a.Status, "%s %s: %.300s", x.method, x.path, a.Raw)
			require.Equal(t, []string{x.code, x.field}, []string{a.Msg(), a.Field()}, "%.300s", a.Raw)
		}
		require.Equal(t, before, shownMailingList(root, servertest.DevMailingList))
		require.Equal(t, spool, w.Spooled(), "nothing was written")
		require.Equal(t, []any{"dev@example.com"}, root.Get("/api/mls/example.com?email_only=yes").List())
		for _, path := range []string{"/api/mls/nowhere.test", "/api/ml/ghost@example.com", "/api/ml/anna@example.com"} {
			require.Equal(t, http.StatusNotFound, root.Get(path).Status, path)
		}
	})
}

// TestMailingListDropsOnTheLegacySurface has lists with items of which some cannot be taken.
func TestMailingListDropsOnTheLegacySurface(t *testing.T) {
	onLists(t, func(t *testing.T, _ *servertest.Fixture, root *servertest.Client) {
		old := root.Legacy()
		a := old.Form("POST", servertest.DevMailingList, servertest.Body{
			"subscribers": "x@far.test,no address,ghost@example.com,dev@example.com,anna@example.com", "require_confirm": "no",
			"extra_addresses": "developers@example.com,anna@example.com,elsewhere@far.test",
		}.Form(t))
		require.True(t, a.OK(), a.Raw)
		require.ElementsMatch(t, []any{
			"no address", "ghost@example.com", "dev@example.com", "anna@example.com", "elsewhere@far.test",
		}, a.Body["_discarded"])
		require.Equal(t, []any{servertest.Subscriber("x@far.test", "normal")}, root.Get(servertest.DevMailingList + "?with_subscribers=yes").Data()["subscriptions"])
		require.Equal(t, []any{"developers@example.com"}, root.Get(servertest.DevMailingList).Data()["extra_addresses"])
		a = old.Form("PUT", servertest.DevMailingList, servertest.Body{"owner": "ghost@example.com"}.Form(t))
		require.Equal(t, []any{http.StatusOK, "NO_SUCH_ACCOUNT"}, []any{a.Status, a.Msg()})
	})
}

// TestManySubscribers adds 10,000 at once.
func TestManySubscribers(t *testing.T) {
	storetest.Mlmmj(t)
	w := servertest.NewFixture(t)
	servertest.Seed(w)
	root := w.Root()
	many := servertest.List{}
	for i := range 10000 {
		many = append(many, fmt.Sprintf("%c%05d@far.test", 'a'+i%26, i))
	}
	root.Must(http.StatusCreated, "POST", servertest.DevMailingList, servertest.Body{"subscribers": many, "require_confirm": "no"})
	shown := root.Get(servertest.DevMailingList + "?with_subscribers=yes").Data()["subscriptions"].([]any)
	require.Len(t, shown, len(many))
	require.True(t, slices.IsSortedFunc(shown, func(a, b any) int {
		return strings.Compare(a.(map[string]any)["mail"].(string), b.(map[string]any)["mail"].(string))
	}))
	root.Must(http.StatusOK, "PUT", servertest.DevMailingList, servertest.Body{"remove_subscribers": many[:9999]})
	require.Equal(t, []any{servertest.Subscriber(many[9999].(string), "normal")}, root.Get(servertest.DevMailingList + "?with_subscribers=yes").Data()["subscriptions"])
}

// TestMlmmjAway takes mlmmj away. What needs it says so, all else goes on, and what was left to do is done later.
func TestMlmmjAway(t *testing.T) {
	dir := t.TempDir()
	programs := filepath.Join(dir, "programs")
	require.NoError(t, os.Symlink(storetest.Mlmmj(t), programs))
	all := servertest.Files(t, dir)
	all.Lists = mlmmj.NewSpool(mlmmj.SpoolConfig{Spool: filepath.Join(dir, "mlmmj"), Programs: programs})
	w := servertest.ServeOn(t, dir, all, "sqlite://"+filepath.Join(dir, "state.db")+"?sync=off")
	w.CreateRoot()
	servertest.Seed(w)
	root := w.Root()
	root.Must(http.StatusCreated, "POST", servertest.DevMailingList, servertest.Body{"subscribers": servertest.List{"anna@example.com", "x@far.test"}, "require_confirm": "no"})
	root.Must(http.StatusCreated, "POST", "/api/ml/news@other.test", servertest.Body{})

	require.NoError(t, os.Remove(programs))
	for method, given := range map[string]servertest.Body{"GET": nil, "POST": {}, "PUT": {"name": "x"}, "DELETE": nil} {
		path := servertest.DevMailingList
		if method == "POST" {
			path = "/api/ml/more@example.com"
		}
		a := send1(root, method, path, given)
		require.Equal(t, []any{http.StatusServiceUnavailable, "SERVER_DOWN"}, []any{a.Status, a.Msg()}, "%s: %s", method, a.Raw)
		require.Contains(t, a.Raw, "mlmmj", "it is named")
		require.NotEmpty(t, a.Header.Get("Retry-After"))
		require.Equal(t, http.StatusServiceUnavailable, send1(root.Legacy(), method, path, given).Status)
	}
	require.Equal(t, []any{"dev@example.com"}, root.Get("/api/mls/example.com?email_only=yes").List(), "accounts are read all the same")
	servertest.Remove("/api/user/anna@example.com")(root)
	servertest.Remove("/api/domain/other.test")(root)
	root.MustUser("anna@example.com", nil)

	require.NoError(t, os.Symlink(storetest.Mlmmj(t), programs))
	require.Equal(t, []any{servertest.Subscriber("anna@example.com", "normal"), servertest.Subscriber("x@far.test", "normal")},
		root.Get(servertest.DevMailingList + "?with_subscribers=yes").Data()["subscriptions"])
	require.NoError(t, w.Changes.Resume(t.Context()))
	require.Equal(t, []any{servertest.Subscriber("x@far.test", "normal")}, root.Get(servertest.DevMailingList + "?with_subscribers=yes").Data()["subscriptions"])
	require.Nil(t, w.InList("news@other.test", "control/listaddress"))
}

// TestMlmmjadminAway ends the daemon.
func TestMlmmjadminAway(t *testing.T) {
	dir := t.TempDir()
	daemon := storetest.NewMlmmjadmin(t)
	all := servertest.Files(t, dir)
	all.Lists = mlmmj.NewDaemon(mlmmj.DaemonConfig{URL: daemon.URL, Token: daemon.Token})
	w := servertest.ServeOn(t, dir, all, "sqlite://"+filepath.Join(dir, "state.db")+"?sync=off")
	w.CreateRoot()
	servertest.Seed(w)
	root := w.Root()
	root.Must(http.StatusCreated, "POST", servertest.DevMailingList, servertest.Body{"subscribers": servertest.List{"anna@example.com"}, "require_confirm": "no"})
	daemon.Stop()
	for _, a := range []servertest.Answer{
		root.Get(servertest.DevMailingList), root.JSON("POST", "/api/ml/more@example.com", servertest.Body{}), root.JSON("PUT", servertest.DevMailingList, servertest.Body{"name": "x"}), root.Delete(servertest.DevMailingList),
	} {
		require.Equal(t, []any{http.StatusServiceUnavailable, "SERVER_DOWN"}, []any{a.Status, a.Msg()}, a.Raw)
		require.Contains(t, a.Raw, "mlmmjadmin", "it is named")
		require.NotContains(t, a.Raw+w.Log.String(), daemon.Token)
	}
	servertest.Remove("/api/user/anna@example.com")(root)
	require.Equal(t, []any{"dev@example.com"}, root.Get("/api/mls/example.com?email_only=yes").List())
}

// send1 is one request, with or without a body.
func send1(c *servertest.Client, method, path string, given servertest.Body) servertest.Answer {
	c.W.T.Helper()
	if given == nil {
		return c.Send(method, path, "", "")
	}
	return c.JSON(method, path, given)
}

// TestMailingListsSwitchedOff has no mailing lists.
func TestMailingListsSwitchedOff(t *testing.T) {
	w := servertest.NewFixture(t)
	servertest.Seed(w)
	d := w.Deps
	d.MailingLists = nil
	s, err := server.New(d)
	require.NoError(t, err)
	w.Handler = s.Handler()
	root := w.Root()
	for _, x := range []struct {
		method, path string
		given        servertest.Body
	}{
		{"GET", "/api/mls/example.com", nil}, {"GET", servertest.DevMailingList, nil}, {"POST", servertest.DevMailingList, servertest.Body{}}, {"PUT", servertest.DevMailingList, servertest.Body{"name": "x"}},
		{"DELETE", servertest.DevMailingList, nil},
	} {
		a := send1(root, x.method, x.path, x.given)
		require.Equal(t, []any{http.StatusServiceUnavailable, "NOT_CONFIGURED"}, []any{a.Status, a.Msg()}, a.Raw)
	}
	require.Equal(t, http.StatusOK, root.Get("/api/aliases/example.com").Status)
}

// TestMailingListThatMlmmjLost has mlmmj hold nothing of a list that has an account.
func TestMailingListThatMlmmjLost(t *testing.T) {
	storetest.Mlmmj(t)
	w := servertest.NewFixture(t)
	servertest.Seed(w)
	root := w.Root()
	root.Must(http.StatusCreated, "POST", servertest.DevMailingList, servertest.Body{"name": "Dev", "accessPolicy": "moderatorsonly", "owner": servertest.List{"anna@example.com"}})
	before := shownMailingList(root, servertest.DevMailingList)
	require.NoError(t, os.RemoveAll(w.Spool()))
	a := root.Get(servertest.DevMailingList)
	require.Equal(t, []any{http.StatusServiceUnavailable, "SERVER_DOWN"}, []any{a.Status, a.Msg()})
	root.Must(http.StatusOK, "PUT", servertest.DevMailingList, servertest.Body{})
	require.Equal(t, before, shownMailingList(root, servertest.DevMailingList))
	require.NoError(t, os.RemoveAll(w.Spool()))
	require.Equal(t, http.StatusOK, root.Delete(servertest.DevMailingList).Status)
}
