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

// doveadm is a program that notes its arguments, fails while a file "away" lies beside it, complains on standard error with what is
// in a file "complaint", and lists who is in a file "who".
func doveadm(t *testing.T, status string) (f *Follower, dir string, calls func() []string) {
	t.Helper()
	dir = t.TempDir()
	program := filepath.Join(dir, "doveadm")
	script := "#!/bin/sh\ncd \"$(dirname \"$0\")\"\necho \"$*\" >>calls\n[ ! -e away ] || exit 75\n" +
		"[ ! -e complaint ] || cat complaint >&2\n[ \"$3\" != who ] || cat who\nexit " + status + "\n"
	require.NoError(t, os.WriteFile(program, []byte(script), 0o700))
	f = &Follower{Program: program, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Wait: time.Millisecond}
	t.Cleanup(f.repeats.Wait)
	return f, dir, func() []string {
		text, _ := os.ReadFile(filepath.Join(dir, "calls"))
		return strings.Split(strings.TrimSpace(string(text)), "\n")
	}
}

func put(t *testing.T, dir, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
}

func TestFollow(t *testing.T) {
	const anna = "anna@a.test"
	all := store.Change{Action: store.ActionUpdate, Noun: store.NounUser, Name: "a.test", EndsSessions: true}
	but := all
	but.Discarded = []string{"Boss@a.test", "root@a.test"}
	ofOne, ofAll := []string{"auth cache flush " + anna, "kick " + anna}, []string{"auth cache flush", "kick *@a.test"}
	for name, x := range map[string]struct {
		change store.Change
		want   []string
	}{
		"password":        {store.Change{Action: store.ActionUpdate, Noun: store.NounUser, Name: anna, EndsSessions: true}, ofOne},
		"disabled":        {store.Change{Action: store.ActionDisable, Noun: store.NounUser, Name: anna, Lasting: true}, ofOne},
		"renamed":         {store.Change{Action: store.ActionRename, Noun: store.NounUser, Name: anna, NewName: "x@a.test"}, ofOne},
		"domain disabled": {store.Change{Action: store.ActionDisable, Noun: store.NounDomain, Name: "a.test"}, ofAll},
		"domain deleted": {store.Change{Action: store.ActionDelete, Noun: store.NounDomain, Name: "a.test", Discarded: []string{"a path"}},
			ofAll},
		"all of a domain": {all, ofAll},
		"all but some": {but,
			[]string{"auth cache flush", "-f tab who *@a.test", "kick anna@a.test", "kick -- -x@a.test"}},
		"a dash in front": {store.Change{Action: store.ActionDelete, Noun: store.NounUser, Name: "-x@a.test"},
			[]string{"auth cache flush -- -x@a.test", "kick -- -x@a.test"}},
		"another name": {store.Change{Action: store.ActionUpdate, Noun: store.NounUser, Name: anna}, []string{""}},
		"an alias":     {store.Change{Action: store.ActionDelete, Noun: store.NounAlias, Name: anna, EndsSessions: true}, []string{""}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, status := range []string{"0", "68"} { // 68: nobody is logged in
				f, dir, calls := doveadm(t, status)
				put(t, dir, "who", "username\tproto\tpid\tip\nboss@a.test\timap\t(1)\t()\nanna@a.test\timap\t(2)\t()\n"+
					"anna@a.test\tpop3\t(3)\t()\n-x@a.test\timap\t(4)\t()\n")
				require.NoError(t, f.Follow(t.Context(), store.Actor{}, x.change))
				require.ElementsMatch(t, x.want, calls())
			}
		})
	}
	t.Run("on a directory all passwords are forgotten", func(t *testing.T) {
		f, _, calls := doveadm(t, "0")
		f.Directory = true
		require.NoError(t, f.Follow(t.Context(), store.Actor{}, store.Change{Action: store.ActionDelete, Noun: store.NounUser, Name: anna}))
		require.Equal(t, []string{"auth cache flush", "kick " + anna}, calls())
	})
	t.Run("a name that is a mask disconnects nobody else", func(t *testing.T) {
		f, _, calls := doveadm(t, "0")
		c := store.Change{Action: store.ActionDelete, Noun: store.NounUser, Name: "a?na@a.test", Lasting: true}
		require.ErrorContains(t, f.Follow(t.Context(), store.Actor{}, c), "a mask")
		f.repeats.Wait()
		require.NotContains(t, calls(), "kick a?na@a.test")
	})
}

func TestFollowIsRepeated(t *testing.T) {
	f, dir, calls := doveadm(t, "0")
	put(t, dir, "away", "")
	lasting := store.Change{Action: store.ActionDisable, Noun: store.NounUser, Name: "anna@a.test", Lasting: true}
	f.Wait = 50 * time.Millisecond
	require.Error(t, f.Follow(t.Context(), store.Actor{}, lasting), "the change is left unfinished")
	password := store.Change{Action: store.ActionUpdate, Noun: store.NounUser, Name: "ben@a.test", EndsSessions: true}
	require.NoError(t, f.Follow(t.Context(), store.Actor{}, password))
	require.NoError(t, os.Remove(filepath.Join(dir, "away")))
	f.repeats.Wait()
	require.Subset(t, calls()[4:], []string{"kick anna@a.test", "kick ben@a.test"})
	require.Empty(t, f.waiting)
}

// TestComplaints has doveadm fail as Dovecot 2.3 does, with an exit status that is no failure's.
func TestComplaints(t *testing.T) {
	c := store.Change{Action: store.ActionDisable, Noun: store.NounUser, Name: "anna@a.test", Lasting: true}
	const statistics = "Error: net_connect_unix(/run/dovecot/stats-writer) failed: Permission denied\n"
	for complaint, fails := range map[string]bool{
		"Error: auth-master: auth cache flush: connect(/run/dovecot/auth-master) failed: Connection refused\n": true,
		statistics + "kill(6477, SIGTERM) failed: Operation not permitted\n":                                   true,
		"doveconf: Fatal: Error in configuration file\n":                                                       true,
		statistics: false,
		"doveconf: Warning: NOTE: You can get a new clean config file with: doveconf -Pn\n": false,
	} {
		t.Run(complaint, func(t *testing.T) {
			for _, status := range []string{"0", "68"} {
				f, dir, _ := doveadm(t, status)
				put(t, dir, "complaint", complaint)
				err := f.Follow(t.Context(), store.Actor{}, c)
				require.NoError(t, os.Remove(filepath.Join(dir, "complaint")))
				f.repeats.Wait()
				if fails {
					require.ErrorContains(t, err, strings.TrimSpace(complaint))
				} else {
					require.NoError(t, err)
				}
			}
		})
	}
}

func TestProgramThatIsNotThere(t *testing.T) {
	f := &Follower{
		Program: filepath.Join(t.TempDir(), "none"), Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Wait: time.Millisecond,
	}
	t.Cleanup(f.repeats.Wait)
	require.Error(t, f.Follow(t.Context(), store.Actor{}, store.Change{Action: store.ActionDelete, Noun: store.NounUser, Name: "a@a.test", Lasting: true}))
	require.Error(t, Doveadm{Program: f.Program}.Check(t.Context()))
}
