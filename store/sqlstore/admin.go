package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// Admin implements store.Admins.
func (s *Store) Admin(ctx context.Context, mail string) (store.Admin, error) {
	r := s.db.Reader()
	rows, err := r.Records(ctx, "SELECT * FROM admin WHERE username = ?", mail)
	if err != nil {
		return store.Admin{}, fmt.Errorf("read admin %s: %w", mail, err)
	}
	if len(rows) == 0 {
		return store.Admin{}, store.NoSuchAccount(mail)
	}
	admins, err := completeAdmins(ctx, r, rows)
	if err != nil {
		return store.Admin{}, err
	}
	return admins[0], nil
}

// Admins implements store.Admins.
func (s *Store) Admins(ctx context.Context, filter store.AdminFilter, page store.PageRequest) (store.Page[store.Admin], error) {
	l, err := s.adminList(filter, page)
	if err != nil {
		return store.Page[store.Admin]{}, err
	}
	r := s.db.Reader()
	rows, err := l.Records(ctx, r, page)
	if err != nil {
		return store.Page[store.Admin]{}, fmt.Errorf("read admins: %w", err)
	}
	admins, err := completeAdmins(ctx, r, rows.Items)
	return store.Page[store.Admin]{Items: admins, Next: rows.Next, Total: rows.Total}, err
}

// AdminPassword implements store.Admins.
func (s *Store) AdminPassword(ctx context.Context, mail string) (store.Secret, error) {
	var password string
	found, err := s.db.Reader().Find(ctx, &password, "SELECT password FROM admin WHERE username = ?", mail)
	if err != nil {
		return "", fmt.Errorf("read password of admin %s: %w", mail, err)
	}
	if !found {
		return "", store.NoSuchAccount(mail)
	}
	return store.Secret(password), nil
}

// completeAdmins adds to the rows of admins what they manage, in one statement for a page.
func completeAdmins(ctx context.Context, r *sqldb.Reader, rows []store.Record) ([]store.Admin, error) {
	admins := make([]store.Admin, len(rows))
	names := make([]string, len(rows))
	at := make(map[string]*store.Admin, len(rows))
	for i, row := range rows {
		names[i] = text(row, "username")
		admins[i] = adminOf(row)
		at[strings.ToLower(names[i])] = &admins[i]
	}
	const query = "SELECT username, domain FROM domain_admins WHERE username IN (?) ORDER BY username, domain"
	for chunk := range slices.Chunk(names, chunkSize) {
		var found []struct{ Username, Domain string }
		if err := r.Select(ctx, &found, query, chunk); err != nil {
			return nil, fmt.Errorf("read domains of admins: %w", err)
		}
		for _, f := range found {
			switch a := at[strings.ToLower(f.Username)]; {
			case a == nil: // no row of it was asked for
			case f.Domain == allDomains:
				a.Global = true
			default:
				a.Domains = append(a.Domains, f.Domain)
			}
		}
	}
	for i := range admins {
		slices.Sort(admins[i].Domains)
	}
	return admins, nil
}

// adminOf is a standalone admin as far as its row tells.
func adminOf(row store.Record) store.Admin {
	settings := store.ParseSettings(text(row, "settings"))
	return store.Admin{
		Mail:              text(row, "username"),
		Name:              text(row, "name"),
		Active:            number(row, "active") != 0,
		Language:          store.KnownLanguage(text(row, "language")),
		Limits:            store.LimitsOf(settings),
		NoMailLog:         strings.EqualFold(settings.Text(store.SettingNoMailLog), yes),
		NoQuarantinedMail: strings.EqualFold(settings.Text(store.SettingNoQuarantinedMail), yes),
		Created:           moment(row, "created"),
		Modified:          moment(row, "modified"),
		PasswordChanged:   moment(row, "passwordlastchange"),

		Stored:   row.Without("settings", "password"),
		Settings: settings.Record(),
		Password: store.Secret(text(row, "password")),
		Domains:  []string{},
	}
}
