package oracles_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store"
)

// mailboxTests are settings of a mailbox with what Dovecot makes of them. Where a POST takes a parameter, so does a PUT.
var mailboxTests = []struct {
	name    string
	given   servertest.Body
	field   string
	fallsTo string // for a mailbox for which it is not given
	becomes string
}{
	{"quota", servertest.Body{"quota": 7}, "quota_rule", "*:bytes=0", "*:bytes=7340032"},
	{"large quota", servertest.Body{"quota": 8388608}, "quota_rule", "*:bytes=0", "*:bytes=8796093022208"},
	{"maildir", servertest.Body{"mailboxFormat": "maildir"}, "mail", "maildir:~/Maildir", "maildir:~/Maildir"},
	{"mdbox", servertest.Body{"mailboxFormat": "mdbox"}, "mail", "maildir:~/Maildir", "mdbox:~/Maildir"},
	{"sdbox", servertest.Body{"mailboxFormat": "sdbox"}, "mail", "maildir:~/Maildir", "sdbox:~/Maildir"},
	{"folder", servertest.Body{"mailboxFolder": "Mail2"}, "mail", "maildir:~/Maildir", "maildir:~/Mail2"},
	{"format and folder", servertest.Body{"mailboxFormat": "mdbox", "mailboxFolder": "Mdbox"}, "mail", "maildir:~/Maildir", "mdbox:~/Mdbox"},
}

func (h *hostel) oracleMailboxes(t *testing.T) {
	for _, test := range mailboxTests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			created := servertest.Body{"password": servertest.Password}
			for name, value := range test.given {
				created[name] = value
			}
			g := h.guest(t, created)
			require.Equal(t, test.becomes, g.dovecot.Userdb(t, g.mail)[test.field], "given at first")

			g = h.guest(t, servertest.Body{"password": servertest.Password})
			known := g.dovecot.Userdb(t, g.mail)
			require.Equal(t, g.unlimited(test.fallsTo), known[test.field], "not given")
			servertest.Put("/api/user/"+g.mail, test.given)(g.Client)
			known[test.field] = test.becomes
			require.Equal(t, known, g.dovecot.Userdb(t, g.mail), "given later, and nothing else changes")
		})
	}
	t.Run("quota without a limit again", func(t *testing.T) {
		t.Parallel()
		g := h.guest(t, servertest.Body{"password": servertest.Password, "quota": 7})
		servertest.Put("/api/user/"+g.mail, servertest.Body{"quota": 0})(g.Client)
		require.Equal(t, g.unlimited("*:bytes=0"), g.dovecot.Userdb(t, g.mail)["quota_rule"])
	})
	t.Run("quota by the default of the domain", func(t *testing.T) {
		t.Parallel()
		g := h.guest(t, nil)
		servertest.Put("/api/domain/"+g.domain, servertest.Body{"defaultQuota": 9})(g.Client)
		servertest.Post("/api/user/"+g.mail, servertest.Body{"password": servertest.Password})(g.Client)
		require.Equal(t, "*:bytes=9437184", g.dovecot.Userdb(t, g.mail)["quota_rule"])
	})
}

// unlimited is how Dovecot is told that there is no limit: a directory tells it nothing.
func (g guest) unlimited(rule string) string {
	if g.W.Directory != nil && rule == "*:bytes=0" {
		return ""
	}
	return rule
}

func (h *hostel) oracleHomes(t *testing.T) {
	t.Run("made up", func(t *testing.T) {
		t.Parallel()
		g := h.guest(t, servertest.Body{"password": servertest.Password})
		home := g.dovecot.Userdb(t, g.mail)["home"]
		require.Regexp(t, `^/var/vmail/vmail1/`+g.domain+`/a/n/n/anna-\d{4}(\.\d\d){5}/$`, home)
		shown := g.Get("/api/user/" + g.mail).Data()["maildir"]
		require.Equal(t, strings.TrimSuffix(home, "/"), shown, "as the API shows it")
	})
	for _, asked := range []string{
		"/var/vmail/vmail1/x/anna", "/var/vmail/vmail2/x/anna", "/srv/mail/x/y/anna", "/srv/mail/anna", "/srv/anna",
		"/SRV/Mail/X/Anna/",
	} {
		t.Run(asked, func(t *testing.T) {
			t.Parallel()
			want := strings.TrimSuffix(strings.ToLower(asked), "/")
			g := h.guest(t, servertest.Body{"password": servertest.Password, "maildir": asked})
			require.Equal(t, want, strings.TrimSuffix(g.dovecot.Userdb(t, g.mail)["home"], "/"), "given at first")
			g = h.guest(t, servertest.Body{"password": servertest.Password})
			servertest.Put("/api/user/"+g.mail, servertest.Body{"maildir": asked})(g.Client)
			require.Equal(t, want, strings.TrimSuffix(g.dovecot.Userdb(t, g.mail)["home"], "/"), "given later")
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
			g := h.guest(t, servertest.Body{"password": servertest.Password})
			g.fill()
			p := servertest.NewPostfix(t, g.W.Source(t))
			questions := g.questions()
			for _, q := range questions {
				require.NotEmpty(t, p.Ask(t, q[0], q[1]), "%s before", q)
			}
			g.requireServed(true, g.mail, "before")
			home := g.dovecot.Userdb(t, g.mail)["home"]

			first := time.Now().UTC()
			servertest.Remove(test.path(g))(g.Client)
			for _, q := range questions {
				require.Empty(t, p.Ask(t, q[0], q[1]), "%s after", q)
			}
			g.requireServed(false, g.mail, "after")
			g.requireKept(home, test.days, first)
		})
	}
}

// fill gives the mailbox of the guest whatever Postfix may ask for.
func (g guest) fill() {
	g.t.Helper()
	servertest.Put("/api/domain/"+g.domain, servertest.Body{"addAliasDomain": servertest.List{"alias." + g.domain}})(g.Client)
	servertest.Put("/api/user/"+g.mail, servertest.Body{
		"transport": "smtp:[10.0.0.1]:25", "addAlias": servertest.List{"other@" + g.domain}, "addForwarding": servertest.List{"x@far.test"},
		"senderBcc": "sent@archive.test", "recipientBcc": "received@archive.test",
	})(g.Client)
	servertest.Post("/api/alias/sales@"+g.domain, servertest.Body{"members": servertest.List{g.mail}})(g.Client)
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
	db := g.W.Vmail
	if g.W.Directory != nil {
		db = g.W.Panel
	}
	found, err := db.Reader().Records(g.t.Context(), query, g.domain)
	require.NoError(g.t, err)
	require.Len(g.t, found, 1)
	require.Equal(g.t, store.Record{
		{Name: "username", Value: g.mail}, {Name: "domain", Value: g.domain}, {Name: "maildir", Value: home},
		{Name: "admin", Value: servertest.RootMail},
	}, found[0].Without("delete_date"))
	servertest.RequireDate(g.t, found[0].Get("delete_date"), days, first)
}
