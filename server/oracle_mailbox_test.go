package server_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// mailboxTests are settings of a mailbox with what Dovecot makes of them. Where a POST takes a parameter, so does a PUT.
var mailboxTests = []struct {
	name    string
	given   body
	field   string
	fallsTo string // for a mailbox for which it is not given
	becomes string
}{
	{"quota", body{"quota": 7}, "quota_rule", "*:bytes=0", "*:bytes=7340032"},
	{"large quota", body{"quota": 8388608}, "quota_rule", "*:bytes=0", "*:bytes=8796093022208"},
	{"maildir", body{"mailboxFormat": "maildir"}, "mail", "maildir:~/Maildir", "maildir:~/Maildir"},
	{"mdbox", body{"mailboxFormat": "mdbox"}, "mail", "maildir:~/Maildir", "mdbox:~/Maildir"},
	{"sdbox", body{"mailboxFormat": "sdbox"}, "mail", "maildir:~/Maildir", "sdbox:~/Maildir"},
	{"folder", body{"mailboxFolder": "Mail2"}, "mail", "maildir:~/Maildir", "maildir:~/Mail2"},
	{"format and folder", body{"mailboxFormat": "mdbox", "mailboxFolder": "Mdbox"}, "mail", "maildir:~/Maildir", "mdbox:~/Mdbox"},
}

func (h *hostel) oracleMailboxes(t *testing.T) {
	for _, test := range mailboxTests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			created := body{"password": password}
			for name, value := range test.given {
				created[name] = value
			}
			g := h.guest(t, created)
			require.Equal(t, test.becomes, g.dovecot.userdb(t, g.mail)[test.field], "given at first")

			g = h.guest(t, body{"password": password})
			known := g.dovecot.userdb(t, g.mail)
			require.Equal(t, g.unlimited(test.fallsTo), known[test.field], "not given")
			put("/api/user/"+g.mail, test.given)(g.client)
			known[test.field] = test.becomes
			require.Equal(t, known, g.dovecot.userdb(t, g.mail), "given later, and nothing else changes")
		})
	}
	t.Run("quota without a limit again", func(t *testing.T) {
		t.Parallel()
		g := h.guest(t, body{"password": password, "quota": 7})
		put("/api/user/"+g.mail, body{"quota": 0})(g.client)
		require.Equal(t, g.unlimited("*:bytes=0"), g.dovecot.userdb(t, g.mail)["quota_rule"])
	})
	t.Run("quota by the default of the domain", func(t *testing.T) {
		t.Parallel()
		g := h.guest(t, nil)
		put("/api/domain/"+g.domain, body{"defaultQuota": 9})(g.client)
		post("/api/user/"+g.mail, body{"password": password})(g.client)
		require.Equal(t, "*:bytes=9437184", g.dovecot.userdb(t, g.mail)["quota_rule"])
	})
}

// unlimited is how Dovecot is told that there is no limit: a directory tells it nothing.
func (g guest) unlimited(rule string) string {
	if g.w.directory != nil && rule == "*:bytes=0" {
		return ""
	}
	return rule
}

func (h *hostel) oracleHomes(t *testing.T) {
	t.Run("made up", func(t *testing.T) {
		t.Parallel()
		g := h.guest(t, body{"password": password})
		home := g.dovecot.userdb(t, g.mail)["home"]
		require.Regexp(t, `^/var/vmail/vmail1/`+g.domain+`/a/n/n/anna-\d{4}(\.\d\d){5}/$`, home)
		shown := g.get("/api/user/" + g.mail).data()
		if g.w.directory != nil {
			require.Equal(t, []any{home}, shown["homeDirectory"], "as the API shows it")
			return
		}
		require.Equal(t, strings.TrimSuffix(home, "/"), shown["maildir"], "as the API shows it")
	})
	for _, asked := range []string{
		"/var/vmail/vmail1/x/anna", "/var/vmail/vmail2/x/anna", "/srv/mail/x/y/anna", "/srv/mail/anna", "/srv/anna",
		"/SRV/Mail/X/Anna/",
	} {
		t.Run(asked, func(t *testing.T) {
			t.Parallel()
			want := strings.TrimSuffix(strings.ToLower(asked), "/")
			g := h.guest(t, body{"password": password, "maildir": asked})
			require.Equal(t, want, strings.TrimSuffix(g.dovecot.userdb(t, g.mail)["home"], "/"), "given at first")
			g = h.guest(t, body{"password": password})
			put("/api/user/"+g.mail, body{"maildir": asked})(g.client)
			require.Equal(t, want, strings.TrimSuffix(g.dovecot.userdb(t, g.mail)["home"], "/"), "given later")
		})
	}
}

// oracleDeleted asks Postfix one question at a time: Postfix does not wait for SQLite's locks, and a program that closes
// the file shuts out for a moment whoever opens it.
func (h *hostel) oracleDeleted(t *testing.T) {
	tests := []struct {
		name string
		path func(g guest) string
		days int
	}{
		{"user", func(g guest) string { return "/api/user/" + g.mail }, 0},
		{"user kept for good", func(g guest) string { return "/api/user/" + g.mail + "/keep_mailbox_days/0" }, 0},
		{"user kept for a month", func(g guest) string { return "/api/user/" + g.mail + "/keep_mailbox_days/30" }, 30},
		{"domain", func(g guest) string { return "/api/domain/" + g.domain }, 0},
		{"domain kept for a year", func(g guest) string { return "/api/domain/" + g.domain + "/keep_mailbox_days/365" }, 365},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g := h.guest(t, body{"password": password})
			g.fill()
			p := newPostfix(t, g.w.source(t))
			questions := g.questions()
			for _, q := range questions {
				require.NotEmpty(t, p.ask(t, q[0], q[1]), "%s before", q)
			}
			g.requireServed(true, g.mail, "before")
			home := g.dovecot.userdb(t, g.mail)["home"]

			first := time.Now().UTC()
			remove(test.path(g))(g.client)
			for _, q := range questions {
				require.Empty(t, p.ask(t, q[0], q[1]), "%s after", q)
			}
			g.requireServed(false, g.mail, "after")
			g.requireKept(home, test.days, first)
		})
	}
}

// fill gives the mailbox of the guest whatever Postfix may ask for.
func (g guest) fill() {
	g.t.Helper()
	put("/api/domain/"+g.domain, body{"addAliasDomain": list{"alias." + g.domain}})(g.client)
	put("/api/user/"+g.mail, body{
		"transport": "smtp:[10.0.0.1]:25", "addAlias": list{"other@" + g.domain}, "addForwarding": list{"x@far.test"},
		"senderBcc": "sent@archive.test", "recipientBcc": "received@archive.test",
	})(g.client)
	post("/api/alias/sales@"+g.domain, body{"members": list{g.mail}})(g.client)
}

// questions are what Postfix answers for a mailbox that was filled.
func (g guest) questions() [][2]string {
	all := [][2]string{{"virtual_mailbox_maps", g.mail}, {"sender_login_maps", g.mail}, {"transport", g.mail}}
	for _, mail := range []string{g.mail, "other@" + g.domain, "anna@alias." + g.domain, "sales@" + g.domain} {
		all = append(all, [2]string{"expansion", mail})
	}
	return append(all, [2]string{"sender_bcc", g.mail}, [2]string{"recipient_bcc", g.mail})
}

// requireKept expects the note by which iRedMail removes the files of the mailbox so many days after now.
func (g guest) requireKept(home string, days int, first time.Time) {
	g.t.Helper()
	query := "SELECT username, domain, maildir, admin, delete_date FROM deleted_mailboxes WHERE domain = ? ORDER BY id"
	db := g.w.vmail
	if g.w.directory != nil {
		db = g.w.panel
	}
	found, err := db.Reader().Records(g.t.Context(), query, g.domain)
	require.NoError(g.t, err)
	require.Len(g.t, found, 1)
	require.Equal(g.t, store.Record{
		{Name: "username", Value: g.mail}, {Name: "domain", Value: g.domain}, {Name: "maildir", Value: home},
		{Name: "admin", Value: rootMail},
	}, found[0].Without("delete_date"))
	requireDate(g.t, found[0].Get("delete_date"), days, first)
}
