package sqlstore

import (
	"slices"

	"github.com/postern-mail/postern/store"
)

// What a create made is composed from what it writes; see store.Change.Made. The rows lack nothing that the noun tells but what
// other tables hold, and of a name that nobody had before these hold nothing beside what the create puts there.

// merged are lists as one, sorted and never nil.
func merged(lists ...[]string) []string {
	all := append([]string{}, slices.Concat(lists...)...)
	slices.Sort(all)
	return slices.Compact(all)
}

// madeUser is a mailbox that is made.
func madeUser(n newUser, row store.Record) store.User {
	u := userOf(row)
	u.Password = n.Password // which is a secret in the row of an insert
	u.Forwardings = n.destinations()
	u.Aliases = merged(n.Aliases, n.further)
	lists := slices.Clone(n.lists)
	for _, g := range n.groups {
		lists = append(lists, g.Address)
	}
	u.MailingAliases = merged(lists)
	if n.Global {
		u.Domains = []string{allDomains}
	}
	u.SenderBcc, u.RecipientBcc = n.SenderBcc, n.RecipientBcc
	return u
}

// madeDomain is a domain that is made.
func (s *Store) madeDomain(d newDomain, row store.Record) store.Domain {
	made := domainOf(row)
	made.Catchall = merged(d.Catchall)
	made.AliasDomains = merged(d.aliases.Added)
	if d.admin != "" {
		made.Admins = []string{d.admin}
	}
	if s.schema.Has("sender_bcc_domain") {
		made.SenderBcc = d.SenderBcc
	}
	if s.schema.Has("recipient_bcc_domain") {
		made.RecipientBcc = d.RecipientBcc
	}
	if s.schema.Has("sender_relayhost") {
		made.RelayHost = d.OutboundRelay
	}
	made.Users, made.Aliases, made.Lists, made.Allocated = d.held.Users, d.held.Aliases, d.held.Lists, d.held.Allocated
	return made
}

// madeAdmin is a standalone admin that is made.
func madeAdmin(a store.AdminCreate, row store.Record) store.Admin {
	made := adminOf(row)
	made.Password = a.Password // see madeUser
	made.Global = a.Global
	return made
}

// madeAlias is an alias account that is made.
func (s *Store) madeAlias(a store.AliasCreate, row store.Record, members []string) store.Alias {
	made := aliasOf(row)
	made.Members = merged(members)
	if s.schema.Has("moderators") {
		made.Moderators = merged(a.Moderators)
	}
	return made
}

// madeMailingList is the account of a mailing list that is made.
func (s *Store) madeMailingList(m store.MailingListAccountCreate, row store.Record, extra []string) store.MailingListAccount {
	made := mailingListOf(row)
	if s.schema.Has("maillist_owners") {
		made.Owners = merged(m.Owners)
	}
	if s.schema.Has("moderators") {
		made.Moderators = merged(m.Moderators)
	}
	made.ExtraAddresses = merged(extra)
	return made
}
