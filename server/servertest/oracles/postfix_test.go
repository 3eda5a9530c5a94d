package oracles_test

import (
	"testing"

	"github.com/postern-mail/postern/server/servertest"
)

// effect is something done through the API, with what Postfix says before and after.
type effect struct {
	name    string
	given   servertest.Act // done at first, if anything
	do      servertest.Act
	was, is servertest.Verdicts
}

// oracleEffects does each, on each engine, where nothing was done yet.
func oracleEffects(t *testing.T, effects []effect) {
	t.Helper()
	onEveryEngine(t, func(t *testing.T, w *servertest.Fixture) {
		p := servertest.NewPostfix(t, w.Source(t))
		empty := w.EmptyAccounts(t)
		for _, e := range effects {
			t.Run(e.name, func(t *testing.T) {
				w := w.In(t)
				empty(t)
				w.CreateRoot()
				root := w.Root()
				servertest.SeedExample(root)
				e.oracle(t, root, p)
			})
		}
	})
}

func (e effect) oracle(t *testing.T, c *servertest.Client, p *servertest.Postfix) {
	t.Helper()
	if e.given != nil {
		e.given(c)
	}
	p.Require(t, e.was, "before")
	e.do(c)
	p.Require(t, e.is, "after")
}
