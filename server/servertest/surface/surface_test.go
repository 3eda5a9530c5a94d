package surface_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
)

func TestNamesAndForms(t *testing.T) {
	const domain, user = "/api/domain/example.com", "/api/user/anna@example.com"
	list := func(items ...any) []any { return append([]any{}, items...) }
	servertest.Run(t, []servertest.Exchange{
		{Name: "JSON changes what it names", Method: "PUT", Path: domain, ContentType: servertest.JSONType, Raw: `{"name":"Example"}`,
			Status: 200, Domain: map[string]any{"description": "Example", "transport": "dovecot"}},
		{Name: "a form changes what it names", Method: "PUT", Path: domain, ContentType: servertest.FormType, Raw: "name=Example+Ltd&quota=10",
			Status: 200, Domain: map[string]any{"description": "Example Ltd", "quota": 10.0}},
		{Name: "media type in capitals with a parameter", Method: "PUT", Path: domain, ContentType: "Application/JSON; charset=utf-8", Raw: `{"name":"x"}`,
			Status: 200, Domain: map[string]any{"description": "x"}},
		{Name: "a form on a legacy path", Legacy: true, Method: "PUT", Path: domain, ContentType: servertest.FormType, Raw: "cn=Example",
			Status: 200, Domain: map[string]any{"description": "Example"}},
		{Name: "JSON on a legacy path", Legacy: true, Method: "PUT", Path: domain, ContentType: servertest.JSONType, Raw: `{"cn":"Example"}`,
			Status: 200, Domain: map[string]any{"description": "Example"}},
		{Name: "raw blank and at sign in a form", Legacy: true, Method: "PUT", Path: domain, ContentType: servertest.FormType, Raw: "cn=ABC Inc.&catchall=anna@example.com",
			Status: 200, Domain: map[string]any{"description": "ABC Inc.", "catchall": list("anna@example.com")}},
		{Name: "list with commas in a form", Method: "PUT", Path: domain, ContentType: servertest.FormType, Raw: "catchall=anna@example.com, BEN@example.com",
			Status: 200, Domain: map[string]any{"catchall": list("anna@example.com", "ben@example.com")}},
		{Name: "list as a repeated key in a form", Method: "PUT", Path: domain, ContentType: servertest.FormType, Raw: "catchall=anna%40example.com&catchall=ben%40example.com",
			Status: 200, Domain: map[string]any{"catchall": list("anna@example.com", "ben@example.com")}},
		{Name: "empty list in a form clears", Method: "PUT", Path: domain, ContentType: servertest.FormType, Raw: "catchall=",
			Status: 200, Domain: map[string]any{"catchall": list()}},
		{Name: "empty list in JSON clears", Method: "PUT", Path: domain, ContentType: servertest.JSONType, Raw: `{"catchall":[]}`,
			Status: 200, Domain: map[string]any{"catchall": list()}},
		{Name: "null clears a nullable number", Method: "PUT", Path: domain, ContentType: servertest.JSONType, Raw: `{"defaultQuota":null}`, Status: 200},
		{Name: "empty clears a nullable number in a form", Method: "PUT", Path: domain, ContentType: servertest.FormType, Raw: "defaultQuota=", Status: 200},
		{Name: "empty clears a nullable choice in a form", Method: "PUT", Path: user, ContentType: servertest.FormType, Raw: "language=",
			Status: 200, User: map[string]any{"language": ""}},
		{Name: "empty for a number that is not nullable, strict", Method: "PUT", Path: domain, ContentType: servertest.FormType, Raw: "quota=",
			Status: 400, Msg: "INVALID_NUMBER", Field: "quota"},
		{Name: "empty for a number that is not nullable, legacy", Legacy: true, Method: "PUT", Path: domain, ContentType: servertest.FormType, Raw: "quota=&cn=x",
			Status: 200, Domain: map[string]any{"description": "x"}},
		{Name: "empty choice that is not nullable, strict", Method: "PUT", Path: user, ContentType: servertest.FormType, Raw: "accountStatus=",
			Status: 400, Msg: "INVALID_ACCOUNT_STATUS", Field: "accountStatus"},
		{Name: "empty choice that is not nullable, legacy", Legacy: true, Method: "PUT", Path: user, ContentType: servertest.FormType, Raw: "accountStatus=",
			Status: 200, User: map[string]any{"active": 1.0}},
		{Name: "leading zeros in a form", Method: "PUT", Path: domain, ContentType: servertest.FormType, Raw: "quota=007", Status: 200, Domain: map[string]any{"quota": 7.0}},
		{Name: "presence acts in a form", Method: "PUT", Path: "/api/domain/admins/example.com", ContentType: servertest.FormType, Raw: "removeAllAdmins=", Status: 200},
		{Name: "presence does not act in JSON", Method: "PUT", Path: "/api/domain/admins/example.com", ContentType: servertest.JSONType, Raw: `{"removeAllAdmins":""}`,
			Status: 400, Msg: "INVALID_VALUE", Field: "removeAllAdmins"},
		{Name: "null is no body", Method: "PUT", Path: domain, ContentType: servertest.JSONType, Raw: "null", Status: 200},
		{Name: "no body changes nothing", Method: "PUT", Path: domain, Status: 200},
		{Name: "scalar twice in a form, strict", Method: "PUT", Path: domain, ContentType: servertest.FormType, Raw: "name=a&name=b",
			Status: 400, Msg: "REPEATED_PARAMETER", Field: "name"},
		{Name: "scalar twice in a form, legacy: the last counts", Legacy: true, Method: "PUT", Path: domain, ContentType: servertest.FormType, Raw: "cn=a&cn=b",
			Status: 200, Domain: map[string]any{"description": "b"}},
		{Name: "name twice in JSON", Method: "PUT", Path: domain, ContentType: servertest.JSONType, Raw: `{"name":"a","name":"b"}`,
			Status: 400, Msg: "REPEATED_PARAMETER", Field: "name"},
		{Name: "legacy words for a status", Legacy: true, Method: "PUT", Path: user, ContentType: servertest.FormType, Raw: "accountStatus=enable",
			Status: 200, User: map[string]any{"active": 1.0}},
		{Name: "unknown word for a status is an error", Legacy: true, Method: "PUT", Path: user, ContentType: servertest.FormType, Raw: "accountStatus=perhaps",
			Status: 200, Msg: "INVALID_ACCOUNT_STATUS", Field: "accountStatus", User: map[string]any{"active": 1.0}},
		{Name: "legacy words are none on the strict surface", Method: "PUT", Path: user, ContentType: servertest.FormType, Raw: "accountStatus=enable",
			Status: 400, Msg: "INVALID_ACCOUNT_STATUS", Field: "accountStatus"},
		{Name: "legacy names are none on the strict surface", Method: "PUT", Path: domain, ContentType: servertest.FormType, Raw: "cn=x",
			Status: 400, Msg: "UNKNOWN_PARAMETER", Field: "cn"},
		{Name: "legacy quota of a mailbox", Legacy: true, Method: "PUT", Path: user, ContentType: servertest.FormType, Raw: "mailQuota=12&preferredLanguage=de_DE",
			Status: 200, User: map[string]any{"quota": 12.0, "language": "de_DE"}},
		{Name: "legacy service names", Legacy: true, Method: "PUT", Path: domain, ContentType: servertest.FormType, Raw: "enableService=self-service", Status: 200},
		{Name: "legacy presence name", Legacy: true, Method: "PUT", Path: domain, ContentType: servertest.FormType, Raw: "removeAllServices=yes", Status: 200},
		{Name: "legacy path for passwords", Legacy: true, Method: "PUT", Path: user + "/password", ContentType: servertest.FormType, Raw: "password=Winter-1959-rain", Status: 200},
		{Name: "no such path on the strict surface", Method: "PUT", Path: user + "/password", ContentType: servertest.FormType, Raw: "password=Winter-1959-rain",
			Status: 404, Msg: "NO_SUCH_PATH"},
		{Name: "legacy rename by PUT", Legacy: true, Method: "PUT", Path: user + "/change_email/anna2@example.com", Status: 200},
		{Name: "rename by POST without any body", Method: "POST", Path: user + "/change_email/anna2@example.com", Status: 200},
		{Name: "26 bytes that ask for gigabytes", Method: "PUT", Path: domain, ContentType: servertest.FormType, Raw: "aliases[20000000]=a",
			Status: 400, Msg: "UNKNOWN_PARAMETER", Field: "aliases[20000000]"},
	})
}

func TestWhereParametersComeFrom(t *testing.T) {
	const domain = "/api/domain/example.com"
	servertest.Run(t, []servertest.Exchange{
		{Name: "query string of a body operation, strict", Method: "PUT", Path: domain + "?name=x", ContentType: servertest.JSONType, Raw: `{}`,
			Status: 400, Msg: "UNKNOWN_PARAMETER", Field: "name"},
		{Name: "query string, legacy", Legacy: true, Method: "PUT", Path: domain + "?cn=x", Status: 200, Domain: map[string]any{"description": "x"}},
		{Name: "the body wins over the query string", Legacy: true, Method: "PUT", Path: domain + "?cn=x", ContentType: servertest.FormType, Raw: "cn=y",
			Status: 200, Domain: map[string]any{"description": "y"}},
		{Name: "no media type, legacy", Legacy: true, Method: "PUT", Path: domain, Raw: "cn=x", Status: 200, Domain: map[string]any{"description": "x"}},
		{Name: "no media type, strict", Method: "PUT", Path: domain, Raw: "name=x", Status: 415, Msg: "UNSUPPORTED_MEDIA_TYPE"},
		{Name: "multipart", Method: "PUT", Path: domain, ContentType: "multipart/form-data; boundary=x", Raw: "--x--", Status: 415, Msg: "UNSUPPORTED_MEDIA_TYPE"},
		{Name: "multipart, legacy", Legacy: true, Method: "PUT", Path: domain, ContentType: "multipart/form-data; boundary=x", Raw: "--x--",
			Status: 415, Msg: "UNSUPPORTED_MEDIA_TYPE"},
		{Name: "unknown in a query string", Method: "GET", Path: domain + "?verbose=1", Status: 400, Msg: "UNKNOWN_PARAMETER", Field: "verbose"},
		{Name: "unknown in a query string, legacy", Legacy: true, Method: "GET", Path: domain + "?verbose=1", Status: 200},
		{Name: "query parameter twice", Method: "GET", Path: "/api/domains?name_only=yes&name_only=no", Status: 400, Msg: "REPEATED_PARAMETER", Field: "name_only"},
		{Name: "query parameter that is no yes or no", Method: "GET", Path: "/api/domains?name_only=1", Status: 400, Msg: "INVALID_VALUE", Field: "name_only"},
		{Name: "query parameter in a form, legacy", Legacy: true, Method: "GET", Path: "/api/domains", ContentType: servertest.FormType, Raw: "name_only=yes", Status: 200},
		{Name: "a body where none is taken, strict", Method: "DELETE", Path: "/api/user/ben@example.com", ContentType: servertest.JSONType, Raw: `{"archive":"yes"}`,
			Status: 400, Msg: "UNKNOWN_PARAMETER", Field: "archive"},
		{Name: "an empty document where no body is taken", Method: "DELETE", Path: "/api/user/ben@example.com", ContentType: servertest.JSONType, Raw: `{}`, Status: 200},
		{Name: "double slashes and one at the end, legacy", Legacy: true, Method: "GET", Path: "//api///domain//example.com/", Status: 200},
		{Name: "double slashes, strict", Method: "GET", Path: "//domain/example.com", Status: 404, Msg: "NO_SUCH_PATH"},
		{Name: "slash at the end, strict", Method: "GET", Path: domain + "/", Status: 404, Msg: "NO_SUCH_PATH"},
		{Name: "at sign escaped in the path", Method: "GET", Path: "/api/user/anna%40example.com", Status: 200},
		{Name: "upper case in the path", Method: "GET", Path: "/api/user/Anna@Example.COM", Status: 200},
	})
}

func TestBadInput(t *testing.T) {
	const domain, user = "/api/domain/example.com", "/api/user/anna@example.com"
	long := strings.Repeat("x", 300)
	servertest.Run(t, []servertest.Exchange{
		{Name: "number as text", Method: "PUT", Path: domain, ContentType: servertest.JSONType, Raw: `{"quota":"10"}`, Status: 400, Msg: "INVALID_NUMBER", Field: "quota"},
		{Name: "number that is none, form", Method: "PUT", Path: domain, ContentType: servertest.FormType, Raw: "quota=abc", Status: 400, Msg: "INVALID_NUMBER", Field: "quota"},
		{Name: "number that is none, legacy", Legacy: true, Method: "PUT", Path: domain, ContentType: servertest.FormType, Raw: "quota=abc&cn=x",
			Status: 200, Msg: "INVALID_NUMBER", Field: "quota", Domain: map[string]any{"description": ""}},
		{Name: "fraction", Method: "PUT", Path: domain, ContentType: servertest.FormType, Raw: "quota=1.5", Status: 400, Msg: "INVALID_NUMBER", Field: "quota"},
		{Name: "beyond 64 bits", Method: "PUT", Path: domain, ContentType: servertest.FormType, Raw: "quota=9223372036854775808", Status: 400, Msg: "INVALID_NUMBER", Field: "quota"},
		{Name: "negative quota", Method: "PUT", Path: domain, ContentType: servertest.JSONType, Raw: `{"quota":-1}`, Status: 400, Msg: "INVALID_NUMBER", Field: "quota"},
		{Name: "negative limit", Method: "PUT", Path: domain, ContentType: servertest.JSONType, Raw: `{"numberOfUsers":-2}`, Status: 400, Msg: "INVALID_NUMBER", Field: "numberOfUsers"},
		{Name: "text as number", Method: "PUT", Path: domain, ContentType: servertest.JSONType, Raw: `{"name":5}`, Status: 400, Msg: "INVALID_TYPE", Field: "name"},
		{Name: "list as text", Method: "PUT", Path: domain, ContentType: servertest.JSONType, Raw: `{"catchall":"anna@example.com"}`, Status: 400, Msg: "INVALID_TYPE", Field: "catchall"},
		{Name: "null for what is not nullable", Method: "PUT", Path: domain, ContentType: servertest.JSONType, Raw: `{"name":null}`, Status: 400, Msg: "INVALID_TYPE", Field: "name"},
		{Name: "unknown parameter, JSON", Method: "PUT", Path: domain, ContentType: servertest.JSONType, Raw: `{"nonsense":1}`, Status: 400, Msg: "UNKNOWN_PARAMETER", Field: "nonsense"},
		{Name: "other case of a name", Method: "PUT", Path: domain, ContentType: servertest.JSONType, Raw: `{"NAME":"x"}`, Status: 400, Msg: "UNKNOWN_PARAMETER", Field: "NAME"},
		{Name: "unknown parameter, legacy", Legacy: true, Method: "PUT", Path: domain, ContentType: servertest.FormType, Raw: "nonsense=1", Status: 200},
		{Name: "over-long name", Method: "PUT", Path: user, ContentType: servertest.JSONType, Raw: `{"name":"` + long + `"}`, Status: 400, Msg: "VALUE_TOO_LONG", Field: "name"},
		{Name: "raw NUL", Method: "PUT", Path: domain, ContentType: servertest.JSONType, Raw: "{\"name\":\"a\x00b\"}", Status: 400, Msg: "INVALID_CHARACTER"},
		{Name: "escaped NUL", Method: "PUT", Path: domain, ContentType: servertest.JSONType, Raw: `{"name":"a\u0000b"}`, Status: 400, Msg: "INVALID_CHARACTER", Field: "name"},
		{Name: "a backslash before u0000 is no NUL", Method: "PUT", Path: domain, ContentType: servertest.JSONType, Raw: `{"name":"a\\u0000b"}`,
			Status: 200, Domain: map[string]any{"description": `a\u0000b`}},
		{Name: "NUL in a form", Method: "PUT", Path: domain, ContentType: servertest.FormType, Raw: "name=a%00b", Status: 400, Msg: "INVALID_CHARACTER", Field: "name"},
		{Name: "NUL in a query string", Legacy: true, Method: "PUT", Path: domain + "?cn=a%00b", Status: 200, Msg: "INVALID_CHARACTER", Field: "name"},
		{Name: "invalid UTF-8 in JSON", Method: "PUT", Path: domain, ContentType: servertest.JSONType, Raw: "{\"name\":\"\xff\"}", Status: 400, Msg: "INVALID_UTF8"},
		{Name: "invalid UTF-8 in a form", Method: "PUT", Path: domain, ContentType: servertest.FormType, Raw: "name=%ff", Status: 400, Msg: "INVALID_UTF8", Field: "name"},
		{Name: "bad escape in a form", Method: "PUT", Path: domain, ContentType: servertest.FormType, Raw: "name=%zz", Status: 400, Msg: "MALFORMED_BODY"},
		{Name: "bad escape in a query string", Method: "GET", Path: domain + "?name=%zz", Status: 400, Msg: "MALFORMED_QUERY"},
		{Name: "no JSON", Method: "PUT", Path: domain, ContentType: servertest.JSONType, Raw: `{"name":`, Status: 400, Msg: "MALFORMED_BODY"},
		{Name: "JSON that is no object", Method: "PUT", Path: domain, ContentType: servertest.JSONType, Raw: `[1]`, Status: 400, Msg: "MALFORMED_BODY"},
		{Name: "something after the JSON", Method: "PUT", Path: domain, ContentType: servertest.JSONType, Raw: `{} {}`, Status: 400, Msg: "MALFORMED_BODY"},
		{Name: "conflict, strict", Method: "PUT", Path: domain, ContentType: servertest.JSONType, Raw: `{"aliasDomains":[],"addAliasDomain":["a.test"]}`,
			Status: 400, Msg: "CONFLICTING_PARAMETERS", Field: "addAliasDomain"},
		{Name: "conflict, legacy", Legacy: true, Method: "PUT", Path: domain, ContentType: servertest.FormType, Raw: "aliasDomains=&addAliasDomain=a.test",
			Status: 200, Msg: "CONFLICTING_PARAMETERS", Field: "addAliasDomain"},
		{Name: "one that needs another", Method: "PUT", Path: domain, ContentType: servertest.JSONType, Raw: `{"primarymx":"mx.test"}`,
			Status: 400, Msg: "CONFLICTING_PARAMETERS", Field: "primarymx"},
		{Name: "unknown language", Method: "PUT", Path: user, ContentType: servertest.JSONType, Raw: `{"language":"xx_XX"}`, Status: 400, Msg: "INVALID_LANGUAGE", Field: "language"},
		{Name: "unknown language, legacy", Legacy: true, Method: "PUT", Path: user, ContentType: servertest.FormType, Raw: "language=xx_XX",
			Status: 200, Msg: "INVALID_LANGUAGE", Field: "language"},
		{Name: "unknown mailbox format", Method: "PUT", Path: user, ContentType: servertest.JSONType, Raw: `{"mailboxFormat":"mbox"}`,
			Status: 400, Msg: "INVALID_MAILBOX_FORMAT", Field: "mailboxFormat"},
		{Name: "invalid item in a list, strict", Method: "PUT", Path: user, ContentType: servertest.JSONType, Raw: `{"forwarding":["anna@example.com","not an address"]}`,
			Status: 400, Msg: "INVALID_MAIL", Field: "forwarding", User: map[string]any{"forwardings": []any{"anna@example.com"}}},
		{Name: "invalid item in a list, legacy", Legacy: true, Method: "PUT", Path: user, ContentType: servertest.FormType, Raw: "forwarding=ben@example.com,nonsense",
			Status: 200, Discarded: []any{"nonsense"}, User: map[string]any{"forwardings": []any{"ben@example.com"}}},
		{Name: "missing destination, strict", Method: "PUT", Path: user, ContentType: servertest.JSONType, Raw: `{"forwarding":["nobody@example.com"]}`,
			Status: 422, Msg: "NO_SUCH_ACCOUNT", Field: "forwarding", User: map[string]any{"forwardings": []any{"anna@example.com"}}},
		{Name: "missing destination, legacy", Legacy: true, Method: "PUT", Path: user, ContentType: servertest.FormType, Raw: "forwarding=nobody@example.com,ben@example.com",
			Status: 200, Discarded: []any{"nobody@example.com"}, User: map[string]any{"forwardings": []any{"ben@example.com"}}},
		{Name: "missing catch-all, strict", Method: "PUT", Path: domain, ContentType: servertest.JSONType, Raw: `{"catchall":["nobody@example.com"]}`,
			Status: 422, Msg: "NO_SUCH_ACCOUNT", Field: "catchall"},
		{Name: "missing catch-all, legacy", Legacy: true, Method: "PUT", Path: domain, ContentType: servertest.FormType, Raw: "catchall=nobody@example.com",
			Status: 200, Msg: "NO_SUCH_ACCOUNT", Field: "catchall"},
		{Name: "missing admin, legacy", Legacy: true, Method: "PUT", Path: "/api/domain/admins/example.com", ContentType: servertest.FormType, Raw: "addAdmin=nobody@example.com",
			Status: 200, Msg: "NO_SUCH_ACCOUNT", Field: "addAdmin"},
		{Name: "reserved word as a domain", Method: "GET", Path: "/api/domain/admins", Status: 400, Msg: "INVALID_DOMAIN_NAME", Field: "domain"},
		{Name: "no address", Method: "GET", Path: "/api/user/anna", Status: 400, Msg: "INVALID_MAIL", Field: "mail"},
		{Name: "no address, legacy", Legacy: true, Method: "GET", Path: "/api/user/anna", Status: 200, Msg: "INVALID_MAIL", Field: "mail"},
		{Name: "no account", Method: "GET", Path: "/api/throttle/anna/inbound", Status: 400, Msg: "INVALID_ACCOUNT", Field: "account"},
		{Name: "no direction", Method: "GET", Path: "/api/throttle/global/sideways", Status: 400, Msg: "INVALID_VALUE", Field: "direction"},
		{Name: "days that are none", Method: "DELETE", Path: user + "/keep_mailbox_days/soon", Status: 400, Msg: "INVALID_NUMBER", Field: "days"},
		{Name: "negative days", Method: "DELETE", Path: user + "/keep_mailbox_days/-1", Status: 400, Msg: "INVALID_NUMBER", Field: "days"},
		{Name: "over-long domain", Method: "GET", Path: "/api/domain/" + strings.Repeat("a", 260) + ".com", Status: 400, Msg: "INVALID_DOMAIN_NAME", Field: "domain"},
		{Name: "the same domain twice", Method: "POST", Path: domain, Status: 409, Msg: "ALREADY_EXISTS", Field: "domain"},
		{Name: "the same domain twice, legacy", Legacy: true, Method: "POST", Path: domain, Status: 200, Msg: "ALREADY_EXISTS", Field: "domain"},
		{Name: "the same user twice", Method: "POST", Path: user, ContentType: servertest.JSONType, Raw: `{"password":"Winter-1958-rain"}`, Status: 409, Msg: "ALREADY_EXISTS", Field: "mail"},
		{Name: "user without a password", Method: "POST", Path: "/api/user/new@example.com", Status: 422, Msg: "PW_EMPTY", Field: "password"},
		{Name: "weak password", Method: "POST", Path: "/api/user/new@example.com", ContentType: servertest.JSONType, Raw: `{"password":"abc"}`,
			Status: 422, Msg: "PW_SHORTER_THAN_MIN_LENGTH,PW_NO_UPPERCASE,PW_NO_DIGIT_NUMBER,PW_NO_SPECIAL_CHAR", Field: "password"},
		{Name: "weak password, legacy", Legacy: true, Method: "POST", Path: "/api/user/new@example.com", ContentType: servertest.FormType, Raw: "password=Abcdefg1",
			Status: 200, Msg: "PW_NO_SPECIAL_CHAR", Field: "password"},
		{Name: "mailbox with an extension", Method: "POST", Path: "/api/user/new+x@example.com", ContentType: servertest.JSONType, Raw: `{"password":"Winter-1958-rain"}`,
			Status: 400, Msg: "INVALID_MAIL", Field: "mail"},
		{Name: "user of a domain that is not here", Method: "POST", Path: "/api/user/new@nowhere.test", ContentType: servertest.JSONType, Raw: `{"password":"Winter-1958-rain"}`,
			Status: 404, Msg: "NO_SUCH_DOMAIN", Field: "mail"},
		{Name: "missing account", Method: "GET", Path: "/api/user/nobody@example.com", Status: 404, Msg: "NO_SUCH_ACCOUNT", Field: "mail"},
		{Name: "missing account, legacy", Legacy: true, Method: "GET", Path: "/api/user/nobody@example.com", Status: 200, Msg: "NO_SUCH_ACCOUNT", Field: "mail"},
		{Name: "delete of a missing account, strict", Method: "DELETE", Path: "/api/user/nobody@example.com", Status: 404, Msg: "NO_SUCH_ACCOUNT", Field: "mail"},
		{Name: "delete of a missing account, legacy", Legacy: true, Method: "DELETE", Path: "/api/user/nobody@example.com", Status: 200},
		{Name: "delete of a missing domain, legacy", Legacy: true, Method: "DELETE", Path: "/api/domain/nowhere.test", Status: 200},
		{Name: "unknown path", Method: "GET", Path: "/api/nonsense", Status: 404, Msg: "NO_SUCH_PATH"},
		{Name: "unknown path, legacy", Legacy: true, Method: "GET", Path: "/api/nonsense", Status: 404, Msg: "NO_SUCH_PATH"},
		{Name: "unknown path to delete, legacy", Legacy: true, Method: "DELETE", Path: "/api/nonsense", Status: 404, Msg: "NO_SUCH_PATH"},
		{Name: "method that the path does not take", Method: "PATCH", Path: domain, Status: 405, Msg: "METHOD_NOT_ALLOWED"},
		{Name: "method that the path does not take, legacy", Legacy: true, Method: "PATCH", Path: domain, Status: 405, Msg: "METHOD_NOT_ALLOWED"},
		{Name: "operation of another backend", Method: "GET", Path: "/api/maillist/list@example.com", Status: 501, Msg: "NOT_SUPPORTED_BY_BACKEND"},
		{Name: "operation of another backend, legacy", Legacy: true, Method: "GET", Path: "/api/ldif/domain/example.com", Status: 200, Msg: "NOT_SUPPORTED_BY_BACKEND"},
		{Name: "list that there is not", Method: "GET", Path: "/api/ml/list@example.com", Status: 404, Msg: "NO_SUCH_ACCOUNT", Field: "mail"},
	})
}

func TestPlusInAPathIsAPlus(t *testing.T) {
	w := servertest.NewFixture(t)
	root := w.Root()
	root.MustDomain("example.com", nil)
	root.Must(http.StatusCreated, "POST", "/api/alias/a+b@example.com", map[string]any{"members": []string{"x@elsewhere.test"}})
	for _, path := range []string{"/api/alias/a+b@example.com", "/api/alias/a%2Bb%40example.com", "/api/alias/a+b%40example.com"} {
		require.Equal(t, http.StatusOK, root.Get(path).Status, path)
	}
	require.Equal(t, http.StatusBadRequest, root.Get("/api/alias/a%20b@example.com").Status)
}
