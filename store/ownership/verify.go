package ownership

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/postern-mail/postern/store"
)

// lookupTime bounds one look into the DNS, so that a request that asked for it is answered within five seconds.
const lookupTime = 4 * time.Second

// together is how many names a run looks up at a time.
const together = 8

// DomainsWithName implements store.Ownerships.
func (a *Accounts) DomainsWithName(ctx context.Context, name string) ([]string, error) {
	domains := []string{}
	primary, err := a.PrimaryDomain(ctx, name)
	if err == nil {
		domains = append(domains, primary)
	} else if !store.IsNotFound(err) {
		return nil, err
	}
	marks, err := a.state.MarksOfNames(ctx, []string{name})
	for _, m := range marks {
		if isPendingAlias(m) && !slices.Contains(domains, m.Domain) {
			domains = append(domains, m.Domain)
		}
	}
	return domains, err
}

// DomainOwnerships implements store.Ownerships.
func (a *Accounts) DomainOwnerships(ctx context.Context, domains []store.Domain) ([]store.DomainOwnership, error) {
	primary := make([]string, len(domains))
	for i, d := range domains {
		primary[i] = d.Name
	}
	marks, err := a.state.MarksOfDomains(ctx, primary...)
	if err != nil {
		return nil, err
	}
	of := map[string][]store.NameMark{}
	for _, m := range marks {
		of[m.Domain] = append(of[m.Domain], m)
	}
	all := make([]store.DomainOwnership, len(domains))
	for i, d := range domains {
		all[i] = ownershipOf(d, of[d.Name])
	}
	return all, nil
}

// ownershipOf is what the marks of a domain say of it. One that is in use has been put into use by another program, such as the
// panel, while it was pending: nobody asks for a proof any more.
func ownershipOf(d store.Domain, marks []store.NameMark) store.DomainOwnership {
	o := store.DomainOwnership{Status: store.OwnershipExempt, Pending: store.LeaveOut(names(marks, isPendingAlias), d.AliasDomains)}
	for _, m := range marks {
		if !m.IsAlias() && (!m.Pending() || !d.Active) {
			o.Status = m.Status
		}
	}
	return o
}

// Ownership implements store.Ownerships.
func (a *Accounts) Ownership(ctx context.Context, name, domain string) (store.Ownership, error) {
	if _, err := a.DomainRules(ctx, domain); err != nil {
		return store.Ownership{}, err
	}
	m, found, err := a.mark(ctx, name, domain)
	if err != nil {
		return store.Ownership{}, err
	}
	inUse, err := a.isInUse(ctx, name, domain)
	switch {
	case err != nil:
		return store.Ownership{}, err
	case !found && !inUse && name != domain:
		return store.Ownership{}, store.NoSuchDomain(name)
	case !found:
		return store.Ownership{Name: name, Domain: domain, Status: store.OwnershipExempt}, nil
	}
	known, err := a.describe(ctx, m, inUse)
	if err == nil && inUse && known.Status == store.OwnershipPending {
		// Another program, such as the panel, has put it into use: nobody asks for a proof any more.
		return store.Ownership{Name: name, Domain: domain, Status: store.OwnershipExempt}, nil
	}
	return known, err
}

// isInUse reports whether a domain is switched on or, of an alias domain, whether the domain has it.
func (a *Accounts) isInUse(ctx context.Context, name, domain string) (bool, error) {
	if name != domain {
		primary, err := a.PrimaryDomain(ctx, name)
		if store.IsNotFound(err) {
			return false, nil
		}
		return primary == domain, err
	}
	found, err := a.DomainRules(ctx, domain)
	if store.IsNotFound(err) {
		return false, nil
	}
	return found.Active, err
}

// describe returns what is known about a name that bears a mark.
func (a *Accounts) describe(ctx context.Context, m store.NameMark, inUse bool) (store.Ownership, error) {
	o := store.Ownership{Name: m.Name, Domain: m.Domain, Status: m.Status}
	read := a.code
	if !m.Pending() { // nothing is left to publish
		read = func(ctx context.Context, m store.NameMark) (store.ProofCode, error) {
			code, _, err := a.codes.ProofCode(ctx, m.Admin, m.Name, m.Domain)
			return code, err
		}
	}
	code, err := read(ctx, m)
	o.Record, o.LastCheck = code.Code, code.LastCheck
	if inUse && code.Verified { // a crash kept it from being marked so
		o.Status = store.OwnershipProven
	}
	return o, err
}

// VerifyOwnership implements store.Ownerships.
func (a *Accounts) VerifyOwnership(ctx context.Context, actor store.Actor, name, domain string) (store.Ownership, error) {
	known, err := a.Ownership(ctx, name, domain)
	if err != nil || known.Status != store.OwnershipPending {
		return known, err
	}
	if a.resolver == nil {
		return known, store.NotConfigured("The DNS", "POSTERN_DNS_SERVERS")
	}
	m, found, err := a.mark(ctx, name, domain)
	if err != nil || !found {
		return known, err
	}
	if err = a.check(ctx, actor, m); err != nil {
		return known, err
	}
	return a.Ownership(ctx, name, domain)
}

// Run looks all pending names up. A name that cannot be looked up stays pending, and the others are done all the same; an error
// names what could not be read or written.
func (a *Accounts) Run(ctx context.Context) error {
	marks, err := a.state.PendingMarks(ctx)
	if err != nil || len(marks) == 0 {
		return err
	}
	if a.resolver == nil {
		return store.NotConfigured("The DNS", "POSTERN_DNS_SERVERS")
	}
	errs := make([]error, len(marks))
	var running sync.WaitGroup
	slots := make(chan struct{}, together)
	for i, m := range marks {
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			if ctx.Err() != nil {
				return
			}
			errs[i] = a.checkMark(ctx, m)
		})
	}
	running.Wait()
	return errors.Join(append(errs, ctx.Err())...)
}

// checkMark is check for a mark that may be outdated: the domain may be gone, or another program may have put the name into use.
func (a *Accounts) checkMark(ctx context.Context, m store.NameMark) error {
	outdated, err := a.isOutdated(ctx, m)
	if err == nil && outdated {
		err = a.locked(ctx, func(ctx context.Context) error {
			// Looked at again: whoever makes a domain marks it before.
			if outdated, err := a.isOutdated(ctx, m); err != nil || !outdated {
				return err
			}
			return a.removeMark(ctx, m)
		})
	} else if err == nil {
		err = a.check(ctx, store.Actor{}, m)
	}
	if err != nil && !store.HasCode(err, store.CodeAlreadyExists) {
		return fmt.Errorf("check the name %s of %s: %w", m.Name, m.Domain, err)
	}
	return nil
}

// isOutdated reports whether a pending mark says what is so no more. A name that was proven is not among them, though a crash may
// have kept it from being marked so.
func (a *Accounts) isOutdated(ctx context.Context, m store.NameMark) (bool, error) {
	if _, err := a.DomainRules(ctx, m.Domain); err != nil {
		return store.IsNotFound(err), ignoreNotFound(err)
	}
	code, _, err := a.codes.ProofCode(ctx, m.Admin, m.Name, m.Domain)
	if err != nil || code.Verified {
		return false, err
	}
	if inUse, err := a.isInUse(ctx, m.Name, m.Domain); err != nil || inUse {
		return inUse, err
	}
	if !m.IsAlias() {
		return false, nil
	}
	taken, err := a.isTaken(ctx, m.Name)
	return taken, err
}

// isTaken reports whether a name is that of a domain which need not be proven any more, or an alias domain.
func (a *Accounts) isTaken(ctx context.Context, name string) (bool, error) {
	primary, err := a.PrimaryDomain(ctx, name)
	if err != nil {
		return false, ignoreNotFound(err)
	}
	if primary != name {
		return true, nil
	}
	m, found, err := a.mark(ctx, name, name)
	return !found || !m.Pending(), err
}

func ignoreNotFound(err error) error {
	if store.IsNotFound(err) {
		return nil
	}
	return err
}

// check looks a pending name up, and puts it into use when its record is there or the panel has verified it.
func (a *Accounts) check(ctx context.Context, actor store.Actor, m store.NameMark) error {
	code, err := a.code(ctx, m)
	if err != nil {
		return err
	}
	if !code.Verified {
		found, message := a.lookUp(ctx, code)
		noted, err := a.codes.NoteProofCheck(ctx, code, a.now(), found, message)
		if err != nil || !found || !noted {
			return err
		}
	}
	return a.locked(ctx, func(ctx context.Context) error { return a.putIntoUse(ctx, actor, m) })
}

// lookUp reports whether the record is there, and what to tell the panel.
func (a *Accounts) lookUp(ctx context.Context, code store.ProofCode) (found bool, message string) {
	ctx, cancel := context.WithTimeout(ctx, lookupTime)
	defer cancel()
	texts, err := a.resolver.Texts(ctx, code.Name)
	switch {
	case err != nil:
		a.options.Log.WarnContext(ctx, "A name that waits for its proof could not be looked up.", "name", code.Name, "error", err)
		return false, "The DNS did not answer."
	case !slices.Contains(texts, code.Code):
		return false, "There is no such TXT record."
	}
	return true, ""
}

// putIntoUse switches a proven domain on, or adds a proven alias domain, unless it is pending no more. The mark comes last: until
// then a repeat finds that it was proven and goes on.
func (a *Accounts) putIntoUse(ctx context.Context, actor store.Actor, m store.NameMark) error {
	now, found, err := a.mark(ctx, m.Name, m.Domain)
	if err != nil || !found || !now.Pending() || now.Admin != m.Admin {
		return err
	}
	actor.Global = true // what the record has proven is no right of who asked for the check
	w := store.Write{Actor: actor}
	if m.IsAlias() {
		err = a.addProven(ctx, w, m)
	} else {
		active := true
		_, err = a.Accounts.UpdateDomain(ctx, w, m.Name, store.DomainUpdate{Active: &active})
	}
	switch {
	case store.IsNotFound(err):
		return a.removeMark(ctx, m) // the domain is gone
	case err != nil:
		return err
	}
	m.Status = store.OwnershipProven
	if err = a.state.MarkName(ctx, m); err != nil {
		return err
	}
	return a.removePendingElsewhere(ctx, []string{m.Name}, m.Domain)
}

// addProven adds a proven alias domain. A domain of that name that waits for its own proof, and holds nothing yet, makes way; any
// other holder of the name keeps it, and the mark goes.
func (a *Accounts) addProven(ctx context.Context, w store.Write, m store.NameMark) error {
	add := func() error {
		names := store.Set{Add: []string{m.Name}}
		_, err := a.Accounts.UpdateDomain(ctx, w, m.Domain, store.DomainUpdate{AliasDomains: names})
		return err
	}
	err := add()
	if !store.HasCode(err, store.CodeAlreadyExists) {
		return err
	}
	holder, err := a.PrimaryDomain(ctx, m.Name)
	if err != nil || holder == m.Domain {
		return err
	}
	taken, err := a.isTaken(ctx, m.Name)
	if err != nil {
		return err
	}
	if taken {
		if err = a.removeMark(ctx, m); err != nil {
			return err
		}
		return store.AlreadyExists(m.Name)
	}
	if err = a.removeEmptyPending(ctx, m.Name); err != nil {
		return err
	}
	return add()
}

// removeEmptyPending removes a pending domain without accounts, as its creator would, who touches nothing beyond its own
// domains. Returns ALREADY_EXISTS for one with accounts.
func (a *Accounts) removeEmptyPending(ctx context.Context, name string) error {
	own, _, err := a.mark(ctx, name, name)
	if err != nil {
		return err
	}
	d, err := a.Domain(ctx, name)
	if err != nil {
		return ignoreNotFound(err)
	}
	if d.Users+d.Aliases+d.Lists > 0 {
		return store.Fail(store.Conflict, store.CodeAlreadyExists,
			"There is a domain %s with accounts, which waits for its own proof. Ask a global admin to remove it.", name)
	}
	_, err = a.DeleteDomain(ctx, store.Write{Actor: store.Actor{Username: own.Admin}}, name, 0)
	return ignoreNotFound(err)
}
