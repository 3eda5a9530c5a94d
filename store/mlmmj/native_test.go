package mlmmj_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/mlmmj"
	"github.com/postern-mail/postern/store/storetest"
)

// TestDrivers runs one suite with each driver: what one of them leaves out, the other would have to.
func TestDrivers(t *testing.T) {
	storetest.Mlmmj(t)
	ran := map[string][]string{}
	for driver, open := range map[string]storetest.ListsOpen{"native": openNative, "mlmmjadmin": openDaemon} {
		t.Run(driver, func(t *testing.T) { ran[driver] = storetest.Lists(t, open) })
	}
	if len(ran) < 2 {
		return // one alone was asked for
	}
	require.NotEmpty(t, ran["native"])
	require.ElementsMatch(t, ran["native"], ran["mlmmjadmin"], "the same subtests with both drivers")
	t.Logf("%d subtests with each driver", len(ran["native"]))
}

func openNative(t *testing.T) storetest.ListsFixture {
	dir := t.TempDir()
	spool, programs := filepath.Join(dir, "spool"), filepath.Join(dir, "programs")
	require.NoError(t, os.Mkdir(spool, 0o700))
	require.NoError(t, os.Symlink(storetest.Mlmmj(t), programs))
	s := mlmmj.NewSpool(mlmmj.SpoolConfig{Spool: spool, Programs: programs})
	return storetest.ListsFixture{
		Lists: s, Spool: spool, Archive: spool + "-archive",
		Down: func(t *testing.T) { require.NoError(t, os.Remove(programs)) },
	}
}

// mlmmjList is what mlmmj's own program shows of a list.
func mlmmjList(t *testing.T, dir string, args ...string) []string {
	t.Helper()
	out, err := exec.Command("/usr/bin/mlmmj-list", append([]string{"-L", dir}, args...)...).Output()
	require.NoError(t, err)
	lines := strings.Fields(string(out))
	sort.Strings(lines)
	return lines
}

func TestProgramsReadWhatWasWritten(t *testing.T) {
	f := openNative(t)
	const mail = "dev@lists.test"
	dir := filepath.Join(f.Spool, "lists.test", "dev")
	s := store.DefaultMlmmjSettings(mail)
	s.Owners, s.Moderators = []string{"o@x.test", "p@x.test"}, []string{"m@x.test"}
	require.NoError(t, f.Lists.Prepare(t.Context(), mail, s))
	require.NoError(t, f.Lists.Subscribe(t.Context(), mail, store.SubscribeNormal, []string{"a@x.test", "ab@x.test", "b@x.test"}))
	require.NoError(t, f.Lists.Subscribe(t.Context(), mail, store.SubscribeDigest, []string{"b@x.test", "c@x.test"}))
	require.NoError(t, f.Lists.Subscribe(t.Context(), mail, store.SubscribeNoMail, []string{"d@x.test"}))
	require.Equal(t, []string{"a@x.test", "ab@x.test"}, mlmmjList(t, dir))
	require.Equal(t, []string{"b@x.test", "c@x.test"}, mlmmjList(t, dir, "-d"))
	require.Equal(t, []string{"d@x.test"}, mlmmjList(t, dir, "-n"))
	require.Equal(t, []string{"2"}, mlmmjList(t, dir, "-c"))
	require.Equal(t, []string{"o@x.test", "p@x.test"}, mlmmjList(t, dir, "-o"))
	require.Equal(t, []string{"m@x.test"}, mlmmjList(t, dir, "-m"))

	// And the other way round, with what mlmmj itself writes.
	for _, args := range [][]string{{"mlmmj-sub", "-f", "-a", "New@x.test"}, {"mlmmj-sub", "-f", "-d", "-a", "a@x.test"},
		{"mlmmj-unsub", "-a", "ab@x.test"}} {
		args = append(args, "-L", dir, "-q", "-s")
		require.NoError(t, exec.Command("/usr/bin/"+args[0], args[1:]...).Run())
	}
	var got []string
	for s, err := range f.Lists.Subscribers(t.Context(), mail) {
		require.NoError(t, err)
		got = append(got, string(s.Subscription)+" "+s.Mail)
	}
	require.Equal(t, []string{"normal new@x.test", "digest a@x.test", "digest b@x.test", "digest c@x.test",
		"nomail d@x.test"}, got)
}

// What another program left in a directory of subscribers counts for mlmmj, whatever the file is called.
func TestSubscribersOfOddFiles(t *testing.T) {
	f := openNative(t)
	const mail = "dev@lists.test"
	dir := filepath.Join(f.Spool, "lists.test", "dev")
	require.NoError(t, f.Lists.Prepare(t.Context(), mail, store.MlmmjSettings{}))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "subscribers.d", "imported"),
		[]byte("zoe@x.test\nAnna@x.test\n\nm@x.test"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "subscribers.d", ".m.lock"), nil, 0o600))
	require.NoError(t, f.Lists.Subscribe(t.Context(), mail, store.SubscribeNormal, []string{"m@x.test", "b@x.test"}))
	read := func() (mails []string) {
		for s, err := range f.Lists.Subscribers(t.Context(), mail) {
			require.NoError(t, err)
			mails = append(mails, s.Mail)
		}
		return mails
	}
	require.Equal(t, []string{"anna@x.test", "b@x.test", "m@x.test", "zoe@x.test"}, read())
	require.NoError(t, f.Lists.Unsubscribe(t.Context(), mail, []string{"zoe@x.test", "m@x.test"}))
	require.Equal(t, []string{"anna@x.test", "b@x.test"}, read())
	require.NoError(t, f.Lists.Subscribe(t.Context(), mail, store.SubscribeDigest, []string{"anna@x.test"}))
	require.Equal(t, []string{"b@x.test", "anna@x.test"}, read())
}
