package access_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server"
	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store"
)

// clock is a time that tests move.
type clock struct{ at atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.at.Store(time.Date(2026, 2, 3, 12, 0, 0, 0, time.UTC).UnixMilli())
	return c
}

func (c *clock) now() time.Time { return time.UnixMilli(c.at.Load()).UTC() }

func (c *clock) move(d time.Duration) { c.at.Add(d.Milliseconds()) }

// option makes a server take its time from the clock.
func (c *clock) option(o *server.Deps) { o.Now = c.now }

// requireTooMany asserts 429 with so many seconds to wait.
func requireTooMany(t *testing.T, a servertest.Answer, seconds int) {
	t.Helper()
	require.Equal(t, http.StatusTooManyRequests, a.Status, a.Raw)
	require.Equal(t, "TOO_MANY_ATTEMPTS", a.Msg(), a.Raw)
	require.Equal(t, strconv.Itoa(seconds), a.Header.Get("Retry-After"), a.Raw)
}

// TestWrongPasswordsMakeWait guesses at an account on either surface. Wrong passwords, unknown and plain accounts count alike.
func TestWrongPasswordsMakeWait(t *testing.T) {
	for _, engine := range append(slices.Clone(servertest.Engines), "ldap") {
		for _, legacy := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, legacy %t", engine, legacy), func(t *testing.T) {
				now := newClock()
				w := servertest.NewFixtureOn(t, engine, now.option)
				root := w.Root()
				root.MustDomain("example.com", nil)
				root.MustUser("plain@example.com", nil)
				someone := w.Anonymous()
				failed := http.StatusUnauthorized
				if legacy {
					someone, failed = someone.Legacy(), http.StatusOK
				}
				for _, name := range []string{servertest.RootMail, "nobody@elsewhere.test", "plain@example.com"} {
					for range 5 {
						a := someone.LogInFrom(servertest.Strange, name, servertest.WrongOne)
						require.Equal(t, "INVALID_CREDENTIALS", a.Msg(), a.Raw)
						require.Equal(t, failed, a.Status)
					}
					requireTooMany(t, someone.LogInFrom(servertest.Strange, name, servertest.WrongOne), 1)
				}
				requireTooMany(t, someone.LogInFrom(servertest.Strange, servertest.RootMail, servertest.Password), 1)
				now.move(time.Second)
				require.Equal(t, "INVALID_CREDENTIALS", someone.LogInFrom(servertest.Strange, servertest.RootMail, servertest.WrongOne).Msg())
				requireTooMany(t, someone.LogInFrom(servertest.Strange, servertest.RootMail, servertest.Password), 2)
				requireTooMany(t, someone.LogInFrom(servertest.HomeIP, servertest.RootMail, servertest.Password), 2)
				require.True(t, someone.LogInFrom("192.0.2.1", servertest.RootMail, servertest.Password).OK(), "it has logged in from there before")
				now.move(2 * time.Second)
				require.True(t, someone.LogInFrom(servertest.Strange, servertest.RootMail, servertest.Password).OK())
				for range 5 {
					require.Equal(t, "INVALID_CREDENTIALS", someone.LogInFrom(servertest.Strange, servertest.RootMail, servertest.WrongOne).Msg(), "the success cleared it")
				}
				requireTooMany(t, someone.LogInFrom(servertest.Strange, servertest.RootMail, servertest.WrongOne), 1)
			})
		}
	}
}

// TestAddressesOfOneCustomer treats the addresses of an IPv6 /64 as one, and those of IPv4 each by itself.
func TestAddressesOfOneCustomer(t *testing.T) {
	w := servertest.NewFixture(t, newClock().option)
	for i := range 5 {
		require.Equal(t, "INVALID_CREDENTIALS", w.Anonymous().LogInFrom(fmt.Sprintf("2001:db8:0:1::%d", i), "a@b.test", servertest.WrongOne).Msg())
	}
	requireTooMany(t, w.Anonymous().LogInFrom("2001:db8:0:1:ffff::1", "a@b.test", servertest.WrongOne), 1)
	require.Equal(t, "203.0.113.5/32", store.NetworkOf("203.0.113.5"))
	require.Equal(t, "203.0.113.5/32", store.NetworkOf("::ffff:203.0.113.5"))
	require.Equal(t, "2001:db8:0:1::/64", store.NetworkOf("2001:db8:0:1:ffff::1"))
	require.Equal(t, "fe80::/64", store.NetworkOf("fe80::1%eth0"))
	require.Equal(t, "unknown", store.NetworkOf("@"))
}

// TestServersShareLimits fails at one server and is refused at another.
func TestServersShareLimits(t *testing.T) {
	for _, engine := range servertest.Engines {
		t.Run(engine, func(t *testing.T) {
			here, there := twoServers(t, engine, newClock().option)
			for i := range 5 {
				w := []*servertest.Fixture{here, there}[i%2]
				require.Equal(t, "INVALID_CREDENTIALS", w.Anonymous().LogInFrom(servertest.Strange, servertest.RootMail, servertest.WrongOne).Msg())
			}
			requireTooMany(t, here.Anonymous().LogInFrom(servertest.Strange, servertest.RootMail, servertest.Password), 1)
			requireTooMany(t, there.Anonymous().LogInFrom(servertest.Strange, servertest.RootMail, servertest.Password), 1)
		})
	}
}

// TestManyWrongPasswordsAtOnce cannot get past the limit together, and right ones at the same time all get in.
func TestManyWrongPasswordsAtOnce(t *testing.T) {
	for _, engine := range servertest.Engines {
		t.Run(engine, func(t *testing.T) {
			w := servertest.NewFixtureOn(t, engine, newClock().option)
			together := func(given string) map[string]int {
				var mu sync.Mutex
				var all sync.WaitGroup
				codes := map[string]int{}
				for range 64 {
					all.Go(func() {
						a := w.Anonymous().LogInFrom(servertest.Strange, servertest.RootMail, given)
						mu.Lock()
						defer mu.Unlock()
						codes[a.Msg()]++
					})
				}
				all.Wait()
				return codes
			}
			require.Equal(t, map[string]int{"": 64}, together(servertest.Password))
			require.Equal(t, map[string]int{"INVALID_CREDENTIALS": 5, "TOO_MANY_ATTEMPTS": 59}, together(servertest.WrongOne))
		})
	}
}

// TestFailedLoginsTakeTheirTime answers a failure late and a refusal at once.
func TestFailedLoginsTakeTheirTime(t *testing.T) {
	w := servertest.NewFixture(t, newClock().option)
	for range 5 {
		begun := time.Now()
		require.Equal(t, "INVALID_CREDENTIALS", w.Anonymous().LogInFrom(servertest.Strange, "nobody@b.test", servertest.WrongOne).Msg())
		require.GreaterOrEqual(t, time.Since(begun), 300*time.Millisecond)
	}
	quickest := time.Hour
	for range 10 {
		begun := time.Now()
		requireTooMany(t, w.Anonymous().LogInFrom(servertest.Strange, "nobody@b.test", servertest.WrongOne), 1)
		quickest = min(quickest, time.Since(begun))
	}
	require.Less(t, quickest, 300*time.Millisecond)
}

// TestFailedLoginsAreLogged finds one line for each failure, whatever the surface.
func TestFailedLoginsAreLogged(t *testing.T) {
	w := servertest.NewFixture(t, newClock().option)
	for _, c := range []*servertest.Client{w.Anonymous(), w.Anonymous().Legacy()} {
		for _, x := range []struct{ name, logged, given, code string }{
			{servertest.RootMail, servertest.RootMail, servertest.WrongOne, "INVALID_CREDENTIALS"},
			{"nobody@b.test", "nobody@b.test", servertest.WrongOne, "INVALID_CREDENTIALS"},
		} {
			w.Log.Reset()
			require.Equal(t, x.code, c.LogInFrom("2001:db8::7", x.name, x.given).Msg())
			var lines []string
			for line := range strings.Lines(w.Log.String()) {
				if strings.Contains(line, "level=WARN") {
					lines = append(lines, line)
				}
			}
			require.Len(t, lines, 1, w.Log)
			require.Contains(t, lines[0], fmt.Sprintf(`level=WARN msg="log-in failed" code=%s ip=2001:db8::7 name=%s request_id=`, x.code, x.logged))
			require.NotContains(t, w.Log.String(), servertest.WrongOne)
		}
	}
	for range 3 {
		w.Anonymous().LogInFrom("2001:db8::7", servertest.RootMail, servertest.WrongOne)
	}
	w.Log.Reset()
	requireTooMany(t, w.Anonymous().LogInFrom("2001:db8::7", servertest.RootMail, servertest.WrongOne), 1)
	require.Contains(t, w.Log.String(), `msg="log-in failed" code=TOO_MANY_ATTEMPTS ip=2001:db8::7 name=`+servertest.RootMail)
}

// TestComparingPasswordsIsLimited bounds what a session may guess with verify_password.
func TestComparingPasswordsIsLimited(t *testing.T) {
	const ada = "/api/verify_password/admin/ada@admins.test"
	for _, engine := range append(slices.Clone(servertest.Engines), "ldap") {
		t.Run(engine, func(t *testing.T) {
			now := newClock()
			w := servertest.NewFixtureOn(t, engine, now.option)
			root := w.Root()
			root.Must(http.StatusCreated, "POST", "/api/admin/ada@admins.test", map[string]any{"password": servertest.Password})
			root.MustDomain("example.com", nil)
			root.MustUser("anna@example.com", nil)
			right, wrong := map[string]any{"password": servertest.Password}, map[string]any{"password": servertest.WrongOne}
			for range 10 {
				root.Must(http.StatusOK, "POST", ada, right)
				require.Equal(t, "INVALID_CREDENTIALS", root.Must(http.StatusUnprocessableEntity, "POST", ada, wrong).Msg())
				root.Must(http.StatusUnprocessableEntity, "POST", "/api/verify_password/user/anna@example.com", wrong)
			}
			requireTooMany(t, root.JSON("POST", ada, right), 900)
			requireTooMany(t, root.Legacy().JSON("POST", "/api/verify_password/user/anna@example.com", right), 900)
			require.True(t, root.Get("/api/whoami").OK(), "the session itself goes on")
			require.True(t, w.Root().JSON("POST", ada, right).OK(), "another session")
			now.move(15 * time.Minute)
			root.Must(http.StatusOK, "POST", ada, right)
		})
	}
}

// TestSessionsPerAccount opens more than an account may have: that which was used longest ago ends.
func TestSessionsPerAccount(t *testing.T) {
	now := newClock()
	w := servertest.NewFixture(t, now.option)
	root := w.Root()
	root.Must(http.StatusCreated, "POST", "/api/admin/ada@admins.test", map[string]any{"password": servertest.Password})
	all := make([]*servertest.Client, store.SessionsPerAccount)
	for i := range all {
		all[i] = w.As("ada@admins.test", servertest.Password)
		now.move(time.Second)
	}
	now.move(2 * time.Minute)
	require.True(t, all[0].Get("/api/whoami").OK())
	require.True(t, all[1].Get("/api/whoami").OK())
	require.True(t, all[2].Get("/api/whoami").OK())
	now.move(time.Millisecond)
	newest := w.As("ada@admins.test", servertest.Password)
	require.Equal(t, "LOGIN_REQUIRED", all[3].Get("/api/whoami").Msg())
	for _, c := range []*servertest.Client{newest, root, all[0], all[4], all[len(all)-1]} {
		require.True(t, c.Get("/api/whoami").OK())
	}
}
