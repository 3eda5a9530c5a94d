package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
	"github.com/postern-mail/postern/store/sqldb"
)

// UpdateDomain implements store.Domains.
func (s *Store) UpdateDomain(ctx context.Context, w store.Write, name string, u store.DomainUpdate) (store.Change, error) {
	u, err := u.Checked()
	if err != nil {
		return store.Change{}, err
	}
	return s.write(ctx, w, func(tx *sqldb.Tx, now time.Time) (*plan, error) {
		row, err := lockDomain(ctx, tx, name)
		if err != nil {
			return nil, err
		}
		is, err := s.domainForUpdate(ctx, tx, row, u)
		if err != nil {
			return nil, err
		}
		routes := routesOf(row)
		routes.RelayHost = is.RelayHost
		u, err := s.options.Transports.UpdateDomain(w.Actor, routes, rules.ChangesOfDomain(u, is))
		if err != nil {
			return nil, err
		}
		u = rules.ChangesOfDomain(u, is) // it is in the form now in which it would be stored
		if err = s.addressRules(tx, w).CheckDomainReferences(ctx, name, u); err != nil {
			return nil, err
		}
		aliases, err := s.addressRules(tx, w).AliasDomains(ctx, is.AliasDomains, u.AliasDomains)
		if err != nil {
			return nil, err
		}
		if err = checkBackupMX(row, u, is.AliasDomains, aliases); err != nil {
			return nil, err
		}
		return s.planDomainUpdate(row, u, aliases, now), nil
	})
}

// lockDomain reads the row of a domain and holds it until the transaction ends. Returns NO_SUCH_DOMAIN.
func lockDomain(ctx context.Context, tx *sqldb.Tx, name string) (store.Record, error) {
	rows, err := tx.Records(ctx, "SELECT * FROM domain WHERE domain = ? "+tx.ForUpdate(), name)
	if err != nil {
		return nil, fmt.Errorf("read domain %s: %w", name, err)
	}
	if len(rows) == 0 {
		return nil, store.NoSuchDomain(name)
	}
	return rows[0], nil
}

// domainForUpdate is the domain with its alias domains and, as far as the update is about it, what stands in other tables.
func (s *Store) domainForUpdate(ctx context.Context, tx *sqldb.Tx, row store.Record, u store.DomainUpdate) (store.Domain, error) {
	is := domainOf(row)
	wanted := map[string]bool{
		"alias_domain": true, "forwardings": u.Catchall != nil, "sender_bcc_domain": u.SenderBcc != nil,
		"recipient_bcc_domain": u.RecipientBcc != nil, "sender_relayhost": u.OutboundRelay != nil,
	}
	at := map[string]*store.Domain{strings.ToLower(is.Name): &is}
	for _, part := range s.domainParts() {
		if !wanted[part.table] {
			continue
		}
		if err := addParts(ctx, &tx.Reader, part, []string{is.Name}, at); err != nil {
			return is, err
		}
	}
	return is, nil
}

// checkBackupMX returns BACKUPMX_ALIAS_DOMAIN for an alias domain on a backup MX (see rules.BackupMX).
func checkBackupMX(row store.Record, u store.DomainUpdate, current []string, aliases rules.AliasDomains) error {
	change := rules.BackupMX{
		Was: number(row, "backupmx") != 0, Added: len(aliases.Added) > 0, Field: u.AliasDomains.Field("aliasDomains", "addAliasDomain"),
		Aliases: len(store.LeaveOut(current, aliases.Removed))+len(aliases.Added) > 0,
	}
	change.Is = change.Was
	if u.BackupMX != nil {
		change.Is = *u.BackupMX
	}
	return change.Check()
}

func (s *Store) planDomainUpdate(before store.Record, u store.DomainUpdate, aliases rules.AliasDomains, now time.Time) *plan {
	name := text(before, "domain")
	after := slices.Clone(before)
	assignText(after, "description", u.Description)
	assignFlag(after, "active", u.Active)
	assignNumber(after, "maxquota", u.Quota)
	assignNumber(after, "mailboxes", u.NumberOfUsers)
	assignNumber(after, "aliases", u.NumberOfAliases)
	assignNumber(after, "maillists", u.NumberOfLists)
	s.assignTransport(after, u)
	if settings, changed := changedSettings(text(before, "settings"), u); changed {
		assign(after, "settings", settings)
	}
	p := planOf(store.Change{
		Noun: store.NounDomain, Name: name, Domain: name, Before: before, After: after, Discarded: aliases.Discarded,
	})
	rules.UpdateDomain(&p.Change, number(before, "active") != 0, number(after, "active") != 0)
	s.planBcc(p, "sender_bcc_domain", name, u.SenderBcc, now)
	s.planBcc(p, "recipient_bcc_domain", name, u.RecipientBcc, now)
	s.planRelay(p, name, u.OutboundRelay)
	if u.Catchall != nil {
		planCatchall(p, name, *u.Catchall)
	}
	s.planAliasDomains(p, name, aliases, now)
	s.finish(p, rowEdit{"domain", "domain", name, before, after, false}, now)
	return p
}

// assignTransport sets how mail gets to the domain.
func (s *Store) assignTransport(row store.Record, u store.DomainUpdate) {
	transport, backupMX := s.options.Transports.After(routesOf(row), u)
	if u.Transport != nil || u.BackupMX != nil {
		assign(row, "transport", transport)
	}
	if u.BackupMX != nil {
		assign(row, "backupmx", flag(backupMX))
	}
}

// assignNumber is assign of a number that may be absent.
func assignNumber(row store.Record, column string, value *int64) {
	if value != nil {
		assign(row, column, *value)
	}
}

// planBcc replaces the address that gets a copy of a whole domain's mail; "" removes it. There is no switching off
// without removing: Postfix asks for the row alone.
// Source: sender_bcc_maps_domain and recipient_bcc_maps_domain of iRedMail (samples/postfix/mysql).
func (s *Store) planBcc(p *plan, table, domain string, bcc *string, now time.Time) {
	if bcc == nil || !s.schema.Has(table) {
		return
	}
	p.Do("DELETE FROM "+table+" WHERE domain = ?", domain)
	if *bcc != "" {
		s.insert(p, table, map[string]any{
			"domain": domain, "bcc_address": *bcc, "created": now, "modified": now, "expired": never, "active": int64(1),
		})
	}
}

// planRelay replaces the host that the domain's outgoing mail takes; "" removes it.
func (s *Store) planRelay(p *plan, domain string, relay *string) {
	if relay == nil || !s.schema.Has("sender_relayhost") {
		return
	}
	p.Do("DELETE FROM sender_relayhost WHERE account = ?", relayAccount(domain))
	if *relay != "" {
		s.insert(p, "sender_relayhost", map[string]any{"account": relayAccount(domain), "relayhost": *relay})
	}
}

// planCatchall replaces who gets mail for what does not exist in the domain.
// Source: catchall_maps of iRedMail (samples/postfix/mysql): the row whose address is the domain.
func planCatchall(p *plan, domain string, destinations []string) {
	p.Do("DELETE FROM forwardings WHERE address = ?", domain)
	rows := make([]forwarding, len(destinations))
	for i, mail := range destinations {
		rows[i] = forwarding{Address: domain, Forwarding: mail, Domain: domain, DestDomain: store.DomainOf(mail), Active: 1}
	}
	p.addForwardings(rows)
}
