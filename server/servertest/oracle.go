package servertest

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

// NeedOracles ends a test in a quick run, which goes without other programs.
func NeedOracles(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs Postfix and Dovecot")
	}
}

// Program is the path of a program that has to be there.
func Program(t *testing.T, name string) string {
	t.Helper()
	for _, candidate := range []string{name, "/usr/sbin/" + name} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path
		}
	}
	require.Fail(t, "there is no "+name+": scripts/install.sh installs it")
	return ""
}

// Output is what a program said, and the status that it ended with.
type Output struct {
	Stdout, stderr string
	Status         int
}

func (o Output) String() string { return o.Stdout + o.stderr }

// Call runs a program. It fails when the program does not start.
func Call(ctx context.Context, path string, args ...string) (Output, error) {
	return CallWith(ctx, "", path, args...)
}

// CallWith is call with something for the program to read.
func CallWith(ctx context.Context, stdin, path string, args ...string) (Output, error) {
	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(ctx, path, args...)
	command.Stdin, command.Stdout, command.Stderr = strings.NewReader(stdin), &stdout, &stderr
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return Output{}, err
	}
	return Output{stdout.String(), stderr.String(), command.ProcessState.ExitCode()}, nil
}

// In is the fixture as a test sees it that shares it with others.
func (w *Fixture) In(t *testing.T) *Fixture {
	shared := *w
	shared.T = t
	return &shared
}

// Act is something done through the API.
type Act func(c *Client)

func Post(path string, given Body) Act { return send("POST", path, given) }

func Put(path string, given Body) Act { return send("PUT", path, given) }

func Remove(path string) Act { return send("DELETE", path, nil) }

// send is one request that has to succeed as a whole.
func send(method, path string, given Body) Act {
	return func(c *Client) {
		c.W.T.Helper()
		var a Answer
		if given == nil {
			a = c.Send(method, path, "", "")
		} else {
			a = c.JSON(method, path, given)
		}
		require.True(c.W.T, a.OK(), "%s %s: %s", method, path, a.Raw)
		require.NotContains(c.W.T, a.Body, "_discarded", "%s %s", method, path)
	}
}

// Acts are done one after another.
func Acts(all ...Act) Act {
	return func(c *Client) {
		c.W.T.Helper()
		for _, do := range all {
			do(c)
		}
	}
}

func splitLines(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == '\n' })
}
