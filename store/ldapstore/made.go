package ldapstore

import (
	"slices"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

// What a create made is composed from the entry that it writes; see store.Change.Made. When that is made and changed the server
// notes by its own clock; here it is ours.

// madeAt is an entry that is made now.
func (e entry) madeAt(now time.Time) entry {
	e.created, e.modified = rules.ShownTime(now), rules.ShownTime(now)
	return e
}

// madeUser is a mailbox that is made, a member of those lists and alias accounts.
func madeUser(h home, e entry, lists, aliases []string, now time.Time) store.User {
	u := userOf(h, e.madeAt(now))
	u.MailingLists = sortedOnce(lists)
	u.Stored = e.shown(func(entry) []string { return u.MailingLists })
	u.MailingAliases = sortedOnce(aliases)
	u.Domains = []string{}
	if u.Global {
		u.Domains = []string{"ALL"}
	}
	return u
}

// madeDomain is a domain that is made.
func madeDomain(e entry, catchall []string, now time.Time) store.Domain {
	d := domainOfEntry(e.madeAt(now))
	d.Catchall = sortedOnce(catchall)
	return d
}

// madeStaticList is a list that is made, with its members.
func madeStaticList(e entry, members []string, now time.Time) store.StaticList {
	list := staticListOf(e.madeAt(now), nil) // it is a member of no list
	list.Members = sortedOnce(members)
	return list
}

// sortedOnce is a list of addresses, sorted and never nil.
func sortedOnce(list []string) []string {
	all := append([]string{}, list...)
	slices.Sort(all)
	return slices.Compact(all)
}
