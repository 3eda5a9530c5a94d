package rules

import "github.com/postern-mail/postern/store"

// State is what of an account or a domain decides how a change to it is named.
type State struct {
	Active bool
	Global bool // a global admin
}

// Leads reports whether the account can manage the server.
func (s State) Leads() bool { return s.Active && s.Global }

// After is the state once what is given has been set.
func (s State) After(active, global *bool) State {
	if active != nil {
		s.Active = *active
	}
	if global != nil {
		s.Global = *global
	}
	return s
}

// Update describes a change to an account: of several things that happen at once the one with the most consequences names it.
// A follower of a disabled account must not be lost; it has to log in anew, and so has one with a new password.
func Update(c *store.Change, was, is State, newPassword bool) {
	c.Action = store.ActionUpdate
	switch {
	case was.Active && !is.Active:
		c.Action = store.ActionDisable
	case was.Global && !is.Global:
		c.Action = store.ActionRevoke
	case !was.Global && is.Global:
		c.Action = store.ActionGrant
	case !was.Active && is.Active:
		c.Action = store.ActionEnable
	}
	c.Lasting = c.Action == store.ActionDisable
	c.EndsSessions = c.Lasting || newPassword
}

// UpdateDomain is Update for a domain. Whether an admin may log in is not a matter of its domain.
func UpdateDomain(c *store.Change, wasActive, isActive bool) {
	Update(c, State{Active: wasActive}, State{Active: isActive}, false)
	c.EndsSessions = false
}

// UpdateAll describes a change to every mailbox of a domain, but for those that outrank the actor.
func UpdateAll(c *store.Change, domain string, u store.UsersUpdate, outranking []string) {
	c.Action, c.Noun, c.Name, c.Domain = store.ActionUpdate, store.NounUser, domain, domain
	c.Discarded, c.EndsSessions = outranking, u.Password != nil
	if u.Active != nil && *u.Active {
		c.Action = store.ActionEnable
	} else if u.Active != nil {
		c.Action, c.EndsSessions, c.Lasting = store.ActionDisable, true, true
	}
}

// Nothing describes a change after all that found everything as it is to be.
func Nothing(c *store.Change) {
	c.Nothing, c.Action, c.EndsSessions, c.Lasting = true, store.ActionUpdate, false, false
}

// Renamed is the change of an account that gets another address.
func Renamed(noun store.Noun, mail, newMail string, scope store.Scope) store.Change {
	return store.Change{
		Action: store.ActionRename, Noun: noun, Name: mail, NewName: newMail, Domain: store.DomainOf(mail),
		EndsSessions: true, Lasting: true, Scope: scope,
	}
}

// Deleted is the change of an account that goes.
func Deleted(noun store.Noun, mail string, scope store.Scope) store.Change {
	return store.Change{
		Action: store.ActionDelete, Noun: noun, Name: mail, Domain: store.DomainOf(mail), EndsSessions: true, Lasting: true,
		Scope: scope,
	}
}

// IsFalse reports whether a flag is given, and is off.
func IsFalse(value *bool) bool { return value != nil && !*value }
