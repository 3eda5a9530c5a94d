package ldapstore

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/postern-mail/postern/store"
)

// A directory sorts nothing and cannot go on after a name. So a list first reads the names alone, which are small,
// and then, page by page, the entries of those names. The names that a list goes through are kept for a while, that
// the next page need not read them anew.

const (
	// snapshotTime is how long the names are kept.
	snapshotTime = 30 * time.Second
	// mostNames is how many names are kept at once, of all lists; with more the oldest lists are read anew.
	mostNames = 1_000_000
)

// directorySorts are those that a directory can answer with names alone.
var directorySorts = []store.Sort{store.SortKey, store.SortName}

// listing is what is listed: the entries below a DN that fit all filters, by the attribute of their name.
type listing struct {
	dn, attribute string
	scope         int
	filters       []string
	overPercent   int64 // those alone that hold at least so much of their quota; 0 is no condition
}

// search adds the filters of a search, or returns INVALID_VALUE.
func (l *listing) search(s store.Search) error {
	s, err := s.Checked()
	if err != nil {
		return err
	}
	if s.Prefix != "" {
		l.filters = append(l.filters, beginsWith(l.attribute, s.Prefix))
	}
	if s.Any != "" {
		l.filters = append(l.filters, or(contains(l.attribute, s.Any), contains("cn", s.Any)))
	}
	if s.Active != nil {
		l.is(equals("accountStatus", statusActive), *s.Active)
	}
	if !s.CreatedAfter.IsZero() {
		l.filters = append(l.filters, laterThan("createTimestamp", s.CreatedAfter))
	}
	return nil
}

// is adds a filter, or its opposite.
func (l *listing) is(filter string, holds bool) {
	if !holds {
		filter = not(filter)
	}
	l.filters = append(l.filters, filter)
}

// names returns the part of the names that the page asks for, in lower case.
func (s *Store) names(ctx context.Context, l listing, page store.PageRequest) (store.Page[string], error) {
	if err := page.Sort.CheckIn(directorySorts); err != nil {
		return store.Page[string]{}, err
	}
	key, now := snapshotKey{l.dn, and(l.filters...), page.Sort, l.overPercent}, time.Now()
	if all, ok := s.addresses.get(key, now); ok && page.After != "" {
		return part(all, page), nil
	}
	all, err := s.readNames(ctx, l, key)
	if err != nil {
		return store.Page[string]{}, err
	}
	if page.Limit > 0 && page.Limit < len(all) {
		s.addresses.put(key, all, now)
	}
	return part(all, page), nil
}

// readNames reads all names of a list, sorted.
func (s *Store) readNames(ctx context.Context, l listing, key snapshotKey) ([]store.Position, error) {
	attributes := []string{l.attribute}
	if key.sort == store.SortName {
		attributes = append(attributes, "cn")
	}
	if l.overPercent > 0 {
		attributes = append(attributes, "mailQuota")
	}
	all := []store.Position{}
	quotas := map[string]int64{}
	err := s.each(ctx, l.dn, l.scope, key.filter, attributes, func(e entry) error {
		p := store.Position{Key: strings.ToLower(e.first(l.attribute))}
		if p.Key == "" {
			return nil
		}
		if key.sort == store.SortName {
			p.Value = sortedName(e.first("cn"))
		}
		if l.overPercent > 0 {
			quotas[p.Key] = e.quota()
		}
		all = append(all, p)
		return nil
	})
	if err == nil && l.overPercent > 0 {
		all, err = s.overQuota(ctx, all, quotas, l.overPercent)
	}
	slices.SortFunc(all, byPlace)
	return all, err
}

// sortedName is what of a name a list is sorted by.
func sortedName(name string) string {
	characters := []rune(strings.ToLower(name))
	return string(characters[:min(len(characters), store.SortedLength)])
}

// overQuota returns those that hold at least so much of their quota, which is in MB and 0 for no quota.
func (s *Store) overQuota(ctx context.Context, all []store.Position, quotas map[string]int64, percent int64) ([]store.Position, error) {
	mails := make([]string, len(all))
	for i, p := range all {
		mails[i] = p.Key
	}
	usage, err := s.mailboxes.MailboxUsage(ctx, mails)
	over := []store.Position{}
	for _, p := range all {
		quota := float64(quotas[p.Key]) * bytesPerMB
		if quota > 0 && float64(usage[p.Key].Bytes)*100 >= quota*float64(percent) {
			over = append(over, p)
		}
	}
	return over, err
}

// byPlace orders what is listed.
func byPlace(a, b store.Position) int {
	return cmp.Or(strings.Compare(a.Value, b.Value), strings.Compare(a.Key, b.Key))
}

// part cuts a page out of sorted names.
func part(all []store.Position, page store.PageRequest) store.Page[string] {
	from, to := 0, len(all)
	if page.After != "" {
		at, found := slices.BinarySearchFunc(all, store.PositionOf(page.After), byPlace)
		switch {
		case page.Desc:
			to = at
		case found:
			from = at + 1
		default:
			from = at
		}
	}
	n := to - from
	if page.Limit > 0 {
		n = min(n, page.Limit)
	}
	list := store.Page[string]{Items: make([]string, n)}
	for i := range n {
		list.Items[i] = all[place(from, to, i, page.Desc)].Key
	}
	if n > 0 && n < to-from {
		list.Next = all[place(from, to, n-1, page.Desc)].String()
	}
	if page.Count {
		total := int64(len(all))
		list.Total = &total
	}
	return list
}

// place is where the item of that number is, from the one end or from the other.
func place(from, to, number int, desc bool) int {
	if desc {
		return to - 1 - number
	}
	return from + number
}

// snapshots are the names of lists that are under way.
type snapshots struct {
	mu   sync.Mutex
	kept map[snapshotKey]snapshot
	size int // how many names are kept
}

// snapshotKey is a search: where, and for what.
type snapshotKey struct {
	dn, filter  string
	sort        store.Sort
	overPercent int64
}

type snapshot struct {
	names []store.Position
	read  time.Time
}

func newSnapshots() *snapshots { return &snapshots{kept: map[snapshotKey]snapshot{}} }

func (s *snapshots) get(key snapshotKey, now time.Time) ([]store.Position, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.kept[key]
	return found.names, ok && now.Sub(found.read) < snapshotTime
}

// put keeps the names, and drops what has been kept too long or is too much.
func (s *snapshots) put(key snapshotKey, names []store.Position, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(key)
	for k, v := range s.kept {
		if now.Sub(v.read) >= snapshotTime {
			s.drop(k)
		}
	}
	for s.size > 0 && s.size+len(names) > mostNames {
		s.drop(s.oldest())
	}
	s.kept[key] = snapshot{names, now}
	s.size += len(names)
}

func (s *snapshots) drop(key snapshotKey) {
	s.size -= len(s.kept[key].names)
	delete(s.kept, key)
}

func (s *snapshots) oldest() snapshotKey {
	var oldest snapshotKey
	var since time.Time
	for k, v := range s.kept {
		if since.IsZero() || v.read.Before(since) {
			oldest, since = k, v.read
		}
	}
	return oldest
}
