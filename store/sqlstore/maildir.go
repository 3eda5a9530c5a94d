package sqlstore

import (
	"path"
	"strings"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

// maildir is where a mailbox lies on disk, in the three parts of iRedMail: base/node/rest is the path.
type maildir struct{ base, node, rest string }

// path returns the absolute path, as Dovecot puts it together.
// Source: the user_query of samples/dovecot for SQL of iRedMail, which puts the three columns together in lower case.
func (m maildir) path() string { return m.base + "/" + m.node + "/" + m.rest }

// pathOf is the absolute path of the mailbox of a row, "" where the row has none.
func pathOf(row store.Record) string {
	m := maildir{text(row, "storagebasedirectory"), text(row, "storagenode"), text(row, "maildir")}
	if m.rest == "" {
		return ""
	}
	return strings.TrimSuffix(m.path(), "/")
}

// newMaildir makes up where a new mailbox lies.
func (s *Store) newMaildir(mail string, now time.Time) maildir {
	return maildir{s.options.StorageBase, s.options.StorageNode, rules.NewMailboxPath(mail, now)}
}

// parseMaildir splits an absolute path. A path below the configured storage keeps that base.
func (s *Store) parseMaildir(value string) (maildir, error) {
	clean, err := rules.CheckMailboxPath(value, path.Join(s.options.StorageBase, s.options.StorageNode))
	if err != nil {
		return maildir{}, err
	}
	base := path.Clean("/" + strings.ToLower(s.options.StorageBase))
	if rest, ok := strings.CutPrefix(clean, base+"/"); ok {
		if node, rest, ok := strings.Cut(rest, "/"); ok {
			return maildir{base, node, rest}, nil
		}
	}
	parts := strings.SplitN(clean[1:], "/", 3)
	if len(parts) == 3 {
		return maildir{"/" + parts[0], parts[1], parts[2]}, nil
	}
	return maildir{"", parts[0], parts[1]}, nil
}
