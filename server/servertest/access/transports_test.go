package access_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
)

// What admins who are not global may set as transport and next hop, on both surfaces. The values are those of store/rules.
func TestTransportsOfDomainAdmins(t *testing.T) {
	w := servertest.NewFixture(t)
	root := w.Root()
	root.MustDomain("a.test", nil)
	root.MustUser("anna@a.test", nil)
	root.Must(http.StatusCreated, "POST", "/api/admin/adma@elsewhere.test", map[string]any{"password": servertest.Password, "maxDomains": 5})
	root.Must(http.StatusOK, "PUT", "/api/domain/admins/a.test", map[string]any{"addAdmin": []string{"adma@elsewhere.test"}})
	adma := w.As("adma@elsewhere.test", servertest.Password)
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
			before := servertest.Dump(t, w)
			strict := adma.JSON(x.method, x.path, body(x.refused))
			require.Equal(t, http.StatusForbidden, strict.Status, strict.Raw)
			require.Equal(t, "PERMISSION_DENIED", strict.Msg())
			require.Equal(t, x.field, strict.Field())
			form := url.Values{}
			for name, v := range body(x.refused) {
				form.Set(name, v.(string))
			}
			legacy := adma.Legacy().Form(x.method, x.path, form)
			require.Equal(t, http.StatusOK, legacy.Status, legacy.Raw)
			require.Equal(t, "PERMISSION_DENIED", legacy.Msg())
			require.Equal(t, before, servertest.Dump(t, w), "nothing has changed")
			granted := adma.JSON(x.method, x.path, body(x.granted))
			require.True(t, granted.OK(), granted.Raw)
			if x.method == "PUT" {
				root.Must(http.StatusOK, x.method, x.path, body(x.refused))
				again := adma.JSON(x.method, x.path, body(x.refused))
				require.True(t, again.OK(), "what is stored is not refused: %s", again.Raw)
			}
		})
	}
	for _, value := range []string{"error:5.1.1 text with blanks", "retry:", "discard:", "smtp:[mx.example.net]:submission"} {
		root.Must(http.StatusOK, "PUT", domain, map[string]any{"transport": value})
	}
	for _, value := range []string{"mlmmj:b.test/lst", "mlmmj:../../../etc", "sm tp"} {
		a := root.JSON("PUT", user, map[string]any{"transport": value})
		require.Equal(t, http.StatusBadRequest, a.Status, a.Raw)
		require.Equal(t, "INVALID_TRANSPORT", a.Msg())
		require.Equal(t, "INVALID_TRANSPORT", root.Legacy().Form("PUT", user, url.Values{"transport": {value}}).Msg())
	}
}
