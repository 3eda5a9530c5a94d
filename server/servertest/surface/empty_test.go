package surface_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
)

// TestNullClears sets parameters of each kind, and clears them with null or the empty text.
func TestNullClears(t *testing.T) {
	w := servertest.NewFixture(t)
	root := w.Root()
	const anna, domain, sales = "/api/user/anna@example.com", "/api/domain/example.com", "/api/alias/sales@example.com"
	for _, empty := range []string{"null", "empty"} {
		t.Run(empty, func(t *testing.T) {
			root := servertest.NewFixture(t).Root()
			root.MustDomain("example.com", nil)
			root.MustUser("anna@example.com", nil)
			root.MustUser("ben@example.com", nil)
			root.Must(http.StatusCreated, "POST", sales, servertest.Body{"members": []string{"ben@example.com"}})
			shown := func() []any {
				var all []any
				for _, path := range []string{anna, domain, sales} {
					data := root.Get(path).Data()
					require.NotEmpty(t, data)
					delete(data, "modified")
					all = append(all, data)
				}
				return all
			}
			before := shown()
			clears := map[string]servertest.Body{}
			for path, given := range map[string]servertest.Body{
				anna: {"name": "Anna", "language": "de_DE", "senderBcc": "ben@example.com", "aliases": []string{"a@example.com"}, "mobile": []string{"123"},
					"forwarding": []string{"ben@example.com"}, "employeeid": "7"},
				domain: {"name": "Example", "language": "de_DE", "minPasswordLength": 10, "defaultQuota": 10, "catchall": []string{"ben@example.com"}, "outboundRelay": "mx.example.net"},
				sales:  {"name": "Sales", "members": []string{}},
			} {
				root.Must(http.StatusOK, "PUT", path, given)
				clears[path] = servertest.Body{}
				for name, value := range given {
					switch value.(type) {
					case []string:
						clears[path][name] = map[string]any{"null": nil, "empty": []string{}}[empty]
					default:
						clears[path][name] = map[string]any{"null": nil, "empty": ""}[empty]
					}
				}
			}
			clears[sales]["members"] = []string{"ben@example.com"}
			require.NotEqual(t, before, shown())
			for path, given := range clears {
				root.Must(http.StatusOK, "PUT", path, given)
			}
			require.Equal(t, before, shown())
		})
	}
	root.MustDomain("example.com", nil)
	root.MustUser("anna@example.com", nil)
	t.Run("booleans", func(t *testing.T) {
		for on, stored := range map[bool]int{true: 1, false: 0} {
			root.Must(http.StatusOK, "PUT", anna, servertest.Body{"isGlobalAdmin": on})
			require.EqualValues(t, stored, root.Legacy().Get(anna).Data()["isglobaladmin"])
		}
	})
	for _, x := range []struct{ path, raw, msg, field, says string }{
		{anna, `{"quota": null}`, "INVALID_NUMBER", "quota", "a whole number of MB, such as 1024. It cannot be unset"},
		{anna, `{"addAlias": null}`, "INVALID_TYPE", "addAlias", "a list, such as"},
		{anna, `{"accountStatus": null}`, "INVALID_ACCOUNT_STATUS", "accountStatus", "one of active, disabled"},
		{anna, `{"accountStatus": true}`, "INVALID_ACCOUNT_STATUS", "accountStatus", "one of active, disabled"},
		{anna, `{"accountStatus": ""}`, "INVALID_ACCOUNT_STATUS", "accountStatus", "one of active, disabled"},
		{anna, `{"password": null}`, "INVALID_PASSWORD", "password", "cannot be unset"},
		{anna, `{"password_hash": null}`, "INVALID_PASSWORD_SCHEME", "password_hash", "cannot be unset"},
		{anna, `{"isGlobalAdmin": null}`, "INVALID_VALUE", "isGlobalAdmin", "one of yes, no"},
		{anna, `{"isGlobalAdmin": 1}`, "INVALID_VALUE", "isGlobalAdmin", "one of yes, no"},
		{anna, `{"name": true}`, "INVALID_TYPE", "name", "a string"},
		{domain, `{"minPasswordLength": "10"}`, "INVALID_NUMBER", "minPasswordLength", "a whole number"},
		{domain, `{"quota": ""}`, "INVALID_NUMBER", "quota", "a whole number"},
	} {
		a := root.Send("PUT", x.path, servertest.JSONType, x.raw)
		require.Equal(t, []any{http.StatusBadRequest, x.msg, x.field}, []any{a.Status, a.Msg(), a.Field()}, "%s: %s", x.raw, a.Raw)
		require.Contains(t, a.Body["_detail"], x.says)
	}
}
