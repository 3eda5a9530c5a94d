package rules

import (
	"context"
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
)

// Admins is what the rules about caps and rank look up in an account engine, within one write. Names and addresses are in lower
// case.
type Admins interface {
	// AdminsOf returns whom the domains name as their admins, by domain.
	AdminsOf(ctx context.Context, domains ...string) (map[string][]string, error)
	// Capped returns those of the accounts that are there and no global admins, with their caps, by address.
	Capped(ctx context.Context, names []string) ([]Capped, error)
	// Identities returns what the accounts are as principals, as far as their rank goes, by address. Those who are none are
	// left out.
	Identities(ctx context.Context, names []string) (map[string]store.Identity, error)
	// HoldAdmins keeps others from counting against the caps of these admins until the write is done, and returns the caps of
	// those that may have changed meanwhile. The names are in order.
	HoldAdmins(ctx context.Context, names []string) ([]Capped, error)
	// HoldDomains keeps others from changing who manages the domains until the write is done. They are in order.
	HoldDomains(ctx context.Context, domains []string) error
	// Count returns how much of a kind there is in all domains that the admin manages.
	Count(ctx context.Context, admin string, what store.Counted) (int64, error)
}

// Managing decides what the caps and the rank of who writes allow.
type Managing struct {
	Admins
	Actor store.Actor
}

// limited reports whether anything holds the actor: nothing does a global admin or the program itself.
func (m Managing) limited() bool { return !m.Actor.Global && m.Actor.Username != "" }

// New is what a new account adds to its domain.
func New(more store.Usage) Addition { return Addition{Usage: more} }

// CheckCaps returns EXCEED_LIMIT_... when the write would have the actor add more to a domain than it may (see CheckCaps). The
// admins by whose caps it is held are held in the order of their addresses, so that writes at one cap count one after another.
// Where no cap is set nothing is counted.
func (m Managing) CheckCaps(ctx context.Context, domain string, more Addition) error {
	if !m.limited() {
		return nil
	}
	self, err := m.self(ctx)
	if err != nil {
		return err
	}
	var admins []Capped
	if NeedsAdmins(self, more) {
		if admins, err = m.cappedIn(ctx, domain); err != nil {
			return err
		}
	}
	changed, err := m.HoldAdmins(ctx, Bound(self, admins, more))
	if err != nil {
		return err
	}
	for _, a := range changed {
		if a.Username == self.Username {
			self = a
		}
		for i := range admins {
			if admins[i].Username == a.Username {
				admins[i] = a
			}
		}
	}
	return CheckCaps(self, admins, more, func(username string, what store.Counted) (int64, error) { return m.Count(ctx, username, what) })
}

// CheckCreator is CheckCaps for who creates a domain. What the domain is given may not go beyond what its creator may have over
// all its domains.
func (m Managing) CheckCreator(ctx context.Context, d store.DomainCreate) error {
	if !m.limited() {
		return nil
	}
	if err := m.CheckCaps(ctx, d.Name, New(store.Usage{Domains: 1})); err != nil {
		return err
	}
	self, err := m.self(ctx)
	if err != nil {
		return err
	}
	return CheckGrants(self, d)
}

// CheckMove is CheckCaps for an account that comes from another domain. Who manages that one has the account already: caps run
// over all domains.
func (m Managing) CheckMove(ctx context.Context, from, to string, more store.Usage) error {
	if !m.limited() {
		return nil
	}
	had, err := m.AdminsOf(ctx, from)
	if err != nil {
		return err
	}
	return m.CheckCaps(ctx, to, Addition{Usage: more, Had: had[from]})
}

// self returns the caps of the actor, or PERMISSION_DENIED when there is no such admin.
func (m Managing) self(ctx context.Context) (Capped, error) {
	found, err := m.Capped(ctx, []string{m.Actor.Username})
	if err == nil && len(found) == 0 {
		err = NoSuchAdmin(m.Actor.Username)
	}
	if err != nil {
		return Capped{}, err
	}
	return found[0], nil
}

// NoSuchAdmin is the refusal of a write by somebody who is no admin any more.
func NoSuchAdmin(username string) *store.Error {
	return store.Fail(store.Forbidden, store.CodePermissionDenied, "There is no admin %s.", username)
}

// cappedIn returns the admins of a domain that are not global, with their caps, by address.
func (m Managing) cappedIn(ctx context.Context, domain string) ([]Capped, error) {
	names, err := m.AdminsOf(ctx, domain)
	if err != nil {
		return nil, err
	}
	return m.Capped(ctx, names[domain])
}

// CheckLeaving returns PERMISSION_DENIED when the actor would take a mailbox, which goes or gets another name, out of a domain
// where only a global admin may (see Stays). Leaving are the mailboxes by domain. A standalone admin of the same address is the
// admin then, and stays.
func (m Managing) CheckLeaving(ctx context.Context, leaving map[string][]string) error {
	if !m.limited() || len(leaving) == 0 {
		return nil
	}
	domains := make([]string, 0, len(leaving))
	for domain := range leaving {
		domains = append(domains, domain)
	}
	slices.Sort(domains)
	if err := m.HoldDomains(ctx, domains); err != nil {
		return err
	}
	named, err := m.AdminsOf(ctx, domains...)
	if err != nil {
		return err
	}
	var all []string
	for _, domain := range domains {
		all = append(all, named[domain]...)
	}
	slices.Sort(all)
	capped, err := m.Capped(ctx, slices.Compact(all))
	if err != nil {
		return err
	}
	for _, domain := range domains {
		isAdmin := store.Among(named[domain])
		admins := slices.DeleteFunc(slices.Clone(capped), func(c Capped) bool { return !isAdmin(c.Username) })
		if stay := Stays(admins, leaving[domain]); len(stay) > 0 {
			return MustStay(stay[0])
		}
	}
	return nil
}

// CheckDeletes returns PERMISSION_DENIED when the actor would delete a domain in which it is held by the cap of another of its
// admins (see CheckDeletes).
func (m Managing) CheckDeletes(ctx context.Context, domain string) error {
	if !m.limited() {
		return nil
	}
	self, err := m.self(ctx)
	if err != nil {
		return err
	}
	admins, err := m.cappedIn(ctx, domain)
	if err != nil {
		return err
	}
	return CheckDeletes(self, admins)
}

// NextAdmins returns who manages a domain after a change, or PERMISSION_DENIED: the actor appoints nobody while something is
// forbidden to it, and removes nobody who is above it or whom only a global admin may remove (see Removal).
func (m Managing) NextAdmins(
	ctx context.Context, rule store.OnMissing, domain string, current []string, set store.Set, change *store.Change,
) ([]string, error) {
	next := set.Apply(current)
	if !m.limited() {
		return next, nil
	}
	self, err := m.self(ctx)
	if err != nil {
		return nil, err
	}
	if len(store.LeaveOut(next, current)) > 0 {
		if err = CheckAppoints(self); err != nil {
			return nil, err
		}
	}
	removed := store.LeaveOut(current, next)
	if len(removed) == 0 {
		return next, nil
	}
	found, err := m.Identities(ctx, append(lower(removed), m.Actor.Username))
	if err != nil {
		return nil, err
	}
	admins, err := m.cappedIn(ctx, domain)
	if err != nil {
		return nil, err
	}
	r := Removal{Actor: found[m.Actor.Username], Admins: admins, Known: found, Set: set, Now: current}
	return r.Next(rule, change)
}

// Outranking returns those of the accounts that outrank an admin, by address. Nobody outranks a global admin.
func (m Managing) Outranking(ctx context.Context, viewer string, accounts []string) ([]string, error) {
	if len(accounts) == 0 {
		return nil, nil
	}
	accounts = slices.Compact(slices.Sorted(slices.Values(accounts)))
	found, err := m.Identities(ctx, append(slices.Clone(accounts), viewer))
	if err != nil {
		return nil, err
	}
	admins := make([]store.Identity, len(accounts))
	for i, name := range accounts {
		admins[i] = found[name]
	}
	return Above(found[viewer], admins), nil
}

// CheckGlobalAdmins returns LAST_GLOBAL_ADMIN when those who go are all the active global admins that there are: nobody would be
// left who can manage the server.
func CheckGlobalAdmins(active, going []string) error {
	if len(active) > 0 && len(store.LeaveOut(active, going)) == 0 {
		return store.Fail(store.Conflict, store.CodeLastGlobalAdmin, "No active global admin would be left.")
	}
	return nil
}

func lower(names []string) []string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = strings.ToLower(name)
	}
	return all
}
