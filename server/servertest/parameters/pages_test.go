package parameters_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
)

// pageCase is a parameter of the pages of a list, which the legacy surface passes over, whatever its value.
type pageCase struct {
	parameter, value string
	want             []any // the names that are left
}

// pagedList is a list with what its parameters leave of it.
type pagedList struct {
	operation, path string
	prepare         func(t *testing.T, v servertest.Session)
	all             []any
	cases           []pageCase
}

func (l pagedList) effectCases() []servertest.EffectCase {
	names := func(t *testing.T, v servertest.Session, parameters ...string) servertest.Answer {
		t.Helper()
		return v.Get(l.path + strings.Join(append([]string{""}, parameters...), "&"))
	}
	var all []servertest.EffectCase
	add := func(parameter, garbage string, run func(t *testing.T, v servertest.Session)) {
		all = append(all, servertest.EffectCase{Operation: l.operation, Parameter: parameter, Run: func(t *testing.T, v servertest.Session) {
			l.prepare(t, v)
			whole := names(t, v)
			require.Equal(t, l.all, whole.List())
			if v.Forms {
				for _, value := range []string{garbage, "", "%00"} {
					a := names(t, v, parameter+"="+value)
					require.Equal(t, []any{parameter}, a.Body["_ignored"])
					delete(a.Body, "_ignored")
					require.Equal(t, whole.Body, a.Body, "the legacy surface passes over it")
				}
				return
			}
			run(t, v)
		}})
	}
	for _, c := range l.cases {
		add(c.parameter, "x", func(t *testing.T, v servertest.Session) {
			a := names(t, v, c.parameter+"="+url.QueryEscape(c.value))
			require.Equal(t, c.want, a.List(), a.Raw)
			require.Nil(t, a.Body["_next"])
		})
	}
	add("limit", "0", func(t *testing.T, v servertest.Session) {
		a := names(t, v, "limit=1")
		require.Equal(t, l.all[:1], a.List())
		require.NotEmpty(t, a.Body["_next"])
	})
	add("cursor", "x", func(t *testing.T, v servertest.Session) {
		a := names(t, v, "cursor="+servertest.TextAt(names(t, v, "limit=1").Body, "_next"))
		require.Equal(t, l.all[1:], a.List())
		require.Nil(t, a.Body["_next"])
	})
	add("count", "x", func(t *testing.T, v servertest.Session) {
		require.EqualValues(t, len(l.all), names(t, v, "count=yes").Body["_total"])
		require.NotContains(t, names(t, v, "count=no").Body, "_total")
	})
	return all
}

// day is a time before anything was made, or after.
const (
	longAgo = "2001-01-01T00:00:00Z"
	notYet  = "2999-01-01T00:00:00+02:00"
)

var pageCases = append(append(
	pagedList{
		operation: "GET /api/domains", path: "/api/domains?name_only=yes", all: []any{"example.com", "other.test"},
		prepare: func(t *testing.T, v servertest.Session) {
			t.Helper()
			servertest.RequireDone(t, v.Write("PUT", "/api/domain/other.test", servertest.Body{"accountStatus": "disabled", "name": "Others"}))
		},
		cases: []pageCase{
			{"sort", "-domain", []any{"other.test", "example.com"}}, {"q", "EXA", []any{"example.com"}}, {"q_any", "thers", []any{"other.test"}},
			{"accountStatus", "disabled", []any{"other.test"}}, {"created_after", notYet, []any{}},
		},
	}.effectCases(),
	pagedList{
		operation: "GET /api/users/<domain>", path: "/api/users/example.com?email_only=yes", all: []any{"anna@example.com", "ben@example.com"},
		prepare: func(t *testing.T, v servertest.Session) {
			t.Helper()
			servertest.RequireDone(t, v.Write("PUT", "/api/user/ben@example.com", servertest.Body{"accountStatus": "disabled", "quota": 1, "name": "Annan"}))
			servertest.RequireDone(t, v.Write("PUT", "/api/user/anna@example.com", servertest.Body{"isGlobalAdmin": "yes"}))
			require.NoError(t, v.W.Vmail.Do(t.Context(), "INSERT INTO used_quota (username, bytes, messages) VALUES ('ben@example.com', 1048576, 1)"))
		},
		cases: []pageCase{
			{"sort", "-stored_bytes", []any{"ben@example.com", "anna@example.com"}}, {"q", "Ann", []any{"anna@example.com"}},
			{"q_any", "nan", []any{"ben@example.com"}}, {"accountStatus", "active", []any{"anna@example.com"}},
			{"isGlobalAdmin", "yes", []any{"anna@example.com"}}, {"over_quota_percent", "100", []any{"ben@example.com"}},
			{"created_after", longAgo, []any{"anna@example.com", "ben@example.com"}},
		},
	}.effectCases()...),
	pagedList{
		operation: "GET /api/aliases/<domain>", path: "/api/aliases/example.com?email_only=yes", all: []any{"off@example.com", "sales@example.com"},
		prepare: func(t *testing.T, v servertest.Session) {
			t.Helper()
			servertest.RequireDone(t, v.Write("POST", "/api/alias/off@example.com", servertest.Body{"accountStatus": "disabled", "name": "Zed"}))
		},
		cases: []pageCase{
			{"sort", "-mail", []any{"sales@example.com", "off@example.com"}}, {"q", "s", []any{"sales@example.com"}},
			{"q_any", "ZED", []any{"off@example.com"}}, {"accountStatus", "disabled", []any{"off@example.com"}}, {"created_after", notYet, []any{}},
		},
	}.effectCases()...)

var mailingListPages = pagedList{
	operation: "GET /api/mls/<domain>", path: "/api/mls/example.com?email_only=yes", all: []any{"dev@example.com", "news@example.com"},
	prepare: func(t *testing.T, v servertest.Session) {
		t.Helper()
		servertest.RequireDone(t, v.Write("POST", "/api/ml/news@example.com", servertest.Body{"name": "Bulletin", "accountStatus": "disabled"}))
	},
	cases: []pageCase{
		{"sort", "-mail", []any{"news@example.com", "dev@example.com"}}, {"q", "n", []any{"news@example.com"}},
		{"q_any", "bullet", []any{"news@example.com"}}, {"accountStatus", "disabled", []any{"news@example.com"}}, {"created_after", notYet, []any{}},
	},
}.effectCases()
