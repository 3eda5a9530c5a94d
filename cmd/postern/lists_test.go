package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/mlmmj"
	"github.com/postern-mail/postern/store/storetest"
)

func TestCheckOfLists(t *testing.T) {
	without(t)
	check := func(t *testing.T, args ...string) (string, error) {
		t.Helper()
		out, err := command(t, append([]string{"check", "--data-dir", t.TempDir()}, args...)...)
		return out.stdout, err
	}
	t.Run("before the first list", func(t *testing.T) {
		storetest.Mlmmj(t)
		spool := filepath.Join(t.TempDir(), "lists")
		out, err := check(t, "--mlmmj-spool", spool)
		require.NoError(t, err)
		require.Contains(t, out, spool+" is not there yet, the first list makes it")
		require.NoDirExists(t, spool)
	})
	t.Run("strays", func(t *testing.T) {
		dir := t.TempDir()
		spool := mlmmj.NewSpool(mlmmj.SpoolConfig{Spool: filepath.Join(dir, "mlmmj"), Programs: storetest.Mlmmj(t)})
		s := opened(t, dir)
		by := store.Write{Actor: store.Actor{Username: "root@admins.test", Global: true}}
		_, err := s.accounts.CreateDomain(t.Context(), by, store.DomainCreate{Name: "example.com"})
		require.NoError(t, err)
		for _, mail := range []string{"dev@example.com", "lost@example.com"} {
			_, err = s.mls.CreateMailingList(t.Context(), by, store.MailingListCreate{Mail: mail, Active: true})
			require.NoError(t, err)
		}
		out, err := command(t, "check", "--data-dir", dir)
		require.NoError(t, err)
		require.Contains(t, out.stdout, spool.Spool+" can be used")
		require.NotContains(t, out.stdout, "example.com")

		require.NoError(t, spool.RemoveList(t.Context(), "lost@example.com", false))
		require.NoError(t, spool.Prepare(t.Context(), "stray@example.com", store.DefaultMlmmjSettings("stray@example.com")))
		out, err = command(t, "check", "--data-dir", dir)
		require.NoError(t, err)
		require.Contains(t, out.stdout, "stray@example.com has no account")
		require.Contains(t, out.stdout, "lost@example.com has an account and nothing with mlmmj")
		require.NotContains(t, out.stdout, "dev@example.com")
	})
	t.Run("somebody else's directory", func(t *testing.T) {
		storetest.Mlmmj(t)
		if os.Geteuid() != 0 {
			t.Skip("only root can give a directory to somebody")
		}
		dir := t.TempDir()
		spool := filepath.Join(dir, "lists")
		require.NoError(t, os.Mkdir(spool, 0o700))
		require.NoError(t, os.Chown(spool, 4711, 4711))
		require.NoError(t, os.Chmod(dir, 0o755)) //nolint:gosec // the other user has to get there
		_, err := check(t, "--mlmmj-spool", spool)
		require.NoError(t, err, "root may do it")

		as := asUser(t, 4712, "check", "--data-dir", filepath.Join(dir, "data"), "--mlmmj-spool", spool)
		require.Contains(t, as, "POSTERN_MLMMJ_SPOOL: ")
		require.Contains(t, as, "belongs to user 4711 and this process runs as user 4712")
	})
	t.Run("mlmmjadmin", func(t *testing.T) {
		admin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			message := "NO_SUCH_ACCOUNT"
			if r.Header.Get("X-MLMMJADMIN-API-AUTH-TOKEN") != "right" {
				message = "INVALID_MLMMJADMIN_API_AUTH_TOKEN"
			}
			_, _ = w.Write([]byte(`{"_success": false, "_msg": "` + message + `"}`))
		}))
		t.Setenv("POSTERN_LISTS", "mlmmjadmin")
		t.Setenv("POSTERN_MLMMJADMIN_URL", admin.URL)
		t.Setenv("POSTERN_MLMMJADMIN_TOKEN", "right")
		out, err := check(t)
		require.NoError(t, err)
		require.Contains(t, out, admin.URL+" answers")
		t.Setenv("POSTERN_MLMMJADMIN_TOKEN", "wrong-token")
		_, err = check(t)
		require.ErrorContains(t, err, "compare the token with its api_auth_tokens")
		require.NotContains(t, err.Error(), "wrong-token")
		admin.Close()
		_, err = check(t)
		require.ErrorContains(t, err, "mlmmjadmin does not answer")
	})
	t.Run("off", func(t *testing.T) {
		out, err := check(t, "--lists", "off")
		require.NoError(t, err)
		require.Contains(t, out, "are switched off")
	})
}

// asUser runs the program as another user and returns what it says.
func asUser(t *testing.T, id uint32, args ...string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "postern")
	content, err := os.ReadFile(os.Args[0])
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(program, content, 0o755)) //nolint:gosec // it is run by somebody else
	for dir := filepath.Dir(program); dir != os.TempDir(); dir = filepath.Dir(dir) {
		require.NoError(t, os.Chmod(dir, 0o755)) //nolint:gosec // see above
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Env = append(os.Environ(), reExec+"=1")
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: id, Gid: id}}
	out, _ := cmd.CombinedOutput() // it ends with a failure
	return string(out)
}
