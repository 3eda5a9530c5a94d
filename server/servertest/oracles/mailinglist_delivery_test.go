package oracles_test

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/storetest"
)

// recipients are those of all messages, sorted.
func recipients(messages []storetest.Message) []string {
	all := []string{}
	for _, m := range messages {
		all = append(all, m.Recipients...)
	}
	slices.Sort(all)
	return all
}

func TestMlmmjReadsWhatTheAPIWrote(t *testing.T) {
	m := servertest.NewMailed(t, servertest.Body{"owner": servertest.List{"anna@example.com"}, "moderators": servertest.List{"ben@example.com", "x@far.test"}})
	servertest.Put(servertest.DevMailingList, servertest.Body{"add_subscribers": servertest.List{"digest@far.test"}, "subscription": "digest", "require_confirm": "no"})(m.Root)
	servertest.Put(servertest.DevMailingList, servertest.Body{"add_subscribers": servertest.List{"quiet@far.test", "x@far.test"}, "subscription": "nomail", "require_confirm": "no"})(m.Root)
	require.Equal(t, []string{"anna@example.com", "ben@example.com"}, m.Hear())
	require.Equal(t, []string{"digest@far.test"}, m.Hear("-d"))
	require.Equal(t, []string{"quiet@far.test", "x@far.test"}, m.Hear("-n"))
	require.Equal(t, []string{"anna@example.com"}, m.Hear("-o"))
	require.Equal(t, []string{"ben@example.com", "x@far.test"}, m.Hear("-m"))
	servertest.Put(servertest.DevMailingList, servertest.Body{"remove_subscribers": servertest.List{"ALL"}})(m.Root)
	require.Empty(t, slices.Concat(m.Hear(), m.Hear("-d"), m.Hear("-n")))
}

func TestPostsThroughTheAPIsList(t *testing.T) {
	m := servertest.NewMailed(t, servertest.Body{
		"subject_prefix": "[dev]", "custom_headers": "X-Office: Berlin", "remove_headers": servertest.List{"X-Mailer"},
		"footer_text": "For members of Example.", "footer_html": "<p>For members of <b>Example</b>.</p>",
	})
	altermime, err := exec.LookPath("altermime")
	if err != nil && testing.Short() {
		t.Skip("altermime is not installed, and a quick run goes without")
	}
	require.NoError(t, err, "scripts/install.sh installs it")
	// iRedMail has altermime add the footers before mlmmj gets the post.
	add := exec.CommandContext(t.Context(), "sh", "-c", `cat >"$0/post" && "$1" --input="$0/post" --disclaimer="$2/control/footer_text"`+
		` --disclaimer-html="$2/control/footer_html" && cat "$0/post"`, t.TempDir(), altermime, m.Directory())
	add.Stdin = strings.NewReader("MIME-Version: 1.0\nContent-Type: text/plain; charset=us-ascii\n" + servertest.MailFrom("anna@example.com"))
	post, err := add.Output()
	require.NoError(t, err)

	sent := m.Hand("anna@example.com", string(post))
	require.Equal(t, []string{"ben@example.com", "x@far.test"}, recipients(sent), "no copy to the sender")
	for _, one := range sent {
		require.Equal(t, "[dev] Hello", servertest.HeaderOf(t, one, "Subject"))
		require.Equal(t, "Berlin", servertest.HeaderOf(t, one, "X-Office"))
		require.Equal(t, "<dev@example.com>", servertest.HeaderOf(t, one, "List-Id"))
		require.Empty(t, servertest.HeaderOf(t, one, "X-Mailer"))
		require.Contains(t, one.Text, "The text.")
		require.Contains(t, one.Text, "For members of Example.")
	}
}

func TestWhoMayPost(t *testing.T) {
	const outsider = "y@far.test"
	m := servertest.NewMailed(t, servertest.Body{})
	denied := m.Hand(outsider, servertest.MailFrom(outsider))
	require.Equal(t, []string{outsider}, recipients(denied), "nobody else gets it")
	require.Contains(t, strings.ToLower(denied[0].Text), "not a list subscriber")

	servertest.Put(servertest.DevMailingList, servertest.Body{"accessPolicy": "public"})(m.Root)
	require.Equal(t, []string{"anna@example.com", "ben@example.com", "x@far.test"}, recipients(m.Hand(outsider, servertest.MailFrom(outsider))))

	servertest.Put(servertest.DevMailingList, servertest.Body{"accessPolicy": "moderatorsonly", "moderators": servertest.List{"ben@example.com"}})(m.Root)
	require.Equal(t, []string{"anna@example.com"}, recipients(m.Hand("anna@example.com", servertest.MailFrom("anna@example.com"))))
	require.Equal(t, []string{"anna@example.com", "x@far.test"}, recipients(m.Hand("ben@example.com", servertest.MailFrom("ben@example.com"))))

	servertest.Put(servertest.DevMailingList, servertest.Body{"accessPolicy": "membersonly", "max_message_size": 100})(m.Root)
	require.Equal(t, []string{"anna@example.com"}, recipients(m.Hand("anna@example.com", servertest.MailFrom("anna@example.com")+strings.Repeat("x", 200))))
}

func TestModerationHoldsAPost(t *testing.T) {
	m := servertest.NewMailed(t, servertest.Body{"moderated": "yes", "moderators": servertest.List{"zoe@other.test"}, "notify_sender_when_moderated": "yes"})
	sent := m.Hand("anna@example.com", servertest.MailFrom("anna@example.com"))
	require.Equal(t, []string{"anna@example.com", "zoe@other.test"}, recipients(sent), "the moderator is asked, the sender told")
	held := m.NamesIn("dev@example.com", "moderation")
	require.NotEmpty(t, held)

	servertest.Put(servertest.DevMailingList, servertest.Body{"moderated": "no"})(m.Root)
	require.Equal(t, []string{"ben@example.com", "x@far.test"}, recipients(m.Hand("anna@example.com", servertest.MailFrom("anna@example.com"))))
}

// TestConfirmedSubscription asks somebody to confirm, and has them answer.
func TestConfirmedSubscription(t *testing.T) {
	m := servertest.NewMailed(t, servertest.Body{})
	servertest.Put(servertest.DevMailingList, servertest.Body{"add_subscribers": servertest.List{"y@far.test"}, "subscription": "digest"})(m.Root)
	require.NoError(t, m.Inviter.Send(t.Context()))
	asked := m.Sink.Next(t)
	require.Equal(t, []string{"y@far.test"}, asked.Recipients)
	require.Empty(t, m.Hear("-d"))
	answer := servertest.HeaderOf(t, asked, "Reply-To")
	found := regexp.MustCompile(`<?dev\+(confsub[^@]*)@example\.com>?`).FindStringSubmatch(answer)
	require.NotNil(t, found, answer)

	local, _ := store.SplitAddress(strings.Trim(answer, "<>"))
	extension := strings.TrimPrefix(local, "dev+")
	m.HandTo(extension, "y@far.test", "From: <y@far.test>\nTo: "+answer+"\nSubject: yes\n\nyes\n")
	require.Equal(t, []string{"y@far.test"}, m.Hear("-d"))
}
