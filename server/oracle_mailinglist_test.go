package server_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store/storetest"
)

// TestPostfixServesMailingLists asks Postfix where mail to a mailing list goes: it is handed to mlmmj, under whatever address of the list.
func TestPostfixServesMailingLists(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, w *fixture) {
		storetest.Mlmmj(t)
		seed(w)
		root := w.root()
		p := newPostfix(t, w.source(t))
		const transport, expansion = "transport dev@example.com", "expansion dev@example.com"
		const alias, extra, team = "expansion dev@example.net", "expansion developers@example.com", "expansion sales@example.com"
		p.require(t, verdicts{transport: "", expansion: "", alias: "", extra: ""}, "before")
		taken := verdicts{
			transport: "mlmmj:example.com/dev", expansion: "dev@example.com", alias: "dev@example.com", extra: "dev@example.com",
			"transport deva@example.com": "", "expansion deva@example.com": "",
		}
		post(devMailingList, body{"extra_addresses": list{"developers@example.com"}})(root)
		p.require(t, taken, "made")
		put("/api/alias/sales@example.com", body{"members": list{"dev@example.com", "anna@example.com"}})(root)
		p.require(t, verdicts{team: "anna@example.com,dev@example.com"}, "as a member of an alias account")

		put(devMailingList, body{"accountStatus": "disabled"})(root)
		p.require(t, verdicts{transport: "", expansion: "", alias: "", extra: ""}, "disabled")
		put(devMailingList, body{"accountStatus": "active"})(root)
		p.require(t, taken, "active again")
		put(exampleCom, body{"accountStatus": "disabled"})(root)
		p.require(t, verdicts{transport: "", expansion: ""}, "with its domain disabled")
		put(exampleCom, body{"accountStatus": "active"})(root)
		p.require(t, taken, "and active again")

		put(exampleCom, body{"aliasDomains": list{"example.org"}})(root)
		p.require(t, verdicts{alias: "", "expansion dev@example.org": "dev@example.com"}, "another alias domain")
		put(devMailingList, body{"extra_addresses": list{"coders@example.com"}})(root)
		p.require(t, verdicts{extra: "", "expansion coders@example.com": "dev@example.com"}, "another extra address")
		post("/api/ml/late@example.com", body{"accountStatus": "disabled"})(root)
		p.require(t, verdicts{"transport late@example.com": "", "expansion late@example.com": ""}, "made disabled")

		remove(devMailingList)(root)
		p.require(t, verdicts{
			transport: "", expansion: "", "expansion dev@example.org": "", "expansion coders@example.com": "", team: "anna@example.com",
		}, "gone")
		require.False(t, root.get(devMailingList).ok())
	})
}
