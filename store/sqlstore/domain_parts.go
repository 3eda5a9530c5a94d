package sqlstore

import (
	"context"
	"fmt"
	"slices"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// domainPart is a query for something about many domains, and where its rows belong. Each row has a domain, and a
// value or numbers.
type domainPart struct {
	table string
	query string
	// key turns a domain into what the query looks for; nil is the domain itself.
	key func(domain string) string
	add func(d *store.Domain, row partRow)
}

// partRow is a row of any domainPart.
type partRow struct {
	Domain string
	Value  string
	N      int64
	Total  int64
}

var domainParts = []domainPart{
	{
		table: "forwardings",
		query: "SELECT address AS domain, forwarding AS value FROM forwardings WHERE address IN (?) ORDER BY address, forwarding",
		add:   func(d *store.Domain, row partRow) { d.Catchall = append(d.Catchall, row.Value) },
	},
	{
		table: "alias_domain",
		query: "SELECT target_domain AS domain, alias_domain AS value FROM alias_domain WHERE target_domain IN (?)" +
			" ORDER BY target_domain, alias_domain",
		add: func(d *store.Domain, row partRow) { d.AliasDomains = append(d.AliasDomains, row.Value) },
	},
	{
		table: "domain_admins",
		query: "SELECT domain, username AS value FROM domain_admins WHERE domain IN (?) ORDER BY domain, username",
		add:   func(d *store.Domain, row partRow) { d.Admins = append(d.Admins, row.Value) },
	},
	{
		table: "sender_bcc_domain",
		query: "SELECT domain, bcc_address AS value FROM sender_bcc_domain WHERE domain IN (?) ORDER BY domain",
		add:   func(d *store.Domain, row partRow) { d.SenderBcc = row.Value },
	},
	{
		table: "recipient_bcc_domain",
		query: "SELECT domain, bcc_address AS value FROM recipient_bcc_domain WHERE domain IN (?) ORDER BY domain",
		add:   func(d *store.Domain, row partRow) { d.RecipientBcc = row.Value },
	},
	{
		table: "sender_relayhost",
		query: "SELECT account AS domain, relayhost AS value FROM sender_relayhost WHERE account IN (?) ORDER BY account",
		key:   relayAccount,
		add:   func(d *store.Domain, row partRow) { d.RelayHost = row.Value },
	},
	{
		table: "mailbox",
		query: "SELECT domain, COUNT(*) AS n, COALESCE(SUM(quota), 0) AS total FROM mailbox WHERE domain IN (?)" +
			" GROUP BY domain ORDER BY domain",
		add: func(d *store.Domain, row partRow) { d.Users, d.Allocated = row.N, row.Total },
	},
	{
		table: "alias",
		query: "SELECT domain, COUNT(*) AS n FROM alias WHERE domain IN (?) GROUP BY domain ORDER BY domain",
		add:   func(d *store.Domain, row partRow) { d.Aliases = row.N },
	},
	{
		table: "maillists",
		query: "SELECT domain, COUNT(*) AS n FROM maillists WHERE domain IN (?) GROUP BY domain ORDER BY domain",
		add:   func(d *store.Domain, row partRow) { d.Lists = row.N },
	},
}

// domainParts returns the parts whose table is there.
func (s *Store) domainParts() []domainPart {
	return slices.DeleteFunc(slices.Clone(domainParts), func(p domainPart) bool { return !s.schema.Has(p.table) })
}

// addParts runs the query of a part for the domains and hands each row to the domain that it belongs to.
func addParts(ctx context.Context, r *sqldb.Reader, part domainPart, names []string, at map[string]*store.Domain) error {
	for chunk := range slices.Chunk(names, chunkSize) {
		wanted := chunk
		if part.key != nil {
			wanted = make([]string, len(chunk))
			for i, name := range chunk {
				wanted[i] = part.key(name)
			}
		}
		var found []partRow
		if err := r.Select(ctx, &found, part.query, wanted); err != nil {
			return fmt.Errorf("read %s of domains: %w", part.table, err)
		}
		for _, row := range found {
			if d := at[store.DomainOf(row.Domain)]; d != nil {
				part.add(d, row)
			}
		}
	}
	return nil
}

// relayAccount is how sender_relayhost names a whole domain.
// Source: sender_dependent_relayhost_maps of postconf(5), asked for the address and then for @domain.
func relayAccount(domain string) string { return "@" + domain }
