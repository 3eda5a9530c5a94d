package sqlstore

import (
	"path"
	"strings"
	"time"

	"github.com/postern-mail/postern/store"
)

// maildir is where a mailbox lies on disk, in the three parts of iRedMail: base/node/rest is the path.
type maildir struct{ base, node, rest string }

// path returns the absolute path, as Dovecot puts it together.
func (m maildir) path() string { return m.base + "/" + m.node + "/" + m.rest }

// newMaildir makes up where a new mailbox lies: domain, the first three characters of the local part, and the local
// part with the time, so that an address used again never finds the files of the one before. The form of the time
// is what iRedMail's clean-up of deleted mailboxes looks for.
func (s *Store) newMaildir(mail string, now time.Time) maildir {
	local, domain := store.SplitAddress(mail)
	hash := strings.NewReplacer(".", "_", "~", "_").Replace((local + "___")[:3])
	rest := strings.Join([]string{
		domain, hash[:1], hash[1:2], hash[2:3], local + now.Local().Format("-2006.01.02.15.04.05"),
	}, "/")
	return maildir{s.options.StorageBase, s.options.StorageNode, rest + "/"}
}

// parseMaildir splits an absolute path. A path below the configured storage keeps that base, and other mailboxes'
// common directories are refused, as is whatever would climb out of where it seems to be.
func (s *Store) parseMaildir(value string) (maildir, error) {
	clean := path.Clean(strings.ToLower(value))
	control := func(r rune) bool { return r < ' ' || r == 0x7f }
	if len(value) > maxText || !path.IsAbs(value) || strings.ContainsFunc(value, control) ||
		strings.Contains(value, "/.") || within(path.Join(s.options.StorageBase, s.options.StorageNode), clean) {
		return maildir{}, invalidPath()
	}
	base := path.Clean("/" + strings.ToLower(s.options.StorageBase))
	if rest, ok := strings.CutPrefix(clean, base+"/"); ok {
		if node, rest, ok := strings.Cut(rest, "/"); ok {
			return maildir{base, node, rest}, nil
		}
	}
	parts := strings.SplitN(clean[1:], "/", 3)
	switch len(parts) {
	case 3:
		return maildir{"/" + parts[0], parts[1], parts[2]}, nil
	case 2:
		return maildir{"", parts[0], parts[1]}, nil
	}
	return maildir{}, invalidPath()
}

// within reports whether one path is the other or lies below it.
func within(inner, outer string) bool {
	return inner == outer || strings.HasPrefix(inner, strings.TrimSuffix(outer, "/")+"/")
}

func invalidPath() error {
	return store.Fail(store.Invalid, store.CodeInvalidPath,
		"The path of a mailbox is absolute, has no part that begins with a dot, and is no directory of many mailboxes.").With("maildir")
}
