package servertest

import (
	"bufio"
	"net/textproto"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store/storetest"
)

// These tests hand mail to mlmmj as Postfix does, for lists that were made through the API, and see what arrives where mlmmj
// hands in its own.

// mailed is a fixture with a list, dev@example.com.
type mailed struct {
	*Fixture
	Root *Client
}

func NewMailed(t *testing.T, given Body) mailed {
	t.Helper()
	storetest.Mlmmj(t)
	w := NewFixture(t)
	Seed(w)
	root := w.Root()
	given["require_confirm"] = "no"
	given["subscribers"] = List{"anna@example.com", "ben@example.com", "x@far.test"}
	Post(DevMailingList, given)(root)
	return mailed{w, root}
}

func (m mailed) Directory() string { return filepath.Join(m.Spool(), "example.com", "dev") }

// Hand gives a message to mlmmj and returns what it sent.
func (m mailed) Hand(sender, message string) []storetest.Message {
	m.T.Helper()
	cmd := exec.CommandContext(m.T.Context(), "/usr/bin/mlmmj-receive", "-F", "-L", m.Directory(), "-s", sender)
	cmd.Stdin = strings.NewReader(message)
	out, err := cmd.CombinedOutput()
	require.NoError(m.T, err, "%s", out)
	return m.Sink.Taken()
}

// Hear is what mlmmj's own program says of the list.
func (m mailed) Hear(args ...string) []string {
	m.T.Helper()
	out, err := exec.CommandContext(m.T.Context(), "/usr/bin/mlmmj-list", append([]string{"-L", m.Directory()}, args...)...).Output()
	require.NoError(m.T, err)
	lines := strings.Fields(string(out))
	slices.Sort(lines)
	return lines
}

func MailFrom(sender string) string {
	return "From: <" + sender + ">\nTo: dev@example.com\nSubject: Hello\nX-Mailer: secret\n\nThe text.\n"
}

func HeaderOf(t *testing.T, m storetest.Message, name string) string {
	t.Helper()
	h, err := textproto.NewReader(bufio.NewReader(strings.NewReader(m.Text))).ReadMIMEHeader()
	require.NoError(t, err)
	return h.Get(name)
}

// HandTo is hand of a message to an address of the list with an extension.
func (m mailed) HandTo(extension, sender, message string) {
	m.T.Helper()
	cmd := exec.CommandContext(m.T.Context(), "/usr/bin/mlmmj-receive", "-F", "-L", m.Directory(), "-s", sender, "-e", extension)
	cmd.Stdin = strings.NewReader(message)
	out, err := cmd.CombinedOutput()
	require.NoError(m.T, err, "%s", out)
}
