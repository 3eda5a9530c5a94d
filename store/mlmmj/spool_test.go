package mlmmj

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

func TestConfigureHealsAListWithoutItsAddress(t *testing.T) {
	s := newSpool(t)
	require.NoError(t, s.Prepare(t.Context(), devList, store.MlmmjSettings{}))
	file := filepath.Join(s.Spool, "lists.test", "dev", "control", "listaddress")
	require.NoError(t, os.Remove(file))
	name := "x"
	require.NoError(t, s.ConfigureList(t.Context(), devList, store.MlmmjUpdate{Name: &name}))
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "dev@lists.test\n", string(content))
}

// mlmmj's own program waits for our lock on a file of subscribers, and we for one of its kind.
func TestLocksOfPrograms(t *testing.T) {
	s := newSpool(t)
	require.NoError(t, s.Prepare(t.Context(), devList, store.DefaultMlmmjSettings(devList)))
	require.NoError(t, s.Subscribe(t.Context(), devList, store.SubscribeNormal, []string{"a@x.test"}))
	dir := filepath.Join(s.Spool, "lists.test", "dev")
	var program *exec.Cmd
	s.before = func(step string) error {
		if step == "rename subscribers.d/a" && program == nil {
			// It starts while the file is read and not yet replaced. Its address is lost unless it waits.
			program = exec.Command("/usr/bin/mlmmj-sub", "-L", dir, "-a", "a2@x.test", "-f", "-q", "-s")
			require.NoError(t, program.Start())
			waitUntilBlocked(t, program.Process.Pid)
		}
		return nil
	}
	require.NoError(t, s.Subscribe(t.Context(), devList, store.SubscribeNormal, []string{"a1@x.test"}))
	require.NoError(t, program.Wait())
	require.Equal(t, []string{"normal a1@x.test", "normal a2@x.test", "normal a@x.test"}, subscribersOf(t, s))
}

// waitUntilBlocked waits until the kernel shows the process among those that wait for a lock.
func waitUntilBlocked(t *testing.T, pid int) {
	t.Helper()
	require.Eventually(t, func() bool {
		locks, err := os.ReadFile("/proc/locks")
		require.NoError(t, err)
		for line := range strings.Lines(string(locks)) {
			if f := strings.Fields(line); len(f) > 5 && f[1] == "->" && f[5] == strconv.Itoa(pid) {
				return true
			}
		}
		return false
	}, 20*time.Second, time.Millisecond)
}

func TestLockThatStaysTaken(t *testing.T) {
	s := newSpool(t)
	require.NoError(t, s.Prepare(t.Context(), devList, store.DefaultMlmmjSettings(devList)))
	l, err := s.hold(t.Context(), devList, exclusive)
	require.NoError(t, err)
	defer l.close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	name := "x"
	require.True(t, store.HasCode(s.ConfigureList(ctx, devList, store.MlmmjUpdate{Name: &name}), store.CodeServerDown))
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, s.ConfigureList(gone, devList, store.MlmmjUpdate{Name: &name}), context.Canceled)
}

func TestCheckSaysWhatToDo(t *testing.T) {
	t.Run("makes what is missing", func(t *testing.T) {
		s := newSpool(t)
		require.NoError(t, s.Check(t.Context()))
		require.DirExists(t, s.Spool)
		require.DirExists(t, s.Archive)
		require.NoError(t, s.Ping(t.Context()))
	})
	t.Run("without mlmmj", func(t *testing.T) {
		s := newSpool(t)
		s.Programs = t.TempDir()
		require.ErrorContains(t, s.Check(t.Context()), "install the package mlmmj")
		err := s.Ping(t.Context())
		require.True(t, store.HasCode(err, store.CodeServerDown))
		require.ErrorContains(t, err, "mlmmj is not installed")
		require.NoDirExists(t, s.Spool)
	})
	t.Run("without its texts", func(t *testing.T) {
		s := newSpool(t)
		s.Skeleton = t.TempDir()
		require.ErrorContains(t, s.Check(t.Context()), "texts of mlmmj are missing")
	})
	t.Run("as the wrong user", func(t *testing.T) {
		s := newSpool(t)
		require.NoError(t, s.Check(t.Context()))
		s.me = os.Geteuid() + 1
		require.ErrorContains(t, s.Check(t.Context()), "run postern as user "+strconv.Itoa(os.Geteuid()))
		require.True(t, store.HasCode(s.Prepare(t.Context(), devList, store.MlmmjSettings{}), store.CodeServerDown))
	})
}

// A link must not lead a list's files out of the spool.
func TestNothingOutsideTheSpoolIsTouched(t *testing.T) {
	s := newSpool(t)
	require.NoError(t, s.Check(t.Context()))
	outside := t.TempDir()
	precious := filepath.Join(outside, "dev", "control", "prefix")
	require.NoError(t, os.MkdirAll(filepath.Dir(precious), 0o700))
	require.NoError(t, os.WriteFile(precious, []byte("precious"), 0o600))
	require.NoError(t, os.Symlink(outside, filepath.Join(s.Spool, "lists.test")))
	name := "x"
	require.Error(t, s.Prepare(t.Context(), devList, store.MlmmjSettings{}))
	require.Error(t, s.ConfigureList(t.Context(), devList, store.MlmmjUpdate{SubjectPrefix: &name}))
	require.Error(t, s.RemoveList(t.Context(), devList, false))
	require.Error(t, s.RemoveList(t.Context(), devList, true))
	content, err := os.ReadFile(precious)
	require.NoError(t, err)
	require.Equal(t, "precious", string(content))
}

// The table names every setting of the contract once.
func TestEverySettingHasAParameter(t *testing.T) {
	var names []string
	for _, p := range parameters {
		names = append(names, p.field)
	}
	for _, of := range []reflect.Type{reflect.TypeFor[store.MlmmjSettings](), reflect.TypeFor[store.MlmmjUpdate]()} {
		var fields []string
		for i := range of.NumField() {
			fields = append(fields, of.Field(i).Name)
		}
		require.ElementsMatch(t, fields, names)
	}
}

// Wherever a link stands, and wherever it leads, it is named and nothing goes through it.
func TestLinksAreNamed(t *testing.T) {
	for _, at := range []string{
		"lists.test", "lists.test/dev", "lists.test/dev/control", "lists.test/dev/control/owner", "lists.test/dev/control/listaddress",
		"lists.test/dev/subscribers.d", "lists.test/dev/subscribers.d/a", "lists.test/dev/.postern-new",
	} {
		for _, lead := range []string{"outside", "beside", "nowhere"} {
			t.Run(at+" leads "+lead, func(t *testing.T) {
				s := newSpool(t)
				require.NoError(t, s.Prepare(t.Context(), devList, store.DefaultMlmmjSettings(devList)))
				require.NoError(t, s.Subscribe(t.Context(), devList, store.SubscribeNormal, []string{"a@x.test"}))
				link := filepath.Join(s.Spool, filepath.FromSlash(at))
				target := link + "-moved" // as a relative name, which does not leave the spool
				if lead == "outside" {
					target = filepath.Join(t.TempDir(), "moved")
				}
				if err := os.Rename(link, target); !os.IsNotExist(err) {
					require.NoError(t, err)
				}
				if lead == "nowhere" {
					require.NoError(t, os.RemoveAll(target))
				}
				name := target
				if lead != "outside" {
					name = filepath.Base(target)
				}
				require.NoError(t, os.Symlink(name, link))
				before := contents(t, target)

				owners := []string{"new@x.test"}
				_, listErr := s.MlmmjSettings(t.Context(), devList)
				all := map[string]error{
					"read":      errors.Join(listErr, subscribersFault(t, s)),
					"configure": s.ConfigureList(t.Context(), devList, store.MlmmjUpdate{Owners: &owners}),
					"subscribe": s.Subscribe(t.Context(), devList, store.SubscribeNormal, []string{"a2@x.test"}),
				}
				if strings.HasSuffix(at, ".postern-new") {
					delete(all, "read") // what is being written is not read
				}
				named := 0
				for what, err := range all {
					if err == nil {
						continue // that file is none of its business
					}
					named++
					require.True(t, store.HasCode(err, store.CodeServerDown), "%s: %v", what, err)
					require.ErrorContains(t, err, link+" is a symbolic link", what)
				}
				require.Positive(t, named)
				require.Equal(t, before, contents(t, target))
			})
		}
	}
	t.Run("a list that is a link is not overlooked", func(t *testing.T) {
		s := newSpool(t)
		require.NoError(t, s.Prepare(t.Context(), devList, store.DefaultMlmmjSettings(devList)))
		link := filepath.Join(s.Spool, "lists.test", "other")
		require.NoError(t, os.Symlink(t.TempDir(), link))
		_, err := s.ListsOf(t.Context(), "lists.test")
		require.ErrorContains(t, err, link)
		_, err = s.All()
		require.ErrorContains(t, err, link)
	})
	t.Run("the spool itself may be one", func(t *testing.T) {
		s := newSpool(t)
		target := t.TempDir()
		s.Spool = filepath.Join(t.TempDir(), "spool")
		require.NoError(t, os.Symlink(target, s.Spool))
		require.NoError(t, s.Prepare(t.Context(), devList, store.DefaultMlmmjSettings(devList)))
		require.DirExists(t, filepath.Join(target, "lists.test", "dev"))
	})
}

func subscribersFault(t *testing.T, s *Spool) error {
	t.Helper()
	for _, err := range s.Subscribers(t.Context(), devList) {
		if err != nil {
			return err
		}
	}
	return nil
}

// contents are all files below a path with what is in them.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			all[path] = string(text)
		}
		return nil
	})
	require.NoError(t, err)
	return all
}
