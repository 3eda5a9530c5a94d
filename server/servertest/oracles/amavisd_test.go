package oracles_test

import (
	"fmt"
	"net"
	"net/textproto"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/storetest"
)

// amavisdConf is Amavisd's file with what iRedMail sets in its own, as far as it bears on policies. There is no virus
// scanner, and SpamAssassin asks nobody on the network.
const amavisdConf = `use strict;
$max_servers = 1;
$max_requests = 100000;
$mydomain = 'oracle.test';
$myhostname = 'amavisd.oracle.test';
$do_syslog = 0;
$log_level = 1;
$enable_db = 0;
$enable_zmq = 0;
$inet_socket_bind = '127.0.0.1';
@inet_acl = qw(127.0.0.1);
$spam_quarantine_method = 'local:spam-%m';
$final_spam_destiny = D_DISCARD;
$final_virus_destiny = D_DISCARD;
$final_banned_destiny = D_DISCARD;
$final_bad_header_destiny = D_DISCARD;
$sa_tag_level_deflt = 2.0;
$sa_tag2_level_deflt = 6.2;
$sa_kill_level_deflt = 6.9;
$sa_local_tests_only = 1;
$sa_spam_modifies_subj = 1;
$sa_spam_subject_tag = '[SPAM] ';
$sql_allow_8bit_address = 1;
@local_domains_maps = (1);
@bypass_virus_checks_maps = (1);
@bypass_spam_checks_maps = ();
`

// testSpam is the text that every spam filter takes for spam, with a score of 1000.
const testSpam = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"

// amavisd is an Amavisd that looks policies up in a database until the test ends, and what it hands on.
type amavisd struct {
	port int
	sink *storetest.Sink
	home string
}

func startAmavisd(t *testing.T, policies *sqldb.DB) *amavisd {
	t.Helper()
	a := &amavisd{port: freePort(t), sink: storetest.NewSink(t), home: servertest.OpenDirectory(t)}
	text := amavisdConf + fmt.Sprintf("$inet_socket_port = %d;\n$forward_method = 'smtp:[127.0.0.1]:%d';\n$notify_method = $forward_method;\n"+
		"@lookup_sql_dsn = (%s);\n", a.port, a.sink.Port, perlDSN(t, policies))
	for variable, dir := range map[string]string{"MYHOME": "", "TEMPBASE": "tmp", "db_home": "db", "helpers_home": "var", "QUARANTINEDIR": "quarantine"} {
		path := filepath.Join(a.home, dir)
		require.NoError(t, os.MkdirAll(path, 0o750))
		text += fmt.Sprintf("$%s = '%s';\n", variable, path)
	}
	for variable, file := range map[string]string{"LOGFILE": "log", "lock_file": "var/lock", "pid_file": "var/pid"} {
		text += fmt.Sprintf("$%s = '%s';\n", variable, filepath.Join(a.home, file))
	}
	text += ownerOf(t, a.home) + "1;\n"
	a.run(t, lockedAway(t, text))
	return a
}

// lockedAway writes the configuration where Amavisd itself cannot change it, as it wants to have it.
func lockedAway(t *testing.T, text string) (conf string) {
	t.Helper()
	dir := servertest.OpenDirectory(t)
	conf = filepath.Join(dir, "amavisd.conf")
	require.NoError(t, os.WriteFile(conf, []byte(text), 0o444)) //nolint:gosec // a user of its own reads it
	require.NoError(t, os.Chmod(dir, 0o555))                    //nolint:gosec // see above
	t.Cleanup(func() { _ = os.Chmod(dir, 0o755) })              //nolint:gosec // it is about to be removed
	return conf
}

// run starts the program and waits until it takes mail.
func (a *amavisd) run(t *testing.T, conf string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), servertest.Program(t, "amavisd"), "-c", conf, "foreground")
	said := &strings.Builder{}
	command.Stdout, command.Stderr = said, said
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the children end with it
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGTERM) }
	command.WaitDelay = 20 * time.Second
	require.NoError(t, command.Start())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = command.Wait()
	}()
	t.Cleanup(func() { <-ended })
	for due := time.Now().Add(time.Minute); ; {
		conn, err := textproto.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", a.port))
		if err == nil {
			_, _, err = conn.ReadResponse(220)
			_ = conn.Close()
		}
		if err == nil {
			return
		}
		select {
		case <-ended:
			require.Fail(t, "Amavisd does not start", a.log(t)+said.String())
		case <-time.After(20 * time.Millisecond):
			require.True(t, time.Now().Before(due), "Amavisd does not get ready: %s", a.log(t))
		}
	}
}

func (a *amavisd) log(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(a.home, "log"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// verdict is what became of a message: delivered with these headers, or kept.
type verdict struct {
	delivered bool
	text      string // of the message that was delivered
	reply     string // to the sender
}

// spam reports whether the message was delivered as spam.
func (v verdict) spam() bool { return strings.Contains(v.text, "X-Spam-Flag: YES") }

// tagged reports whether the headers about spam were written at all.
func (v verdict) tagged() bool { return strings.Contains(v.text, "X-Spam-Status:") }

// subject is the line of the message that was delivered.
func (v verdict) subject() string {
	_, after, _ := strings.Cut(v.text, "\nSubject: ")
	line, _, _ := strings.Cut(after, "\n")
	return line
}

// scan has Amavisd look at a message. It hands a message on before it answers.
func (a *amavisd) scan(t *testing.T, sender, recipient, text string) verdict {
	t.Helper()
	c, err := textproto.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", a.port))
	require.NoError(t, err)
	defer c.Close()
	say := func(code int, format string, args ...any) string {
		require.NoError(t, c.PrintfLine(format, args...))
		_, reply, err := c.ReadResponse(code)
		require.NoError(t, err, a.log(t))
		return reply
	}
	_, _, err = c.ReadResponse(220)
	require.NoError(t, err)
	say(250, "EHLO oracle.test")
	say(250, "MAIL FROM:<%s>", sender)
	say(250, "RCPT TO:<%s>", recipient)
	say(354, "DATA")
	reply := say(250, "From: %s\r\nTo: %s\r\nSubject: Hello\r\nMessage-ID: <one@oracle.test>\r\n"+
		"Date: Mon, 05 Jan 2026 10:00:00 +0000\r\n\r\n%s\r\n.", sender, recipient, text)
	v := verdict{reply: reply}
	for _, m := range a.sink.Taken() {
		require.Equal(t, []string{recipient}, m.Recipients)
		v.delivered, v.text = true, "\n"+m.Text
	}
	return v
}

// perlDSN is how Perl reaches a database by its socket.
func perlDSN(t *testing.T, db *sqldb.DB) string {
	t.Helper()
	engine := db.Dialect.Name
	u := servertest.ServerURL(t, engine)
	if engine == "postgres" {
		return fmt.Sprintf("['DBI:Pg:dbname=%s;host=%s', '%s', '']", servertest.Database(t, db), u.Query().Get("host"), u.User.Username())
	}
	return fmt.Sprintf("['DBI:mysql:database=%s;mysql_socket=%s', '%s', '']", servertest.Database(t, db), u.Query().Get("socket"), u.User.Username())
}

// ownerOf has Amavisd run as a user without rights when root starts it, and gives that user its directory.
func ownerOf(t *testing.T, dir string) string {
	t.Helper()
	name := "amavis"
	if os.Getuid() != 0 {
		me, err := user.Current()
		require.NoError(t, err)
		name = me.Username
	}
	who, err := user.Lookup(name)
	require.NoError(t, err)
	group, err := user.LookupGroupId(who.Gid)
	require.NoError(t, err)
	if os.Getuid() == 0 {
		_, err = servertest.Call(t.Context(), servertest.Program(t, "chown"), "-R", name+":"+group.Name, dir)
		require.NoError(t, err)
	}
	return fmt.Sprintf("$daemon_user = '%s';\n$daemon_group = '%s';\n", name, group.Name)
}

// freePort is a port of the loopback that nobody listens on.
func freePort(t *testing.T) int {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// TestAmavisdActsOnPolicies has the real Amavisd look at mail under policies and lists that were made through the API.
func TestAmavisdActsOnPolicies(t *testing.T) {
	servertest.NeedOracles(t)
	t.Parallel()
	for _, engine := range storetest.Servers {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			w := servertest.NewFixtureOn(t, engine)
			root := w.Root()
			root.MustDomain("example.com", nil)
			for _, name := range []string{"anna", "bert"} {
				root.MustUser(name+"@example.com", nil)
			}
			a := startAmavisd(t, w.Amavisd)
			t.Run("without any policy of ours", func(t *testing.T) { oraclePlain(t, a) })
			t.Run("lists", func(t *testing.T) { oracleWblist(t, w.In(t).Root(), a) })
			t.Run("scan or bypass", func(t *testing.T) { oracleBypass(t, w.In(t).Root(), a) })
			t.Run("precedence", func(t *testing.T) { oraclePrecedence(t, w.In(t).Root(), a) })
			t.Run("quarantine", func(t *testing.T) { oracleQuarantine(t, w.In(t).Root(), a) })
			t.Run("headers and subject", func(t *testing.T) { oracleMarks(t, w.In(t).Root(), a) })
		})
	}
}

func oraclePlain(t *testing.T, a *amavisd) {
	clean := a.scan(t, "stranger@example.net", "anna@example.com", "Hello")
	require.True(t, clean.delivered)
	require.False(t, clean.spam())
	require.True(t, a.scan(t, "stranger@example.net", "anna@example.com", testSpam).spam(), "the text that is always spam")
}

func oracleWblist(t *testing.T, c *servertest.Client, a *amavisd) {
	isSpam := func(recipient, text string) bool {
		v := a.scan(t, "pen@example.net", recipient+"@example.com", text)
		require.True(t, v.delivered, v.reply)
		return v.spam()
	}
	servertest.Put("/api/spampolicy/global", servertest.Body{"quarantine_spam": "no"})(c)
	servertest.Post("/api/wblist/inbound/blacklist/anna@example.com", servertest.Body{"addresses": []string{"pen@example.net"}})(c)
	require.True(t, isSpam("anna", "Hello"), "a blacklisted sender")
	require.False(t, isSpam("bert", "Hello"), "somebody else's blacklist")
	servertest.Post("/api/wblist/inbound/whitelist/anna@example.com", servertest.Body{"addresses": []string{"pen@example.net"}})(c)
	require.False(t, isSpam("anna", testSpam), "a whitelisted sender")
	require.True(t, isSpam("bert", testSpam), "somebody else's whitelist")
	servertest.Remove("/api/wblist/inbound/whitelist/anna@example.com")(c)
	require.True(t, isSpam("anna", testSpam), "an emptied whitelist")

	servertest.Post("/api/wblist/inbound/blacklist/example.com", servertest.Body{"addresses": []string{"@.example.net"}})(c)
	require.True(t, isSpam("anna", "Hello"), "a sender that the domain has blacklisted")
	servertest.Post("/api/wblist/inbound/whitelist/anna@example.com", servertest.Body{"addresses": []string{"@example.net"}})(c)
	require.False(t, isSpam("anna", "Hello"), "the mailbox comes before its domain")
	require.True(t, isSpam("bert", "Hello"))
	servertest.Remove("/api/wblist/inbound/whitelist/anna@example.com")(c)
	servertest.Remove("/api/wblist/inbound/blacklist/example.com")(c)
	require.False(t, isSpam("anna", "Hello"))

	for _, sender := range servertest.ForeignAddresses {
		is := func() bool { return a.scan(t, sender, "bert@example.com", "Hello").spam() }
		require.False(t, is(), "%s before", sender)
		servertest.Post("/api/wblist/inbound/blacklist/bert@example.com", servertest.Body{"addresses": []string{sender}})(c)
		require.True(t, is(), "%s as it is listed", sender)
		servertest.Put("/api/wblist/inbound/blacklist/bert@example.com", servertest.Body{"addresses": []string{sender}})(c)
		require.False(t, is(), "%s taken away again", sender)
	}
}

func oracleBypass(t *testing.T, c *servertest.Client, a *amavisd) {
	scan := func(recipient string) verdict {
		return a.scan(t, "stranger@example.net", recipient+"@example.com", testSpam)
	}
	servertest.Put("/api/spampolicy/user/anna@example.com", servertest.Body{"bypass_spam_checks": "yes"})(c)
	unseen := scan("anna")
	require.True(t, unseen.delivered)
	require.False(t, unseen.spam(), "nobody looks for spam")
	require.True(t, scan("bert").spam(), "the neighbour's mail is looked at")
	servertest.Remove("/api/spampolicy/user/anna@example.com")(c)
	require.True(t, scan("anna").spam(), "and so is this one again")
}

func oraclePrecedence(t *testing.T, c *servertest.Client, a *amavisd) {
	isSpam := func(recipient string) bool {
		return a.scan(t, "stranger@example.net", recipient+"@example.com", testSpam).spam()
	}
	servertest.Put("/api/spampolicy/domain/example.com", servertest.Body{"spam_score": 2000})(c)
	require.False(t, isSpam("anna"), "the score of the domain is out of reach")
	servertest.Put("/api/spampolicy/user/anna@example.com", servertest.Body{"spam_score": 5})(c)
	require.True(t, isSpam("anna"), "the mailbox comes before its domain")
	require.False(t, isSpam("bert"))
	servertest.Put("/api/spampolicy/user/anna@example.com", servertest.Body{"spam_score": nil})(c)
	require.False(t, isSpam("anna"), "what is unset is inherited")
	servertest.Put("/api/spampolicy/user/anna@example.com", servertest.Body{"spam_score": 5})(c)
	servertest.Remove("/api/spampolicy/user/anna@example.com")(c)
	require.False(t, isSpam("anna"), "without a policy of its own")
	servertest.Remove("/api/spampolicy/domain/example.com")(c)
	require.True(t, isSpam("anna"), "the policy of everybody")
}

func oracleQuarantine(t *testing.T, c *servertest.Client, a *amavisd) {
	scan := func(recipient string) verdict {
		return a.scan(t, "stranger@example.net", recipient+"@example.com", testSpam)
	}
	servertest.Put("/api/spampolicy/domain/example.com", servertest.Body{"quarantine_spam": "yes"})(c)
	servertest.Put("/api/spampolicy/user/bert@example.com", servertest.Body{"quarantine_spam": "no"})(c)
	kept := scan("anna")
	require.False(t, kept.delivered, "spam is kept")
	require.Contains(t, strings.ToLower(kept.reply), "discarded")
	files, err := filepath.Glob(filepath.Join(a.home, "quarantine", "spam-*"))
	require.NoError(t, err)
	require.NotEmpty(t, files, "and can be found again")
	require.True(t, scan("bert").delivered, "the mailbox has its own way")
	servertest.Remove("/api/spampolicy/user/bert@example.com")(c)
	require.False(t, scan("bert").delivered)
	servertest.Remove("/api/spampolicy/domain/example.com")(c)
	require.True(t, scan("anna").delivered)
}

func oracleMarks(t *testing.T, c *servertest.Client, a *amavisd) {
	scan := func(text string) verdict { return a.scan(t, "stranger@example.net", "anna@example.com", text) }
	servertest.Put("/api/spampolicy/user/anna@example.com", servertest.Body{"prefix_spam_in_subject": "no", "always_insert_x_spam_headers": "yes"})(c)
	require.Equal(t, "Hello", scan(testSpam).subject())
	require.True(t, scan("Hello").tagged(), "every message says what it scored")
	servertest.Put("/api/spampolicy/user/anna@example.com", servertest.Body{"prefix_spam_in_subject": "yes", "always_insert_x_spam_headers": "no"})(c)
	require.Equal(t, "[SPAM] Hello", scan(testSpam).subject())
	require.False(t, scan("Hello").tagged(), "only what scores enough does")
	servertest.Remove("/api/spampolicy/user/anna@example.com")(c)
}
