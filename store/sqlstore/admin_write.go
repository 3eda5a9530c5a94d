package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
	"github.com/postern-mail/postern/store/sqldb"
)

// CreateAdmin implements store.Admins.
func (s *Store) CreateAdmin(ctx context.Context, w store.Write, a store.AdminCreate) (store.Change, error) {
	if err := a.Check(); err != nil {
		return store.Change{}, err
	}
	return s.write(ctx, w, func(tx *sqldb.Tx, now time.Time) (*plan, error) {
		if err := s.addressRules(tx, w).CheckNewAdmin(ctx, a.Mail); err != nil {
			return nil, err
		}
		return s.planAdminCreate(a, now), nil
	})
}

func (s *Store) planAdminCreate(a store.AdminCreate, now time.Time) *plan {
	settings := ""
	if !a.Global {
		settings = limitedSettings("", a.Limits)
	}
	p := &plan{}
	row := s.insert(p, "admin", map[string]any{
		"username":           a.Mail,
		"password":           a.Password,
		"name":               a.Name,
		"language":           a.Language,
		"passwordlastchange": now,
		"settings":           settings,
		"created":            now,
		"modified":           now,
		"expired":            never,
		"active":             flag(a.Active),
	})
	p.Change = store.Change{
		Action: store.ActionCreate, Noun: store.NounAdmin, Name: a.Mail, After: concealed(row, store.HiddenPassword), Made: madeAdmin(a, row),
	}
	// What was left behind when an account of that name was removed by hand must not give anybody rights.
	p.Do("DELETE FROM domain_admins WHERE username = ?", a.Mail)
	if a.Global {
		s.planGrant(p, a.Mail, now)
	}
	return p
}

// limitedSettings returns the settings text of an admin with the limits changed. Who may manage any domains of its own
// may create them.
func limitedSettings(current string, limits store.LimitsUpdate) string {
	settings := store.ParseSettings(current)
	if limits.Domains != nil {
		settings.SetText(store.SettingCreateNewDomains, yesOrNothing(*limits.Domains > 0))
	}
	numbers := []struct {
		key   string
		value *int64
	}{
		{store.SettingCreateMaxDomains, limits.Domains},
		{store.SettingCreateMaxQuota, limits.Quota},
		{store.SettingCreateMaxUsers, limits.Users},
		{store.SettingCreateMaxAliases, limits.Aliases},
		{store.SettingCreateMaxLists, limits.Lists},
	}
	for _, n := range numbers {
		if n.value != nil {
			settings.SetInt(n.key, *n.value)
		}
	}
	if limits.NoMailLog != nil {
		settings.SetText(store.SettingNoMailLog, yesOrNothing(*limits.NoMailLog))
	}
	if limits.NoQuarantinedMail != nil {
		settings.SetText(store.SettingNoQuarantinedMail, yesOrNothing(*limits.NoQuarantinedMail))
	}
	return settings.String()
}

// yes is what a settings text keeps of something that holds.
const yes = "yes"

// yesOrNothing is how a settings text keeps a truth.
func yesOrNothing(v bool) string {
	if v {
		return yes
	}
	return ""
}

// planGrant makes the account, which is none yet, a global admin.
func (s *Store) planGrant(p *plan, mail string, now time.Time) {
	s.insert(p, "domain_admins", map[string]any{
		"username": mail, "domain": allDomains, "created": now, "modified": now, "expired": never, "active": int64(1),
	})
}

// planRevoke takes the rights of a global admin from the account; what names it for single domains stays.
func planRevoke(p *plan, mail string) {
	p.Do("DELETE FROM domain_admins WHERE username = ? AND domain = '"+allDomains+"'", mail)
}

// UpdateAdmin implements store.Admins.
func (s *Store) UpdateAdmin(ctx context.Context, w store.Write, mail string, u store.AdminUpdate) (store.Change, error) {
	if err := u.Check(); err != nil {
		return store.Change{}, err
	}
	return s.write(ctx, w, func(tx *sqldb.Tx, now time.Time) (*plan, error) {
		if rules.IsFalse(u.Active) || rules.IsFalse(u.Global) {
			if err := s.keepsGlobalAdmin(ctx, tx, mail); err != nil {
				return nil, err
			}
		}
		row, err := lockAdmin(ctx, tx, mail)
		if err != nil {
			return nil, err
		}
		if row == nil {
			return nil, store.NoSuchAccount(mail)
		}
		_, global, err := s.managed(ctx, &tx.Reader, mail)
		if err != nil {
			return nil, err
		}
		is := rules.State{Active: number(row, "active") != 0, Global: global}
		stored := adminOf(row)
		stored.Global = global
		u := rules.ChangesOfAdmin(u, stored)
		becomes := is.After(u.Active, u.Global)
		if is.Leads() && !becomes.Leads() {
			if err = s.keepsGlobalAdmin(ctx, tx, mail); err != nil {
				return nil, err
			}
		}
		return s.planAdminUpdate(row, u, is, becomes, now), nil
	})
}

// lockAdmin reads the row of a standalone admin, nil when there is none, and holds it until the transaction ends.
func lockAdmin(ctx context.Context, tx *sqldb.Tx, mail string) (store.Record, error) {
	rows, err := tx.Records(ctx, "SELECT * FROM admin WHERE username = ? "+tx.ForUpdate(), mail)
	if err != nil {
		return nil, fmt.Errorf("read admin %s: %w", mail, err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	return rows[0], nil
}

func (s *Store) planAdminUpdate(before store.Record, u store.AdminUpdate, is, becomes rules.State, now time.Time) *plan {
	mail := text(before, "username")
	after := slices.Clone(before)
	assignText(after, "name", u.Name)
	assignText(after, "language", u.Language)
	assignFlag(after, "active", u.Active)
	shown := store.HiddenPassword
	if u.Password != nil {
		shown = store.ChangedPassword
		assign(after, "password", *u.Password)
		assign(after, "passwordlastchange", now)
	}
	if !becomes.Global && u.Limits != (store.LimitsUpdate{}) {
		assign(after, "settings", limitedSettings(text(before, "settings"), u.Limits))
	}
	p := planOf(store.Change{Noun: store.NounAdmin, Name: mail})
	rules.Update(&p.Change, is, becomes, u.Password != nil)
	switch {
	case becomes.Global && !is.Global:
		s.planGrant(p, mail, now)
	case is.Global && !becomes.Global:
		planRevoke(p, mail)
	}
	s.finish(p, rowEdit{"admin", "username", mail, before, after, u.Password != nil}, now)
	p.Change.Before, p.Change.After = concealed(before, store.HiddenPassword), concealed(after, shown)
	return p
}
