package oracles_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store/storetest"
)

// TestPostfixServesMailingLists asks Postfix where mail to a mailing list goes: it is handed to mlmmj, under whatever address of the list.
func TestPostfixServesMailingLists(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, w *servertest.Fixture) {
		storetest.Mlmmj(t)
		servertest.Seed(w)
		root := w.Root()
		p := servertest.NewPostfix(t, w.Source(t))
		const transport, expansion = "transport dev@example.com", "expansion dev@example.com"
		const alias, extra, team = "expansion dev@example.net", "expansion developers@example.com", "expansion sales@example.com"
		p.Require(t, servertest.Verdicts{transport: "", expansion: "", alias: "", extra: ""}, "before")
		taken := servertest.Verdicts{
			transport: "mlmmj:example.com/dev", expansion: "dev@example.com", alias: "dev@example.com", extra: "dev@example.com",
			"transport deva@example.com": "", "expansion deva@example.com": "",
		}
		servertest.Post(servertest.DevMailingList, servertest.Body{"extra_addresses": servertest.List{"developers@example.com"}})(root)
		p.Require(t, taken, "made")
		servertest.Put("/api/alias/sales@example.com", servertest.Body{"members": servertest.List{"dev@example.com", "anna@example.com"}})(root)
		p.Require(t, servertest.Verdicts{team: "anna@example.com,dev@example.com"}, "as a member of an alias account")

		servertest.Put(servertest.DevMailingList, servertest.Body{"accountStatus": "disabled"})(root)
		p.Require(t, servertest.Verdicts{transport: "", expansion: "", alias: "", extra: ""}, "disabled")
		servertest.Put(servertest.DevMailingList, servertest.Body{"accountStatus": "active"})(root)
		p.Require(t, taken, "active again")
		servertest.Put(servertest.ExampleCom, servertest.Body{"accountStatus": "disabled"})(root)
		p.Require(t, servertest.Verdicts{transport: "", expansion: ""}, "with its domain disabled")
		servertest.Put(servertest.ExampleCom, servertest.Body{"accountStatus": "active"})(root)
		p.Require(t, taken, "and active again")

		servertest.Put(servertest.ExampleCom, servertest.Body{"aliasDomains": servertest.List{"example.org"}})(root)
		p.Require(t, servertest.Verdicts{alias: "", "expansion dev@example.org": "dev@example.com"}, "another alias domain")
		servertest.Put(servertest.DevMailingList, servertest.Body{"extra_addresses": servertest.List{"coders@example.com"}})(root)
		p.Require(t, servertest.Verdicts{extra: "", "expansion coders@example.com": "dev@example.com"}, "another extra address")
		servertest.Post("/api/ml/late@example.com", servertest.Body{"accountStatus": "disabled"})(root)
		p.Require(t, servertest.Verdicts{"transport late@example.com": "", "expansion late@example.com": ""}, "made disabled")

		servertest.Remove(servertest.DevMailingList)(root)
		p.Require(t, servertest.Verdicts{
			transport: "", expansion: "", "expansion dev@example.org": "", "expansion coders@example.com": "", team: "anna@example.com",
		}, "gone")
		require.False(t, root.Get(servertest.DevMailingList).OK())
	})
}
