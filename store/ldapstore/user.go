package ldapstore

import (
	"context"
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

// User implements store.Users.
func (s *Store) User(ctx context.Context, mail string) (store.User, error) {
	e, err := s.mailbox(ctx, mail)
	if err != nil {
		return store.User{}, err
	}
	users, err := s.wholeUsers(ctx, domainOf(mail), []entry{e})
	if err != nil {
		return store.User{}, err
	}
	return users[0], nil
}

// mailbox reads the entry of a mailbox, or returns NO_SUCH_ACCOUNT. That of a catch-all is none.
func (s *Store) mailbox(ctx context.Context, mail string) (entry, error) {
	if !strings.HasPrefix(mail, "@") {
		e, err := s.read(ctx, s.tree.user(mail), classUser)
		if err != nil {
			return entry{}, err
		}
		if e != nil {
			return *e, nil
		}
	}
	return entry{}, store.NoSuchAccount(mail)
}

// Users implements store.Users.
func (s *Store) Users(ctx context.Context, filter store.UserFilter, page store.PageRequest) (store.Page[store.User], error) {
	var list store.Page[store.User]
	mails, err := s.UserAddresses(ctx, filter, page)
	if err != nil {
		return list, err
	}
	k := lookup{s.tree.container(filter.Domain, containerUsers), oneLevel, classUser, "mail"}
	entries, err := s.inOrderOf(ctx, k, mails.Items)
	if err != nil {
		return list, err
	}
	list.Next, list.Total = mails.Next, mails.Total
	list.Items, err = s.wholeUsers(ctx, filter.Domain, entries)
	return list, err
}

// UserAddresses implements store.Users.
func (s *Store) UserAddresses(ctx context.Context, filter store.UserFilter, page store.PageRequest) (store.Page[string], error) {
	if _, err := s.home(ctx, filter.Domain); err != nil {
		return store.Page[string]{}, err
	}
	l := listing{
		dn: s.tree.container(filter.Domain, containerUsers), scope: oneLevel, attribute: "mail",
		filters: []string{kindUser.filter(filter.Domain)},
	}
	if filter.DisabledOnly {
		l.is(switchedOff, true)
	}
	if filter.Viewer != "" {
		above, err := s.outranking(ctx, filter.Domain, filter.Viewer)
		if err != nil {
			return store.Page[string]{}, err
		}
		l.is(anyOf("mail", above), false)
	}
	if filter.Global != nil {
		l.is(globalMark, *filter.Global)
	}
	if percent := filter.OverQuotaPercent; percent != nil {
		l.is("(mailQuota=*)", true)
		l.overPercent = *percent
	}
	if err := l.search(filter.Search); err != nil {
		return store.Page[string]{}, err
	}
	return s.names(ctx, l, page)
}

// UserPassword implements store.Users.
func (s *Store) UserPassword(ctx context.Context, mail string) (store.Secret, error) {
	e, err := s.mailbox(ctx, mail)
	return e.password(), err
}

// wholeUsers adds to the entries of mailboxes of a domain what is known elsewhere, with one question to each place.
func (s *Store) wholeUsers(ctx context.Context, domain string, entries []entry) ([]store.User, error) {
	h, err := s.home(ctx, domain)
	if err != nil {
		return nil, err
	}
	lists, err := s.listsOf(ctx, entries)
	if err != nil {
		return nil, err
	}
	users := make([]store.User, len(entries))
	at := make(map[string]*store.User, len(entries))
	mails := make([]string, len(entries))
	for i, e := range entries {
		users[i] = userOf(h, e)
		users[i].Stored = e.shown(lists)
		users[i].MailingLists = lists(e)
		mails[i] = users[i].Mail
		at[mails[i]] = &users[i]
	}
	if err = s.readManaged(ctx, entries, mails, at); err != nil {
		return nil, err
	}
	k := lookup{s.tree.base, subtree, classAlias, "mailForwardingAddress"}
	err = s.eachOf(ctx, k, mails, []string{"mail", "mailForwardingAddress"}, func(alias entry) error {
		for _, member := range alias.sorted("mailForwardingAddress") {
			if u := at[member]; u != nil {
				u.MailingAliases = append(u.MailingAliases, alias.address())
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	used, err := s.mailboxes.MailboxUsage(ctx, mails)
	for i := range users {
		u := &users[i]
		slices.Sort(u.MailingAliases)
		u.MailingAliases = slices.Compact(u.MailingAliases)
		u.StoredBytes, u.StoredMessages, u.LastLogin = used[u.Mail].Bytes, used[u.Mail].Messages, used[u.Mail].LastLogin
	}
	return users, err
}

// readManaged reads what the mailboxes manage: of a global admin that is everything.
func (s *Store) readManaged(ctx context.Context, entries []entry, mails []string, at map[string]*store.User) error {
	managed, err := s.managedBy(ctx, mails)
	for i, mail := range mails {
		at[mail].Domains = managed[mail].sorted("domainName")
		if entries[i].global() {
			at[mail].Domains = []string{"ALL"}
		}
	}
	return err
}

// userOf is a mailbox as far as its entry and its domain tell.
func userOf(h home, e entry) store.User {
	format, folder := store.KnownMailbox(e.first("mailboxFormat"), e.first("mailboxFolder"))
	return store.User{
		Mail:            e.address(),
		Name:            e.nameIn("cn"),
		FirstName:       e.first("givenName"),
		LastName:        e.nameIn("sn"),
		Active:          e.active(),
		Global:          e.global(),
		Language:        store.KnownLanguage(e.first("preferredLanguage")),
		Quota:           e.quota(),
		EmployeeID:      e.first("employeeNumber"),
		Department:      e.first("departmentNumber"),
		Transport:       e.first("mtaTransport"),
		Services:        rules.ShownServices(func(name string) bool { return e.has("enabledService", name) }),
		MailboxFormat:   format,
		MailboxFolder:   folder,
		Maildir:         strings.TrimSuffix(e.first("homeDirectory"), "/"),
		Telephone:       e.listed("telephoneNumber"),
		Mobile:          e.listed("mobile"),
		Created:         e.created,
		Modified:        e.modified,
		PasswordChanged: e.passwordChanged(),

		Settings:       e.settings().record(),
		Password:       e.password(),
		Forwardings:    e.forwardings(),
		Aliases:        h.further(e),
		MailingAliases: []string{},
		SenderBcc:      e.first(senderBccOfUser.name),
		RecipientBcc:   e.first(recipientBccOfUser.name),
		RelayHost:      e.first("senderRelayHost"),
	}
}

// nameIn is a name that an entry must have. The local part of the address stands there for none (see newUser).
func (e entry) nameIn(attribute string) string {
	local, _ := store.SplitAddress(e.address())
	if name := e.first(attribute); name != local {
		return name
	}
	return ""
}

// forwardings are where mail to a mailbox goes: nothing said means to itself.
// Source: virtual_group_members_maps.cf for OpenLDAP of iRedMail, by which mail to a mailbox goes to itself.
func (e entry) forwardings() []string {
	if len(e.all("mailForwardingAddress")) == 0 {
		return []string{e.address()}
	}
	return e.sorted("mailForwardingAddress")
}

// setForwardings sets where mail to a mailbox goes. Nowhere, or to itself alone, is nothing said.
func (e *entry) setForwardings(mails []string) {
	if len(store.LeaveOut(mails, []string{e.address()})) == 0 {
		mails = nil
	}
	e.set("mailForwardingAddress", mails...)
}
