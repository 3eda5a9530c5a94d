package mlmmj

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/postern-mail/postern/store"
)

// parts are the directories of a list. mlmmj fails where one is missing.
var parts = []string{
	"archive", "bounce", "control", "digesters.d", "incoming", "moderation", "nomailsubs.d", "queue", "queue/discarded",
	"requeue", "subconf", "subscribers.d", "text", "unsubconf",
}

// Prepare implements store.Mlmmj.
func (s *Spool) Prepare(ctx context.Context, mail string, settings store.MlmmjSettings) error {
	domain, local, err := directory(mail)
	if err != nil {
		return err
	}
	mail = local + "@" + domain
	u, err := clean(mail, everything(settings))
	if err != nil {
		return err
	}
	l, err := s.vacant(ctx, domain, local)
	if err != nil {
		return failed("prepare", mail, err)
	}
	defer l.close()
	return failed("prepare", mail, l.build(store.MlmmjSettings{}.With(u)))
}

// vacant returns the directory for a new list, locked, marked as unfinished and otherwise empty. Others may move it away
// while its lock is awaited.
func (s *Spool) vacant(ctx context.Context, domain, local string) (*list, error) {
	for range 10 {
		if err := s.place(domain, path.Join(domain, local)); err != nil {
			return nil, err
		}
		l, err := s.take(ctx, local+"@"+domain, exclusive)
		if errors.Is(err, errAbsent) {
			continue
		}
		if err != nil {
			return nil, err
		}
		moved, err := l.clear()
		if err == nil && !moved {
			return l, nil
		}
		l.close()
		if err != nil {
			return nil, err
		}
	}
	return nil, syscall.EBUSY
}

// clear leaves a directory that is marked and otherwise empty, or moves one that holds something to the archive.
func (l *list) clear() (moved bool, err error) {
	names, err := l.names(".")
	if err != nil {
		return false, err
	}
	if !empty(names) && !l.has(unfinished) {
		return true, l.archiveIt()
	}
	return false, l.strip()
}

// place makes directories below the spool for its owner.
func (s *Spool) place(names ...string) error {
	home, err := s.open()
	if err != nil {
		return err
	}
	defer func() { _ = home.Close() }()
	info, err := home.Stat(".")
	if err != nil {
		return err
	}
	uid, gid := owner(info)
	for _, name := range names {
		if err := errors.Join(noLink(home, name), s.step("mkdir", name)); err != nil {
			return err
		}
		if err := home.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		if err := s.give(home, name, uid, gid); err != nil {
			return err
		}
	}
	return nil
}

// give lets a directory that root made belong to the owner of the spool.
func (s *Spool) give(home *os.Root, name string, uid, gid int) error {
	info, err := home.Lstat(name)
	if err != nil {
		return err
	}
	if has, _ := owner(info); s.me != 0 || has != 0 || uid == 0 {
		return nil
	}
	return home.Lchown(name, uid, gid)
}

// build makes all of a list. Its address, without which no program of mlmmj works, comes last, then the mark goes.
func (l *list) build(settings store.MlmmjSettings) error {
	for _, name := range parts {
		if err := l.mkdir(name); err != nil {
			return err
		}
	}
	if err := l.copyTexts(); err != nil {
		return err
	}
	if err := l.put("index", nil, 0o600); err != nil {
		return err
	}
	for _, name := range always {
		if err := l.put("control/"+name, nil, 0o600); err != nil {
			return err
		}
	}
	if l.SMTPPort != 0 {
		if err := l.put("control/smtpport", asLines(strconv.Itoa(l.SMTPPort)), 0o600); err != nil {
			return err
		}
	}
	if err := l.write(parameters, &settings); err != nil {
		return err
	}
	if err := l.syncDirs(l.root, append([]string{"."}, parts...)...); err != nil {
		return err
	}
	if err := l.remove(unfinished); err != nil {
		return err
	}
	return errors.Join(l.syncDirs(l.root, "."), l.syncDirs(l.home, path.Dir(l.name), "."))
}

// copyTexts copies the texts of mlmmj's own mails.
func (l *list) copyTexts() error {
	dir := filepath.Join(l.Skeleton, "en")
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		if err := l.put("text/"+e.Name(), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}
