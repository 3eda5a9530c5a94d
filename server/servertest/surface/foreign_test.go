package surface_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
)

// TestForeignAddresses keeps such addresses wherever a foreign one may stand, and takes each away again.
func TestForeignAddresses(t *testing.T) {
	for _, engine := range []string{"sqlite", "ldap", "mysql", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			w := servertest.NewFixtureOn(t, engine)
			root := w.Root()
			root.MustDomain("example.com", nil)
			root.MustUser("anna@example.com", nil)
			root.Must(http.StatusCreated, "POST", "/api/alias/sales@example.com", nil)
			root.Must(http.StatusCreated, "POST", "/api/ml/dev@example.com", map[string]any{"name": "Dev"})
			places := []struct{ path, field, add, remove, shown string }{
				{"/api/alias/sales@example.com", "members", "addMember", "removeMember", "members"},
				{"/api/user/anna@example.com", "forwarding", "addForwarding", "removeForwarding", "forwarding"},
				{"/api/domain/example.com", "catchall", "", "", "catchall"},
				{"/api/ml/dev@example.com", "owner", "", "", "owner"},
				{"/api/ml/dev@example.com", "moderators", "", "", "moderators"},
				{"/api/alias/sales@example.com", "moderators", "", "", "moderators"},
			}
			if w.Deps.Directory != nil {
				root.Must(http.StatusCreated, "POST", "/api/maillist/staff@example.com", nil)
				places = append(places, struct{ path, field, add, remove, shown string }{"/api/maillist/staff@example.com", "members", "addMember", "removeMember", "members"})
			}
			for _, p := range places {
				keepForeign(t, root, p.path, p.field, p.add, p.remove, p.shown)
			}
			for _, field := range []string{"senderBcc", "recipientBcc"} {
				for _, path := range []string{"/api/user/anna@example.com", "/api/domain/example.com"} {
					root.Must(http.StatusOK, "PUT", path, map[string]any{field: servertest.ForeignAddresses[1]})
					require.Contains(t, root.Get(path).Raw, `e`+"`"+`f{g|h}i~j@example.net`, field)
				}
			}
			root.Must(http.StatusOK, "PUT", "/api/ml/dev@example.com", map[string]any{"add_subscribers": servertest.ForeignAddresses, "require_confirm": "no"})
			subscribers := func() int {
				l, _ := root.Get("/api/ml/dev@example.com?with_subscribers=yes").Data()["subscriptions"].([]any)
				return len(l)
			}
			require.Equal(t, len(servertest.ForeignAddresses), subscribers())
			root.Must(http.StatusOK, "PUT", "/api/ml/dev@example.com", map[string]any{"remove_subscribers": servertest.ForeignAddresses})
			require.Zero(t, subscribers())
			root.Must(http.StatusOK, "POST", "/api/wblist/inbound/blacklist/example.com", map[string]any{"addresses": servertest.ForeignAddresses})
			require.ElementsMatch(t, anyOf(servertest.ForeignAddresses), root.Get("/api/wblist/inbound/blacklist/example.com").Data()["addresses"])
			root.Must(http.StatusOK, "PUT", "/api/wblist/inbound/blacklist/example.com", map[string]any{"addresses": servertest.ForeignAddresses[1:]})
			require.Equal(t, anyOf(servertest.ForeignAddresses[:1]), root.Get("/api/wblist/inbound/blacklist/example.com").Data()["addresses"])
			root.Must(http.StatusOK, "POST", "/api/greylisting/example.com/whitelists", map[string]any{"senders": servertest.ForeignAddresses})
			require.ElementsMatch(t, anyOf(servertest.ForeignAddresses), root.Get("/api/greylisting/example.com/whitelists").List())

			// Accounts of ours keep to the narrower form.
			for method, path := range map[string]string{"POST": "/api/alias/sean.o%27brien@example.com", "PUT": "/api/user/anna@example.com"} {
				a := root.JSON(method, path, map[string]any{map[string]string{"POST": "members", "PUT": "aliases"}[method]: []string{"o'b@example.com"}})
				require.Equal(t, "INVALID_MAIL", a.Msg(), a.Raw)
			}
			require.Equal(t, "NO_SUCH_ACCOUNT", root.JSON("PUT", "/api/alias/sales@example.com", map[string]any{"members": []string{"o'b@example.com"}}).Msg())
			for _, bad := range []string{"a b@example.net", "a@b@example.net", `"a"@example.net`, "a(b@example.net", "a,b@example.net", ".a@example.net", "ä@example.net", "a\\b@example.net"} {
				require.Equal(t, "INVALID_MAIL", root.JSON("PUT", "/api/alias/sales@example.com", map[string]any{"members": []string{bad}}).Msg(), bad)
			}
			a := root.JSON("PUT", "/api/ml/dev@example.com", map[string]any{"add_subscribers": []string{"/x@example.net"}, "require_confirm": "no"})
			require.Equal(t, "INVALID_MAIL", a.Msg(), "mlmmj names files after the first character")
		})
	}
}

func anyOf(texts []string) []any {
	all := make([]any, len(texts))
	for i, s := range texts {
		all[i] = s
	}
	return all
}

func keepForeign(t *testing.T, root *servertest.Client, path, field, add, remove, shown string) {
	t.Helper()
	root.Must(http.StatusOK, "PUT", path, map[string]any{field: servertest.ForeignAddresses})
	require.ElementsMatch(t, anyOf(servertest.ForeignAddresses), root.Get(path).Data()[shown], "%s of %s", field, path)
	a := root.Legacy().Form("PUT", path, url.Values{field: {servertest.ForeignAddresses[0]}})
	require.True(t, a.OK(), a.Raw)
	require.Nil(t, a.Body["_discarded"], a.Raw)
	require.Equal(t, anyOf(servertest.ForeignAddresses[:1]), root.Get(path).Data()[shown])
	if add == "" {
		return
	}
	root.Must(http.StatusOK, "PUT", path, map[string]any{add: servertest.ForeignAddresses})
	root.Must(http.StatusOK, "PUT", path, map[string]any{remove: servertest.ForeignAddresses[:len(servertest.ForeignAddresses)-1]})
	require.Equal(t, anyOf(servertest.ForeignAddresses[len(servertest.ForeignAddresses)-1:]), root.Get(path).Data()[shown])
}

// TestAddressesThatMlmmjadminDoesNotKnow tells of each that it would drop without a word, before anything is written.
func TestAddressesThatMlmmjadminDoesNotKnow(t *testing.T) {
	servertest.NeedMlmmj(t)
	const strange, good = "sean.o'brien@far.test", "bo+x@far.test"
	open := func(t *testing.T) (*servertest.Fixture, *servertest.Client) {
		w := servertest.ThroughMlmmjadmin(t, t.TempDir())
		w.CreateRoot()
		servertest.Seed(w)
		root := w.Root()
		root.Must(http.StatusCreated, "POST", servertest.DevMailingList, servertest.Body{"name": "Dev", "owner": servertest.List{good}})
		return w, root
	}
	t.Run("create", func(t *testing.T) {
		w, root := open(t)
		for _, field := range []string{"owner", "moderators", "subscription_moderators", "subscribers"} {
			given := servertest.Body{"name": "News", field: servertest.List{good, strange}, "require_confirm": "no"}
			before := w.Files(t)
			a := root.JSON("POST", "/api/ml/news@example.com", given)
			require.Equal(t, []any{400, "INVALID_MAIL", field}, []any{a.Status, a.Msg(), a.Body["_field"]}, a.Raw)
			require.Contains(t, a.Raw, "mlmmjadmin does not take the address")
			require.Equal(t, before, w.Files(t))
			require.Equal(t, 404, root.Get("/api/ml/news@example.com").Status)
			a = root.Legacy().Form("POST", "/api/ml/news@example.com", url.Values{"name": {"News"}, field: {good + "," + strange}, "require_confirm": {"no"}})
			require.True(t, a.OK(), a.Raw)
			require.Equal(t, []any{strange}, a.Body["_discarded"], a.Raw)
			shown := root.Get("/api/ml/news@example.com?with_subscribers=yes")
			require.Contains(t, shown.Raw, good)
			require.NotContains(t, shown.Raw, strange)
			root.Must(http.StatusOK, "DELETE", "/api/ml/news@example.com?keep_archive=no", nil)
		}
	})
	t.Run("update", func(t *testing.T) {
		w, root := open(t)
		for _, field := range []string{"owner", "moderators", "subscription_moderators", "add_subscribers"} {
			before, shown := w.Files(t), root.Get(servertest.DevMailingList+"?with_subscribers=yes").Raw
			a := root.JSON("PUT", servertest.DevMailingList, servertest.Body{"name": "Changed", field: servertest.List{good, strange}, "require_confirm": "no"})
			require.Equal(t, []any{400, "INVALID_MAIL", field}, []any{a.Status, a.Msg(), a.Body["_field"]}, a.Raw)
			require.Equal(t, shown, root.Get(servertest.DevMailingList+"?with_subscribers=yes").Raw, "not even the name")
			require.Equal(t, before, w.Files(t))
			a = root.Legacy().Form("PUT", servertest.DevMailingList, url.Values{field: {good + "," + strange}, "require_confirm": {"no"}})
			require.True(t, a.OK(), a.Raw)
			require.Equal(t, []any{strange}, a.Body["_discarded"], a.Raw)
			require.NotContains(t, root.Get(servertest.DevMailingList+"?with_subscribers=yes").Raw, strange)
			if field == "add_subscribers" {
				continue
			}
			a = root.Legacy().Form("PUT", servertest.DevMailingList, url.Values{field: {strange}})
			require.Equal(t, "INVALID_MAIL", a.Msg(), "nothing is left of what was to replace: %s", a.Raw)
			require.Contains(t, root.Get(servertest.DevMailingList).Raw, good)
		}
	})
	t.Run("one who has subscribed by mail", func(t *testing.T) {
		w, root := open(t)
		file := filepath.Join(w.Spool(), "example.com", "dev", "subscribers.d", "s")
		require.NoError(t, os.WriteFile(file, []byte(strange+"\n"), 0o600))
		a := root.JSON("PUT", servertest.DevMailingList, servertest.Body{"name": "Changed", "remove_subscribers": servertest.List{strange}})
		require.Equal(t, []any{400, "INVALID_MAIL", "remove_subscribers"}, []any{a.Status, a.Msg(), a.Body["_field"]}, a.Raw)
		require.Contains(t, root.Get(servertest.DevMailingList).Raw, `"Dev"`)
		a = root.Legacy().Form("PUT", servertest.DevMailingList, url.Values{"remove_subscribers": {strange + "," + good}})
		require.True(t, a.OK(), a.Raw)
		require.Equal(t, []any{strange}, a.Body["_discarded"], a.Raw)
		root.Must(http.StatusOK, "PUT", servertest.DevMailingList, servertest.Body{"remove_subscribers": servertest.List{"who'else@far.test"}}) // who is not there
		require.FileExists(t, file)
	})
}
