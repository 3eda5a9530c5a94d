package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/panelstore"
	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/sqlstore"
	"github.com/postern-mail/postern/store/storetest"
)

const (
	reExec      = "RUN_AS_POSTERN"
	crashAdmin  = "root@admins.test"
	crashSecret = "Winter-1958-rain"
)

// TestMain lets the test binary be the program, so that a test can kill a real process.
func TestMain(m *testing.M) {
	if os.Getenv(reExec) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// crashSite is where a server that is killed keeps its databases.
type crashSite struct {
	engine string
	urls   map[string]string // by the names of the settings
	spool  string            // of mlmmj
}

// newCrashSite makes the databases. On a server they have the tables of iRedMail, which Postern never creates there.
func newCrashSite(t testing.TB, engine string) crashSite {
	t.Helper()
	dir := t.TempDir()
	site := crashSite{engine, map[string]string{}, filepath.Join(dir, "mlmmj")}
	for setting, file := range map[string]string{"vmail_dsn": "vmail.db", "iredadmin_dsn": "iredadmin.db", "state_dsn": "state.db"} {
		site.urls[setting] = "sqlite://" + filepath.Join(dir, file)
		if engine != "sqlite" {
			site.urls[setting] = storetest.DatabaseURL(t, engine)
		}
	}
	if engine != "sqlite" {
		require.NoError(t, sqlstore.Schema.Create(t.Context(), site.open(t, "vmail_dsn")))
		require.NoError(t, panelstore.Schema.Create(t.Context(), site.open(t, "iredadmin_dsn")))
	}
	return site
}

// environment names the databases to a process.
func (s crashSite) environment() []string {
	list := []string{variable("backend") + "=" + s.engine, variable("mlmmj_spool") + "=" + s.spool, variable("mlmmj_smtp_port") + "=9"}
	for setting, url := range s.urls {
		list = append(list, variable(setting)+"="+url)
	}
	return list
}

func (s crashSite) open(t testing.TB, setting string) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open(s.urls[setting])
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// column is what a query of one column finds. It is closed at once: a test asks many times.
func (s crashSite) column(t *testing.T, setting, query string) []string {
	t.Helper()
	db, err := sqldb.Open(s.urls[setting])
	require.NoError(t, err)
	defer db.Close()
	var found []string
	require.NoError(t, db.Reader().Select(t.Context(), &found, query))
	return found
}

// process is a server of its own.
type process struct {
	cmd    *exec.Cmd
	client *http.Client
	url    string
	kill   func()
}

func startProcess(t testing.TB, site crashSite) *process {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "serve", "--listen", "127.0.0.1:0", "--data-dir", t.TempDir(), "--log-level", "error")
	cmd.Env = append(os.Environ(), reExec+"=1", "POSTERN_ADMIN="+crashAdmin, "POSTERN_ADMIN_PASSWORD="+crashSecret)
	cmd.Env = append(cmd.Env, site.environment()...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	p := &process{cmd: cmd, client: &http.Client{Jar: jar}}
	p.kill = sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	t.Cleanup(p.kill)
	for lines := bufio.NewScanner(out); p.url == "" && lines.Scan(); {
		p.url = strings.TrimSuffix(regexp.MustCompile(`http://[^ ]+/docs/`).FindString(lines.Text()), "/docs/")
	}
	require.NotEmpty(t, p.url, "the server did not start")
	require.NoError(t, p.call(t.Context(), "POST", "/api/login", map[string]any{"username": crashAdmin, "password": crashSecret}))
	return p
}

// call returns nil when the server said that it was done.
func (p *process) call(ctx context.Context, method, path string, body map[string]any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, method, p.url+path, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := p.client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	var reply struct {
		Success bool   `json:"_success"`
		Msg     string `json:"_msg"`
	}
	if err = json.NewDecoder(answer.Body).Decode(&reply); err != nil {
		return err
	}
	if !reply.Success {
		return errors.New(reply.Msg)
	}
	return nil
}

// killAmid has clients take their turns, and kills the server after so many of them, while the others are in the middle of
// something. A client whose turn fails is through.
func (p *process) killAmid(clients int, turns int64, turn func(client, turn int) bool) {
	var taken atomic.Int64
	var working sync.WaitGroup
	for c := range clients {
		working.Go(func() {
			for i := 0; turn(c, i); i++ {
				if taken.Add(1) >= turns {
					p.kill()
				}
			}
		})
	}
	working.Wait()
	p.kill()
}

// diary is what the clients of a round know.
type diary struct {
	mu      sync.Mutex
	created map[string]bool // the server said so
	touched map[string]bool // asked to be created, the answer may be missing
}

func (d *diary) note(set map[string]bool, mail string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	set[mail] = true
}

// life is what each client does with each account, until the server is gone.
func life(t *testing.T, p *process, d *diary, mail string) bool {
	renamed := strings.Replace(mail, "@", "-new@", 1)
	path := "/api/user/" + mail
	d.note(d.touched, mail)
	d.note(d.touched, renamed)
	if p.call(t.Context(), "POST", path, map[string]any{"password": crashSecret}) != nil {
		return false
	}
	d.note(d.created, mail)
	steps := []func() error{
		func() error {
			return p.call(t.Context(), "PUT", path, map[string]any{
				"addForwarding": []string{"keep@elsewhere.test"}, "addAlias": []string{"also-" + mail}, "senderBcc": "bcc@elsewhere.test"})
		},
		func() error { return p.call(t.Context(), "PUT", path, map[string]any{"accountStatus": "disabled"}) },
		func() error { return p.call(t.Context(), "POST", path+"/change_email/"+renamed, map[string]any{}) },
		func() error { return p.call(t.Context(), "DELETE", "/api/user/"+renamed, map[string]any{}) },
	}
	for _, step := range steps {
		if step() != nil {
			return false
		}
	}
	return true
}

// TestKilledInTheMiddleOfWrites kills the server many times while clients make, change, rename and remove mailboxes.
// Afterwards each mailbox is whole or absent, and what follows from a change is completed at the next start.
func TestKilledInTheMiddleOfWrites(t *testing.T) {
	rounds := map[string]int{"sqlite": 25, "mysql": 8, "postgres": 8}
	if testing.Short() {
		rounds["sqlite"] = 3
	}
	for _, engine := range append([]string{"sqlite"}, storetest.Servers...) {
		t.Run(engine, func(t *testing.T) { killOften(t, newCrashSite(t, engine), rounds[engine]) })
	}
}

func killOften(t *testing.T, site crashSite, rounds int) {
	t.Helper()
	const clients = 6
	p := startProcess(t, site)
	require.NoError(t, p.call(t.Context(), "POST", "/api/domain/crash.test", map[string]any{}))
	all := &diary{created: map[string]bool{}, touched: map[string]bool{}}
	for round := range rounds {
		p.killAmid(clients, int64(round+1), func(client, turn int) bool {
			return life(t, p, all, fmt.Sprintf("r%dc%di%d@crash.test", round, client, turn))
		})
		requireWhole(t, site)
		p = startProcess(t, site)
		requireFollowed(t, site, all)
	}
	t.Logf("%d mailboxes were made over %d kills", len(all.created), rounds)
}

// requireWhole looks at the database as the crash left it.
func requireWhole(t *testing.T, site crashSite) {
	t.Helper()
	for name, query := range map[string]string{
		"a mailbox that delivers nowhere": `SELECT username FROM mailbox m WHERE NOT EXISTS
			(SELECT 1 FROM forwardings f WHERE f.address = m.username AND f.is_forwarding = 1)`,
		"a forwarding without its mailbox": `SELECT address FROM forwardings f WHERE is_forwarding = 1 AND NOT EXISTS
			(SELECT 1 FROM mailbox m WHERE m.username = f.address)`,
		"an alias without its mailbox": `SELECT address FROM forwardings f WHERE is_alias = 1 AND NOT EXISTS
			(SELECT 1 FROM mailbox m WHERE m.username = f.forwarding)`,
		"a bcc without its mailbox": `SELECT username FROM sender_bcc_user b WHERE NOT EXISTS
			(SELECT 1 FROM mailbox m WHERE m.username = b.username)`,
		"an active row of a disabled mailbox": `SELECT username FROM mailbox m WHERE active = 0 AND EXISTS
			(SELECT 1 FROM forwardings f WHERE f.address = m.username AND f.active = 1)`,
		"a removed mailbox that is still there": `SELECT m.username FROM mailbox m JOIN deleted_mailboxes d ON d.username = m.username`,
	} {
		require.Empty(t, site.column(t, "vmail_dsn", query), name)
	}
}

// requireFollowed looks at what follows from the changes once the server runs again: no intent is left, and the
// panel's log tells of every account that is gone.
func requireFollowed(t *testing.T, site crashSite, d *diary) {
	t.Helper()
	there := site.column(t, "vmail_dsn", "SELECT username FROM mailbox")
	for _, change := range site.column(t, "state_dsn", "SELECT change_json FROM intents") {
		var of store.Change
		require.NoError(t, json.Unmarshal([]byte(change), &of))
		require.Contains(t, there, of.Name, "what happened is taken up at start, what did not is forgotten when it is old")
	}
	told := site.column(t, "iredadmin_dsn", "SELECT msg FROM log")
	log := strings.Join(told, "\n")
	for mail := range d.created {
		if !slices.Contains(there, mail) {
			require.Contains(t, log, "Rename user "+mail+" to ", "the log tells what became of it")
		}
	}
	for _, mail := range there {
		require.True(t, d.touched[mail], "%s was never asked for", mail)
	}
}
