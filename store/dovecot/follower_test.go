package dovecot

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// doveadm is a program that notes its arguments, and fails while a file "away" lies beside it.
func doveadm(t *testing.T, status string) (f *Follower, dir string, calls func() []string) {
	t.Helper()
	dir = t.TempDir()
	program := filepath.Join(dir, "doveadm")
	script := "#!/bin/sh\ncd \"$(dirname \"$0\")\"\necho \"$*\" >>calls\n[ ! -e away ] || exit 75\nexit " + status + "\n"
	require.NoError(t, os.WriteFile(program, []byte(script), 0o700))
	f = &Follower{Program: program, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Wait: time.Millisecond}
	t.Cleanup(f.repeats.Wait)
	return f, dir, func() []string {
		text, _ := os.ReadFile(filepath.Join(dir, "calls"))
		return strings.Split(strings.TrimSpace(string(text)), "\n")
	}
}

func TestFollow(t *testing.T) {
	const anna = "anna@a.test"
	for name, x := range map[string]struct {
		change store.Change
		want   []string
	}{
		"password":        {store.Change{Action: store.ActionUpdate, Noun: store.NounUser, Name: anna, EndsSessions: true}, []string{"auth cache flush -- " + anna, "kick -- " + anna}},
		"disabled":        {store.Change{Action: store.ActionDisable, Noun: store.NounUser, Name: anna, Lasting: true}, []string{"auth cache flush -- " + anna, "kick -- " + anna}},
		"renamed":         {store.Change{Action: store.ActionRename, Noun: store.NounUser, Name: anna, NewName: "x@a.test"}, []string{"auth cache flush -- " + anna, "kick -- " + anna}},
		"domain disabled": {store.Change{Action: store.ActionDisable, Noun: store.NounDomain, Name: "a.test"}, []string{"auth cache flush", "kick -- *@a.test"}},
		"all of a domain": {store.Change{Action: store.ActionUpdate, Noun: store.NounUser, Name: "a.test", EndsSessions: true}, []string{"auth cache flush", "kick -- *@a.test"}},
		"another name":    {store.Change{Action: store.ActionUpdate, Noun: store.NounUser, Name: anna}, []string{""}},
		"an alias":        {store.Change{Action: store.ActionDelete, Noun: store.NounAlias, Name: anna, EndsSessions: true}, []string{""}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, status := range []string{"0", "68"} { // 68: nobody is logged in
				f, _, calls := doveadm(t, status)
				require.NoError(t, f.Follow(t.Context(), store.Actor{}, x.change))
				require.Equal(t, x.want, calls())
			}
		})
	}
}

func TestFollowIsRepeated(t *testing.T) {
	f, dir, calls := doveadm(t, "0")
	away := filepath.Join(dir, "away")
	require.NoError(t, os.WriteFile(away, nil, 0o600))
	lasting := store.Change{Action: store.ActionDisable, Noun: store.NounUser, Name: "anna@a.test", Lasting: true}
	require.Error(t, f.Follow(t.Context(), store.Actor{}, lasting), "the change is left unfinished")
	f.Wait = 50 * time.Millisecond
	password := store.Change{Action: store.ActionUpdate, Noun: store.NounUser, Name: "ben@a.test", EndsSessions: true}
	require.NoError(t, f.Follow(t.Context(), store.Actor{}, password))
	require.NoError(t, os.Remove(away))
	f.repeats.Wait()
	require.Equal(t, "kick -- ben@a.test", calls()[len(calls())-1])
	require.Greater(t, len(calls()), 4)
}

func TestProgramThatIsNotThere(t *testing.T) {
	f := &Follower{Program: filepath.Join(t.TempDir(), "none"), Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	require.Error(t, f.Follow(t.Context(), store.Actor{}, store.Change{Action: store.ActionDelete, Noun: store.NounUser, Name: "a@a.test", Lasting: true}))
}
