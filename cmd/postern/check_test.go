package main

import (
	"bytes"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestConfigFileOfTheSystem(t *testing.T) {
	without(t)
	dir := t.TempDir()
	t.Chdir(dir)
	local := filepath.Join(dir, "postern.yaml")
	require.NoError(t, os.WriteFile(local, []byte("log: json\nsession_idle: 1m\nno_setting: 1\n"), 0o600))
	check := func(args ...string) (result, error) {
		return command(t, append([]string{"check", "--data-dir", filepath.Join(dir, "data")}, args...)...)
	}
	t.Run("one in the working directory is named and not read", func(t *testing.T) {
		out, err := check()
		require.NoError(t, err)
		require.Regexp(t, `POSTERN_LOG +text\n`, out.stdout)
		require.Regexp(t, `--config +none\n`, out.stdout)
		require.Contains(t, out.stderr, "level=WARN")
		require.Contains(t, out.stderr, local)
		out, err = command(t, "jobs", "run", "sessions-purge", "--data-dir", filepath.Join(dir, "data"))
		require.NoError(t, err)
		require.Contains(t, out.stderr, local)
	})
	t.Run("that of the system is read", func(t *testing.T) {
		require.NoError(t, os.WriteFile(systemFile, []byte("session_idle: 7m\n"), 0o600))
		out, err := check()
		require.NoError(t, err)
		require.Regexp(t, `POSTERN_SESSION_IDLE +7m0s\n`, out.stdout)
		require.Contains(t, out.stdout, systemFile)
		require.Contains(t, out.stderr, local)
	})
	t.Run("unless another is named", func(t *testing.T) {
		out, err := check("--config", write(t, "mine.yaml", "session_idle: 8m\n"))
		require.NoError(t, err)
		require.Regexp(t, `POSTERN_SESSION_IDLE +8m0s\n`, out.stdout)
		require.NotContains(t, out.stderr, "WARN")
		_, err = check("--config", local)
		require.ErrorContains(t, err, `"no_setting" is not a setting`)
	})
	t.Run("it is no other one in its own directory", func(t *testing.T) {
		t.Chdir(filepath.Dir(systemFile))
		out, err := check()
		require.NoError(t, err)
		require.NotContains(t, out.stderr, "WARN")
	})
	t.Run("one that cannot be read is a fault", func(t *testing.T) {
		require.NoError(t, os.Remove(systemFile))
		require.NoError(t, os.Mkdir(systemFile, 0o700))
		_, err := check()
		require.ErrorContains(t, err, systemFile)
	})
}

func TestCheckNamesVariables(t *testing.T) {
	without(t)
	for name, want := range map[string]string{
		"POSTERN_LISTN": "POSTERN_LISTEN", "POSTERN_VMAIL_DNS": "POSTERN_VMAIL_DSN", "POSTERN_ADMIN_PASWORD_FILE": "POSTERN_ADMIN_PASSWORD_FILE",
		"POSTERN_listen": "POSTERN_LISTEN", "POSTERN_LISTEN_FILE": "postern init", "POSTERN_SOMETHING_ELSE": "postern init",
		"POSTERN_PASSWROD": "POSTERN_PASSWORD",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, "hunter2")
			out, err := command(t, "check", "--data-dir", t.TempDir())
			require.ErrorContains(t, err, name+": is no setting; ")
			require.ErrorContains(t, err, want)
			require.NotContains(t, err.Error()+out.stdout+out.stderr, "hunter2")
		})
	}
	t.Run("those of clients and of containers are known", func(t *testing.T) {
		for _, name := range []string{
			"POSTERN_URL", "POSTERN_USERNAME", "POSTERN_PASSWORD", "POSTERN_API_KEY", "POSTERN_OUTPUT", "POSTERN_PORT", "POSTERN_PORT_8080_TCP_ADDR",
			"POSTERN_SERVICE_HOST", "XPOSTERN_LISTN",
		} {
			t.Setenv(name, "x")
		}
		t.Setenv("POSTERN_LOG", "json")
		_, err := command(t, "check", "--data-dir", t.TempDir())
		require.NoError(t, err)
	})
}

func TestCheckTriesToListen(t *testing.T) {
	without(t)
	t.Run("free", func(t *testing.T) {
		out, err := command(t, "check", "--data-dir", t.TempDir())
		require.NoError(t, err)
		require.Contains(t, out.stdout, "listen    127.0.0.1:0 is free")
	})
	t.Run("taken by another program", func(t *testing.T) {
		taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer taken.Close()
		go func() { // answers as no server of ours does
			for {
				c, err := taken.Accept()
				if err != nil {
					return
				}
				_, _ = io.WriteString(c, "HTTP/1.0 200 OK\r\n\r\nok\n")
				_ = c.Close()
			}
		}()
		_, err = command(t, "check", "--data-dir", t.TempDir(), "--listen", taken.Addr().String())
		require.ErrorContains(t, err, "POSTERN_LISTEN: ")
		require.ErrorContains(t, err, "address already in use")
	})
	t.Run("of another machine", func(t *testing.T) {
		_, err := command(t, "check", "--data-dir", t.TempDir(), "--listen", "192.0.2.1:8080")
		require.ErrorContains(t, err, "POSTERN_LISTEN: ")
	})
	t.Run("taken by the server whose configuration it is", func(t *testing.T) {
		dir := t.TempDir()
		r := mustStart(t, "--data-dir", dir)
		address := r.url[len("http://"):]
		out, err := command(t, "check", "--data-dir", dir, "--listen", address)
		require.NoError(t, err)
		require.Contains(t, out.stdout, address+" is taken by a running postern")
	})
}

func TestWhatOthersCanReadIsNamed(t *testing.T) {
	without(t)
	dir, elsewhere := filepath.Join(t.TempDir(), "data"), t.TempDir()
	state := filepath.Join(elsewhere, "own-state.db")
	t.Setenv("POSTERN_STATE_DSN", "sqlite://"+state)
	require.NoError(t, os.WriteFile(systemFile, []byte("log: text\n"), 0o640))
	_, err := command(t, "jobs", "run", "sessions-purge", "--data-dir", dir)
	require.NoError(t, err)
	check := func() string {
		out, err := command(t, "check", "--data-dir", dir)
		require.NoError(t, err)
		return out.stdout
	}
	require.NotContains(t, check(), "every user of this machine", "as we make it")
	for path, modes := range map[string][2]os.FileMode{
		dir: {0o700, 0o755}, filepath.Join(dir, "vmail.db"): {0o600, 0o644}, filepath.Join(dir, "initial-admin"): {0o600, 0o604},
		state: {0o600, 0o666}, systemFile: {0o600, 0o644},
	} {
		t.Run(filepath.Base(path), func(t *testing.T) {
			if filepath.Base(path) == "initial-admin" {
				require.NoError(t, os.WriteFile(path, []byte("x"), 0o600))
			}
			require.NoError(t, os.Chmod(path, modes[1]))
			require.Contains(t, check(), "chmod o-rwx "+path)
			var log bytes.Buffer
			server, err := startLogging(t, &log, "--data-dir", dir)
			require.NoError(t, err)
			require.NoError(t, server.stop())
			require.Contains(t, log.String(), "chmod o-rwx "+path)
			require.NoError(t, os.Chmod(path, modes[0]))
			require.NotContains(t, check(), "chmod", "the group is the owner's business")
		})
	}
}

// TestCheckTriesDoveadm has a program answer as that of Dovecot 2.3 does, which ends with 0 when it was not let in.
func TestCheckTriesDoveadm(t *testing.T) {
	without(t)
	t.Setenv("POSTERN_LISTS", "off")
	check := func(lines string) (result, error) {
		program := filepath.Join(t.TempDir(), "doveadm")
		require.NoError(t, os.WriteFile(program, []byte("#!/bin/sh\n"+lines), 0o700)) //nolint:gosec // it is run
		return command(t, "check", "--data-dir", t.TempDir(), "--doveadm", program)
	}
	out, err := check("echo 'username # proto (pids) (ips)'\n")
	require.NoError(t, err)
	require.Contains(t, out.stdout, "doveadm answers")
	for _, lines := range []string{
		"echo 'Error: auth-master: auth cache flush: connect(/run/dovecot/auth-master) failed: Permission denied' >&2\n",
		"echo 'Fatal: net_connect_unix(/run/dovecot/anvil) failed: Permission denied' >&2\nexit 75\n",
	} {
		_, err = check(lines)
		require.ErrorContains(t, err, "POSTERN_DOVEADM: ")
		require.ErrorContains(t, err, "failed: Permission denied")
		require.ErrorContains(t, err, "needs its sockets anvil and auth-master")
	}
}
