package mlmmj_test

import (
	"bufio"
	"bytes"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/mlmmj"
	"github.com/postern-mail/postern/store/storetest"
)

// delivery is one list whose mail goes to a sink.
type delivery struct {
	lists *mlmmj.Spool
	sink  *storetest.Sink
	dir   string
}

const lists = "dev@lists.test"

func deliver(t *testing.T, change func(*store.MlmmjSettings)) delivery {
	t.Helper()
	d := delivery{sink: storetest.NewSink(t)}
	spool := filepath.Join(t.TempDir(), "spool")
	d.lists = mlmmj.NewSpool(mlmmj.SpoolConfig{Spool: spool, Programs: storetest.Mlmmj(t), SMTPPort: d.sink.Port})
	d.dir = filepath.Join(spool, "lists.test", "dev")
	s := store.DefaultMlmmjSettings(lists)
	change(&s)
	require.NoError(t, d.lists.Prepare(t.Context(), lists, s))
	require.NoError(t, d.lists.Subscribe(t.Context(), lists, store.SubscribeNormal,
		[]string{"anna@x.test", "bert@x.test", "carla@y.test"}))
	require.NoError(t, d.lists.Subscribe(t.Context(), lists, store.SubscribeNoMail, []string{"quiet@x.test"}))
	return d
}

// post hands a message to mlmmj as Postfix does and returns what came of it.
func (d delivery) post(t *testing.T, message, sender string) []storetest.Message {
	t.Helper()
	cmd := exec.Command("/usr/bin/mlmmj-receive", "-F", "-L", d.dir, "-s", sender)
	cmd.Stdin = strings.NewReader(message)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return d.sink.Taken()
}

func letter(from string) string {
	return "From: Somebody <" + from + ">\nTo: dev@lists.test\nSubject: hello\nX-Mailer: secret\nDKIM-Signature: v=1; a=b\n" +
		"Reply-To: me@x.test\n\nThe text.\n"
}

func recipients(messages []storetest.Message) []string {
	var all []string
	for _, m := range messages {
		all = append(all, m.Recipients...)
	}
	sort.Strings(all)
	return all
}

// header returns the values of a header line.
func header(t *testing.T, m storetest.Message, name string) []string {
	t.Helper()
	h, err := textproto.NewReader(bufio.NewReader(strings.NewReader(m.Text))).ReadMIMEHeader()
	require.NoError(t, err)
	return h.Values(name)
}

// body is what follows the header.
func body(m storetest.Message) string {
	_, b, _ := strings.Cut(m.Text, "\n\n")
	return b
}

func TestPostReachesSubscribers(t *testing.T) {
	d := deliver(t, func(s *store.MlmmjSettings) {
		s.SubjectPrefix = "[dev] "
		s.CustomHeaders = []string{"X-Office: Berlin"}
		s.RemoveHeaders = []string{"X-Mailer"}
	})
	got := d.post(t, letter("anna@x.test"), "anna@x.test")
	require.Equal(t, []string{"bert@x.test", "carla@y.test"}, recipients(got), "no copy to the sender, none to nomail")
	for _, m := range got {
		require.Equal(t, []string{"[dev]  hello"}, header(t, m, "Subject"))
		require.Equal(t, []string{"Berlin"}, header(t, m, "X-Office"))
		require.Equal(t, []string{"dev@lists.test"}, header(t, m, "X-Mailing-List"))
		require.Equal(t, []string{"<dev@lists.test>"}, header(t, m, "List-Id"))
		require.Equal(t, []string{"<mailto:dev+unsubscribe@lists.test?subject=Unsubscribe>"}, header(t, m, "List-Unsubscribe"))
		require.Contains(t, header(t, m, "Reply-To"), "dev@lists.test")
		require.Empty(t, header(t, m, "X-Mailer"))
		require.Empty(t, header(t, m, "DKIM-Signature"))
		require.Equal(t, "The text.", strings.TrimSpace(body(m)))
		require.Contains(t, m.Sender, "dev+bounces-1")
	}
	require.FileExists(t, filepath.Join(d.dir, "archive", "1"))
}

// iRedMail hands a post to altermime first, with the footers of the list, and to mlmmj then.
func TestFooters(t *testing.T) {
	altermime, err := exec.LookPath("altermime")
	if err != nil {
		if testing.Short() {
			t.Skip("altermime is not installed, and a quick run goes without")
		}
		t.Fatal("altermime is not installed: run scripts/install.sh, or go test -short")
	}
	d := deliver(t, func(s *store.MlmmjSettings) {
		s.FooterText = "For members of Example Inc."
		s.FooterHTML = "<p>For members of <b>Example</b> Inc.</p>"
	})
	control := filepath.Join(d.dir, "control")
	foot := func(t *testing.T, message string) string {
		cmd := exec.Command(altermime, "--input=-", "--disclaimer="+filepath.Join(control, "footer_text"),
			"--disclaimer-html="+filepath.Join(control, "footer_html"), "--htmltoo", "--force-for-bad-html", "--altersigned")
		cmd.Dir = t.TempDir()
		cmd.Stdin = strings.NewReader(message)
		out, err := cmd.Output()
		require.NoError(t, err)
		return string(out)
	}
	for _, m := range d.post(t, foot(t, letter("anna@x.test")), "anna@x.test") {
		require.Equal(t, 1, strings.Count(body(m), "For members of Example Inc."), m.Text)
	}
	html := strings.Replace(letter("anna@x.test"), "\n\nThe text.",
		"\nMIME-Version: 1.0\nContent-Type: text/html\n\n<html><body>The text.</body></html>", 1)
	got := d.post(t, foot(t, html), "anna@x.test")
	require.NotEmpty(t, got)
	for _, m := range got {
		require.Equal(t, 1, strings.Count(body(m), "<b>Example</b>"), m.Text)
	}
}

func TestWhoMayPost(t *testing.T) {
	t.Run("somebody who is no subscriber is denied", func(t *testing.T) {
		got := deliver(t, func(*store.MlmmjSettings) {}).post(t, letter("stranger@z.test"), "stranger@z.test")
		require.Equal(t, []string{"stranger@z.test"}, recipients(got))
		require.Contains(t, header(t, got[0], "Subject")[0], "denied")
	})
	t.Run("one who wants no mail may", func(t *testing.T) {
		got := deliver(t, func(*store.MlmmjSettings) {}).post(t, letter("quiet@x.test"), "quiet@x.test")
		require.Equal(t, []string{"anna@x.test", "bert@x.test", "carla@y.test"}, recipients(got))
	})
	t.Run("anybody where that is off", func(t *testing.T) {
		d := deliver(t, func(s *store.MlmmjSettings) { s.OnlySubscribersPost = false })
		require.Len(t, recipients(d.post(t, letter("stranger@z.test"), "stranger@z.test")), 3)
	})
	t.Run("moderators alone", func(t *testing.T) {
		d := deliver(t, func(s *store.MlmmjSettings) { s.OnlyModeratorsPost, s.Moderators = true, []string{"bert@x.test"} })
		require.Equal(t, []string{"anna@x.test"}, recipients(d.post(t, letter("anna@x.test"), "anna@x.test")))
		require.Equal(t, []string{"anna@x.test", "carla@y.test"}, recipients(d.post(t, letter("bert@x.test"), "bert@x.test")))
	})
	t.Run("a post that is too large is denied", func(t *testing.T) {
		d := deliver(t, func(s *store.MlmmjSettings) { s.MaxMessageSize = 2000 })
		require.Len(t, recipients(d.post(t, letter("anna@x.test"), "anna@x.test")), 2)
		got := d.post(t, letter("anna@x.test")+strings.Repeat("more\n", 500), "anna@x.test")
		require.Equal(t, []string{"anna@x.test"}, recipients(got))
	})
	t.Run("the largest limit of all refuses nothing", func(t *testing.T) {
		d := deliver(t, func(s *store.MlmmjSettings) { s.MaxMessageSize = 1 << 40 })
		require.Len(t, recipients(d.post(t, letter("anna@x.test"), "anna@x.test")), 2)
	})
}

func TestModerationHoldsAPost(t *testing.T) {
	d := deliver(t, func(s *store.MlmmjSettings) {
		s.Moderated, s.Moderators, s.NotifyModerated = true, []string{"m1@x.test", "m2@x.test"}, true
	})
	got := d.post(t, letter("anna@x.test"), "anna@x.test")
	require.Equal(t, []string{"anna@x.test", "m1@x.test", "m2@x.test"}, recipients(got))
	held, err := filepath.Glob(filepath.Join(d.dir, "moderation", "????????????????"))
	require.NoError(t, err)
	require.Len(t, held, 1)

	// The moderator's answer lets it through.
	answer := "From: m1@x.test\nTo: dev+moderate-" + filepath.Base(held[0]) + "@lists.test\nSubject: re\n\n\n"
	require.Equal(t, []string{"bert@x.test", "carla@y.test"}, recipients(d.post(t, answer, "m1@x.test")))
}

func TestInvite(t *testing.T) {
	d := deliver(t, func(*store.MlmmjSettings) {})
	kinds := map[string]store.Subscription{
		"n@x.test": store.SubscribeNormal, "d@x.test": store.SubscribeDigest, "q@x.test": store.SubscribeNoMail,
	}
	for mail, kind := range kinds {
		require.NoError(t, d.lists.Invite(t.Context(), lists, kind, []string{mail}))
		require.NoError(t, d.lists.Invite(t.Context(), lists, kind, []string{mail}))
		got := d.sink.Taken()
		require.Equal(t, []string{mail, mail}, recipients(got))
		pending, err := filepath.Glob(filepath.Join(d.dir, "subconf", "*-"+strings.Replace(mail, "@", "=", 1)))
		require.NoError(t, err)
		require.Len(t, pending, 1, "an earlier invitation is no longer good")
		to := regexp.MustCompile(`dev\+conf\S+?@lists\.test`).FindString(header(t, got[1], "Reply-To")[0])
		require.Contains(t, to, filepath.Base(pending[0]))

		require.NotContains(t, subscribed(t, d.lists), string(kind)+" "+mail)
		d.post(t, "From: "+mail+"\nTo: "+to+"\nSubject: re\n\n\n", mail)
		require.Contains(t, subscribed(t, d.lists), string(kind)+" "+mail)
	}
	t.Run("one that is subscribed gets nothing", func(t *testing.T) {
		require.NoError(t, d.lists.Invite(t.Context(), lists, store.SubscribeNormal, []string{"anna@x.test"}))
		require.Empty(t, d.sink.Taken())
	})
	t.Run("many, although subscriptions are moderated", func(t *testing.T) {
		on := true
		require.NoError(t, d.lists.ConfigureList(t.Context(), lists, store.MlmmjUpdate{ModerateSubscription: &on}))
		many := []string{"a1@x.test", "a2@x.test", "a3@x.test", "a4@x.test", "a5@x.test", "a6@x.test", "-a7@x.test", "$(id)@x.test"}
		require.Error(t, d.lists.Invite(t.Context(), lists, store.SubscribeNormal, many))
		require.Empty(t, d.sink.Taken())
		require.NoError(t, d.lists.Invite(t.Context(), lists, store.SubscribeNormal, many[:7]))
		require.Equal(t, []string{"-a7@x.test", "a1@x.test", "a2@x.test", "a3@x.test", "a4@x.test", "a5@x.test", "a6@x.test"},
			recipients(d.sink.Taken()))
	})
	t.Run("a forgotten address cannot take up its invitation", func(t *testing.T) {
		require.NoError(t, d.lists.ForgetSubscriber(t.Context(), "a1@x.test", []string{lists}))
		pending, err := filepath.Glob(filepath.Join(d.dir, "subconf", "*-a1=x.test"))
		require.NoError(t, err)
		require.Empty(t, pending)
	})
}

func subscribed(t *testing.T, l store.Mlmmj) []string {
	t.Helper()
	var all []string
	for s, err := range l.Subscribers(t.Context(), lists) {
		require.NoError(t, err)
		all = append(all, string(s.Subscription)+" "+s.Mail)
	}
	return all
}

// nobody is a user that every system has.
const nobody = 65534

func TestEverythingBelongsToTheOwnerOfTheSpool(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can work for others")
	}
	sink := storetest.NewSink(t)
	base := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(base), 0o755))
	spool := filepath.Join(base, "spool")
	require.NoError(t, os.Mkdir(spool, 0o700))
	require.NoError(t, os.Chown(spool, nobody, nobody))
	l := mlmmj.NewSpool(mlmmj.SpoolConfig{Spool: spool, Programs: storetest.Mlmmj(t), SMTPPort: sink.Port})
	require.NoError(t, l.Check(t.Context()))
	require.NoError(t, l.Prepare(t.Context(), lists, store.DefaultMlmmjSettings(lists)))
	require.NoError(t, l.Subscribe(t.Context(), lists, store.SubscribeNormal, []string{"anna@x.test", "bert@x.test"}))
	require.NoError(t, l.Invite(t.Context(), lists, store.SubscribeNormal, []string{"carla@x.test"}))
	require.Equal(t, []string{"carla@x.test"}, recipients(sink.Taken()))

	cmd := exec.Command("/usr/bin/mlmmj-receive", "-F", "-L", filepath.Join(spool, "lists.test", "dev"), "-s", "anna@x.test")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	cmd.Stdin = bytes.NewReader([]byte(letter("anna@x.test")))
	require.NoError(t, cmd.Run())
	require.Equal(t, []string{"bert@x.test"}, recipients(sink.Taken()))

	require.NoError(t, l.RemoveList(t.Context(), "other@lists.test", true))
	require.NoError(t, l.Prepare(t.Context(), lists, store.DefaultMlmmjSettings(lists)))
	for _, root := range []string{spool, spool + "-archive"} {
		require.NoError(t, filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
			require.NoError(t, err)
			info, err := os.Lstat(path)
			require.NoError(t, err)
			st := info.Sys().(*syscall.Stat_t)
			require.EqualValues(t, []uint32{nobody, nobody}, []uint32{st.Uid, st.Gid}, path)
			if !info.IsDir() && !strings.Contains(path, "/text/") {
				require.Equal(t, os.FileMode(0o600), info.Mode()&^0o066, path)
			}
			return nil
		}))
	}
}
