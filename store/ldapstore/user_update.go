package ldapstore

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

// UpdateUser implements store.Users. All that may change is in the one entry of the mailbox, so it is one step.
func (s *Store) UpdateUser(ctx context.Context, w store.Write, mail string, u store.UserUpdate) (store.Change, error) {
	if err := u.Check(); err != nil {
		return store.Change{}, err
	}
	locks := locksOf(w.Actor, store.DomainOf(mail))
	if rules.IsFalse(u.Active) || rules.IsFalse(u.Global) { // the server may lose an admin
		locks = append(locks, lockGlobalAdmins)
	}
	return s.writeHeld(ctx, w, locks, func(now time.Time, held *held) (*plan, error) {
		before, err := s.mailbox(ctx, mail)
		if err != nil {
			return nil, err
		}
		h, err := s.home(ctx, store.DomainOf(mail))
		if err != nil {
			return nil, err
		}
		u := rules.ChangesOfUser(u, userOf(h, before))
		if err = s.options.mailboxes().CompleteUpdate(&u); err != nil {
			return nil, err
		}
		if u.Transport != nil {
			transport, err := s.options.Transports.Transport(w.Actor, mail, before.first("mtaTransport"), *u.Transport)
			if err != nil {
				return nil, err
			}
			u.Transport = &transport
		}
		edit := &userEdit{home: h, write: w, mail: mail, before: before, after: before.clone()}
		if err = s.edit(ctx, edit, u, now); err != nil {
			return nil, err
		}
		if err = s.allowEdit(ctx, held, w.Actor, edit); err != nil {
			return nil, err
		}
		p := &plan{change: repassed(store.NounUser, mail, before, edit.after, u.Password)}
		p.change.Discarded, p.change.Adjusted = edit.change.Discarded, edit.change.Adjusted
		p.update(before, edit.after, store.NoSuchAccount(mail))
		p.change.Nothing = len(p.steps) == 0 && u.Password == nil
		return p, nil
	})
}

// userEdit is a change to one mailbox while it is planned.
type userEdit struct {
	home
	write         store.Write
	mail          string
	before, after entry
	change        store.Change // for what is discarded
}

// edit puts what is given into the entry.
func (s *Store) edit(ctx context.Context, e *userEdit, u store.UserUpdate, now time.Time) error {
	s.editPerson(e, u)
	if err := s.editMailbox(e, u, now); err != nil {
		return err
	}
	if u.Global != nil {
		if err := s.editGlobal(ctx, e, *u.Global); err != nil {
			return err
		}
	}
	services, err := rules.KnownServices(e.write.OnMissing, u.Services, serviceName.MatchString, &e.change)
	if err != nil {
		return err
	}
	e.after.applyServices(services)
	if err = s.editForwarding(ctx, e, u.Forwarding); err != nil {
		return err
	}
	if err = s.editFurther(ctx, e, u.Aliases); err != nil {
		return err
	}
	if u.SenderBcc != nil || u.RecipientBcc != nil {
		err = s.addressRules(e.write).CheckDomainReferences(ctx, e.name, store.DomainUpdate{SenderBcc: u.SenderBcc, RecipientBcc: u.RecipientBcc})
	}
	setBcc(&e.after, senderBccOfUser, u.SenderBcc)
	setBcc(&e.after, recipientBccOfUser, u.RecipientBcc)
	return err
}

// editPerson sets what is known about whose mailbox it is. A common name and a surname there must be.
func (s *Store) editPerson(e *userEdit, u store.UserUpdate) {
	local, _ := store.SplitAddress(e.mail)
	if u.Name != nil {
		name := cmp.Or(*u.Name, local)
		e.after.assign("cn", &name)
	}
	if u.LastName != nil {
		name := cmp.Or(*u.LastName, local)
		e.after.assign("sn", &name)
	}
	e.after.assign("givenName", u.FirstName)
	e.after.assign("employeeNumber", u.EmployeeID)
	e.after.assign("departmentNumber", u.Department)
	e.after.assign("preferredLanguage", u.Language)
	e.after.setNumbers("telephoneNumber", u.Telephone, &e.change)
	e.after.setNumbers("mobile", u.Mobile, &e.change)
}

// setNumbers sets phone numbers; nil leaves them. Of those that are equal to the directory the first stays, and where they are written
// differently the change says so.
func (e *entry) setNumbers(name string, numbers *[]string, change *store.Change) {
	if numbers == nil {
		return
	}
	stored := distinctNumbers(*numbers, plainNumber)
	e.set(name, stored...)
	if len(stored) < len(distinctNumbers(*numbers, func(n string) string { return n })) {
		change.Adjusted = append(change.Adjusted, store.Adjustment{Field: name, Asked: *numbers, Stored: stored})
	}
}

// plainNumber is what the directory compares of a phone number: telephoneNumberMatch passes over blanks, hyphens and case.
// Source: RFC 4517, section 4.2.29.
func plainNumber(n string) string {
	return strings.ToLower(strings.NewReplacer(" ", "", "-", "").Replace(n))
}

// distinctNumbers leaves out numbers whose form another one before has.
func distinctNumbers(numbers []string, form func(n string) string) []string {
	seen := map[string]bool{}
	return slices.DeleteFunc(slices.Clone(numbers), func(n string) bool {
		known := seen[form(n)]
		seen[form(n)] = true
		return known
	})
}

func (s *Store) editMailbox(e *userEdit, u store.UserUpdate, now time.Time) error {
	e.after.assign("mtaTransport", u.Transport)
	if u.Active != nil {
		e.after.set("accountStatus", status(*u.Active))
	}
	if u.Password != nil {
		e.after.setPassword(*u.Password, now)
	}
	if u.Quota != nil {
		if *u.Quota < 0 {
			return rules.Quotas{}.Check(*u.Quota, 0, store.Actor{})
		}
		e.after.setQuota(*u.Quota)
	}
	e.after.assign("mailboxFormat", u.MailboxFormat)
	e.after.assign("mailboxFolder", u.MailboxFolder)
	if u.Maildir == nil {
		return nil
	}
	path, err := rules.CheckMailboxPath(*u.Maildir, s.options.StorageRoot)
	e.after.set("homeDirectory", path)
	return err
}

// editGlobal makes the mailbox a global admin, or no longer one. Who is left with nothing to manage is no admin.
func (s *Store) editGlobal(ctx context.Context, e *userEdit, global bool) error {
	e.after.set("domainGlobalAdmin", yesOrNothing(global))
	if global {
		e.after.add("enabledService", serviceDomainAdmin)
		return nil
	}
	managed, err := s.managed(ctx, e.mail)
	if len(managed) == 0 {
		e.after.remove("enabledService", serviceDomainAdmin)
	}
	return err
}

// allowEdit returns an error when the mailbox may not become what it is to be.
func (s *Store) allowEdit(ctx context.Context, held *held, actor store.Actor, e *userEdit) error {
	if err := s.keepsRuler(ctx, e.mail, e.before, e.after); err != nil {
		return err
	}
	own, quota := e.before.quota(), e.after.quota()
	more := rules.QuotaAdded(own, quota)
	if more == 0 { // less than before is always good
		return nil
	}
	quotas, err := s.quotas(ctx, e.home)
	if err != nil {
		return err
	}
	if err = quotas.Check(quota, own, actor); err != nil {
		return err
	}
	return s.managing(held, actor).CheckCaps(ctx, e.name, rules.New(store.Usage{Quota: more}))
}

// editForwarding sets where mail to the mailbox goes.
func (s *Store) editForwarding(ctx context.Context, e *userEdit, change store.Set) error {
	if !change.Touches() || change.IsAlready(e.before.forwardings()) {
		return nil
	}
	set, err := s.addressRules(e.write).DropMissing(ctx, e.name, change.Field("forwarding", "addForwarding"), change, &e.change)
	if err != nil {
		return err
	}
	next, err := set.ApplyTo(e.before.forwardings(), "forwarding")
	if err == nil {
		e.after.setForwardings(next)
	}
	return err
}

// editFurther sets the further addresses of the mailbox. Those that come with alias domains stay. New ones lie in the domain
// or one of its alias domains, and are in use by nobody.
func (s *Store) editFurther(ctx context.Context, e *userEdit, change store.Set) error {
	current := e.further(e.before)
	if !change.Touches() || change.IsAlready(current) {
		return nil
	}
	next, err := rules.FurtherOfUser(e.name, change).Next(ctx, s.addressRules(e.write), current, change, &e.change)
	if err != nil {
		return err
	}
	e.changeFurther(&e.after, current, next)
	if len(next) > 0 {
		e.after.add("enabledService", serviceShadow)
	}
	return nil
}
