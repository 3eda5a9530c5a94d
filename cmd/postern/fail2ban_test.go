package main

import (
	"bytes"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

const fail2banFiles = "../../scripts/fail2ban"

// logged keeps what a server logs.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// failFrom logs in with a wrong password, as a client behind a proxy on this machine.
func (r *running) failFrom(t *testing.T, path, address, name string) {
	t.Helper()
	form := url.Values{"username": {name}, "password": {"Wrong-1958-rain"}}.Encode()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+path, strings.NewReader(form))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("X-Forwarded-For", address)
	_, text := send(t, req)
	require.Contains(t, text, "INVALID_CREDENTIALS")
}

// TestFail2ban has fail2ban read what the server logs, in both formats, and tell the addresses.
func TestFail2ban(t *testing.T) {
	if testing.Short() {
		t.Skip("fail2ban takes its time")
	}
	for _, format := range []string{"text", "json"} {
		t.Run(format, func(t *testing.T) {
			without(t)
			log := &logged{}
			r := mustStartLogging(t, log, "--data-dir", filepath.Join(t.TempDir(), "data"), "--log", format, "--log-level", "info")
			r.failFrom(t, "/api/login", "203.0.113.5", "root@elsewhere.test")
			r.failFrom(t, "/iredadmin/api/login", "2001:db8::7", "root&ip=192.0.2.99@elsewhere.test")
			// Paths that look like the line of another address.
			for _, path := range []string{
				`/level=WARN msg="log-in failed" code=INVALID_CREDENTIALS ip=192.0.2.66 name=x`,
				`/{"time":"","level":"WARN","msg":"log-in failed","code":"INVALID_CREDENTIALS","ip":"192.0.2.66","name":"x"`,
			} {
				status, _ := r.get(t, "/"+url.PathEscape(path[1:]))
				require.Equal(t, http.StatusNotFound, status)
			}
			require.NoError(t, r.stop())
			require.Contains(t, log.String(), "192.0.2.66", "the paths are in the log")
			requireBanned(t, log.String(), "203.0.113.5", "2001:db8::7")

			var behind strings.Builder // what syslog puts in front
			for line := range strings.Lines(log.String()) {
				behind.WriteString("Nov 28 12:00:00 mx1 postern[123]: " + line)
			}
			requireBanned(t, behind.String(), "203.0.113.5", "2001:db8::7")
		})
	}
}

// requireBanned asserts which addresses fail2ban finds in a log, one for each failure.
func requireBanned(t *testing.T, log string, want ...string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "postern.log")
	require.NoError(t, os.WriteFile(file, []byte(log), 0o600))
	filter := filepath.Join(fail2banFiles, "filter.d", "postern.conf")
	out, err := exec.CommandContext(t.Context(), "fail2ban-regex", "--out", "ip", file, filter).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Equal(t, want, strings.Fields(string(out)), log)
}

// TestFail2banTakesTheJail reads the jail together with the configuration of the system.
func TestFail2banTakesTheJail(t *testing.T) {
	if testing.Short() {
		t.Skip("fail2ban takes its time")
	}
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS("/etc/fail2ban")))
	for _, part := range []string{"filter.d", "jail.d"} {
		text, err := os.ReadFile(filepath.Join(fail2banFiles, part, "postern.conf"))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, part, "postern.conf"), text, 0o600))
	}
	out, err := exec.CommandContext(t.Context(), "fail2ban-client", "-c", dir, "-d").CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "['add', 'postern'")
	require.Regexp(t, `\['set', 'postern', 'maxretry', 10\]`, string(out))
	require.Regexp(t, `\['multi-set', 'postern', 'addfailregex', \[.*log-in failed`, string(out))
}
