package server_test

import (
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server"
	"github.com/postern-mail/postern/store/mlmmj"
	"github.com/postern-mail/postern/store/storetest"
)

// onLists runs a test in a fixture of its own on each engine, seeded, with mlmmj; and once more on the first with mlmmjadmin.
func onLists(t *testing.T, test func(t *testing.T, w *fixture, root *client)) {
	t.Helper()
	storetest.Mlmmj(t)
	engines := everywhere
	if testing.Short() {
		engines = engines[:1]
	}
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			w := newFixtureOn(t, engine)
			seed(w)
			test(t, w, w.root())
		})
	}
	t.Run("mlmmjadmin", func(t *testing.T) {
		w := throughMlmmjadmin(t, t.TempDir())
		w.createRoot()
		seed(w)
		test(t, w, w.root())
	})
}

// defaultMailingList is what a new list shows of which nothing was said.
var defaultMailingList = map[string]any{
	"name": "", "accountStatus": "active", "accessPolicy": "membersonly", "is_newsletter": "no", "newsletter_description": "",
	"close_list": "no", "only_moderator_can_post": "no", "only_subscriber_can_post": "yes", "disable_subscription": "no",
	"disable_subscription_confirm": "no", "disable_digest_subscription": "no", "disable_digest_text": "no",
	"disable_nomail_subscription": "no", "moderated": "no", "moderate_non_subscriber_post": "no",
	"disable_retrieving_old_posts": "yes", "only_subscriber_can_get_old_posts": "yes", "disable_retrieving_subscribers": "yes",
	"disable_send_copy_to_sender": "yes", "notify_owner_when_sub_unsub": "no", "notify_sender_when_moderated": "no",
	"disable_archive": "no", "moderate_subscription": "no", "extra_addresses": []any{}, "subscription_moderators": []any{},
	"owner": []any{"postmaster@example.com"}, "moderators": []any{"postmaster@example.com"}, "max_message_size": float64(0),
	"subject_prefix": "", "custom_headers": "", "remove_headers": []any{}, "footer_text": "", "footer_html": "",
}

// shownMailingList is what a list shows under the published names.
func shownMailingList(c *client, path string) map[string]any {
	c.w.t.Helper()
	a := c.get(path)
	require.Equal(c.w.t, http.StatusOK, a.status, a.raw)
	shown := map[string]any{}
	for name := range defaultMailingList {
		shown[name] = a.data()[name]
	}
	return shown
}

func TestMailingLists(t *testing.T) {
	onLists(t, func(t *testing.T, w *fixture, root *client) {
		root.must(http.StatusCreated, "POST", devMailingList, body{})
		require.Equal(t, defaultMailingList, shownMailingList(root, devMailingList))
		stored := root.get(devMailingList).data()
		if w.directory != nil {
			require.Equal(t, []any{"dev@example.com"}, stored["mail"])
			require.Equal(t, []any{"mlmmj:example.com/dev"}, stored["mtaTransport"])
		} else {
			require.Equal(t, "dev@example.com", stored["address"])
			require.Equal(t, "mlmmj:example.com/dev", stored["transport"])
		}

		full := body{
			"name": "Developers", "accessPolicy": "moderatorsonly", "owner": list{"anna@example.com"}, "moderators": list{"x@far.test"},
			"extra_addresses": list{"developers@example.com"}, "subscription_moderators": list{"ben@example.com"}, "max_message_size": 4096,
			"subject_prefix": "[dev] ", "custom_headers": "X-Office: Berlin\nX-Team: Dev", "remove_headers": list{"X-Mailer"},
			"footer_text": "For members", "footer_html": "<p>For members</p>", "moderated": "yes", "is_newsletter": "yes",
			"newsletter_description": "News", "close_list": "yes",
		}
		root.must(http.StatusOK, "PUT", devMailingList, full)
		before := shownMailingList(root, devMailingList)
		require.Equal(t, "Developers", before["name"])
		root.must(http.StatusOK, "PUT", devMailingList, before)
		require.Equal(t, before, shownMailingList(root, devMailingList), "what was shown, given back")
		root.must(http.StatusOK, "PUT", devMailingList, body{})
		require.Equal(t, before, shownMailingList(root, devMailingList), "nothing given")

		item := root.get("/api/mls/example.com").list()[0].(map[string]any)
		for _, name := range []string{"name", "accountStatus", "accessPolicy", "is_newsletter", "owner", "moderators", "max_message_size", "extra_addresses"} {
			require.Equal(t, before[name], item[name], name)
		}
		require.Equal(t, float64(1), root.get("/api/domain/example.com").data()["num_existing_maillists"])
		require.Equal(t, http.StatusConflict, root.json("POST", "/api/alias/developers@example.com", body{}).status)
		require.Equal(t, http.StatusOK, root.delete(devMailingList).status)
		require.Equal(t, http.StatusNotFound, root.get(devMailingList).status)
		require.Equal(t, http.StatusNotFound, root.delete(devMailingList).status)
		require.True(t, root.legacy().delete(devMailingList).ok())
		root.must(http.StatusCreated, "POST", "/api/alias/developers@example.com", body{})
	})
}

// TestMailingListSubscriptionsFollow has subscribers be renamed and deleted, by themselves and with their domain.
func TestMailingListSubscriptionsFollow(t *testing.T) {
	onLists(t, func(t *testing.T, w *fixture, root *client) {
		members := func() []any { return root.get(devMailingList + "?with_subscribers=yes").data()["subscribers"].([]any) }
		root.must(http.StatusCreated, "POST", devMailingList, body{
			"owner": list{"anna@example.com", "zoe@other.test"}, "moderators": list{"ben@example.com"}, "require_confirm": "no",
			"subscribers": list{"anna@example.com", "ben@example.com", "sales@example.com", "zoe@other.test", "x@far.test"},
		})
		root.must(http.StatusCreated, "POST", "/api/ml/news@other.test", body{"require_confirm": "no", "subscribers": list{"dev@example.com"}})
		for _, c := range []*client{root, root.legacy()} {
			require.Contains(t, c.get("/api/user/anna@example.com").data()["mailing_lists"], "dev@example.com")
			require.Contains(t, c.get("/api/users/other.test").raw, `"mailing_lists":["dev@example.com"]`)
		}
		post("/api/user/anna@example.com/change_email/ann@example.com", body{})(root)
		require.Contains(t, members(), subscriber("ann@example.com", "normal"))
		require.NotContains(t, members(), subscriber("anna@example.com", "normal"))
		require.Contains(t, root.get(devMailingList).data()["owner"], "ann@example.com")
		remove("/api/user/ben@example.com")(root)
		remove("/api/alias/sales@example.com")(root)
		require.Equal(t, []any{
			subscriber("ann@example.com", "normal"), subscriber("x@far.test", "normal"), subscriber("zoe@other.test", "normal"),
		}, members())
		require.Empty(t, root.get(devMailingList).data()["moderators"])
		remove("/api/domain/other.test")(root)
		require.Equal(t, []any{subscriber("ann@example.com", "normal"), subscriber("x@far.test", "normal")}, members())
		require.Equal(t, []any{"ann@example.com"}, root.get(devMailingList).data()["owner"])
		require.Nil(t, w.inList("news@other.test", "control/listaddress"), "the domain took its list along")
		kept, err := filepath.Glob(w.spool() + "-archive/other.test/news-*/news/subscribers.d")
		require.NoError(t, err)
		require.Len(t, kept, 1, "which is kept aside")
	})
}

func TestMailingListRefusals(t *testing.T) {
	onLists(t, func(t *testing.T, w *fixture, root *client) {
		root.must(http.StatusCreated, "POST", devMailingList, body{"require_confirm": "no", "subscribers": list{"x@far.test"}})
		put("/api/domain/other.test", body{"numberOfLists": -1})(root)
		before, spool := shownMailingList(root, devMailingList), w.spooled()
		const more = "/api/ml/more@example.com"
		many := list{}
		for i := range 1001 {
			many = append(many, fmt.Sprintf("m%d@far.test", i))
		}
		for _, x := range []struct {
			method, path string
			given        body
			status       int
			code, field  string
		}{
			{"POST", devMailingList, body{}, 409, "ALREADY_EXISTS", "mail"},
			{"POST", "/api/ml/anna@example.com", body{}, 409, "ALREADY_EXISTS", "mail"},
			{"POST", "/api/ml/dev@example.net", body{}, 404, "NO_SUCH_DOMAIN", "mail"},
			{"POST", "/api/ml/dev@other.test", body{}, 409, "NOT_ALLOWED", ""},
			{"POST", "/api/ml/dev+subscribe@example.com", body{}, 400, "INVALID_MAIL", "mail"},
			{"POST", "/api/ml/dev%2Fops@example.com", body{}, 400, "INVALID_MAIL", "mail"},
			{"POST", "/api/ml/..%2F..%2Fetc@example.com", body{}, 400, "INVALID_MAIL", "mail"},
			{"POST", "/api/ml/.dev@example.com", body{}, 400, "INVALID_MAIL", "mail"},
			{"POST", more, body{"accessPolicy": "nobody"}, 400, "INVALID_ACCESS_POLICY", "accessPolicy"},
			{"POST", more, body{"subject_prefix": "[x]\r\nBcc: victim@far.test"}, 400, "INVALID_VALUE", "subject_prefix"},
			{"POST", more, body{"custom_headers": "X-A: 1\rBcc: victim@far.test"}, 400, "INVALID_VALUE", "custom_headers"},
			{"POST", more, body{"custom_headers": "X A: 1"}, 400, "INVALID_VALUE", "custom_headers"},
			{"POST", more, body{"remove_headers": list{"X-A\r\nX-B"}}, 400, "INVALID_VALUE", "remove_headers"},
			{"POST", more, body{"footer_text": strings.Repeat("x", 1<<20)}, 400, "VALUE_TOO_LONG", "footer_text"},
			{"POST", more, body{"name": "two\nlines"}, 400, "INVALID_VALUE", "name"},
			{"POST", more, body{"owner": list{"ghost@example.com"}}, 422, "NO_SUCH_ACCOUNT", "owner"},
			{"POST", more, body{"moderators": list{"ghost@example.net"}}, 422, "NO_SUCH_ACCOUNT", "moderators"},
			{"POST", more, body{"subscribers": list{"more@example.com"}}, 400, "INVALID_MAIL", "subscribers"},
			{"POST", more, body{"subscribers": list{"ok@far.test", "no address"}}, 400, "INVALID_MAIL", "subscribers"},
			{"POST", more, body{"subscribers": list{"ok@far.test", "ghost@example.com"}}, 422, "NO_SUCH_ACCOUNT", "subscribers"},
			{"POST", more, body{"subscribers": many}, 400, "TOO_MANY_ITEMS", "subscribers"},
			{"POST", more, body{"extra_addresses": list{"anna@example.com"}}, 409, "ALREADY_EXISTS", "extra_addresses"},
			{"POST", more, body{"extra_addresses": list{"more@far.test"}}, 400, "INVALID_MAIL", "extra_addresses"},
			{"POST", more, body{"max_message_size": -1}, 400, "INVALID_NUMBER", "max_message_size"},
			{"POST", more, body{"moderated": "perhaps"}, 400, "INVALID_VALUE", "moderated"},
			{"POST", more, body{"subscription": "sometimes"}, 400, "INVALID_VALUE", "subscription"},
			{"PUT", devMailingList, body{"add_subscribers": many, "require_confirm": "yes"}, 400, "TOO_MANY_ITEMS", "add_subscribers"},
			{"PUT", devMailingList, body{"add_subscribers": list{"dev@example.com"}, "name": "New"}, 400, "INVALID_MAIL", "add_subscribers"},
			{"PUT", devMailingList, body{"add_subscribers": list{"dev@example.net"}, "name": "New"}, 400, "INVALID_MAIL", "add_subscribers"},
			{"PUT", devMailingList, body{"subject_prefix": "a\nb", "name": "New", "remove_subscribers": list{"x@far.test"}}, 400, "INVALID_VALUE", "subject_prefix"},
			{"PUT", devMailingList, body{"owner": list{"ghost@example.com"}, "close_list": "yes"}, 422, "NO_SUCH_ACCOUNT", "owner"},
			{"PUT", "/api/ml/sales@example.com", body{"name": "x"}, 404, "NO_SUCH_ACCOUNT", "mail"},
			{"PUT", "/api/ml/ghost@example.com", body{"name": "x"}, 404, "NO_SUCH_ACCOUNT", "mail"},
		} {
			a := root.json(x.method, x.path, x.given)
			require.Equal(t, x.status, a.status, "%s %s: %.300s", x.method, x.path, a.raw)
			require.Equal(t, []string{x.code, x.field}, []string{a.msg(), a.field()}, "%.300s", a.raw)
		}
		require.Equal(t, before, shownMailingList(root, devMailingList))
		require.Equal(t, spool, w.spooled(), "nothing was written")
		require.Equal(t, []any{"dev@example.com"}, root.get("/api/mls/example.com?email_only=yes").list())
		for _, path := range []string{"/api/mls/nowhere.test", "/api/ml/ghost@example.com", "/api/ml/anna@example.com"} {
			require.Equal(t, http.StatusNotFound, root.get(path).status, path)
		}
	})
}

// spooled is everything in and around the spool, with its size.
func (w *fixture) spooled() []string {
	w.t.Helper()
	var all []string
	require.NoError(w.t, filepath.WalkDir(w.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || strings.Contains(filepath.Base(path), ".db") {
			return err
		}
		info, err := entry.Info()
		all = append(all, fmt.Sprint(strings.TrimPrefix(path, w.dir), " ", info.Size()))
		return err
	}))
	return all
}

// TestMailingListDropsOnTheLegacySurface has lists with items of which some cannot be taken.
func TestMailingListDropsOnTheLegacySurface(t *testing.T) {
	onLists(t, func(t *testing.T, _ *fixture, root *client) {
		old := root.legacy()
		a := old.form("POST", devMailingList, body{
			"subscribers": "x@far.test,no address,ghost@example.com,dev@example.com,anna@example.com", "require_confirm": "no",
			"extra_addresses": "developers@example.com,anna@example.com,elsewhere@far.test",
		}.form(t))
		require.True(t, a.ok(), a.raw)
		require.ElementsMatch(t, []any{
			"no address", "ghost@example.com", "dev@example.com", "anna@example.com", "elsewhere@far.test",
		}, a.body["_discarded"])
		require.Equal(t, []any{subscriber("x@far.test", "normal")}, root.get(devMailingList + "?with_subscribers=yes").data()["subscribers"])
		require.Equal(t, []any{"developers@example.com"}, root.get(devMailingList).data()["extra_addresses"])
		a = old.form("PUT", devMailingList, body{"owner": "ghost@example.com"}.form(t))
		require.Equal(t, []any{http.StatusOK, "NO_SUCH_ACCOUNT"}, []any{a.status, a.msg()})
	})
}

// TestManySubscribers adds 10,000 at once.
func TestManySubscribers(t *testing.T) {
	storetest.Mlmmj(t)
	w := newFixture(t)
	seed(w)
	root := w.root()
	many := list{}
	for i := range 10000 {
		many = append(many, fmt.Sprintf("%c%05d@far.test", 'a'+i%26, i))
	}
	root.must(http.StatusCreated, "POST", devMailingList, body{"subscribers": many, "require_confirm": "no"})
	shown := root.get(devMailingList + "?with_subscribers=yes").data()["subscribers"].([]any)
	require.Len(t, shown, len(many))
	require.True(t, slices.IsSortedFunc(shown, func(a, b any) int {
		return strings.Compare(a.(map[string]any)["mail"].(string), b.(map[string]any)["mail"].(string))
	}))
	root.must(http.StatusOK, "PUT", devMailingList, body{"remove_subscribers": many[:9999]})
	require.Equal(t, []any{subscriber(many[9999].(string), "normal")}, root.get(devMailingList + "?with_subscribers=yes").data()["subscribers"])
}

// TestMlmmjAway takes mlmmj away. What needs it says so, all else goes on, and what was left to do is done later.
func TestMlmmjAway(t *testing.T) {
	dir := t.TempDir()
	programs := filepath.Join(dir, "programs")
	require.NoError(t, os.Symlink(storetest.Mlmmj(t), programs))
	all := files(t, dir)
	all.lists = mlmmj.NewSpool(mlmmj.SpoolConfig{Spool: filepath.Join(dir, "mlmmj"), Programs: programs})
	w := serveOn(t, dir, all, "sqlite://"+filepath.Join(dir, "state.db")+"?sync=off")
	w.createRoot()
	seed(w)
	root := w.root()
	root.must(http.StatusCreated, "POST", devMailingList, body{"subscribers": list{"anna@example.com", "x@far.test"}, "require_confirm": "no"})
	root.must(http.StatusCreated, "POST", "/api/ml/news@other.test", body{})

	require.NoError(t, os.Remove(programs))
	for method, given := range map[string]body{"GET": nil, "POST": {}, "PUT": {"name": "x"}, "DELETE": nil} {
		path := devMailingList
		if method == "POST" {
			path = "/api/ml/more@example.com"
		}
		a := send1(root, method, path, given)
		require.Equal(t, []any{http.StatusServiceUnavailable, "SERVER_DOWN"}, []any{a.status, a.msg()}, "%s: %s", method, a.raw)
		require.Contains(t, a.raw, "mlmmj", "it is named")
		require.NotEmpty(t, a.header.Get("Retry-After"))
		require.Equal(t, http.StatusServiceUnavailable, send1(root.legacy(), method, path, given).status)
	}
	require.Equal(t, []any{"dev@example.com"}, root.get("/api/mls/example.com?email_only=yes").list(), "accounts are read all the same")
	remove("/api/user/anna@example.com")(root)
	remove("/api/domain/other.test")(root)
	root.mustUser("anna@example.com", nil)

	require.NoError(t, os.Symlink(storetest.Mlmmj(t), programs))
	require.Equal(t, []any{subscriber("anna@example.com", "normal"), subscriber("x@far.test", "normal")},
		root.get(devMailingList + "?with_subscribers=yes").data()["subscribers"])
	require.NoError(t, w.changes.Resume(t.Context()))
	require.Equal(t, []any{subscriber("x@far.test", "normal")}, root.get(devMailingList + "?with_subscribers=yes").data()["subscribers"])
	require.Nil(t, w.inList("news@other.test", "control/listaddress"))
}

// TestMlmmjadminAway ends the daemon.
func TestMlmmjadminAway(t *testing.T) {
	dir := t.TempDir()
	daemon := storetest.NewMlmmjadmin(t)
	all := files(t, dir)
	all.lists = mlmmj.NewDaemon(mlmmj.DaemonConfig{URL: daemon.URL, Token: daemon.Token})
	w := serveOn(t, dir, all, "sqlite://"+filepath.Join(dir, "state.db")+"?sync=off")
	w.createRoot()
	seed(w)
	root := w.root()
	root.must(http.StatusCreated, "POST", devMailingList, body{"subscribers": list{"anna@example.com"}, "require_confirm": "no"})
	daemon.Stop()
	for _, a := range []answer{
		root.get(devMailingList), root.json("POST", "/api/ml/more@example.com", body{}), root.json("PUT", devMailingList, body{"name": "x"}), root.delete(devMailingList),
	} {
		require.Equal(t, []any{http.StatusServiceUnavailable, "SERVER_DOWN"}, []any{a.status, a.msg()}, a.raw)
		require.Contains(t, a.raw, "mlmmjadmin", "it is named")
		require.NotContains(t, a.raw+w.log.String(), daemon.Token)
	}
	remove("/api/user/anna@example.com")(root)
	require.Equal(t, []any{"dev@example.com"}, root.get("/api/mls/example.com?email_only=yes").list())
}

// send1 is one request, with or without a body.
func send1(c *client, method, path string, given body) answer {
	c.w.t.Helper()
	if given == nil {
		return c.send(method, path, "", "")
	}
	return c.json(method, path, given)
}

// TestMailingListsSwitchedOff has no mailing lists.
func TestMailingListsSwitchedOff(t *testing.T) {
	w := newFixture(t)
	seed(w)
	d := w.deps
	d.MailingLists = nil
	s, err := server.New(d)
	require.NoError(t, err)
	w.handler = s.Handler()
	root := w.root()
	for _, x := range []struct {
		method, path string
		given        body
	}{
		{"GET", "/api/mls/example.com", nil}, {"GET", devMailingList, nil}, {"POST", devMailingList, body{}}, {"PUT", devMailingList, body{"name": "x"}},
		{"DELETE", devMailingList, nil},
	} {
		a := send1(root, x.method, x.path, x.given)
		require.Equal(t, []any{http.StatusServiceUnavailable, "NOT_CONFIGURED"}, []any{a.status, a.msg()}, a.raw)
	}
	require.Equal(t, http.StatusOK, root.get("/api/aliases/example.com").status)
}

// TestMailingListThatMlmmjLost has mlmmj hold nothing of a list that has an account.
func TestMailingListThatMlmmjLost(t *testing.T) {
	storetest.Mlmmj(t)
	w := newFixture(t)
	seed(w)
	root := w.root()
	root.must(http.StatusCreated, "POST", devMailingList, body{"name": "Dev", "accessPolicy": "moderatorsonly", "owner": list{"anna@example.com"}})
	before := shownMailingList(root, devMailingList)
	require.NoError(t, os.RemoveAll(w.spool()))
	a := root.get(devMailingList)
	require.Equal(t, []any{http.StatusServiceUnavailable, "SERVER_DOWN"}, []any{a.status, a.msg()})
	root.must(http.StatusOK, "PUT", devMailingList, body{})
	require.Equal(t, before, shownMailingList(root, devMailingList))
	require.NoError(t, os.RemoveAll(w.spool()))
	require.Equal(t, http.StatusOK, root.delete(devMailingList).status)
}
