package servertest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// dovecotMailbox is where iRedMail's Dovecot looks for a user, who must have the service switched on. The column's
// name ends in "secured" when the connection is.
const dovecotMailbox = ` FROM mailbox m JOIN domain d ON d.domain = m.domain WHERE m.username = '%u'` +
	` AND m."enable%Ls%Lc" = 1 AND m.active = 1 AND d.active = 1 AND d.backupmx = 0`

// dovecotSQL is the file of queries, without how the database is reached.
const dovecotSQL = `default_pass_scheme = CRYPT
password_query = SELECT m.password, m.allow_nets` + dovecotMailbox + `
user_query = SELECT LOWER(m.storagebasedirectory || '/' || m.storagenode || '/' || m.maildir) AS home, ` +
	`m.mailboxformat || ':~/' || m.mailboxfolder AS mail, '*:bytes=' || (m.quota * 1048576) AS quota_rule` + dovecotMailbox + `
iterate_query = SELECT username AS user FROM mailbox
`

// dovecotConf is the main file, without what depends on the directory and on who runs it. There are no protocols, so
// nothing is listened to but sockets below the directory.
const dovecotConf = `instance_name = oracle
log_path = /dev/stderr
protocols =
ssl = no
listen = 127.0.0.1
first_valid_uid = 1
mail_uid = 65534
mail_gid = 65534
auth_mechanisms = plain login
disable_plaintext_auth = no
auth_failure_delay = 0
`

// Dovecot is a Dovecot that answers from the accounts of a fixture until the test ends.
type Dovecot struct {
	Doveadm, Conf string
	Log           *dovecotLog
	asked         *atomic.Int64
}

func StartDovecot(t *testing.T, w *Fixture) *Dovecot {
	t.Helper()
	return StartDovecotWith(t, w, "")
}

// StartDovecotWith adds lines to the main file; they come last and win.
func StartDovecotWith(t *testing.T, w *Fixture, lines string) *Dovecot {
	t.Helper()
	master := Program(t, "dovecot")
	d := &Dovecot{Doveadm: Program(t, "doveadm"), Log: newDovecotLog(), asked: &atomic.Int64{}}
	d.Conf = writeDovecot(t, w.Source(t), lines)
	command := exec.CommandContext(t.Context(), master, "-F", "-c", d.Conf)
	command.Stderr = d.Log
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = 20 * time.Second
	require.NoError(t, command.Start())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = command.Wait()
	}()
	t.Cleanup(func() { <-ended })
	select {
	case <-d.Log.started:
	case <-ended:
		require.Fail(t, "Dovecot does not start", d.Log.String())
	case <-time.After(30 * time.Second):
		require.Fail(t, "Dovecot does not get ready", d.Log.String())
	}
	users := d.Run(t, "user", "*")
	require.Zero(t, users.Status, "scripts/install.sh installs what Dovecot needs: %s%s", users, d.Log)
	return d
}

// writeDovecot writes the files of a Dovecot.
func writeDovecot(t *testing.T, from source, lines string) (conf string) {
	t.Helper()
	dir := OpenDirectory(t)
	sql := filepath.Join(dir, "sql.conf")
	queries, driver := dovecotSQL+"driver = "+from.Driver+"\nconnect = "+from.connect+"\n", "sql"
	if from.Directory != nil {
		queries, driver = dovecotLDAP+from.connect, "ldap"
	}
	require.NoError(t, os.WriteFile(sql, []byte(queries), 0o600))
	text := dovecotConf + "base_dir = " + dir + "/base\nstate_dir = " + dir + "/state\n"
	for _, section := range []string{"passdb", "userdb"} {
		text += section + " {\n  driver = " + driver + "\n  args = " + sql + "\n}\n"
	}
	conf = filepath.Join(dir, "dovecot.conf")
	require.NoError(t, os.WriteFile(conf, []byte(text+ordinaryUser(t)+lines), 0o600))
	return conf
}

// ordinaryUser is what Dovecot has to be told when it is not root who starts it: to stay who it is, where it is.
func ordinaryUser(t *testing.T) string {
	t.Helper()
	if os.Getuid() == 0 {
		return ""
	}
	me, err := user.Current()
	require.NoError(t, err)
	group, err := user.LookupGroupId(me.Gid)
	require.NoError(t, err)
	return "default_internal_user = " + me.Username + "\ndefault_login_user = " + me.Username +
		"\ndefault_internal_group = " + group.Name +
		"\nservice anvil {\n  chroot =\n}\nservice stats {\n  chroot =\n}\n"
}

// dovecotLog keeps what Dovecot says, and tells when it has started.
type dovecotLog struct {
	started chan struct{}
	mu      sync.Mutex
	text    bytes.Buffer
	once    sync.Once
}

func newDovecotLog() *dovecotLog { return &dovecotLog{started: make(chan struct{})} }

func (l *dovecotLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(p)
	if bytes.Contains(l.text.Bytes(), []byte("starting up")) {
		l.once.Do(func() { close(l.started) })
	}
	return len(p), nil
}

func (l *dovecotLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Run asks the Dovecot of d alone.
func (d *Dovecot) Run(t *testing.T, args ...string) Output {
	t.Helper()
	out, err := Call(t.Context(), d.Doveadm, append([]string{"-c", d.Conf}, args...)...)
	require.NoError(t, err)
	return out
}

// service is the parameters that make Dovecot ask for a service: "imapsecured" is imap with TLS.
func (d *Dovecot) service(name string) []string {
	name, secured := strings.CutSuffix(name, "secured")
	args := []string{"-x", "service=" + name}
	if secured {
		args = append(args, "-x", "secured")
	}
	return args
}

// Login reports whether Dovecot lets the user in.
func (d *Dovecot) Login(t *testing.T, mail, password, service string) bool {
	t.Helper()
	ok, err := d.Authenticate(t, mail, password, service)
	require.NoError(t, err)
	return ok
}

// Authenticate is login that returns what goes wrong. Each time the client has another address, because Dovecot answers
// ever later to one that has failed.
func (d *Dovecot) Authenticate(t *testing.T, mail, password, service string) (bool, error) {
	t.Helper()
	n := d.asked.Add(1)
	client := fmt.Sprintf("rip=127.9.%d.%d", n/250, n%250+1)
	args := append([]string{"auth", "test", "-x", client}, d.service(service)...)
	out := d.Run(t, append(args, "--", mail, password)...)
	const refused = 77 // also when it does not know
	switch {
	case out.Status == 0 && strings.Contains(out.Stdout, "auth succeeded"):
		return true, nil
	case out.Status == refused && out.stderr == "" && strings.Contains(out.Stdout, "auth failed") &&
		!strings.Contains(out.Stdout, "code="):
		return false, nil
	}
	return false, fmt.Errorf("doveadm auth test ended with %d: %s%s", out.Status, out, d.Log)
}

// Userdb returns what Dovecot knows about a user, nil for one that it does not know.
func (d *Dovecot) Userdb(t *testing.T, mail string) map[string]string {
	t.Helper()
	fields, err := d.Find(t, mail, "doveadm")
	require.NoError(t, err)
	return fields
}

// Find is userdb as a service asks for it. It returns what goes wrong.
func (d *Dovecot) Find(t *testing.T, mail, service string) (map[string]string, error) {
	t.Helper()
	out := d.Run(t, append(append([]string{"user"}, d.service(service)...), mail)...)
	const unknown = 67
	if out.Status == unknown && strings.Contains(out.String(), "doesn't exist") {
		return nil, nil
	}
	if out.Status != 0 || out.stderr != "" {
		return nil, fmt.Errorf("doveadm user ended with %d: %s%s", out.Status, out, d.Log)
	}
	fields := map[string]string{}
	for _, line := range splitLines(out.Stdout) {
		name, value, _ := strings.Cut(line, "\t")
		fields[name] = value
	}
	return fields, nil
}
