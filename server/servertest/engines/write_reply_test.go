package engines_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server"
	"github.com/postern-mail/postern/server/servertest"
)

// TestWritesTellWhatWasAdjusted asks for more than there is, and is told what was stored instead.
func TestWritesTellWhatWasAdjusted(t *testing.T) {
	for _, engine := range nounEngines[:4] {
		t.Run(engine, func(t *testing.T) {
			w := nounFixture(t, engine)
			root, own := w.Root(), w.As(domainAdmin, servertest.Password)
			adjusted := func(a servertest.Answer, want ...any) {
				t.Helper()
				require.Equal(t, want, a.Body["_adjusted"], a.Raw)
			}
			one := func(field string, asked, stored any) map[string]any {
				return map[string]any{"field": field, "asked": asked, "stored": stored}
			}
			root.Must(http.StatusOK, "PUT", "/api/domain/example.com", map[string]any{"quota": 1000})
			a := own.Must(http.StatusCreated, "POST", "/api/user/big@example.com", map[string]any{"password": servertest.Password, "quota": 5000})
			adjusted(a, one("quota", 5000.0, 1000.0))
			require.Equal(t, 1000.0, a.Data()["quota"])
			require.Equal(t, http.StatusOK, root.Delete("/api/user/big@example.com").Status)
			a = own.Must(http.StatusCreated, "POST", "/api/user/all@example.com", map[string]any{"password": servertest.Password, "quota": 0})
			adjusted(a, one("quota", 0.0, 1000.0))
			require.Equal(t, http.StatusOK, root.Delete("/api/user/all@example.com").Status)
			a = own.Must(http.StatusCreated, "POST", "/api/user/small@example.com", map[string]any{"password": servertest.Password, "quota": 10})
			require.NotContains(t, a.Body, "_adjusted")
			a = own.JSON("PUT", "/api/user/small@example.com", map[string]any{"quota": 5000})
			require.Equal(t, []any{http.StatusConflict, "quota"}, []any{a.Status, a.Field()}, a.Raw)

			a = own.Must(http.StatusOK, "PUT", "/api/domain/example.com", map[string]any{"minPasswordLength": 2, "name": "X"})
			adjusted(a, one("minPasswordLength", 2.0, 8.0))
			require.Equal(t, []any{8.0, "X"}, []any{a.Data()["minPasswordLength"], a.Data()["name"]})
			a = own.Must(http.StatusOK, "PUT", "/api/domain/example.com", map[string]any{"minPasswordLength": 12})
			require.NotContains(t, a.Body, "_adjusted")
			a = root.Must(http.StatusOK, "PUT", "/api/domain/example.com", map[string]any{"minPasswordLength": 2})
			require.NotContains(t, a.Body, "_adjusted")
			require.Equal(t, 2.0, a.Data()["minPasswordLength"])

			for _, path := range []string{"/api/user/small@example.com", "/api/user/bert@example.com"} {
				a = root.Must(http.StatusOK, "PUT", path, map[string]any{"mobile": []string{"+49 1", "+49 2"}})
				if engine == "ldap" {
					require.NotContains(t, a.Body, "_adjusted")
					requireSame(t, []string{"+49 1", "+49 2"}, a.Data()["mobile"])
				} else {
					adjusted(a, one("mobile", []any{"+49 1", "+49 2"}, []any{"+49 1"}))
				}
			}
		})
	}
}

// TestLongListsAreLeftOut writes a noun with more than 1,000 items in a list: the reply names the list, and GET has it.
func TestLongListsAreLeftOut(t *testing.T) {
	for _, engine := range nounEngines[:4] {
		t.Run(engine, func(t *testing.T) {
			root := nounFixture(t, engine).Root()
			members := make([]string, 1001)
			for i := range members {
				members[i] = fmt.Sprintf("m%d@else.test", i)
			}
			const path, fresh = "/api/alias/sales@example.com", "/api/alias/fresh.alias@example.com"
			omitted := func(a servertest.Answer) {
				t.Helper()
				require.NotContains(t, a.Body, "_data")
				require.Equal(t, []any{"members"}, a.Body["_omitted"])
			}
			a := root.Must(http.StatusOK, "PUT", path, map[string]any{"members": members[:1000]})
			require.Len(t, a.Data()["members"], 1000)
			require.NotContains(t, a.Body, "_omitted")
			omitted(root.Must(http.StatusOK, "PUT", path, map[string]any{"members": members}))
			omitted(root.Must(http.StatusOK, "PATCH", path, map[string]any{"name": "Long"}))
			a = root.Must(http.StatusCreated, "POST", fresh, map[string]any{"members": members})
			omitted(a)
			require.Equal(t, fresh, strings.ReplaceAll(a.Header.Get("Location"), "%40", "@"))
			read := root.Get(path).Data()
			require.Len(t, read["members"], 1001)
			omitted(root.Must(http.StatusOK, "PUT", path, read))
		})
	}
}

// TestMinimalReplies prefers none of what was written, on each noun.
func TestMinimalReplies(t *testing.T) {
	w := nounFixture(t, "sqlite")
	root := w.Root()
	send := func(c *servertest.Client, method, path, prefer, body string) servertest.Answer {
		r := httptest.NewRequestWithContext(t.Context(), method, c.Prefix+path, strings.NewReader(body))
		r.Header.Set("Content-Type", servertest.JSONType)
		r.Header.Set("Prefer", prefer)
		return c.Do(r)
	}
	for prefer, minimal := range map[string]bool{
		"return=minimal": true, `return="minimal"; x=y`: true, "respond-async, return=minimal": true, "Return=Minimal": true,
		"return=representation": false, "minimal": false, "": false,
	} {
		nounsOn(w, func(n noun) {
			name := "name"
			if n.name == "SpamPolicy" {
				name = "prefix_spam_in_subject"
			}
			value := map[bool]string{true: "yes", false: "Another"}[n.name == "SpamPolicy"]
			for _, method := range []string{"PUT", "PATCH"} {
				a := send(root, method, n.path, prefer, `{"`+name+`":"`+value+`"}`)
				require.Equal(t, http.StatusOK, a.Status, a.Raw)
				_, has := a.Body["_data"]
				require.Equal(t, !minimal, has, "%s %s %s", method, n.path, prefer)
			}
			require.Equal(t, value, root.Get(n.path).Data()[name])
			a := send(root.Legacy(), "PUT", n.path, prefer, `{"`+name+`":"`+value+`"}`)
			require.Equal(t, "{\"_success\":true}\n", a.Raw)
			if n.fresh == "" {
				return
			}
			a = send(root, "POST", n.fresh, prefer, `{`+map[bool]string{true: `"password":"` + servertest.Password + `"`}[n.beside != nil]+`}`)
			require.Equal(t, http.StatusCreated, a.Status, a.Raw)
			require.NotEmpty(t, a.Header.Get("Location"))
			_, has := a.Body["_data"]
			require.Equal(t, !minimal, has, a.Raw)
			require.Equal(t, http.StatusOK, root.Delete(n.fresh).Status)
			a = send(root.Legacy(), "POST", n.fresh, prefer, `{`+map[bool]string{true: `"password":"` + servertest.Password + `"`}[n.beside != nil]+`}`)
			require.Equal(t, []any{http.StatusOK, "{\"_success\":true}\n", ""}, []any{a.Status, a.Raw, a.Header.Get("Location")})
			require.Equal(t, http.StatusOK, root.Delete(n.fresh).Status)
		})
	}
}

// TestPatch is PUT where that answers what was written, and is refused elsewhere. Allow tells which.
func TestPatch(t *testing.T) {
	w := nounFixture(t, "sqlite")
	root := w.Root()
	nounsOn(w, func(n noun) {
		a := root.Send("PATCH", n.path, servertest.JSONType, "{}")
		require.Equal(t, http.StatusOK, a.Status, a.Raw)
		a = root.Send("OPTIONS", n.path, "", "")
		require.Equal(t, http.StatusMethodNotAllowed, a.Status, a.Raw)
		require.Contains(t, strings.Split(a.Header.Get("Allow"), ", "), "PATCH", n.path)
		a = root.Legacy().Send("PATCH", n.path, servertest.JSONType, "{}")
		require.False(t, a.OK(), a.Raw)
		require.NotContains(t, a.Header.Get("Allow"), "PATCH")
	})
	for _, path := range []string{
		"/api/wblist/inbound/whitelist/global", "/api/users/example.com", "/api/domain/admins/example.com", "/api/throttle/global/inbound",
		"/api/greylisting/global", "/api/domains", "/api/whoami", "/api/login", "/api/greylisting/global/whitelists",
	} {
		a := root.Send("PATCH", path, servertest.JSONType, "{}")
		require.Equal(t, []any{http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED"}, []any{a.Status, a.Msg()}, "%s %s", path, a.Raw)
		require.NotEmpty(t, a.Header.Get("Allow"), path)
		require.NotContains(t, a.Header.Get("Allow"), "PATCH", path)
		require.Contains(t, a.Body["_detail"], "This path takes "+a.Header.Get("Allow"), path)
	}
	require.Equal(t, http.StatusNotFound, root.Send("PATCH", "/api/nothing", servertest.JSONType, "{}").Status)
}

// TestPagesOfOtherSitesMayUseTheNouns asks as a browser does before it lets a page of another site write.
func TestPagesOfOtherSitesMayUseTheNouns(t *testing.T) {
	const origin = "https://panel.example.com"
	w := servertest.NewFixture(t, func(d *server.Deps) { d.CORSOrigins = []string{origin} })
	root := w.Root()
	for _, method := range []string{"PUT", "PATCH", "POST", "DELETE"} {
		for _, header := range []string{"authorization", "content-type", "prefer"} {
			r := httptest.NewRequestWithContext(t.Context(), "OPTIONS", "/api/domain/example.com", nil)
			r.Header.Set("Origin", origin)
			r.Header.Set("Access-Control-Request-Method", method)
			r.Header.Set("Access-Control-Request-Headers", header)
			rec := httptest.NewRecorder()
			w.Handler.ServeHTTP(rec, r)
			require.Less(t, rec.Code, 300)
			require.Equal(t, []string{origin, method, header, "true"}, []string{
				rec.Header().Get("Access-Control-Allow-Origin"), rec.Header().Get("Access-Control-Allow-Methods"),
				rec.Header().Get("Access-Control-Allow-Headers"), rec.Header().Get("Access-Control-Allow-Credentials"),
			})
		}
	}
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/api/domain/example.com", nil)
	r.Header.Set("Origin", origin)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	a := root.Do(r)
	require.Equal(t, http.StatusCreated, a.Status, a.Raw)
	for _, header := range []string{"Location", "Link"} {
		require.Contains(t, a.Header.Get("Access-Control-Expose-Headers"), header)
	}
	r = httptest.NewRequestWithContext(t.Context(), "PATCH", "/api/domain/example.com", strings.NewReader(`{"name":"X"}`))
	r.Header.Set("Origin", origin)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	r.Header.Set("Content-Type", servertest.JSONType)
	require.Equal(t, http.StatusOK, root.Do(r).Status)
}
