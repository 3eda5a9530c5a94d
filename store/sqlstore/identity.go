package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// allDomains is the domain of the row that makes an account a global admin.
// Source: domain_admins in samples/iredmail/iredmail.mysql of iRedMail, libs/sqllib/auth.py of iRedAdmin.
const allDomains = "ALL"

// principal is the row of an account as far as it matters for who it is.
type principal struct {
	Name     string
	Password string
	Settings string
	Active   int64
	Global   int64 `db:"isglobaladmin"`
}

// The rows that an account may have. A settings column is NULL where MySQL was given nothing.
const (
	adminPrincipal = "SELECT name, password, COALESCE(settings, '') AS settings, active, 0 AS isglobaladmin" +
		" FROM admin WHERE username = ?"
	mailboxPrincipal = "SELECT name, password, COALESCE(settings, '') AS settings, active, isglobaladmin" +
		" FROM mailbox WHERE username = ?"
)

// Identity implements store.Identities.
func (s *Store) Identity(ctx context.Context, username string) (store.Identity, error) {
	r := s.db.Reader()
	var p principal
	isMailbox := false
	found, err := r.Find(ctx, &p, adminPrincipal, username)
	if err == nil && !found {
		isMailbox = true
		found, err = r.Find(ctx, &p, mailboxPrincipal, username)
	}
	if err != nil {
		return store.Identity{}, fmt.Errorf("read account %s: %w", username, err)
	}
	if !found {
		return store.Identity{}, store.NoSuchAccount(username)
	}
	domains, global, err := s.managed(ctx, r, username)
	if err != nil {
		return store.Identity{}, err
	}
	return store.Identity{
		Username: username,
		Name:     p.Name,
		Mailbox:  isMailbox,
		Active:   p.Active != 0,
		Global:   global || p.Global != 0,
		Domains:  domains,
		Password: store.Secret(p.Password),
		Limits:   store.LimitsOf(store.ParseSettings(p.Settings)),
	}, nil
}

// managed returns the domains that name the account as their admin, sorted, and whether it is named a global admin.
func (s *Store) managed(ctx context.Context, r *sqldb.Reader, username string) (domains []string, global bool, err error) {
	domains = []string{}
	err = r.Select(ctx, &domains, "SELECT domain FROM domain_admins WHERE username = ? ORDER BY domain", username)
	if err != nil {
		return nil, false, fmt.Errorf("read domains of admin %s: %w", username, err)
	}
	global = slices.Contains(domains, allDomains)
	domains = slices.DeleteFunc(domains, func(d string) bool { return d == allDomains })
	for i := range domains {
		domains[i] = strings.ToLower(domains[i])
	}
	slices.Sort(domains) // the server's order may be that of a language
	return domains, global, nil
}

// globalAdmins finds standalone admins and mail users that are named for all domains, and mail users that are
// marked. The mark is written as a literal so that a partial index can serve it.
const globalAdmins = "SELECT a.username FROM domain_admins d JOIN admin a ON a.username = d.username" +
	" WHERE d.domain = 'ALL' AND a.active = 1" +
	" UNION SELECT m.username FROM domain_admins d JOIN mailbox m ON m.username = d.username" +
	" WHERE d.domain = 'ALL' AND m.active = 1" +
	" UNION SELECT username FROM mailbox WHERE isglobaladmin = 1 AND active = 1" +
	" ORDER BY username"

// GlobalAdmins implements store.Identities.
func (s *Store) GlobalAdmins(ctx context.Context) ([]string, error) {
	names := []string{}
	if err := s.db.Reader().Select(ctx, &names, globalAdmins); err != nil {
		return nil, fmt.Errorf("read global admins: %w", err)
	}
	slices.Sort(names)
	return names, nil
}

// AccountNoun implements store.Identities.
func (s *Store) AccountNoun(ctx context.Context, mail string) (store.Noun, error) {
	query, args := "SELECT 'user' AS noun FROM mailbox WHERE username = ? UNION ALL SELECT 'alias' FROM alias WHERE address = ?",
		[]any{mail, mail}
	if s.schema.Has("maillists") {
		query, args = query+" UNION ALL SELECT 'ml' FROM maillists WHERE address = ?", append(args, mail)
	}
	var nouns []store.Noun
	if err := s.db.Reader().Select(ctx, &nouns, query+" ORDER BY noun DESC", args...); err != nil {
		return "", fmt.Errorf("look for account %s: %w", mail, err)
	}
	if len(nouns) == 0 {
		return "", store.NoSuchAccount(mail)
	}
	return nouns[0], nil
}
