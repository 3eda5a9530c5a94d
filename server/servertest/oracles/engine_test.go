package oracles_test

import (
	"testing"

	"github.com/postern-mail/postern/server/servertest"
)

// onEveryEngine runs a test of the oracles in a fresh fixture on each engine.
func onEveryEngine(t *testing.T, test func(t *testing.T, w *servertest.Fixture), options ...servertest.Option) {
	t.Helper()
	servertest.NeedOracles(t)
	t.Parallel()
	for _, engine := range servertest.Everywhere {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			test(t, servertest.NewFixtureOn(t, engine, options...))
		})
	}
}
