package change

import (
	"context"

	"github.com/postern-mail/postern/store"
)

type sessionsFollower struct {
	sessions store.Sessions
}

// EndSessions returns the follower that logs out whom a change concerns: after a delete, a rename, a disabling or
// another password. Under a new name nobody has logged in yet, so a rename ends those of the old one.
func EndSessions(sessions store.Sessions) Follower { return sessionsFollower{sessions} }

// Name implements Follower.
func (sessionsFollower) Name() string { return "sessions" }

// Follow implements Follower.
func (f sessionsFollower) Follow(ctx context.Context, _ store.Actor, c store.Change) error {
	if !c.EndsSessions {
		return nil
	}
	return f.sessions.EndSessionsOf(ctx, c.Name)
}
