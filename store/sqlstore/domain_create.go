package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
	"github.com/postern-mail/postern/store/sqldb"
)

// newDomain is what is known once a domain may be made.
type newDomain struct {
	store.DomainCreate
	admin   string // who becomes its admin, "" is nobody
	aliases rules.AliasDomains
	scope   store.Scope
	held    held
}

// held is what there is in a domain.
type held struct{ Users, Allocated, Aliases, Lists int64 }

// CreateDomain implements store.Domains.
func (s *Store) CreateDomain(ctx context.Context, w store.Write, d store.DomainCreate) (store.Change, error) {
	d, err := s.options.Transports.CreateDomain(w.Actor, d)
	if err != nil {
		return store.Change{}, err
	}
	return s.write(ctx, w, func(tx *sqldb.Tx, now time.Time) (*plan, error) {
		n, err := s.admitDomain(ctx, tx, w, d)
		if err != nil {
			return nil, err
		}
		if n.scope, err = s.scopeOfNew(ctx, tx, w.Actor, d.Name); err != nil {
			return nil, err
		}
		if n.held, err = s.heldBefore(ctx, tx, d.Name); err != nil {
			return nil, err
		}
		return s.planDomainCreate(n, now), nil
	})
}

// admitDomain returns an error unless the domain may be made.
func (s *Store) admitDomain(ctx context.Context, tx *sqldb.Tx, w store.Write, d store.DomainCreate) (newDomain, error) {
	n := newDomain{DomainCreate: d}
	if !w.Actor.Global {
		n.admin = w.Actor.Username
	}
	names := s.addressRules(tx, w)
	hosted, err := names.Hosted(ctx, []string{d.Name})
	if err != nil {
		return n, err
	}
	if len(hosted) > 0 {
		return n, store.AlreadyExists(d.Name)
	}
	if err = s.managing(tx, w.Actor).CheckCreator(ctx, d); err != nil {
		return n, err
	}
	if n.aliases, err = names.NewDomain(ctx, d); err != nil {
		return n, err
	}
	added := len(n.aliases.Added) > 0
	return n, rules.BackupMX{Is: d.BackupMX, Added: added, Aliases: added}.Check()
}

// heldBefore returns what another program left in a domain that it removed: nobody looks for mailboxes without a domain, but they
// are in it once it is made.
func (s *Store) heldBefore(ctx context.Context, tx *sqldb.Tx, domain string) (held, error) {
	query := "SELECT (SELECT COUNT(*) FROM mailbox WHERE domain = ?) AS users," +
		" (SELECT COALESCE(SUM(quota), 0) FROM mailbox WHERE domain = ?) AS allocated," +
		" (SELECT COUNT(*) FROM alias WHERE domain = ?) AS aliases"
	args := []any{domain, domain, domain}
	if s.schema.Has(tableMailingLists) {
		query, args = query+", (SELECT COUNT(*) FROM maillists WHERE domain = ?) AS lists", append(args, domain)
	}
	var h held
	if err := tx.Get(ctx, &h, query, args...); err != nil {
		return h, fmt.Errorf("count what is in %s: %w", domain, err)
	}
	return h, nil
}

func (s *Store) planDomainCreate(n newDomain, now time.Time) *plan {
	var settings store.Settings
	settings.SetText(store.SettingLanguage, n.Language)
	stored, _ := changedSettings(settings.String(), n.Update())
	p := &plan{}
	row := s.insert(p, "domain", map[string]any{
		"domain":      n.Name,
		"description": n.Description,
		"disclaimer":  "",
		"aliases":     n.NumberOfAliases,
		"mailboxes":   n.NumberOfUsers,
		"maillists":   n.NumberOfLists,
		"maxquota":    n.Quota,
		"quota":       int64(0), // nobody reads it, but a create knows the whole row
		"transport":   n.Transport,
		"backupmx":    flag(n.BackupMX),
		"settings":    stored,
		"created":     now,
		"modified":    now,
		"expired":     never,
		"active":      flag(!n.Disabled),
	})
	p.Change = store.Change{
		Action: store.ActionCreate, Noun: store.NounDomain, Name: n.Name, Domain: n.Name, After: row, Made: s.madeDomain(n, row),
		Scope: n.scope, Discarded: n.aliases.Discarded,
	}
	s.planDomainLeftovers(p, n.Name) // its blind copies and its catch-all among them
	if n.admin != "" {
		s.planAddAdmins(p, n.Name, []string{n.admin}, now)
	}
	if n.SenderBcc != "" {
		s.planBcc(p, "sender_bcc_domain", n.Name, &n.SenderBcc, now)
	}
	if n.RecipientBcc != "" {
		s.planBcc(p, "recipient_bcc_domain", n.Name, &n.RecipientBcc, now)
	}
	if n.OutboundRelay != "" {
		s.planRelay(p, n.Name, &n.OutboundRelay)
	}
	if len(n.Catchall) > 0 {
		planCatchall(p, n.Name, n.Catchall)
	}
	s.planAliasDomains(p, n.Name, n.aliases, now)
	return p
}
