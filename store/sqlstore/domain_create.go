package sqlstore

import (
	"context"
	"time"

	"github.com/postern-mail/postern/store"
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
		if err = names.CheckNewDomain(ctx, d); err != nil {
			return nil, err
		}
		scope, err := s.scopeOfNew(ctx, tx, w.Actor, d.Name)
		if err != nil {
			return nil, err
		}
		return s.planDomainCreate(w.Actor, d, scope, now), nil
	})
}

func (s *Store) planDomainCreate(actor store.Actor, d store.DomainCreate, scope store.Scope, now time.Time) *plan {
	var settings store.Settings
	settings.SetText(store.SettingLanguage, d.Language)
	settings.SetInt(store.SettingDefaultQuota, d.DefaultQuota)
	settings.SetInt(store.SettingMaxUserQuota, d.MaxUserQuota)
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
		"settings":    settings.String(),
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
	return p
}
