package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
	"github.com/postern-mail/postern/store/sqldb"
)

// userEdit is a change to one mailbox while it is planned.
type userEdit struct {
	plan
	mail   string
	before store.Record // with the password
	after  store.Record
}

// UpdateUser implements store.Users.
func (s *Store) UpdateUser(ctx context.Context, w store.Write, mail string, u store.UserUpdate) (store.Change, error) {
	if err := u.Check(); err != nil {
		return store.Change{}, err
	}
	return s.write(ctx, w, func(tx *sqldb.Tx, now time.Time) (*plan, error) {
		if rules.IsFalse(u.Active) || rules.IsFalse(u.Global) {
			if err := s.keepsGlobalAdmin(ctx, tx, mail); err != nil {
				return nil, err
			}
		}
		if u.Quota != nil { // the domain's row before that of the mailbox, as everywhere
			if _, err := s.lockHome(ctx, tx, store.DomainOf(mail)); err != nil && !store.IsNotFound(err) {
				return nil, err
			}
		}
		before, err := lockUser(ctx, tx, mail)
		if err != nil {
			return nil, err
		}
		e := &userEdit{mail: mail, before: before, after: slices.Clone(before)}
		u, err := s.changesOfUser(ctx, tx, w.Actor, e, u)
		if err != nil {
			return nil, err
		}
		if err = s.editMailbox(e, w.OnMissing, u, now); err != nil {
			return nil, err
		}
		if err = s.allowEdit(ctx, tx, w.Actor, e); err != nil {
			return nil, err
		}
		if err = s.planActive(ctx, tx, e, u.Active); err != nil {
			return nil, err
		}
		if err = s.editRoutes(ctx, tx, w, e, u, now); err != nil {
			return nil, err
		}
		s.planGlobal(e, u.Global, now)
		s.finish(&e.plan, rowEdit{"mailbox", "username", mail, e.before, e.after, u.Password != nil}, now)
		e.describe(u)
		return &e.plan, nil
	})
}

// changesOfUser returns what the update changes of the mailbox, in the form in which it is to be stored.
func (s *Store) changesOfUser(
	ctx context.Context, tx *sqldb.Tx, actor store.Actor, e *userEdit, u store.UserUpdate,
) (store.UserUpdate, error) {
	is, err := s.userForUpdate(ctx, tx, e.mail, e.before, u)
	if err != nil {
		return u, err
	}
	u = rules.ChangesOfUser(u, is)
	if err = s.options.mailboxes().CompleteUpdate(&u); err != nil || u.Transport == nil {
		return u, err
	}
	transport, err := s.options.Transports.Transport(actor, e.mail, is.Transport, *u.Transport)
	u.Transport = &transport
	return u, err
}

// userForUpdate is the mailbox as far as the update is about it: what stands in other tables is read when it is given.
func (s *Store) userForUpdate(ctx context.Context, tx *sqldb.Tx, mail string, row store.Record, u store.UserUpdate) (store.User, error) {
	is := userOf(row)
	if u.SenderBcc != nil || u.RecipientBcc != nil {
		if err := s.readUserBcc(ctx, &tx.Reader, userParts{mail: &is}, []string{mail}); err != nil {
			return is, fmt.Errorf("read who gets blind copies of %s: %w", mail, err)
		}
	}
	if u.Global != nil {
		_, global, err := s.managed(ctx, &tx.Reader, mail)
		if err != nil {
			return is, err
		}
		is.Global = is.Global || global
	}
	return is, nil
}

// lockUser is lockMailbox of a mailbox that must be there. Returns NO_SUCH_ACCOUNT.
func lockUser(ctx context.Context, tx *sqldb.Tx, mail string) (store.Record, error) {
	row, err := lockMailbox(ctx, tx, mail)
	if err == nil && row == nil {
		err = store.NoSuchAccount(mail)
	}
	return row, err
}

// editMailbox puts what is given into the row.
func (s *Store) editMailbox(e *userEdit, rule store.OnMissing, u store.UserUpdate, now time.Time) error {
	assignText(e.after, "name", u.Name)
	assignText(e.after, "first_name", u.FirstName)
	assignText(e.after, "last_name", u.LastName)
	assignText(e.after, "employeeid", u.EmployeeID)
	assignText(e.after, "department", u.Department)
	assignText(e.after, "language", u.Language)
	assignText(e.after, "transport", u.Transport)
	assignText(e.after, "telephone", firstOf(u.Telephone))
	assignText(e.after, "mobile", firstOf(u.Mobile))
	adjustNumbers(&e.Change, "telephoneNumber", u.Telephone)
	adjustNumbers(&e.Change, "mobile", u.Mobile)
	assignFlag(e.after, "active", u.Active)
	assignFlag(e.after, "isglobaladmin", u.Global)
	assignNumber(e.after, "quota", u.Quota)
	assignText(e.after, "mailboxformat", u.MailboxFormat)
	assignText(e.after, "mailboxfolder", u.MailboxFolder)
	if u.Password != nil {
		assign(e.after, "password", u.Password.Reveal())
		assign(e.after, "passwordlastchange", now)
	}
	if u.Maildir != nil {
		dir, err := s.parseMaildir(*u.Maildir)
		if err != nil {
			return err
		}
		assign(e.after, "storagebasedirectory", dir.base)
		assign(e.after, "storagenode", dir.node)
		assign(e.after, "maildir", dir.rest)
	}
	services, err := rules.KnownServices(rule, u.Services, s.isService(rule), &e.Change)
	if err != nil {
		return err
	}
	s.applyServices(e.after, services)
	return nil
}

// allowEdit returns an error when the row may not become what it is to be.
func (s *Store) allowEdit(ctx context.Context, tx *sqldb.Tx, actor store.Actor, e *userEdit) error {
	if number(e.after, "active") == 0 || number(e.after, "isglobaladmin") < number(e.before, "isglobaladmin") {
		if err := s.keepsGlobalAdmin(ctx, tx, e.mail); err != nil {
			return err
		}
	}
	own, quota := number(e.before, "quota"), number(e.after, "quota")
	more := rules.QuotaAdded(own, quota)
	if quota == own || more == 0 && quota >= 0 { // less than before is always good, and what is stored stays, whatever it is
		return nil
	}
	h, err := s.lockHome(ctx, tx, text(e.before, "domain"))
	if err != nil {
		return err
	}
	if err = h.quotas().Check(quota, own, actor); err != nil {
		return err
	}
	return s.managing(tx, actor).CheckCaps(ctx, h.Name, rules.New(store.Usage{Quota: more}))
}

// planGlobal brings the row for all domains in line with the mark on the mailbox.
func (s *Store) planGlobal(e *userEdit, global *bool, now time.Time) {
	if global == nil {
		return
	}
	planRevoke(&e.plan, e.mail)
	if *global {
		s.planGrant(&e.plan, e.mail, now)
	}
}

// describe fills in the change.
func (e *userEdit) describe(u store.UserUpdate) {
	c := &e.Change
	c.Noun, c.Name, c.Domain = store.NounUser, e.mail, text(e.before, "domain")
	rules.Update(c, stateOf(e.before), stateOf(e.after), u.Password != nil)
	c.Before, c.After = concealed(e.before, store.HiddenPassword), concealed(e.after, store.HiddenPassword)
	if u.Password != nil {
		assign(c.After, "password", store.ChangedPassword)
	}
}

// stateOf is the state of the row of an account.
func stateOf(row store.Record) rules.State {
	return rules.State{Active: number(row, "active") != 0, Global: number(row, "isglobaladmin") != 0}
}

// adjustNumbers notes that a table keeps but the first of several numbers.
func adjustNumbers(c *store.Change, field string, asked *[]string) {
	if asked != nil && slices.ContainsFunc(*asked, func(n string) bool { return n != (*asked)[0] }) {
		c.Adjusted = append(c.Adjusted, store.Adjustment{Field: field, Asked: *asked, Stored: (*asked)[:1]})
	}
}

// firstOf returns the first of a list: the tables keep one number of each sort.
func firstOf(list *[]string) *string {
	if list == nil {
		return nil
	}
	first := ""
	if len(*list) > 0 {
		first = (*list)[0]
	}
	return &first
}
