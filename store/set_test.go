package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

func TestLeaveOut(t *testing.T) {
	short, long := []string{"a", "b"}, []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}
	for _, names := range [][]string{short, long} {
		require.Equal(t, []string{"x"}, store.LeaveOut([]string{"a", "x", "b"}, names))
		require.Empty(t, store.LeaveOut(names, names))
	}
	require.Equal(t, short, store.LeaveOut(short, nil))
}

func TestItemsOfAnAccountAreBounded(t *testing.T) {
	for _, c := range []struct {
		name          string
		before, after int
		refused       bool
	}{
		{"up to the most", 0, store.MostItems, false},
		{"one too many", store.MostItems, store.MostItems + 1, true},
		{"more than the most from nothing", 0, store.MostItems + 1, true},
		{"what is over already may stay", store.MostItems + 5, store.MostItems + 5, false},
		{"and may shrink", store.MostItems + 5, store.MostItems + 4, false},
		{"and not grow", store.MostItems + 5, store.MostItems + 6, true},
	} {
		err := store.CheckItems(c.before, c.after, "members")
		require.Equal(t, c.refused, store.HasCode(err, store.CodeTooManyItems), c.name)
	}
}
