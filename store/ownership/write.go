package ownership

import (
	"context"
	"errors"
	"slices"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

// CreateDomain implements store.Domains. A domain whose name has to be proven is made switched off, and alias domains that have to
// be are marked as pending.
func (a *Accounts) CreateDomain(ctx context.Context, w store.Write, d store.DomainCreate) (store.Change, error) {
	if err := a.checkNewNames(ctx, w, d); err != nil {
		return store.Change{}, err
	}
	if a.mustProve(w.Actor) {
		return a.createPending(ctx, w, d)
	}
	marks, err := a.state.MarksOfNames(ctx, append([]string{d.Name}, d.AliasDomains...))
	if err != nil {
		return store.Change{}, err
	}
	if len(marks) == 0 || w.DryRun {
		return a.Accounts.CreateDomain(ctx, w, d)
	}
	var change store.Change
	err = a.locked(ctx, func(ctx context.Context) error {
		if change, err = a.Accounts.CreateDomain(ctx, dry(w), d); err != nil {
			return err
		}
		if err = a.forgetMarks(ctx, d.Name, nil); err != nil {
			return err
		}
		if change, err = a.Accounts.CreateDomain(ctx, w, d); err != nil {
			return err
		}
		a.tidy(ctx, "pending alias domains of a new domain's name", func(ctx context.Context) error {
			inUse := store.LeaveOut(d.AliasDomains, change.Discarded)
			return a.removePendingElsewhere(ctx, append(inUse, d.Name), d.Name)
		})
		return nil
	})
	return change, err
}

// checkNewNames is what holds for the names that an actor which is not global gives a new domain.
func (a *Accounts) checkNewNames(ctx context.Context, w store.Write, d store.DomainCreate) error {
	if err := a.checkNames(ctx, w.Actor, []string{d.Name}); err != nil || !rules.MustProveNames(w.Actor) {
		return err
	}
	return a.checkAdded(ctx, w, store.NewSet(d.AliasDomains), nil, nil)
}

// forgetMarks takes the marks of a domain that is not there, which a crash left. Those to come may stay.
func (a *Accounts) forgetMarks(ctx context.Context, domain string, stay []string) error {
	marks, err := a.state.MarksOfDomains(ctx, domain)
	if err != nil {
		return err
	}
	for _, m := range marks {
		if slices.Contains(stay, m.Name) {
			continue
		}
		if m.Pending() && m.IsAlias() {
			if err = a.codes.ForgetProofCodes(ctx, m.Name, domain); err != nil {
				return err
			}
		}
		if err = a.state.UnmarkName(ctx, m.Name, domain); err != nil {
			return err
		}
	}
	return nil
}

// createPending makes a domain for an actor that has to prove its names, but for those that it has proven lately.
func (a *Accounts) createPending(ctx context.Context, w store.Write, d store.DomainCreate) (store.Change, error) {
	var change store.Change
	err := a.locked(ctx, func(ctx context.Context) error {
		proven, err := a.isProven(ctx, w.Actor, d.Name)
		if err != nil {
			return err
		}
		if d.Disabled = !proven; d.Disabled && d.OutboundRelay != "" {
			return notProvenForRelay(d.Name)
		}
		planned, err := a.Accounts.CreateDomain(ctx, dry(w), d) // which tells the names that are taken
		if err != nil {
			return err
		}
		plan, err := a.planNewAliases(ctx, w, &d, planned.Discarded)
		if err != nil {
			return err
		}
		if w.DryRun {
			if change = planned; len(plan.Pend) > 0 {
				change, err = a.Accounts.CreateDomain(ctx, w, d)
			}
		} else {
			change, err = a.createWithMarks(ctx, w, d, plan)
		}
		change.Discarded = planned.Discarded
		return err
	})
	if err != nil {
		return store.Change{}, err
	}
	return change, nil
}

// planNewAliases puts those alias domains of a new domain that need no proof into it, and the others beside them where the
// accounts name these too.
func (a *Accounts) planNewAliases(
	ctx context.Context, w store.Write, d *store.DomainCreate, discarded []string,
) (rules.AliasDomainPlan, error) {
	plan, err := rules.PlanAliasDomains(store.NewSet(store.LeaveOut(d.AliasDomains, discarded)), nil, nil, func(name string) (bool, error) {
		return a.isProven(ctx, w.Actor, name)
	})
	d.AliasDomains = plan.Added
	if a.options.InEntries {
		d.PendingAliasDomains = plan.Pend
	}
	return plan, err
}

// createWithMarks marks the names that have to be proven, makes the domain, and then removes the marks that it has made outdated.
func (a *Accounts) createWithMarks(
	ctx context.Context, w store.Write, d store.DomainCreate, plan rules.AliasDomainPlan,
) (store.Change, error) {
	if err := a.forgetMarks(ctx, d.Name, append(slices.Clone(plan.Pend), d.Name)); err != nil {
		return store.Change{}, err
	}
	// The domain comes first, and is taken back last: where its mark is not left there is none of its alias domains.
	marks := []store.NameMark{a.newMark(w.Actor, d.Name, d.Name, !d.Disabled)}
	for _, alias := range plan.Pend {
		marks = append(marks, a.newMark(w.Actor, alias, d.Name, false))
	}
	for i, m := range marks {
		if err := a.keepMark(ctx, m); err != nil {
			a.forgetNewMarks(ctx, marks[:i])
			return store.Change{}, err
		}
	}
	change, err := a.Accounts.CreateDomain(ctx, w, d)
	if err != nil {
		if isRolledBack(err) {
			a.forgetNewMarks(ctx, marks)
		}
		return store.Change{}, err
	}
	inUse := plan.Added
	if !d.Disabled {
		inUse = append(slices.Clone(inUse), d.Name)
	}
	if len(inUse) == 0 {
		return change, nil
	}
	a.tidy(ctx, "pending alias domains of proven names", func(ctx context.Context) error {
		for _, alias := range plan.Added {
			if err := a.state.MarkName(ctx, a.newMark(w.Actor, alias, d.Name, true)); err != nil {
				return err
			}
		}
		return a.removePendingElsewhere(ctx, inUse, d.Name)
	})
	return change, nil
}

// newMark is the mark of a name that an actor adds.
func (a *Accounts) newMark(actor store.Actor, name, domain string, proven bool) store.NameMark {
	m := store.NameMark{Name: name, Domain: domain, Admin: actor.Username, Status: store.OwnershipPending, Created: a.now()}
	if proven {
		m.Status = store.OwnershipProven
	}
	return m
}

// UpdateDomain implements store.Domains. Alias domains that have to be proven are not added but marked as pending; what a global
// admin adds, activates or switches off is pending no more.
func (a *Accounts) UpdateDomain(ctx context.Context, w store.Write, name string, u store.DomainUpdate) (store.Change, error) {
	if err := a.checkRelay(ctx, w.Actor, name, u); err != nil {
		return store.Change{}, err
	}
	switch {
	case a.mustProve(w.Actor) && u.AliasDomains.Touches():
		return a.updateByOther(ctx, w, name, u)
	case u.Active != nil || u.AliasDomains.Touches():
		return a.updateByGlobal(ctx, w, name, u)
	}
	return a.Accounts.UpdateDomain(ctx, w, name, u)
}

// checkRelay returns PERMISSION_DENIED for a relay host of a pending domain. Postfix asks for those of senders
// (sender_dependent_relayhost_maps in SQL) without a look at the domain: mail that comes from the true owner of the name, and is
// forwarded by others here, would go there.
func (a *Accounts) checkRelay(ctx context.Context, actor store.Actor, name string, u store.DomainUpdate) error {
	if !rules.MustProveNames(actor) || u.OutboundRelay == nil || *u.OutboundRelay == "" {
		return nil
	}
	m, found, err := a.mark(ctx, name, name)
	if err != nil || !found || !m.Pending() {
		return err
	}
	return notProvenForRelay(name)
}

func notProvenForRelay(name string) error {
	return store.Fail(store.Forbidden, store.CodePermissionDenied,
		"%s is not proven yet. Prove it first, or ask a global admin to set its relay host.", name).With("outboundRelay")
}

// updateByGlobal is UpdateDomain for whoever needs no proof.
func (a *Accounts) updateByGlobal(ctx context.Context, w store.Write, name string, u store.DomainUpdate) (store.Change, error) {
	set := u.AliasDomains
	if set.Touches() && rules.MustProveNames(w.Actor) {
		inUse, pending, err := a.aliasDomains(ctx, name)
		if err == nil {
			err = a.checkAdded(ctx, w, set, inUse, pending)
		}
		if err != nil {
			return store.Change{}, err
		}
	}
	if a.options.InEntries && set.Touches() {
		u.PendingAliasDomains.Remove = set.Remove
	}
	marks, err := a.touched(ctx, name, u)
	if err != nil {
		return store.Change{}, err
	}
	if len(marks) == 0 || w.DryRun {
		return a.Accounts.UpdateDomain(ctx, w, name, u)
	}
	var change store.Change
	err = a.locked(ctx, func(ctx context.Context) error {
		if change, err = a.Accounts.UpdateDomain(ctx, dry(w), name, u); err != nil {
			return err
		}
		restore := func(error) {}
		if u.Active != nil {
			if restore, err = a.liftByHand(ctx, name); err != nil {
				return err
			}
		}
		if change, err = a.Accounts.UpdateDomain(ctx, w, name, u); err != nil {
			restore(err)
			return err
		}
		a.tidy(ctx, "marks of names", func(ctx context.Context) error { return a.updateMarks(ctx, name, set) })
		return nil
	})
	return change, err
}

// touched returns the marks that a change of a domain by a global admin may take away.
func (a *Accounts) touched(ctx context.Context, name string, u store.DomainUpdate) ([]store.NameMark, error) {
	own, err := a.state.MarksOfDomains(ctx, name)
	if err != nil {
		return nil, err
	}
	others, err := a.state.MarksOfNames(ctx, u.AliasDomains.Wanted())
	return append(own, others...), err
}

// liftByHand takes the pending mark from a domain that a global admin switches on or off, before that happens: it must not be
// switched on again by a proof. The returned function puts it back when the change did not come about.
func (a *Accounts) liftByHand(ctx context.Context, name string) (restore func(error), err error) {
	m, found, err := a.mark(ctx, name, name)
	if err != nil || !found || !m.Pending() {
		return func(error) {}, err
	}
	restore = func(cause error) {
		if isRolledBack(cause) {
			a.tidy(ctx, "the mark of a name", func(ctx context.Context) error { return a.keepMark(ctx, m) })
		}
	}
	if err = a.state.UnmarkName(ctx, name, name); err != nil {
		return nil, err
	}
	a.tidy(ctx, "the code of a name", func(ctx context.Context) error { return a.codes.ForgetProofCodes(ctx, name, name) })
	return restore, nil
}

// updateMarks brings the marks of alias domains in line with what has become of them. A list that replaces all says nothing about
// pending ones.
func (a *Accounts) updateMarks(ctx context.Context, name string, set store.Set) error {
	if !set.Touches() {
		return nil
	}
	inUse, err := a.AliasDomains(ctx, name)
	if err != nil {
		return err
	}
	marks, err := a.state.MarksOfDomains(ctx, name)
	if err != nil {
		return err
	}
	for _, m := range marks {
		used := slices.Contains(inUse, m.Name)
		outdated := !used // a proven alias domain that is gone
		if m.Pending() {
			outdated = used || slices.Contains(set.Remove, m.Name)
		}
		if m.IsAlias() && outdated {
			if err = a.removeMark(ctx, m); err != nil {
				return err
			}
		}
	}
	return a.removePendingElsewhere(ctx, inUse, name)
}

// updateByOther is UpdateDomain for an actor that has to prove the alias domains that it adds.
func (a *Accounts) updateByOther(ctx context.Context, w store.Write, name string, u store.DomainUpdate) (store.Change, error) {
	var change store.Change
	err := a.locked(ctx, func(ctx context.Context) error {
		inUse, pending, err := a.aliasDomains(ctx, name)
		if err != nil {
			return err
		}
		if err = a.checkAdded(ctx, w, u.AliasDomains, inUse, pending); err != nil {
			return err
		}
		planned, err := a.Accounts.UpdateDomain(ctx, dry(w), name, u) // which tells the names that are taken
		if err != nil {
			return err
		}
		plan, err := rules.PlanAliasDomains(without(u.AliasDomains, planned.Discarded), inUse, pending, func(name string) (bool, error) {
			return a.isProven(ctx, w.Actor, name)
		})
		if err != nil || w.DryRun {
			change = planned
			return err
		}
		u.AliasDomains = store.Set{Add: plan.Added, Remove: plan.Removed}
		if a.options.InEntries {
			u.PendingAliasDomains = store.Set{Add: plan.Pend, Remove: plan.Unpend}
		}
		change, err = a.writeWithMarks(ctx, w, name, u, plan)
		change.Discarded = planned.Discarded
		return err
	})
	return change, err
}

// DeleteDomain refuses an actor that is not global a domain that is switched off and not pending: made anew, with a proof that
// is still good, it would be in use again. A deletion that has begun may be repeated: where accounts are in a directory it
// switches the domain off first.
func (a *Accounts) DeleteDomain(ctx context.Context, w store.Write, name string, keepDays int) (store.Change, error) {
	if rules.MustProveNames(w.Actor) {
		if err := a.checkDeletes(ctx, name); err != nil {
			return store.Change{}, err
		}
	}
	return a.Accounts.DeleteDomain(ctx, w, name, keepDays)
}

func (a *Accounts) checkDeletes(ctx context.Context, name string) error {
	domain, err := a.DomainRules(ctx, name)
	if err != nil || domain.Active {
		return err
	}
	if m, found, err := a.mark(ctx, name, name); err != nil || found && m.Pending() {
		return err
	}
	begun, err := a.deletionBegun(ctx, name)
	if err != nil || begun {
		return err
	}
	return store.Fail(store.Forbidden, store.CodePermissionDenied,
		"The domain %s is disabled. Only a global admin may delete it.", name)
}

// deletionBegun reports whether a deletion of the domain is recorded that has not come to its end.
func (a *Accounts) deletionBegun(ctx context.Context, name string) (bool, error) {
	intents, err := a.state.UnfinishedIntents(ctx)
	return slices.ContainsFunc(intents, func(i store.Intent) bool {
		return i.Change.Action == store.ActionDelete && i.Change.Noun == store.NounDomain && i.Change.Name == name
	}), err
}

// writeWithMarks marks names that have to be proven, makes the change, and then removes the marks that it has made outdated.
func (a *Accounts) writeWithMarks(
	ctx context.Context, w store.Write, name string, u store.DomainUpdate, plan rules.AliasDomainPlan,
) (store.Change, error) {
	var marks []store.NameMark
	for _, alias := range plan.Pend {
		m := a.newMark(w.Actor, alias, name, false)
		if err := a.keepMark(ctx, m); err != nil {
			return store.Change{}, err
		}
		marks = append(marks, m)
	}
	change, err := a.Accounts.UpdateDomain(ctx, w, name, u)
	if err != nil {
		a.takeBack(ctx, err, marks...)
		return store.Change{}, err
	}
	a.tidy(ctx, "marks of names", func(ctx context.Context) error {
		if err := a.updateMarks(ctx, name, store.Set{Add: plan.Added, Remove: append(plan.Unpend, plan.Removed...)}); err != nil {
			return err
		}
		for _, alias := range plan.Added {
			if err := a.state.MarkName(ctx, a.newMark(w.Actor, alias, name, true)); err != nil {
				return err
			}
		}
		return nil
	})
	return change, nil
}

// aliasDomains returns the alias domains of a domain, those in use and those that are pending.
func (a *Accounts) aliasDomains(ctx context.Context, name string) (inUse, pending []string, err error) {
	if inUse, err = a.AliasDomains(ctx, name); err != nil {
		return nil, nil, err
	}
	marks, err := a.state.MarksOfDomains(ctx, name)
	return inUse, names(marks, isPendingAlias), err
}

// checkAdded is what holds for the alias domains that an actor which is not global adds.
func (a *Accounts) checkAdded(ctx context.Context, w store.Write, set store.Set, inUse, pending []string) error {
	field := set.Field("aliasDomains", "addAliasDomain")
	waiting := store.LeaveOut(pending, inUse)
	next := set.Apply(inUse)
	after := len(next) + len(store.LeaveOut(waiting, append(next, set.Remove...)))
	if err := rules.CheckAliasDomains(len(inUse)+len(waiting), after); err != nil {
		return inField(err, field)
	}
	return inField(a.checkNames(ctx, w.Actor, store.LeaveOut(next, inUse)), field)
}

// takeBack removes the marks of names whose change did not come about. Where nobody knows whether it did they stay: they keep
// names out of use.
func (a *Accounts) takeBack(ctx context.Context, cause error, marks ...store.NameMark) {
	if isRolledBack(cause) {
		a.forgetNewMarks(ctx, marks)
	}
}

// forgetNewMarks removes marks in the opposite order.
func (a *Accounts) forgetNewMarks(ctx context.Context, marks []store.NameMark) {
	a.tidy(ctx, "marks of names that were not added", func(ctx context.Context) error {
		for _, m := range slices.Backward(marks) {
			if err := a.state.UnmarkName(ctx, m.Name, m.Domain); err != nil {
				return err
			}
			if err := a.codes.ForgetProofCodes(ctx, m.Name, m.Domain); err != nil {
				return err
			}
		}
		return nil
	})
}

// tidy does what follows from a write. A failure does not undo that, and the next check of pending names makes up for it.
func (a *Accounts) tidy(ctx context.Context, what string, fn func(ctx context.Context) error) {
	after, cancel := detached(ctx)
	defer cancel()
	if err := fn(after); err != nil {
		a.options.Log.WarnContext(ctx, "The marks of names could not be brought in line; the next check does it.", "what", what, "error", err)
	}
}

func dry(w store.Write) store.Write {
	w.DryRun = true
	return w
}

// without is a change to a set that does not add the names.
func without(set store.Set, names []string) store.Set {
	set.Add = store.LeaveOut(set.Add, names)
	if set.Replace != nil {
		kept := store.LeaveOut(*set.Replace, names)
		set.Replace = &kept
	}
	return set
}

// inField names the parameter at fault.
func inField(err error, field string) error {
	var refusal *store.Error
	if errors.As(err, &refusal) {
		return refusal.With(field)
	}
	return err
}
