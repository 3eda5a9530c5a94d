package surface_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
)

// TestIgnoredParametersAreNamed sends the legacy surface what means nothing to an operation.
func TestIgnoredParametersAreNamed(t *testing.T) {
	w := servertest.NewFixture(t)
	root := w.Root()
	root.MustDomain("example.com", nil)
	root.MustUser("anna@example.com", nil)
	const anna = "/api/user/anna@example.com"
	many, long := "", strings.Repeat("n", 200)
	var twenty []any
	for i := range 30 {
		many += fmt.Sprintf("&x%d=1", i)
		if i < 20 {
			twenty = append(twenty, fmt.Sprintf("x%d", i))
		}
	}
	for _, x := range []struct {
		name, method, path, contentType, raw string
		msg                                  string
		ignored                              []any
	}{
		{"a unit that only admins have", "PUT", anna, asForm, "quota=1&quotaUnit=GB", "", []any{"quotaUnit"}},
		{"of a domain", "PUT", "/api/domain/example.com", asForm, "quota=100&quotaUnit=GB", "", []any{"quotaUnit"}},
		{"JSON", "PUT", anna, servertest.JSONType, `{"name": "x", "foo": {"a": [1]}, "bar": null}`, "", []any{"foo", "bar"}},
		{"JSON sent as a form", "PUT", anna, asForm, `{"foo": 1}`, "", []any{"foo"}},
		{"query string and body", "PUT", anna + "?foo=1&name=x", asForm, "foo=2&bar", "", []any{"foo", "bar"}},
		{"nothing", "PUT", anna, asForm, "cn=x&mailQuota=2", "", nil},
		{"a create", "POST", "/api/user/ben@example.com", asForm, "password=" + servertest.Password + "&foo=1", "", []any{"foo"}},
		{"a removal", "DELETE", "/api/user/ben@example.com?foo=1", "", "", "", []any{"foo"}},
		{"a removal of nothing", "DELETE", "/api/user/nobody@example.com?foo=1", "", "", "", []any{"foo"}},
		{"a record", "GET", anna + "?foo=1", "", "", "", []any{"foo"}},
		{"a list", "GET", "/api/users/example.com?foo=1", "", "", "", []any{"foo"}},
		{"a list of names", "GET", "/api/users/example.com?email_only=yes&foo=1", "", "", "", []any{"foo"}},
		{"a policy", "GET", "/api/spampolicy/global?foo=1", "", "", "", []any{"foo"}},
		{"a failure", "PUT", anna, asForm, "quota=x&foo=1", "INVALID_NUMBER", []any{"foo"}},
		{"a failure of the store", "PUT", "/api/user/nobody@example.com", asForm, "foo=1", "NO_SUCH_ACCOUNT", []any{"foo"}},
		{"a log-in", "POST", "/api/login?foo=1", asForm, "username=root@elsewhere.test&password=x", "INVALID_CREDENTIALS", []any{"foo"}},
		{"many", "PUT", anna, asForm, "quota=1" + many, "", twenty},
		{"a long name", "PUT", anna, asForm, long + "=1", "", []any{long[:64]}},
		{"characters of HTML", "PUT", anna, asForm, "<b>=1", "", []any{"<b>"}},
		{"a name twice", "PUT", anna, asForm, "foo=1&foo=2", "", []any{"foo"}},
		{"a name in another script", "PUT", anna, asForm, strings.Repeat("ä", 100) + "=1", "", []any{strings.Repeat("ä", 32)}},
		{"control characters", "PUT", anna, asForm, "a%00%0Ab=1", "", []any{"ab"}},
		{"no name", "PUT", anna, asForm, "=1&&", "", nil},
		{"a name that is JSON", "PUT", anna, asForm, `x=1&{"password":"y"}&"{a`, "MALFORMED_BODY", []any{"x"}},
	} {
		t.Run(x.name, func(t *testing.T) {
			client := root.Legacy()
			a := client.Send(x.method, x.path, x.contentType, x.raw)
			require.Equal(t, []any{http.StatusOK, x.msg}, []any{a.Status, a.Msg()}, a.Raw)
			if x.ignored == nil {
				require.NotContains(t, a.Body, "_ignored")
				return
			}
			require.Equal(t, x.ignored, a.Body["_ignored"], a.Raw)
			require.NotContains(t, a.Raw, `\u00`)
			require.Less(t, len(a.Raw), 4<<10)
		})
	}
	t.Run("the rest of the answer is the same", func(t *testing.T) {
		for _, path := range []string{anna, "/api/users/example.com", "/api/domains?name_only=yes"} {
			plain := root.Legacy().Get(path).Raw
			mark := map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")]
			require.Equal(t, `{"_ignored":["foo"],`+plain[1:], root.Legacy().Get(path+mark+"foo=1").Raw)
		}
	})
	t.Run("the strict surface ignores nothing", func(t *testing.T) {
		a := root.Send("PUT", anna, asForm, "quota=1&quotaUnit=GB")
		require.Equal(t, []any{http.StatusBadRequest, "UNKNOWN_PARAMETER", "quotaUnit"}, []any{a.Status, a.Msg(), a.Field()})
		require.NotContains(t, a.Body, "_ignored")
	})
}
