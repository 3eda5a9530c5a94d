package rules_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

func TestScopeOf(t *testing.T) {
	for name, c := range map[string]struct {
		actor            store.Actor
		domains          []string
		covers, coversNo []string
	}{
		"a global admin":          {actor: store.Actor{Username: "root@elsewhere.test", Global: true}, covers: []string{"a.test", "b.test"}},
		"the program itself":      {actor: store.Actor{}, covers: []string{"a.test", "b.test"}},
		"an admin of a domain":    {store.Actor{Username: "adma@a.test"}, []string{"a.test"}, []string{"a.test"}, []string{"b.test", "x.a.test", "test", ""}},
		"an admin of several":     {store.Actor{Username: "adma@a.test"}, []string{"c.test", "A.test"}, []string{"a.test", "c.test"}, []string{"b.test"}},
		"an admin without domain": {actor: store.Actor{Username: "adma@a.test"}, coversNo: []string{"a.test", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			scope := rules.ScopeOf(c.actor, c.domains...)
			for _, d := range c.covers {
				require.True(t, scope.Covers(d), d)
			}
			for _, d := range c.coversNo {
				require.False(t, scope.Covers(d), d)
			}
		})
	}
}
