// Package dovecot has a running Dovecot forget who may no longer read mail.
package dovecot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/postern-mail/postern/store"
)

const (
	// callTime bounds one call of doveadm.
	callTime = time.Second
	// tries is how often a failed call is made again, and firstWait what is waited before; each time it is twice as long.
	tries     = 8
	firstWait = time.Second
	// notFound is doveadm's exit status where there is nobody to disconnect (EX_NOHOST).
	notFound = 68
)

// Follower disconnects the mail sessions of whoever is disabled, deleted, renamed or given another password, and drops what
// Dovecot remembers of the password: doveadm-kick(1) and doveadm-auth(1), "auth cache flush".
//
// It never fails a change. A call that fails is logged and made again in the background; what is lasting is made again after a
// restart, too.
type Follower struct {
	Program string // doveadm, or where it is
	Log     *slog.Logger
	// Wait is what is waited before the first repeat; 0 is a second.
	Wait time.Duration

	repeats sync.WaitGroup
}

// Name implements change.Follower.
func (*Follower) Name() string { return "dovecot" }

// Follow implements change.Follower.
func (f *Follower) Follow(ctx context.Context, _ store.Actor, c store.Change) error {
	users := whom(c)
	if users == "" {
		return nil
	}
	err := f.forget(ctx, users)
	if err == nil || c.Lasting {
		return err // the ledger of unfinished changes makes it again
	}
	f.Log.Warn("doveadm failed, and is called again", "users", users, "error", err)
	f.repeats.Go(func() { f.repeat(context.WithoutCancel(ctx), users) })
	return nil
}

// whom returns the mailboxes that a change concerns as doveadm takes them, "" for none. A mask stands for those of a domain.
func whom(c store.Change) string {
	ends := c.EndsSessions || c.Action == store.ActionDisable || c.Action == store.ActionDelete || c.Action == store.ActionRename
	switch {
	case !ends || c.Noun != store.NounUser && c.Noun != store.NounDomain:
		return ""
	case strings.Contains(c.Name, "@"):
		return c.Name
	}
	return "*@" + c.Name
}

// forget drops what is remembered before it disconnects, or a client that comes back at once would be let in again. An address may
// begin with a dash, and is no option.
func (f *Follower) forget(ctx context.Context, users string) error {
	flush := []string{"auth", "cache", "flush"}
	if !strings.HasPrefix(users, "*") {
		flush = append(flush, "--", users)
	}
	return errors.Join(f.call(ctx, flush...), f.call(ctx, "kick", "--", users))
}

func (f *Follower) call(ctx context.Context, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	out, err := exec.CommandContext(ctx, f.Program, args...).CombinedOutput() //nolint:gosec // the program is configured, an address comes behind "--"
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == notFound {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", f.Program, strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

func (f *Follower) repeat(ctx context.Context, users string) {
	wait := f.Wait
	if wait == 0 {
		wait = firstWait
	}
	for range tries {
		time.Sleep(wait)
		err := f.forget(ctx, users)
		if err == nil {
			return
		}
		wait *= 2
		f.Log.Warn("doveadm failed again", "users", users, "error", err)
	}
	f.Log.Error("doveadm failed too often: open mail sessions of these go on", "users", users)
}
