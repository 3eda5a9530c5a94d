package storetest

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// requirePages walks a list, whose keys are given in their order, in several ways.
func requirePages(t *testing.T, keys []string, read func(page store.PageRequest) (names []string, next string)) {
	t.Helper()
	requirePagesBy(t, store.SortKey, keys, read)
	rest, next := read(store.PageRequest{After: keys[0]})
	require.Equal(t, keys[1:], rest, "after the first")
	require.Empty(t, next)
	none, next := read(store.PageRequest{After: keys[len(keys)-1], Limit: 1})
	require.Empty(t, none, "after the last")
	require.Empty(t, next)
}

// requirePagesBy walks a list that is sorted in that way, in several ways.
func requirePagesBy(t *testing.T, sort store.Sort, keys []string, read func(page store.PageRequest) (names []string, next string)) {
	t.Helper()
	backwards := slices.Clone(keys)
	slices.Reverse(backwards)
	for _, page := range []store.PageRequest{{}, {Limit: 1}, {Limit: 2}, {Limit: len(keys)}, {Limit: len(keys) + 1}} {
		for _, desc := range []bool{false, true} {
			want := keys
			if desc {
				want = backwards
			}
			page.Desc, page.Sort = desc, sort
			require.Equal(t, want, walk(t, page, len(keys), read), "by %q in pages of %d, descending %v", sort, page.Limit, desc)
		}
	}
}

// walk reads page after page until the end.
func walk(t *testing.T, page store.PageRequest, most int, read func(page store.PageRequest) (names []string, next string)) []string {
	t.Helper()
	var all []string
	for range most + 1 {
		names, next := read(page)
		if page.Limit > 0 {
			require.LessOrEqual(t, len(names), page.Limit)
		}
		all = append(all, names...)
		if next == "" {
			return all
		}
		page.After = next
	}
	t.Fatal("the list does not end")
	return nil
}
