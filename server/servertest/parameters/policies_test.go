package parameters_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/storetest"
)

// policyGroups are the groups of the published table that Amavisd and iRedAPD act on.
var policyGroups = []string{"Spam Policy", "Throttling", "Whitelisting and Blacklisting", "Greylisting"}

// playPolicies plays the steps, each with what it is to show.
func playPolicies(t *testing.T, v servertest.Session) {
	t.Helper()
	for _, s := range servertest.PolicySteps() {
		a := v.Write(s.Method, s.Path, s.Given)
		require.True(t, a.OK(), "%s: %s", s.Played, a.Raw)
		require.NotContains(t, a.Body, "_discarded", s.Played)
		shown := v.Legacy().Get(s.Read).Body["_data"]
		if s.Key != "" {
			shown = v.Show(s.Read)[s.Key]
		}
		servertest.RequireSame(t, s.Want, shown, "%s", s.Played)
	}
}

func TestPolicies(t *testing.T) {
	base := parameterFixture(t)
	bothSurfaces(t, base, "all", playPolicies)
}

// TestEveryPolicyRowIsPlayed compares the steps with the published table.
func TestEveryPolicyRowIsPlayed(t *testing.T) {
	used := map[string]bool{}
	for _, s := range servertest.PolicySteps() {
		used["GET "+s.Read] = true
		used[s.Method+" "+s.Path] = true
		for name := range s.Given {
			used[s.Method+" "+s.Path+" "+name] = true
		}
	}
	rows := 0
	for _, row := range servertest.Published(t) {
		if !slices.Contains(policyGroups, servertest.RouteOf(row.Method, row.Sample()).Operation.Tags[0]) {
			continue
		}
		rows++
		call := row.Method + " " + row.Sample()
		require.True(t, used[call], "%s %s is never called", row.Method, row.Path)
		for _, p := range row.Parameters {
			require.True(t, used[call+" "+p], "%s of %s %s is never given", p, row.Method, row.Path)
		}
	}
	require.Equal(t, 86, rows)
}

func TestPoliciesRefuse(t *testing.T) {
	base := parameterFixture(t)
	long := strings.Repeat("a", 64)
	tests := []struct {
		name, method, path string
		given              servertest.Body
		status             int
		msg, field         string
	}{
		{"unknown domain", "PUT", "/api/spampolicy/domain/nowhere.test", servertest.Body{"spam_score": 5}, 404, "NO_SUCH_DOMAIN", "domain"},
		{"unknown user", "PUT", "/api/spampolicy/user/nobody@example.com", servertest.Body{"spam_score": 5}, 404, "NO_SUCH_ACCOUNT", "mail"},
		{"spam policy of an alias account", "PUT", "/api/spampolicy/user/sales@example.com", servertest.Body{"spam_score": 5}, 404, "NO_SUCH_ACCOUNT", "mail"},
		{"alias domain", "POST", "/api/throttle/example.net/inbound", servertest.Body{"period": 5}, 404, "NO_SUCH_DOMAIN", "account"},
		{"unknown account", "POST", "/api/wblist/inbound/whitelist/nobody@example.com", servertest.Body{"addresses": servertest.List{"@x.test"}}, 404, "NO_SUCH_ACCOUNT", "account"},
		{"unknown account, reading", "GET", "/api/greylisting/nobody@example.com", nil, 404, "NO_SUCH_ACCOUNT", "account"},
		{"unknown colour", "GET", "/api/wblist/inbound/greylist/global", nil, 400, "INVALID_VALUE", "colour"},
		{"not a number", "PUT", "/api/spampolicy/global", servertest.Body{"spam_score": "NaN"}, 400, "INVALID_NUMBER", "spam_score"},
		{"score out of reach", "PUT", "/api/spampolicy/global", servertest.Body{"spam_score": 100000000}, 400, "INVALID_NUMBER", "spam_score"},
		{"neither yes nor no", "PUT", "/api/spampolicy/global", servertest.Body{"bypass_spam_checks": "maybe"}, 400, "INVALID_VALUE", "bypass_spam_checks"},
		{"kept and not looked for", "PUT", "/api/spampolicy/global", servertest.Body{"bypass_spam_checks": "yes", "quarantine_spam": "yes"}, 400,
			"CONFLICTING_PARAMETERS", "quarantine_spam"},
		{"too many rules", "PUT", "/api/spampolicy/global", servertest.Body{"banned_rulenames": servertest.List{long, "B"}}, 400, "VALUE_TOO_LONG", "banned_rulenames"},
		{"negative period", "POST", "/api/throttle/global/inbound", servertest.Body{"period": -1}, 400, "INVALID_NUMBER", "period"},
		{"no period", "POST", "/api/throttle/global/inbound", servertest.Body{"max_msgs": 5}, 400, "MISSING_PARAMETER", "period"},
		{"period beyond the column", "POST", "/api/throttle/global/inbound", servertest.Body{"period": 4294967296}, 400, "INVALID_NUMBER", "period"},
		{"limit beyond 64 bit", "POST", "/api/throttle/global/inbound", servertest.Body{"period": 5, "max_quota": "99999999999999999999"}, 400, "", "max_quota"},
		{"limit below", "POST", "/api/throttle/global/inbound", servertest.Body{"period": 5, "max_msgs": -2}, 400, "INVALID_NUMBER", "max_msgs"},
		{"unknown status", "POST", "/api/greylisting/global", servertest.Body{"status": "perhaps"}, 400, "INVALID_VALUE", "status"},
		{"all and more", "POST", "/api/greylisting/global/whitelists", servertest.Body{"senders": servertest.List{"@a.test"}, "addSenders": servertest.List{"@b.test"}}, 400,
			"CONFLICTING_PARAMETERS", "addSenders"},
		{"all and fewer", "POST", "/api/greylisting/whitelist_spf_domains", servertest.Body{"domains": servertest.List{"a.test"}, "removeDomains": servertest.List{"b.test"}}, 400,
			"CONFLICTING_PARAMETERS", "removeDomains"},
	}
	before := policyRows(t, base)
	for _, test := range tests {
		bothSurfaces(t, base, test.name, func(t *testing.T, v servertest.Session) {
			a := v.Write(test.method, test.path, test.given)
			require.Equal(t, v.Status(test.status), a.Status, a.Raw)
			require.False(t, a.OK())
			require.Equal(t, test.field, a.Body["_field"], a.Raw)
			if test.msg != "" {
				require.Equal(t, test.msg, a.Msg(), a.Raw)
			}
			require.Equal(t, before, policyRows(t, v.W), "nothing was written")
		})
	}
}

// policyRows are all rows of the policies.
func policyRows(t *testing.T, w *servertest.Fixture) map[string]any {
	t.Helper()
	all := map[string]any{}
	read := func(db *sqldb.DB, tables ...string) {
		for _, table := range tables {
			rows, err := db.Reader().Records(t.Context(), "SELECT * FROM "+table+" ORDER BY 1, 2")
			require.NoError(t, err)
			all[table] = rows
		}
	}
	read(w.Amavisd, "users", "mailaddr", "wblist", "outbound_wblist", "policy")
	read(w.Iredapd, "throttle", "greylisting", "greylisting_whitelists", "greylisting_whitelist_domains")
	return all
}

func TestInvalidListItemsAreNamed(t *testing.T) {
	base := parameterFixture(t)
	bothSurfaces(t, base, "wblist and greylisting", func(t *testing.T, v servertest.Session) {
		invalid := servertest.List{"192.0.2.5/24", "@com", "nonsense"}
		a := v.Write("POST", "/api/wblist/inbound/blacklist/example.com", servertest.Body{"addresses": append(servertest.List{"@good.test"}, invalid...)})
		require.True(t, a.OK(), a.Raw)
		servertest.RequireSame(t, invalid, a.Body["_discarded"], "wblist")
		servertest.RequireSame(t, servertest.List{"@good.test"}, v.Legacy().Get("/api/wblist/inbound/blacklist/example.com").Body["_data"], "what is valid is taken")
		a = v.Write("POST", "/api/greylisting/example.com/whitelists", servertest.Body{"senders": append(servertest.List{"@good.test", "pen@*"}, invalid...)})
		require.True(t, a.OK(), a.Raw)
		servertest.RequireSame(t, append(servertest.List{"pen@*"}, invalid...), a.Body["_discarded"], "greylisting")
		a = v.Write("PUT", "/api/wblist/inbound/blacklist/example.com", servertest.Body{"addresses": invalid})
		require.True(t, a.OK(), a.Raw)
		servertest.RequireSame(t, len(invalid), a.Body["_discarded_count"], "only invalid ones")
	})
}

func TestPoliciesSayWhatApplies(t *testing.T) {
	w := parameterFixture(t)
	root := w.Root()
	effective := func(path, name string) any {
		all, ok := root.Get(path).Body["_effective"].(map[string]any)
		require.True(t, ok)
		return all[name]
	}
	servertest.Put("/api/spampolicy/domain/example.com", servertest.Body{"spam_score": 4})(root)
	servertest.Post("/api/throttle/global/outbound", servertest.Body{"period": 60, "max_msgs": 50})(root)
	servertest.Post("/api/greylisting/example.com", servertest.Body{"status": "disable"})(root)
	for _, c := range []struct {
		path, name string
		want       servertest.Body
	}{
		{"/api/spampolicy/user/anna@example.com", "spam_score", servertest.Body{"value": 4, "source": "@example.com"}},
		{"/api/spampolicy/user/anna@example.com", "quarantine_virus", servertest.Body{"value": "yes", "source": "@."}},
		{"/api/spampolicy/user/zoe@other.test", "spam_score", servertest.Body{"value": 6.2, "source": "default"}},
		{"/api/throttle/anna@example.com/outbound", "max_msgs", servertest.Body{"value": 50, "source": "@."}},
		{"/api/throttle/anna@example.com/inbound", "max_msgs", servertest.Body{"value": 0, "source": "default"}},
		{"/api/greylisting/anna@example.com", "status", servertest.Body{"value": "disable", "source": "@example.com"}},
		{"/api/greylisting/zoe@other.test", "status", servertest.Body{"value": "enable", "source": "@."}},
	} {
		servertest.RequireSame(t, c.want, effective(c.path, c.name), "%s %s", c.path, c.name)
		require.Empty(t, root.Legacy().Get(c.path).Data(), "the account has nothing of its own")
	}
}

// TestThrottlesSentBack sends back what is read of a throttle, also where there is none, and ends one with null. A script whose variable is
// empty ends none.
func TestThrottlesSentBack(t *testing.T) {
	w := parameterFixture(t)
	root := w.Root()
	const path = "/api/throttle/anna@example.com/outbound"
	for _, set := range []servertest.Body{nil, {"period": 60, "max_msgs": 5}} {
		if set != nil {
			servertest.Post(path, set)(root)
		}
		read := root.Get(path).Data()
		require.Equal(t, set == nil, read["period"] == nil)
		root.Must(http.StatusOK, "POST", path, servertest.Body(read))
		require.Equal(t, read, root.Get(path).Data())
	}
	before := root.Get(path).Data()
	for contentType, body := range map[string]string{servertest.JSONType: `{"period": null}`, "application/x-www-form-urlencoded": "period=&max_msgs=7"} {
		a := root.Legacy().Send("POST", path, contentType, body)
		require.Equal(t, []string{"MISSING_PARAMETER", "period"}, []string{a.Msg(), a.Field()}, a.Raw)
		require.Equal(t, before, root.Get(path).Data())
	}
	root.Must(http.StatusOK, "POST", path, servertest.Body{"period": nil, "max_msgs": 7})
	require.Nil(t, root.Get(path).Data()["period"])
}

// withPolicies gives an account one of everything.
func withPolicies(mail string) servertest.Act {
	return servertest.Acts(
		servertest.Put("/api/spampolicy/user/"+mail, servertest.Body{"spam_score": 4}),
		servertest.Post("/api/wblist/inbound/blacklist/"+mail, servertest.Body{"addresses": servertest.List{"@bad.test"}}),
		servertest.Post("/api/throttle/"+mail+"/outbound", servertest.Body{"period": 60}),
		servertest.Post("/api/greylisting/"+mail, servertest.Body{"status": "disable"}),
		servertest.Post("/api/greylisting/"+mail+"/whitelists", servertest.Body{"senders": servertest.List{"@good.test"}}),
	)
}

// requirePolicies expects that the account has everything, or nothing.
func requirePolicies(t *testing.T, c *servertest.Client, mail string, want bool) {
	t.Helper()
	c = c.Legacy() // which shows nothing of what is not there
	require.Equal(t, want, len(c.Get("/api/spampolicy/user/"+mail).Data()) > 0, "spam policy")
	require.Equal(t, want, len(c.Get("/api/throttle/"+mail+"/outbound").Data()) > 0, "throttle")
	require.Equal(t, want, len(c.Get("/api/greylisting/"+mail).Data()) > 0, "greylisting")
	for _, path := range []string{"/api/wblist/inbound/blacklist/" + mail, "/api/greylisting/" + mail + "/whitelists"} {
		items, ok := c.Get(path).Body["_data"].([]any)
		require.True(t, ok)
		require.Equal(t, want, len(items) > 0, path)
	}
}

func TestPoliciesGoWithTheirAccount(t *testing.T) {
	const anna, anne, ben = "anna@example.com", "anne@example.com", "ben@example.com"
	base := parameterFixture(t)
	cookie := base.Root().Cookie
	again := servertest.Post("/api/user/"+anna, servertest.Body{"password": servertest.Password})
	tests := []struct {
		name string
		do   servertest.Act
		has  map[string]bool
	}{
		{"user deleted and made again", servertest.Acts(servertest.Remove("/api/user/"+anna), again), map[string]bool{anna: false, ben: true}},
		{"user renamed", servertest.Acts(servertest.Post("/api/user/"+anna+"/change_email/"+anne, servertest.Body{}), again), map[string]bool{anna: false, anne: true, ben: true}},
		{"domain deleted and made again",
			servertest.Acts(servertest.Remove("/api/domain/example.com"), servertest.Post("/api/domain/example.com", servertest.Body{}), again, servertest.Post("/api/user/"+ben, servertest.Body{"password": servertest.Password})),
			map[string]bool{anna: false, ben: false}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := &servertest.Client{W: servertest.CopyFixture(t, base.Dir), Cookie: cookie}
			servertest.Acts(withPolicies(anna), withPolicies(ben))(c)
			requirePolicies(t, c, anna, true)
			test.do(c)
			for mail, has := range test.has {
				requirePolicies(t, c, mail, has)
			}
		})
	}
}

// TestPoliciesThatCannotBeRemovedYet has iRedAPD's database refuse: the account is gone all the same, and nobody gets its
// name before what it had is gone too.
func TestPoliciesThatCannotBeRemovedYet(t *testing.T) {
	const anna = "anna@example.com"
	w := parameterFixture(t)
	root := w.Root()
	withPolicies(anna)(root)
	storetest.Exec(t, w.Iredapd, "CREATE TRIGGER broken BEFORE DELETE ON throttle BEGIN SELECT RAISE(ABORT, 'broken by the test'); END")
	servertest.Remove("/api/user/" + anna)(root)
	refused := root.JSON("POST", "/api/user/"+anna, servertest.Body{"password": servertest.Password})
	require.Equal(t, http.StatusServiceUnavailable, refused.Status, refused.Raw)
	require.Equal(t, "SERVER_DOWN", refused.Msg())
	require.Equal(t, http.StatusNotFound, root.Get("/api/user/"+anna).Status)
	servertest.Post("/api/user/other@example.com", servertest.Body{"password": servertest.Password})(root)

	storetest.Exec(t, w.Iredapd, "DROP TRIGGER broken")
	servertest.Post("/api/user/"+anna, servertest.Body{"password": servertest.Password})(root)
	requirePolicies(t, root, anna, false)
	withPolicies(anna)(root)
	unfinished, err := w.Deps.State.UnfinishedIntents(t.Context())
	require.NoError(t, err)
	require.Empty(t, unfinished)
	requirePolicies(t, root, anna, true)
}

func TestPoliciesAreLogged(t *testing.T) {
	w := parameterFixture(t)
	withPolicies("anna@example.com")(w.Root())
	rows, err := w.Panel.Reader().Records(t.Context(), "SELECT event, domain, username, msg FROM log ORDER BY id DESC LIMIT 5")
	require.NoError(t, err)
	slices.Reverse(rows)
	var events []any
	for _, r := range rows {
		events = append(events, r.Get("event"))
		require.Equal(t, "example.com", r.Get("domain"))
		require.Equal(t, "anna@example.com", r.Get("username"))
	}
	require.Equal(t, []any{"update", "update_wblist", "iredapd", "iredapd", "iredapd"}, events)
	require.Equal(t, "[API] Update white/blacklist of anna@example.com.", rows[1].Get("msg"))
}

func TestPoliciesWithoutDatabases(t *testing.T) {
	w := servertest.NewFixture(t)
	none := servertest.ServeOn(t, w.Dir, servertest.Databases{Vmail: w.Vmail, Panel: w.Panel}, "sqlite://"+w.Dir+"/state.db")
	root := &servertest.Client{W: none, Cookie: w.Root().Cookie}
	for _, path := range []string{"/api/spampolicy/global", "/api/wblist/inbound/whitelist/global", "/api/throttle/global/inbound", "/api/greylisting/all"} {
		a := root.Get(path)
		require.Equal(t, http.StatusServiceUnavailable, a.Status, a.Raw)
		require.Equal(t, "NOT_CONFIGURED", a.Msg())
	}
	root.MustDomain("example.com", nil)
	servertest.Remove("/api/domain/example.com")(root)
	root.MustDomain("example.com", nil)
}

func TestAThousandAddressesInOneRequest(t *testing.T) {
	for _, engine := range servertest.Engines {
		t.Run(engine, func(t *testing.T) {
			w := servertest.NewFixtureOn(t, engine)
			root := w.Root()
			var all []string
			for i := range 1000 {
				all = append(all, fmt.Sprintf("sender%04d@example.net", i))
			}
			servertest.Post("/api/wblist/inbound/blacklist/global", servertest.Body{"addresses": all})(root)
			items, ok := root.Get("/api/wblist/inbound/blacklist/global").Data()["addresses"].([]any)
			require.True(t, ok)
			require.Len(t, items, 1000)
			var n int64
			require.NoError(t, w.Amavisd.Reader().Get(t.Context(), &n, "SELECT COUNT(*) FROM wblist"))
			require.EqualValues(t, 1000, n)
		})
	}
}
