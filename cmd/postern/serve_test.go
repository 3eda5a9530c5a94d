package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// screen is a terminal that tells when something was written.
type screen struct {
	text  bytes.Buffer
	lines chan string
}

func (s *screen) Write(p []byte) (int, error) {
	s.text.Write(p)
	s.lines <- string(p)
	return len(p), nil
}

// running is a server within the test.
type running struct {
	url    string
	greets string
	stop   func() error
}

// start runs postern serve on a free port until the test ends, or fails as serve does.
func start(t *testing.T, args ...string) (*running, error) {
	t.Helper()
	return startLogging(t, io.Discard, append([]string{"--log-level", "error"}, args...)...)
}

// startLogging is start with a place for the log.
func startLogging(t *testing.T, log io.Writer, args ...string) (*running, error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out := &screen{lines: make(chan string, 8)}
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...), out, log)
	}()
	select {
	case err := <-ended:
		cancel()
		return nil, err
	case greeting := <-out.lines:
		stop := func() error {
			cancel()
			select {
			case err := <-ended:
				ended <- err
				return err
			case <-time.After(30 * time.Second):
				return errors.New("the server did not stop")
			}
		}
		t.Cleanup(func() { require.NoError(t, stop()) })
		url := regexp.MustCompile(`http://[^ ]+/docs/`).FindString(greeting)
		require.NotEmpty(t, url, greeting)
		return &running{strings.TrimSuffix(url, "/docs/"), greeting, stop}, nil
	case <-time.After(30 * time.Second):
		cancel()
		t.Fatal("the server did not start")
		return nil, nil
	}
}

func mustStartLogging(t *testing.T, log io.Writer, args ...string) *running {
	t.Helper()
	r, err := startLogging(t, log, args...)
	require.NoError(t, err)
	return r
}

func mustStart(t *testing.T, args ...string) *running {
	t.Helper()
	r, err := start(t, args...)
	require.NoError(t, err)
	return r
}

func (r *running) get(t *testing.T, path string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+path, nil)
	require.NoError(t, err)
	return send(t, req)
}

// login returns whether the password is taken.
func (r *running) login(t *testing.T, username, password string) bool {
	t.Helper()
	body, err := json.Marshal(map[string]string{"username": username, "password": password})
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+"/api/login", bytes.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	status, _ := send(t, req)
	return status == http.StatusOK
}

func send(t *testing.T, req *http.Request) (int, string) {
	t.Helper()
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, string(text)
}

func TestServe(t *testing.T) {
	without(t)
	dir := filepath.Join(t.TempDir(), "data")
	r := mustStart(t, "--data-dir", dir)
	for _, path := range []string{"/healthz", "/readyz", "/docs/", "/docs/openapi.json", "/openapi.yaml", "/openapi.json"} {
		status, _ := r.get(t, path)
		require.Equal(t, http.StatusOK, status, path)
	}
	status, _ := r.get(t, "/api/domains")
	require.Equal(t, http.StatusUnauthorized, status)
	require.NoError(t, r.stop())
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(r.url, "http://"))
	if err == nil {
		_ = conn.Close()
	}
	require.Error(t, err, "nobody listens any more")
}

func TestFirstAdmin(t *testing.T) {
	without(t)
	t.Run("generated once, kept and told", func(t *testing.T) {
		dir := t.TempDir()
		first := mustStart(t, "--data-dir", dir)
		kept := filepath.Join(dir, "initial-admin")
		text, err := os.ReadFile(kept)
		require.NoError(t, err)
		lines := strings.Split(string(text), "\n")
		require.Len(t, lines, 3)
		require.Equal(t, "admin@postern.local", lines[0])
		require.GreaterOrEqual(t, len(lines[1]), 20)
		info, err := os.Stat(kept)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
		require.Contains(t, first.greets, "admin@postern.local")
		require.Contains(t, first.greets, lines[1])
		require.True(t, first.login(t, lines[0], lines[1]))
		require.False(t, first.login(t, lines[0], lines[1]+"x"))
		require.NoError(t, first.stop())

		second := mustStart(t, "--data-dir", dir)
		require.NotContains(t, second.greets, lines[1])
		require.Contains(t, second.greets, kept)
		require.True(t, second.login(t, lines[0], lines[1]))
	})
	t.Run("given", func(t *testing.T) {
		t.Setenv("POSTERN_ADMIN", "root@elsewhere.test")
		t.Setenv("POSTERN_ADMIN_PASSWORD", "Winter-1958-rain")
		dir := t.TempDir()
		r := mustStart(t, "--data-dir", dir)
		require.NotContains(t, r.greets, "Winter")
		require.NoFileExists(t, filepath.Join(dir, "initial-admin"))
		require.True(t, r.login(t, "root@elsewhere.test", "Winter-1958-rain"))
	})
	t.Run("given and weak", func(t *testing.T) {
		t.Setenv("POSTERN_ADMIN_PASSWORD", "short")
		_, err := start(t, "--data-dir", t.TempDir())
		require.ErrorContains(t, err, "POSTERN_ADMIN_PASSWORD: ")
	})
	t.Run("not used while there is another global admin", func(t *testing.T) {
		dir := t.TempDir()
		_, err := command(t, "admin", "create", "root@elsewhere.test", "--data-dir", dir)
		require.NoError(t, err)
		r := mustStart(t, "--data-dir", dir)
		require.NotContains(t, r.greets, "Password")
		require.NoFileExists(t, filepath.Join(dir, "initial-admin"))
	})
}

func TestServeRefuses(t *testing.T) {
	without(t)
	t.Run("an address that is taken", func(t *testing.T) {
		taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer taken.Close()
		_, err = start(t, "--data-dir", t.TempDir(), "--listen", taken.Addr().String())
		require.ErrorContains(t, err, "POSTERN_LISTEN: ")
	})
	t.Run("a data directory that is a file", func(t *testing.T) {
		_, err := start(t, "--data-dir", write(t, "data", ""))
		require.ErrorContains(t, err, "POSTERN_DATA_DIR: ")
	})
}

func TestReachable(t *testing.T) {
	for address, want := range map[string]string{
		"127.0.0.1:80": "http://127.0.0.1:80", "0.0.0.0:80": "http://localhost:80", "[::]:80": "http://localhost:80",
		"[::1]:80": "http://[::1]:80",
	} {
		a, err := net.ResolveTCPAddr("tcp", address)
		require.NoError(t, err)
		require.Equal(t, want, reachable(a))
	}
}
