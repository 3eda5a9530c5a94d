package surface_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
)

const newsMailingList = "/api/ml/news2@example.com"

// TestListSpeaksForItself has an admin of example.com alone have its list speak for others: on each engine, with both drivers.
func TestListSpeaksForItself(t *testing.T) {
	onLists(t, func(t *testing.T, w *servertest.Fixture, root *servertest.Client) {
		const admin = "adma@elsewhere.test"
		root.Must(http.StatusCreated, "POST", "/api/admin/"+admin, servertest.Body{"password": servertest.Password})
		root.Must(http.StatusOK, "PUT", "/api/domain/admins/example.com", servertest.Body{"addAdmin": servertest.List{admin}})
		root.Must(http.StatusOK, "PUT", "/api/domain/example.com", servertest.Body{"addAliasDomain": servertest.List{"alias.example"}})
		adma := w.As(admin, servertest.Password)
		shown := func() []any {
			data := root.Get(servertest.DevMailingList).Data()
			return []any{data["custom_headers"], data["remove_headers"]}
		}
		adma.Must(http.StatusCreated, "POST", servertest.DevMailingList, servertest.Body{"extra_addresses": servertest.List{"developers@example.com", "dev2@alias.example"}})
		before := shown()
		for _, x := range []struct {
			body servertest.Body
			msg  string
		}{
			{servertest.Body{"custom_headers": "From: ceo@other.test"}, "PERMISSION_DENIED"},
			{servertest.Body{"custom_headers": "X-Office: Berlin\nsender: List <ceo@other.test>"}, "PERMISSION_DENIED"},
			{servertest.Body{"custom_headers": "X-A: 1\r\n\tBcc: x@far.test"}, "PERMISSION_DENIED"},
			{servertest.Body{"custom_headers": `X-A: 1\nCONTENT-type: text/html`}, "PERMISSION_DENIED"},
			{servertest.Body{"custom_headers": "From: anna@example.com"}, "PERMISSION_DENIED"}, // of the domain, and not the list's
			{servertest.Body{"custom_headers": "nothing"}, "INVALID_VALUE"},
			{servertest.Body{"remove_headers": servertest.List{"Date"}}, "PERMISSION_DENIED"},
			{servertest.Body{"remove_headers": servertest.List{"X-A", "from"}}, "PERMISSION_DENIED"},
		} {
			field := "custom_headers"
			if _, ok := x.body["remove_headers"]; ok {
				field = "remove_headers"
			}
			for method, path := range map[string]string{"PUT": servertest.DevMailingList, "POST": newsMailingList} {
				a := adma.JSON(method, path, x.body)
				require.Equal(t, x.msg, a.Msg(), "%s %v: %s", method, x.body, a.Raw)
				require.Equal(t, field, a.Field())
				require.Equal(t, before, shown())
				require.Equal(t, http.StatusNotFound, root.Get(newsMailingList).Status)
			}
		}
		munged := servertest.Body{
			"custom_headers": "From: \"Developers\" <developers@example.com>\nX-Office: Berlin\nSender: dev2@alias.example\nReply-To: ceo@other.test",
			"remove_headers": servertest.List{"From", "Message-ID", "ARC-Seal", "DKIM-Signature"},
		}
		a := adma.Must(http.StatusOK, "PUT", servertest.DevMailingList, munged)
		require.Equal(t, []any{"Reply-To: ceo@other.test"}, a.Body["_discarded"], "mlmmjadmin's own")
		after := []any{
			"From: \"Developers\" <developers@example.com>\nSender: dev2@alias.example\nX-Office: Berlin", []any{"ARC-Seal", "From", "Message-ID"},
		}
		require.Equal(t, after, shown())
		data := adma.Get(servertest.DevMailingList).Data()
		adma.Must(http.StatusOK, "PUT", servertest.DevMailingList, servertest.Body{"custom_headers": data["custom_headers"], "remove_headers": data["remove_headers"]})
		require.Equal(t, after, shown(), "what was shown, given back")

		old := adma.Legacy()
		a = old.Form("PUT", servertest.DevMailingList, servertest.Body{
			"custom_headers": "X-Office: Paris\nFrom: ceo@other.test\nnothing", "remove_headers": "Date,X-Mailer,From",
		}.Form(t))
		require.True(t, a.OK(), a.Raw)
		require.ElementsMatch(t, []any{"From: ceo@other.test", "nothing", "Date", "From"}, a.Body["_discarded"])
		require.Equal(t, []any{"X-Office: Paris", []any{"X-Mailer"}}, shown())
		a = old.Form("POST", newsMailingList, servertest.Body{"custom_headers": "From: ceo@other.test\nX-A: 1", "extra_addresses": "anna@example.com"}.Form(t))
		require.True(t, a.OK(), a.Raw)
		require.ElementsMatch(t, []any{"From: ceo@other.test", "anna@example.com"}, a.Body["_discarded"])
		require.Equal(t, "X-A: 1", root.Get(newsMailingList).Data()["custom_headers"])

		foreign := servertest.Body{"custom_headers": "From: ceo@other.test", "remove_headers": servertest.List{"Date", "From"}}
		root.Must(http.StatusOK, "PUT", servertest.DevMailingList, foreign) // a global admin may
		adma.Must(http.StatusOK, "PUT", servertest.DevMailingList, foreign)
		require.Equal(t, []any{"From: ceo@other.test", []any{"Date", "From"}}, shown(), "stored lines stay")
		a = adma.JSON("PUT", servertest.DevMailingList, servertest.Body{"custom_headers": "From: ceo2@other.test"})
		require.Equal(t, "PERMISSION_DENIED", a.Msg(), a.Raw)
	})
}

// TestForgedHeadersReachNobody reads what arrives.
func TestForgedHeadersReachNobody(t *testing.T) {
	m := servertest.NewMailed(t, servertest.Body{})
	m.Root.Must(http.StatusCreated, "POST", "/api/admin/adma@elsewhere.test", servertest.Body{"password": servertest.Password})
	m.Root.Must(http.StatusOK, "PUT", "/api/domain/admins/example.com", servertest.Body{"addAdmin": servertest.List{"adma@elsewhere.test"}})
	adma := m.As("adma@elsewhere.test", servertest.Password).Legacy()
	a := adma.Form("PUT", servertest.DevMailingList, servertest.Body{"custom_headers": `X-A: 1\nFrom: ceo@other.test`, "remove_headers": "From,X-Mailer"}.Form(t))
	require.True(t, a.OK(), a.Raw)
	content, err := os.ReadFile(filepath.Join(m.Directory(), "control", "customheaders"))
	require.NoError(t, err)
	require.NotContains(t, string(content), "ceo@")
	sent := m.Hand("anna@example.com", servertest.MailFrom("anna@example.com"))
	require.NotEmpty(t, sent)
	for _, one := range sent {
		require.NotContains(t, one.Text, "ceo@")
		require.Equal(t, "<anna@example.com>", servertest.HeaderOf(t, one, "From"))
		require.Equal(t, 1, strings.Count(one.Text, "From: "))
		require.Equal(t, "1", servertest.HeaderOf(t, one, "X-A"))
	}
}
