package panelstore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
	"github.com/postern-mail/postern/store/sqldb"
)

// chunkSize keeps a list within the number of parameters that every engine takes.
const chunkSize = 4000

// Mailboxes is what iRedAdmin's database knows about the mailboxes of a directory. A table that is missing knows nothing.
type Mailboxes struct{ db *sqldb.DB }

var _ store.Mailboxes = (*Mailboxes)(nil)

// NewMailboxes returns the store. The database stays that of the caller.
func NewMailboxes(db *sqldb.DB) *Mailboxes { return &Mailboxes{db} }

// MailboxUsage implements store.Mailboxes. More than an engine takes as parameters are picked out of all.
func (m *Mailboxes) MailboxUsage(ctx context.Context, mails []string) (map[string]store.MailboxUsage, error) {
	switch {
	case len(mails) == 0:
		return map[string]store.MailboxUsage{}, nil
	case len(mails) <= chunkSize:
		return m.readUsage(ctx, func(string) bool { return true }, "username IN (?)", mails)
	}
	asked := make(map[string]struct{}, len(mails))
	for _, mail := range mails {
		asked[mail] = struct{}{}
	}
	return m.MailboxUsageWhere(ctx, func(mail string) bool {
		_, is := asked[mail]
		return is
	})
}

// MailboxUsageWhere implements store.Mailboxes. As where addresses are looked up, rows in another spelling count on MySQL alone, which
// compares without case.
func (m *Mailboxes) MailboxUsageWhere(ctx context.Context, fits func(mail string) bool) (map[string]store.MailboxUsage, error) {
	return m.readUsage(ctx, fits, "username = LOWER(username)")
}

// usageRow is what a row of used_quota or last_login says.
type usageRow struct {
	Username                    string
	Bytes, Messages, IMAP, POP3 int64
}

// readUsage reads the rows of a condition whose address fits. A delivery, which is noted as a log-in too, is none.
func (m *Mailboxes) readUsage(
	ctx context.Context, fits func(mail string) bool, where string, args ...any,
) (map[string]store.MailboxUsage, error) {
	tables, err := m.db.Layout(ctx)
	if err != nil {
		return nil, err
	}
	found := map[string]store.MailboxUsage{}
	for _, columns := range []struct{ table, list string }{
		{"used_quota", "bytes, messages"},
		{"last_login", "COALESCE(imap, 0) AS imap, COALESCE(pop3, 0) AS pop3"},
	} {
		if tables[columns.table] == nil {
			continue
		}
		err = sqldb.Each(ctx, m.db.Reader(), func(row usageRow) error {
			if mail := strings.ToLower(row.Username); fits(mail) {
				row.addTo(found, mail)
			}
			return nil
		}, "SELECT username, "+columns.list+" FROM "+columns.table+" WHERE "+where, args...)
		if err != nil {
			return nil, fmt.Errorf("read how mailboxes are used: %w", err)
		}
	}
	return found, nil
}

// addTo notes what the row says, unless that is nothing.
func (r usageRow) addTo(found map[string]store.MailboxUsage, mail string) {
	u := found[mail]
	u.Bytes += r.Bytes
	u.Messages += r.Messages
	if last := max(r.IMAP, r.POP3); last > 0 {
		u.LastLogin = max(u.LastLogin, time.Unix(last, 0).UTC().Format(store.TimeLayout))
	}
	if u != (store.MailboxUsage{}) {
		found[mail] = u
	}
}

// KeepMailboxes implements store.Mailboxes.
func (m *Mailboxes) KeepMailboxes(ctx context.Context, kept []store.KeptMailbox) error {
	tables, err := m.db.Layout(ctx)
	if err != nil {
		return err
	}
	columns := tables["deleted_mailboxes"]
	if columns == nil {
		return nil
	}
	mails := make([]string, len(kept))
	for i, k := range kept {
		mails[i] = k.Mail
	}
	used, err := m.MailboxUsage(ctx, mails)
	if err != nil {
		return err
	}
	err = m.db.Write(ctx, func(tx *sqldb.Tx) error {
		for chunk := range slices.Chunk(kept, chunkSize) {
			if err := keep(ctx, tx, chunk, used, slices.Contains(columns, "bytes")); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("record deleted mailboxes: %w", err)
	}
	return nil
}

// keep records those that are not recorded yet.
func keep(ctx context.Context, tx *sqldb.Tx, kept []store.KeptMailbox, used map[string]store.MailboxUsage, sized bool) error {
	mails := make([]string, len(kept))
	for i, k := range kept {
		mails[i] = k.Mail
	}
	var there []struct{ Username, Maildir string }
	err := tx.Select(ctx, &there, "SELECT username, maildir FROM deleted_mailboxes WHERE username IN (?) ORDER BY username", mails)
	if err != nil {
		return err
	}
	recorded := map[[2]string]bool{}
	for _, r := range there {
		recorded[[2]string{strings.ToLower(r.Username), r.Maildir}] = true
	}
	for _, k := range kept {
		if recorded[[2]string{k.Mail, k.Maildir}] {
			continue
		}
		query, args := "INSERT INTO deleted_mailboxes (timestamp, username, domain, maildir, admin, delete_date",
			[]any{k.Deleted, k.Mail, store.DomainOf(k.Mail), k.Maildir, k.Admin, rules.DeleteDate(k.Deleted, k.KeepDays)}
		if sized {
			query += ", bytes, messages"
			args = append(args, used[k.Mail].Bytes, used[k.Mail].Messages)
		}
		query += "{columns}) VALUES (?" + strings.Repeat(", ?", len(args)-1) + "{values})"
		if err = tx.Insert(ctx, "deleted_mailboxes", query, args...); err != nil {
			return err
		}
	}
	return nil
}

// about are the tables that know something about a mailbox, with the column of its address. Those with a domain have a
// column for that beside it.
var about = []struct {
	table, column string
	domain        bool
}{
	{"used_quota", "username", true},
	{"last_login", "username", true},
	{"share_folder", "from_user", false},
	{"share_folder", "to_user", false},
	{"anyone_shares", "from_user", false},
}

// ForgetMailboxes implements store.Mailboxes.
func (m *Mailboxes) ForgetMailboxes(ctx context.Context, name string) error {
	return m.write(ctx, "forget the mailboxes of "+name, func(tx *sqldb.Tx, table, column string, _ bool) error {
		condition, arg := column+" = ?", name
		if !strings.Contains(name, "@") {
			condition, arg = column+" LIKE ? ESCAPE '!'", "%@"+likeText.Replace(name)
		}
		_, err := tx.Exec(ctx, "DELETE FROM "+table+" WHERE "+condition, arg)
		return err
	})
}

// likeText escapes text for LIKE with "!".
var likeText = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

// RenameMailbox implements store.Mailboxes. What is known about the new address already is of a mailbox that is gone.
func (m *Mailboxes) RenameMailbox(ctx context.Context, from, to string) error {
	return m.write(ctx, "rename the mailbox "+from, func(tx *sqldb.Tx, table, column string, domain bool) error {
		var n int64
		if err := tx.Get(ctx, &n, "SELECT COUNT(*) FROM "+table+" WHERE "+column+" = ?", from); err != nil || n == 0 {
			return err // nothing to carry, or carried already
		}
		if _, err := tx.Exec(ctx, "DELETE FROM "+table+" WHERE "+column+" = ?", to); err != nil {
			return err
		}
		set, args := column+" = ?", []any{to}
		if domain {
			set, args = set+", domain = ?", append(args, store.DomainOf(to))
		}
		_, err := tx.Exec(ctx, "UPDATE "+table+" SET "+set+" WHERE "+column+" = ?", append(args, from)...)
		return err
	})
}

// write runs fn for each of the tables that are there, in one transaction.
func (m *Mailboxes) write(ctx context.Context, what string, fn func(tx *sqldb.Tx, table, column string, domain bool) error) error {
	tables, err := m.db.Layout(ctx)
	if err != nil {
		return err
	}
	err = m.db.Write(ctx, func(tx *sqldb.Tx) error {
		for _, a := range about {
			if tables[a.table] == nil {
				continue
			}
			if err := fn(tx, a.table, a.column, a.domain); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
