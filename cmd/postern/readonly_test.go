package main

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestReadOnlyFile switches a running server, and keeps commands from writing.
func TestReadOnlyFile(t *testing.T) {
	without(t)
	t.Setenv("POSTERN_ADMIN", "root@elsewhere.test")
	t.Setenv("POSTERN_ADMIN_PASSWORD", "Winter-1958-rain")
	dir := t.TempDir()
	r := mustStart(t, "--data-dir", dir)
	var cookies []*http.Cookie
	call := func(method, path, body string) int {
		req, err := http.NewRequestWithContext(t.Context(), method, r.url+path, bytes.NewReader([]byte(body)))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/json")
		for _, c := range cookies {
			req.AddCookie(c)
		}
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer res.Body.Close()
		if len(res.Cookies()) > 0 {
			cookies = res.Cookies()
		}
		return res.StatusCode
	}
	const credentials = `{"username":"root@elsewhere.test","password":"Winter-1958-rain"}`
	require.Equal(t, http.StatusOK, call("POST", "/api/login", credentials))
	require.Equal(t, http.StatusCreated, call("POST", "/api/domain/a.test", "{}"))
	file := filepath.Join(dir, "read-only")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	require.Equal(t, http.StatusServiceUnavailable, call("POST", "/api/domain/b.test", "{}"))
	require.Equal(t, http.StatusOK, call("GET", "/api/domain/a.test", ""))
	require.Equal(t, http.StatusOK, call("POST", "/api/login", credentials))
	for _, args := range [][]string{{"jobs", "run", "spf-whitelist"}, {"admin", "create", "new@elsewhere.test"}} {
		_, err := command(t, append(args, "--data-dir", dir)...)
		require.ErrorContains(t, err, "POSTERN_READ_ONLY: nothing is written", args)
	}
	_, err := command(t, "jobs", "run", "sessions-purge", "--data-dir", dir, "--read-only", "yes")
	require.ErrorContains(t, err, "POSTERN_READ_ONLY: ")
	require.NoError(t, os.Remove(file))
	require.Equal(t, http.StatusCreated, call("POST", "/api/domain/b.test", "{}"))
}
