package rules

import (
	"path"
	"strings"
	"time"

	"github.com/postern-mail/postern/store"
)

// NewMailboxPath makes up where a new mailbox lies below the storage: domain, the first three characters of the local
// part, and the local part with the time, so that an address used again never finds the files of the one before. The
// form of the time is what iRedMail's clean-up of deleted mailboxes looks for. It ends in a slash.
// Source: tools/delete_mailboxes.py of iRedAdmin for the time; generate_maildir_path in its libs/iredutils.py.
func NewMailboxPath(mail string, now time.Time) string {
	local, domain := store.SplitAddress(mail)
	hash := strings.NewReplacer(".", "_", "~", "_").Replace((local + "___")[:3])
	return strings.Join([]string{
		domain, hash[:1], hash[1:2], hash[2:3], local + now.Local().Format("-2006.01.02.15.04.05"),
	}, "/") + "/"
}

// CheckMailboxPath returns the absolute path of a mailbox in the form in which it is stored, or INVALID_PATH. Other
// mailboxes' common directories, root is the one of the server, are refused, as is whatever would climb out of where it
// seems to be.
func CheckMailboxPath(value, root string) (string, error) {
	clean := path.Clean(strings.ToLower(value))
	control := func(r rune) bool { return r < ' ' || r == 0x7f }
	if len(value) > store.MaxText || !path.IsAbs(value) || strings.ContainsFunc(value, control) ||
		strings.Contains(value, "/.") || within(root, clean) || strings.Count(clean, "/") < 2 {
		return "", store.Fail(store.Invalid, store.CodeInvalidPath, "The path of a mailbox is absolute, has no part that begins with a dot, and is"+
			" no directory of many mailboxes.").With("maildir")
	}
	return clean, nil
}

// RemovablePath reports whether the files at a stored path may be scheduled for removal. Rows are written by others, too: a
// path that is not absolute, climbs, or is the directory of all mailboxes (root is the one of the server) or one above it
// would take the mail of others along.
func RemovablePath(value, root string) bool {
	for part := range strings.SplitSeq(value, "/") {
		if part == ".." || part == "." {
			return false
		}
	}
	clean := strings.ToLower(path.Clean(value))
	return path.IsAbs(value) && strings.Count(clean, "/") >= 2 && !within(strings.ToLower(path.Clean(root)), clean)
}

// NotScheduled is how an answer names a deleted mailbox whose files stay, because RemovablePath is false.
func NotScheduled(mail, path string) string {
	return mail + ": the files at \"" + path + "\" are not scheduled for removal"
}

// within reports whether one path is the other or lies below it.
func within(inner, outer string) bool {
	return inner == outer || strings.HasPrefix(inner, strings.TrimSuffix(outer, "/")+"/")
}

// DeleteDate is the day on which the files of a mailbox deleted now may go, "" for never.
func DeleteDate(now time.Time, keepDays int) *string {
	if keepDays <= 0 {
		return nil
	}
	date := now.AddDate(0, 0, keepDays).Format(time.DateOnly)
	return &date
}
