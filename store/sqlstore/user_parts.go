package sqlstore

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// userParts are mailboxes by address, while what belongs to them is gathered from other tables.
type userParts map[string]*store.User

// of returns the mailbox, or one that nobody will see when the table spells an address that was not asked for.
func (p userParts) of(mail string) *store.User {
	if u := p[strings.ToLower(mail)]; u != nil {
		return u
	}
	return &store.User{}
}

// wholeUsers adds to mailbox rows what other tables hold about them, in as many statements as there are tables.
func (s *Store) wholeUsers(ctx context.Context, db *sqldb.Reader, rows []store.Record) ([]store.User, error) {
	users := make([]store.User, len(rows))
	parts := make(userParts, len(rows))
	mails := make([]string, len(rows))
	for i, row := range rows {
		users[i] = userOf(row)
		mails[i] = users[i].Mail
		parts[strings.ToLower(mails[i])] = &users[i]
	}
	steps := []func(context.Context, *sqldb.Reader, userParts, []string) error{
		s.readForwardings, s.readManaged, s.readUserBcc, s.readRelayHosts, s.readUsedQuota, s.readLastLogin,
	}
	for chunk := range slices.Chunk(mails, chunkSize) {
		for _, read := range steps {
			if err := read(ctx, db, parts, chunk); err != nil {
				return nil, err
			}
		}
	}
	for i, row := range rows {
		if number(row, "isglobaladmin") == 1 || slices.Contains(users[i].Domains, allDomains) {
			users[i].Domains, users[i].Global = []string{allDomains}, true
		}
	}
	return users, nil
}

// userOf is a mailbox as far as its row tells.
func userOf(row store.Record) store.User {
	format, folder := store.KnownMailbox(text(row, "mailboxformat"), text(row, "mailboxfolder"))
	return store.User{
		Mail:            text(row, "username"),
		Name:            text(row, "name"),
		FirstName:       text(row, "first_name"),
		LastName:        text(row, "last_name"),
		Active:          number(row, "active") != 0,
		Global:          number(row, "isglobaladmin") != 0,
		Language:        store.KnownLanguage(text(row, "language")),
		Quota:           number(row, "quota"),
		EmployeeID:      text(row, "employeeid"),
		Department:      text(row, "department"),
		Transport:       text(row, "transport"),
		Services:        servicesOf(row),
		MailboxFormat:   format,
		MailboxFolder:   folder,
		Maildir:         pathOf(row),
		Telephone:       listOf(text(row, "telephone")),
		Mobile:          listOf(text(row, "mobile")),
		Created:         moment(row, "created"),
		Modified:        moment(row, "modified"),
		PasswordChanged: moment(row, "passwordlastchange"),

		Stored:         row.Without("password", "settings"),
		Settings:       store.ParseSettings(text(row, "settings")).Record(),
		Password:       store.Secret(text(row, "password")),
		Forwardings:    []string{},
		Aliases:        []string{},
		Domains:        []string{},
		MailingAliases: []string{},
		MailingLists:   []string{}, // subscribers are known to mlmmj alone: see store/change
	}
}

// listOf is the list of the one value that a column keeps.
func listOf(value string) []string {
	if value == "" {
		return []string{}
	}
	return []string{value}
}

// readForwardings reads what mail goes where, from both ends.
func (s *Store) readForwardings(ctx context.Context, db *sqldb.Reader, parts userParts, mails []string) error {
	const columns = "SELECT address, forwarding, is_forwarding, is_alias, is_list FROM forwardings WHERE "
	var rows []forwarding
	err := db.Select(ctx, &rows, columns+"address IN (?) AND is_forwarding = 1 UNION "+
		columns+"forwarding IN (?) AND (is_alias = 1 OR is_list = 1) ORDER BY 1, 2", mails, mails)
	for _, r := range rows {
		if r.IsForwarding == 1 {
			u := parts.of(r.Address)
			u.Forwardings = append(u.Forwardings, r.Forwarding)
		}
		if u := parts.of(r.Forwarding); r.IsAlias == 1 {
			u.Aliases = append(u.Aliases, r.Address)
		} else if r.IsList == 1 {
			u.MailingAliases = append(u.MailingAliases, r.Address)
		}
	}
	return err
}

func (s *Store) readManaged(ctx context.Context, db *sqldb.Reader, parts userParts, mails []string) error {
	var rows []struct{ Username, Domain string }
	err := db.Select(ctx, &rows, "SELECT username, domain FROM domain_admins WHERE username IN (?) ORDER BY username, domain", mails)
	for _, r := range rows {
		u := parts.of(r.Username)
		u.Domains = append(u.Domains, r.Domain)
	}
	return err
}

func (s *Store) readUserBcc(ctx context.Context, db *sqldb.Reader, parts userParts, mails []string) error {
	err := s.readText(ctx, db, parts, mails, "sender_bcc_user", "username", "bcc_address",
		func(u *store.User) *string { return &u.SenderBcc })
	if err != nil {
		return err
	}
	return s.readText(ctx, db, parts, mails, "recipient_bcc_user", "username", "bcc_address",
		func(u *store.User) *string { return &u.RecipientBcc })
}

func (s *Store) readRelayHosts(ctx context.Context, db *sqldb.Reader, parts userParts, mails []string) error {
	return s.readText(ctx, db, parts, mails, "sender_relayhost", "account", "relayhost",
		func(u *store.User) *string { return &u.RelayHost })
}

// readText reads one text for each mailbox from a table that may be missing.
func (s *Store) readText(
	ctx context.Context, db *sqldb.Reader, parts userParts, mails []string,
	table, key, column string, field func(*store.User) *string,
) error {
	if !s.schema.Has(table) {
		return nil
	}
	var rows []struct{ Mail, Value string }
	query := "SELECT " + key + " AS mail, " + column + " AS value FROM " + table + " WHERE " + key + " IN (?) ORDER BY " + key
	err := db.Select(ctx, &rows, query, mails)
	for _, r := range rows {
		*field(parts.of(r.Mail)) = r.Value
	}
	return err
}

func (s *Store) readUsedQuota(ctx context.Context, db *sqldb.Reader, parts userParts, mails []string) error {
	if !s.schema.Has("used_quota") {
		return nil
	}
	var rows []struct {
		Username        string
		Bytes, Messages int64
	}
	err := db.Select(ctx, &rows, "SELECT username, bytes, messages FROM used_quota WHERE username IN (?) ORDER BY username", mails)
	for _, r := range rows {
		u := parts.of(r.Username)
		u.StoredBytes, u.StoredMessages = r.Bytes, r.Messages
	}
	return err
}

// readLastLogin reads when somebody last logged in to read mail; a delivery, which is noted there too, is none.
func (s *Store) readLastLogin(ctx context.Context, db *sqldb.Reader, parts userParts, mails []string) error {
	if !s.schema.Has("last_login") {
		return nil
	}
	var rows []struct {
		Username   string
		IMAP, POP3 int64
	}
	err := db.Select(ctx, &rows, "SELECT username, COALESCE(imap, 0) AS imap, COALESCE(pop3, 0) AS pop3"+
		" FROM last_login WHERE username IN (?) ORDER BY username", mails)
	for _, r := range rows {
		if last := max(r.IMAP, r.POP3); last > 0 {
			u := parts.of(r.Username)
			u.LastLogin = max(u.LastLogin, time.Unix(last, 0).UTC().Format(store.TimeLayout))
		}
	}
	return err
}
