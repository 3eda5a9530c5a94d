package mlmmj

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"

	"github.com/postern-mail/postern/store"
)

// ListsOf implements store.Mlmmj. A list that is not finished is among them, what is no list is not.
func (s *Spool) ListsOf(_ context.Context, domain string) ([]string, error) {
	domain, err := store.NormaliseDomain(domain)
	if err != nil || s.unused() {
		return []string{}, err
	}
	home, err := s.open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = home.Close() }()
	mails, err := listsOf(home, domain)
	return mails, failed("list", domain, err)
}

// unused reports whether there was never a list here: who only asks does not make the directory.
func (s *Spool) unused() bool {
	_, err := os.Stat(s.Spool)
	return errors.Is(err, fs.ErrNotExist) && s.Installed() == nil
}

func listsOf(home *os.Root, domain string) ([]string, error) {
	mails := []string{}
	names, err := subdirectories(home, domain)
	if err != nil {
		return nil, err
	}
	for _, local := range names {
		mail, err := store.NormaliseAddress(local + "@" + domain)
		if err != nil || mail != local+"@"+domain || !isLocal(local) {
			continue
		}
		if err := noLink(home, path.Join(domain, local)); err != nil {
			return nil, err
		}
		for _, sign := range []string{"control", unfinished} {
			if _, err := home.Lstat(path.Join(domain, local, sign)); err == nil {
				mails = append(mails, mail)
				break
			}
		}
	}
	return mails, nil
}

// subdirectories returns the names of what may be directories in a directory below the spool, sorted.
func subdirectories(home *os.Root, dir string) ([]string, error) {
	if err := noLink(home, dir); err != nil {
		return nil, err
	}
	f, err := home.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	entries, err := f.ReadDir(-1)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if !isHidden(e.Name()) && (e.IsDir() || e.Type()&fs.ModeSymlink != 0) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// ForgetSubscriber implements store.Mlmmj. An invitation that waits for the address's answer goes too.
func (s *Spool) ForgetSubscriber(ctx context.Context, address string, lists []string) error {
	return s.rewrite(ctx, address, "", lists)
}

// RenameSubscriber implements store.Mlmmj. Where the new address is subscribed already it stays as it is.
func (s *Spool) RenameSubscriber(ctx context.Context, from, to string, lists []string) error {
	to, err := store.NormaliseForeign(to)
	if err != nil {
		return err
	}
	return s.rewrite(ctx, from, to, lists)
}

// rewrite replaces an address in lists, with nothing where to is "". One list that fails does not keep the others
// from it.
func (s *Spool) rewrite(ctx context.Context, from, to string, lists []string) error {
	from, err := store.NormaliseForeign(from)
	if err != nil {
		return err
	}
	if from == to || s.unused() {
		return nil
	}
	var failures []error
	for _, mail := range lists {
		if ctx.Err() != nil {
			return failed("rewrite", from, ctx.Err())
		}
		l, err := s.hold(ctx, mail, exclusive)
		if store.IsNotFound(err) {
			continue
		}
		if err == nil {
			err = failed("rewrite", mail, l.rewrite(ctx, from, to))
			l.close()
		}
		failures = append(failures, err)
	}
	return errors.Join(failures...)
}

// ListsNaming implements store.Mlmmj.
func (s *Spool) ListsNaming(ctx context.Context, name string, lists []string) ([]string, error) {
	if s.unused() {
		return nil, nil
	}
	var naming []string
	for _, mail := range lists {
		l, err := s.hold(ctx, mail, shared)
		if store.IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		people, err := l.people()
		l.close()
		if err != nil {
			return nil, failed("read", mail, err)
		}
		if people.Names(mail, name) {
			naming = append(naming, mail)
		}
	}
	return naming, nil
}

// SubscribedTo implements store.Mlmmj.
func (s *Spool) SubscribedTo(ctx context.Context, addresses []string, _ func() ([]string, error)) (map[string][]string, error) {
	mails, err := s.All()
	if err != nil || len(mails) == 0 {
		return nil, err
	}
	wanted, letters := map[string]bool{}, map[string]bool{}
	for _, a := range addresses {
		wanted[a], letters[a[:1]] = true, true
	}
	to := map[string][]string{}
	for _, mail := range mails {
		l, err := s.hold(ctx, mail, shared)
		if store.IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		found, err := l.among(wanted, letters)
		l.close()
		if err != nil {
			return nil, failed("read", mail, err)
		}
		for _, a := range found {
			to[a] = append(to[a], mail)
		}
	}
	for _, lists := range to { // which come by their domain
		slices.Sort(lists)
	}
	return to, nil
}

// among returns which of the wanted addresses are subscribed, sorted; their first letters say which files to look into.
func (l *list) among(wanted, letters map[string]bool) ([]string, error) {
	var found []string
	for _, kind := range kinds {
		names, err := l.subscriberFiles(kind)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if len(name) == 1 && !letters[name] {
				continue
			}
			content, err := l.get(path.Join(directories[kind], name))
			if err != nil {
				return nil, err
			}
			for _, a := range lower(linesOf(content)) {
				if wanted[a] {
					found = append(found, a)
				}
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}

// All returns every list of the spool, finished or not.
func (s *Spool) All() ([]string, error) {
	if s.unused() {
		return nil, nil
	}
	home, err := s.open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = home.Close() }()
	domains, err := subdirectories(home, ".")
	if err != nil {
		return nil, failed("read", "all lists", err)
	}
	var all []string
	for _, domain := range domains {
		if d, err := store.NormaliseDomain(domain); err != nil || d != domain {
			continue
		}
		mails, err := listsOf(home, domain)
		if err != nil {
			return nil, failed("read", domain, err)
		}
		all = append(all, mails...)
	}
	return all, nil
}

func (l *list) rewrite(ctx context.Context, from, to string) error {
	if err := l.rewriteSubscriber(ctx, from, to); err != nil {
		return err
	}
	if err := l.forgetInvitations(from); err != nil {
		return err
	}
	settings, err := l.people()
	if err != nil {
		return err
	}
	u := replaced(settings, from, to)
	if u == (store.MlmmjUpdate{}) {
		return nil
	}
	return l.configure(u)
}

func (l *list) rewriteSubscriber(ctx context.Context, from, to string) error {
	kind, err := l.subscribed(from)
	if err != nil || kind == "" {
		return err
	}
	if to != "" {
		already, err := l.subscribed(to)
		if err != nil {
			return err
		}
		if already == "" {
			if err := l.subscribe(ctx, kind, []string{to}); err != nil {
				return err
			}
		}
	}
	for _, kind := range kinds {
		if err := l.unsubscribe(ctx, kind, byLetter([]string{from})); err != nil {
			return err
		}
	}
	return nil
}

// subscribed returns how an address is subscribed, or "".
func (l *list) subscribed(address string) (store.Subscription, error) {
	for _, kind := range kinds {
		names, err := l.subscriberFiles(kind)
		if err != nil {
			return "", err
		}
		for _, name := range names {
			if len(name) == 1 && name != address[:1] {
				continue
			}
			content, err := l.get(path.Join(directories[kind], name))
			if err != nil {
				return "", err
			}
			if slices.Contains(lower(linesOf(content)), address) {
				return kind, nil
			}
		}
	}
	return "", nil
}

// replaced returns the update that puts one address in the place of another among owners and moderators.
func replaced(s store.MlmmjSettings, from, to string) store.MlmmjUpdate {
	replace := func(have []string) *[]string {
		if !slices.Contains(have, from) {
			return nil
		}
		left := without(have, from)
		if to != "" && !slices.Contains(left, to) {
			left = append(left, to)
		}
		slices.Sort(left)
		return &left
	}
	return store.MlmmjUpdate{
		Owners: replace(s.Owners), Moderators: replace(s.Moderators), SubscriptionModerators: replace(s.SubscriptionModerators),
	}
}
