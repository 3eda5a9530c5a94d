package server_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// What admins who are not global may set as transport and next hop, on both surfaces. The values are those of store/rules.
func TestTransportsOfDomainAdmins(t *testing.T) {
	w := newFixture(t)
	root := w.root()
	root.mustDomain("a.test", nil)
	root.mustUser("anna@a.test", nil)
	root.must(http.StatusCreated, "POST", "/api/admin/adma@elsewhere.test", map[string]any{"password": password, "maxDomains": 5})
	root.must(http.StatusOK, "PUT", "/api/domain/admins/a.test", map[string]any{"addAdmin": []string{"adma@elsewhere.test"}})
	adma := w.as("adma@elsewhere.test", password)
	domain, user := "/api/domain/a.test", "/api/user/anna@a.test"
	for _, x := range []struct {
		method, path, field, refused, granted string
		beside                                map[string]any
	}{
		{"PUT", domain, "transport", "local:", "smtp:[192.0.2.10]:25", nil},
		{"PUT", domain, "outboundRelay", "smtp:[192.168.1.2]:25", "[smtp.example.net]:submission", nil},
		{"PUT", domain, "primarymx", "[::ffff:7f00:1]:22", "mx.example.net", map[string]any{"is_backupmx": "yes"}},
		{"PUT", user, "transport", "smtp:[127.0.0.1]:22", "relay:[2001:db8::1]", nil},
		{"PUT", "/api/users/a.test", "transport", "discard:", "dovecot", nil},
		{"POST", "/api/domain/new.test", "transport", "smtp:", "smtp:mx.example.net", nil},
	} {
		t.Run(x.method+" "+x.path+" "+x.field, func(t *testing.T) {
			body := func(value string) map[string]any {
				all := map[string]any{x.field: value}
				for name, v := range x.beside {
					all[name] = v
				}
				return all
			}
			before := dump(t, w)
			strict := adma.json(x.method, x.path, body(x.refused))
			require.Equal(t, http.StatusForbidden, strict.status, strict.raw)
			require.Equal(t, "PERMISSION_DENIED", strict.msg())
			require.Equal(t, x.field, strict.field())
			form := url.Values{}
			for name, v := range body(x.refused) {
				form.Set(name, v.(string))
			}
			legacy := adma.legacy().form(x.method, x.path, form)
			require.Equal(t, http.StatusOK, legacy.status, legacy.raw)
			require.Equal(t, "PERMISSION_DENIED", legacy.msg())
			require.Equal(t, before, dump(t, w), "nothing has changed")
			granted := adma.json(x.method, x.path, body(x.granted))
			require.True(t, granted.ok(), granted.raw)
			if x.method == "PUT" {
				root.must(http.StatusOK, x.method, x.path, body(x.refused))
				again := adma.json(x.method, x.path, body(x.refused))
				require.True(t, again.ok(), "what is stored is not refused: %s", again.raw)
			}
		})
	}
	for _, value := range []string{"error:5.1.1 text with blanks", "retry:", "discard:", "smtp:[mx.example.net]:submission"} {
		root.must(http.StatusOK, "PUT", domain, map[string]any{"transport": value})
	}
	for _, value := range []string{"mlmmj:b.test/lst", "mlmmj:../../../etc", "sm tp"} {
		a := root.json("PUT", user, map[string]any{"transport": value})
		require.Equal(t, http.StatusBadRequest, a.status, a.raw)
		require.Equal(t, "INVALID_TRANSPORT", a.msg())
		require.Equal(t, "INVALID_TRANSPORT", root.legacy().form("PUT", user, url.Values{"transport": {value}}).msg())
	}
}
