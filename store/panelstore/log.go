package panelstore

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// The sizes of the columns of the table log, in characters. A TEXT of MariaDB takes 65535 bytes, which are at least
// a quarter as many characters.
const (
	nameSize    = 255
	ipSize      = 40
	eventSize   = 20
	levelSize   = 10
	messageSize = 16_000
)

// AppendLog implements store.Panel.
func (s *Store) AppendLog(ctx context.Context, e store.LogEntry) error {
	err := s.db.Write(ctx, func(tx *sqldb.Tx) error {
		return tx.Insert(ctx, "log",
			"INSERT INTO log (timestamp, admin, ip, domain, username, event, loglevel, msg{columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?{values})",
			e.Time, cut(e.Admin, nameSize), cut(e.IP, ipSize), cut(e.Domain, nameSize), cut(e.Username, nameSize),
			cut(e.Event, eventSize), cut(cmp.Or(e.Level, "info"), levelSize), cut(e.Message, messageSize))
	})
	if err != nil {
		return fmt.Errorf("write to the panel's log: %w", err)
	}
	return nil
}

// cut shortens the text to so many characters, and takes out what not every database can hold.
func cut(text string, size int) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "")
	if utf8.RuneCountInString(text) <= size {
		return text
	}
	return string([]rune(text)[:size])
}
