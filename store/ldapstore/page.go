package ldapstore

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/postern-mail/postern/store"
)

// A directory sorts nothing and cannot go on after a name. So a listing first reads the names alone, which are small,
// and then, page by page, the entries of those names. The names that a listing goes through are kept for a while, that
// the next page need not read them anew.

// snapshotTime is how long the names are kept.
const snapshotTime = 30 * time.Second

// snapshots are the names of listings that are under way.
type snapshots struct {
	mu   sync.Mutex
	kept map[snapshotKey]snapshot
}

// snapshotKey is a search: where, and for what.
type snapshotKey struct{ dn, filter, attribute string }

type snapshot struct {
	names []string
	read  time.Time
}

func newSnapshots() *snapshots { return &snapshots{kept: map[snapshotKey]snapshot{}} }

func (s *snapshots) get(key snapshotKey, now time.Time) ([]string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.kept[key]
	return found.names, ok && now.Sub(found.read) < snapshotTime
}

// put keeps the names, and drops what has been kept too long.
func (s *snapshots) put(key snapshotKey, names []string, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, v := range s.kept {
		if now.Sub(v.read) >= snapshotTime {
			delete(s.kept, k)
		}
	}
	s.kept[key] = snapshot{names, now}
}

// names returns the part that the page asks for of the values that the attribute has in the entries right below a DN,
// sorted and in lower case.
func (s *Store) names(ctx context.Context, dn, filter, attribute string, page store.PageRequest) (store.Page[string], error) {
	key, now := snapshotKey{dn, filter, attribute}, time.Now()
	if all, ok := s.addresses.get(key, now); ok && page.After != "" {
		return part(all, page), nil
	}
	all := []string{}
	entries, err := s.children(ctx, dn, filter, attribute)
	if err != nil {
		return store.Page[string]{}, err
	}
	for _, e := range entries {
		if name := strings.ToLower(e.first(attribute)); name != "" {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	if page.Limit > 0 && page.Limit < len(all) {
		s.addresses.put(key, all, now)
	}
	return part(all, page), nil
}

// part cuts a page out of sorted names.
func part(all []string, page store.PageRequest) store.Page[string] {
	from, to := 0, len(all)
	if page.After != "" {
		at, found := slices.BinarySearch(all, page.After)
		switch {
		case page.Desc:
			to = at
		case found:
			from = at + 1
		default:
			from = at
		}
	}
	items := slices.Clone(all[from:to])
	if page.Desc {
		slices.Reverse(items)
	}
	list := store.Page[string]{Items: items}
	if page.Limit > 0 && len(items) > page.Limit {
		list.Items = items[:page.Limit]
		list.Next = list.Items[page.Limit-1]
	}
	return list
}
