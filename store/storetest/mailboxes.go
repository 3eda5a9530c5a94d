package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// MailboxesFixture is a fresh database to test, without rows.
type MailboxesFixture struct {
	Mailboxes store.Mailboxes
	// SQL is the database below, to look at rows and to fill in what Dovecot writes.
	SQL *sqldb.DB
}

// Mailboxes runs the whole suite of store.Mailboxes.
func Mailboxes(t *testing.T, open func(t *testing.T) MailboxesFixture) {
	t.Helper()
	open = counted(t, open)
	t.Run("usage", func(t *testing.T) { mailboxUsage(t, open) })
	t.Run("keep", func(t *testing.T) { keepMailboxes(t, open) })
	t.Run("forget and rename", func(t *testing.T) { moveMailboxes(t, open) })
}

// do writes what another program would write.
func (f MailboxesFixture) do(t *testing.T, query string, args ...any) {
	t.Helper()
	require.NoError(t, f.SQL.Write(ctx(t), func(tx *sqldb.Tx) error {
		_, err := tx.Exec(ctx(t), query, args...)
		return err
	}))
}

// all returns all values of a query for one column.
func (f MailboxesFixture) all(t *testing.T, query string) []string {
	t.Helper()
	values := []string{}
	require.NoError(t, f.SQL.Reader().Select(ctx(t), &values, query))
	return values
}

func mailboxUsage(t *testing.T, open func(t *testing.T) MailboxesFixture) {
	t.Run("what is known, and nothing else", func(t *testing.T) {
		f := open(t)
		f.do(t, "INSERT INTO used_quota (username, bytes, messages) VALUES ('anna@example.com', 1024, 3)")
		f.do(t, "INSERT INTO last_login (username, domain, imap, pop3, lda) VALUES ('anna@example.com', 'example.com', 1770120000, 5, 1870120000)")
		f.do(t, "INSERT INTO last_login (username, domain, lda) VALUES ('bert@example.com', 'example.com', 1770120000)")
		got, err := f.Mailboxes.MailboxUsage(ctx(t), []string{"anna@example.com", "bert@example.com", "cleo@example.com"})
		require.NoError(t, err)
		require.Equal(t, map[string]store.MailboxUsage{
			"anna@example.com": {Bytes: 1024, Messages: 3, LastLogin: "2026-02-03 12:00:00"},
		}, got)
	})
	t.Run("as many statements for many as for one", func(t *testing.T) {
		f := open(t)
		const known = 4100
		var used, logged, mails []string
		for i := range known {
			mail := fmt.Sprintf("u%04d@example.com", i)
			mails = append(mails, mail, "no-"+mail)
			used = append(used, fmt.Sprintf("('%s', %d, 1), ('other-%s', 7, 7)", mail, i, mail))
			logged = append(logged, fmt.Sprintf("('%s', 'example.com', 1770120000)", mail))
		}
		f.do(t, "INSERT INTO used_quota (username, bytes, messages) VALUES "+strings.Join(used, ", "))
		f.do(t, "INSERT INTO last_login (username, domain, imap) VALUES "+strings.Join(logged, ", "))
		one, err := f.Mailboxes.MailboxUsage(ctx(t), mails[:1])
		require.NoError(t, err)
		require.Len(t, one, 1)
		statements := 0
		f.SQL.Watch(func(string, []any) { statements++ })
		got, err := f.Mailboxes.MailboxUsage(ctx(t), mails)
		require.NoError(t, err)
		f.SQL.Watch(nil)
		require.Equal(t, 2, statements, "one for each table")
		require.Len(t, got, known)
		require.Equal(t, store.MailboxUsage{Bytes: 4099, Messages: 1, LastLogin: "2026-02-03 12:00:00"}, got["u4099@example.com"])
		fitting, err := f.Mailboxes.MailboxUsageWhere(ctx(t), func(mail string) bool { return strings.HasPrefix(mail, "u") })
		require.NoError(t, err)
		require.Equal(t, got, fitting)
	})
	t.Run("in another spelling, alike by address and among all", func(t *testing.T) {
		f := open(t)
		f.do(t, "INSERT INTO used_quota (username, bytes, messages) VALUES ('Anna@Example.com', 1024, 3)")
		asked, err := f.Mailboxes.MailboxUsage(ctx(t), []string{"anna@example.com"})
		require.NoError(t, err)
		all, err := f.Mailboxes.MailboxUsageWhere(ctx(t), func(string) bool { return true })
		require.NoError(t, err)
		require.Equal(t, asked, all)
	})
	t.Run("nobody", func(t *testing.T) {
		got, err := open(t).Mailboxes.MailboxUsage(ctx(t), nil)
		require.NoError(t, err)
		require.Empty(t, got)
	})
}

func keepMailboxes(t *testing.T, open func(t *testing.T) MailboxesFixture) {
	const query = "SELECT username, domain, maildir, bytes, messages, admin, delete_date FROM deleted_mailboxes ORDER BY id"
	anna := store.KeptMailbox{
		Mail: "anna@example.com", Maildir: "/var/vmail/vmail1/example.com/a/n/n/anna/", Admin: "root@elsewhere.test",
		Deleted: noon, KeepDays: 30,
	}
	t.Run("once for a path", func(t *testing.T) {
		f := open(t)
		f.do(t, "INSERT INTO used_quota (username, bytes, messages) VALUES ('anna@example.com', 1024, 3)")
		forever := anna
		forever.Mail, forever.KeepDays = "bert@example.com", 0
		require.NoError(t, f.Mailboxes.KeepMailboxes(ctx(t), []store.KeptMailbox{anna, forever}))
		again := anna
		again.Deleted = noon.Add(time.Hour)
		require.NoError(t, f.Mailboxes.KeepMailboxes(ctx(t), []store.KeptMailbox{again, forever}))
		got, err := f.SQL.Reader().Records(ctx(t), query)
		require.NoError(t, err)
		require.Equal(t, []store.Record{
			{
				{Name: "username", Value: anna.Mail}, {Name: "domain", Value: "example.com"}, {Name: "maildir", Value: anna.Maildir},
				{Name: "bytes", Value: int64(1024)}, {Name: "messages", Value: int64(3)}, {Name: "admin", Value: anna.Admin},
				{Name: "delete_date", Value: "2026-03-05"},
			},
			{
				{Name: "username", Value: forever.Mail}, {Name: "domain", Value: "example.com"}, {Name: "maildir", Value: anna.Maildir},
				{Name: "bytes", Value: int64(0)}, {Name: "messages", Value: int64(0)}, {Name: "admin", Value: anna.Admin},
				{Name: "delete_date", Value: nil},
			},
		}, got)
	})
	t.Run("the same address with another path is another mailbox", func(t *testing.T) {
		f := open(t)
		other := anna
		other.Maildir = "/srv/mail/anna"
		require.NoError(t, f.Mailboxes.KeepMailboxes(ctx(t), []store.KeptMailbox{anna}))
		require.NoError(t, f.Mailboxes.KeepMailboxes(ctx(t), []store.KeptMailbox{other}))
		require.Len(t, f.all(t, "SELECT maildir FROM deleted_mailboxes ORDER BY id"), 2)
	})
}

func moveMailboxes(t *testing.T, open func(t *testing.T) MailboxesFixture) {
	fill := func(t *testing.T, f MailboxesFixture, mails ...string) {
		t.Helper()
		for _, mail := range mails {
			f.do(t, "INSERT INTO used_quota (username, bytes, messages) VALUES (?, 1, 1)", mail)
			f.do(t, "INSERT INTO last_login (username, domain, imap) VALUES (?, ?, 1770120000)", mail, store.DomainOf(mail))
			f.do(t, "INSERT INTO share_folder (from_user, to_user) VALUES (?, 'zoe@example.net')", mail)
			f.do(t, "INSERT INTO share_folder (from_user, to_user) VALUES ('zoe@example.net', ?)", mail)
			f.do(t, "INSERT INTO anyone_shares (from_user) VALUES (?)", mail)
		}
	}
	users := map[string]string{
		"used_quota":    "SELECT username FROM used_quota ORDER BY username",
		"last_login":    "SELECT username FROM last_login ORDER BY username",
		"share_folder":  "SELECT from_user FROM share_folder WHERE to_user = 'zoe@example.net' ORDER BY from_user",
		"shared with":   "SELECT to_user FROM share_folder WHERE from_user = 'zoe@example.net' ORDER BY to_user",
		"anyone_shares": "SELECT from_user FROM anyone_shares ORDER BY from_user",
	}
	remain := func(t *testing.T, f MailboxesFixture, want ...string) {
		t.Helper()
		for what, query := range users {
			require.Equal(t, want, f.all(t, query), what)
		}
	}
	t.Run("forget one", func(t *testing.T) {
		f := open(t)
		fill(t, f, "anna@example.com", "bert@example.com")
		for range 2 {
			require.NoError(t, f.Mailboxes.ForgetMailboxes(ctx(t), "anna@example.com"))
			remain(t, f, "bert@example.com")
		}
	})
	t.Run("forget a domain", func(t *testing.T) {
		f := open(t)
		fill(t, f, "anna@ex_ample.com", "bert@exxample.com", "cleo@sub.ex_ample.com")
		require.NoError(t, f.Mailboxes.ForgetMailboxes(ctx(t), "ex_ample.com"))
		remain(t, f, "bert@exxample.com", "cleo@sub.ex_ample.com")
	})
	t.Run("rename, over what a mailbox that is gone left", func(t *testing.T) {
		f := open(t)
		fill(t, f, "anna@example.com", "anne@example.org", "bert@example.com")
		f.do(t, "UPDATE used_quota SET bytes = 7 WHERE username = 'anna@example.com'")
		for range 2 {
			require.NoError(t, f.Mailboxes.RenameMailbox(ctx(t), "anna@example.com", "anne@example.org"))
			remain(t, f, "anne@example.org", "bert@example.com")
		}
		require.Equal(t, []string{"7 example.org"},
			f.all(t, "SELECT CONCAT(bytes, ' ', domain) FROM used_quota WHERE username = 'anne@example.org'"))
	})
}
