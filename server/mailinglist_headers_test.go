package server_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const newsMailingList = "/api/ml/news2@example.com"

// TestListSpeaksForItself has an admin of example.com alone have its list speak for others: on each engine, with both drivers.
func TestListSpeaksForItself(t *testing.T) {
	onLists(t, func(t *testing.T, w *fixture, root *client) {
		const admin = "adma@elsewhere.test"
		root.must(http.StatusCreated, "POST", "/api/admin/"+admin, body{"password": password})
		root.must(http.StatusOK, "PUT", "/api/domain/admins/example.com", body{"addAdmin": list{admin}})
		root.must(http.StatusOK, "PUT", "/api/domain/example.com", body{"addAliasDomain": list{"alias.example"}})
		adma := w.as(admin, password)
		shown := func() []any {
			data := root.get(devMailingList).data()
			return []any{data["custom_headers"], data["remove_headers"]}
		}
		adma.must(http.StatusCreated, "POST", devMailingList, body{"extra_addresses": list{"developers@example.com", "dev2@alias.example"}})
		before := shown()
		for _, x := range []struct {
			body body
			msg  string
		}{
			{body{"custom_headers": "From: ceo@other.test"}, "PERMISSION_DENIED"},
			{body{"custom_headers": "X-Office: Berlin\nsender: List <ceo@other.test>"}, "PERMISSION_DENIED"},
			{body{"custom_headers": "X-A: 1\r\n\tBcc: x@far.test"}, "PERMISSION_DENIED"},
			{body{"custom_headers": `X-A: 1\nCONTENT-type: text/html`}, "PERMISSION_DENIED"},
			{body{"custom_headers": "From: anna@example.com"}, "PERMISSION_DENIED"}, // of the domain, and not the list's
			{body{"custom_headers": "nothing"}, "INVALID_VALUE"},
			{body{"remove_headers": list{"Date"}}, "PERMISSION_DENIED"},
			{body{"remove_headers": list{"X-A", "from"}}, "PERMISSION_DENIED"},
		} {
			field := "custom_headers"
			if _, ok := x.body["remove_headers"]; ok {
				field = "remove_headers"
			}
			for method, path := range map[string]string{"PUT": devMailingList, "POST": newsMailingList} {
				a := adma.json(method, path, x.body)
				require.Equal(t, x.msg, a.msg(), "%s %v: %s", method, x.body, a.raw)
				require.Equal(t, field, a.field())
				require.Equal(t, before, shown())
				require.Equal(t, http.StatusNotFound, root.get(newsMailingList).status)
			}
		}
		munged := body{
			"custom_headers": "From: \"Developers\" <developers@example.com>\nX-Office: Berlin\nSender: dev2@alias.example\nReply-To: ceo@other.test",
			"remove_headers": list{"From", "Message-ID", "ARC-Seal", "DKIM-Signature"},
		}
		a := adma.must(http.StatusOK, "PUT", devMailingList, munged)
		require.Equal(t, []any{"Reply-To: ceo@other.test"}, a.body["_discarded"], "mlmmjadmin's own")
		after := []any{
			"From: \"Developers\" <developers@example.com>\nSender: dev2@alias.example\nX-Office: Berlin", []any{"ARC-Seal:", "From:", "Message-ID:"},
		}
		require.Equal(t, after, shown())
		data := adma.get(devMailingList).data()
		adma.must(http.StatusOK, "PUT", devMailingList, body{"custom_headers": data["custom_headers"], "remove_headers": data["remove_headers"]})
		require.Equal(t, after, shown(), "what was shown, given back")

		old := adma.legacy()
		a = old.form("PUT", devMailingList, body{
			"custom_headers": "X-Office: Paris\nFrom: ceo@other.test\nnothing", "remove_headers": "Date,X-Mailer,From",
		}.form(t))
		require.True(t, a.ok(), a.raw)
		require.ElementsMatch(t, []any{"From: ceo@other.test", "nothing", "Date", "From"}, a.body["_discarded"])
		require.Equal(t, []any{"X-Office: Paris", []any{"X-Mailer:"}}, shown())
		a = old.form("POST", newsMailingList, body{"custom_headers": "From: ceo@other.test\nX-A: 1", "extra_addresses": "anna@example.com"}.form(t))
		require.True(t, a.ok(), a.raw)
		require.ElementsMatch(t, []any{"From: ceo@other.test", "anna@example.com"}, a.body["_discarded"])
		require.Equal(t, "X-A: 1", root.get(newsMailingList).data()["custom_headers"])

		foreign := body{"custom_headers": "From: ceo@other.test", "remove_headers": list{"Date", "From"}}
		root.must(http.StatusOK, "PUT", devMailingList, foreign) // a global admin may
		adma.must(http.StatusOK, "PUT", devMailingList, foreign)
		require.Equal(t, []any{"From: ceo@other.test", []any{"Date:", "From:"}}, shown(), "stored lines stay")
		a = adma.json("PUT", devMailingList, body{"custom_headers": "From: ceo2@other.test"})
		require.Equal(t, "PERMISSION_DENIED", a.msg(), a.raw)
	})
}

// TestForgedHeadersReachNobody reads what arrives.
func TestForgedHeadersReachNobody(t *testing.T) {
	m := newMailed(t, body{})
	m.root.must(http.StatusCreated, "POST", "/api/admin/adma@elsewhere.test", body{"password": password})
	m.root.must(http.StatusOK, "PUT", "/api/domain/admins/example.com", body{"addAdmin": list{"adma@elsewhere.test"}})
	adma := m.as("adma@elsewhere.test", password).legacy()
	a := adma.form("PUT", devMailingList, body{"custom_headers": `X-A: 1\nFrom: ceo@other.test`, "remove_headers": "From,X-Mailer"}.form(t))
	require.True(t, a.ok(), a.raw)
	content, err := os.ReadFile(filepath.Join(m.directory(), "control", "customheaders"))
	require.NoError(t, err)
	require.NotContains(t, string(content), "ceo@")
	sent := m.hand("anna@example.com", mailFrom("anna@example.com"))
	require.NotEmpty(t, sent)
	for _, one := range sent {
		require.NotContains(t, one.Text, "ceo@")
		require.Equal(t, "<anna@example.com>", headerOf(t, one, "From"))
		require.Equal(t, 1, strings.Count(one.Text, "From: "))
		require.Equal(t, "1", headerOf(t, one, "X-A"))
	}
}
