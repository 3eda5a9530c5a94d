package server_test

import (
	"crypto/rand"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/storetest"
)

// twoServers are two servers, as two processes would be, over the same three databases of an engine.
func twoServers(t *testing.T, engine string, options ...option) (here, there *fixture) {
	t.Helper()
	urls := map[string]string{}
	dir := t.TempDir()
	for _, name := range []string{"vmail", "iredadmin", "amavisd", "iredapd", "state"} {
		urls[name] = "sqlite://" + filepath.Join(dir, name+".db") + "?sync=off"
		if engine != "sqlite" {
			urls[name] = storetest.DatabaseURL(t, engine)
		}
	}
	open := func(name string) *sqldb.DB {
		db, err := sqldb.Open(urls[name])
		require.NoError(t, err)
		t.Cleanup(func() { _ = db.Close() })
		return db
	}
	all := func() databases {
		return databases{vmail: open("vmail"), panel: open("iredadmin"), amavisd: open("amavisd"), iredapd: open("iredapd")}
	}
	first := all()
	first.createTables(t, engine)
	here = serveOn(t, dir, first, urls["state"], options...)
	there = serveOn(t, dir, all(), urls["state"], options...)
	here.createRoot()
	return here, there
}

// at is the same principal at another server.
func (c *client) at(w *fixture) *client { return &client{w: w, prefix: c.prefix, cookie: c.cookie} }

// soon is how long a change that another process makes may take to show: an answer is used again for a second.
const soon = 3 * time.Second

// TestServersShareSessions opens a session at one server and uses it at another, where a change to the account shows.
func TestServersShareSessions(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			here, there := twoServers(t, engine)
			root := here.root()
			root.mustDomain("example.com", nil)
			require.True(t, root.at(there).get("/api/domain/example.com").ok(), "a session is good at both")
			for _, x := range sharedEndings {
				t.Run("ends there "+x.name, func(t *testing.T) { x.play(t, root, there) })
			}
			t.Run("rights that are given show there", func(t *testing.T) {
				root.must(http.StatusCreated, "POST", "/api/admin/new@admins.test", withPassword)
				admin := there.as("new@admins.test", onePassword)
				require.Equal(t, http.StatusForbidden, admin.get("/api/domain/example.com").status)
				root.must(http.StatusOK, "PUT", "/api/domain/admins/example.com", body{"addAdmin": list{"new@admins.test"}})
				require.Eventually(t, func() bool { return admin.get("/api/domain/example.com").ok() }, soon, 50*time.Millisecond)
				root.must(http.StatusOK, "PUT", "/api/domain/admins/example.com", body{"removeAdmin": list{"new@admins.test"}})
				require.Eventually(t, func() bool { return admin.get("/api/domain/example.com").status == http.StatusForbidden },
					soon, 50*time.Millisecond)
			})
			require.True(t, root.at(there).get("/api/whoami").ok(), "another's session goes on")
		})
	}
}

// play has somebody log in there, and looks at both servers after what root does at its own.
func (x sharedEnding) play(t *testing.T, root *client, there *fixture) {
	domain := strings.ToLower(rand.Text()) + ".test"
	boss := "boss@" + domain
	root.mustDomain(domain, nil)
	root.mustUser(boss, nil)
	root.must(http.StatusOK, "PUT", "/api/user/"+boss, body{"isGlobalAdmin": "yes"})
	session := there.as(boss, password)
	require.True(t, session.at(root.w).get("/api/whoami").ok())
	require.True(t, session.get("/api/whoami").ok())
	a := x.act(root, session.at(root.w), domain)
	require.True(t, a.ok(), a.raw)
	require.Equal(t, "LOGIN_REQUIRED", session.at(root.w).get("/api/whoami").msg(), "at once where it was changed")
	require.Eventually(t, func() bool { return session.get("/api/whoami").msg() == "LOGIN_REQUIRED" }, soon, 20*time.Millisecond)
}

// sharedEnding is what ends the session of the boss of a domain at every server.
type sharedEnding struct {
	name string
	act  func(root, session *client, domain string) answer
}

var sharedEndings = []sharedEnding{
	{"by logging out", func(_, session *client, _ string) answer { return session.send("POST", "/api/logout", "", "") }},
	{"by another password", func(root, _ *client, domain string) answer {
		return root.json("PUT", "/api/user/boss@"+domain, body{"password": anotherPassword})
	}},
	{"by disabling", func(root, _ *client, domain string) answer {
		return root.json("PUT", "/api/user/boss@"+domain, body{"accountStatus": "disabled"})
	}},
	{"by losing all rights", func(root, _ *client, domain string) answer {
		return root.json("PUT", "/api/user/boss@"+domain, body{"isGlobalAdmin": "no"})
	}},
	{"by renaming", func(root, _ *client, domain string) answer {
		return root.send("POST", "/api/user/boss@"+domain+"/change_email/new@"+domain, "", "")
	}},
	{"by deletion", func(root, _ *client, domain string) answer { return root.delete("/api/user/boss@" + domain) }},
	{"by a bulk change of the domain", func(root, _ *client, domain string) answer {
		return root.json("PUT", "/api/users/"+domain, body{"password": anotherPassword})
	}},
	{"by deletion of the domain", func(root, _ *client, domain string) answer { return root.delete("/api/domain/" + domain) }},
}
