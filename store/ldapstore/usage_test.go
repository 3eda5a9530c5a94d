package ldapstore_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// TestSearchesOfUsage counts them: as many for many domains as for a few, and each mailbox is counted once.
func TestSearchesOfUsage(t *testing.T) {
	w := newFixture(t)
	w.empty(t)
	for i := range 60 {
		domain := fmt.Sprintf("d%02d.test", i)
		_, err := w.store.CreateDomain(t.Context(), asGlobal, store.DomainCreate{Name: domain})
		require.NoError(t, err)
		for n := range 2 {
			_, err = w.store.CreateUser(t.Context(), asGlobal, store.UserCreate{Mail: fmt.Sprintf("u%d@%s", n, domain), Password: "{SSHA}x"})
			require.NoError(t, err)
		}
	}
	counted := map[int]int{}
	statements := 0
	for _, limit := range []int{1, 10, 20, 59} {
		for _, after := range []string{"", "d00.test"} { // the names are kept for the second page
			watched := 0
			w.panel.Watch(func(string, []any) { watched++ })
			counted[limit] = w.store.Answers(func() {
				list, err := w.store.DomainUsages(t.Context(), store.UsageFilter{Since: time.Now()}, store.PageRequest{Limit: limit, After: after})
				require.NoError(t, err)
				require.Len(t, list.Items, limit)
				for _, d := range list.Items {
					require.EqualValues(t, 2, d.Users, d.Domain)
				}
			})
			w.panel.Watch(nil)
			statements = max(statements, watched)
		}
	}
	require.Equal(t, counted[20], counted[59])
	require.LessOrEqual(t, counted[10], 17)
	require.LessOrEqual(t, counted[59], 2)
	require.LessOrEqual(t, statements, 3, "in the database beside the directory")
}
