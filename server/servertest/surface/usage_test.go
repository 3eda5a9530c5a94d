package surface_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store"
)

const usageColumns = "domain,users,aliases,mailing_lists,static_lists,allocated_quota,stored_bytes,stored_messages," +
	"users_over_quota,users_never_logged_in,users_inactive\r\n"

// withUsage has one.test with three mailboxes, of which one is over its quota and one in use, and the empty two.test and three.test. The
// admin boss manages one.test and two.test.
func withUsage(t *testing.T) (w *servertest.Fixture, root, boss *servertest.Client) {
	t.Helper()
	w = servertest.NewFixture(t)
	root = w.Root()
	for _, d := range []string{"one.test", "two.test", "three.test"} {
		root.MustDomain(d, nil)
	}
	for mail, quota := range map[string]int{"ann@one.test": 10, "bea@one.test": 20, "cid@one.test": 0} {
		root.MustUser(mail, servertest.Body{"quota": quota})
	}
	root.Must(http.StatusCreated, "POST", "/api/alias/all@one.test", servertest.Body{"members": servertest.List{"ann@one.test"}})
	root.Must(http.StatusOK, "PUT", "/api/domain/one.test", servertest.Body{
		"aliasDomains": servertest.List{"alias.test"}, "catchall": servertest.List{"ann@one.test"},
	})
	root.Must(http.StatusCreated, "POST", "/api/admin/boss@elsewhere.test", servertest.Body{"password": servertest.Password})
	for _, d := range []string{"one.test", "two.test"} {
		root.Must(http.StatusOK, "PUT", "/api/domain/admins/"+d, servertest.Body{"addAdmin": servertest.List{"boss@elsewhere.test"}})
	}
	recently, once := time.Now().Add(-10*24*time.Hour).Unix(), time.Now().Add(-100*24*time.Hour).Unix()
	for _, statement := range []string{
		"INSERT INTO used_quota (username, bytes, messages) VALUES ('ann@one.test', 10485761, 4)",
		"INSERT INTO used_quota (username, bytes, messages) VALUES ('cid@one.test', 5000000000, 6)",
		fmt.Sprintf("INSERT INTO last_login (username, domain, imap) VALUES ('ann@one.test', 'one.test', %d)", recently),
		fmt.Sprintf("INSERT INTO last_login (username, domain, pop3) VALUES ('bea@one.test', 'one.test', %d)", once),
	} {
		require.NoError(t, w.Vmail.Do(t.Context(), statement))
	}
	return w, root, w.As("boss@elsewhere.test", servertest.Password)
}

// domainsOf are the domains of the reports.
func domainsOf(a servertest.Answer) []string {
	names := []string{}
	for _, item := range a.List() {
		names = append(names, servertest.TextAt(item.(map[string]any), "domain"))
	}
	return names
}

// TestUsage has the reports in both forms, on both surfaces.
func TestUsage(t *testing.T) {
	_, root, _ := withUsage(t)
	one := map[string]any{
		"domain": "one.test", "users": 3., "aliases": 1., "mailing_lists": 0., "static_lists": 0., "allocated_quota": 30., "stored_bytes": 5010485761.,
		"stored_messages": 10., "users_over_quota": 1., "users_never_logged_in": 1., "users_inactive": 2.,
	}
	const none = ",0,0,0,0,0,0,0,0,0,0\r\n"
	table := usageColumns + "one.test,3,1,0,0,30,5010485761,10,1,1,2\r\n"
	for name, c := range map[string]*servertest.Client{"strict": root, "legacy": root.Legacy()} {
		t.Run(name, func(t *testing.T) {
			a := c.Get("/api/usage")
			require.Equal(t, http.StatusOK, a.Status, a.Raw)
			require.Equal(t, []string{"one.test", "three.test", "two.test"}, domainsOf(a), "alias domains have none")
			require.Equal(t, one, a.List()[0])
			_, hasNext := a.Body["_next"]
			require.Equal(t, name == "strict", hasNext)
			a = c.Get("/api/usage?format=csv")
			require.Equal(t, http.StatusOK, a.Status)
			require.Equal(t, servertest.TableType, a.Header.Get("Content-Type"))
			require.Equal(t, table+"three.test"+none+"two.test"+none, a.Raw)
			a = c.Get("/api/usage?domain=One.Test")
			require.Equal(t, []any{one}, a.List(), a.Raw)
			require.Equal(t, table, c.Get("/api/usage?format=csv&domain=one.test").Raw)
			require.EqualValues(t, 1, c.Get("/api/usage?domain=one.test&inactive_days=101").List()[0].(map[string]any)["users_inactive"])
			require.EqualValues(t, 3, c.Get("/api/usage?domain=one.test&inactive_days=9").List()[0].(map[string]any)["users_inactive"])
		})
	}
	a := root.Legacy().Get("/api/usage?format=csv&domain=one.test&nothing=1")
	require.Equal(t, table, a.Raw, "a table has no room for what was ignored")
}

// TestUsageIsThatOfSingleReads compares a report with what the domain and its mailboxes say.
func TestUsageIsThatOfSingleReads(t *testing.T) {
	_, root, _ := withUsage(t)
	report := root.Get("/api/usage?domain=one.test").List()[0].(map[string]any)
	domain := root.Get("/api/domain/one.test").Data()["usage"].(map[string]any)
	require.Equal(t, []any{domain["users"], domain["aliases"], domain["allocated_quota"]},
		[]any{report["users"], report["aliases"], report["allocated_quota"]})
	var bytes, messages, never float64
	for _, item := range root.Get("/api/users/one.test").List() {
		user := item.(map[string]any)
		bytes += user["stored_bytes"].(float64)
		messages += user["stored_messages"].(float64)
		if user["last_login"] == nil {
			never++
		}
	}
	require.Equal(t, []any{bytes, messages, never}, []any{report["stored_bytes"], report["stored_messages"], report["users_never_logged_in"]})
	require.EqualValues(t, report["users_over_quota"], len(root.Get("/api/users/one.test?over_quota_percent=100").List()))
}

// TestUsageOfCallers has everybody see what they manage.
func TestUsageOfCallers(t *testing.T) {
	w, root, boss := withUsage(t)
	require.Equal(t, []string{"one.test", "two.test"}, domainsOf(boss.Get("/api/usage")))
	require.Equal(t, []string{"two.test"}, domainsOf(boss.Get("/api/usage?domain=two.test")))
	require.Equal(t, []string{"one.test", "two.test"}, domainsOf(boss.Legacy().Get("/api/usage")))
	require.NotContains(t, boss.Get("/api/usage?format=csv").Raw, "three.test")
	for name, c := range map[string]struct {
		client *servertest.Client
		domain string
		status int
		msg    string
	}{
		"of another":             {boss, "three.test", 403, "PERMISSION_DENIED"},
		"of nobody":              {boss, "none.test", 403, "PERMISSION_DENIED"},
		"of a nobody, as global": {root, "none.test", 404, "NO_SUCH_DOMAIN"},
		"an alias domain":        {root, "alias.test", 404, "NO_SUCH_DOMAIN"},
		"no name":                {root, "one", 400, "INVALID_DOMAIN_NAME"},
	} {
		for _, form := range []string{"", "&format=csv"} {
			t.Run(name+form, func(t *testing.T) {
				a := c.client.Get("/api/usage?domain=" + c.domain + form)
				require.Equal(t, fmt.Sprint(c.status, " ", c.msg, " domain"), fmt.Sprint(a.Status, " ", a.Msg(), " ", a.Field()), a.Raw)
				a = c.client.Legacy().Get("/api/usage?domain=" + c.domain + form)
				require.Equal(t, "200 "+c.msg, fmt.Sprint(a.Status, " ", a.Msg()), a.Raw)
			})
		}
	}
	require.Contains(t, root.Get("/api/usage?domain=m%C3%BCnchen.de").Body["_detail"], "Write xn--mnchen-3ya.de.")
	require.Equal(t, http.StatusUnauthorized, w.Anonymous().Get("/api/usage?format=csv").Status)
	plain := w.Root()
	plain.Must(http.StatusOK, "PUT", "/api/domain/admins/two.test", servertest.Body{"removeAdmin": servertest.List{"boss@elsewhere.test"}})
	require.Equal(t, []string{"one.test"}, domainsOf(boss.Get("/api/usage")), "rights are looked at again")
}

// TestUsageForms has the header Accept and the parameter decide.
func TestUsageForms(t *testing.T) {
	_, root, _ := withUsage(t)
	for _, c := range []struct {
		accept, query string
		table         bool
	}{
		{"", "", false}, {"*/*", "", false}, {"text/*", "", false}, {"text/csv", "", true}, {"Text/CSV; charset=utf-8", "", true},
		{"application/json", "", false}, {"text/csv, application/json;q=0.9", "", true}, {"text/csv;q=0.5, application/json", "", false},
		{"application/json, text/csv", "", false}, {"text/csv, application/json", "", true}, {"application/json;q=0.5, text/csv", "", true},
		{"text/csv, */*;q=0.1", "", true}, {"text/csv;q=0", "", false}, {"text/html,application/xhtml+xml,*/*;q=0.8", "", false}, {";;;,", "", false},
		{"text/csv", "?format=json", false}, {"application/json", "?format=csv", true},
	} {
		t.Run(c.accept+c.query, func(t *testing.T) {
			for _, prefix := range []string{"", "/iredadmin"} {
				r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, prefix+"/api/usage"+c.query, nil)
				if c.accept != "" {
					r.Header.Set("Accept", c.accept)
				}
				client := root
				if prefix != "" {
					client = root.Legacy()
				}
				a := client.Do(r)
				require.Equal(t, http.StatusOK, a.Status, a.Raw)
				require.Equal(t, c.table, a.Header.Get("Content-Type") == servertest.TableType)
				require.Contains(t, a.Header.Values("Vary"), "Accept")
			}
		})
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/domains", nil)
	r.Header.Set("Accept", "text/csv")
	require.Equal(t, "application/json", root.Do(r).Header.Get("Content-Type"), "others have no table")
}

// TestUsageIsNoFormula has a name that another program wrote, which a spreadsheet would run.
func TestUsageIsNoFormula(t *testing.T) {
	w, root, _ := withUsage(t)
	for _, name := range []string{`=cmd|x,"y".test`, "-a.test", "@b.test", "+c.test"} {
		require.NoError(t, w.Vmail.Do(t.Context(), "INSERT INTO domain (domain) VALUES ('"+name+"')"))
	}
	a := root.Get("/api/usage?format=csv")
	rows, err := a.Table()
	require.NoError(t, err)
	var names []string
	for _, row := range rows[1:] {
		require.Len(t, row, strings.Count(usageColumns, ",")+1)
		names = append(names, row[0])
	}
	require.ElementsMatch(t, []string{`'=cmd|x,"y".test`, "'-a.test", "'@b.test", "'+c.test", "one.test", "three.test", "two.test"}, names)
	require.Contains(t, a.Raw, `"'=cmd|x,""y"".test",0`)
	require.Contains(t, domainsOf(root.Get("/api/usage")), `=cmd|x,"y".test`, "in the envelope a name is a name")
}

// TestPagesOfUsage goes through all reports, one by one, in both forms.
func TestPagesOfUsage(t *testing.T) {
	_, root, boss := withUsage(t)
	for _, format := range []string{"json", "csv"} {
		path, got := "/api/usage?limit=1&count=yes&format="+format, []string{}
		for range 4 {
			a := root.Get(path)
			require.Equal(t, http.StatusOK, a.Status, a.Raw)
			if format == "csv" {
				rows, err := a.Table()
				require.NoError(t, err)
				require.Len(t, rows, 2)
				got = append(got, rows[1][0])
			} else {
				require.EqualValues(t, 3, a.Body["_total"])
				got = append(got, domainsOf(a)...)
			}
			link := a.Header.Get("Link")
			if link == "" {
				break
			}
			path = strings.TrimSuffix(strings.TrimPrefix(link, "<"), `>; rel="next"`)
		}
		require.Equal(t, []string{"one.test", "three.test", "two.test"}, got)
	}
	first := root.Get("/api/usage?limit=1")
	cursor := servertest.TextAt(first.Body, "_next")
	require.Equal(t, []string{"two.test"}, domainsOf(boss.Get("/api/usage?cursor="+cursor)), "a cursor gives no rights")
	for _, query := range []string{"inactive_days=7&cursor=" + cursor, "domain=one.test&cursor=" + cursor, "cursor=x"} {
		a := root.Get("/api/usage?" + query)
		require.Equal(t, "400 INVALID_VALUE cursor", fmt.Sprint(a.Status, " ", a.Msg(), " ", a.Field()), a.Raw)
	}
	legacy := root.Legacy().Get("/api/usage?limit=1")
	require.Len(t, legacy.List(), 3)
	require.Equal(t, []any{"limit"}, legacy.Body["_ignored"])
}

// TestBadUsage sends what no report takes.
func TestBadUsage(t *testing.T) {
	_, root, _ := withUsage(t)
	for query, want := range map[string]string{
		"format=xml": "INVALID_VALUE format", "format=": "INVALID_VALUE format", "format=CSV": "INVALID_VALUE format",
		"inactive_days=0": "INVALID_VALUE inactive_days", "inactive_days=-1": "INVALID_VALUE inactive_days", "inactive_days=x": "INVALID_TYPE inactive_days",
		"inactive_days=36501": "INVALID_VALUE inactive_days", "inactive_days=1.5": "INVALID_TYPE inactive_days", "domain=": "INVALID_DOMAIN_NAME domain",
		"domain=one.test&domain=two.test": "REPEATED_PARAMETER domain", "limit=0": "INVALID_VALUE limit", "sort=domain": "UNKNOWN_PARAMETER sort",
		"q=x": "UNKNOWN_PARAMETER q", "mail=x": "UNKNOWN_PARAMETER mail",
	} {
		t.Run(query, func(t *testing.T) {
			a := root.Get("/api/usage?" + query)
			require.Equal(t, "400 "+want, fmt.Sprint(a.Status, " ", a.Msg(), " ", a.Field()), a.Raw)
		})
	}
	for _, query := range []string{"inactive_days=x", "format=xml", "inactive_days=0"} {
		a := root.Legacy().Get("/api/usage?" + query)
		require.Equal(t, "200 false", fmt.Sprint(a.Status, " ", a.Body["_success"]), a.Raw)
	}
	require.True(t, root.Get("/api/usage?inactive_days=36500").OK())
	require.Equal(t, http.StatusMethodNotAllowed, root.JSON("POST", "/api/usage", servertest.Body{}).Status)
}

// TestUsageOfADirectory has the kinds of a directory.
func TestUsageOfADirectory(t *testing.T) {
	w := withLists(t, func(t *testing.T) *servertest.Fixture { t.Helper(); return servertest.NewFixtureOn(t, "ldap") })
	_, err := w.Deps.Directory.CreateStaticList(t.Context(), servertest.ByRoot, store.StaticListCreate{Mail: "board@u3.test"})
	require.NoError(t, err)
	root := w.Root()
	a := root.Get("/api/usage?domain=u3.test")
	require.Len(t, a.List(), 1, a.Raw)
	report := a.List()[0].(map[string]any)
	require.Equal(t, []any{5., 5., 1.}, []any{report["users"], report["aliases"], report["static_lists"]})
	lists := root.Get("/api/domain/u3.test").Data()["usage"].(map[string]any)["lists"].(float64)
	require.EqualValues(t, lists, report["mailing_lists"].(float64)+report["static_lists"].(float64))
	require.Contains(t, root.Get("/api/usage").List(), a.List()[0])
	require.Len(t, root.Get("/api/usage").List(), 5)
}
