package oracles_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server"
	"github.com/postern-mail/postern/server/servertest"
	mailserver "github.com/postern-mail/postern/store/dovecot"
)

// imapLines have Dovecot serve IMAP on a socket, remember every password for longer than a test takes, and let nobody wait who was
// refused.
const imapLines = `protocols = imap
auth_cache_size = 10M
auth_cache_ttl = 1 hour
auth_cache_negative_ttl = 1 hour
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service imap-login {
  inet_listener imap {
    port = 0
  }
  inet_listener imaps {
    port = 0
  }
  unix_listener %s {
    mode = 0666
  }
}
`

// imapSession is a client that is logged in.
type imapSession struct {
	conn  net.Conn
	lines *bufio.Reader
}

// mailClients are people who read mail with the Dovecot of a fixture.
type mailClients struct {
	t      *testing.T
	w      *servertest.Fixture
	socket string
	store  string // where mailboxes are
	away   string // a file: while it is there doveadm does not find Dovecot
}

func newMailClients(t *testing.T, w *servertest.Fixture) mailClients {
	t.Helper()
	dir := servertest.OpenDirectory(t)
	m := mailClients{t: t, w: w, socket: filepath.Join(dir, "imap"), store: filepath.Join(dir, "mail"), away: filepath.Join(dir, "away")}
	require.NoError(t, os.Mkdir(m.store, 0o700))
	if os.Getuid() == 0 {
		require.NoError(t, os.Chown(m.store, 65534, 65534))
	}
	d := servertest.StartDovecotWith(t, w, fmt.Sprintf(imapLines, m.socket))
	script := fmt.Sprintf("#!/bin/sh\nif [ -e %s ]; then set -- -o base_dir=%s/nowhere \"$@\"; fi\nexec %s -c %s \"$@\"\n", m.away, dir, d.Doveadm, d.Conf)
	program := filepath.Join(dir, "doveadm")
	require.NoError(t, os.WriteFile(program, []byte(script), 0o700)) //nolint:gosec // it is run
	require.NoError(t, mailserver.Doveadm{Program: program}.Check(t.Context()))
	w.Mail.Follower = &mailserver.Follower{Program: program, Directory: w.Directory != nil, Wait: 50 * time.Millisecond, Log: w.Logger}
	return m
}

// user makes a mailbox whose files are where Dovecot may write.
func (m mailClients) user(root *servertest.Client, mail string) {
	m.t.Helper()
	home := filepath.Join(m.store, strings.ReplaceAll(mail, "@", "/"))
	servertest.Post("/api/user/"+mail, servertest.Body{"password": servertest.Password, "maildir": home})(root)
}

// login is nil where the password is refused.
func (m mailClients) login(mail, secret string) *imapSession {
	m.t.Helper()
	conn, err := (&net.Dialer{}).DialContext(m.t.Context(), "unix", m.socket)
	require.NoError(m.t, err)
	m.t.Cleanup(func() { _ = conn.Close() })
	s := &imapSession{conn: conn, lines: bufio.NewReader(conn)}
	_, err = s.lines.ReadString('\n')
	require.NoError(m.t, err)
	said, err := s.say(fmt.Sprintf("LOGIN %s %q", mail, secret))
	require.NoError(m.t, err)
	if strings.HasPrefix(said, "a NO [AUTHENTICATIONFAILED]") {
		return nil
	}
	require.Contains(m.t, said, "Logged in")
	return s
}

// say sends a command and returns the answer to it.
func (s *imapSession) say(command string) (string, error) {
	if err := s.conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return "", err
	}
	if _, err := io.WriteString(s.conn, "a "+command+"\r\n"); err != nil {
		return "", err
	}
	for {
		line, err := s.lines.ReadString('\n')
		if err != nil || strings.HasPrefix(line, "a ") {
			return line, err
		}
	}
}

func (s *imapSession) requireGoesOn(t *testing.T, who string) {
	t.Helper()
	said, err := s.say("NOOP")
	require.NoError(t, err, "the session of %s goes on", who)
	require.Contains(t, said, "a OK")
}

// requireEnds waits for the end of the session.
func (s *imapSession) requireEnds(t *testing.T, who string) {
	t.Helper()
	require.NoError(t, s.conn.SetReadDeadline(time.Now().Add(30*time.Second)))
	_, err := io.Copy(io.Discard, s.lines)
	var late net.Error
	require.False(t, errors.As(err, &late) && late.Timeout(), "the session of %s goes on", who)
}

func TestMailSessionsEnd(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, w *servertest.Fixture) {
		m := newMailClients(t, w)
		root := w.Root()
		for _, domain := range []string{"example.com", "other.test"} {
			root.MustDomain(domain, nil)
			m.user(root, "ben@"+domain)
		}
		const next = "Autumn-1959-sun"
		n := 0
		fresh := func() (mail, path string) {
			n++
			mail = fmt.Sprintf("anna%d@example.com", n)
			m.user(root, mail)
			return mail, "/api/user/" + mail
		}
		t.Run("Dovecot remembers without it", func(t *testing.T) {
			mail, path := fresh()
			session, follower := m.login(mail, servertest.Password), w.Mail.Follower
			w.Mail.Follower = nil
			servertest.Put(path, servertest.Body{"accountStatus": "disabled"})(root)
			w.Mail.Follower = follower
			session.requireGoesOn(t, mail)
			m.login(mail, servertest.Password).requireGoesOn(t, mail)
		})
		for name, do := range map[string]func(path string) servertest.Act{
			"disabled": func(path string) servertest.Act {
				return servertest.Put(path, servertest.Body{"accountStatus": "disabled"})
			},
			"deleted": servertest.Remove,
			"renamed": func(path string) servertest.Act {
				return servertest.Post(path+"/change_email/"+"new."+strings.TrimPrefix(path, "/api/user/"), servertest.Body{})
			},
			"password": func(path string) servertest.Act { return servertest.Put(path, servertest.Body{"password": next}) },
		} {
			t.Run(name, func(t *testing.T) {
				mail, path := fresh()
				session, again, beside := m.login(mail, servertest.Password), m.login(mail, servertest.Password), m.login("ben@example.com", servertest.Password)
				do(path)(root)
				require.Nil(t, m.login(mail, servertest.Password), "the old password at once")
				session.requireEnds(t, mail)
				again.requireEnds(t, mail)
				beside.requireGoesOn(t, "somebody else")
				if name == "password" {
					m.login(mail, next).requireGoesOn(t, mail)
				}
			})
		}
		t.Run("all of a domain, but for whom it leaves out", func(t *testing.T) {
			mail, _ := fresh()
			m.user(root, "boss@example.com")
			m.user(root, "helper@example.com")
			servertest.Put("/api/user/boss@example.com", servertest.Body{"isGlobalAdmin": "yes"})(root)
			servertest.Put("/api/domain/admins/example.com", servertest.Body{"addAdmin": servertest.List{"helper@example.com"}})(root)
			concerned, boss, other := m.login(mail, servertest.Password), m.login("boss@example.com", servertest.Password), m.login("ben@other.test", servertest.Password)
			helper := w.As("helper@example.com", servertest.Password).JSON("PUT", "/api/users/example.com", servertest.Body{"password": next})
			require.True(t, helper.OK(), helper.Raw)
			require.Nil(t, m.login(mail, servertest.Password))
			concerned.requireEnds(t, mail)
			boss.requireGoesOn(t, "the global admin")
			m.login("boss@example.com", servertest.Password).requireGoesOn(t, "the global admin")
			other.requireGoesOn(t, "another domain")
		})
		t.Run("while doveadm fails", func(t *testing.T) {
			for name, change := range map[string]servertest.Body{"disabled": {"accountStatus": "disabled"}, "password": {"password": next}} {
				mail, path := fresh()
				session := m.login(mail, servertest.Password)
				require.NoError(t, os.WriteFile(m.away, nil, 0o600))
				servertest.Put(path, change)(root)
				session.requireGoesOn(t, name)
				require.Contains(t, w.Log.String(), "connect", "it is logged")
				require.NoError(t, os.Remove(m.away))
				session.requireEnds(t, name)
				require.Nil(t, m.login(mail, servertest.Password))
			}
		})
		if w.Directory != nil { // in SQL people log in by their main address alone
			t.Run("logged in by a further address", func(t *testing.T) {
				mail, path := fresh()
				servertest.Put(path, servertest.Body{"addAlias": servertest.List{"further@example.com"}})(root)
				session := m.login("further@example.com", servertest.Password)
				servertest.Put(path, servertest.Body{"accountStatus": "disabled"})(root)
				require.Nil(t, m.login("further@example.com", servertest.Password))
				session.requireEnds(t, mail)
			})
		}
		t.Run("domain", func(t *testing.T) {
			for name, do := range map[string]servertest.Act{
				"disabled": servertest.Put("/api/domain/example.com", servertest.Body{"accountStatus": "disabled"}),
				"deleted":  servertest.Remove("/api/domain/third.test"),
			} {
				domain := map[string]string{"disabled": "example.com", "deleted": "third.test"}[name]
				if name == "deleted" {
					root.MustDomain(domain, nil)
					m.user(root, "ben@"+domain)
				}
				mail := "carl@" + domain
				m.user(root, mail)
				concerned, other := m.login(mail, servertest.Password), m.login("ben@other.test", servertest.Password)
				do(root)
				require.Nil(t, m.login(mail, servertest.Password), name)
				concerned.requireEnds(t, mail)
				other.requireGoesOn(t, "another domain")
			}
		})
	}, func(d *server.Deps) { d.UnlimitedLogins = true })
}
