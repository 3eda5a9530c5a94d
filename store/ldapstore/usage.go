package ldapstore

import (
	"context"
	"fmt"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"github.com/postern-mail/postern/store"
)

// fewDomains is for how many domains of a page their entries are searched one domain at a time. With more, one search goes through all
// of the tree: there is no filter for many places that a directory has an index for.
const fewDomains = 16

// lookupSize is how many mailboxes are looked up by their addresses in the database beside the directory. Of more, what is known about
// all that the report can count is read once.
const lookupSize = 4000

// DomainUsages implements store.Usages.
func (s *Store) DomainUsages(ctx context.Context, filter store.UsageFilter, page store.PageRequest) (store.Page[store.DomainUsage], error) {
	names, err := s.usedDomains(ctx, filter, page)
	list := store.Page[store.DomainUsage]{Items: make([]store.DomainUsage, len(names.Items)), Next: names.Next, Total: names.Total}
	if err != nil {
		return list, err
	}
	base, err := ldap.ParseDN(s.tree.base)
	if err != nil {
		return list, fmt.Errorf("read the DN of all domains: %w", err)
	}
	c := counting{s: s, filter: filter, depth: len(base.RDNs), at: make(map[string]*store.DomainUsage, len(names.Items))}
	for i, name := range names.Items {
		list.Items[i].Domain = name
		c.at[name] = &list.Items[i]
	}
	places := []string{s.tree.base}
	if len(names.Items) <= fewDomains {
		places = places[:0]
		for _, name := range names.Items {
			places = append(places, s.tree.domain(name))
		}
	}
	for _, dn := range places {
		if err = c.count(ctx, dn); err != nil {
			return list, err
		}
	}
	return list, c.flush(ctx)
}

// usedDomains are the names of a page, or NO_SUCH_DOMAIN for the one that is asked for.
func (s *Store) usedDomains(ctx context.Context, filter store.UsageFilter, page store.PageRequest) (store.Page[string], error) {
	if err := page.CheckUsage(); err != nil {
		return store.Page[string]{}, err
	}
	if filter.Domain == "" {
		return s.DomainNames(ctx, store.DomainFilter{ManagedBy: filter.ManagedBy}, page)
	}
	h, err := s.home(ctx, filter.Domain)
	if err != nil {
		return store.Page[string]{}, err
	}
	return part([]store.Position{{Key: h.name}}, page), nil
}

// counting adds accounts up.
type counting struct {
	s      *Store
	filter store.UsageFilter
	depth  int // of the entry below which domains are
	at     map[string]*store.DomainUsage
	waits  []heldMailbox                 // mailboxes of which nobody asked yet how they are used
	used   map[string]store.MailboxUsage // all that is known, once there are more mailboxes than are looked up; nil before
}

// heldMailbox is a mailbox of which the entry was read.
type heldMailbox struct {
	mail  string
	quota int64
	of    *store.DomainUsage
}

// count reads the accounts below an entry. That of a catch-all is none.
func (c *counting) count(ctx context.Context, dn string) error {
	return c.s.each(ctx, dn, subtree, accountClass, []string{"objectClass", "enabledService", "mail", "mailQuota"}, func(e entry) error {
		domain, err := c.domainOf(e.dn)
		if err != nil {
			return err
		}
		d := c.at[domain]
		if d == nil || e.has("mail", "@"+domain) {
			return nil
		}
		switch e.noun() {
		case store.NounUser:
			return c.mailbox(ctx, heldMailbox{e.address(), e.quota(), d})
		case store.NounAlias:
			d.Aliases++
		case store.NounMailingList:
			d.MailingLists++
		default:
			d.StaticLists++
		}
		return nil
	})
}

// mailbox counts a mailbox, or has it wait until it is looked up: always where its address is not of the domain that it is below.
func (c *counting) mailbox(ctx context.Context, m heldMailbox) (err error) {
	if c.used != nil && c.reports(m.mail) {
		m.of.AddMailbox(m.quota, c.used[m.mail], c.filter.Since)
		return nil
	}
	c.waits = append(c.waits, m)
	if c.used != nil || len(c.waits) <= c.s.lookups {
		return nil
	}
	if c.used, err = c.s.mailboxes.MailboxUsageWhere(ctx, c.reports); err != nil {
		return err
	}
	waits := c.waits
	c.waits = nil
	for _, m := range waits {
		if err = c.mailbox(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// reports reports whether an address is in a domain of the report.
func (c *counting) reports(mail string) bool { return c.at[store.DomainOf(mail)] != nil }

// flush looks up and counts the mailboxes that wait.
func (c *counting) flush(ctx context.Context) error {
	mails := make([]string, len(c.waits))
	for i, m := range c.waits {
		mails[i] = m.mail
	}
	used, err := c.s.mailboxes.MailboxUsage(ctx, mails)
	for _, m := range c.waits {
		m.of.AddMailbox(m.quota, used[m.mail], c.filter.Since)
	}
	return err
}

// domainOf is the domain below whose entry an entry is, "" where it is below none.
func (c *counting) domainOf(dn string) (string, error) {
	parts, err := ldap.ParseDN(dn)
	if err != nil || len(parts.RDNs) <= c.depth {
		return "", err
	}
	return strings.ToLower(parts.RDNs[len(parts.RDNs)-c.depth-1].Attributes[0].Value), nil
}
