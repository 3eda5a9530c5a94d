package surface_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// paged are the lists that have pages, by the parameter that leaves the names alone, "" where there is none.
var paged = map[string]string{
	"/api/domains": "name_only", "/api/users/u3.test": "email_only", "/api/aliases/u3.test": "email_only", "/api/mls/u3.test": "email_only",
	"/api/admins": "", "/api/greylisting/all": "",
}

// withLists is a server each of whose lists has five items.
func withLists(t *testing.T, open func(t *testing.T) *servertest.Fixture) *servertest.Fixture {
	t.Helper()
	w := open(t)
	ctx := t.Context()
	for _, i := range []int{3, 1, 5, 2, 4} {
		name := fmt.Sprintf("u%d", i)
		_, err := w.Deps.Accounts.CreateDomain(ctx, servertest.ByRoot, store.DomainCreate{Name: name + ".test", Description: "Name of " + name})
		require.NoError(t, err)
	}
	for _, i := range []int{4, 1, 5, 2, 3} {
		mail := fmt.Sprintf("u%d@u3.test", i)
		_, err := w.Deps.Accounts.CreateUser(ctx, servertest.ByRoot, store.UserCreate{Mail: mail, Name: "Name", Active: true})
		require.NoError(t, err)
		_, err = w.Deps.Accounts.CreateAlias(ctx, servertest.ByRoot, store.AliasCreate{Mail: "a" + mail, Active: true})
		require.NoError(t, err)
		_, err = w.Deps.Accounts.CreateMailingListAccount(ctx, servertest.ByRoot, store.MailingListAccountCreate{Mail: "l" + mail, Active: true})
		require.NoError(t, err)
		if i > 1 { // one is there, of each
			_, err = w.Deps.Policies.SetGreylisting(ctx, servertest.ByRoot, store.PolicyAccount(mail), true)
			require.NoError(t, err)
			_, err = w.Deps.Accounts.CreateAdmin(ctx, servertest.ByRoot, store.AdminCreate{Mail: fmt.Sprintf("u%d@elsewhere.test", i)})
			require.NoError(t, err)
		}
	}
	return w
}

// texts are the items of a list as text, which tells them apart.
func texts(a servertest.Answer) []string {
	all := []string{}
	for _, item := range a.List() {
		all = append(all, fmt.Sprint(item))
	}
	return all
}

// TestPagesOfLists walks each list by its cursors and by its links.
func TestPagesOfLists(t *testing.T) {
	for _, engine := range []string{"sqlite", "ldap"} {
		t.Run(engine, func(t *testing.T) {
			w := withLists(t, func(t *testing.T) *servertest.Fixture { t.Helper(); return servertest.NewFixtureOn(t, engine) })
			root := w.Root()
			for path, short := range paged {
				for _, query := range []string{"", "&" + short + "=yes"} {
					if query == "&=yes" {
						continue
					}
					t.Run(path+query, func(t *testing.T) { walkPages(t, root, path, strings.TrimPrefix(query, "&")) })
				}
			}
		})
	}
}

func walkPages(t *testing.T, root *servertest.Client, path, query string) {
	t.Helper()
	whole := root.Get(path + "?" + query)
	require.Len(t, whole.List(), 5)
	require.Contains(t, whole.Body, "_next")
	require.Nil(t, whole.Body["_next"])
	require.NotContains(t, whole.Body, "_total")
	require.Empty(t, whole.Header.Get("Link"))
	for limit, pages := range map[int]int{1: 5, 2: 3, 5: 1, 1000: 1, 100_000: 1} {
		at := fmt.Sprintf("%s?%s&limit=%d&count=yes", path, query, limit)
		var found []string
		for page := 1; ; page++ {
			a := root.Get(at)
			require.Equal(t, http.StatusOK, a.Status, a.Raw)
			require.LessOrEqual(t, len(a.List()), limit)
			found = append(found, texts(a)...)
			require.EqualValues(t, 5, a.Body["_total"], "of the whole list, on each page")
			if page == pages {
				require.Contains(t, a.Body, "_next")
				require.Nil(t, a.Body["_next"])
				require.Empty(t, a.Header.Get("Link"))
				break
			}
			next := servertest.TextAt(a.Body, "_next")
			at = followLink(t, path, a)
			given, err := url.Parse(at)
			require.NoError(t, err)
			require.Equal(t, next, given.Query().Get("cursor"))
			require.Equal(t, fmt.Sprint(limit), given.Query().Get("limit"))
			r := httptest.NewRequestWithContext(t.Context(), http.MethodHead, fmt.Sprintf("%s?%s&limit=%d", path, query, limit), nil)
			r.AddCookie(root.Cookie)
			rec := httptest.NewRecorder()
			root.W.Handler.ServeHTTP(rec, r)
			require.NotEmpty(t, rec.Header().Get("Link"))
			require.Empty(t, rec.Body.String())
		}
		require.Equal(t, texts(whole), found, "in pages of %d", limit)
	}
	legacy := root.Legacy()
	published := legacy.Get(path + "?" + query)
	require.NotContains(t, published.Body, "_next")
	a := legacy.Get(path + "?" + query + "&limit=1&cursor=x&sort=nothing&q=zzz&q_any=zzz&count=yes&created_after=x")
	require.ElementsMatch(t, []any{"limit", "cursor", "sort", "q", "q_any", "count", "created_after"}, a.Body["_ignored"])
	delete(a.Body, "_ignored")
	require.Equal(t, published.Body, a.Body, "the legacy surface passes over all of it")
	require.Empty(t, a.Header.Get("Link"))
}

// TestSortsOfGreylistings has the settings of all accounts in the order of the account.
func TestSortsOfGreylistings(t *testing.T) {
	root := withLists(t, func(t *testing.T) *servertest.Fixture { t.Helper(); return servertest.NewFixture(t) }).Root()
	accounts := func(query string) []string {
		var all []string
		for _, item := range root.Get("/api/greylisting/all?" + query).List() {
			all = append(all, servertest.TextAt(item.(map[string]any), "account"))
		}
		return all
	}
	want := []string{"@.", "u2@u3.test", "u3@u3.test", "u4@u3.test", "u5@u3.test"}
	require.Equal(t, append(want[1:5:5], want[0]), accounts(""), "what decides first is in front")
	require.Equal(t, want, accounts("sort=account"))
	require.Equal(t, want[:2], accounts("sort=account&limit=2"))
	slices.Reverse(want)
	require.Equal(t, want, accounts("sort=-account"))
	require.Equal(t, []string{"u3@u3.test"}, accounts("q=u3"))
	require.Equal(t, []string{"@."}, accounts("q=%40"))
}

// followLink returns where the header of a page leads.
func followLink(t *testing.T, path string, a servertest.Answer) string {
	t.Helper()
	target, rest, found := strings.Cut(strings.TrimPrefix(a.Header.Get("Link"), "<"), ">")
	require.True(t, found)
	require.Equal(t, `; rel="next"`, rest)
	base, err := url.Parse("https://mail.example.com" + path + "?x")
	require.NoError(t, err)
	next, err := base.Parse(target)
	require.NoError(t, err)
	require.Equal(t, "mail.example.com", next.Host)
	return next.RequestURI()
}

// TestCursorsOfOthers sends cursors where they do not belong.
func TestCursorsOfOthers(t *testing.T) {
	w := withLists(t, func(t *testing.T) *servertest.Fixture { t.Helper(); return servertest.NewFixture(t) })
	root := w.Root()
	cursorOf := func(c *servertest.Client, path string) string {
		cursor := servertest.TextAt(c.Get(path).Body, "_next")
		require.NotEmpty(t, cursor)
		return cursor
	}
	const users = "/api/users/u3.test?limit=2"
	good := cursorOf(root, users)
	sorted := cursorOf(root, users+"&sort=-name")
	for name, path := range map[string]string{
		"the same list":          users + "&cursor=" + good,
		"a page of another size": "/api/users/u3.test?limit=3&cursor=" + good,
		"of no size":             "/api/users/u3.test?cursor=" + good,
		"names alone":            users + "&email_only=yes&cursor=" + good,
		"counted":                users + "&count=yes&cursor=" + good,
		"its sort by name":       users + "&sort=mail&cursor=" + good,
		"in any case":            "/api/users/U3.test?cursor=" + good,
		"sorted":                 users + "&sort=-name&cursor=" + sorted,
	} {
		t.Run(name, func(t *testing.T) {
			a := root.Get(path)
			require.Equal(t, http.StatusOK, a.Status, a.Raw)
			require.NotEmpty(t, a.List())
		})
	}
	strange := withLists(t, func(t *testing.T) *servertest.Fixture { t.Helper(); return servertest.NewFixture(t) })
	foreign := cursorOf(strange.Root(), users)
	changed := []byte(good)
	changed[len(changed)/2] ^= 1
	for name, path := range map[string]string{
		"cut short":               users + "&cursor=" + good[:len(good)-1],
		"cut shorter":             users + "&cursor=" + good[:10],
		"one letter":              users + "&cursor=A",
		"longer":                  users + "&cursor=" + good + "A",
		"changed":                 users + "&cursor=" + url.QueryEscape(string(changed)),
		"an address":              users + "&cursor=u2@u3.test",
		"of another server":       users + "&cursor=" + foreign,
		"of another domain":       "/api/users/u1.test?cursor=" + good,
		"of another noun":         "/api/aliases/u3.test?cursor=" + good,
		"of all domains":          "/api/domains?cursor=" + good,
		"of another sort":         users + "&sort=name&cursor=" + good,
		"of the other direction":  users + "&sort=name&cursor=" + sorted,
		"of no sort":              users + "&cursor=" + sorted,
		"with a filter more":      users + "&accountStatus=active&cursor=" + good,
		"with a search more":      users + "&q=u&cursor=" + good,
		"with a filter less":      users + "&cursor=" + cursorOf(root, users+"&isGlobalAdmin=no"),
		"with another search":     users + "&q_any=u3&cursor=" + cursorOf(root, users+"&q_any=u"),
		"of greylisting settings": "/api/admins?cursor=" + cursorOf(root, "/api/greylisting/all?limit=2"),
	} {
		t.Run(name, func(t *testing.T) {
			a := root.Get(path)
			require.Equal(t, http.StatusBadRequest, a.Status, a.Raw)
			require.Equal(t, "INVALID_VALUE", a.Msg())
			require.Equal(t, "cursor", a.Field())
			require.Contains(t, a.Raw, "begin again without cursor")
			require.NotContains(t, a.Raw, "u2@")
		})
	}
	for name, path := range map[string]string{"empty": users + "&cursor=", "endless": users + "&cursor=" + strings.Repeat("A", 5000)} {
		t.Run(name, func(t *testing.T) {
			a := root.Get(path)
			require.Equal(t, http.StatusBadRequest, a.Status, a.Raw)
			require.Equal(t, "cursor", a.Field())
		})
	}
}

// TestServersShareCursors reads the first page at one server and the second at another one that has the same state.
func TestServersShareCursors(t *testing.T) {
	dir := t.TempDir()
	state := "sqlite://" + filepath.Join(dir, "state.db") + "?sync=off"
	one := withLists(t, func(t *testing.T) *servertest.Fixture {
		t.Helper()
		w := servertest.ServeOn(t, dir, servertest.Files(t, dir), state)
		w.CreateRoot()
		return w
	})
	other := servertest.ServeOn(t, dir, servertest.Files(t, dir), state)
	root := one.Root()
	first := root.Get("/api/domains?limit=3&name_only=yes")
	a := root.At(other).Get("/api/domains?name_only=yes&cursor=" + servertest.TextAt(first.Body, "_next"))
	require.Equal(t, []string{"u4.test", "u5.test"}, texts(a), a.Raw)
}

// TestBadPages sends what no list takes.
func TestBadPages(t *testing.T) {
	w := withLists(t, func(t *testing.T) *servertest.Fixture { t.Helper(); return servertest.NewFixture(t) })
	root := w.Root()
	for query, want := range map[string]string{
		"limit=0": "INVALID_VALUE limit", "limit=-1": "INVALID_VALUE limit", "limit=x": "INVALID_TYPE limit", "limit=1.5": "INVALID_TYPE limit",
		"limit=": "INVALID_TYPE limit", "limit=-99999999999999999999": "INVALID_VALUE limit", "limit=1&limit=2": "REPEATED_PARAMETER limit",
		"sort=password": "INVALID_VALUE sort", "sort=Mail": "INVALID_VALUE sort", "sort=--mail": "INVALID_VALUE sort", "sort=": "INVALID_VALUE sort",
		"sort=name,mail": "INVALID_VALUE sort", "sort=domain": "INVALID_VALUE sort", "sort=account": "INVALID_VALUE sort",
		"q=": "INVALID_VALUE q", "q_any=": "INVALID_VALUE q_any", "q=%00": "INVALID_CHARACTER q", "q=%ff": "INVALID_UTF8 q", "q=a%0Ab": "INVALID_VALUE q",
		"q_any=%09": "INVALID_VALUE q_any", "q=" + strings.Repeat("x", 256): "VALUE_TOO_LONG q",
		"accountStatus=off": "INVALID_ACCOUNT_STATUS accountStatus", "isGlobalAdmin=1": "INVALID_VALUE isGlobalAdmin",
		"over_quota_percent=0": "INVALID_VALUE over_quota_percent", "over_quota_percent=x": "INVALID_TYPE over_quota_percent",
		"created_after=yesterday": "INVALID_VALUE created_after", "created_after=2026-02-31T00:00:00Z": "INVALID_VALUE created_after",
		"created_after=2026-02-01": "INVALID_VALUE created_after", "count=2": "INVALID_VALUE count", "page=2": "UNKNOWN_PARAMETER page",
		"Limit=1": "UNKNOWN_PARAMETER Limit",
	} {
		t.Run(query, func(t *testing.T) {
			a := root.Get("/api/users/u3.test?" + query)
			require.Equal(t, http.StatusBadRequest, a.Status, a.Raw)
			require.Equal(t, want, a.Msg()+" "+a.Field(), a.Raw)
		})
	}
	require.Contains(t, root.Get("/api/users/u3.test?created_after=2026-02-31T00:00:00Z").Body["_detail"], "a time in RFC 3339, such as 20")
	for path, sort := range map[string]string{
		"/api/domains": "mail", "/api/admins": "quota", "/api/aliases/u3.test": "stored_bytes", "/api/mls/u3.test": "quota", "/api/greylisting/all": "name",
	} {
		a := root.Get(path + "?sort=" + sort)
		require.Equal(t, "400 INVALID_VALUE sort", fmt.Sprint(a.Status, " ", a.Msg(), " ", a.Field()), a.Raw)
	}
	for path, query := range map[string]string{
		"/api/domains": "over_quota_percent=1", "/api/aliases/u3.test": "isGlobalAdmin=no", "/api/admins": "over_quota_percent=1",
		"/api/greylisting/all": "accountStatus=active", "/api/user/u1@u3.test": "limit=1",
	} {
		a := root.Get(path + "?" + query)
		require.Equal(t, "400 UNKNOWN_PARAMETER", fmt.Sprint(a.Status, " ", a.Msg()), a.Raw)
	}
	for _, text := range []string{"%", "_", "*", "(", ")", `\`, "u%", "u_", "u*", "u3%@", "' OR 1=1 --", "*)(mail=*", "\u20ac", "!"} {
		for _, parameter := range []string{"q", "q_any"} {
			for path := range paged {
				a := root.Get(path + "?" + parameter + "=" + url.QueryEscape(text))
				require.Equal(t, http.StatusOK, a.Status, a.Raw)
				require.Empty(t, a.List(), "%s=%s at %s", parameter, text, path)
			}
		}
	}
	require.Len(t, root.Get("/api/users/u3.test?q=U3%40u3&q_any=NAME").List(), 1)
}

// TestSortsOfADirectory has a directory asked for what it cannot sort by.
func TestSortsOfADirectory(t *testing.T) {
	root := withLists(t, func(t *testing.T) *servertest.Fixture { t.Helper(); return servertest.NewFixtureOn(t, "ldap") }).Root()
	for path, sorts := range map[string][]string{
		"/api/domains":         {"created", "-modified", "quota", "-stored_bytes"},
		"/api/users/u3.test":   {"created", "-modified", "quota", "-stored_bytes"},
		"/api/admins":          {"created", "-modified"},
		"/api/aliases/u3.test": {"created", "-modified"},
		"/api/mls/u3.test":     {"created", "-modified"},
	} {
		for _, sort := range sorts {
			a := root.Get(path + "?limit=2&sort=" + sort)
			require.Equal(t, "400 INVALID_VALUE sort", fmt.Sprint(a.Status, " ", a.Msg(), " ", a.Field()), a.Raw)
			require.Contains(t, a.Raw, "name", "it says what there is")
		}
		for _, sort := range []string{"name", "-name"} {
			require.Len(t, root.Get(path+"?limit=2&sort="+sort).List(), 2)
		}
	}
}

// TestRightsOfPages has an admin lose a domain between two pages of it.
func TestRightsOfPages(t *testing.T) {
	w := withLists(t, func(t *testing.T) *servertest.Fixture { t.Helper(); return servertest.NewFixture(t) })
	root := w.Root()
	root.Must(http.StatusCreated, "POST", "/api/admin/boss@elsewhere.test", servertest.Body{"password": servertest.Password})
	manage := func(domains ...string) {
		for _, d := range []string{"u1.test", "u2.test", "u3.test"} {
			parameter := "removeAdmin"
			if slices.Contains(domains, d) {
				parameter = "addAdmin"
			}
			root.Must(http.StatusOK, "PUT", "/api/domain/admins/"+d, servertest.Body{parameter: servertest.List{"boss@elsewhere.test"}})
		}
	}
	manage("u1.test", "u2.test", "u3.test")
	boss := w.As("boss@elsewhere.test", servertest.Password)
	users := boss.Get("/api/users/u3.test?limit=2&email_only=yes")
	require.Len(t, users.List(), 2)
	domains := boss.Get("/api/domains?limit=1&name_only=yes&count=yes")
	require.Equal(t, []string{"u1.test"}, texts(domains))
	require.EqualValues(t, 3, domains.Body["_total"])
	manage("u1.test", "u3.test")
	after := boss.Get("/api/domains?name_only=yes&cursor=" + servertest.TextAt(domains.Body, "_next"))
	require.Equal(t, []string{"u3.test"}, texts(after))
	require.Equal(t, http.StatusOK, boss.Get("/api/users/u3.test?email_only=yes&cursor="+servertest.TextAt(users.Body, "_next")).Status)
	manage("u1.test")
	a := boss.Get("/api/users/u3.test?email_only=yes&cursor=" + servertest.TextAt(users.Body, "_next"))
	require.Equal(t, http.StatusForbidden, a.Status, a.Raw)
	require.Equal(t, "PERMISSION_DENIED", a.Msg())
	a = root.Get("/api/users/u3.test?email_only=yes&cursor=" + servertest.TextAt(users.Body, "_next"))
	require.Len(t, a.List(), 3, "a cursor is nobody's own")
}

// TestWholeListsAreSorted reads whole lists, which have more items than are read at a time, in every order.
func TestWholeListsAreSorted(t *testing.T) {
	w := servertest.NewFixture(t)
	root := w.Root()
	root.MustDomain("example.com", nil)
	const users = 2501
	require.NoError(t, w.Vmail.Write(t.Context(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec(t.Context(), "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"+
			" INSERT INTO mailbox (username, name, quota, domain)"+
			" SELECT printf('u%05d@example.com', i), printf('Name %03d', i % 700), i % 3, 'example.com' FROM n", users-1)
		return err
	}))
	var byMail []string
	for _, sort := range []string{"mail", "-mail", "name", "-quota", "stored_bytes", "created"} {
		a := root.Get("/api/users/example.com?email_only=yes&count=yes&sort=" + sort)
		found := texts(a)
		require.Len(t, found, users, sort)
		require.EqualValues(t, users, a.Body["_total"])
		require.Len(t, slices.Compact(slices.Sorted(slices.Values(found))), users, "each once by %s", sort)
		if sort == "mail" {
			byMail = found
		}
	}
	require.True(t, slices.IsSorted(byMail))
	for _, large := range []string{"1001", "5000", "9223372036854775807", "99999999999999999999", "1e30"} {
		require.Len(t, root.Get("/api/users/example.com?email_only=yes&limit="+large).List(), 1000, "%s is taken as 1000", large)
	}
}
