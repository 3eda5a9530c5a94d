package edge

import (
	"maps"
	"slices"
	"strings"

	"github.com/postern-mail/postern/server/contract"
)

// mostSimilar returns the parameter that a misspelt name most likely means, "" when none is near: the one with the fewest
// letters to add, drop, replace or swap, of which there may be one for each three letters.
func mostSimilar(name string, parameters map[string]*contract.Parameter) string {
	best, least := "", len(name)/3+1
	for _, known := range slices.Sorted(maps.Keys(parameters)) {
		if d := distance(strings.ToLower(name), strings.ToLower(known)); d < least {
			best, least = known, d
		}
	}
	return best
}

// distance is the optimal string alignment distance of two names: how many letters have to be added, dropped, replaced or swapped
// with their neighbours.
func distance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
