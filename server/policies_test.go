package server_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/storetest"
)

// policyGroups are the groups of the published table that Amavisd and iRedAPD act on.
var policyGroups = []string{"Spam Policy", "Throttling", "Whitelisting and Blacklisting", "Greylisting"}

// policyStep is a call, and what a GET shows afterwards: of an object the named key, else all of it.
type policyStep struct {
	played
	read, key string
	want      any
}

// policyAccounts are the sorts of accounts in the paths, as the published table writes them.
var policyAccounts = map[string]string{"global": "global", "<domain>": "example.com", "<mail>": "anna@example.com"}

// policySteps use every operation of the policy groups, with every parameter and each of its values.
func policySteps() []policyStep {
	var all []policyStep
	for _, row := range []string{"global", "<domain>", "<mail>"} {
		account := policyAccounts[row]
		all = slices.Concat(all, spamSteps(account), greylistingSteps(account))
		for _, direction := range []string{"inbound", "outbound"} {
			all = append(all, throttleSteps("/api/throttle/"+account+"/"+direction, direction)...)
			for _, colour := range []string{"whitelist", "blacklist"} {
				all = append(all, wblistSteps("/api/wblist/"+direction+"/"+colour+"/"+account)...)
			}
		}
	}
	return append(all, spfSteps()...)
}

func spamSteps(account string) []policyStep {
	path := "/api/spampolicy/" + map[bool]string{true: "user/", false: "domain/"}[strings.Contains(account, "@")] + account
	if account == "global" {
		path = "/api/spampolicy/global"
	}
	var steps []policyStep
	put := func(name string, give, want any) {
		steps = append(steps, policyStep{played{"PUT", path, body{name: give}}, path, name, want})
	}
	for _, name := range []string{
		"quarantine_spam", "quarantine_virus", "quarantine_banned", "quarantine_bad_header", "bypass_spam_checks", "bypass_virus_checks",
		"bypass_banned_checks", "bypass_header_checks", "prefix_spam_in_subject",
	} {
		put(name, "yes", "yes")
		put(name, "no", "no")
		put(name, nil, nil)
	}
	put("always_insert_x_spam_headers", "yes", "yes")
	put("always_insert_x_spam_headers", "no", nil)
	put("spam_score", 5, 5)
	put("spam_score", -3, -3)
	put("spam_score", nil, nil)
	put("banned_rulenames", list{"ALLOW_MS_WORD", "DEFAULT"}, list{"ALLOW_MS_WORD", "DEFAULT"})
	put("banned_rulenames", list{}, nil)
	return append(steps, policyStep{played{"DELETE", path, nil}, path, "", body{}}, policyStep{played{"DELETE", path, nil}, path, "", body{}})
}

func throttleSteps(path, direction string) []policyStep {
	steps := []policyStep{
		{played{"POST", path, body{"period": 60, "msg_size": 1000, "max_msgs": 5, "max_quota": 9000}}, path, "msg_size", 1000},
		{played{"POST", path, body{"period": 60, "max_msgs": 7}}, path, "max_msgs", 7},
		{played{"POST", path, body{"period": 60, "max_msgs": 7}}, path, "msg_size", -1},
		{played{"POST", path, body{"period": 90, "msg_size": nil, "max_quota": 0}}, path, "max_quota", 0},
		{played{"POST", path, body{"period": 90}}, path, "kind", direction},
		{played{"POST", path, body{"period": 120}}, path, "period", 120},
	}
	return append(steps, policyStep{played{"POST", path, body{"period": 0}}, path, "", body{}})
}

func wblistSteps(path string) []policyStep {
	return []policyStep{
		{played{"POST", path, body{"addresses": list{"PEN@example.net", "@.example.org", "192.0.2.0/24", "pen@*"}}}, path, "",
			list{"192.0.2.0/24", "@.example.org", "pen@*", "pen@example.net"}},
		{played{"POST", path, body{"addresses": list{"pen@example.net", "2001:DB8::1"}}}, path, "",
			list{"192.0.2.0/24", "2001:db8::1", "@.example.org", "pen@*", "pen@example.net"}},
		{played{"PUT", path, body{"addresses": list{"pen@example.net", "never@example.net"}}}, path, "",
			list{"192.0.2.0/24", "2001:db8::1", "@.example.org", "pen@*"}},
		{played{"PUT", path, body{"addresses": list{}}}, path, "", list{"192.0.2.0/24", "2001:db8::1", "@.example.org", "pen@*"}},
		{played{"DELETE", path, nil}, path, "", list{}},
	}
}

func greylistingSteps(account string) []policyStep {
	path, exempt := "/api/greylisting/"+account, "/api/greylisting/"+account+"/whitelists"
	return []policyStep{
		{played{"POST", path, body{"status": "disable"}}, path, "status", "disable"},
		{played{"POST", path, body{"status": "enable"}}, path, "status", "enable"},
		{played{"POST", path, body{}}, path, "active", 1},
		{played{"GET", "/api/greylisting/all", nil}, path, "active", 1},
		{played{"DELETE", path, nil}, path, "", body{}},
		{played{"POST", exempt, body{"senders": list{"198.51.100.7", "@wd.org"}}}, exempt, "", list{"198.51.100.7", "@wd.org"}},
		{played{"POST", exempt, body{"addSenders": list{"w@one.org", "@wd.org"}, "removeSenders": list{"198.51.100.7"}}}, exempt, "",
			list{"@wd.org", "w@one.org"}},
		{played{"POST", exempt, body{"senders": list{}}}, exempt, "", list{}},
	}
}

func spfSteps() []policyStep {
	const path = "/api/greylisting/whitelist_spf_domains"
	return []policyStep{
		{played{"POST", path, body{"domains": list{"b.test", "a.test"}, "query_dns_immediately": "yes"}}, path, "", list{"a.test", "b.test"}},
		{played{"POST", path, body{"addDomains": list{"c.test"}, "removeDomains": list{"a.test"}}}, path, "", list{"b.test", "c.test"}},
		{played{"POST", path, body{"domains": list{}}}, path, "", list{}},
	}
}

// playPolicies plays the steps, each with what it is to show.
func playPolicies(t *testing.T, v session) {
	t.Helper()
	for _, s := range policySteps() {
		a := v.write(s.method, s.path, s.given)
		require.True(t, a.ok(), "%s: %s", s.played, a.raw)
		require.NotContains(t, a.body, "_discarded", s.played)
		shown := v.get(s.read).body["_data"]
		if s.key != "" {
			shown = v.show(s.read)[s.key]
		}
		requireSame(t, s.want, shown, "%s", s.played)
	}
}

func TestPolicies(t *testing.T) {
	base := parameterFixture(t)
	bothSurfaces(t, base, "all", playPolicies)
}

// TestEveryPolicyRowIsPlayed compares the steps with the published table.
func TestEveryPolicyRowIsPlayed(t *testing.T) {
	used := map[string]bool{}
	for _, s := range policySteps() {
		used["GET "+s.read] = true
		used[s.method+" "+s.path] = true
		for name := range s.given {
			used[s.method+" "+s.path+" "+name] = true
		}
	}
	rows := 0
	for _, row := range published(t) {
		if !slices.Contains(policyGroups, routeOf(row.method, row.sample()).Operation.Tags[0]) {
			continue
		}
		rows++
		call := row.method + " " + row.sample()
		require.True(t, used[call], "%s %s is never called", row.method, row.path)
		for _, p := range row.parameters {
			require.True(t, used[call+" "+p], "%s of %s %s is never given", p, row.method, row.path)
		}
	}
	require.Equal(t, 86, rows)
}

func TestPoliciesRefuse(t *testing.T) {
	base := parameterFixture(t)
	long := strings.Repeat("a", 64)
	tests := []struct {
		name, method, path string
		given              body
		status             int
		msg, field         string
	}{
		{"unknown domain", "PUT", "/api/spampolicy/domain/nowhere.test", body{"spam_score": 5}, 404, "NO_SUCH_DOMAIN", "domain"},
		{"unknown user", "PUT", "/api/spampolicy/user/nobody@example.com", body{"spam_score": 5}, 404, "NO_SUCH_ACCOUNT", "mail"},
		{"spam policy of an alias account", "PUT", "/api/spampolicy/user/sales@example.com", body{"spam_score": 5}, 404, "NO_SUCH_ACCOUNT", "mail"},
		{"alias domain", "POST", "/api/throttle/example.net/inbound", body{"period": 5}, 404, "NO_SUCH_DOMAIN", "account"},
		{"unknown account", "POST", "/api/wblist/inbound/whitelist/nobody@example.com", body{"addresses": list{"@x.test"}}, 404, "NO_SUCH_ACCOUNT", "account"},
		{"unknown account, reading", "GET", "/api/greylisting/nobody@example.com", nil, 404, "NO_SUCH_ACCOUNT", "account"},
		{"unknown colour", "GET", "/api/wblist/inbound/greylist/global", nil, 400, "INVALID_VALUE", "colour"},
		{"not a number", "PUT", "/api/spampolicy/global", body{"spam_score": "NaN"}, 400, "INVALID_NUMBER", "spam_score"},
		{"score out of reach", "PUT", "/api/spampolicy/global", body{"spam_score": 100000000}, 400, "INVALID_NUMBER", "spam_score"},
		{"neither yes nor no", "PUT", "/api/spampolicy/global", body{"bypass_spam_checks": "maybe"}, 400, "INVALID_VALUE", "bypass_spam_checks"},
		{"kept and not looked for", "PUT", "/api/spampolicy/global", body{"bypass_spam_checks": "yes", "quarantine_spam": "yes"}, 400,
			"CONFLICTING_PARAMETERS", "quarantine_spam"},
		{"too many rules", "PUT", "/api/spampolicy/global", body{"banned_rulenames": list{long, "B"}}, 400, "VALUE_TOO_LONG", "banned_rulenames"},
		{"negative period", "POST", "/api/throttle/global/inbound", body{"period": -1}, 400, "INVALID_NUMBER", "period"},
		{"no period", "POST", "/api/throttle/global/inbound", body{"max_msgs": 5}, 400, "MISSING_PARAMETER", "period"},
		{"period beyond the column", "POST", "/api/throttle/global/inbound", body{"period": 4294967296}, 400, "INVALID_NUMBER", "period"},
		{"limit beyond 64 bit", "POST", "/api/throttle/global/inbound", body{"period": 5, "max_quota": "99999999999999999999"}, 400, "", "max_quota"},
		{"limit below", "POST", "/api/throttle/global/inbound", body{"period": 5, "max_msgs": -2}, 400, "INVALID_NUMBER", "max_msgs"},
		{"unknown status", "POST", "/api/greylisting/global", body{"status": "perhaps"}, 400, "INVALID_VALUE", "status"},
		{"all and more", "POST", "/api/greylisting/global/whitelists", body{"senders": list{"@a.test"}, "addSenders": list{"@b.test"}}, 400,
			"CONFLICTING_PARAMETERS", "addSenders"},
		{"all and fewer", "POST", "/api/greylisting/whitelist_spf_domains", body{"domains": list{"a.test"}, "removeDomains": list{"b.test"}}, 400,
			"CONFLICTING_PARAMETERS", "removeDomains"},
	}
	before := policyRows(t, base)
	for _, test := range tests {
		bothSurfaces(t, base, test.name, func(t *testing.T, v session) {
			a := v.write(test.method, test.path, test.given)
			require.Equal(t, v.status(test.status), a.status, a.raw)
			require.False(t, a.ok())
			require.Equal(t, test.field, a.body["_field"], a.raw)
			if test.msg != "" {
				require.Equal(t, test.msg, a.msg(), a.raw)
			}
			require.Equal(t, before, policyRows(t, v.w), "nothing was written")
		})
	}
}

// policyRows are all rows of the policies.
func policyRows(t *testing.T, w *fixture) map[string]any {
	t.Helper()
	all := map[string]any{}
	read := func(db *sqldb.DB, tables ...string) {
		for _, table := range tables {
			rows, err := db.Reader().Records(t.Context(), "SELECT * FROM "+table+" ORDER BY 1, 2")
			require.NoError(t, err)
			all[table] = rows
		}
	}
	read(w.amavisd, "users", "mailaddr", "wblist", "outbound_wblist", "policy")
	read(w.iredapd, "throttle", "greylisting", "greylisting_whitelists", "greylisting_whitelist_domains")
	return all
}

func TestInvalidListItemsAreNamed(t *testing.T) {
	base := parameterFixture(t)
	bothSurfaces(t, base, "wblist and greylisting", func(t *testing.T, v session) {
		invalid := list{"192.0.2.5/24", "@com", "nonsense"}
		a := v.write("POST", "/api/wblist/inbound/blacklist/example.com", body{"addresses": append(list{"@good.test"}, invalid...)})
		require.True(t, a.ok(), a.raw)
		requireSame(t, invalid, a.body["_discarded"], "wblist")
		requireSame(t, list{"@good.test"}, v.get("/api/wblist/inbound/blacklist/example.com").body["_data"], "what is valid is taken")
		a = v.write("POST", "/api/greylisting/example.com/whitelists", body{"senders": append(list{"@good.test", "pen@*"}, invalid...)})
		require.True(t, a.ok(), a.raw)
		requireSame(t, append(list{"pen@*"}, invalid...), a.body["_discarded"], "greylisting")
		a = v.write("PUT", "/api/wblist/inbound/blacklist/example.com", body{"addresses": invalid})
		require.True(t, a.ok(), a.raw)
		requireSame(t, len(invalid), a.body["_discarded_count"], "only invalid ones")
	})
}

func TestPoliciesSayWhatApplies(t *testing.T) {
	w := parameterFixture(t)
	root := w.root()
	effective := func(path, name string) any {
		all, ok := root.get(path).body["_effective"].(map[string]any)
		require.True(t, ok)
		return all[name]
	}
	put("/api/spampolicy/domain/example.com", body{"spam_score": 4})(root)
	post("/api/throttle/global/outbound", body{"period": 60, "max_msgs": 50})(root)
	post("/api/greylisting/example.com", body{"status": "disable"})(root)
	for _, c := range []struct {
		path, name string
		want       body
	}{
		{"/api/spampolicy/user/anna@example.com", "spam_score", body{"value": 4, "source": "@example.com"}},
		{"/api/spampolicy/user/anna@example.com", "quarantine_virus", body{"value": "yes", "source": "@."}},
		{"/api/spampolicy/user/zoe@other.test", "spam_score", body{"value": 6.2, "source": "default"}},
		{"/api/throttle/anna@example.com/outbound", "max_msgs", body{"value": 50, "source": "@."}},
		{"/api/throttle/anna@example.com/inbound", "max_msgs", body{"value": 0, "source": "default"}},
		{"/api/greylisting/anna@example.com", "status", body{"value": "disable", "source": "@example.com"}},
		{"/api/greylisting/zoe@other.test", "status", body{"value": "enable", "source": "@."}},
	} {
		requireSame(t, c.want, effective(c.path, c.name), "%s %s", c.path, c.name)
		require.Empty(t, root.get(c.path).data(), "the account has nothing of its own")
	}
}

// withPolicies gives an account one of everything.
func withPolicies(mail string) act {
	return acts(
		put("/api/spampolicy/user/"+mail, body{"spam_score": 4}),
		post("/api/wblist/inbound/blacklist/"+mail, body{"addresses": list{"@bad.test"}}),
		post("/api/throttle/"+mail+"/outbound", body{"period": 60}),
		post("/api/greylisting/"+mail, body{"status": "disable"}),
		post("/api/greylisting/"+mail+"/whitelists", body{"senders": list{"@good.test"}}),
	)
}

// requirePolicies expects that the account has everything, or nothing.
func requirePolicies(t *testing.T, c *client, mail string, want bool) {
	t.Helper()
	require.Equal(t, want, len(c.get("/api/spampolicy/user/"+mail).data()) > 0, "spam policy")
	require.Equal(t, want, len(c.get("/api/throttle/"+mail+"/outbound").data()) > 0, "throttle")
	require.Equal(t, want, len(c.get("/api/greylisting/"+mail).data()) > 0, "greylisting")
	for _, path := range []string{"/api/wblist/inbound/blacklist/" + mail, "/api/greylisting/" + mail + "/whitelists"} {
		items, ok := c.get(path).body["_data"].([]any)
		require.True(t, ok)
		require.Equal(t, want, len(items) > 0, path)
	}
}

func TestPoliciesGoWithTheirAccount(t *testing.T) {
	const anna, anne, ben = "anna@example.com", "anne@example.com", "ben@example.com"
	base := parameterFixture(t)
	cookie := base.root().cookie
	again := post("/api/user/"+anna, body{"password": password})
	tests := []struct {
		name string
		do   act
		has  map[string]bool
	}{
		{"user deleted and made again", acts(remove("/api/user/"+anna), again), map[string]bool{anna: false, ben: true}},
		{"user renamed", acts(post("/api/user/"+anna+"/change_email/"+anne, body{}), again), map[string]bool{anna: false, anne: true, ben: true}},
		{"domain deleted and made again",
			acts(remove("/api/domain/example.com"), post("/api/domain/example.com", body{}), again, post("/api/user/"+ben, body{"password": password})),
			map[string]bool{anna: false, ben: false}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := &client{w: copyFixture(t, base.dir), cookie: cookie}
			acts(withPolicies(anna), withPolicies(ben))(c)
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
	root := w.root()
	withPolicies(anna)(root)
	storetest.Exec(t, w.iredapd, "CREATE TRIGGER broken BEFORE DELETE ON throttle BEGIN SELECT RAISE(ABORT, 'broken by the test'); END")
	remove("/api/user/" + anna)(root)
	refused := root.json("POST", "/api/user/"+anna, body{"password": password})
	require.Equal(t, http.StatusServiceUnavailable, refused.status, refused.raw)
	require.Equal(t, "SERVER_DOWN", refused.msg())
	require.Equal(t, http.StatusNotFound, root.get("/api/user/"+anna).status)
	post("/api/user/other@example.com", body{"password": password})(root)

	storetest.Exec(t, w.iredapd, "DROP TRIGGER broken")
	post("/api/user/"+anna, body{"password": password})(root)
	requirePolicies(t, root, anna, false)
	withPolicies(anna)(root)
	unfinished, err := w.deps.State.UnfinishedIntents(t.Context())
	require.NoError(t, err)
	require.Empty(t, unfinished)
	requirePolicies(t, root, anna, true)
}

func TestPoliciesAreLogged(t *testing.T) {
	w := parameterFixture(t)
	withPolicies("anna@example.com")(w.root())
	rows, err := w.panel.Reader().Records(t.Context(), "SELECT event, domain, username, msg FROM log ORDER BY id DESC LIMIT 5")
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
	w := newFixture(t)
	none := serveOn(t, w.dir, databases{vmail: w.vmail, panel: w.panel}, "sqlite://"+w.dir+"/state.db")
	root := &client{w: none, cookie: w.root().cookie}
	for _, path := range []string{"/api/spampolicy/global", "/api/wblist/inbound/whitelist/global", "/api/throttle/global/inbound", "/api/greylisting/all"} {
		a := root.get(path)
		require.Equal(t, http.StatusServiceUnavailable, a.status, a.raw)
		require.Equal(t, "NOT_CONFIGURED", a.msg())
	}
	root.mustDomain("example.com", nil)
	remove("/api/domain/example.com")(root)
	root.mustDomain("example.com", nil)
}

func TestAThousandAddressesInOneRequest(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			w := newFixtureOn(t, engine)
			root := w.root()
			var all []string
			for i := range 1000 {
				all = append(all, fmt.Sprintf("sender%04d@example.net", i))
			}
			post("/api/wblist/inbound/blacklist/global", body{"addresses": all})(root)
			items, ok := root.get("/api/wblist/inbound/blacklist/global").body["_data"].([]any)
			require.True(t, ok)
			require.Len(t, items, 1000)
			var n int64
			require.NoError(t, w.amavisd.Reader().Get(t.Context(), &n, "SELECT COUNT(*) FROM wblist"))
			require.EqualValues(t, 1000, n)
		})
	}
}
