package parameters_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store"
)

// additive are the lists of the contract that do not replace anything.
var additive = []string{"addresses"}

// TestReplacingListsAreMarked holds the lists of every update against x-replaces: a list adds, removes or replaces.
func TestReplacingListsAreMarked(t *testing.T) {
	for name, ref := range servertest.Contract.Components.Schemas {
		if !strings.HasSuffix(name, "Update") {
			continue
		}
		var replaces []string
		marked, _ := ref.Value.Extensions["x-replaces"].([]any)
		for _, m := range marked {
			replaces = append(replaces, m.(string))
		}
		for property, p := range ref.Value.Properties {
			schema := p.Value
			if schema.ReadOnly {
				continue
			}
			for len(schema.AllOf) == 1 && schema.Type == nil {
				schema = schema.AllOf[0].Value
			}
			adds := slices.Contains(additive, property) || property == "remove_subscribers" ||
				property != "remove_headers" && slices.ContainsFunc([]string{"add", "remove", "enable", "disable"}, func(verb string) bool {
					return strings.HasPrefix(property, verb) && !strings.HasPrefix(property, "disabled")
				})
			require.Equal(t, schema.Type.Is("array") && !adds, slices.Contains(replaces, property), "%s.%s", name, property)
		}
	}
}

// replacing is a list that is stored, and what cannot replace it.
type replacing struct {
	method, path, field string
	stored              []string
	bad, msg            string // of the legacy surface
	strict              bool   // the strict surface drops items, too
}

// TestListsOfWhichNothingIsValid sends lists that would replace a stored one and hold nothing that can be taken.
func TestListsOfWhichNothingIsValid(t *testing.T) {
	for _, engine := range append([]string{"sqlite", "ldap"}, "mysql", "postgres") {
		t.Run(engine, func(t *testing.T) { refuseReplacing(t, servertest.NewFixtureOn(t, engine)) })
	}
}

func refuseReplacing(t *testing.T, w *servertest.Fixture) {
	t.Helper()
	root := w.Root()
	root.MustDomain("example.com", nil)
	root.MustDomain("other.test", nil)
	root.MustUser("anna@example.com", nil)
	root.Must(http.StatusCreated, "POST", "/api/alias/sales@example.com", map[string]any{"members": []string{"anna@example.com"}})
	root.Must(http.StatusCreated, "POST", "/api/ml/dev@example.com", map[string]any{"name": "Dev"})
	if w.Deps.Directory != nil {
		root.Must(http.StatusCreated, "POST", "/api/maillist/staff@example.com", map[string]any{"members": []string{"anna@example.com"}})
	}
	const (
		domain, user, alias, ml = "/api/domain/example.com", "/api/user/anna@example.com", "/api/alias/sales@example.com", "/api/ml/dev@example.com"
		list, greylisting       = "/api/maillist/staff@example.com", "/api/greylisting/example.com/whitelists"
	)
	put := func(path, field, stored, bad, msg string) replacing {
		return replacing{method: "PUT", path: path, field: field, stored: []string{stored}, bad: bad, msg: msg}
	}
	cases := []replacing{
		put(alias, "members", "anna@example.com", "a@x;b@x", "INVALID_MAIL"),
		put(alias, "members", "anna@example.com", "nobody@example.com", "NO_SUCH_ACCOUNT"),
		put(alias, "members", "anna@example.com", "nobody@example.com,nobody@other.test", "NO_SUCH_ACCOUNT"),
		put(alias, "members", "anna@example.com", "bad,nobody@example.com", "INVALID_MAIL"),
		put(alias, "members", "anna@example.com", "nobody@example.com,bad", "NO_SUCH_ACCOUNT"),
		put(alias, "members", "anna@example.com", "sales@example.com", "INVALID_MAIL"),
		put(alias, "members", "anna@example.com", "nobody@example.com,sales@example.com", "NO_SUCH_ACCOUNT"),
		put(alias, "moderators", "anna@example.com", "nodomain", "INVALID_MAIL"),
		put(user, "forwarding", "keep@example.net", "@", "INVALID_MAIL"),
		put(user, "forwarding", "keep@example.net", "nobody@other.test", "NO_SUCH_ACCOUNT"),
		put(user, "aliases", "anna.b@example.com", "anna@example.org", "INVALID_MAIL"),
		put(user, "aliases", "anna.b@example.com", "sales@example.com", "ALREADY_EXISTS"),
		put(user, "aliases", "anna.b@example.com", "sales@example.com,anna@example.org", "ALREADY_EXISTS"),
		put(user, "services", "imap", "self service", "INVALID_SERVICE"),
		put(user, "mobile", "+49 1", "☎", "INVALID_VALUE"),
		put(user, "telephoneNumber", "+49 2", "☎", "INVALID_VALUE"),
		put(domain, "catchall", "anna@example.com", "@other.test", "INVALID_MAIL"),
		put(domain, "aliasDomains", "example.net", "http://x", "INVALID_DOMAIN_NAME"),
		put(domain, "aliasDomains", "example.net", "other.test", "ALREADY_EXISTS"),
		put(domain, "aliasDomains", "example.net", "other.test,http://x", "ALREADY_EXISTS"),
		put(domain, "services", "self-service", "self service", "INVALID_SERVICE"),
		put(ml, "owner", "anna@example.com", "nodomain", "INVALID_MAIL"),
		put(ml, "moderators", "anna@example.com", "nodomain", "INVALID_MAIL"),
		put(ml, "subscription_moderators", "anna@example.com", "nodomain", "INVALID_MAIL"),
		put(ml, "extra_addresses", "devs@example.com", "devs@example.org", "INVALID_MAIL"),
		put(ml, "extra_addresses", "devs@example.com", "anna@example.com", "ALREADY_EXISTS"),
		put(ml, "remove_headers", "Message-ID", "a b", "INVALID_VALUE"),
		put("/api/spampolicy/domain/example.com", "banned_rulenames", "DEFAULT", "a b!", "INVALID_VALUE"),
		{method: "POST", path: greylisting, field: "senders", stored: []string{"192.0.2.7"}, bad: "bad sender", msg: "INVALID_VALUE", strict: true},
		{method: "POST", path: "/api/greylisting/whitelist_spf_domains", field: "domains", stored: []string{"example.net"}, bad: "http://x", msg: "INVALID_DOMAIN_NAME"},
	}
	if w.Deps.Directory != nil {
		cases = append(cases, put(list, "members", "anna@example.com", "nodomain", "INVALID_MAIL"),
			put(list, "members", "anna@example.com", "nobody@example.com", "NO_SUCH_ACCOUNT"),
			put(list, "members", "anna@example.com", "staff@example.com", "INVALID_MAIL"))
	}
	for _, x := range cases {
		t.Run(x.field+" "+x.bad, func(t *testing.T) { x.play(t, root) })
	}
	// Items that can be taken beside some that cannot: the list is replaced, as published.
	a := root.Legacy().Form("PUT", alias, url.Values{"members": {"bad,anna@example.com,nobody@example.com"}})
	require.True(t, a.OK(), a.Raw)
	require.Equal(t, []any{"bad", "nobody@example.com"}, a.Body["_discarded"])
	require.True(t, root.Legacy().Form("PUT", alias, url.Values{"members": {""}}).OK())
	require.Empty(t, root.Get(alias).Data()["members"], "what is sent empty clears")
}

func (x replacing) play(t *testing.T, root *servertest.Client) {
	t.Helper()
	root.Must(http.StatusOK, x.method, x.path, map[string]any{x.field: x.stored})
	before := dumpOf(root)
	for _, send := range []func() servertest.Answer{
		func() servertest.Answer { return root.Legacy().Form(x.method, x.path, url.Values{x.field: {x.bad}}) },
		func() servertest.Answer {
			return root.Legacy().Form(x.method, x.path+"?"+url.Values{x.field: {x.bad}}.Encode(), nil)
		},
		func() servertest.Answer {
			return root.Legacy().JSON(x.method, x.path, map[string]any{x.field: strings.Split(x.bad, ",")})
		},
		func() servertest.Answer {
			a := root.JSON(x.method, x.path, map[string]any{x.field: strings.Split(x.bad, ",")})
			require.NotEqual(t, http.StatusOK, a.Status, a.Raw)
			a.Status = http.StatusOK
			if x.msg != a.Msg() && !x.strict { // the validator comes first there
				a.Body["_msg"] = x.msg
			}
			return a
		},
	} {
		a := send()
		require.Equal(t, http.StatusOK, a.Status, a.Raw)
		require.Equal(t, x.msg, a.Msg(), a.Raw)
		require.Equal(t, x.field, a.Field(), a.Raw)
		require.Equal(t, before, dumpOf(root), "something was written")
	}
}

// dumpOf is all that is read of the accounts of the test.
func dumpOf(root *servertest.Client) []string {
	var all []string
	for _, path := range []string{
		"/api/domain/example.com", "/api/user/anna@example.com", "/api/alias/sales@example.com", "/api/ml/dev@example.com", "/api/maillist/staff@example.com",
		"/api/greylisting/example.com/whitelists", "/api/greylisting/whitelist_spf_domains", "/api/spampolicy/domain/example.com",
	} {
		a := root.Get(path)
		delete(a.Body, "_request_id")
		raw, err := store.Record{{Name: "body", Value: a.Body}}.MarshalJSON()
		if err != nil {
			panic(err)
		}
		all = append(all, string(raw))
	}
	return all
}
