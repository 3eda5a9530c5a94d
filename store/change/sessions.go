package change

import (
	"context"
	"strings"

	"github.com/postern-mail/postern/store"
)

type sessionsFollower struct {
	sessions store.Sessions
	accounts store.Identities
}

// EndSessions returns the follower that logs out whom a change concerns: after a delete, a rename, a disabling or
// another password. Under a new name nobody has logged in yet, so a rename ends those of the old one. A change of a whole
// domain concerns its mailboxes but for those that it left out; a standalone admin whose address lies in the domain is none of
// them, and stays logged in.
func EndSessions(sessions store.Sessions, accounts store.Identities) Follower {
	return sessionsFollower{sessions, accounts}
}

// Name implements Follower.
func (sessionsFollower) Name() string { return "sessions" }

// Follow implements Follower.
func (f sessionsFollower) Follow(ctx context.Context, _ store.Actor, c store.Change) error {
	if !c.EndsSessions {
		return nil
	}
	if strings.Contains(c.Name, "@") {
		return f.sessions.EndSessionsOf(ctx, c.Name)
	}
	names, err := f.sessions.SessionAccounts(ctx, c.Name)
	if err != nil {
		return err
	}
	for _, name := range store.LeaveOut(names, c.Discarded) {
		who, err := f.accounts.Identity(ctx, name)
		if err != nil && !store.IsNotFound(err) {
			return err
		}
		if err == nil && !who.Mailbox {
			continue
		}
		if err = f.sessions.EndSessionsOf(ctx, name); err != nil {
			return err
		}
	}
	return nil
}
