package faults_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store/storetest"
)

// breakable are database servers of a test's own, which it may stop.
type breakable struct {
	t   *testing.T
	dir string
}

// newBreakable starts the servers and has storetest use them for the rest of the test.
func newBreakable(t *testing.T) breakable {
	t.Helper()
	for _, engine := range storetest.Servers {
		storetest.ServerURL(t, engine) // a run without servers goes without these too
	}
	b := breakable{t: t}
	for line := range strings.Lines(b.backends("up")) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		if name == "DIR" {
			b.dir = value
			t.Cleanup(func() { b.backends("down", b.dir) })
			continue
		}
		t.Setenv(name, value)
	}
	require.NotEmpty(t, b.dir)
	return b
}

// backends runs the script that keeps the servers. What it prints goes into a file: a server that it starts keeps
// the output open.
func (b breakable) backends(args ...string) string {
	b.t.Helper()
	out, err := os.Create(filepath.Join(b.t.TempDir(), "out"))
	require.NoError(b.t, err)
	defer out.Close()
	script := exec.Command("../../../scripts/backends.sh", args...)
	script.Stdout, script.Stderr = out, out
	err = script.Run()
	text, _ := os.ReadFile(out.Name())
	require.NoError(b.t, err, "%s", text)
	return string(text)
}

// signal reaches every process of a server, the first one before those that it might replace.
func (b breakable) signal(engine string, signal syscall.Signal) {
	b.t.Helper()
	text, err := os.ReadFile(filepath.Join(b.dir, engine+".pid"))
	require.NoError(b.t, err)
	first, err := strconv.Atoi(strings.TrimSpace(string(text)))
	require.NoError(b.t, err)
	require.NoError(b.t, syscall.Kill(first, signal))
	for _, child := range childrenOf(b.t, first) {
		_ = syscall.Kill(child, signal) // it may have ended by itself
	}
}

func childrenOf(t *testing.T, parent int) []int {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(t, err)
	var children []int
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // ended meanwhile
		}
		_, rest, _ := strings.Cut(string(text), ") ") // state and parent follow the name
		if fields := strings.Fields(rest); len(fields) > 1 && fields[1] == strconv.Itoa(parent) {
			id, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			require.NoError(t, err)
			children = append(children, id)
		}
	}
	return children
}

// outages are the ways in which a database is away, and how it comes back.
var outages = []struct {
	name        string
	begin, over func(b breakable, engine string)
}{
	{
		"stopped", func(b breakable, engine string) { b.backends("stop", b.dir, engine) },
		func(b breakable, engine string) { b.backends("start", b.dir, engine) },
	},
	{
		"stalled", func(b breakable, engine string) { b.signal(engine, syscall.SIGSTOP) },
		func(b breakable, engine string) { b.signal(engine, syscall.SIGCONT) },
	},
}

const (
	loaders = 16
	// inTime bounds an answer while the database is away, and how long the server takes to notice that it is back.
	inTime = 5 * time.Second
	// fewMore is how many goroutines an outage may add, be it as long as it wants: those of a few connections.
	fewMore = 64
)

func TestDatabaseAway(t *testing.T) {
	b := newBreakable(t)
	for _, engine := range append([]string{"ldap"}, storetest.Servers...) {
		for _, outage := range outages {
			t.Run(engine+" "+outage.name, func(t *testing.T) {
				w := servertest.NewFixtureOn(t, engine)
				root := w.Root()
				root.MustDomain("example.com", nil)
				root.MustUser("anna@example.com", nil)
				// Its log-ins end its own oldest sessions, and not that of the others.
				root.Must(http.StatusCreated, "POST", "/api/admin/guest@admins.test", map[string]any{"password": servertest.Password})
				back := sync.OnceFunc(func() { outage.over(b, engine) })
				t.Cleanup(back)

				l := startLoad(t, root)
				l.eventually("requests work", 10*inTime, func(c counts) bool { return c.done > 20*loaders })
				before := runtime.NumGoroutine()
				outage.begin(b, engine)
				l.reset()
				l.eventually("every client is told", 4*inTime, func(c counts) bool { return c.down >= 2*loaders })
				require.LessOrEqual(t, runtime.NumGoroutine(), before+fewMore, "goroutines pile up")
				back()
				l.reset()
				l.eventually("requests work again", inTime, func(c counts) bool { return c.done > loaders })
				l.eventually("no request is refused any more", 2*inTime, func(c counts) bool {
					return c.done > 20*loaders && time.Since(c.refused) > time.Second
				})
				require.WithinRange(t, l.counts().refused, time.Time{}, l.since().Add(inTime), "the last refusal")
				l.end()
				require.LessOrEqual(t, runtime.NumGoroutine(), before+fewMore)
				require.Empty(t, l.faults(), "causes: %s", w.Causes())
			})
		}
	}
}

// counts are what came of requests that were begun since the last reset.
type counts struct {
	done, down int
	refused    time.Time // when the last one was told, whenever it was begun
}

// load is clients that read, write and log in without a pause.
type load struct {
	t        *testing.T
	c        *servertest.Client
	stop     atomic.Bool
	clients  sync.WaitGroup
	mu       sync.Mutex
	from     time.Time
	seen     counts
	mistakes []string
}

func startLoad(t *testing.T, c *servertest.Client) *load {
	t.Helper()
	l := &load{t: t, c: c, from: time.Now()}
	for number := range loaders {
		l.clients.Go(func() {
			for i := number; !l.stop.Load(); i++ {
				l.send(i)
			}
		})
	}
	t.Cleanup(l.end)
	return l
}

func (l *load) end() {
	l.stop.Store(true)
	l.clients.Wait()
}

// send sends one request and notes what comes of it.
func (l *load) send(i int) {
	method, path, given := http.MethodGet, servertest.AnnaUser, ""
	switch i % 4 {
	case 1:
		method, given = http.MethodPut, fmt.Sprintf(`{"name":"Anna %d"}`, i)
	case 2:
		method, path, given = http.MethodPost, "/api/login", fmt.Sprintf(`{"username":%q,"password":%q}`, "guest@admins.test", servertest.Password)
	case 3:
		path = "/api/users/example.com"
	}
	r := httptest.NewRequestWithContext(l.t.Context(), method, path, strings.NewReader(given))
	if given != "" {
		r.Header.Set("Content-Type", servertest.JSONType)
	}
	r.AddCookie(l.c.Cookie)
	begun, rec := time.Now(), httptest.NewRecorder()
	l.c.W.Handler.ServeHTTP(rec, r)
	l.note(begun, method+" "+path, rec)
}

func (l *load) note(begun time.Time, what string, rec *httptest.ResponseRecorder) {
	took := time.Since(begun)
	var answer struct {
		Success bool   `json:"_success"`
		Msg     string `json:"_msg"`
	}
	err := json.Unmarshal(rec.Body.Bytes(), &answer)
	// A request whose time is over as the database comes back finds that it answers.
	// Log-ins of one account wait for each other.
	away := slices.Contains([]string{"SERVER_DOWN", "IN_PROGRESS", "SERVER_BUSY"}, answer.Msg)
	down := rec.Code == http.StatusServiceUnavailable && away && rec.Header().Get("Retry-After") != ""
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil || !down && !answer.Success || took > inTime {
		l.mistakes = append(l.mistakes, fmt.Sprintf("%s: after %s: %d %.300s", what, took, rec.Code, rec.Body))
	}
	if down {
		l.seen.refused = time.Now()
	}
	switch {
	case begun.Before(l.from): // of the time before
	case down:
		l.seen.down++
	case answer.Success:
		l.seen.done++
	}
}

func (l *load) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen, l.from = counts{}, time.Now()
}

func (l *load) since() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.from
}

func (l *load) counts() counts {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seen
}

func (l *load) faults() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.mistakes[:min(5, len(l.mistakes))])
}

// eventually waits until the counts are as wanted.
func (l *load) eventually(what string, limit time.Duration, wanted func(counts) bool) {
	l.t.Helper()
	require.Eventually(l.t, func() bool { return wanted(l.counts()) }, limit, 20*time.Millisecond, "%s; faults: %q", what, l.faults())
}
