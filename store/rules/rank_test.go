package rules_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
	"github.com/postern-mail/postern/store/storetest"
)

func identity(r storetest.Ranked) store.Identity {
	i := store.Identity{Username: "who@a.test", Mailbox: true, Global: r.Global, Limits: r.Limits}
	for d := range strings.SplitSeq(r.Domains, "") {
		if d != "" {
			i.Domains = append(i.Domains, d+".test")
		}
	}
	return i
}

func TestOutranks(t *testing.T) {
	for _, c := range storetest.RankCases {
		t.Run(c.Name, func(t *testing.T) {
			require.Equal(t, c.Above, rules.Outranks(identity(c.Who), identity(c.Other)))
		})
	}
}
