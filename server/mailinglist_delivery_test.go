package server_test

import (
	"bufio"
	"net/textproto"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/storetest"
)

// These tests hand mail to mlmmj as Postfix does, for lists that were made through the API, and see what arrives where mlmmj
// hands in its own.

// mailed is a fixture with a list, dev@example.com.
type mailed struct {
	*fixture
	root *client
}

func newMailed(t *testing.T, given body) mailed {
	t.Helper()
	storetest.Mlmmj(t)
	w := newFixture(t)
	seed(w)
	root := w.root()
	given["require_confirm"] = "no"
	given["subscribers"] = list{"anna@example.com", "ben@example.com", "x@far.test"}
	post(devMailingList, given)(root)
	return mailed{w, root}
}

func (m mailed) directory() string { return filepath.Join(m.spool(), "example.com", "dev") }

// hand gives a message to mlmmj and returns what it sent.
func (m mailed) hand(sender, message string) []storetest.Message {
	m.t.Helper()
	cmd := exec.CommandContext(m.t.Context(), "/usr/bin/mlmmj-receive", "-F", "-L", m.directory(), "-s", sender)
	cmd.Stdin = strings.NewReader(message)
	out, err := cmd.CombinedOutput()
	require.NoError(m.t, err, "%s", out)
	return m.sink.Taken()
}

// hear is what mlmmj's own program says of the list.
func (m mailed) hear(args ...string) []string {
	m.t.Helper()
	out, err := exec.CommandContext(m.t.Context(), "/usr/bin/mlmmj-list", append([]string{"-L", m.directory()}, args...)...).Output()
	require.NoError(m.t, err)
	lines := strings.Fields(string(out))
	slices.Sort(lines)
	return lines
}

func mailFrom(sender string) string {
	return "From: <" + sender + ">\nTo: dev@example.com\nSubject: Hello\nX-Mailer: secret\n\nThe text.\n"
}

// recipients are those of all messages, sorted.
func recipients(messages []storetest.Message) []string {
	all := []string{}
	for _, m := range messages {
		all = append(all, m.Recipients...)
	}
	slices.Sort(all)
	return all
}

func headerOf(t *testing.T, m storetest.Message, name string) string {
	t.Helper()
	h, err := textproto.NewReader(bufio.NewReader(strings.NewReader(m.Text))).ReadMIMEHeader()
	require.NoError(t, err)
	return h.Get(name)
}

func TestMlmmjReadsWhatTheAPIWrote(t *testing.T) {
	m := newMailed(t, body{"owner": list{"anna@example.com"}, "moderators": list{"ben@example.com", "x@far.test"}})
	put(devMailingList, body{"add_subscribers": list{"digest@far.test"}, "subscription": "digest", "require_confirm": "no"})(m.root)
	put(devMailingList, body{"add_subscribers": list{"quiet@far.test", "x@far.test"}, "subscription": "nomail", "require_confirm": "no"})(m.root)
	require.Equal(t, []string{"anna@example.com", "ben@example.com"}, m.hear())
	require.Equal(t, []string{"digest@far.test"}, m.hear("-d"))
	require.Equal(t, []string{"quiet@far.test", "x@far.test"}, m.hear("-n"))
	require.Equal(t, []string{"anna@example.com"}, m.hear("-o"))
	require.Equal(t, []string{"ben@example.com", "x@far.test"}, m.hear("-m"))
	put(devMailingList, body{"remove_subscribers": list{"ALL"}})(m.root)
	require.Empty(t, slices.Concat(m.hear(), m.hear("-d"), m.hear("-n")))
}

func TestPostsThroughTheAPIsList(t *testing.T) {
	m := newMailed(t, body{
		"subject_prefix": "[dev]", "custom_headers": "X-Office: Berlin", "remove_headers": list{"X-Mailer"},
		"footer_text": "For members of Example.", "footer_html": "<p>For members of <b>Example</b>.</p>",
	})
	altermime, err := exec.LookPath("altermime")
	if err != nil && testing.Short() {
		t.Skip("altermime is not installed, and a quick run goes without")
	}
	require.NoError(t, err, "scripts/install.sh installs it")
	// iRedMail has altermime add the footers before mlmmj gets the post.
	add := exec.CommandContext(t.Context(), "sh", "-c", `cat >"$0/post" && "$1" --input="$0/post" --disclaimer="$2/control/footer_text"`+
		` --disclaimer-html="$2/control/footer_html" && cat "$0/post"`, t.TempDir(), altermime, m.directory())
	add.Stdin = strings.NewReader("MIME-Version: 1.0\nContent-Type: text/plain; charset=us-ascii\n" + mailFrom("anna@example.com"))
	post, err := add.Output()
	require.NoError(t, err)

	sent := m.hand("anna@example.com", string(post))
	require.Equal(t, []string{"ben@example.com", "x@far.test"}, recipients(sent), "no copy to the sender")
	for _, one := range sent {
		require.Equal(t, "[dev] Hello", headerOf(t, one, "Subject"))
		require.Equal(t, "Berlin", headerOf(t, one, "X-Office"))
		require.Equal(t, "<dev@example.com>", headerOf(t, one, "List-Id"))
		require.Empty(t, headerOf(t, one, "X-Mailer"))
		require.Contains(t, one.Text, "The text.")
		require.Contains(t, one.Text, "For members of Example.")
	}
}

func TestWhoMayPost(t *testing.T) {
	const outsider = "y@far.test"
	m := newMailed(t, body{})
	denied := m.hand(outsider, mailFrom(outsider))
	require.Equal(t, []string{outsider}, recipients(denied), "nobody else gets it")
	require.Contains(t, strings.ToLower(denied[0].Text), "not a list subscriber")

	put(devMailingList, body{"accessPolicy": "public"})(m.root)
	require.Equal(t, []string{"anna@example.com", "ben@example.com", "x@far.test"}, recipients(m.hand(outsider, mailFrom(outsider))))

	put(devMailingList, body{"accessPolicy": "moderatorsonly", "moderators": list{"ben@example.com"}})(m.root)
	require.Equal(t, []string{"anna@example.com"}, recipients(m.hand("anna@example.com", mailFrom("anna@example.com"))))
	require.Equal(t, []string{"anna@example.com", "x@far.test"}, recipients(m.hand("ben@example.com", mailFrom("ben@example.com"))))

	put(devMailingList, body{"accessPolicy": "membersonly", "max_message_size": 100})(m.root)
	require.Equal(t, []string{"anna@example.com"}, recipients(m.hand("anna@example.com", mailFrom("anna@example.com")+strings.Repeat("x", 200))))
}

func TestModerationHoldsAPost(t *testing.T) {
	m := newMailed(t, body{"moderated": "yes", "moderators": list{"zoe@other.test"}, "notify_sender_when_moderated": "yes"})
	sent := m.hand("anna@example.com", mailFrom("anna@example.com"))
	require.Equal(t, []string{"anna@example.com", "zoe@other.test"}, recipients(sent), "the moderator is asked, the sender told")
	held := m.namesIn("dev@example.com", "moderation")
	require.NotEmpty(t, held)

	put(devMailingList, body{"moderated": "no"})(m.root)
	require.Equal(t, []string{"ben@example.com", "x@far.test"}, recipients(m.hand("anna@example.com", mailFrom("anna@example.com"))))
}

// TestConfirmedSubscription asks somebody to confirm, and has them answer.
func TestConfirmedSubscription(t *testing.T) {
	m := newMailed(t, body{})
	put(devMailingList, body{"add_subscribers": list{"y@far.test"}, "subscription": "digest"})(m.root)
	require.NoError(t, m.inviter.Send(t.Context()))
	asked := m.sink.Next(t)
	require.Equal(t, []string{"y@far.test"}, asked.Recipients)
	require.Empty(t, m.hear("-d"))
	answer := headerOf(t, asked, "Reply-To")
	found := regexp.MustCompile(`<?dev\+(confsub[^@]*)@example\.com>?`).FindStringSubmatch(answer)
	require.NotNil(t, found, answer)

	local, _ := store.SplitAddress(strings.Trim(answer, "<>"))
	extension := strings.TrimPrefix(local, "dev+")
	m.handTo(extension, "y@far.test", "From: <y@far.test>\nTo: "+answer+"\nSubject: yes\n\nyes\n")
	require.Equal(t, []string{"y@far.test"}, m.hear("-d"))
}

// handTo is hand of a message to an address of the list with an extension.
func (m mailed) handTo(extension, sender, message string) {
	m.t.Helper()
	cmd := exec.CommandContext(m.t.Context(), "/usr/bin/mlmmj-receive", "-F", "-L", m.directory(), "-s", sender, "-e", extension)
	cmd.Stdin = strings.NewReader(message)
	out, err := cmd.CombinedOutput()
	require.NoError(m.t, err, "%s", out)
}
