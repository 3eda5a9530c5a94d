package change

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/postern-mail/postern/store"
)

type logFollower struct {
	panel store.Panel
}

// PanelLog returns the follower that writes a row into the panel's log, as iRedAdmin does, and removes from the panel's database
// what is left over of what is created. A change that is taken up again after a crash may get a second row.
func PanelLog(panel store.Panel) Follower { return logFollower{panel} }

// Name implements Follower.
func (logFollower) Name() string { return "panel log" }

func (f logFollower) holds(ctx context.Context, _ store.Actor, c store.Change) (bool, error) {
	left, ok := f.panel.(store.Leftovers)
	if !ok {
		return false, nil
	}
	return left.HoldsAccount(ctx, c.Name)
}

func (f logFollower) removeLeftovers(ctx context.Context, _ store.Actor, c store.Change) error {
	left, ok := f.panel.(store.Leftovers)
	if !ok {
		return nil
	}
	return left.ForgetAccount(ctx, c.Name)
}

// Follow implements Follower.
func (f logFollower) Follow(ctx context.Context, actor store.Actor, c store.Change) error {
	if isLeftover(c) {
		if err := f.removeLeftovers(ctx, actor, c); err != nil {
			return err
		}
	}
	e := store.LogEntry{
		Time:    time.Now().UTC(),
		Admin:   cmp.Or(actor.Username, "postern"),
		IP:      actor.IP,
		Event:   event(c),
		Level:   "info",
		Message: sentence(c),
	}
	e.Domain, e.Username = columns(c)
	if actor.API {
		e.Message = "[API] " + e.Message
	}
	return f.panel.AppendLog(ctx, e)
}

// event returns the panel's name for what was done. It knows no rename, and could not filter for one; policies have
// names of their own.
func event(c store.Change) string {
	switch {
	case c.Noun == store.NounWblist:
		return "update_wblist"
	case c.Noun == store.NounThrottle || c.Noun == store.NounGreylisting:
		return "iredapd"
	case c.Action == store.ActionRename:
		return string(store.ActionUpdate)
	}
	return string(c.Action)
}

// columns returns what the panel keeps beside the event: nothing when an account is switched on or off, the domain
// alone when it is made or removed.
func columns(c store.Change) (domain, username string) {
	domain = c.Domain
	if c.NewName != "" {
		domain = store.DomainOf(c.NewName)
	}
	if name := cmp.Or(c.NewName, c.Name); strings.Contains(name, "@") {
		username = name
	}
	switch c.Action {
	case store.ActionEnable, store.ActionDisable:
		return "", ""
	case store.ActionCreate, store.ActionDelete:
		return domain, ""
	}
	return domain, username
}

// verbs begin the sentence about an action.
var verbs = map[store.Action]string{
	store.ActionCreate:  "Create ",
	store.ActionUpdate:  "Update ",
	store.ActionDelete:  "Delete ",
	store.ActionRename:  "Rename ",
	store.ActionEnable:  "Enable ",
	store.ActionDisable: "Disable ",
	store.ActionGrant:   "Grant global admin rights to ",
	store.ActionRevoke:  "Revoke admin rights of ",
}

// policyWords are how people call what belongs to an account.
var policyWords = map[store.Noun]string{
	store.NounSpamPolicy: "spam policy", store.NounWblist: "white/blacklist", store.NounThrottle: "throttling",
	store.NounGreylisting: "greylisting",
}

// sentence says what was done.
func sentence(c store.Change) string {
	subject := string(c.Noun) + " " + c.Name
	if words := policyWords[c.Noun]; words != "" {
		subject = words + " of " + c.Name
	}
	if c.Noun == store.NounUser && !strings.Contains(c.Name, "@") {
		subject = "all users of " + c.Name
	}
	if c.NewName != "" {
		subject += " to " + c.NewName
	}
	return verbs[c.Action] + subject + "."
}
