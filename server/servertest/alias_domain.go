package servertest

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Reaches is where mail to an address ends, comma-joined, on every engine: "" is nowhere.
func (p *Postfix) Reaches(t *testing.T, mail string) string {
	t.Helper()
	if p.From.Directory != nil {
		return strings.Join(p.ends(t, "expansion", []string{mail})[mail], ",")
	}
	next := map[string][]string{}
	for asked := []string{mail}; len(asked) > 0; {
		found, err := p.LookUp(t, "expansion", asked...)
		require.NoError(t, err)
		var more []string
		for _, one := range asked {
			next[one] = split(found[one])
			more = append(more, next[one]...)
		}
		asked = slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(more))), func(one string) bool {
			_, known := next[one]
			return known
		})
	}
	return strings.Join(reach(next, mail, map[string]bool{}), ",")
}
