package ldapstore

import (
	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

// shadows are the further addresses that an account has because its domain has alias domains: nothing rewrites those, each
// account has to list them.
// Source: iRedMail has no map for OpenLDAP that rewrites an alias domain; samples/postfix/ldap asks for mail and shadowAddress.
func (h home) shadows(mail string) []string {
	local, _ := store.SplitAddress(mail)
	addresses := make([]string, len(h.aliases))
	for i, domain := range h.aliases {
		addresses[i] = local + "@" + domain
	}
	return addresses
}

// derived are all further addresses that an account has because its domain has alias domains: for its main address, and for each
// further one in the domain itself.
func (h home) derived(mail string, e entry) []string {
	if len(h.aliases) == 0 {
		return nil
	}
	addresses := h.shadows(mail)
	for _, further := range e.sorted("shadowAddress") {
		if domainOf(further) == h.name {
			addresses = append(addresses, h.shadows(further)...)
		}
	}
	return addresses
}

// derivedOutside are the addresses of a list under alias domains, by which the entry of its members outside is found there.
func (h home) derivedOutside(e entry) []string {
	list := e.outsidersOf()
	if list == "" {
		return nil
	}
	return h.shadows(list)
}

// changeFurther sets the further addresses that an account has of its own, and with them those under the alias domains.
func (h home) changeFurther(e *entry, current, next []string) {
	e.remove("shadowAddress", h.derived(e.address(), *e)...)
	e.remove("shadowAddress", store.LeaveOut(current, next)...)
	e.add("shadowAddress", next...)
	e.add("shadowAddress", h.derived(e.address(), *e)...)
}

// addDerivedTo gives a new account what it has from its domain: the addresses under alias domains, and the mark by which
// everything in a domain that is switched off is switched off.
func (h home) addDerivedTo(e *entry, mail string) {
	e.add("shadowAddress", h.derived(mail, *e)...)
	h.markStatus(e)
}

// markStatus says on an account whether its domain is switched off. An active one is no mark at all.
// Source: the filters in samples/postfix/ldap of iRedMail, all of which ask that domainStatus is not disabled.
func (h home) markStatus(e *entry) {
	if h.active {
		e.set("domainStatus")
		return
	}
	e.set("domainStatus", statusDisabled)
}

// further are the further addresses that an account has of its own: those that come with alias domains are not among them.
func (h home) further(e entry) []string {
	return store.LeaveOut(e.sorted("shadowAddress"), h.derived(e.address(), e))
}

// created is the change of an account that is made.
func created(noun store.Noun, e entry, mail string) store.Change {
	return store.Change{
		Action: store.ActionCreate, Noun: noun, Name: mail, Domain: store.DomainOf(mail), After: e.whole(store.HiddenPassword),
	}
}

// updated is the change of an account; of several things that happen at once the weightiest names it.
func updated(noun store.Noun, name string, before, after entry) store.Change {
	c := store.Change{
		Noun: noun, Name: name, Domain: store.DomainOf(name),
		Before: before.whole(store.HiddenPassword), After: after.whole(store.HiddenPassword),
	}
	rules.Update(&c, before.state(), after.state(), false)
	return c
}

// repassed is updated for an account that may have got a password: that is a change also where it is the one that it had.
func repassed(noun store.Noun, name string, before, after entry, password *store.Secret) store.Change {
	c := updated(noun, name, before, after)
	if password != nil {
		c.After, c.EndsSessions = after.whole(store.ChangedPassword), true
	}
	return c
}

// state is that of the entry of an account or a domain.
func (e entry) state() rules.State { return rules.State{Active: e.active(), Global: e.global()} }

// deleted is the change of an account that goes.
func deleted(noun store.Noun, e entry, mail string, scope store.Scope) store.Change {
	c := rules.Deleted(noun, mail, scope)
	c.Before = e.whole(store.HiddenPassword)
	return c
}
