package sqlstore

import (
	"context"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
	"github.com/postern-mail/postern/store/sqldb"
)

// CreateDomain implements store.Domains.
func (s *Store) CreateDomain(ctx context.Context, w store.Write, d store.DomainCreate) (store.Change, error) {
	d, err := s.options.Transports.CreateDomain(w.Actor, d)
	if err != nil {
		return store.Change{}, err
	}
	return s.write(ctx, w, func(tx *sqldb.Tx, now time.Time) (*plan, error) {
		names := s.addressRules(tx, w)
		hosted, err := names.Hosted(ctx, []string{d.Name})
		if err != nil {
			return nil, err
		}
		if len(hosted) > 0 {
			return nil, store.AlreadyExists(d.Name)
		}
		if err = s.managing(tx, w.Actor).CheckCreator(ctx, d); err != nil {
			return nil, err
		}
		aliases, err := names.NewDomain(ctx, d)
		if err != nil {
			return nil, err
		}
		added := len(aliases.Added) > 0
		if err = (rules.BackupMX{Is: d.BackupMX, Added: added, Aliases: added}).Check(); err != nil {
			return nil, err
		}
		scope, err := s.scopeOfNew(ctx, tx, w.Actor, d.Name)
		if err != nil {
			return nil, err
		}
		p := s.planDomainCreate(w.Actor, d, scope, now)
		p.Change.Discarded = aliases.Discarded
		s.planAliasDomains(p, d.Name, aliases, now)
		return p, nil
	})
}

func (s *Store) planDomainCreate(actor store.Actor, d store.DomainCreate, scope store.Scope, now time.Time) *plan {
	var settings store.Settings
	settings.SetText(store.SettingLanguage, d.Language)
	stored, _ := changedSettings(settings.String(), d.Update())
	p := &plan{}
	row := s.insert(p, "domain", map[string]any{
		"domain":      d.Name,
		"description": d.Description,
		"disclaimer":  "",
		"aliases":     d.NumberOfAliases,
		"mailboxes":   d.NumberOfUsers,
		"maillists":   d.NumberOfLists,
		"maxquota":    d.Quota,
		"transport":   d.Transport,
		"backupmx":    flag(d.BackupMX),
		"settings":    stored,
		"created":     now,
		"modified":    now,
		"expired":     never,
		"active":      flag(!d.Disabled),
	})
	p.Change = store.Change{Action: store.ActionCreate, Noun: store.NounDomain, Name: d.Name, Domain: d.Name, After: row, Scope: scope}
	s.planDomainLeftovers(p, d.Name)
	if !actor.Global && actor.Username != "" {
		s.planAddAdmins(p, d.Name, []string{actor.Username}, now)
	}
	s.planBcc(p, "sender_bcc_domain", d.Name, &d.SenderBcc, now)
	s.planBcc(p, "recipient_bcc_domain", d.Name, &d.RecipientBcc, now)
	if d.OutboundRelay != "" {
		s.planRelay(p, d.Name, &d.OutboundRelay)
	}
	if len(d.Catchall) > 0 {
		planCatchall(p, d.Name, d.Catchall)
	}
	return p
}
