package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server"
)

// hostel is a fixture with one Dovecot that many tests share. Each has a domain of its own in it.
type hostel struct {
	root    *client
	dovecot *dovecot
	domains *atomic.Int64
}

// TestDovecotServes runs in one fixture of each engine, because a Dovecot takes seconds to stop.
func TestDovecotServes(t *testing.T) {
	onEveryEngine(t, oracleByDovecot, func(d *server.Deps) { d.UnlimitedLogins = true }) // many are wrong on purpose
}

func oracleByDovecot(t *testing.T, w *fixture) {
	d := startDovecot(t, w)
	h := &hostel{root: w.root(), dovecot: d, domains: &atomic.Int64{}}
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
		require.NotContains(t, d.log.String(), trouble, "Dovecot can make sense of all that it finds")
	}
}

// guest is a test in a hostel, with a domain and a mailbox in it.
type guest struct {
	*client
	t            *testing.T
	dovecot      *dovecot
	domain, mail string
}

// guest makes a domain, and a mailbox in it unless settings are nil.
func (h *hostel) guest(t *testing.T, settings body) guest {
	t.Helper()
	g := guest{client: &client{w: h.root.w.in(t), cookie: h.root.cookie}, t: t, dovecot: h.dovecot}
	g.domain = fmt.Sprintf("d%d.test", h.domains.Add(1))
	g.mail = "anna@" + g.domain
	post("/api/domain/"+g.domain, body{})(g.client)
	if settings != nil {
		post("/api/user/"+g.mail, settings)(g.client)
	}
	return g
}

// requireLogin expects that Dovecot lets the mailbox in by a service, and no other password than this one.
func (g guest) requireLogin(mail, secret, service string) {
	g.t.Helper()
	require.True(g.t, g.dovecot.login(g.t, mail, secret, service), "%s by %s", mail, service)
	require.False(g.t, g.dovecot.login(g.t, mail, "x"+secret, service), "another password of %s by %s", mail, service)
}

// requireServed expects that Dovecot knows the mailbox and lets it in, or neither.
func (g guest) requireServed(want bool, mail, when string) {
	g.t.Helper()
	require.Equal(g.t, want, g.dovecot.login(g.t, mail, password, "imap"), "login of %s, %s", mail, when)
	require.Equal(g.t, want, g.dovecot.userdb(g.t, mail) != nil, "userdb of %s, %s", mail, when)
}

// about makes an act of a request about a guest: its path ends in the mailbox or the domain.
type about func(g guest) act

func aboutUser(given body) about {
	return func(g guest) act { return put("/api/user/"+g.mail, given) }
}

func aboutDomain(given body) about {
	return func(g guest) act { return put("/api/domain/"+g.domain, given) }
}

func aboutUsers(given body) about {
	return func(g guest) act { return put("/api/users/"+g.domain, given) }
}

func (h *hostel) oracleAccounts(t *testing.T) {
	disabled, active := body{"accountStatus": "disabled"}, body{"accountStatus": "active"}
	backup, primary := body{"is_backupmx": "yes"}, body{"is_backupmx": "no"}
	tests := []struct {
		name      string
		given, do about
		was, is   bool
	}{
		{"user left alone", nil, aboutUser(body{"name": "Anna"}), true, true},
		{"user disabled", nil, aboutUser(disabled), true, false},
		{"user enabled again", aboutUser(disabled), aboutUser(active), false, true},
		{"user deleted", nil, func(g guest) act { return remove("/api/user/" + g.mail) }, true, false},
		{"all users disabled", nil, aboutUsers(disabled), true, false},
		{"all users enabled", aboutUsers(disabled), aboutUsers(active), false, true},
		{"domain disabled", nil, aboutDomain(disabled), true, false},
		{"domain enabled again", aboutDomain(disabled), aboutDomain(active), false, true},
		{"domain made a backup MX", nil, aboutDomain(backup), true, false},
		{"domain no backup MX any more", aboutDomain(backup), aboutDomain(primary), false, true},
		{"domain deleted", nil, func(g guest) act { return remove("/api/domain/" + g.domain) }, true, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			g := h.guest(t, body{"password": password})
			if test.given != nil {
				test.given(g)(g.client)
			}
			was, is := test.was, test.is
			if g.w.directory != nil && strings.Contains(test.name, "backup MX") {
				was, is = true, true // what is asked there does not look at the domain
			}
			g.requireServed(was, g.mail, "before")
			test.do(g)(g.client)
			g.requireServed(is, g.mail, "after")
		})
	}
}

func (h *hostel) oracleNewAndRenamedUsers(t *testing.T) {
	t.Run("created", func(t *testing.T) {
		t.Parallel()
		g := h.guest(t, nil)
		g.requireServed(false, g.mail, "before")
		post("/api/user/"+g.mail, body{"password": password})(g.client)
		g.requireServed(true, g.mail, "after")
	})
	t.Run("created disabled", func(t *testing.T) {
		t.Parallel()
		g := h.guest(t, body{"password": password, "accountStatus": "disabled"})
		g.requireServed(false, g.mail, "after")
	})
	t.Run("a further address is a name to log in with in a directory alone", func(t *testing.T) {
		t.Parallel()
		g := h.guest(t, body{"password": password})
		put("/api/user/"+g.mail, body{"addAlias": list{"other@" + g.domain}})(g.client)
		g.requireServed(g.w.directory != nil, "other@"+g.domain, "after")
	})
	for _, where := range []string{"in the domain", "to another domain"} {
		t.Run("renamed "+where, func(t *testing.T) {
			t.Parallel()
			g := h.guest(t, body{"password": password, "quota": 7})
			renamed := "anne@" + g.domain
			if where == "to another domain" {
				renamed = "anna@" + h.guest(t, nil).domain
			}
			known := g.dovecot.userdb(t, g.mail)
			require.NotEmpty(t, known["home"])
			g.requireServed(false, renamed, "before")
			post("/api/user/"+g.mail+"/change_email/"+renamed, body{})(g.client)
			g.requireServed(true, renamed, "after")
			g.requireServed(false, g.mail, "after")
			require.Equal(t, known, g.dovecot.userdb(t, renamed), "the mailbox stays where it is")
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
			g := h.guest(t, body{"password": password})
			user := "/api/user/" + g.mail
			admits := func(service string) bool { return g.dovecot.login(t, g.mail, password, service) }
			requireOthers := func() {
				for _, other := range services {
					require.True(t, other == asked || admits(other), "%s without %s", other, name)
				}
			}
			require.True(t, admits(asked))
			put(user, body{"removeService": list{name}})(g.client)
			require.False(t, admits(asked))
			requireOthers()
			put(user, body{"addService": list{name}})(g.client)
			require.True(t, admits(asked))
			put(user, body{"services": list{"deliver"}})(g.client)
			put(user, body{"services": list{name}})(g.client)
			require.True(t, admits(asked))
		})
	}
}

// oracleDelivery asks as the programs do that put mail into a mailbox: they need no password.
func (h *hostel) oracleDelivery(t *testing.T) {
	for _, service := range []string{"lda", "lmtp"} {
		t.Run(service, func(t *testing.T) {
			t.Parallel()
			g := h.guest(t, body{"password": password})
			finds := func() bool {
				fields, err := g.dovecot.find(t, g.mail, service)
				require.NoError(t, err)
				return fields != nil
			}
			require.True(t, finds())
			put("/api/user/"+g.mail, body{"removeService": list{"imap"}})(g.client)
			require.True(t, finds())
			put("/api/user/"+g.mail, body{"removeService": list{"deliver"}})(g.client)
			require.False(t, finds())
			require.True(t, g.dovecot.login(t, g.mail, password, "smtp"), "it may still send")
			put("/api/user/"+g.mail, body{"addService": list{"deliver"}})(g.client)
			require.True(t, finds())
		})
	}
}

// verified is whether the API takes the password for that of the mailbox.
func (g guest) verified(secret string) bool {
	g.t.Helper()
	a := g.json("POST", "/api/verify_password/user/"+g.mail, body{"password": secret})
	require.Contains(g.t, []int{http.StatusOK, http.StatusUnprocessableEntity}, a.status, a.raw)
	return a.ok()
}
