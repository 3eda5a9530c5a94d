package sqlstore

import (
	"context"
	"fmt"
	"strings"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
	"github.com/postern-mail/postern/store/sqldb"
)

// Domain implements store.Domains.
func (s *Store) Domain(ctx context.Context, name string) (store.Domain, error) {
	r := s.db.Reader()
	records, err := r.Records(ctx, "SELECT * FROM domain WHERE domain = ?", name)
	if err != nil {
		return store.Domain{}, fmt.Errorf("read domain %s: %w", name, err)
	}
	if len(records) == 0 {
		return store.Domain{}, store.NoSuchDomain(name)
	}
	domains, err := s.completeDomains(ctx, r, records)
	if err != nil {
		return store.Domain{}, err
	}
	return domains[0], nil
}

// DomainRules implements store.Domains.
func (s *Store) DomainRules(ctx context.Context, name string) (store.DomainRules, error) {
	var row struct {
		Settings string
		Active   int64
	}
	query := "SELECT COALESCE(settings, '') AS settings, active FROM domain WHERE domain = ?"
	found, err := s.db.Reader().Find(ctx, &row, query, name)
	if err != nil {
		return store.DomainRules{}, fmt.Errorf("read rules of domain %s: %w", name, err)
	}
	if !found {
		return store.DomainRules{}, store.NoSuchDomain(name)
	}
	settings := store.ParseSettings(row.Settings)
	return store.DomainRules{
		Active:                 row.Active != 0,
		MinPasswordLength:      settings.Int(store.SettingMinPasswordLength),
		MaxPasswordLength:      settings.Int(store.SettingMaxPasswordLength),
		DisabledDomainProfiles: settings.List(store.SettingDisabledDomainProfiles),
		DisabledUserProfiles:   settings.List(store.SettingDisabledUserProfiles),
	}, nil
}

// Domains implements store.Domains.
func (s *Store) Domains(ctx context.Context, filter store.DomainFilter, page store.PageRequest) (store.Page[store.Domain], error) {
	l, err := s.domainList(filter, page)
	if err != nil {
		return store.Page[store.Domain]{}, err
	}
	r := s.db.Reader()
	rows, err := l.Records(ctx, r, page)
	if err != nil {
		return store.Page[store.Domain]{}, fmt.Errorf("read domains: %w", err)
	}
	domains, err := s.completeDomains(ctx, r, rows.Items)
	return store.Page[store.Domain]{Items: domains, Next: rows.Next, Total: rows.Total}, err
}

// DomainNames implements store.Domains.
func (s *Store) DomainNames(ctx context.Context, filter store.DomainFilter, page store.PageRequest) (store.Page[string], error) {
	l, err := s.domainList(filter, page)
	if err != nil {
		return store.Page[string]{}, err
	}
	return keys(ctx, s.db.Reader(), l, page)
}

// keys reads a page of addresses or names alone.
func keys(ctx context.Context, r *sqldb.Reader, l sqldb.List, page store.PageRequest) (store.Page[string], error) {
	list, err := l.Keys(ctx, r, page)
	if err != nil {
		return list, fmt.Errorf("read the keys of %s: %w", l.Table, err)
	}
	return list, nil
}

// completeDomains adds to the rows of domains what other tables know about them, in a constant number of
// statements for a page.
func (s *Store) completeDomains(ctx context.Context, r *sqldb.Reader, records []store.Record) ([]store.Domain, error) {
	domains := make([]store.Domain, len(records))
	names := make([]string, len(records))
	at := make(map[string]*store.Domain, len(records))
	for i, record := range records {
		names[i] = text(record, "domain")
		domains[i] = domainOf(record)
		at[strings.ToLower(names[i])] = &domains[i]
	}
	for _, part := range s.domainParts() {
		if err := addParts(ctx, r, part, names, at); err != nil {
			return nil, err
		}
	}
	return domains, nil
}

// domainOf is a domain as far as its row tells.
func domainOf(row store.Record) store.Domain {
	settings := store.ParseSettings(text(row, "settings"))
	routes := routesOf(row)
	return store.Domain{
		Name:              text(row, "domain"),
		Description:       text(row, "description"),
		Active:            number(row, "active") != 0,
		Language:          store.KnownLanguage(settings.Text(store.SettingLanguage)),
		Transport:         routes.Transport,
		MinPasswordLength: settings.Int(store.SettingMinPasswordLength),
		MaxPasswordLength: settings.Int(store.SettingMaxPasswordLength),
		DefaultQuota:      settings.Int(store.SettingDefaultQuota),
		MaxUserQuota:      settings.Int(store.SettingMaxUserQuota),
		NumberOfUsers:     number(row, "mailboxes"),
		NumberOfAliases:   number(row, "aliases"),
		NumberOfLists:     number(row, "maillists"),
		BackupMX:          routes.BackupMX,
		PrimaryMX:         routes.PrimaryMX(),
		Services:          store.KnownDomainServices(settings.List(store.SettingEnabledServices)),
		DomainProfiles:    store.KnownDomainProfiles(settings.List(store.SettingDisabledDomainProfiles)),
		UserProfiles:      store.KnownUserProfiles(settings.List(store.SettingDisabledUserProfiles)),
		UserPreferences:   store.KnownUserPreferences(settings.List(store.SettingDisabledPreferences)),
		Created:           moment(row, "created"),
		Modified:          moment(row, "modified"),

		Stored:       row.Without("settings"),
		Settings:     settings.Record(),
		Catchall:     []string{},
		AliasDomains: []string{},
		Admins:       []string{},
		Quota:        number(row, "maxquota"),
	}
}

// routesOf is where mail of a domain goes, as far as its row tells.
func routesOf(row store.Record) rules.DomainRoutes {
	return rules.DomainRoutes{
		Domain: text(row, "domain"), Transport: text(row, "transport"), BackupMX: number(row, "backupmx") != 0,
	}
}
