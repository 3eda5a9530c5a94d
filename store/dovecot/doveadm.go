package dovecot

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/postern-mail/postern/store"
)

const (
	// callTime bounds one call of doveadm.
	callTime = time.Second
	// notFound is doveadm's exit status where there is nobody to disconnect (EX_NOHOST).
	notFound = 68
)

// Doveadm is Dovecot's program for its administrator.
type Doveadm struct {
	Program string // doveadm, or where it is
}

// Check returns an error when Dovecot cannot be reached, or not by whoever runs this. It changes nothing: it asks for the
// sessions and the remembered password of an account that there cannot be. Whether a session may be ended shows only when one is:
// Dovecot 2.3 sends a signal to the process of the session.
func (d Doveadm) Check(ctx context.Context) error {
	const nobody = "nobody@postern.invalid"
	_, err := d.call(ctx, "who", "-1", nobody)
	return errors.Join(err, d.Flush(ctx, nobody))
}

// Flush has Dovecot forget what it remembers of the password of an account.
func (d Doveadm) Flush(ctx context.Context, user string) error {
	_, err := d.call(ctx, append([]string{"auth", "cache", "flush"}, operand(user)...)...)
	return err
}

// FlushAll has Dovecot forget what it remembers of all passwords.
func (d Doveadm) FlushAll(ctx context.Context) error {
	_, err := d.call(ctx, "auth", "cache", "flush")
	return err
}

// kick disconnects whom a mask matches. That there is nobody is no error.
func (d Doveadm) kick(ctx context.Context, mask string) error {
	_, err := d.call(ctx, append([]string{"kick"}, operand(mask)...)...)
	return err
}

// disconnect ends sessions. doveadm takes a mask but no exceptions: where there are some, those who are logged in are
// disconnected one by one.
func (d Doveadm) disconnect(ctx context.Context, users accounts) error {
	local, _ := store.SplitAddress(users.mask)
	switch {
	case users.one() && !strings.ContainsAny(local, "*?"), !users.one() && len(users.but) == 0:
		return d.kick(ctx, users.mask)
	case users.one():
		return fmt.Errorf("sessions of %s go on: to doveadm the name is a mask that stands for others, too", users.mask)
	}
	there, err := d.loggedIn(ctx, users.mask)
	if err != nil {
		return err
	}
	var first error
	for _, user := range store.LeaveOut(there, users.but) {
		if err := d.kick(ctx, user); first == nil {
			first = err
		}
		if ctx.Err() != nil {
			break
		}
	}
	return first
}

// loggedIn returns those whom a mask matches and who are logged in, each once.
func (d Doveadm) loggedIn(ctx context.Context, mask string) (users []string, err error) {
	out, err := d.call(ctx, "-f", "tab", "who", mask)
	if err != nil {
		return nil, err
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	for _, line := range lines[1:] { // the first is the heading
		user, _, _ := strings.Cut(line, "\t")
		users = append(users, user)
	}
	slices.Sort(users)
	return slices.Compact(users), nil
}

// operand marks an address that begins with a dash as no option.
func operand(user string) []string {
	if strings.HasPrefix(user, "-") {
		return []string{"--", user}
	}
	return []string{user}
}

// call runs doveadm. The exit status alone says little: 2.3 ends with 0 when "auth cache flush" did not reach Dovecot, and with
// that of nobody when "kick" was not allowed to send the signal.
func (d Doveadm) call(ctx context.Context, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	var stdout, stderr strings.Builder
	command := exec.CommandContext(ctx, d.Program, args...) //nolint:gosec // the program is configured, an address is no option
	command.Stdout, command.Stderr = &stdout, &stderr
	command.WaitDelay = callTime / 10 // a script may leave a child behind that holds on to the output
	err := command.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == notFound {
		err = nil
	}
	if complaint := complaints(stderr.String()); err == nil && complaint != "" {
		err = errors.New("it complained")
	}
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", d.Program, strings.Join(args, " "), err, strings.TrimSpace(stdout.String()+stderr.String()))
	}
	return stdout.String(), nil
}

// complaints returns the lines that tell of what went wrong. That the statistics cannot be reached, which are open to few,
// matters not, nor do warnings.
func complaints(stderr string) string {
	var bad []string
	for line := range strings.Lines(stderr) {
		failed := strings.Contains(line, "Error: ") || strings.Contains(line, "Fatal: ") || strings.Contains(line, ") failed: ")
		if failed && !strings.Contains(line, "/stats-writer") && !strings.HasPrefix(line, "Warning: ") {
			bad = append(bad, line)
		}
	}
	return strings.Join(bad, "")
}
