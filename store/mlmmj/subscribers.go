package mlmmj

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
)

// kinds are the ways to be subscribed, in the order that they are answered in.
var kinds = []store.Subscription{store.SubscribeNormal, store.SubscribeDigest, store.SubscribeNoMail}

// directories are where the subscribers of each kind are, in one file per first character of their addresses.
var directories = map[store.Subscription]string{
	store.SubscribeNormal: "subscribers.d",
	store.SubscribeDigest: "digesters.d",
	store.SubscribeNoMail: "nomailsubs.d",
}

// Subscribers implements store.Mlmmj. It holds one file in memory at a time, and no lock while the caller is at work.
func (s *Spool) Subscribers(ctx context.Context, mail string) iter.Seq2[store.Subscriber, error] {
	return func(yield func(store.Subscriber, error) bool) {
		for _, kind := range kinds {
			batches, err := s.batches(ctx, mail, kind)
			for i := 0; err == nil && i < len(batches); i++ {
				var addresses []string
				addresses, err = s.batch(ctx, mail, kind, batches[i])
				for _, a := range addresses {
					if !yield(store.Subscriber{Mail: a, Subscription: kind}, nil) {
						return
					}
				}
			}
			if err != nil {
				yield(store.Subscriber{}, err)
				return
			}
		}
	}
}

// batches returns the files of a kind of subscribers, in groups that follow one another in the order of the addresses.
// Files that are not named by a first character may hold any: then all files are one group.
func (s *Spool) batches(ctx context.Context, mail string, kind store.Subscription) ([][]string, error) {
	l, err := s.hold(ctx, mail, shared)
	if err != nil {
		return nil, err
	}
	defer l.close()
	names, err := l.subscriberFiles(kind)
	if err != nil {
		return nil, failed("read", mail, err)
	}
	if slices.ContainsFunc(names, func(n string) bool { return len(n) > 1 }) {
		return [][]string{names}, nil
	}
	return slices.Collect(slices.Chunk(names, 1)), nil
}

// batch returns the addresses in some files, sorted.
func (s *Spool) batch(ctx context.Context, mail string, kind store.Subscription, names []string) ([]string, error) {
	l, err := s.hold(ctx, mail, shared)
	if err != nil {
		return nil, err
	}
	defer l.close()
	var all []string
	for _, name := range names {
		content, err := l.get(path.Join(directories[kind], name))
		if err != nil {
			return nil, failed("read", mail, err)
		}
		all = append(all, linesOf(content)...)
	}
	return slices.Compact(lower(all)), nil
}

func (l *list) subscriberFiles(kind store.Subscription) ([]string, error) {
	names, err := l.names(directories[kind])
	return slices.DeleteFunc(names, isHidden), err
}

// Subscribe implements store.Mlmmj.
func (s *Spool) Subscribe(ctx context.Context, mail string, kind store.Subscription, addresses []string) error {
	addresses, err := subscribable(kind, addresses)
	if err != nil {
		return err
	}
	l, err := s.hold(ctx, mail, exclusive)
	if err != nil {
		return err
	}
	defer l.close()
	if err = l.mayTake(addresses); err == nil {
		err = l.subscribe(ctx, kind, addresses)
	}
	return failed("subscribe to", mail, err)
}

// subscribable returns the addresses as mlmmj keeps them.
func subscribable(kind store.Subscription, addresses []string) ([]string, error) {
	if _, known := directories[kind]; !known {
		return nil, invalid("That is not a kind of subscription.").With("subscription")
	}
	clean, err := cleanAddresses(addresses)
	if err != nil {
		return nil, err
	}
	return clean, nil
}

// subscribe adds before it removes from the other kinds, so that a cut loses nobody.
func (l *list) subscribe(ctx context.Context, kind store.Subscription, addresses []string) error {
	coming := byLetter(addresses)
	for _, letter := range slices.Sorted(maps.Keys(coming)) {
		add := func(have []string) []string { return append(have, coming[letter]...) }
		if err := l.edit(ctx, path.Join(directories[kind], letter), add); err != nil {
			return err
		}
	}
	if len(addresses) > 0 {
		if err := l.syncDirs(l.root, directories[kind]); err != nil {
			return err
		}
	}
	for _, other := range kinds {
		if other == kind {
			continue
		}
		if err := l.unsubscribe(ctx, other, coming); err != nil {
			return err
		}
	}
	return nil
}

// mayTake refuses the list's own addresses.
func (l *list) mayTake(addresses []string) error {
	content, err := l.get("control/listaddress")
	if err != nil {
		return err
	}
	return notItself(l.mail, lower(linesOf(content)), addresses)
}

// notItself refuses a list that would send its own posts to itself.
func notItself(mail string, extra, addresses []string) error {
	for _, a := range addresses {
		if a == mail || slices.Contains(extra, a) {
			return store.Fail(store.Invalid, store.CodeInvalidMail, "The list %s cannot be subscribed to itself.", mail)
		}
	}
	return nil
}

// Unsubscribe implements store.Mlmmj.
func (s *Spool) Unsubscribe(ctx context.Context, mail string, addresses []string) error {
	l, err := s.hold(ctx, mail, exclusive)
	if err != nil {
		return err
	}
	defer l.close()
	var leaving map[string][]string
	if addresses != nil {
		leaving = byLetter(lower(slices.Clone(addresses)))
	}
	for _, kind := range kinds {
		if err := l.unsubscribe(ctx, kind, leaving); err != nil {
			return failed("unsubscribe from", mail, err)
		}
	}
	return nil
}

// unsubscribe removes addresses, given by first character, from one kind of subscribers; nil removes all.
func (l *list) unsubscribe(ctx context.Context, kind store.Subscription, leaving map[string][]string) error {
	names, err := l.subscriberFiles(kind)
	if err != nil {
		return err
	}
	gone := map[string]bool{}
	for _, addresses := range leaving {
		for _, a := range addresses {
			gone[a] = true
		}
	}
	changed := false
	for _, name := range names {
		if _, mayHold := leaving[name]; leaving != nil && len(name) == 1 && !mayHold {
			continue
		}
		changed = true
		drop := func(have []string) []string {
			return slices.DeleteFunc(have, func(a string) bool { return leaving == nil || gone[a] })
		}
		if err := l.edit(ctx, path.Join(directories[kind], name), drop); err != nil {
			return err
		}
	}
	if !changed {
		return nil
	}
	return l.syncDirs(l.root, directories[kind])
}

// edit changes one file of subscribers under the locks that mlmmj's own programs take. An empty file goes, as with mlmmj.
func (l *list) edit(ctx context.Context, name string, change func(have []string) []string) error {
	dir, file := path.Split(name)
	guard, err := l.lockFile(ctx, dir+"."+file+".lock", os.O_CREATE)
	if err != nil {
		return err
	}
	defer func() { _ = guard.Close() }()
	var content []byte
	if f, err := l.lockFile(ctx, name, 0); err == nil {
		defer func() { _ = f.Close() }()
		// The lock goes as soon as this process closes the file, whichever way it was opened: it is read right here.
		if content, err = io.ReadAll(f); err != nil {
			return err
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	have := slices.Compact(lower(linesOf(content)))
	want := change(slices.Clone(have))
	slices.Sort(want)
	want = slices.Compact(want)
	switch {
	case slices.Equal(have, want):
	case len(want) == 0:
		err = l.remove(name)
	default:
		err = l.put(name, asLines(want...), 0o600)
	}
	if err != nil {
		return err
	}
	return l.remove(dir + "." + file + ".lock")
}

// lockFile opens a file and takes mlmmj's lock on it. Who had it before may have removed the file meanwhile: then it is
// another one by now.
func (l *list) lockFile(ctx context.Context, name string, flags int) (*os.File, error) {
	if err := noLink(l.root, name); err != nil {
		return nil, err
	}
	for {
		f, err := l.root.OpenFile(name, os.O_RDWR|flags, 0o600)
		if err != nil {
			return nil, err
		}
		if l.me == 0 && flags&os.O_CREATE != 0 {
			err = f.Chown(l.uid, l.gid)
		}
		if err == nil {
			err = recordLock(ctx, f)
		}
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		locked, err := f.Stat()
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		if found, err := l.root.Lstat(name); err == nil && os.SameFile(locked, found) {
			return f, nil
		}
		_ = f.Close()
	}
}

// byLetter groups addresses by the file that each belongs into.
func byLetter(addresses []string) map[string][]string {
	groups := map[string][]string{}
	for _, a := range addresses {
		if a = strings.TrimSpace(a); a != "" {
			groups[a[:1]] = append(groups[a[:1]], a)
		}
	}
	return groups
}
