package faults_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server"
	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store"
	passwords "github.com/postern-mail/postern/store/password"
)

// residentMemory is what the process has in memory, in bytes.
func residentMemory(t *testing.T) int64 {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("this system does not say how much memory a process has")
	}
	kib, err := strconv.ParseInt(string(regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(status)[1]), 10, 64)
	require.NoError(t, err)
	return kib << 10
}

// reader asks who it is, one request after the other, and keeps how long each took.
type reader struct {
	url    string
	cookie *http.Cookie
	client *http.Client
}

func (r *reader) read(ctx context.Context) (time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, "GET", r.url+"/api/whoami", nil)
	if err != nil {
		return 0, err
	}
	req.AddCookie(r.cookie)
	begun := time.Now()
	answer, err := r.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d", answer.StatusCode)
	}
	return time.Since(begun), err
}

// p99 reads until done is closed, at least 200 times, and returns what 99 of 100 took at most.
func (r *reader) p99(t *testing.T, done <-chan struct{}) time.Duration {
	t.Helper()
	var took []time.Duration
	for ended := false; !ended || len(took) < 200; {
		d, err := r.read(t.Context())
		require.NoError(t, err)
		took = append(took, d)
		select {
		case <-done:
			ended = true
		default:
		}
	}
	slices.Sort(took)
	return took[len(took)*99/100]
}

// TestManyFailedLoginsLeaveRoom sends 64 wrong log-ins at once, again and again, where a password costs a lot to compare. The
// server takes little memory for them and answers others beside them.
func TestManyFailedLoginsLeaveRoom(t *testing.T) {
	if testing.Short() {
		t.Skip("it measures")
	}
	w := servertest.NewFixture(t, servertest.Quiet, func(d *server.Deps) { d.PasswordScheme, d.UnlimitedLogins = passwords.Bcrypt, true })
	s := httptest.NewServer(w.Handler)
	defer s.Close()
	r := &reader{url: s.URL, cookie: w.Root().Cookie, client: s.Client()}
	ended := make(chan struct{})
	close(ended)
	r.p99(t, ended)
	calm := r.p99(t, ended)

	before, codes := residentMemory(t), map[int]int{}
	crowd := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	done := make(chan struct{})
	most := before
	go func() {
		defer close(done)
		for round := range 5 {
			var all sync.WaitGroup
			var mu sync.Mutex
			for i := range 64 {
				all.Go(func() {
					body := fmt.Sprintf(`{"username": "user%d.%d@b.test", "password": "wrong"}`, i, round)
					answer, err := crowd.Post(s.URL+"/api/login", "application/json", strings.NewReader(body))
					if err != nil {
						t.Error(err)
						return
					}
					_ = answer.Body.Close()
					mu.Lock()
					defer mu.Unlock()
					codes[answer.StatusCode]++
				})
			}
			all.Wait()
			most = max(most, residentMemory(t))
		}
	}()
	busy := r.p99(t, done)
	t.Logf("quiet p99 %v, beside 64 wrong log-ins %v; memory grew by %d KiB; answers %v", calm, busy, (most-before)>>10, codes)
	require.Less(t, most-before, int64(64<<20))
	require.LessOrEqual(t, busy, max(3*calm, 25*time.Millisecond))
	require.Equal(t, 5*64, codes[http.StatusUnauthorized]+codes[http.StatusServiceUnavailable])
	require.Positive(t, codes[http.StatusUnauthorized])
}

// argonOfPassword is what Dovecot makes of password, with 64 MiB and 3 passes.
const argonOfPassword = "{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=1$0wUJ3DoaaVXzF79MziIbrQ$truiz5zwnnCT7pKUtps5nd8eKUv0byaxTaSV1EbuRp4"

// BenchmarkFailedLogin answers the six kinds of account that cannot log in, in turn, in each of three schemes. It reports the
// medians of the kinds and fails where those of a scheme differ by more than 5 %: the time tells nothing about an account.
func BenchmarkFailedLogin(b *testing.B) {
	hashes := map[string]store.Secret{"ARGON2ID": argonOfPassword}
	for name, scheme := range map[string]passwords.Scheme{"SSHA512": passwords.SSHA512, "BCRYPT": passwords.Bcrypt} {
		hash, err := passwords.Hash(scheme, servertest.Password)
		require.NoError(b, err)
		hashes[name] = hash
	}
	kinds := []struct{ name, mail, given string }{
		{"unknown", "nobody@b.test", servertest.Password},
		{"disabled-admin", "off@admins.test", servertest.Password},
		{"disabled-mailbox", "off@example.com", servertest.Password},
		{"plain-mailbox", "plain@example.com", servertest.Password},
		{"admin", "on@admins.test", servertest.WrongOne},
		{"mailbox-admin", "boss@example.com", servertest.WrongOne},
	}
	for _, scheme := range []string{"SSHA512", "BCRYPT", "ARGON2ID"} {
		configured, err := passwords.ParseScheme(scheme)
		if err != nil {
			configured = passwords.SSHA512 // new passwords cannot be stored in it
		}
		w := servertest.NewFixture(b, servertest.Quiet, func(d *server.Deps) { d.PasswordScheme, d.UnlimitedLogins = configured, true })
		root := w.Root()
		root.MustDomain("example.com", nil)
		for _, x := range kinds[1:] {
			hash := hashes[scheme]
			if strings.HasSuffix(x.mail, "@admins.test") {
				root.Must(http.StatusCreated, "POST", "/api/admin/"+x.mail, map[string]any{"password": servertest.Password})
				active := !strings.HasPrefix(x.name, "disabled")
				_, err = w.Deps.Accounts.UpdateAdmin(b.Context(), servertest.ByRoot, x.mail, store.AdminUpdate{Password: &hash, Active: &active})
			} else {
				root.MustUser(x.mail, nil)
				active, global := !strings.HasPrefix(x.name, "disabled"), x.name != "plain-mailbox"
				_, err = w.Deps.Accounts.UpdateUser(b.Context(), servertest.ByRoot, x.mail, store.UserUpdate{Password: &hash, Active: &active, Global: &global})
			}
			require.NoError(b, err)
		}
		medians := map[string]time.Duration{}
		b.Run(scheme, func(b *testing.B) {
			took := map[string][]time.Duration{}
			for i := range b.N + 1 { // the first round is not counted: it finds out how long the slowest takes here
				for _, x := range kinds {
					begun := time.Now()
					a := w.Anonymous().LogInFrom(servertest.Strange, x.mail, x.given)
					if i > 0 {
						took[x.name] = append(took[x.name], time.Since(begun))
					}
					require.Equal(b, "INVALID_CREDENTIALS", a.Msg())
				}
			}
			for _, x := range kinds {
				slices.Sort(took[x.name])
				medians[x.name] = took[x.name][b.N/2]
				b.ReportMetric(float64(medians[x.name].Microseconds())/1000, x.name+"-ms")
			}
			b.ReportMetric(0, "ns/op")
		})
		var shortest, longest time.Duration
		for _, median := range medians {
			longest = max(longest, median)
			if shortest == 0 || median < shortest {
				shortest = median
			}
		}
		if longest > shortest*105/100 {
			b.Errorf("%s: medians from %v to %v", scheme, shortest, longest)
		}
	}
}
