package ldapstore

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/postern-mail/postern/store"
)

// plan is what a write is going to do. Making one writes nothing.
type plan struct {
	change store.Change
	steps  []step
	// naming are the alias accounts that have the address, which an account gets, as a member: see planLeftovers.
	naming []string
}

// step is one request to the directory, or to what iRedMail keeps in SQL beside it. It may run again.
type step struct {
	// about names it in errors and for the tests: what it does and the DN.
	about string
	run   func(ctx context.Context, s *Store) error
}

// write makes a plan while it holds the locks, and applies it unless it is a dry run or the account is not the one that
// the caller read.
func (s *Store) write(
	ctx context.Context, w store.Write, locks []string, decide func(now time.Time) (*plan, error),
) (store.Change, error) {
	var change store.Change
	err := s.locks.Locked(ctx, locks, func(ctx context.Context) error {
		p, err := decide(s.options.Now().UTC().Truncate(time.Second))
		if err != nil {
			return err
		}
		if err = w.CheckIf(p.change); err != nil {
			return err
		}
		change = p.change
		if s.plans != nil {
			s.plans(p)
		}
		if w.DryRun {
			return nil
		}
		return s.apply(ctx, p.steps)
	})
	if err != nil {
		return store.Change{}, err
	}
	return change, nil
}

// held is which locks a write has. Which it needs may show only once it has read something.
type held struct{ locks, lacking []string }

// need notes a lock.
func (h *held) need(lock string) {
	if !slices.Contains(h.locks, lock) {
		h.lacking = append(h.lacking, lock)
	}
}

// lacks returns an error when a lock is needed that the write does not have: it begins anew with it.
func (h *held) lacks() error {
	if len(h.lacking) > 0 {
		return errLacking
	}
	return nil
}

var errLacking = errors.New("further locks are needed")

// mostTries is how often a write may find that it needs further locks: those who manage a domain would have to change that
// often while it waits.
const mostTries = 8

// writeHeld is write for a plan that may find that it needs further locks.
func (s *Store) writeHeld(
	ctx context.Context, w store.Write, locks []string, decide func(now time.Time, held *held) (*plan, error),
) (store.Change, error) {
	for range mostTries {
		h := &held{locks: locks}
		change, err := s.write(ctx, w, locks, func(now time.Time) (*plan, error) { return decide(now, h) })
		if !errors.Is(err, errLacking) {
			return change, err
		}
		locks = slices.Concat(locks, h.lacking)
	}
	return store.Change{}, store.BeingWritten(errLacking)
}

// apply runs the steps in order.
func (s *Store) apply(ctx context.Context, steps []step) error {
	for _, step := range steps {
		if s.cut != nil {
			if err := s.cut(step); err != nil {
				return err
			}
		}
		if err := step.run(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", step.about, err)
		}
	}
	return nil
}

// Locks of a write. Whoever makes or renames what lies in a domain holds that domain's; whoever makes a name of a
// domain or of an alias domain holds all names of domains; what an admin may have is counted under the lock of the
// admin.
//
// Who takes a right of a global admin away, or deletes or disables an account that may be one, holds the lock of global
// admins.
const (
	lockDomainNames  = "domains"
	lockGlobalAdmins = "global admins"
)

func lockDomain(name string) string { return "domain " + name }
func lockAdmin(mail string) string  { return "admin " + mail }

// locksOf returns the locks for a write by an actor about domains.
func locksOf(actor store.Actor, domains ...string) []string {
	var locks []string
	for _, d := range domains {
		locks = append(locks, lockDomain(d))
	}
	if !actor.Global && actor.Username != "" {
		locks = append(locks, lockAdmin(actor.Username))
	}
	slices.Sort(locks)
	return slices.Compact(locks)
}

// setChange sets the change that the plan makes. What has been discarded or adjusted on the way to it stays, and its scope.
func (p *plan) setChange(c store.Change) {
	c.Discarded, c.Adjusted, c.Scope = p.change.Discarded, p.change.Adjusted, p.change.Scope
	p.change = c
}

// do adds a step of another kind.
func (p *plan) do(about string, run func(ctx context.Context, s *Store) error) {
	p.steps = append(p.steps, step{about, run})
}

// create adds an entry. What is there already was put there by an earlier run of the same call, and is replaced: the
// plan has looked that no account is.
func (p *plan) create(e entry) {
	p.do("add "+e.dn, func(ctx context.Context, s *Store) error {
		err := s.add(ctx, e)
		if !isThere(err) {
			return s.refused(err)
		}
		there, err := s.read(ctx, e.dn, anything)
		if err != nil || there == nil {
			return err
		}
		return s.modify(ctx, *there, e)
	})
}

// claim is create of the entry that decides: when it is there already another program was faster, and the account is
// that one's.
func (p *plan) claim(e entry, name string) {
	p.do("add "+e.dn, func(ctx context.Context, s *Store) error {
		err := s.add(ctx, e)
		switch {
		case isThere(err):
			return store.AlreadyExists(name)
		case isMissing(err): // the domain went meanwhile
			return store.NoSuchDomain(store.DomainOf(name))
		}
		return s.refused(err)
	})
}

// update changes an entry from what was read to what it is to be. Without a difference there is no step. An entry that
// is not there any more is missing, as gone says: nil passes it over.
func (p *plan) update(before, after entry, gone *store.Error) {
	if len(difference(before, after)) == 0 {
		return
	}
	p.do("modify "+before.dn, func(ctx context.Context, s *Store) error {
		err := s.modify(ctx, before, after)
		if isMissing(err) {
			if gone == nil {
				return nil
			}
			return gone
		}
		return s.refused(err)
	})
}

// delete removes an entry without children. A missing one is fine.
func (p *plan) delete(dn string) {
	p.do("delete "+dn, func(ctx context.Context, s *Store) error {
		err := s.pool.with(ctx, false, func(conn *ldap.Conn) error { return conn.Del(ldap.NewDelRequest(dn, nil)) })
		if isMissing(err) {
			return nil
		}
		return wrap(err)
	})
}

// move gives an entry another place, within its container or in another, and keeps the value that named it beside the new
// one. One that is not there any more but at the new place is fine; one that is nowhere is gone.
func (p *plan) move(from, to string, gone *store.Error) {
	p.do("rename "+from, func(ctx context.Context, s *Store) error {
		rdn, parent := splitDN(to)
		superior := parent
		if _, old := splitDN(from); strings.EqualFold(old, parent) {
			superior = ""
		}
		err := s.pool.with(ctx, false, func(conn *ldap.Conn) error {
			return conn.ModifyDN(ldap.NewModifyDNRequest(from, rdn, false, superior))
		})
		if isMissing(err) {
			if there, e := s.read(ctx, to, anything, "1.1"); e != nil || there != nil {
				return e
			}
			return gone
		}
		return s.refused(err)
	})
}

// splitDN returns the first part of a DN and its parent. An escaped comma is none.
func splitDN(dn string) (rdn, parent string) {
	for i := 0; i < len(dn); i++ {
		switch dn[i] {
		case '\\':
			i++
		case ',':
			return dn[:i], dn[i+1:]
		}
	}
	return dn, ""
}

// add makes an entry.
func (s *Store) add(ctx context.Context, e entry) error {
	request := ldap.NewAddRequest(e.dn, nil)
	for _, a := range e.attributes {
		request.Attribute(a.name, a.values)
	}
	return s.pool.with(ctx, false, func(conn *ldap.Conn) error { return conn.Add(request) })
}

// permissive has the server take values that are there and pass over those that are not, so that a change may run again.
var permissive = ldap.NewControlString(ldap.ControlTypeMicrosoftPermissiveModify, true, "")

// modify makes of one entry the other.
func (s *Store) modify(ctx context.Context, before, after entry) error {
	changes := difference(before, after)
	if len(changes) == 0 {
		return nil
	}
	request := ldap.NewModifyRequest(before.dn, []ldap.Control{permissive})
	request.Changes = changes
	return s.pool.with(ctx, false, func(conn *ldap.Conn) error { return conn.Modify(request) })
}

// wholeAttributes are replaced as one even where only some values change: they have a single value, or cannot be
// compared value by value.
var wholeAttributes = []string{
	passwordAttribute, "accountStatus", "domainStatus", "mtaTransport", "domainGlobalAdmin", "domainBackupMX", "mailQuota",
	"domainSenderBccAddress", "domainRecipientBccAddress", "userSenderBccAddress", "userRecipientBccAddress", "homeDirectory",
	"mailboxFormat", "mailboxFolder", "senderRelayHost", "accessPolicy", "hasMember", "disclaimer", "allowNets",
	"employeeNumber", "departmentNumber", "preferredLanguage", "shadowLastChange", "cn", "sn", "givenName", "uid", "maxMessageSize", "description",
	"telephoneNumber", "mobile", // telephoneNumberMatch passes over case
	"mailingListID", "domainCurrentUserNumber", "domainCurrentAliasNumber", "domainCurrentListNumber",
}

// difference returns the changes that lead from one entry to the other: of lists the values that come and go, so that
// what another program writes beside them stays. A value whose letter case alone differs is the same, as it is to the directory.
func difference(before, after entry) []ldap.Change {
	var changes []ldap.Change
	change := func(operation uint, name string, values []string) {
		changes = append(changes, ldap.Change{Operation: operation, Modification: ldap.PartialAttribute{Type: name, Vals: values}})
	}
	for _, a := range before.attributes {
		now := after.all(a.name)
		gone := slices.DeleteFunc(slices.Clone(a.values), among(a.name, now))
		if slices.Equal(a.values, now) {
			continue
		}
		switch {
		case containsFold(wholeAttributes, a.name):
			change(ldap.ReplaceAttribute, a.name, now)
		case len(gone) > 0:
			change(ldap.DeleteAttribute, a.name, gone)
		}
	}
	for _, a := range after.attributes {
		was := before.all(a.name)
		come := slices.DeleteFunc(slices.Clone(a.values), among(a.name, was))
		if len(come) == 0 || len(was) > 0 && containsFold(wholeAttributes, a.name) {
			continue
		}
		if containsFold(wholeAttributes, a.name) {
			change(ldap.ReplaceAttribute, a.name, a.values)
			continue
		}
		change(ldap.AddAttribute, a.name, come)
	}
	return changes
}

// among returns a function that reports whether a value of an attribute is one of the values. Those of settings may be texts.
func among(name string, values []string) func(string) bool {
	if strings.EqualFold(name, settingsAttribute) {
		return func(v string) bool { return slices.Contains(values, v) }
	}
	return store.Among(values)
}

// refusedAttribute is what slapd says of a value: mobile: value #0 invalid per syntax.
var refusedAttribute = regexp.MustCompile(`([A-Za-z]+): value #[0-9]+`)

// attributeFields are the published names of attributes that stand for one parameter.
var attributeFields = map[string]string{
	"cn": "name", "givenname": "gn", "sn": "sn", "mobile": "mobile", "telephonenumber": "telephoneNumber", "employeenumber": "employeeid",
	"departmentnumber": "department", "preferredlanguage": "language", "mailquota": "quota", "mtatransport": "transport", "homedirectory": "maildir",
	"mailforwardingaddress": "forwarding", "shadowaddress": "aliases", "description": "description", "domainaliasname": "aliasDomains",
}

// refusedField returns the parameter whose value the server refused, "" where it does not say.
func refusedField(err error) string {
	if m := refusedAttribute.FindStringSubmatch(err.Error()); m != nil {
		return attributeFields[strings.ToLower(m[1])]
	}
	return ""
}

// refused turns the server's refusal of a value into an error that a caller may be told.
func (s *Store) refused(err error) error {
	if ldap.IsErrorAnyOf(err, ldap.LDAPResultInvalidAttributeSyntax, ldap.LDAPResultConstraintViolation, ldap.LDAPResultInvalidDNSyntax,
		ldap.LDAPResultNamingViolation) {
		e := store.Fail(store.Invalid, store.CodeInvalidValue, "The directory does not take one of the values: it is too long, or has "+
			"characters beyond ASCII where only those are allowed.")
		e.Field, e.Cause = refusedField(err), err
		return e
	}
	return wrap(err)
}
