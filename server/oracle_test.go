package server_test

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The oracles are Postfix and Dovecot as Debian ships them. They read the very database that the API writes, by queries
// of our own for what iRedMail's servers look for.

// needOracles ends a test in a quick run, which goes without other programs.
func needOracles(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs Postfix and Dovecot")
	}
}

// program is the path of a program that has to be there.
func program(t *testing.T, name string) string {
	t.Helper()
	for _, candidate := range []string{name, "/usr/sbin/" + name} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path
		}
	}
	require.Fail(t, "there is no "+name+": scripts/install.sh installs it")
	return ""
}

// output is what a program said, and the status that it ended with.
type output struct {
	stdout, stderr string
	status         int
}

func (o output) String() string { return o.stdout + o.stderr }

// call runs a program. It fails when the program does not start.
func call(ctx context.Context, path string, args ...string) (output, error) {
	return callWith(ctx, "", path, args...)
}

// callWith is call with something for the program to read.
func callWith(ctx context.Context, stdin, path string, args ...string) (output, error) {
	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(ctx, path, args...)
	command.Stdin, command.Stdout, command.Stderr = strings.NewReader(stdin), &stdout, &stderr
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return output{}, err
	}
	return output{stdout.String(), stderr.String(), command.ProcessState.ExitCode()}, nil
}

// in is the fixture as a test sees it that shares it with others.
func (w *fixture) in(t *testing.T) *fixture {
	shared := *w
	shared.t = t
	return &shared
}

// act is something done through the API.
type act func(c *client)

func post(path string, given body) act { return send("POST", path, given) }

func put(path string, given body) act { return send("PUT", path, given) }

func remove(path string) act { return send("DELETE", path, nil) }

// send is one request that has to succeed as a whole.
func send(method, path string, given body) act {
	return func(c *client) {
		c.w.t.Helper()
		var a answer
		if given == nil {
			a = c.send(method, path, "", "")
		} else {
			a = c.json(method, path, given)
		}
		require.True(c.w.t, a.ok(), "%s %s: %s", method, path, a.raw)
		require.NotContains(c.w.t, a.body, "_discarded", "%s %s", method, path)
	}
}

// acts are done one after another.
func acts(all ...act) act {
	return func(c *client) {
		c.w.t.Helper()
		for _, do := range all {
			do(c)
		}
	}
}

// TestOraclesTellTroubleFromNo shows that a oracle that cannot answer is not taken for one that says no.
func TestOraclesTellTroubleFromNo(t *testing.T) {
	onEveryEngine(t, oracleTrouble)
}

func oracleTrouble(t *testing.T, w *fixture) {
	root := w.root()
	root.mustDomain("example.com", nil)
	root.mustUser("anna@example.com", nil)

	p := newPostfix(t, w.source(t))
	p.writeBroken(t)
	_, err := p.lookUp(t, "broken", "anna@example.com")
	require.Error(t, err)
	require.Regexp(t, `no such table: nowhere|nowhere' doesn't exist|"nowhere" does not exist|Bad search filter`, err.Error())
	_, err = p.lookUp(t, "missing", "anna@example.com")
	require.ErrorContains(t, err, "No such file")
	found, err := p.lookUp(t, "virtual_mailbox_domains", "nowhere.test")
	require.NoError(t, err)
	require.Empty(t, found)
	lost := newPostfix(t, w.noSuchSource(t))
	_, err = lost.lookUp(t, "virtual_mailbox_domains", "example.com")
	require.Error(t, err)

	d := startDovecot(t, w)
	ok, err := d.authenticate(t, "anna@example.com", password, "imap")
	require.NoError(t, err)
	require.True(t, ok)
	ok, err = d.authenticate(t, "anna@example.com", "wrong", "imap")
	require.NoError(t, err)
	require.False(t, ok)
	ok, err = d.authenticate(t, "anna@example.com", password, "nonsense")
	if w.directory != nil { // which knows no columns: nobody has that service
		require.NoError(t, err)
		require.False(t, ok)
	} else {
		require.ErrorContains(t, err, "temp_fail")
		_, err = d.find(t, "anna@example.com", "nonsense")
		require.Error(t, err)
	}
	fields, err := d.find(t, "nobody@example.com", "imap")
	require.NoError(t, err)
	require.Nil(t, fields)

	gone := *d
	gone.conf += ".missing"
	_, err = gone.authenticate(t, "anna@example.com", password, "imap")
	require.Error(t, err)
}

func splitLines(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == '\n' })
}
