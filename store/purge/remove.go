package purge

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// directory is an open directory below a storage, reached without following a link, with its parent.
type directory struct {
	parent, self int // file descriptors
	name         string
	device       uint64
}

const openDirectory = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC

// open walks from a storage down to a directory. It returns a reason when that must not be removed, and fs.ErrNotExist when it
// is absent, though the storage holds something: an empty one is probably not mounted.
func open(node string, below []string) (*directory, error) {
	fd, err := unix.Open(node, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, reason(fmt.Sprintf("the storage %s cannot be opened: %v", node, err))
	}
	owner, err := stat(fd)
	if err == nil {
		err = holdsSomething(fd, node)
	}
	if err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	d := &directory{parent: -1, self: fd}
	for _, name := range below {
		next, err := unix.Openat(d.self, name, openDirectory, 0)
		if err != nil {
			d.close()
			return nil, refusal(name, err)
		}
		if d.parent >= 0 {
			_ = unix.Close(d.parent)
		}
		d.parent, d.self, d.name = d.self, next, name
	}
	found, err := stat(d.self)
	if err == nil && found.Uid != owner.Uid {
		err = reason(fmt.Sprintf("the directory belongs to user %d, and the storage to %d", found.Uid, owner.Uid))
	}
	if err != nil {
		d.close()
		return nil, err
	}
	d.device = uint64(found.Dev) //nolint:unconvert // the type differs from one system to another
	return d, nil
}

func (d *directory) close() {
	_ = unix.Close(d.self)
	if d.parent >= 0 {
		_ = unix.Close(d.parent)
	}
}

func stat(fd int) (unix.Stat_t, error) {
	var s unix.Stat_t
	return s, os.NewSyscallError("fstat", unix.Fstat(fd, &s))
}

func holdsSomething(fd int, node string) error {
	names, err := namesIn(fd)
	if err == nil && len(names) == 0 {
		err = reason("the storage " + node + " is empty; perhaps it is not mounted")
	}
	return err
}

// refusal says why a part of a path could not be opened as a directory.
func refusal(name string, err error) error {
	switch {
	case errors.Is(err, unix.ENOENT):
		return fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	case errors.Is(err, unix.ELOOP), errors.Is(err, unix.ENOTDIR):
		return reason(fmt.Sprintf("%q on the way is a link or no directory", name))
	}
	return os.NewSyscallError("open "+name, err)
}

// remove removes the directory and all that is in it. Links in it go and are not followed; another file system that is mounted
// in it is an error.
func (d *directory) remove() error {
	if err := d.empty(d.self, d.name); err != nil {
		return err
	}
	return os.NewSyscallError("rmdir "+d.name, unix.Unlinkat(d.parent, d.name, unix.AT_REMOVEDIR))
}

// empty removes all that is in an open directory. It goes on after a failure: what is gone already need not be removed again.
func (d *directory) empty(fd int, where string) error {
	names, err := namesIn(fd)
	failures := []error{err}
	for _, name := range names {
		failures = append(failures, d.removeFrom(fd, name, where+"/"+name))
	}
	return errors.Join(failures...)
}

func (d *directory) removeFrom(fd int, name, where string) error {
	var s unix.Stat_t
	if err := unix.Fstatat(fd, name, &s, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return gone("stat "+where, err)
	}
	if s.Mode&unix.S_IFMT != unix.S_IFDIR {
		return gone("unlink "+where, unix.Unlinkat(fd, name, 0))
	}
	if uint64(s.Dev) != d.device { //nolint:unconvert // see open
		return fmt.Errorf("%s is another file system", where)
	}
	inner, err := unix.Openat(fd, name, openDirectory, 0)
	if err != nil {
		return gone("open "+where, err)
	}
	err = d.empty(inner, where)
	_ = unix.Close(inner)
	if err != nil {
		return err
	}
	return gone("rmdir "+where, unix.Unlinkat(fd, name, unix.AT_REMOVEDIR))
}

// gone is the error of a call on something that need not be there any more.
func gone(what string, err error) error {
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	return os.NewSyscallError(what, err)
}

// namesIn lists an open directory.
func namesIn(fd int) ([]string, error) {
	again, err := unix.Openat(fd, ".", openDirectory, 0) // a position of its own
	if err != nil {
		return nil, os.NewSyscallError("open", err)
	}
	f := os.NewFile(uintptr(again), ".")
	defer f.Close()
	return f.Readdirnames(-1)
}
