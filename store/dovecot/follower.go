package dovecot

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/postern-mail/postern/store"
)

const (
	// tries is how often a failed call is made again, and firstWait what is waited before; each time it is twice as long.
	tries     = 8
	firstWait = time.Second
	// followTime bounds how long a request waits. Many sessions that end one by one are gone on with in the background.
	followTime = 3 * time.Second
)

// Follower disconnects the mail sessions of whoever is disabled, deleted, renamed or given another password, and drops what
// Dovecot remembers of the password: doveadm-kick(1) and doveadm-auth(1), "auth cache flush".
//
// It never fails a change. A call that fails is logged and made again in the background; what is lasting is made again after a
// restart, too.
type Follower struct {
	Program string // doveadm, or where it is
	// Directory is true where accounts are kept in a directory: people log in by any of their addresses there, and Dovecot
	// remembers the password by the one that was given.
	Directory bool
	Log       *slog.Logger
	// Wait is what is waited before the first repeat; 0 is a second.
	Wait time.Duration

	repeats sync.WaitGroup
	mu      sync.Mutex
	waiting map[string]bool // whose repeats are under way, by accounts.key
}

// Name implements change.Follower.
func (*Follower) Name() string { return "dovecot" }

// Follow implements change.Follower.
func (f *Follower) Follow(ctx context.Context, _ store.Actor, c store.Change) error {
	users := whom(c)
	if users.mask == "" {
		return nil
	}
	bounded, cancel := context.WithTimeout(ctx, followTime)
	defer cancel()
	err := f.forget(bounded, users)
	if err == nil {
		return nil
	}
	f.repeatLater(ctx, users)
	if c.Lasting {
		return err // it is logged as a follower that failed, and an unfinished change survives a restart
	}
	f.Log.Warn("doveadm failed, and is called again", "users", users.mask, "error", err)
	return nil
}

// accounts are mailboxes whose sessions end: one, or those of a domain but for some.
type accounts struct {
	mask string // as doveadm takes it; "" for none
	but  []string
}

func (a accounts) key() string { return strings.Join(append([]string{a.mask}, a.but...), " ") }

func (a accounts) one() bool { return !strings.HasPrefix(a.mask, "*@") }

// whom returns the mailboxes that a change concerns. When a domain is disabled or deleted that is all of it, whereas a change of
// all mailboxes leaves out those that outrank the actor.
func whom(c store.Change) accounts {
	ends := c.EndsSessions || c.Action == store.ActionDisable || c.Action == store.ActionDelete || c.Action == store.ActionRename
	switch {
	case !ends || c.Noun != store.NounUser && c.Noun != store.NounDomain:
		return accounts{}
	case strings.Contains(c.Name, "@"):
		return accounts{mask: c.Name}
	case c.Noun == store.NounDomain:
		return accounts{mask: "*@" + c.Name}
	}
	return accounts{mask: "*@" + c.Name, but: c.Discarded}
}

// forget drops what is remembered before it disconnects, or a client that comes back at once would be let in again.
func (f *Follower) forget(ctx context.Context, users accounts) error {
	d := Doveadm{Program: f.Program}
	var flush error
	if users.one() && !f.Directory {
		flush = d.Flush(ctx, users.mask)
	} else {
		flush = d.FlushAll(ctx)
	}
	return errors.Join(flush, d.disconnect(ctx, users))
}

// repeatLater has a call that failed made again in the background, unless that is under way.
func (f *Follower) repeatLater(ctx context.Context, users accounts) {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := users.key()
	if f.waiting[key] {
		return
	}
	if f.waiting == nil {
		f.waiting = map[string]bool{}
	}
	f.waiting[key] = true
	f.repeats.Go(func() {
		f.repeat(context.WithoutCancel(ctx), users)
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.waiting, key)
	})
}

func (f *Follower) repeat(ctx context.Context, users accounts) {
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
		f.Log.Warn("doveadm failed again", "users", users.mask, "error", err)
	}
	f.Log.Error("doveadm failed too often: open mail sessions of these go on", "users", users.mask)
}
