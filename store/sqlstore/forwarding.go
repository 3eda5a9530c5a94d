package sqlstore

import (
	"context"
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// forwarding is a row of the table forwardings: mail for the address goes to forwarding. Domain is that of the
// address or, under an alias domain, the primary one: Postfix finds no other.
// Source: virtual_alias_maps and domain_alias_maps of iRedMail (samples/postfix/mysql), which join forwardings.domain with domain.
type forwarding struct {
	Address      string
	Forwarding   string
	Domain       string
	DestDomain   string `db:"dest_domain"`
	IsForwarding int64  `db:"is_forwarding"`
	IsAlias      int64  `db:"is_alias"`
	IsList       int64  `db:"is_list"`
	Active       int64
}

// switched is a row by what it names, which is on or off.
type switched struct {
	Name   string
	Active int64
}

type switchedRows []switched

func readSwitched(ctx context.Context, tx *sqldb.Tx, query string, args ...any) (switchedRows, error) {
	var rows switchedRows
	err := tx.Select(ctx, &rows, query, args...)
	return rows, err
}

func (r switchedRows) names() []string {
	names := make([]string, len(r))
	for i, row := range r {
		names[i] = row.Name
	}
	return names
}

// otherThan returns those of the names whose row has another state.
func (r switchedRows) otherThan(active int64, names []string) []string {
	isNamed := store.Among(names)
	var others []string
	for _, row := range r {
		if row.Active != active && isNamed(row.Name) {
			others = append(others, row.Name)
		}
	}
	return others
}

// ownForwarding is a mailbox's row for one of its destinations, itself included.
func ownForwarding(mail, destination string, active int64) forwarding {
	return forwarding{
		Address: mail, Forwarding: destination, Domain: store.DomainOf(mail), DestDomain: store.DomainOf(destination),
		IsForwarding: 1, Active: active,
	}
}

// furtherAddress is the row of a mailbox's alias, in the primary domain of that mailbox.
func furtherAddress(alias, mail string, active int64) forwarding {
	domain := store.DomainOf(mail)
	return forwarding{Address: alias, Forwarding: mail, Domain: domain, DestDomain: domain, IsAlias: 1, Active: active}
}

// membership is an alias account's row for a member.
func membership(alias, member string, active int64) forwarding {
	return forwarding{
		Address: alias, Forwarding: member, Domain: store.DomainOf(alias), DestDomain: store.DomainOf(member),
		IsList: 1, Active: active,
	}
}

// rowsPerInsert keeps an insert of many rows within the number of parameters that every engine takes.
const rowsPerInsert = 500

// addForwardings plans the rows. None of them may be there.
func (p *plan) addForwardings(rows []forwarding) {
	for chunk := range slices.Chunk(rows, rowsPerInsert) {
		args := make([]any, 0, 8*len(chunk))
		for _, r := range chunk {
			args = append(args, r.Address, r.Forwarding, r.Domain, r.DestDomain, r.IsForwarding, r.IsAlias, r.IsList, r.Active)
		}
		p.Into("forwardings", "INSERT INTO forwardings (address, forwarding, domain, dest_domain, is_forwarding, is_alias, is_list,"+
			" active{columns}) VALUES "+strings.TrimSuffix(strings.Repeat("(?, ?, ?, ?, ?, ?, ?, ?{values}), ", len(chunk)), ", "), args...)
	}
}

// dropForwardings plans to remove the destinations of an address.
func (p *plan) dropForwardings(address string, destinations []string) {
	for chunk := range slices.Chunk(destinations, chunkSize) {
		p.Do("DELETE FROM forwardings WHERE address = ? AND forwarding IN (?)", address, chunk)
	}
}

// changeForwardings plans to bring the destinations of an address from one set to another. A row of another sort
// that stands in the way of a new one is replaced.
func (p *plan) changeForwardings(address string, current, next []string, row func(destination string) forwarding) {
	added := store.LeaveOut(next, current)
	p.dropForwardings(address, store.LeaveOut(current, next))
	p.dropForwardings(address, added)
	rows := make([]forwarding, len(added))
	for i, destination := range added {
		rows[i] = row(destination)
	}
	p.addForwardings(rows)
}
