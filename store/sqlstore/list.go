package sqlstore

import (
	"fmt"
	"slices"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// lister is what the lists of nouns share: the short name of the table in a query, and the column of the name.
type lister struct{ table, name string }

// sorts are the columns that every table of accounts has.
func (l lister) sorts() map[store.Sort]sqldb.Value {
	return map[store.Sort]sqldb.Value{
		store.SortName:     {Expression: fmt.Sprintf("LOWER(SUBSTR(COALESCE(%s, ''), 1, %d))", l.name, store.SortedLength)},
		store.SortCreated:  {Expression: l.table + ".created"},
		store.SortModified: {Expression: l.table + ".modified"},
	}
}

// prepare checks a search and a page, and adds the conditions of the search to the list.
func (s *Store) prepare(list *sqldb.List, l lister, search store.Search, page store.PageRequest, offered []store.Sort) error {
	if err := page.Sort.CheckIn(offered); err != nil {
		return err
	}
	search, err := search.Checked()
	if err != nil {
		return err
	}
	list.Search(s.db.Dialect, search, sqldb.Searched{Name: l.name, Created: l.table + ".created", Active: l.table + ".active"})
	return nil
}

// domainList is the list of domains that a filter selects.
func (s *Store) domainList(filter store.DomainFilter, page store.PageRequest) (sqldb.List, error) {
	l := lister{"d", "d.description"}
	list := sqldb.List{Table: "domain d", Key: "d.domain", Sorts: l.sorts()}
	list.Sorts[store.SortQuota] = sqldb.Value{Expression: "d.maxquota", Number: true}
	if filter.ManagedBy == "" {
		list.Sorts[store.SortStoredBytes] = s.storedBytes("q.bytes",
			"LEFT JOIN (SELECT domain, SUM(bytes) AS bytes FROM used_quota GROUP BY domain) q ON q.domain = d.domain")
		list.And("d.domain <> ''")
	} else { // of few domains
		list.Sorts[store.SortStoredBytes] = s.storedBytes("(SELECT SUM(q.bytes) FROM used_quota q WHERE q.domain = d.domain)", "")
		list.Join = "JOIN domain_admins a ON a.domain = d.domain"
		list.Order = "a.domain" // of the index that finds them
		list.And("a.username = ?", filter.ManagedBy)
	}
	if filter.DisabledOnly {
		list.And("d.active = 0")
	}
	return list, s.prepare(&list, l, filter.Search, page, store.DomainSorts)
}

// storedBytes is how much mailboxes hold, 0 where that is not known.
func (s *Store) storedBytes(bytes, join string) sqldb.Value {
	if !s.schema.Has("used_quota") {
		return sqldb.Value{Expression: "0", Number: true}
	}
	return sqldb.Value{Expression: "COALESCE(" + bytes + ", 0)", Number: true, Join: join}
}

// userList is the list of mailboxes that a filter selects, but for those of the addresses that are not to be seen.
func (s *Store) userList(filter store.UserFilter, hidden []string, page store.PageRequest) (sqldb.List, error) {
	l := lister{"m", "m.name"}
	list := sqldb.List{Table: "mailbox m", Key: "m.username", Sorts: l.sorts()}
	list.Sorts[store.SortQuota] = sqldb.Value{Expression: "m.quota", Number: true}
	list.Sorts[store.SortStoredBytes] = s.storedBytes("q.bytes", "LEFT JOIN used_quota q ON q.username = m.username")
	list.And("m.domain = ?", filter.Domain)
	if filter.DisabledOnly {
		list.And("m.active = 0")
	}
	if filter.Global != nil {
		list.Is("m.isglobaladmin = 1 OR "+isGlobal(s.db.Dialect.ASCII("m.username")), *filter.Global, allDomains)
	}
	if percent := filter.OverQuotaPercent; percent != nil {
		if s.schema.Has("used_quota") {
			list.And("m.quota > 0 AND EXISTS (SELECT 1 FROM used_quota q WHERE q.username = m.username"+
				" AND q.bytes * 100.0 >= m.quota * 1048576.0 * ?)", *percent)
		} else {
			list.And("1 = 0")
		}
	}
	for chunk := range slices.Chunk(hidden, chunkSize) {
		list.And("m.username NOT IN (?)", chunk)
	}
	return list, s.prepare(&list, l, filter.Search, page, store.UserSorts)
}

// isGlobal is the condition that the row of an admin says that it manages everything. Its argument is the word for that.
func isGlobal(column string) string {
	return "EXISTS (SELECT 1 FROM domain_admins g WHERE g.username = " + column + " AND g.domain = ?)"
}

// adminList is the list of standalone admins that a filter selects.
func (s *Store) adminList(filter store.AdminFilter, page store.PageRequest) (sqldb.List, error) {
	l := lister{"a", "a.name"}
	list := sqldb.List{Table: "admin a", Key: "a.username", Sorts: l.sorts()}
	list.And("a.username <> ''")
	if filter.Global != nil {
		list.Is(isGlobal(s.db.Dialect.ASCII("a.username")), *filter.Global, allDomains)
	}
	return list, s.prepare(&list, l, filter.Search, page, store.AdminSorts)
}

// aliasList is the list of alias accounts that a filter selects.
func (s *Store) aliasList(filter store.AliasFilter, page store.PageRequest) (sqldb.List, error) {
	l := lister{"a", "a.name"}
	list := sqldb.List{Table: "alias a", Key: "a.address", Sorts: l.sorts()}
	list.And("a.domain = ?", filter.Domain)
	if filter.DisabledOnly {
		list.And("a.active = 0")
	}
	return list, s.prepare(&list, l, filter.Search, page, store.AliasSorts)
}

// mailingListList is the list of mailing lists that a filter selects.
func (s *Store) mailingListList(filter store.MailingListFilter, page store.PageRequest) (sqldb.List, error) {
	l := lister{"l", "l.name"}
	list := sqldb.List{Table: "maillists l", Key: "l.address", Sorts: l.sorts()}
	if filter.Domain == "" {
		list.And("l.domain <> ''")
	} else {
		list.And("l.domain = ?", filter.Domain)
	}
	return list, s.prepare(&list, l, filter.Search, page, store.MailingListSorts)
}
