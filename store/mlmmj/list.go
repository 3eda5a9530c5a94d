package mlmmj

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"

	"github.com/postern-mail/postern/store"
)

const (
	// unfinished marks a directory that is being made or erased. With it, nothing in there counts.
	unfinished = ".postern-unfinished"
	// fresh is the file that is written before it takes the place of another. The lock of the list keeps it to one
	// writer. It is outside the directories that mlmmj reads as a whole.
	fresh = ".postern-new"
)

var (
	// errMoved says that the directory went elsewhere while its lock was awaited.
	errMoved = errors.New("the list was moved")
	// errAbsent says that there is no directory of that name, while the spool is there.
	errAbsent = errors.New("there is no such list")
)

// list is the locked directory of one list.
type list struct {
	*Spool
	mail     string
	name     string // below the spool
	home     *os.Root
	root     *os.Root
	dir      *os.File // holds the lock
	uid, gid int
}

// hold locks a list, or returns NO_SUCH_ACCOUNT for one that is not there or not finished.
func (s *Spool) hold(ctx context.Context, mail string, how int) (*list, error) {
	l, err := s.take(ctx, mail, how)
	if errors.Is(err, errAbsent) {
		return nil, store.NoSuchAccount(mail)
	}
	if err != nil {
		return nil, failed("lock", mail, err)
	}
	if !l.isList() {
		l.close()
		return nil, store.NoSuchAccount(mail)
	}
	return l, nil
}

// take locks the directory of a list as it is, or returns errAbsent.
func (s *Spool) take(ctx context.Context, mail string, how int) (*list, error) {
	domain, local, err := directory(mail)
	if err != nil {
		return nil, err
	}
	for {
		home, err := s.open()
		if err != nil {
			return nil, err
		}
		l := &list{Spool: s, mail: local + "@" + domain, name: path.Join(domain, local), home: home}
		if err = l.lock(ctx, how); err == nil {
			return l, nil
		}
		l.close()
		if !errors.Is(err, errMoved) {
			return nil, err
		}
	}
}

func (l *list) lock(ctx context.Context, how int) error {
	err := noLink(l.home, l.name)
	if err != nil {
		return err
	}
	l.dir, err = l.home.OpenFile(l.name, os.O_RDONLY|syscall.O_DIRECTORY, 0)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return errAbsent
	}
	if err != nil {
		return err
	}
	if err = flock(ctx, l.dir, how); err != nil {
		return err
	}
	if l.root, err = l.home.OpenRoot(l.name); errors.Is(err, fs.ErrNotExist) {
		return errMoved
	} else if err != nil {
		return err
	}
	locked, err := l.dir.Stat()
	if err != nil {
		return err
	}
	found, err := l.root.Stat(".")
	if err != nil {
		return err
	}
	l.uid, l.gid = owner(locked)
	if !os.SameFile(locked, found) {
		return errMoved
	}
	return nil
}

// close gives the lock back. Nothing was written through these, so there is nothing to fail.
func (l *list) close() {
	if l.root != nil {
		_ = l.root.Close()
	}
	if l.dir != nil {
		_ = l.dir.Close()
	}
	_ = l.home.Close()
}

// isList reports whether this is the directory of a finished list.
func (l *list) isList() bool { return l.has("control") && !l.has(unfinished) }

// empty reports whether a directory holds nothing, or only the start of a file.
func empty(names []string) bool {
	return len(names) == 0 || len(names) == 1 && names[0] == fresh
}

func (l *list) has(name string) bool {
	_, err := l.root.Lstat(name)
	return err == nil
}

// get returns the content of a file, nil when there is none.
func (l *list) get(name string) ([]byte, error) {
	if err := noLink(l.root, name); err != nil {
		return nil, err
	}
	content, err := l.root.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if content == nil && err == nil {
		content = []byte{}
	}
	return content, err
}

// names returns what is in a directory of the list, sorted.
func (l *list) names(dir string) ([]string, error) {
	if err := noLink(l.root, dir); err != nil {
		return nil, err
	}
	f, err := l.root.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	names, err := f.Readdirnames(-1)
	slices.Sort(names)
	return names, errors.Join(err, f.Close())
}

// step comes before each change, so that a test can stop there as if the process had died.
func (s *Spool) step(what, name string) error {
	if s.before == nil {
		return nil
	}
	return s.before(what + " " + name)
}

// put makes or replaces a file at once: a reader finds the old content or the new one. A file that is there keeps its
// mode and owner.
func (l *list) put(name string, content []byte, mode fs.FileMode) error {
	if err := errors.Join(noLink(l.root, name), noLink(l.root, fresh)); err != nil {
		return err
	}
	uid, gid := l.uid, l.gid
	if info, err := l.root.Lstat(name); err == nil {
		mode = info.Mode().Perm()
		uid, gid = owner(info)
	}
	if err := l.step("write", name); err != nil {
		return err
	}
	f, err := l.root.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil && l.me == 0 {
		err = f.Chown(uid, gid)
	}
	if err == nil {
		err = l.sync(f)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := l.step("rename", name); err != nil {
		return err
	}
	return l.root.Rename(fresh, name)
}

// remove removes a file. A missing one is fine.
func (l *list) remove(name string) error {
	if err := errors.Join(noLink(l.root, path.Dir(name)), l.step("remove", name)); err != nil {
		return err
	}
	if err := l.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// mkdir makes a directory of the list.
func (l *list) mkdir(name string) error {
	if err := errors.Join(noLink(l.root, name), l.step("mkdir", name)); err != nil {
		return err
	}
	if err := l.root.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if l.me == 0 {
		return l.root.Lchown(name, l.uid, l.gid)
	}
	return nil
}

// syncDirs waits until what was renamed and removed in these directories is on the disk.
func (s *Spool) syncDirs(root *os.Root, dirs ...string) error {
	for _, name := range dirs {
		f, err := root.Open(name)
		if err != nil {
			return err
		}
		if err := errors.Join(s.sync(f), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// isHidden reports whether a file is a lock or our own, not one that holds something.
func isHidden(name string) bool { return strings.HasPrefix(name, ".") }
