package mlmmj

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/postern-mail/postern/store"
)

// archiveStamp is the time of removal as it stands behind a list's name in the archive.
const archiveStamp = "-20060102150405"

// RemoveList implements store.Mlmmj.
func (s *Spool) RemoveList(ctx context.Context, mail string, keepArchive bool) error {
	l, err := s.take(ctx, mail, exclusive)
	if errors.Is(err, errAbsent) {
		return nil
	}
	if err != nil {
		return failed("remove", mail, err)
	}
	defer l.close()
	names, err := l.names(".")
	if err == nil && keepArchive && !empty(names) && !l.has(unfinished) {
		err = l.archiveIt()
	} else if err == nil {
		err = l.erase()
	}
	return failed("remove", mail, err)
}

// strip marks the directory as unfinished and removes all else.
func (l *list) strip() error {
	if !l.has(unfinished) {
		if err := l.put(unfinished, nil, 0o600); err != nil {
			return err
		}
	}
	names, err := l.names(".")
	if err != nil {
		return err
	}
	for _, name := range names {
		if name == unfinished {
			continue
		}
		if err := l.step("remove", name); err != nil {
			return err
		}
		if err := l.root.RemoveAll(name); err != nil {
			return err
		}
	}
	return nil
}

// erase removes the directory. A cut leaves one that is marked, or empty: no list, and the repeat goes on.
func (l *list) erase() error {
	if err := l.strip(); err != nil {
		return err
	}
	if err := l.remove(unfinished); err != nil {
		return err
	}
	if err := l.step("remove", l.name); err != nil {
		return err
	}
	return l.home.Remove(l.name)
}

// archiveIt moves the directory into the archive, as <domain>/<list>-<time>/<list>.
func (l *list) archiveIt() error {
	archive, err := l.openOwn(l.Archive, l.uid, l.gid)
	if err != nil {
		return err
	}
	defer func() { _ = archive.Close() }()
	local, domain := store.SplitAddress(l.mail)
	place, err := l.archivePlace(archive, domain, local)
	if err != nil {
		return err
	}
	if err := l.step("move", l.name); err != nil {
		return err
	}
	// The names are single parts of a path, and neither end of the move follows a link.
	err = l.rename(filepath.Join(l.Spool.Spool, domain, local), filepath.Join(l.Archive, place, local))
	if !errors.Is(err, syscall.EXDEV) {
		return err
	}
	if err := l.copyTo(archive, filepath.Join(place, ".copy")); err != nil {
		return err
	}
	if err := l.step("rename", place); err != nil {
		return err
	}
	if err := archive.Rename(filepath.Join(place, ".copy"), filepath.Join(place, local)); err != nil {
		return err
	}
	return l.erase()
}

// archivePlace makes the directory that the list will go into: named by the time, by the time twice as mlmmjadmin does where that
// is there, and by a number where that is there too.
func (l *list) archivePlace(archive *os.Root, domain, local string) (string, error) {
	stamp := time.Now().UTC().Format(archiveStamp)
	for n := 1; ; n++ {
		name := local + stamp
		switch {
		case n == 2:
			name += stamp
		case n > 2:
			name += "-" + strconv.Itoa(n)
		}
		place := filepath.Join(domain, name)
		if err := l.step("mkdir", place); err != nil {
			return "", err
		}
		if err := l.archiveDir(archive, domain); err != nil && !errors.Is(err, fs.ErrExist) {
			return "", err
		}
		err := l.archiveDir(archive, place)
		if !errors.Is(err, fs.ErrExist) {
			return place, err
		}
	}
}

func (l *list) archiveDir(archive *os.Root, name string) error {
	if err := noLink(archive, name); err != nil {
		return err
	}
	if err := archive.Mkdir(name, 0o700); err != nil {
		return err
	}
	if l.me == 0 {
		return archive.Lchown(name, l.uid, l.gid)
	}
	return nil
}

// copyTo copies the whole list to another file system.
func (l *list) copyTo(archive *os.Root, place string) error {
	return fs.WalkDir(l.root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if err := l.step("copy", name); err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		to := filepath.Join(place, name)
		switch {
		case e.IsDir():
			err = archive.Mkdir(to, info.Mode().Perm())
		case info.Mode().IsRegular():
			err = l.copyFile(archive, to, name, info)
		default:
			return nil
		}
		if err != nil {
			return err
		}
		if uid, gid := owner(info); l.me == 0 {
			return archive.Lchown(to, uid, gid)
		}
		return nil
	})
}

func (l *list) copyFile(archive *os.Root, to, name string, info fs.FileInfo) error {
	from, err := l.root.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }()
	f, err := archive.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode().Perm())
	if err != nil {
		return err
	}
	_, err = f.ReadFrom(from)
	if err == nil {
		err = l.sync(f)
	}
	return errors.Join(err, f.Close(), archive.Chtimes(to, info.ModTime(), info.ModTime()))
}
