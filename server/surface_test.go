package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json"
)

// exchange is one request with what has to come back.
type exchange struct {
	name                           string
	legacy                         bool
	method, path, contentType, raw string

	status     int
	msg, field string // of a failure
	// data is what GET /api/domain/example.com (or, with user, of anna) holds afterwards.
	domain, user map[string]any
	discarded    []any
}

// run plays each exchange in a fixture of its own: example.com with anna and ben, other.test with zoe.
func run(t *testing.T, exchanges []exchange) {
	t.Helper()
	base := newFixture(t)
	root := base.root()
	root.mustDomain("example.com", nil)
	root.mustDomain("other.test", nil)
	root.mustUser("anna@example.com", nil)
	root.mustUser("ben@example.com", nil)
	for _, x := range exchanges {
		t.Run(x.name, func(t *testing.T) { x.play(t, base) })
	}
}

func (x exchange) play(t *testing.T, base *fixture) {
	t.Helper()
	w := copyFixture(t, base.dir)
	strict := w.root()
	c := strict
	if x.legacy {
		c = strict.legacy()
	}
	a := c.send(x.method, x.path, x.contentType, x.raw)
	require.Equal(t, x.status, a.status, a.raw)
	require.Equal(t, x.msg, a.msg(), a.raw)
	require.Equal(t, x.field, a.field(), a.raw)
	require.Equal(t, x.msg == "", a.ok(), a.raw)
	if x.discarded != nil {
		require.Equal(t, x.discarded, a.body["_discarded"])
	}
	requireData(t, strict.get("/api/domain/example.com").data(), x.domain)
	requireData(t, strict.get("/api/user/anna@example.com").data(), x.user)
}

func requireData(t *testing.T, got, want map[string]any) {
	t.Helper()
	for name, value := range want {
		require.Equal(t, value, got[name], name)
	}
}

func TestNamesAndForms(t *testing.T) {
	const domain, user = "/api/domain/example.com", "/api/user/anna@example.com"
	list := func(items ...any) []any { return append([]any{}, items...) }
	run(t, []exchange{
		{name: "JSON changes what it names", method: "PUT", path: domain, contentType: jsonType, raw: `{"name":"Example"}`,
			status: 200, domain: map[string]any{"description": "Example", "transport": "dovecot"}},
		{name: "a form changes what it names", method: "PUT", path: domain, contentType: formType, raw: "name=Example+Ltd&quota=10",
			status: 200, domain: map[string]any{"description": "Example Ltd", "quota": 10.0}},
		{name: "media type in capitals with a parameter", method: "PUT", path: domain, contentType: "Application/JSON; charset=utf-8", raw: `{"name":"x"}`,
			status: 200, domain: map[string]any{"description": "x"}},
		{name: "a form on a legacy path", legacy: true, method: "PUT", path: domain, contentType: formType, raw: "cn=Example",
			status: 200, domain: map[string]any{"description": "Example"}},
		{name: "JSON on a legacy path", legacy: true, method: "PUT", path: domain, contentType: jsonType, raw: `{"cn":"Example"}`,
			status: 200, domain: map[string]any{"description": "Example"}},
		{name: "raw blank and at sign in a form", legacy: true, method: "PUT", path: domain, contentType: formType, raw: "cn=ABC Inc.&catchall=anna@example.com",
			status: 200, domain: map[string]any{"description": "ABC Inc.", "catchall": list("anna@example.com")}},
		{name: "list with commas in a form", method: "PUT", path: domain, contentType: formType, raw: "catchall=anna@example.com, BEN@example.com",
			status: 200, domain: map[string]any{"catchall": list("anna@example.com", "ben@example.com")}},
		{name: "list as a repeated key in a form", method: "PUT", path: domain, contentType: formType, raw: "catchall=anna%40example.com&catchall=ben%40example.com",
			status: 200, domain: map[string]any{"catchall": list("anna@example.com", "ben@example.com")}},
		{name: "empty list in a form clears", method: "PUT", path: domain, contentType: formType, raw: "catchall=",
			status: 200, domain: map[string]any{"catchall": list()}},
		{name: "empty list in JSON clears", method: "PUT", path: domain, contentType: jsonType, raw: `{"catchall":[]}`,
			status: 200, domain: map[string]any{"catchall": list()}},
		{name: "null clears a nullable number", method: "PUT", path: domain, contentType: jsonType, raw: `{"defaultQuota":null}`, status: 200},
		{name: "empty clears a nullable number in a form", method: "PUT", path: domain, contentType: formType, raw: "defaultQuota=", status: 200},
		{name: "empty clears a nullable choice in a form", method: "PUT", path: user, contentType: formType, raw: "language=",
			status: 200, user: map[string]any{"language": ""}},
		{name: "empty for a number that is not nullable, strict", method: "PUT", path: domain, contentType: formType, raw: "quota=",
			status: 400, msg: "INVALID_NUMBER", field: "quota"},
		{name: "empty for a number that is not nullable, legacy", legacy: true, method: "PUT", path: domain, contentType: formType, raw: "quota=&cn=x",
			status: 200, domain: map[string]any{"description": "x"}},
		{name: "empty choice that is not nullable, strict", method: "PUT", path: user, contentType: formType, raw: "accountStatus=",
			status: 400, msg: "INVALID_ACCOUNT_STATUS", field: "accountStatus"},
		{name: "empty choice that is not nullable, legacy", legacy: true, method: "PUT", path: user, contentType: formType, raw: "accountStatus=",
			status: 200, user: map[string]any{"active": 1.0}},
		{name: "leading zeros in a form", method: "PUT", path: domain, contentType: formType, raw: "quota=007", status: 200, domain: map[string]any{"quota": 7.0}},
		{name: "presence acts in a form", method: "PUT", path: "/api/domain/admins/example.com", contentType: formType, raw: "removeAllAdmins=", status: 200},
		{name: "presence does not act in JSON", method: "PUT", path: "/api/domain/admins/example.com", contentType: jsonType, raw: `{"removeAllAdmins":""}`,
			status: 400, msg: "INVALID_VALUE", field: "removeAllAdmins"},
		{name: "null is no body", method: "PUT", path: domain, contentType: jsonType, raw: "null", status: 200},
		{name: "no body changes nothing", method: "PUT", path: domain, status: 200},
		{name: "scalar twice in a form, strict", method: "PUT", path: domain, contentType: formType, raw: "name=a&name=b",
			status: 400, msg: "REPEATED_PARAMETER", field: "name"},
		{name: "scalar twice in a form, legacy: the last counts", legacy: true, method: "PUT", path: domain, contentType: formType, raw: "cn=a&cn=b",
			status: 200, domain: map[string]any{"description": "b"}},
		{name: "name twice in JSON", method: "PUT", path: domain, contentType: jsonType, raw: `{"name":"a","name":"b"}`,
			status: 400, msg: "REPEATED_PARAMETER", field: "name"},
		{name: "legacy words for a status", legacy: true, method: "PUT", path: user, contentType: formType, raw: "accountStatus=enable",
			status: 200, user: map[string]any{"active": 1.0}},
		{name: "unknown word for a status is an error", legacy: true, method: "PUT", path: user, contentType: formType, raw: "accountStatus=perhaps",
			status: 200, msg: "INVALID_ACCOUNT_STATUS", field: "accountStatus", user: map[string]any{"active": 1.0}},
		{name: "legacy words are none on the strict surface", method: "PUT", path: user, contentType: formType, raw: "accountStatus=enable",
			status: 400, msg: "INVALID_ACCOUNT_STATUS", field: "accountStatus"},
		{name: "legacy names are none on the strict surface", method: "PUT", path: domain, contentType: formType, raw: "cn=x",
			status: 400, msg: "UNKNOWN_PARAMETER", field: "cn"},
		{name: "legacy quota of a mailbox", legacy: true, method: "PUT", path: user, contentType: formType, raw: "mailQuota=12&preferredLanguage=de_DE",
			status: 200, user: map[string]any{"quota": 12.0, "language": "de_DE"}},
		{name: "legacy service names", legacy: true, method: "PUT", path: domain, contentType: formType, raw: "enableService=self-service", status: 200},
		{name: "legacy presence name", legacy: true, method: "PUT", path: domain, contentType: formType, raw: "removeAllServices=yes", status: 200},
		{name: "legacy path for passwords", legacy: true, method: "PUT", path: user + "/password", contentType: formType, raw: "password=Winter-1959-rain", status: 200},
		{name: "no such path on the strict surface", method: "PUT", path: user + "/password", contentType: formType, raw: "password=Winter-1959-rain",
			status: 404, msg: "NO_SUCH_PATH"},
		{name: "legacy rename by PUT", legacy: true, method: "PUT", path: user + "/change_email/anna2@example.com", status: 200},
		{name: "rename by POST without any body", method: "POST", path: user + "/change_email/anna2@example.com", status: 200},
		{name: "26 bytes that ask for gigabytes", method: "PUT", path: domain, contentType: formType, raw: "aliases[20000000]=a",
			status: 400, msg: "UNKNOWN_PARAMETER", field: "aliases[20000000]"},
	})
}

func TestWhereParametersComeFrom(t *testing.T) {
	const domain = "/api/domain/example.com"
	run(t, []exchange{
		{name: "query string of a body operation, strict", method: "PUT", path: domain + "?name=x", contentType: jsonType, raw: `{}`,
			status: 400, msg: "UNKNOWN_PARAMETER", field: "name"},
		{name: "query string, legacy", legacy: true, method: "PUT", path: domain + "?cn=x", status: 200, domain: map[string]any{"description": "x"}},
		{name: "the body wins over the query string", legacy: true, method: "PUT", path: domain + "?cn=x", contentType: formType, raw: "cn=y",
			status: 200, domain: map[string]any{"description": "y"}},
		{name: "no media type, legacy", legacy: true, method: "PUT", path: domain, raw: "cn=x", status: 200, domain: map[string]any{"description": "x"}},
		{name: "no media type, strict", method: "PUT", path: domain, raw: "name=x", status: 415, msg: "UNSUPPORTED_MEDIA_TYPE"},
		{name: "multipart", method: "PUT", path: domain, contentType: "multipart/form-data; boundary=x", raw: "--x--", status: 415, msg: "UNSUPPORTED_MEDIA_TYPE"},
		{name: "multipart, legacy", legacy: true, method: "PUT", path: domain, contentType: "multipart/form-data; boundary=x", raw: "--x--",
			status: 415, msg: "UNSUPPORTED_MEDIA_TYPE"},
		{name: "unknown in a query string", method: "GET", path: domain + "?verbose=1", status: 400, msg: "UNKNOWN_PARAMETER", field: "verbose"},
		{name: "unknown in a query string, legacy", legacy: true, method: "GET", path: domain + "?verbose=1", status: 200},
		{name: "query parameter twice", method: "GET", path: "/api/domains?name_only=yes&name_only=no", status: 400, msg: "REPEATED_PARAMETER", field: "name_only"},
		{name: "query parameter that is no yes or no", method: "GET", path: "/api/domains?name_only=1", status: 400, msg: "INVALID_VALUE", field: "name_only"},
		{name: "query parameter in a form, legacy", legacy: true, method: "GET", path: "/api/domains", contentType: formType, raw: "name_only=yes", status: 200},
		{name: "a body where none is taken, strict", method: "DELETE", path: "/api/user/ben@example.com", contentType: jsonType, raw: `{"archive":"yes"}`,
			status: 400, msg: "UNKNOWN_PARAMETER", field: "archive"},
		{name: "an empty document where no body is taken", method: "DELETE", path: "/api/user/ben@example.com", contentType: jsonType, raw: `{}`, status: 200},
		{name: "double slashes and one at the end, legacy", legacy: true, method: "GET", path: "//api///domain//example.com/", status: 200},
		{name: "double slashes, strict", method: "GET", path: "//domain/example.com", status: 404, msg: "NO_SUCH_PATH"},
		{name: "slash at the end, strict", method: "GET", path: domain + "/", status: 404, msg: "NO_SUCH_PATH"},
		{name: "at sign escaped in the path", method: "GET", path: "/api/user/anna%40example.com", status: 200},
		{name: "upper case in the path", method: "GET", path: "/api/user/Anna@Example.COM", status: 200},
	})
}

func TestBadInput(t *testing.T) {
	const domain, user = "/api/domain/example.com", "/api/user/anna@example.com"
	long := strings.Repeat("x", 300)
	run(t, []exchange{
		{name: "number as text", method: "PUT", path: domain, contentType: jsonType, raw: `{"quota":"10"}`, status: 400, msg: "INVALID_NUMBER", field: "quota"},
		{name: "number that is none, form", method: "PUT", path: domain, contentType: formType, raw: "quota=abc", status: 400, msg: "INVALID_NUMBER", field: "quota"},
		{name: "number that is none, legacy", legacy: true, method: "PUT", path: domain, contentType: formType, raw: "quota=abc&cn=x",
			status: 200, msg: "INVALID_NUMBER", field: "quota", domain: map[string]any{"description": ""}},
		{name: "fraction", method: "PUT", path: domain, contentType: formType, raw: "quota=1.5", status: 400, msg: "INVALID_NUMBER", field: "quota"},
		{name: "beyond 64 bits", method: "PUT", path: domain, contentType: formType, raw: "quota=9223372036854775808", status: 400, msg: "INVALID_NUMBER", field: "quota"},
		{name: "negative quota", method: "PUT", path: domain, contentType: jsonType, raw: `{"quota":-1}`, status: 400, msg: "INVALID_NUMBER", field: "quota"},
		{name: "negative limit", method: "PUT", path: domain, contentType: jsonType, raw: `{"numberOfUsers":-2}`, status: 400, msg: "INVALID_NUMBER", field: "numberOfUsers"},
		{name: "text as number", method: "PUT", path: domain, contentType: jsonType, raw: `{"name":5}`, status: 400, msg: "INVALID_TYPE", field: "name"},
		{name: "list as text", method: "PUT", path: domain, contentType: jsonType, raw: `{"catchall":"anna@example.com"}`, status: 400, msg: "INVALID_TYPE", field: "catchall"},
		{name: "null for what is not nullable", method: "PUT", path: domain, contentType: jsonType, raw: `{"name":null}`, status: 400, msg: "INVALID_TYPE", field: "name"},
		{name: "unknown parameter, JSON", method: "PUT", path: domain, contentType: jsonType, raw: `{"nonsense":1}`, status: 400, msg: "UNKNOWN_PARAMETER", field: "nonsense"},
		{name: "other case of a name", method: "PUT", path: domain, contentType: jsonType, raw: `{"NAME":"x"}`, status: 400, msg: "UNKNOWN_PARAMETER", field: "NAME"},
		{name: "unknown parameter, legacy", legacy: true, method: "PUT", path: domain, contentType: formType, raw: "nonsense=1", status: 200},
		{name: "over-long name", method: "PUT", path: user, contentType: jsonType, raw: `{"name":"` + long + `"}`, status: 400, msg: "VALUE_TOO_LONG", field: "name"},
		{name: "raw NUL", method: "PUT", path: domain, contentType: jsonType, raw: "{\"name\":\"a\x00b\"}", status: 400, msg: "INVALID_CHARACTER"},
		{name: "escaped NUL", method: "PUT", path: domain, contentType: jsonType, raw: `{"name":"a\u0000b"}`, status: 400, msg: "INVALID_CHARACTER", field: "name"},
		{name: "a backslash before u0000 is no NUL", method: "PUT", path: domain, contentType: jsonType, raw: `{"name":"a\\u0000b"}`,
			status: 200, domain: map[string]any{"description": `a\u0000b`}},
		{name: "NUL in a form", method: "PUT", path: domain, contentType: formType, raw: "name=a%00b", status: 400, msg: "INVALID_CHARACTER", field: "name"},
		{name: "NUL in a query string", legacy: true, method: "PUT", path: domain + "?cn=a%00b", status: 200, msg: "INVALID_CHARACTER", field: "name"},
		{name: "invalid UTF-8 in JSON", method: "PUT", path: domain, contentType: jsonType, raw: "{\"name\":\"\xff\"}", status: 400, msg: "INVALID_UTF8"},
		{name: "invalid UTF-8 in a form", method: "PUT", path: domain, contentType: formType, raw: "name=%ff", status: 400, msg: "INVALID_UTF8", field: "name"},
		{name: "bad escape in a form", method: "PUT", path: domain, contentType: formType, raw: "name=%zz", status: 400, msg: "MALFORMED_BODY"},
		{name: "bad escape in a query string", method: "GET", path: domain + "?name=%zz", status: 400, msg: "MALFORMED_QUERY"},
		{name: "no JSON", method: "PUT", path: domain, contentType: jsonType, raw: `{"name":`, status: 400, msg: "MALFORMED_BODY"},
		{name: "JSON that is no object", method: "PUT", path: domain, contentType: jsonType, raw: `[1]`, status: 400, msg: "MALFORMED_BODY"},
		{name: "something after the JSON", method: "PUT", path: domain, contentType: jsonType, raw: `{} {}`, status: 400, msg: "MALFORMED_BODY"},
		{name: "conflict, strict", method: "PUT", path: domain, contentType: jsonType, raw: `{"aliasDomains":[],"addAliasDomain":["a.test"]}`,
			status: 400, msg: "CONFLICTING_PARAMETERS", field: "addAliasDomain"},
		{name: "conflict, legacy", legacy: true, method: "PUT", path: domain, contentType: formType, raw: "aliasDomains=&addAliasDomain=a.test",
			status: 200, msg: "CONFLICTING_PARAMETERS", field: "addAliasDomain"},
		{name: "one that needs another", method: "PUT", path: domain, contentType: jsonType, raw: `{"primarymx":"mx.test"}`,
			status: 400, msg: "CONFLICTING_PARAMETERS", field: "primarymx"},
		{name: "unknown language", method: "PUT", path: user, contentType: jsonType, raw: `{"language":"xx_XX"}`, status: 400, msg: "INVALID_LANGUAGE", field: "language"},
		{name: "unknown language, legacy", legacy: true, method: "PUT", path: user, contentType: formType, raw: "language=xx_XX",
			status: 200, msg: "INVALID_LANGUAGE", field: "language"},
		{name: "unknown mailbox format", method: "PUT", path: user, contentType: jsonType, raw: `{"mailboxFormat":"mbox"}`,
			status: 400, msg: "INVALID_MAILBOX_FORMAT", field: "mailboxFormat"},
		{name: "invalid item in a list, strict", method: "PUT", path: user, contentType: jsonType, raw: `{"forwarding":["anna@example.com","not an address"]}`,
			status: 400, msg: "INVALID_MAIL", field: "forwarding", user: map[string]any{"forwardings": []any{"anna@example.com"}}},
		{name: "invalid item in a list, legacy", legacy: true, method: "PUT", path: user, contentType: formType, raw: "forwarding=ben@example.com,nonsense",
			status: 200, discarded: []any{"nonsense"}, user: map[string]any{"forwardings": []any{"ben@example.com"}}},
		{name: "missing destination, strict", method: "PUT", path: user, contentType: jsonType, raw: `{"forwarding":["nobody@example.com"]}`,
			status: 422, msg: "NO_SUCH_ACCOUNT", field: "forwarding", user: map[string]any{"forwardings": []any{"anna@example.com"}}},
		{name: "missing destination, legacy", legacy: true, method: "PUT", path: user, contentType: formType, raw: "forwarding=nobody@example.com,ben@example.com",
			status: 200, discarded: []any{"nobody@example.com"}, user: map[string]any{"forwardings": []any{"ben@example.com"}}},
		{name: "missing catch-all, strict", method: "PUT", path: domain, contentType: jsonType, raw: `{"catchall":["nobody@example.com"]}`,
			status: 422, msg: "NO_SUCH_ACCOUNT", field: "catchall"},
		{name: "missing catch-all, legacy", legacy: true, method: "PUT", path: domain, contentType: formType, raw: "catchall=nobody@example.com",
			status: 200, msg: "NO_SUCH_ACCOUNT", field: "catchall"},
		{name: "missing admin, legacy", legacy: true, method: "PUT", path: "/api/domain/admins/example.com", contentType: formType, raw: "addAdmin=nobody@example.com",
			status: 200, msg: "NO_SUCH_ACCOUNT", field: "addAdmin"},
		{name: "reserved word as a domain", method: "GET", path: "/api/domain/admins", status: 400, msg: "INVALID_DOMAIN_NAME", field: "domain"},
		{name: "no address", method: "GET", path: "/api/user/anna", status: 400, msg: "INVALID_MAIL", field: "mail"},
		{name: "no address, legacy", legacy: true, method: "GET", path: "/api/user/anna", status: 200, msg: "INVALID_MAIL", field: "mail"},
		{name: "no account", method: "GET", path: "/api/throttle/anna/inbound", status: 400, msg: "INVALID_ACCOUNT", field: "account"},
		{name: "no direction", method: "GET", path: "/api/throttle/global/sideways", status: 400, msg: "INVALID_VALUE", field: "direction"},
		{name: "days that are none", method: "DELETE", path: user + "/keep_mailbox_days/soon", status: 400, msg: "INVALID_NUMBER", field: "days"},
		{name: "negative days", method: "DELETE", path: user + "/keep_mailbox_days/-1", status: 400, msg: "INVALID_NUMBER", field: "days"},
		{name: "over-long domain", method: "GET", path: "/api/domain/" + strings.Repeat("a", 260) + ".com", status: 400, msg: "INVALID_DOMAIN_NAME", field: "domain"},
		{name: "the same domain twice", method: "POST", path: domain, status: 409, msg: "ALREADY_EXISTS", field: "domain"},
		{name: "the same domain twice, legacy", legacy: true, method: "POST", path: domain, status: 200, msg: "ALREADY_EXISTS", field: "domain"},
		{name: "the same user twice", method: "POST", path: user, contentType: jsonType, raw: `{"password":"Winter-1958-rain"}`, status: 409, msg: "ALREADY_EXISTS", field: "mail"},
		{name: "user without a password", method: "POST", path: "/api/user/new@example.com", status: 422, msg: "PW_EMPTY", field: "password"},
		{name: "weak password", method: "POST", path: "/api/user/new@example.com", contentType: jsonType, raw: `{"password":"abc"}`,
			status: 422, msg: "PW_SHORTER_THAN_MIN_LENGTH,PW_NO_UPPERCASE,PW_NO_DIGIT_NUMBER,PW_NO_SPECIAL_CHAR", field: "password"},
		{name: "weak password, legacy", legacy: true, method: "POST", path: "/api/user/new@example.com", contentType: formType, raw: "password=Abcdefg1",
			status: 200, msg: "PW_NO_SPECIAL_CHAR", field: "password"},
		{name: "mailbox with an extension", method: "POST", path: "/api/user/new+x@example.com", contentType: jsonType, raw: `{"password":"Winter-1958-rain"}`,
			status: 400, msg: "INVALID_MAIL", field: "mail"},
		{name: "user of a domain that is not here", method: "POST", path: "/api/user/new@nowhere.test", contentType: jsonType, raw: `{"password":"Winter-1958-rain"}`,
			status: 404, msg: "NO_SUCH_DOMAIN", field: "mail"},
		{name: "missing account", method: "GET", path: "/api/user/nobody@example.com", status: 404, msg: "NO_SUCH_ACCOUNT", field: "mail"},
		{name: "missing account, legacy", legacy: true, method: "GET", path: "/api/user/nobody@example.com", status: 200, msg: "NO_SUCH_ACCOUNT", field: "mail"},
		{name: "delete of a missing account, strict", method: "DELETE", path: "/api/user/nobody@example.com", status: 404, msg: "NO_SUCH_ACCOUNT", field: "mail"},
		{name: "delete of a missing account, legacy", legacy: true, method: "DELETE", path: "/api/user/nobody@example.com", status: 200},
		{name: "delete of a missing domain, legacy", legacy: true, method: "DELETE", path: "/api/domain/nowhere.test", status: 200},
		{name: "unknown path", method: "GET", path: "/api/nonsense", status: 404, msg: "NO_SUCH_PATH"},
		{name: "unknown path, legacy", legacy: true, method: "GET", path: "/api/nonsense", status: 404, msg: "NO_SUCH_PATH"},
		{name: "unknown path to delete, legacy", legacy: true, method: "DELETE", path: "/api/nonsense", status: 404, msg: "NO_SUCH_PATH"},
		{name: "method that the path does not take", method: "PATCH", path: domain, status: 405, msg: "METHOD_NOT_ALLOWED"},
		{name: "method that the path does not take, legacy", legacy: true, method: "PATCH", path: domain, status: 405, msg: "METHOD_NOT_ALLOWED"},
		{name: "operation of another backend", method: "GET", path: "/api/maillist/list@example.com", status: 501, msg: "NOT_SUPPORTED_BY_BACKEND"},
		{name: "operation of another backend, legacy", legacy: true, method: "GET", path: "/api/ldif/domain/example.com", status: 200, msg: "NOT_SUPPORTED_BY_BACKEND"},
		{name: "list that there is not", method: "GET", path: "/api/ml/list@example.com", status: 404, msg: "NO_SUCH_ACCOUNT", field: "mail"},
	})
}

func TestPlusInAPathIsAPlus(t *testing.T) {
	w := newFixture(t)
	root := w.root()
	root.mustDomain("example.com", nil)
	root.must(http.StatusCreated, "POST", "/api/alias/a+b@example.com", map[string]any{"members": []string{"x@elsewhere.test"}})
	for _, path := range []string{"/api/alias/a+b@example.com", "/api/alias/a%2Bb%40example.com", "/api/alias/a+b%40example.com"} {
		require.Equal(t, http.StatusOK, root.get(path).status, path)
	}
	require.Equal(t, http.StatusBadRequest, root.get("/api/alias/a%20b@example.com").status)
}
