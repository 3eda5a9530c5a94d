package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/password"
)

// result is what a command printed.
type result struct{ stdout, stderr string }

func command(t *testing.T, args ...string) (result, error) {
	t.Helper()
	if args[0] == "check" && !slices.Contains(args, "--listen") && os.Getenv("POSTERN_LISTEN") == "" {
		args = append(args, "--listen", "127.0.0.1:0") // another program of this machine may have the usual one
	}
	var stdout, stderr bytes.Buffer
	err := run(t.Context(), args, &stdout, &stderr)
	return result{stdout.String(), stderr.String()}, err
}

// opened opens the stores of a data directory for the time of a test.
func opened(t *testing.T, dir string) *stores {
	t.Helper()
	c := defaultConfig()
	c.DataDir = dir
	s, err := openStores(t.Context(), c, c.logger(os.Stderr))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.close()) })
	return s
}

func requirePassword(t *testing.T, s *stores, mail, plain string) {
	t.Helper()
	identity, err := s.accounts.Identity(t.Context(), mail)
	require.NoError(t, err)
	require.True(t, password.Verify(identity.Password, plain), "the password of %s", mail)
}

func TestAdminCreate(t *testing.T) {
	without(t)
	t.Run("with a given password", func(t *testing.T) {
		dir := t.TempDir()
		out, err := command(t, "admin", "create", "Root@Elsewhere.test", "--name", "Root", "--data-dir", dir,
			"--password-file", write(t, "password", "Winter-1958-rain\n"))
		require.NoError(t, err)
		require.NotContains(t, out.stdout, "Winter")
		s := opened(t, dir)
		requirePassword(t, s, "root@elsewhere.test", "Winter-1958-rain")
		identity, err := s.accounts.Identity(t.Context(), "root@elsewhere.test")
		require.NoError(t, err)
		require.True(t, identity.Global)
		require.Equal(t, "Root", identity.Name)
	})
	t.Run("with a generated password", func(t *testing.T) {
		dir := t.TempDir()
		out, err := command(t, "admin", "create", "root@elsewhere.test", "--data-dir", dir)
		require.NoError(t, err)
		_, password, ok := strings.Cut(out.stdout, "Password  ")
		require.True(t, ok, out.stdout)
		requirePassword(t, opened(t, dir), "root@elsewhere.test", strings.TrimSpace(password))
	})
	t.Run("weak password", func(t *testing.T) {
		dir := t.TempDir()
		_, err := command(t, "admin", "create", "root@elsewhere.test", "--data-dir", dir,
			"--password-file", write(t, "password", "short\n"))
		require.ErrorContains(t, err, "at least 8 characters")
		_, err = opened(t, dir).accounts.Identity(t.Context(), "root@elsewhere.test")
		require.True(t, store.HasCode(err, store.CodeNoSuchAccount))
	})
	t.Run("no address", func(t *testing.T) {
		_, err := command(t, "admin", "create", "root", "--data-dir", t.TempDir())
		require.ErrorContains(t, err, "mail address")
	})
	t.Run("taken", func(t *testing.T) {
		dir := t.TempDir()
		_, err := command(t, "admin", "create", "root@elsewhere.test", "--data-dir", dir)
		require.NoError(t, err)
		_, err = command(t, "admin", "create", "root@elsewhere.test", "--data-dir", dir)
		require.ErrorContains(t, err, "already")
	})
}

func TestAdminPassword(t *testing.T) {
	without(t)
	t.Run("of a standalone admin", func(t *testing.T) {
		dir := t.TempDir()
		_, err := command(t, "admin", "create", "root@elsewhere.test", "--data-dir", dir)
		require.NoError(t, err)
		_, err = command(t, "admin", "password", "root@elsewhere.test", "--data-dir", dir,
			"--password-file", write(t, "password", "Summer-1959-sun"))
		require.NoError(t, err)
		requirePassword(t, opened(t, dir), "root@elsewhere.test", "Summer-1959-sun")
	})
	t.Run("of a mailbox with and without admin rights", func(t *testing.T) {
		dir := t.TempDir()
		s := opened(t, dir)
		_, err := s.accounts.CreateDomain(t.Context(), asProgram, store.DomainCreate{Name: "example.com"})
		require.NoError(t, err)
		anna := store.UserCreate{Mail: "anna@example.com", Password: "{PLAIN}x", Active: true}
		_, err = s.accounts.CreateUser(t.Context(), asProgram, anna)
		require.NoError(t, err)
		_, err = command(t, "admin", "password", "anna@example.com", "--data-dir", dir)
		require.ErrorContains(t, err, "mailbox without admin rights")
		_, err = s.accounts.UpdateDomainAdmins(t.Context(), asProgram, "example.com", store.Set{Add: []string{"anna@example.com"}})
		require.NoError(t, err)
		_, err = command(t, "admin", "password", "anna@example.com", "--data-dir", dir,
			"--password-file", write(t, "password", "Summer-1959-sun"))
		require.NoError(t, err)
		requirePassword(t, s, "anna@example.com", "Summer-1959-sun")
	})
	t.Run("of nobody", func(t *testing.T) {
		_, err := command(t, "admin", "password", "nobody@elsewhere.test", "--data-dir", t.TempDir())
		require.ErrorContains(t, err, "no account nobody@elsewhere.test")
	})
}

func TestInit(t *testing.T) {
	without(t)
	path := filepath.Join(t.TempDir(), "postern.yaml")
	_, err := command(t, "init", path)
	require.NoError(t, err)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	written, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, sample, written)

	require.NoError(t, os.WriteFile(path, []byte("mine"), 0o600))
	_, err = command(t, "init", path)
	require.ErrorContains(t, err, "left as it is")
	kept, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "mine", string(kept))
}

func TestJobs(t *testing.T) {
	without(t)
	for _, name := range []string{"sessions-purge", "intents-resume"} {
		_, err := command(t, "jobs", "run", name, "--data-dir", t.TempDir())
		require.NoError(t, err, name)
	}
	_, err := command(t, "jobs", "run", "nonsense", "--data-dir", t.TempDir())
	require.ErrorContains(t, err, "intents-resume, invitations-send, purge-mailboxes, sessions-purge")
}

func TestCheck(t *testing.T) {
	without(t)
	t.Run("before the first start changes nothing", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "data")
		out, err := command(t, "check", "--data-dir", dir)
		require.NoError(t, err)
		require.Contains(t, out.stdout, "serve makes it")
		require.NoDirExists(t, dir)
	})
	t.Run("of what is there", func(t *testing.T) {
		dir := t.TempDir()
		opened(t, dir)
		out, err := command(t, "check", "--data-dir", dir)
		require.NoError(t, err)
		require.Contains(t, out.stdout, filepath.Join(dir, "vmail.db")+" answers")
	})
	t.Run("reports every fault", func(t *testing.T) {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "vmail.db"), []byte(strings.Repeat("no database ", 100)), 0o600))
		t.Setenv("POSTERN_STATE_DSN", "sqlite://"+filepath.Join(dir, "missing", "state.db"))
		t.Setenv("POSTERN_LOG", "xml")
		_, err := command(t, "check", "--data-dir", dir)
		require.ErrorContains(t, err, "POSTERN_VMAIL_DSN: ")
		require.ErrorContains(t, err, "POSTERN_STATE_DSN: ")
		require.ErrorContains(t, err, "POSTERN_LOG: ")
	})
}

func TestVersionAndHelp(t *testing.T) {
	out, err := command(t, "version")
	require.NoError(t, err)
	require.Contains(t, out.stdout, "postern ")
	out, err = command(t, "--help")
	require.NoError(t, err)
	for _, name := range []string{"serve", "check", "init", "admin", "jobs", "version"} {
		require.Contains(t, out.stdout, name)
	}
	_, err = command(t, "srve")
	require.Error(t, err)
}

func TestDataIsPrivate(t *testing.T) {
	without(t)
	dir := filepath.Join(t.TempDir(), "data")
	opened(t, dir)
	info, err := os.Stat(dir)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.NotEmpty(t, entries)
	for _, e := range entries {
		info, err := e.Info()
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), e.Name())
	}
}
