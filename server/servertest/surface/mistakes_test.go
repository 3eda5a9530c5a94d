package surface_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	specs "github.com/postern-mail/postern/server/contract"
	"github.com/postern-mail/postern/server/servertest"
)

const asForm = "application/x-www-form-urlencoded"

// onLegacy is what the legacy surface makes of the mistakes that it answers otherwise: it takes some, and has another code for others.
var onLegacy = map[string]struct {
	taken      bool
	ignored    any
	msg, field string
}{
	"JSON sent as a form":               {taken: true},
	"JSON sent as a form, after blanks": {taken: true},
	"JSON in the query string":          {taken: true},
	"misspelt":                          {taken: true, ignored: []any{"qouta"}},
	"misspelt in the query string":      {taken: true, ignored: []any{"qouta"}},
	"another bad item":                  {taken: true},
	"a misspelt password":               {msg: "PW_EMPTY", field: "password"},
	"misspelt beyond likeness":          {taken: true, ignored: []any{"xyzzy"}},
	"a name that rows have":             {taken: true, ignored: []any{"active"}},
	"another name that rows have":       {taken: true, ignored: []any{"first_name"}},
	"a name of older replies":           {taken: true, ignored: []any{"forwardings"}},
	"an older name":                     {taken: true},
	"what is stored":                    {taken: true, ignored: []any{"stored"}},
	"a unit of another noun":            {taken: true, ignored: []any{"quotaUnit"}},
	"one bad item":                      {taken: true}, // and named in _discarded
	"an unknown profile":                {taken: true},
	"a log-in with another name":        {msg: "INVALID_USERNAME", field: "username"},
	"no password":                       {msg: "PW_EMPTY", field: "password"},
	"no body":                           {msg: "PW_EMPTY", field: "password"},
	"no password of an admin":           {msg: "PW_EMPTY", field: "password"},
	"an empty password":                 {msg: "PW_EMPTY", field: "password"},

	"a parameter of the body in the query string": {taken: true},
}

// TestRepliesToMistakes makes the mistakes that people make, and wants a reply that says what to do.
func TestRepliesToMistakes(t *testing.T) {
	w := servertest.NewFixture(t)
	root := w.Root()
	root.MustDomain("example.com", map[string]any{"quota": 500})
	root.MustUser("anna@example.com", map[string]any{"quota": 10})
	root.MustUser("ben@example.com", map[string]any{"quota": 10})
	const anna = "/api/user/anna@example.com"
	seen := map[string]bool{}
	for _, x := range []struct {
		name, method, path, contentType, raw string
		status                               int
		msg, field                           string
		says                                 []string
	}{
		{"JSON sent as a form", "PUT", anna, asForm, `{"quota": 20}`, 400, "MALFORMED_BODY", "", []string{"Content-Type: application/json"}},
		{"JSON sent as a form, after blanks", "PUT", anna, asForm, " \n{\"quota\": 20}", 400, "MALFORMED_BODY", "", []string{"Content-Type: application/json"}},
		{"JSON in quotes", "PUT", anna, asForm, `'{"quota": 20}'`, 400, "MALFORMED_BODY", "", []string{"Content-Type: application/json"}},
		{"a list of JSON sent as a form", "PUT", anna, asForm, `[{"quota": 20}]`, 400, "MALFORMED_BODY", "", []string{"Content-Type: application/json"}},
		{"a form with colons", "PUT", anna, asForm, `quota: 20`, 400, "MALFORMED_BODY", "", []string{"name=value"}},
		{"a form of one word", "PUT", anna, asForm, `quotas20`, 400, "MALFORMED_BODY", "", []string{"name=value"}},
		{"a form with a line of HTTP", "PUT", anna, asForm, "name=x&Authorization: Basic x=", 400, "MALFORMED_BODY", "", []string{"name=value"}},
		{"JSON in quotes, said to be JSON", "PUT", anna, servertest.JSONType, `'{"quota": 20}'`, 400, "MALFORMED_BODY", "", []string{"begins with '", "begins with {"}},
		{"JSON behind a byte order mark", "PUT", anna, servertest.JSONType, "\ufeff{\"quota\": 20}", 400, "MALFORMED_BODY", "", []string{"begins with U+FEFF"}},
		{"a list as the body", "PUT", anna, servertest.JSONType, `[{"quota": 20}]`, 400, "MALFORMED_BODY", "", []string{"begins with [", "begins with {"}},
		{"JSON in the query string", "PUT", anna + "?%7B%22quota%22:20%7D", "", "", 400, "UNKNOWN_PARAMETER", "", []string{"Content-Type: application/json"}},
		{"a comma at the end", "PUT", anna, servertest.JSONType, "{\n  \"name\": \"Anna\",\n}", 400, "MALFORMED_BODY", "",
			[]string{"} at line 3, column 1", "Leave out the comma"}},
		{"a comma at the end of a list", "PUT", anna, servertest.JSONType, `{"aliases": ["a@example.com",]}`, 400, "MALFORMED_BODY", "",
			[]string{"] at line 1, column 30", "Leave out the comma"}},
		{"single quotes", "PUT", anna, servertest.JSONType, `{'quota': 1}`, 400, "MALFORMED_BODY", "", []string{"' at line 1, column 2", "double quotes"}},
		{"single quotes around a value", "PUT", anna, servertest.JSONType, "{\"name\":\n 'Anna'}", 400, "MALFORMED_BODY", "", []string{"' at line 2, column 2", "double quotes"}},
		{"typographic quotes", "PUT", anna, servertest.JSONType, `{“quota”: 1}`, 400, "MALFORMED_BODY", "", []string{"“ at line 1, column 2", "double quotes"}},
		{"no quotes", "PUT", anna, servertest.JSONType, `{quota: 1}`, 400, "MALFORMED_BODY", "", []string{"q at line 1, column 2", "A name stands in double quotes."}},
		{"no quotes around a value", "PUT", anna, servertest.JSONType, `{"näme": Anna}`, 400, "MALFORMED_BODY", "", []string{"A at line 1, column 10", "Text stands in double quotes"}},
		{"words of another language", "PUT", anna, servertest.JSONType, `{"isGlobalAdmin": True}`, 400, "MALFORMED_BODY", "", []string{"T at line 1, column 19", "true, false and null"}},
		{"a comment", "PUT", anna, servertest.JSONType, "{// twenty\n\"quota\": 1}", 400, "MALFORMED_BODY", "", []string{"/ at line 1, column 2", "no comments"}},
		{"a missing comma", "PUT", anna, servertest.JSONType, "{\"quota\": 1\n\"name\": \"x\"}", 400, "MALFORMED_BODY", "", []string{"\" at line 2, column 1", "A comma is missing"}},
		{"an equals sign", "PUT", anna, servertest.JSONType, `{"quota" = 1}`, 400, "MALFORMED_BODY", "", []string{"= at line 1, column 10", "A colon"}},
		{"a missing value", "PUT", anna, servertest.JSONType, `{"quota": }`, 400, "MALFORMED_BODY", "", []string{"} at line 1, column 11", "A value is missing"}},
		{"a text over two lines", "PUT", anna, servertest.JSONType, "{\"name\": \"An\nna\"}", 400, "MALFORMED_BODY", "", []string{"the end of the line at line 1, column 13", `\n`}},
		{"a path with backslashes", "PUT", anna, servertest.JSONType, `{"name": "C:\mail"}`, 400, "MALFORMED_BODY", "", []string{"m at line 1, column 14", "written twice"}},
		{"a number in hexadecimal", "PUT", anna, servertest.JSONType, `{"quota": 0x10}`, 400, "MALFORMED_BODY", "", []string{"x at line 1, column 12"}},
		{"the end too early", "PUT", anna, servertest.JSONType, "{\"name\": \"Anna\"\n", 400, "MALFORMED_BODY", "", []string{"ends too early, at line 2, column 1"}},
		{"something behind it", "PUT", anna, servertest.JSONType, `{} x`, 400, "MALFORMED_BODY", "", []string{"trailing data", "x at line 1, column 4"}},
		{"not UTF-8", "PUT", anna, servertest.JSONType, "{\"name\":\n\"\xff\"}", 400, "INVALID_UTF8", "", []string{"line 2, column 2"}},
		{"misspelt", "PUT", anna, servertest.JSONType, `{"qouta": 20}`, 400, "UNKNOWN_PARAMETER", "qouta", []string{"Did you mean quota?"}},
		{"misspelt in the query string", "PUT", anna + "?qouta=20", "", "", 400, "UNKNOWN_PARAMETER", "qouta", []string{"Did you mean quota, in the body?"}},
		{"misspelt beyond likeness", "PUT", anna, servertest.JSONType, `{"xyzzy": 20}`, 400, "UNKNOWN_PARAMETER", "xyzzy", nil},
		{"a name that rows have", "PUT", anna, servertest.JSONType, `{"active": 1}`, 400, "UNKNOWN_PARAMETER", "active", []string{"active is written as accountStatus."}},
		{"another name that rows have", "PUT", anna, servertest.JSONType, `{"first_name": "x"}`, 400, "UNKNOWN_PARAMETER", "first_name", []string{"first_name is written as gn."}},
		{"a name of older replies", "PUT", anna, servertest.JSONType, `{"forwardings": []}`, 400, "UNKNOWN_PARAMETER", "forwardings", []string{"forwardings is written as forwarding."}},
		{"an older name", "PUT", anna, servertest.JSONType, `{"mailQuota": 1}`, 400, "UNKNOWN_PARAMETER", "mailQuota", []string{"mailQuota is written as quota."}},
		{"what is stored", "PUT", anna, servertest.JSONType, `{"stored": {}}`, 400, "UNKNOWN_PARAMETER", "stored", []string{"stored is read only"}},
		{"a parameter of the body in the query string", "PUT", anna + "?quota=20", "", "", 400, "UNKNOWN_PARAMETER", "quota", []string{"in the body"}},
		{"a unit of another noun", "PUT", anna, servertest.JSONType, `{"quotaUnit": "GB"}`, 400, "UNKNOWN_PARAMETER", "quotaUnit", []string{"quotaUnit is not a parameter"}},
		{"a log-in with another name", "POST", "/api/login", servertest.JSONType, `{"user": "a@b.test", "password": "x"}`, 400, "INVALID_USERNAME", "username",
			[]string{"username is missing."}},
		{"null where nothing can be unset", "PUT", anna, servertest.JSONType, `{"quota": null}`, 400, "INVALID_NUMBER", "quota", []string{"a whole number of MB, such as 1024"}},
		{"an unknown profile", "PUT", "/api/domain/example.com", servertest.JSONType, `{"disableDomainProfile": ["bccc"]}`, 400, "INVALID_PROFILE", "disableDomainProfile",
			[]string{`"bccc" is not one of`, "password_policies"}},
		{"an unknown language", "PUT", anna, servertest.JSONType, `{"language": "xx"}`, 400, "INVALID_LANGUAGE", "language", []string{"one of bg_BG", "en_US"}},
		{"a number with a unit", "PUT", anna, servertest.JSONType, `{"quota": "1GB"}`, 400, "INVALID_NUMBER", "quota", []string{"a whole number of MB, such as 1024"}},
		{"a number as text", "PUT", anna, servertest.JSONType, `{"quota": "1024"}`, 400, "INVALID_NUMBER", "quota", []string{"a whole number of MB"}},
		{"a fraction", "PUT", anna, servertest.JSONType, `{"quota": 1.5}`, 400, "INVALID_NUMBER", "quota", []string{"a whole number of MB"}},
		{"bytes", "PUT", anna, servertest.JSONType, `{"quota": 1073741824}`, 409, "EXCEEDED_DOMAIN_QUOTA_SIZE", "quota", []string{"You asked for 1073741824 MB", "The domain example.com has"}},
		{"a list as text", "PUT", anna, servertest.JSONType, `{"aliases": "a@example.com"}`, 400, "INVALID_TYPE", "aliases", []string{`a list, such as ["`}},
		{"another bad item", "PUT", anna, servertest.JSONType, `{"forwarding": ["ben@example.com", "nope"]}`, 400, "INVALID_MAIL", "forwarding",
			[]string{`"nope" is not a mail address that may be on another server, such as`}},
		{"a folder in another", "PUT", anna, servertest.JSONType, `{"mailboxFolder": "../x"}`, 400, "INVALID_MAILBOX_FOLDER", "mailboxFolder",
			[]string{"mailboxFolder must be the name of a folder, letters and digits only"}},
		{"one bad item", "PUT", anna, servertest.JSONType, `{"aliases": ["a@example.com", "b@@example.com"]}`, 400, "INVALID_MAIL", "aliases", []string{`"b@@example.com" is not a mail address, such as`}},
		{"a list as JSON in a form", "PUT", anna, asForm, `aliases=["a@example.com","c@example.com"]`, 400, "INVALID_MAIL", "aliases",
			[]string{"looks like JSON", "a list has commas alone", "not a mail address"}},
		{"an unknown service", "PUT", anna, servertest.JSONType, `{"services": ["imapp"]}`, 400, "INVALID_SERVICE", "services", []string{`"imapp"`, "managesieve"}},
		{"no address in the path", "GET", "/api/user/bob", "", "", 400, "INVALID_MAIL", "mail", []string{`"bob" in the path is not a mail address`}},
		{"a direction that is none", "GET", "/api/throttle/global/out", "", "", 400, "INVALID_VALUE", "direction", []string{`"out"`, "inbound, outbound"}},
		{"letters beyond ASCII", "GET", "/api/domain/m%C3%BCnchen.de", "", "", 400, "INVALID_DOMAIN_NAME", "domain", []string{"Write xn--mnchen-3ya.de."}},
		{"letters beyond ASCII in an address", "GET", "/api/user/anna@m%C3%BCnchen.de", "", "", 400, "INVALID_MAIL", "mail", []string{"Write anna@xn--mnchen-3ya.de."}},
		{"very many days", "DELETE", anna + "/keep_mailbox_days/99999999999999999999", "", "", 400, "INVALID_NUMBER", "days", []string{"at most 36500"}},
		{"letters beyond ASCII in a list", "PUT", "/api/domain/example.com", servertest.JSONType, `{"aliasDomains": ["m\u00fcnchen.de"]}`, 400, "INVALID_DOMAIN_NAME",
			"aliasDomains", []string{"Write xn--mnchen-3ya.de."}},
		{"days", "DELETE", anna + "/keep_mailbox_days/week", "", "", 400, "INVALID_NUMBER", "days", []string{`"week"`, "0 keeps for ever"}},
		{"a path without its name", "GET", "/api/users", "", "", 404, "NO_SUCH_PATH", "", []string{"Did you mean /api/users/{domain}?", "/docs/"}},
		{"another one", "GET", "/api/user", "", "", 404, "NO_SUCH_PATH", "", []string{"Did you mean /api/user/{mail}?"}},
		{"a misspelt path", "GET", "/api/usrs/example.com", "", "", 404, "NO_SUCH_PATH", "", []string{"Did you mean /api/users/{domain}?"}},
		{"a word in the place of a domain", "PUT", "/api/domain/admins", servertest.JSONType, `{"addAdmin": []}`, 400, "INVALID_DOMAIN_NAME", "domain",
			[]string{`"admins" in the path is not a domain name.`, "Did you mean /api/domain/admins/{domain}?"}},
		{"no dot", "GET", "/api/domain/localhost", "", "", 400, "INVALID_DOMAIN_NAME", "domain", []string{`"localhost" in the path is not a domain name`}},
		{"a colour that is none", "GET", "/api/wblist/inbound/black/global", "", "", 400, "INVALID_VALUE", "colour", []string{`"black"`, "whitelist, blacklist"}},
		{"no path", "GET", "/api", "", "", 404, "NO_SUCH_PATH", "", []string{"Did you mean /api/", "/docs/"}},
		{"a misspelt password", "POST", "/api/user/new@example.com", servertest.JSONType, `{"passwrd": "x", "password2": "x"}`, 422, "WEAK_PASSWORD", "password",
			[]string{"password or password_hash is missing"}},
		{"no password", "POST", "/api/user/new@example.com", servertest.JSONType, `{"name": "New"}`, 422, "WEAK_PASSWORD", "password",
			[]string{"password or password_hash is missing."}},
		{"no body", "POST", "/api/user/new@example.com", "", "", 422, "WEAK_PASSWORD", "password", []string{"password or password_hash is missing."}},
		{"no password of an admin", "POST", "/api/admin/new@admins.test", servertest.JSONType, `{}`, 422, "WEAK_PASSWORD", "password",
			[]string{"password is missing."}},
		{"an empty password", "POST", "/api/user/new@example.com", servertest.JSONType, `{"password": ""}`, 422, "WEAK_PASSWORD", "password",
			[]string{"The password is empty."}},
		{"a unit without a number", "POST", "/api/admin/new@admins.test", servertest.JSONType, `{"password": "Winter-1958-rain", "quotaUnit": "GB"}`, 400,
			"CONFLICTING_PARAMETERS", "quotaUnit", []string{"together with maxQuota"}},
	} {
		seen[x.name] = true
		t.Run(x.name, func(t *testing.T) {
			a := root.Send(x.method, x.path, x.contentType, x.raw)
			require.Equal(t, []any{x.status, x.msg, x.field}, []any{a.Status, a.Msg(), a.Field()}, a.Raw)
			for _, text := range x.says {
				require.Contains(t, a.Body["_detail"], text)
			}
			require.NotContains(t, a.Raw, `\u003`, "people read it")
			if x.msg == "MALFORMED_BODY" {
				require.NotContains(t, a.Body["_detail"], "20", "a body may hold a password")
				require.NotContains(t, a.Body["_detail"], "Anna")
			}
			if x.says == nil {
				require.NotContains(t, a.Body["_detail"], "Did you mean")
			}
		})
		t.Run(x.name+", legacy", func(t *testing.T) {
			path, raw := strings.ReplaceAll(x.path, "anna@", "ben@"), strings.ReplaceAll(x.raw, "a@example.com", "b@example.com")
			if path == "/api/user/ben@m%C3%BCnchen.de" {
				path = x.path
			}
			a := root.Legacy().Send(x.method, path, x.contentType, raw)
			want, differs := onLegacy[x.name]
			if want.taken {
				require.Equal(t, []any{http.StatusOK, "", want.ignored}, []any{a.Status, a.Msg(), a.Body["_ignored"]}, a.Raw)
				return
			}
			if !differs {
				want.msg, want.field = x.msg, x.field
			}
			status := http.StatusOK
			if x.status == http.StatusNotFound {
				status = x.status
			}
			require.Equal(t, []any{status, want.msg, want.field}, []any{a.Status, a.Msg(), a.Field()}, a.Raw)
			if differs {
				return
			}
			for _, text := range x.says {
				require.Contains(t, a.Body["_detail"], strings.ReplaceAll(text, "mean /api", "mean /iredadmin/api"))
			}
		})
	}
	for name := range onLegacy {
		require.True(t, seen[name], name)
	}
	require.EqualValues(t, 10, root.Legacy().Get(anna).Data()["quota"], "nothing was written")
}

// TestJSONSentAsAForm is what curl -d does, on the legacy surface: the body is read as what it is.
func TestJSONSentAsAForm(t *testing.T) {
	w := servertest.NewFixture(t)
	root := w.Root()
	root.MustDomain("example.com", nil)
	root.MustUser("anna@example.com", map[string]any{"quota": 10})
	legacy := root.Legacy()
	for _, contentType := range []string{asForm, ""} {
		a := legacy.Send("PUT", "/api/user/anna@example.com", contentType, "\n "+`{"name": "Anna `+strings.ToUpper(contentType)+`", "quota": 20}`)
		require.True(t, a.OK(), a.Raw)
		got := root.Get("/api/user/anna@example.com").Data()
		require.EqualValues(t, 20, got["quota"])
		require.Equal(t, "Anna "+strings.ToUpper(contentType), got["name"])
	}
	a := legacy.Send("PUT", "/api/user/anna@example.com", asForm, `{"quota": `)
	require.Equal(t, []any{http.StatusOK, "MALFORMED_BODY"}, []any{a.Status, a.Msg()}, a.Raw)
	a = legacy.Send("PUT", "/api/user/anna@example.com", asForm, "name=%7Bx%7D")
	require.True(t, a.OK(), a.Raw)
}

// TestLogInFirst tells how to log in, also to who sends a password with each request.
func TestLogInFirst(t *testing.T) {
	anonymous := servertest.NewFixture(t).Anonymous()
	for _, client := range []*servertest.Client{anonymous, anonymous.Legacy()} {
		for _, authorization := range []string{"", "Basic cm9vdDpzZWNyZXQ=", "Bearer abc"} {
			r := httptest.NewRequestWithContext(t.Context(), "GET", client.Prefix+"/api/whoami", nil)
			if authorization != "" {
				r.Header.Set("Authorization", authorization)
			}
			a := client.Do(r)
			require.Equal(t, "LOGIN_REQUIRED", a.Msg())
			require.Contains(t, a.Body["_detail"], "POST /api/login")
			require.Contains(t, a.Body["_detail"], "cookie")
		}
	}
}

// TestItemsOfWblists are left out on both surfaces, as published.
func TestItemsOfWblists(t *testing.T) {
	root := servertest.NewFixture(t).Root()
	for _, client := range []*servertest.Client{root, root.Legacy()} {
		for path, body := range map[string]servertest.Body{
			"/api/wblist/inbound/blacklist/global": {"addresses": []string{"300.1.2.3", "192.0.2.1"}},
			"/api/greylisting/global/whitelists":   {"senders": []string{"300.1.2.3", "192.0.2.1"}},
		} {
			a := client.Must(http.StatusOK, "POST", path, body)
			require.Equal(t, []any{"300.1.2.3"}, a.Body["_discarded"], a.Raw)
			require.NotContains(t, a.Body, "_ignored")
		}
	}
	require.Equal(t, []any{"192.0.2.1"}, root.Legacy().Get("/api/wblist/inbound/blacklist/global").Body["_data"])
}

// TestKeysOfAFailure wants all of them on the strict surface, and on the legacy one those that hold something.
func TestKeysOfAFailure(t *testing.T) {
	w := servertest.NewFixture(t)
	root := w.Root()
	root.MustDomain("example.com", nil)
	keys := func(a servertest.Answer) []string { return slices.Sorted(maps.Keys(a.Body)) }
	for _, path := range []string{"/api/nonsense", "/api/user/nobody@example.com", "/api/user/bob"} {
		a := root.Get(path)
		require.Equal(t, []string{"_detail", "_field", "_msg", "_request_id", "_success"}, keys(a), a.Raw)
	}
	require.Contains(t, root.Get("/api/nonsense").Raw, `"_field":null`)
	a := root.JSON("POST", "/api/user/new@example.com", servertest.Body{"password": "short"})
	require.Equal(t, []string{"_causes", "_detail", "_field", "_msg", "_request_id", "_success"}, keys(a), a.Raw)
	legacy := root.Legacy()
	require.Equal(t, []string{"_detail", "_msg", "_request_id", "_success"}, keys(legacy.Get("/api/nonsense")))
	require.Equal(t, []string{"_detail", "_field", "_msg", "_request_id", "_success"}, keys(legacy.JSON("POST", "/api/user/new@example.com", servertest.Body{"password": "short"})))
	require.Equal(t, []string{"_success"}, keys(legacy.JSON("DELETE", "/api/user/nobody@example.com", nil)))
}

// TestQuotaWithoutAUnit is MB on the strict surface; the legacy one wants the unit, as the published API does.
func TestQuotaWithoutAUnit(t *testing.T) {
	w := servertest.NewFixture(t)
	root := w.Root()
	const ada = "/api/admin/ada@admins.test"
	quota := func() any { return root.Get(ada).Data()["maxQuota"] }
	root.Must(http.StatusCreated, "POST", ada, servertest.Body{"password": servertest.Password, "maxQuota": 700})
	require.EqualValues(t, 700, quota())
	root.Must(http.StatusOK, "PUT", ada, servertest.Body{"maxQuota": 800})
	require.EqualValues(t, 800, quota())
	for _, call := range [][2]string{{"PUT", ada}, {"POST", "/api/admin/olaf@admins.test"}} {
		a := root.Legacy().Form(call[0], call[1], url.Values{"password": {servertest.Password}, "maxQuota": {"900"}})
		require.Equal(t, []any{http.StatusOK, "MISSING_PARAMETER", "quotaUnit"}, []any{a.Status, a.Msg(), a.Field()}, a.Raw)
		require.Contains(t, a.Body["_detail"], "quotaUnit is missing")
	}
	require.EqualValues(t, 800, quota())
	require.True(t, root.Legacy().Form("PUT", ada, url.Values{"maxQuota": {"1"}, "quotaUnit": {"GB"}}).OK())
	require.EqualValues(t, 1024, quota())
}

// faultsOf are the codes and fields of _errors, and of the failure itself in front.
func faultsOf(t *testing.T, a servertest.Answer) []string {
	t.Helper()
	all := []string{a.Msg() + " " + a.Field()}
	listed, _ := a.Body["_errors"].([]any)
	for i, item := range listed {
		f, _ := item.(map[string]any)
		require.Len(t, f, 3, a.Raw)
		require.NotEmpty(t, f["_detail"])
		all = append(all, servertest.TextAt(f, "_msg")+" "+servertest.TextAt(f, "_field"))
		if i == 0 {
			require.Equal(t, a.Body["_detail"], f["_detail"], "the first is what the failure is about")
		}
	}
	return all
}

// TestAllFaultsAtOnce makes several mistakes in one request.
func TestAllFaultsAtOnce(t *testing.T) {
	w := servertest.NewFixture(t)
	root := w.Root()
	root.MustDomain("example.com", nil)
	root.MustUser("anna@example.com", map[string]any{"quota": 10})
	const anna, domain = "/api/user/anna@example.com", "/api/domain/example.com"
	for _, x := range []struct {
		name, method, path, contentType, raw string
		strict, legacy                       []string // the first stands for the failure
	}{
		{"one", "PUT", anna, servertest.JSONType, `{"quota": "x"}`, []string{"INVALID_NUMBER quota"}, []string{"INVALID_NUMBER quota"}},
		{"of several kinds", "PUT", anna, servertest.JSONType, `{"foo": 1, "quota": "x", "language": "xx"}`,
			[]string{"INVALID_NUMBER quota", "INVALID_NUMBER quota", "INVALID_LANGUAGE language", "UNKNOWN_PARAMETER foo"},
			[]string{"INVALID_NUMBER quota", "INVALID_NUMBER quota", "INVALID_LANGUAGE language"}},
		{"in a form", "PUT", anna, asForm, "foo=1&quota=x&language=xx",
			[]string{"INVALID_LANGUAGE language", "INVALID_LANGUAGE language", "INVALID_NUMBER quota", "UNKNOWN_PARAMETER foo"},
			[]string{"INVALID_LANGUAGE language", "INVALID_LANGUAGE language", "INVALID_NUMBER quota"}},
		{"missing before unknown", "POST", "/api/login", servertest.JSONType, `{"user": "a@b.test", "password": "x"}`,
			[]string{"INVALID_USERNAME username", "INVALID_USERNAME username", "UNKNOWN_PARAMETER user"}, []string{"INVALID_USERNAME username"}},
		{"each item of a list", "PUT", anna, servertest.JSONType, `{"forwarding": ["a@@b.cc", "anna@example.com", "nobody"]}`,
			[]string{"INVALID_MAIL forwarding", "INVALID_MAIL forwarding", "INVALID_MAIL forwarding"}, nil},
		{"a parameter once", "PUT", anna, servertest.JSONType, `{"quota": "x", "quota": "y", "name": 1, "language": 2}`,
			[]string{"INVALID_NUMBER quota", "INVALID_NUMBER quota", "REPEATED_PARAMETER quota", "INVALID_TYPE name", "INVALID_LANGUAGE language"}, nil},
		{"what is required and wrong is not missing as well", "POST", "/api/throttle/example.com/inbound", servertest.JSONType, `{"period": "x", "max_msgs": -5}`,
			[]string{"INVALID_NUMBER period", "INVALID_NUMBER period", "INVALID_NUMBER max_msgs"},
			[]string{"INVALID_NUMBER period", "INVALID_NUMBER period", "INVALID_NUMBER max_msgs"}},
		{"with contradictions", "PUT", domain, servertest.JSONType, `{"transport": "lmtp:unix:private/other", "primarymx": "mx.test", "quota": "x", "aliasDomains": ["new.test"], "addAliasDomain": ["nodots"]}`,
			[]string{"INVALID_NUMBER quota", "INVALID_NUMBER quota", "INVALID_DOMAIN_NAME addAliasDomain", "CONFLICTING_PARAMETERS primarymx",
				"CONFLICTING_PARAMETERS primarymx"}, // with transport, and without is_backupmx
			[]string{"INVALID_NUMBER quota", "INVALID_NUMBER quota", "CONFLICTING_PARAMETERS primarymx", "CONFLICTING_PARAMETERS addAliasDomain",
				"CONFLICTING_PARAMETERS primarymx"}},
		{"in the query string", "GET", "/api/domains?name_only=x&disabled_only=y&foo=1", "", "",
			[]string{"INVALID_VALUE name_only", "INVALID_VALUE name_only", "INVALID_VALUE disabled_only", "UNKNOWN_PARAMETER foo"},
			[]string{"INVALID_VALUE name_only", "INVALID_VALUE name_only", "INVALID_VALUE disabled_only"}},
	} {
		t.Run(x.name, func(t *testing.T) {
			require.Equal(t, x.strict, faultsOf(t, root.Send(x.method, x.path, x.contentType, x.raw)))
			if x.legacy != nil {
				require.Equal(t, x.legacy, faultsOf(t, root.Legacy().Send(x.method, x.path, x.contentType, x.raw)))
			}
		})
	}
	t.Run("rights come afterwards", func(t *testing.T) {
		root.Must(http.StatusOK, "PUT", "/api/domain/admins/example.com", servertest.Body{"addAdmin": []string{"anna@example.com"}})
		admin := w.As("anna@example.com", servertest.Password)
		require.Equal(t, []string{"INVALID_LANGUAGE language"}, faultsOf(t, admin.JSON("PUT", domain, servertest.Body{"language": "xx", "quota": 1})))
		require.Equal(t, []string{"PERMISSION_DENIED quota"}, faultsOf(t, admin.JSON("PUT", domain, servertest.Body{"language": "de_DE", "quota": 1})))
	})
	t.Run("of many the first twenty", func(t *testing.T) {
		items, names := strings.Repeat(`"a@@b.cc", `, 9000)+`"x"`, ""
		for i := range 1000 {
			names += fmt.Sprintf(`, "x%d": 1`, i)
		}
		for _, body := range []string{`{"forwarding": [` + items + `], "quota": "x"}`, `{"name": 1` + names + `}`, `{"mobile": [` + items + `], "aliases": [` + items + `]}`} {
			a := root.Send("PUT", anna, servertest.JSONType, body)
			require.Equal(t, http.StatusBadRequest, a.Status)
			require.Len(t, a.Body["_errors"], 20)
		}
	})
	t.Run("no more than some clients read", func(t *testing.T) {
		body := servertest.Body{}
		for name, p := range operationOf(t, "PUT /api/ml/:mail").Body {
			if p.Kind == specs.KindString {
				body[name] = 1.5
			}
		}
		require.Greater(t, len(body), 20)
		a := root.Legacy().JSON("PUT", "/api/ml/list@example.com", body)
		require.NotEmpty(t, a.Body["_errors"], a.Raw)
		require.Less(t, len(a.Raw), 4<<10)
	})
	require.EqualValues(t, 10, root.Get(anna).Data()["quota"], "nothing was written")
}

// operationOf is one operation of the contract.
func operationOf(t *testing.T, key string) *specs.Operation {
	t.Helper()
	all, err := specs.Load(servertest.Contract)
	require.NoError(t, err)
	require.NotNil(t, all[key], key)
	return all[key]
}

// TestBodiesAreNotRepeated spoils a body that holds a password in every place, and sends it as JSON and as what it is not: neither an
// answer nor the log shows a part of it.
func TestBodiesAreNotRepeated(t *testing.T) {
	const secret = "Zq7Zq7Zq7Zq7"
	w := servertest.NewFixture(t)
	root := w.Root()
	root.MustDomain("example.com", nil)
	root.MustUser("anna@example.com", nil)
	w.Log.Reset()
	body := `{"password": "` + secret + `", "quota": "` + secret + `", "name": ["` + secret + `"]}`
	at := strings.Index(body, secret)
	for _, sent := range []string{
		secret, "password: " + secret, "password:" + secret, "password " + secret, "<password>" + secret + "</password>", "root@elsewhere.test:" + secret,
		"root@elsewhere.test:" + secret + "=", "name=x&password: " + secret, "password: " + secret + "&name=x",
	} {
		for _, client := range []*servertest.Client{root, root.Legacy()} {
			a := client.Send("PUT", "/api/user/anna@example.com", asForm, sent)
			require.Equal(t, "MALFORMED_BODY", a.Msg(), "%s: %s", sent, a.Raw)
			require.NotContains(t, a.Raw, secret[:6], sent)
		}
	}
	bodies := []string{body, "'" + body + "'", "[" + body + "]", "\ufeff" + body, `"` + body, "{}" + body, "x=" + body, "x&" + body, strings.Repeat(" ", 80) + body}
	for i := range at + len(secret) + 4 {
		bodies = append(bodies, body[:i]+"'"+body[i:], body[:i]+"\n"+body[i+1:], body[:i]+"\\"+body[i:], body[:i], body[i:])
	}
	for _, client := range []*servertest.Client{root, root.Legacy()} {
		for _, sent := range bodies {
			for _, contentType := range []string{servertest.JSONType, asForm} {
				a := client.Send("PUT", "/api/user/anna@example.com", contentType, sent)
				require.NotContains(t, a.Raw, secret[:6], "%s as %s", sent, contentType)
			}
			a := client.Send("PUT", "/api/user/anna@example.com?"+url.PathEscape(sent), "", "")
			require.NotContains(t, a.Raw, secret[:6], "%s in the query string", sent)
		}
	}
	for _, list := range []string{"addAlias=" + body, "aliases=[" + body + "]"} { // which the legacy surface names in _discarded, as published
		require.NotContains(t, root.Send("PUT", "/api/user/anna@example.com", asForm, list).Raw, secret[:6])
	}
	require.NotContains(t, w.Log.String(), secret[:6])
}

// TestPathsWithoutTheirNames takes each path of the contract without its last segments: the reply names one that begins so.
func TestPathsWithoutTheirNames(t *testing.T) {
	w := servertest.NewFixture(t)
	root := w.Root()
	asked := 0
	for _, template := range servertest.Contract.Paths.Keys() {
		known := strings.Split(template, "/")
		for n := 3; n < len(known); n++ {
			begins := strings.Join(known[:n], "/")
			path := servertest.PathOf(begins)
			if servertest.RouteOf("GET", path) != nil || servertest.RouteOf("POST", path) != nil || servertest.RouteOf("DELETE", path) != nil {
				continue
			}
			asked++
			for _, method := range []string{"GET", "POST", "PUT", "DELETE"} {
				a := root.Send(method, path, "", "")
				require.Equal(t, []any{http.StatusNotFound, "NO_SUCH_PATH"}, []any{a.Status, a.Msg()}, "%s %s", method, path)
				require.Contains(t, a.Body["_detail"], "Did you mean "+begins+"/", "%s %s", method, path)
				require.Contains(t, a.Body["_detail"], "/docs/")
			}
		}
	}
	require.Greater(t, asked, 20)
	require.Contains(t, root.Send("POST", "/api/greylisting", "", "").Body["_detail"], "/api/greylisting/{account}?", "one that takes the method")
	require.Contains(t, root.Legacy().Get("/api/users").Body["_detail"], "Did you mean /iredadmin/api/users/{domain}?", "of the surface that was asked")
	require.Equal(t, "There is nothing at this path. All paths are at /docs/.", root.Get("/api/" + strings.Repeat("users", 20)).Body["_detail"])
}
