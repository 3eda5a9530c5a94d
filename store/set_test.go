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

func TestSetsFoldCase(t *testing.T) {
	stored := []string{"Ann@A.Test", "Someone@Example.NET", "x@y.test"}
	for name, c := range map[string]struct {
		set  store.Set
		want []string
	}{
		"remove":                 {store.Set{Remove: []string{"someone@example.net"}}, []string{"Ann@A.Test", "x@y.test"}},
		"add what is there":      {store.Set{Add: []string{"someone@example.net"}}, stored},
		"replace by what is":     {store.Set{Replace: &[]string{"x@y.test", "someone@example.net", "ann@a.test"}}, stored},
		"replace by less":        {store.Set{Replace: &[]string{"ann@a.test", "new@a.test"}}, []string{"Ann@A.Test", "new@a.test"}},
		"remove and add again":   {store.Set{Add: []string{"ann@a.test"}, Remove: []string{"ann@a.test"}}, stored},
		"replace without one":    {store.Set{Replace: &[]string{"ann@a.test", "x@y.test"}, Remove: []string{"ann@a.test"}}, []string{"x@y.test"}},
		"clear":                  {store.Set{Replace: &[]string{}}, []string{}},
		"nothing":                {store.Set{}, stored},
		"add twice, differently": {store.Set{Add: []string{"b@a.test", "b@a.test"}}, []string{"Ann@A.Test", "Someone@Example.NET", "b@a.test", "x@y.test"}},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, c.set.Apply(stored)) })
	}
	require.Equal(t, []string{"x@y.test"}, store.LeaveOut(stored, []string{"ann@a.test", "SOMEONE@example.net"}))
	long := []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "Ann@a.test"}
	require.True(t, store.Among(long)("ANN@a.test"))
}
