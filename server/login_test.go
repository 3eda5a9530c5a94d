package server_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server"
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

// logInFrom sends a log-in from an address.
func (c *client) logInFrom(ip, username, given string) answer {
	c.w.t.Helper()
	body := fmt.Sprintf(`{"username": %q, "password": %q}`, username, given)
	r := httptest.NewRequestWithContext(c.w.t.Context(), "POST", c.prefix+"/api/login", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.RemoteAddr = ip + ":40000"
	if strings.Contains(ip, ":") {
		r.RemoteAddr = "[" + ip + "]:40000"
	}
	return c.do(r)
}

// requireTooMany asserts 429 with so many seconds to wait.
func requireTooMany(t *testing.T, a answer, seconds int) {
	t.Helper()
	require.Equal(t, http.StatusTooManyRequests, a.status, a.raw)
	require.Equal(t, "TOO_MANY_ATTEMPTS", a.msg(), a.raw)
	require.Equal(t, strconv.Itoa(seconds), a.header.Get("Retry-After"), a.raw)
}

const (
	homeIP   = "198.51.100.20"
	strange  = "203.0.113.5"
	wrongOne = "Wrong-1958-rain"
)

// TestWrongPasswordsMakeWait guesses at an account on either surface. Wrong passwords, unknown and plain accounts count alike.
func TestWrongPasswordsMakeWait(t *testing.T) {
	for _, engine := range append(slices.Clone(engines), "ldap") {
		for _, legacy := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, legacy %t", engine, legacy), func(t *testing.T) {
				now := newClock()
				w := newFixtureOn(t, engine, now.option)
				root := w.root()
				root.mustDomain("example.com", nil)
				root.mustUser("plain@example.com", nil)
				someone := w.anonymous()
				failed := http.StatusUnauthorized
				if legacy {
					someone, failed = someone.legacy(), http.StatusOK
				}
				for _, name := range []string{rootMail, "nobody@elsewhere.test", "plain@example.com"} {
					for range 5 {
						a := someone.logInFrom(strange, name, wrongOne)
						require.Equal(t, "INVALID_CREDENTIALS", a.msg(), a.raw)
						require.Equal(t, failed, a.status)
					}
					requireTooMany(t, someone.logInFrom(strange, name, wrongOne), 1)
				}
				requireTooMany(t, someone.logInFrom(strange, rootMail, password), 1)
				now.move(time.Second)
				require.Equal(t, "INVALID_CREDENTIALS", someone.logInFrom(strange, rootMail, wrongOne).msg())
				requireTooMany(t, someone.logInFrom(strange, rootMail, password), 2)
				requireTooMany(t, someone.logInFrom(homeIP, rootMail, password), 2)
				require.True(t, someone.logInFrom("192.0.2.1", rootMail, password).ok(), "it has logged in from there before")
				now.move(2 * time.Second)
				require.True(t, someone.logInFrom(strange, rootMail, password).ok())
				for range 5 {
					require.Equal(t, "INVALID_CREDENTIALS", someone.logInFrom(strange, rootMail, wrongOne).msg(), "the success cleared it")
				}
				requireTooMany(t, someone.logInFrom(strange, rootMail, wrongOne), 1)
			})
		}
	}
}

// TestAddressesOfOneCustomer treats the addresses of an IPv6 /64 as one, and those of IPv4 each by itself.
func TestAddressesOfOneCustomer(t *testing.T) {
	w := newFixture(t, newClock().option)
	for i := range 5 {
		require.Equal(t, "INVALID_CREDENTIALS", w.anonymous().logInFrom(fmt.Sprintf("2001:db8:0:1::%d", i), "a@b.test", wrongOne).msg())
	}
	requireTooMany(t, w.anonymous().logInFrom("2001:db8:0:1:ffff::1", "a@b.test", wrongOne), 1)
	require.Equal(t, "203.0.113.5/32", store.NetworkOf("203.0.113.5"))
	require.Equal(t, "203.0.113.5/32", store.NetworkOf("::ffff:203.0.113.5"))
	require.Equal(t, "2001:db8:0:1::/64", store.NetworkOf("2001:db8:0:1:ffff::1"))
	require.Equal(t, "fe80::/64", store.NetworkOf("fe80::1%eth0"))
	require.Equal(t, "unknown", store.NetworkOf("@"))
}

// TestServersShareLimits fails at one server and is refused at another.
func TestServersShareLimits(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			here, there := twoServers(t, engine, newClock().option)
			for i := range 5 {
				w := []*fixture{here, there}[i%2]
				require.Equal(t, "INVALID_CREDENTIALS", w.anonymous().logInFrom(strange, rootMail, wrongOne).msg())
			}
			requireTooMany(t, here.anonymous().logInFrom(strange, rootMail, password), 1)
			requireTooMany(t, there.anonymous().logInFrom(strange, rootMail, password), 1)
		})
	}
}

// TestManyWrongPasswordsAtOnce cannot get past the limit together, and right ones at the same time all get in.
func TestManyWrongPasswordsAtOnce(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			w := newFixtureOn(t, engine, newClock().option)
			together := func(given string) map[string]int {
				var mu sync.Mutex
				var all sync.WaitGroup
				codes := map[string]int{}
				for range 64 {
					all.Go(func() {
						a := w.anonymous().logInFrom(strange, rootMail, given)
						mu.Lock()
						defer mu.Unlock()
						codes[a.msg()]++
					})
				}
				all.Wait()
				return codes
			}
			require.Equal(t, map[string]int{"": 64}, together(password))
			require.Equal(t, map[string]int{"INVALID_CREDENTIALS": 5, "TOO_MANY_ATTEMPTS": 59}, together(wrongOne))
		})
	}
}

// TestFailedLoginsTakeTheirTime answers a failure late and a refusal at once.
func TestFailedLoginsTakeTheirTime(t *testing.T) {
	w := newFixture(t, newClock().option)
	for range 5 {
		begun := time.Now()
		require.Equal(t, "INVALID_CREDENTIALS", w.anonymous().logInFrom(strange, "nobody@b.test", wrongOne).msg())
		require.GreaterOrEqual(t, time.Since(begun), 300*time.Millisecond)
	}
	quickest := time.Hour
	for range 10 {
		begun := time.Now()
		requireTooMany(t, w.anonymous().logInFrom(strange, "nobody@b.test", wrongOne), 1)
		quickest = min(quickest, time.Since(begun))
	}
	require.Less(t, quickest, 300*time.Millisecond)
}

// TestFailedLoginsAreLogged finds one line for each failure, whatever the surface.
func TestFailedLoginsAreLogged(t *testing.T) {
	w := newFixture(t, newClock().option)
	for _, c := range []*client{w.anonymous(), w.anonymous().legacy()} {
		for _, x := range []struct{ name, logged, given, code string }{
			{rootMail, rootMail, wrongOne, "INVALID_CREDENTIALS"},
			{"nobody@b.test", "nobody@b.test", wrongOne, "INVALID_CREDENTIALS"},
		} {
			w.log.Reset()
			require.Equal(t, x.code, c.logInFrom("2001:db8::7", x.name, x.given).msg())
			var lines []string
			for line := range strings.Lines(w.log.String()) {
				if strings.Contains(line, "level=WARN") {
					lines = append(lines, line)
				}
			}
			require.Len(t, lines, 1, w.log)
			require.Contains(t, lines[0], fmt.Sprintf(`level=WARN msg="log-in failed" code=%s ip=2001:db8::7 name=%s request_id=`, x.code, x.logged))
			require.NotContains(t, w.log.String(), wrongOne)
		}
	}
	for range 3 {
		w.anonymous().logInFrom("2001:db8::7", rootMail, wrongOne)
	}
	w.log.Reset()
	requireTooMany(t, w.anonymous().logInFrom("2001:db8::7", rootMail, wrongOne), 1)
	require.Contains(t, w.log.String(), `msg="log-in failed" code=TOO_MANY_ATTEMPTS ip=2001:db8::7 name=`+rootMail)
}

// TestComparingPasswordsIsLimited bounds what a session may guess with verify_password.
func TestComparingPasswordsIsLimited(t *testing.T) {
	const ada = "/api/verify_password/admin/ada@admins.test"
	for _, engine := range append(slices.Clone(engines), "ldap") {
		t.Run(engine, func(t *testing.T) {
			now := newClock()
			w := newFixtureOn(t, engine, now.option)
			root := w.root()
			root.must(http.StatusCreated, "POST", "/api/admin/ada@admins.test", map[string]any{"password": password})
			root.mustDomain("example.com", nil)
			root.mustUser("anna@example.com", nil)
			right, wrong := map[string]any{"password": password}, map[string]any{"password": wrongOne}
			for range 10 {
				root.must(http.StatusOK, "POST", ada, right)
				require.Equal(t, "INVALID_CREDENTIALS", root.must(http.StatusUnprocessableEntity, "POST", ada, wrong).msg())
				root.must(http.StatusUnprocessableEntity, "POST", "/api/verify_password/user/anna@example.com", wrong)
			}
			requireTooMany(t, root.json("POST", ada, right), 900)
			requireTooMany(t, root.legacy().json("POST", "/api/verify_password/user/anna@example.com", right), 900)
			require.True(t, root.get("/api/whoami").ok(), "the session itself goes on")
			require.True(t, w.root().json("POST", ada, right).ok(), "another session")
			now.move(15 * time.Minute)
			root.must(http.StatusOK, "POST", ada, right)
		})
	}
}

// TestSessionsPerAccount opens more than an account may have: that which was used longest ago ends.
func TestSessionsPerAccount(t *testing.T) {
	now := newClock()
	w := newFixture(t, now.option)
	root := w.root()
	root.must(http.StatusCreated, "POST", "/api/admin/ada@admins.test", map[string]any{"password": password})
	all := make([]*client, store.SessionsPerAccount)
	for i := range all {
		all[i] = w.as("ada@admins.test", password)
		now.move(time.Second)
	}
	now.move(2 * time.Minute)
	require.True(t, all[0].get("/api/whoami").ok())
	require.True(t, all[1].get("/api/whoami").ok())
	require.True(t, all[2].get("/api/whoami").ok())
	now.move(time.Millisecond)
	newest := w.as("ada@admins.test", password)
	require.Equal(t, "LOGIN_REQUIRED", all[3].get("/api/whoami").msg())
	for _, c := range []*client{newest, root, all[0], all[4], all[len(all)-1]} {
		require.True(t, c.get("/api/whoami").ok())
	}
}
