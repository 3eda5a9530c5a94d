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
	asked  store.Set // services
	// further addresses and alias accounts that another program gave the address before
	further, lists []string
}

// destinations are where mail to the mailbox goes. Without any forwarding that is the mailbox itself: the catch-all of its domain
// would get its mail else.
func (n newUser) destinations() []string {
	if len(n.Forwarding) == 0 {
		return []string{n.Mail}
	}
	return n.Forwarding
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
		if err = s.completeUser(ctx, tx, w, &n, &p.Change); err != nil {
			return nil, err
		}
		if err = s.lookForLeftovers(ctx, tx, p, u.Mail); err != nil {
			return nil, err
		}
		if n.further, n.lists, err = s.namesBefore(ctx, tx, p, u.Mail); err != nil {
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

// completeUser decides about what else is given: what of it the mailbox gets goes into it.
func (s *Store) completeUser(ctx context.Context, tx *sqldb.Tx, w store.Write, n *newUser, change *store.Change) error {
	var err error
	if n.Transport, err = s.options.Transports.Transport(w.Actor, n.Mail, "", n.Transport); err != nil {
		return err
	}
	if n.Services != nil {
		if n.asked, err = rules.KnownServices(w.OnMissing, store.Set{Replace: n.Services}, s.isService(w.OnMissing), change); err != nil {
			return err
		}
	}
	for _, bcc := range []struct {
		table string
		mail  *string
	}{{"sender_bcc_user", &n.SenderBcc}, {"recipient_bcc_user", &n.RecipientBcc}} {
		if !s.schema.Has(bcc.table) {
			*bcc.mail = ""
		}
	}
	return s.addressRules(tx, w).NewUser(ctx, &n.UserCreate, change)
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
	c := &p.Change
	c.Action, c.Noun, c.Name, c.Domain, c.Scope = store.ActionCreate, store.NounUser, n.Mail, n.home.Name, n.scope
	c.After, c.Made = concealed(row, store.HiddenPassword), madeUser(n, row)
	c.AdjustQuota(n.Quota, n.quota)
	adjustNumbers(c, "telephoneNumber", &n.Telephone)
	adjustNumbers(c, "mobile", &n.Mobile)
	s.planLeftovers(p, n.Mail)
	s.planNewRoutes(p, n, now)
	if n.Global {
		planRevoke(p, n.Mail)
		s.planGrant(p, n.Mail, now)
	}
}

// planNewRoutes plans where mail to a new mailbox, and a copy of its mail, goes.
func (s *Store) planNewRoutes(p *plan, n newUser, now time.Time) {
	active := flag(n.Active)
	destinations := n.destinations()
	rows := make([]forwarding, 0, len(destinations)+len(n.Aliases)+len(n.groups))
	for _, destination := range destinations {
		rows = append(rows, ownForwarding(n.Mail, destination, active))
	}
	for _, alias := range n.Aliases {
		p.dropForwardings(alias, []string{n.Mail})
		rows = append(rows, furtherAddress(alias, n.Mail, active))
	}
	for _, g := range n.groups {
		p.dropForwardings(g.Address, []string{n.Mail})
		rows = append(rows, membership(g.Address, n.Mail, g.Active))
	}
	p.addForwardings(rows)
	s.planUserBcc(p, "sender_bcc_user", userBcc{n.Mail, n.home.Name, n.SenderBcc, active}, now)
	s.planUserBcc(p, "recipient_bcc_user", userBcc{n.Mail, n.home.Name, n.RecipientBcc, active}, now)
}

// userBcc is who gets copies of the mail of a mailbox.
type userBcc struct {
	mail, domain string // of the mailbox
	copies       string // "" is nobody
	active       int64
}

// planUserBcc plans the row of a mailbox that has none.
func (s *Store) planUserBcc(p *plan, table string, b userBcc, now time.Time) {
	if b.copies == "" {
		return
	}
	s.insert(p, table, map[string]any{
		"username": b.mail, "bcc_address": b.copies, "domain": b.domain,
		"created": now, "modified": now, "expired": never, "active": b.active,
	})
}

// noBirthday is the default of that column, which is written so that a create knows the whole row.
const noBirthday = "0001-01-01"

// newMailbox returns the columns of a new mailbox. Networks are not restricted: that is NULL, and nothing else.
func (s *Store) newMailbox(n newUser, now time.Time) map[string]any {
	values := map[string]any{
		"username": n.Mail, "password": n.Password, "name": n.Name, "language": n.Language, "domain": n.home.Name,
		"first_name": n.FirstName, "last_name": n.LastName, "mobile": *firstOf(&n.Mobile), "telephone": *firstOf(&n.Telephone),
		"recovery_email": "", "birthday": noBirthday, "employeeid": n.EmployeeID, "department": n.Department, "rank": "normal", "transport": n.Transport,
		"isadmin": int64(0), "isglobaladmin": flag(n.Global),
		"mailboxformat": n.MailboxFormat, "mailboxfolder": n.MailboxFolder, "quota": n.quota,
		"storagebasedirectory": n.dir.base, "storagenode": n.dir.node, "maildir": n.dir.rest,
		"allow_nets": nil, "disclaimer": "", "settings": "",
		"passwordlastchange": now, "created": now, "modified": now, "expired": never, "active": flag(n.Active),
	}
	services := s.newServices(n.home.settings.List(store.SettingDisabledMailServices))
	s.applyServices(services, n.asked)
	for _, service := range services {
		values[service.Name] = service.Value
	}
	return values
}
