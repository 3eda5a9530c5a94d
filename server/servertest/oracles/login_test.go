package oracles_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server"
	"github.com/postern-mail/postern/server/servertest"
)

// hostel is a fixture with one Dovecot that many tests share. Each has a domain of its own in it.
type hostel struct {
	root    *servertest.Client
	dovecot *servertest.Dovecot
	domains *atomic.Int64
}

// TestDovecotServes runs in one fixture of each engine, because a Dovecot takes seconds to stop.
func TestDovecotServes(t *testing.T) {
	onEveryEngine(t, oracleByDovecot, func(d *server.Deps) { d.UnlimitedLogins = true }) // many are wrong on purpose
}

func oracleByDovecot(t *testing.T, w *servertest.Fixture) {
	d := servertest.StartDovecot(t, w)
	h := &hostel{root: w.Root(), dovecot: d, domains: &atomic.Int64{}}
	t.Run("accounts", h.oracleAccounts)
	t.Run("new and renamed users", h.oracleNewAndRenamedUsers)
	t.Run("services", h.oracleServices)
	t.Run("delivery", h.oracleDelivery)
	t.Run("passwords", h.oraclePasswords)
	t.Run("own schemes", h.oracleOwnSchemes)
	t.Run("foreign hashes", h.oracleForeignHashes)
	t.Run("mailboxes", h.oracleMailboxes)
	t.Run("homes", h.oracleHomes)
	t.Run("deletion", h.oracleDeleted)
	for _, trouble := range []string{"Error: ", "Fatal: ", "Panic: "} {
		require.NotContains(t, d.Log.String(), trouble, "Dovecot can make sense of all that it finds")
	}
}

// guest is a test in a hostel, with a domain and a mailbox in it.
type guest struct {
	*servertest.Client
	t            *testing.T
	dovecot      *servertest.Dovecot
	domain, mail string
}

// guest makes a domain, and a mailbox in it unless settings are nil.
func (h *hostel) guest(t *testing.T, settings servertest.Body) guest {
	t.Helper()
	g := guest{Client: &servertest.Client{W: h.root.W.In(t), Cookie: h.root.Cookie}, t: t, dovecot: h.dovecot}
	g.domain = fmt.Sprintf("d%d.test", h.domains.Add(1))
	g.mail = "anna@" + g.domain
	servertest.Post("/api/domain/"+g.domain, servertest.Body{})(g.Client)
	if settings != nil {
		servertest.Post("/api/user/"+g.mail, settings)(g.Client)
	}
	return g
}

// requireLogin expects that Dovecot lets the mailbox in by a service, and no other password than this one.
func (g guest) requireLogin(mail, secret, service string) {
	g.t.Helper()
	require.True(g.t, g.dovecot.Login(g.t, mail, secret, service), "%s by %s", mail, service)
	require.False(g.t, g.dovecot.Login(g.t, mail, "x"+secret, service), "another password of %s by %s", mail, service)
}

// requireServed expects that Dovecot knows the mailbox and lets it in, or neither.
func (g guest) requireServed(want bool, mail, when string) {
	g.t.Helper()
	require.Equal(g.t, want, g.dovecot.Login(g.t, mail, servertest.Password, "imap"), "login of %s, %s", mail, when)
	require.Equal(g.t, want, g.dovecot.Userdb(g.t, mail) != nil, "userdb of %s, %s", mail, when)
}

// about makes an act of a request about a guest: its path ends in the mailbox or the domain.
type about func(g guest) servertest.Act

func aboutUser(given servertest.Body) about {
	return func(g guest) servertest.Act { return servertest.Put("/api/user/"+g.mail, given) }
}

func aboutDomain(given servertest.Body) about {
	return func(g guest) servertest.Act { return servertest.Put("/api/domain/"+g.domain, given) }
}

func aboutUsers(given servertest.Body) about {
	return func(g guest) servertest.Act { return servertest.Put("/api/users/"+g.domain, given) }
}

func (h *hostel) oracleAccounts(t *testing.T) {
	disabled, active := servertest.Body{"accountStatus": "disabled"}, servertest.Body{"accountStatus": "active"}
	backup, primary := servertest.Body{"is_backupmx": "yes"}, servertest.Body{"is_backupmx": "no"}
	tests := []struct {
		name      string
		given, do about
		was, is   bool
	}{
		{"user left alone", nil, aboutUser(servertest.Body{"name": "Anna"}), true, true},
		{"user disabled", nil, aboutUser(disabled), true, false},
		{"user enabled again", aboutUser(disabled), aboutUser(active), false, true},
		{"user deleted", nil, func(g guest) servertest.Act { return servertest.Remove("/api/user/" + g.mail) }, true, false},
		{"all users disabled", nil, aboutUsers(disabled), true, false},
		{"all users enabled", aboutUsers(disabled), aboutUsers(active), false, true},
		{"domain disabled", nil, aboutDomain(disabled), true, false},
		{"domain enabled again", aboutDomain(disabled), aboutDomain(active), false, true},
		{"domain made a backup MX", nil, aboutDomain(backup), true, false},
		{"domain no backup MX any more", aboutDomain(backup), aboutDomain(primary), false, true},
		{"domain deleted", nil, func(g guest) servertest.Act { return servertest.Remove("/api/domain/" + g.domain) }, true, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			g := h.guest(t, servertest.Body{"password": servertest.Password})
			if test.given != nil {
				test.given(g)(g.Client)
			}
			was, is := test.was, test.is
			if g.W.Directory != nil && strings.Contains(test.name, "backup MX") {
				was, is = true, true // what is asked there does not look at the domain
			}
			g.requireServed(was, g.mail, "before")
			test.do(g)(g.Client)
			g.requireServed(is, g.mail, "after")
		})
	}
}

func (h *hostel) oracleNewAndRenamedUsers(t *testing.T) {
	t.Run("created", func(t *testing.T) {
		t.Parallel()
		g := h.guest(t, nil)
		g.requireServed(false, g.mail, "before")
		servertest.Post("/api/user/"+g.mail, servertest.Body{"password": servertest.Password})(g.Client)
		g.requireServed(true, g.mail, "after")
	})
	t.Run("created disabled", func(t *testing.T) {
		t.Parallel()
		g := h.guest(t, servertest.Body{"password": servertest.Password, "accountStatus": "disabled"})
		g.requireServed(false, g.mail, "after")
	})
	t.Run("a further address is a name to log in with in a directory alone", func(t *testing.T) {
		t.Parallel()
		g := h.guest(t, servertest.Body{"password": servertest.Password})
		servertest.Put("/api/user/"+g.mail, servertest.Body{"addAlias": servertest.List{"other@" + g.domain}})(g.Client)
		g.requireServed(g.W.Directory != nil, "other@"+g.domain, "after")
	})
	for _, where := range []string{"in the domain", "to another domain"} {
		t.Run("renamed "+where, func(t *testing.T) {
			t.Parallel()
			g := h.guest(t, servertest.Body{"password": servertest.Password, "quota": 7})
			renamed := "anne@" + g.domain
			if where == "to another domain" {
				renamed = "anna@" + h.guest(t, nil).domain
			}
			known := g.dovecot.Userdb(t, g.mail)
			require.NotEmpty(t, known["home"])
			g.requireServed(false, renamed, "before")
			servertest.Post("/api/user/"+g.mail+"/change_email/"+renamed, servertest.Body{})(g.Client)
			g.requireServed(true, renamed, "after")
			g.requireServed(false, g.mail, "after")
			require.Equal(t, known, g.dovecot.Userdb(t, renamed), "the mailbox stays where it is")
		})
	}
}

// oracleServices leaves out what Dovecot 2.3 never asks for (pop3tls, imaptls) and what SOGo does.
func (h *hostel) oracleServices(t *testing.T) {
	services := map[string]string{
		"smtp": "smtp", "smtpsecured": "smtpsecured", "pop3": "pop3", "pop3secured": "pop3secured",
		"imap": "imap", "imapsecured": "imapsecured", "managesieve": "sieve", "managesievesecured": "sievesecured",
	}
	for name, asked := range services {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := h.guest(t, servertest.Body{"password": servertest.Password})
			user := "/api/user/" + g.mail
			admits := func(service string) bool { return g.dovecot.Login(t, g.mail, servertest.Password, service) }
			requireOthers := func() {
				for _, other := range services {
					require.True(t, other == asked || admits(other), "%s without %s", other, name)
				}
			}
			require.True(t, admits(asked))
			servertest.Put(user, servertest.Body{"removeService": servertest.List{name}})(g.Client)
			require.False(t, admits(asked))
			requireOthers()
			servertest.Put(user, servertest.Body{"addService": servertest.List{name}})(g.Client)
			require.True(t, admits(asked))
			servertest.Put(user, servertest.Body{"services": servertest.List{"deliver"}})(g.Client)
			servertest.Put(user, servertest.Body{"services": servertest.List{name}})(g.Client)
			require.True(t, admits(asked))
		})
	}
}

// oracleDelivery asks as the programs do that put mail into a mailbox: they need no password.
func (h *hostel) oracleDelivery(t *testing.T) {
	for _, service := range []string{"lda", "lmtp"} {
		t.Run(service, func(t *testing.T) {
			t.Parallel()
			g := h.guest(t, servertest.Body{"password": servertest.Password})
			finds := func() bool {
				fields, err := g.dovecot.Find(t, g.mail, service)
				require.NoError(t, err)
				return fields != nil
			}
			require.True(t, finds())
			servertest.Put("/api/user/"+g.mail, servertest.Body{"removeService": servertest.List{"imap"}})(g.Client)
			require.True(t, finds())
			servertest.Put("/api/user/"+g.mail, servertest.Body{"removeService": servertest.List{"deliver"}})(g.Client)
			require.False(t, finds())
			require.True(t, g.dovecot.Login(t, g.mail, servertest.Password, "smtp"), "it may still send")
			servertest.Put("/api/user/"+g.mail, servertest.Body{"addService": servertest.List{"deliver"}})(g.Client)
			require.True(t, finds())
		})
	}
}

// verified is whether the API takes the password for that of the mailbox.
func (g guest) verified(secret string) bool {
	g.t.Helper()
	a := g.JSON("POST", "/api/verify_password/user/"+g.mail, servertest.Body{"password": secret})
	require.Contains(g.t, []int{http.StatusOK, http.StatusUnprocessableEntity}, a.Status, a.Raw)
	return a.OK()
}
