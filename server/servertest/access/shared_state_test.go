package access_test

import (
	"crypto/rand"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/storetest"
)

// twoServers are two servers, as two processes would be, over the same three databases of an engine.
func twoServers(t *testing.T, engine string, options ...servertest.Option) (here, there *servertest.Fixture) {
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
	all := func() servertest.Databases {
		return servertest.Databases{Vmail: open("vmail"), Panel: open("iredadmin"), Amavisd: open("amavisd"), Iredapd: open("iredapd")}
	}
	first := all()
	first.CreateTables(t, engine)
	here = servertest.ServeOn(t, dir, first, urls["state"], options...)
	there = servertest.ServeOn(t, dir, all(), urls["state"], options...)
	here.CreateRoot()
	return here, there
}

// soon is how long a change that another process makes may take to show: an answer is used again for a second.
const soon = 3 * time.Second

// TestServersShareSessions opens a session at one server and uses it at another, where a change to the account shows.
func TestServersShareSessions(t *testing.T) {
	for _, engine := range servertest.Engines {
		t.Run(engine, func(t *testing.T) {
			here, there := twoServers(t, engine)
			root := here.Root()
			root.MustDomain("example.com", nil)
			require.True(t, root.At(there).Get("/api/domain/example.com").OK(), "a session is good at both")
			for _, x := range sharedEndings {
				t.Run("ends there "+x.name, func(t *testing.T) { x.play(t, root, there) })
			}
			t.Run("rights that are given show there", func(t *testing.T) {
				root.Must(http.StatusCreated, "POST", "/api/admin/new@admins.test", servertest.WithPassword)
				admin := there.As("new@admins.test", servertest.OnePassword)
				require.Equal(t, http.StatusForbidden, admin.Get("/api/domain/example.com").Status)
				root.Must(http.StatusOK, "PUT", "/api/domain/admins/example.com", servertest.Body{"addAdmin": servertest.List{"new@admins.test"}})
				require.Eventually(t, func() bool { return admin.Get("/api/domain/example.com").OK() }, soon, 50*time.Millisecond)
				root.Must(http.StatusOK, "PUT", "/api/domain/admins/example.com", servertest.Body{"removeAdmin": servertest.List{"new@admins.test"}})
				require.Eventually(t, func() bool { return admin.Get("/api/domain/example.com").Status == http.StatusForbidden },
					soon, 50*time.Millisecond)
			})
			require.True(t, root.At(there).Get("/api/whoami").OK(), "another's session goes on")
		})
	}
}

// play has somebody log in there, and looks at both servers after what root does at its own.
func (x sharedEnding) play(t *testing.T, root *servertest.Client, there *servertest.Fixture) {
	domain := strings.ToLower(rand.Text()) + ".test"
	boss := "boss@" + domain
	root.MustDomain(domain, nil)
	root.MustUser(boss, nil)
	root.Must(http.StatusOK, "PUT", "/api/user/"+boss, servertest.Body{"isGlobalAdmin": "yes"})
	session := there.As(boss, servertest.Password)
	require.True(t, session.At(root.W).Get("/api/whoami").OK())
	require.True(t, session.Get("/api/whoami").OK())
	a := x.act(root, session.At(root.W), domain)
	require.True(t, a.OK(), a.Raw)
	require.Equal(t, "LOGIN_REQUIRED", session.At(root.W).Get("/api/whoami").Msg(), "at once where it was changed")
	require.Eventually(t, func() bool { return session.Get("/api/whoami").Msg() == "LOGIN_REQUIRED" }, soon, 20*time.Millisecond)
}

// sharedEnding is what ends the session of the boss of a domain at every server.
type sharedEnding struct {
	name string
	act  func(root, session *servertest.Client, domain string) servertest.Answer
}

var sharedEndings = []sharedEnding{
	{"by logging out", func(_, session *servertest.Client, _ string) servertest.Answer {
		return session.Send("POST", "/api/logout", "", "")
	}},
	{"by another password", func(root, _ *servertest.Client, domain string) servertest.Answer {
		return root.JSON("PUT", "/api/user/boss@"+domain, servertest.Body{"password": servertest.AnotherPassword})
	}},
	{"by disabling", func(root, _ *servertest.Client, domain string) servertest.Answer {
		return root.JSON("PUT", "/api/user/boss@"+domain, servertest.Body{"accountStatus": "disabled"})
	}},
	{"by losing all rights", func(root, _ *servertest.Client, domain string) servertest.Answer {
		return root.JSON("PUT", "/api/user/boss@"+domain, servertest.Body{"isGlobalAdmin": "no"})
	}},
	{"by renaming", func(root, _ *servertest.Client, domain string) servertest.Answer {
		return root.Send("POST", "/api/user/boss@"+domain+"/change_email/new@"+domain, "", "")
	}},
	{"by deletion", func(root, _ *servertest.Client, domain string) servertest.Answer {
		return root.Delete("/api/user/boss@" + domain)
	}},
	{"by a bulk change of the domain", func(root, _ *servertest.Client, domain string) servertest.Answer {
		return root.JSON("PUT", "/api/users/"+domain, servertest.Body{"password": servertest.AnotherPassword})
	}},
	{"by deletion of the domain", func(root, _ *servertest.Client, domain string) servertest.Answer {
		return root.Delete("/api/domain/" + domain)
	}},
}
