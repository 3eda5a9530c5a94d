package mlmmj

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/postern-mail/postern/store"
)

// SpoolConfig says where mlmmj and its lists are on this machine.
type SpoolConfig struct {
	Spool    string // all lists, one directory per domain; made when it is missing
	Archive  string // where removed lists go; when empty, beside the spool with "-archive" at its end
	Skeleton string // the texts of mlmmj's own mails by language; when empty, those of Debian's package
	Programs string // mlmmj's programs; /usr/bin when empty
	SMTPPort int    // where new lists hand in their mail; 0 leaves it to mlmmj, which takes 25
}

// Spool is store.Mlmmj on mlmmj's spool directory. Everything in there belongs to the owner of that directory.
type Spool struct {
	SpoolConfig
	me     int                         // the user that this process runs as
	before func(step string) error     // asked before each change of a file; tests cut there
	rename func(from, to string) error // os.Rename; tests make it cross file systems
	sync   func(f *os.File) error      // waits until a file is on the disk; tests that die a lot do not
}

var _ store.Mlmmj = (*Spool)(nil)

// needed are the programs of mlmmj without which a list does not work.
var needed = []string{"mlmmj-receive", "mlmmj-process", "mlmmj-send", "mlmmj-sub", "mlmmj-unsub"}

// NewSpool returns the lists of a spool directory. It touches nothing: see Check.
func NewSpool(c SpoolConfig) *Spool {
	c.Spool = absolute(c.Spool)
	if c.Archive == "" {
		c.Archive = c.Spool + "-archive"
	}
	if c.Skeleton == "" {
		c.Skeleton = "/usr/share/mlmmj/text.skel"
	}
	if c.Programs == "" {
		c.Programs = "/usr/bin"
	}
	c.Archive, c.Programs = absolute(c.Archive), absolute(c.Programs)
	return &Spool{SpoolConfig: c, me: os.Geteuid(), rename: os.Rename, sync: (*os.File).Sync}
}

// absolute is the path that mlmmj wants. A working directory that is gone leaves it as it is.
func absolute(path string) string {
	if a, err := filepath.Abs(path); err == nil {
		return a
	}
	return path
}

// Ping implements store.Mlmmj.
func (s *Spool) Ping(context.Context) error {
	root, err := s.open()
	if err != nil {
		return err
	}
	return root.Close()
}

// Check returns an error that tells what to do when lists cannot be worked with here.
func (s *Spool) Check(context.Context) error {
	if err := s.Installed(); err != nil {
		return fmt.Errorf("mlmmj is not installed: %w: install the package mlmmj", err)
	}
	if _, err := os.Stat(filepath.Join(s.Skeleton, "en")); err != nil {
		return fmt.Errorf("the texts of mlmmj are missing: %w", err)
	}
	root, err := s.openOwn(s.Spool, -1, -1)
	if err != nil {
		return err
	}
	info, err := root.Stat(".")
	if err := errors.Join(err, root.Close()); err != nil {
		return err
	}
	uid, gid := owner(info)
	if root, err = s.openOwn(s.Archive, uid, gid); err != nil {
		return err
	}
	return root.Close()
}

// open returns the spool directory, or SERVER_DOWN when lists cannot be worked with.
func (s *Spool) open() (*os.Root, error) {
	if err := s.Installed(); err != nil {
		e := store.Fail(store.Unavailable, store.CodeServerDown, "mlmmj is not installed on this server.")
		e.Cause = err
		return nil, e
	}
	root, err := s.openOwn(s.Spool, -1, -1)
	if err != nil {
		return nil, store.Down("The spool directory of mlmmj", err)
	}
	return root, nil
}

// Installed returns an error when a program of mlmmj is missing.
func (s *Spool) Installed() error {
	for _, program := range needed {
		if _, err := os.Stat(filepath.Join(s.Programs, program)); err != nil {
			return err
		}
	}
	return nil
}

// openOwn opens a directory, which is made for that user and group when it is missing (-1 is this process's own). It makes
// sure that this process may write there as the owner: mlmmj refuses a list whose files belong to somebody else.
func (s *Spool) openOwn(path string, uid, gid int) (*os.Root, error) {
	if err := s.makeOwn(path, uid, gid); err != nil {
		return nil, err
	}
	// Somebody else's directory can often not even be opened, and then nothing would say why.
	if info, err := os.Stat(path); err == nil {
		if err = s.mayWrite(path, info); err != nil {
			return nil, err
		}
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	info, err := root.Stat(".")
	if err == nil {
		err = s.mayWrite(path, info)
	}
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return root, nil
}

func (s *Spool) makeOwn(path string, uid, gid int) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	if s.me != 0 {
		return nil
	}
	return os.Chown(path, uid, gid)
}

func (s *Spool) mayWrite(path string, info fs.FileInfo) error {
	uid, _ := owner(info)
	switch {
	case s.me != 0 && s.me != uid:
		return fmt.Errorf("%s belongs to user %d and this process runs as user %d: run postern as user %d or as root, "+
			"or give it a directory of its own", path, uid, s.me, uid)
	case s.me != 0 && info.Mode().Perm()&0o700 != 0o700:
		return fmt.Errorf("%s has mode %04o: its owner has to be able to read and write there (chmod u+rwx)", path,
			info.Mode().Perm())
	}
	return nil
}

// owner returns the user and group that a file belongs to.
func owner(info fs.FileInfo) (uid, gid int) {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(st.Uid), int(st.Gid)
	}
	return -1, -1
}

// maxLocal leaves room in a file name for the time that the archive appends, twice.
const maxLocal = 255 - 2*len(archiveStamp)

// directory returns the parts of a list's directory below the spool, or INVALID_MAIL for a name that would not be a
// directory right there.
func directory(mail string) (domain, local string, err error) {
	mail, err = store.NormaliseAddress(mail)
	if err != nil {
		return "", "", err
	}
	local, domain = store.SplitAddress(mail)
	if !isLocal(local) {
		return "", "", store.Fail(store.Invalid, store.CodeInvalidMail, "A mailing list cannot have that address.")
	}
	return domain, local, nil
}

// isLocal reports whether the local part of a list's address names one directory.
func isLocal(local string) bool {
	return local != "" && len(local) <= maxLocal && local[0] != '.' && !strings.ContainsAny(local, "/\x00")
}

// failed returns what a caller may be told of an error of the files: what is wrong with the directory is none of its
// doing.
func failed(doing, mail string, err error) error {
	var e *store.Error
	var no syscall.Errno
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
		return err
	case errors.As(err, &no), errors.Is(err, context.DeadlineExceeded):
		return store.Down("The spool directory of mlmmj", fmt.Errorf("%s %s: %w", doing, mail, err))
	}
	return fmt.Errorf("%s %s: %w", doing, mail, err)
}
