package sqlstore

import (
	"context"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
	"github.com/postern-mail/postern/store/sqldb"
)

// newUser is what is known once a mailbox may be made.
type newUser struct {
	store.UserCreate
	home   home
	quota  int64 // MB
	dir    maildir
	groups []aliasState // that its domain has new mailboxes join
	scope  store.Scope
}

// CreateUser implements store.Users.
func (s *Store) CreateUser(ctx context.Context, w store.Write, u store.UserCreate) (store.Change, error) {
	if err := s.options.mailboxes().Complete(&u); err != nil {
		return store.Change{}, err
	}
	return s.write(ctx, w, func(tx *sqldb.Tx, now time.Time) (*plan, error) {
		n, err := s.admitUser(ctx, tx, w, u)
		if err != nil {
			return nil, err
		}
		if n.dir, err = s.userMaildir(u.Maildir, u.Mail, now); err != nil {
			return nil, err
		}
		p := &plan{}
		if err = s.lookForLeftovers(ctx, tx, p, u.Mail); err != nil {
			return nil, err
		}
		s.planNewUser(p, n, now)
		return p, nil
	})
}

// admitUser returns an error unless there is room for the mailbox.
func (s *Store) admitUser(ctx context.Context, tx *sqldb.Tx, w store.Write, u store.UserCreate) (newUser, error) {
	n := newUser{UserCreate: u}
	var err error
	if n.home, err = s.lockHome(ctx, tx, store.DomainOf(u.Mail)); err != nil {
		return n, err
	}
	if err = s.addressRules(tx, w).CheckFree(ctx, u.Mail); err != nil {
		return n, err
	}
	if err = s.takesUser(ctx, tx, n.home); err != nil {
		return n, err
	}
	if n.quota, err = n.home.quotas().Grant(u.Quota); err != nil {
		return n, err
	}
	if err = s.managing(tx, w.Actor).CheckCaps(ctx, n.home.Name, rules.New(store.Usage{Users: 1, Quota: store.QuotaUsage(n.quota)})); err != nil {
		return n, err
	}
	if n.scope, err = s.scopeOf(ctx, tx, w.Actor); err != nil {
		return n, err
	}
	n.groups, err = s.defaultGroups(ctx, tx, n.scope, n.home)
	return n, err
}

// userMaildir is the path that was asked for, or one made up from the address.
func (s *Store) userMaildir(asked, mail string, now time.Time) (maildir, error) {
	if asked == "" {
		return s.newMaildir(mail, now), nil
	}
	return s.parseMaildir(asked)
}

func (s *Store) planNewUser(p *plan, n newUser, now time.Time) {
	row := s.insert(p, "mailbox", s.newMailbox(n, now))
	p.Change = store.Change{
		Action: store.ActionCreate, Noun: store.NounUser, Name: n.Mail, Domain: n.home.Name, After: concealed(row, store.HiddenPassword),
	}
	p.Change.Scope = n.scope
	s.planLeftovers(p, n.Mail)
	rows := []forwarding{ownForwarding(n.Mail, n.Mail, flag(n.Active))}
	for _, g := range n.groups {
		p.dropForwardings(g.Address, []string{n.Mail})
		rows = append(rows, membership(g.Address, n.Mail, g.Active))
	}
	p.addForwardings(rows)
}

// newMailbox returns the columns of a new mailbox. Networks are not restricted: that is NULL, and nothing else.
func (s *Store) newMailbox(n newUser, now time.Time) map[string]any {
	values := map[string]any{
		"username": n.Mail, "password": n.Password, "name": n.Name, "language": n.Language, "domain": n.home.Name,
		"first_name": n.FirstName, "last_name": n.LastName, "mobile": "", "telephone": "", "recovery_email": "",
		"employeeid": n.EmployeeID, "department": "", "rank": "normal", "transport": "", "isadmin": int64(0), "isglobaladmin": int64(0),
		"mailboxformat": n.MailboxFormat, "mailboxfolder": n.MailboxFolder, "quota": n.quota,
		"storagebasedirectory": n.dir.base, "storagenode": n.dir.node, "maildir": n.dir.rest,
		"allow_nets": nil, "disclaimer": "", "settings": "",
		"passwordlastchange": now, "created": now, "modified": now, "expired": never, "active": flag(n.Active),
	}
	for _, service := range s.newServices(n.home.settings.List(store.SettingDisabledMailServices)) {
		values[service.Name] = service.Value
	}
	return values
}
