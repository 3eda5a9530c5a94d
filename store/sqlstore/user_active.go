package sqlstore

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// Postfix asks most tables about a row's own active, not about that of the mailbox. So what a mailbox has is switched off along
// with it: where its mail goes, its further addresses and its blind copies. What was off before is noted with the mailbox, and stays
// off when it is switched on again. Memberships are no part of it: those rows belong to the alias accounts. Source: the queries of
// virtual_alias_maps and sender_bcc_maps_user of iRedMail (samples/postfix/mysql).

// settingKeptOff notes in a mailbox's settings which of its rows were off when it was disabled: each is the kind and, where there may
// be several, the other address, as in a URL.
const settingKeptOff = "rows_kept_off"

// ownRow is a kind of row that a mailbox has.
type ownRow struct {
	kind, table string
	column      string // of the mailbox
	other       string // column that tells several apart, or ""
	where       string // condition that begins with AND, or ""
}

var ownRows = []ownRow{
	{"forwarding", "forwardings", "address", "forwarding", " AND is_forwarding = 1"},
	{"alias", "forwardings", "forwarding", "address", " AND is_alias = 1"},
	{"sender_bcc", "sender_bcc_user", "username", "", ""},
	{"recipient_bcc", "recipient_bcc_user", "username", "", ""},
}

// ownRows returns those whose table is there.
func (s *Store) ownRows() []ownRow {
	return slices.DeleteFunc(slices.Clone(ownRows), func(r ownRow) bool { return !s.schema.Has(r.table) })
}

// note is how a row is noted.
func (r ownRow) note(other string) string {
	if r.other == "" {
		return r.kind
	}
	return r.kind + ":" + url.QueryEscape(other)
}

// planActive switches what the mailbox has off or on with it. One that is on already stays as it is.
func (s *Store) planActive(ctx context.Context, tx *sqldb.Tx, e *userEdit, active *bool) error {
	was := number(e.before, "active") != 0
	switch {
	case active == nil || *active && was:
		return nil
	case !*active && was:
		off, err := s.rowsOff(ctx, tx, "m.username = ?", e.mail)
		if err != nil {
			return err
		}
		noteOff(e.after, off[e.mail])
	}
	for _, r := range s.ownRows() {
		e.Do("UPDATE "+r.table+" SET active = ? WHERE "+r.column+" = ?"+r.where, flag(*active), e.mail)
	}
	if *active {
		s.keepOff(&e.plan, e.mail, keptOff(e.before))
		noteOff(e.after, nil)
	}
	return nil
}

// keptOff is what is noted in the row of a mailbox.
func keptOff(row store.Record) []string {
	return store.ParseSettings(text(row, "settings")).List(settingKeptOff)
}

// noteOff notes which rows are off. A table of an older layout may have no settings, and then nothing is noted.
func noteOff(row store.Record, off []string) {
	settings := store.ParseSettings(text(row, "settings"))
	if settings.Text(settingKeptOff) == "" && len(off) == 0 {
		return
	}
	settings.SetList(settingKeptOff, off)
	assign(row, "settings", settings.String())
}

// forgetOff drops the notes of rows that the update itself makes, switches on or removes; others is nil where there is only one of
// the kind.
func (e *userEdit) forgetOff(kind string, others []string) {
	noted := keptOff(e.after)
	gone := store.Among(others)
	left := slices.DeleteFunc(slices.Clone(noted), func(note string) bool {
		k, escaped, _ := strings.Cut(note, ":")
		other, err := url.QueryUnescape(escaped)
		return k == kind && (others == nil || err == nil && gone(other))
	})
	if len(left) < len(noted) {
		noteOff(e.after, left)
	}
}

// among returns those of the stored names that are in a list, as they are stored.
func among(stored, list []string) []string {
	in := store.Among(list)
	return slices.DeleteFunc(slices.Clone(stored), func(name string) bool { return !in(name) })
}

// keepOff plans that rows which were off before stay so.
func (s *Store) keepOff(p *plan, mail string, off []string) {
	for _, note := range off {
		kind, escaped, _ := strings.Cut(note, ":")
		other, err := url.QueryUnescape(escaped)
		i := slices.IndexFunc(ownRows, func(r ownRow) bool { return r.kind == kind })
		if err != nil || i < 0 || !s.schema.Has(ownRows[i].table) {
			continue
		}
		r := ownRows[i]
		query, args := "UPDATE "+r.table+" SET active = 0 WHERE "+r.column+" = ?"+r.where, []any{mail}
		if r.other != "" {
			query, args = query+" AND "+r.other+" = ?", append(args, other)
		}
		p.Do(query, args...)
	}
}

// rowsOff returns, by the mailbox, the notes of what is off of those active mailboxes m that a condition selects.
func (s *Store) rowsOff(ctx context.Context, tx *sqldb.Tx, condition string, args ...any) (map[string][]string, error) {
	off := map[string][]string{}
	for _, r := range s.ownRows() {
		other := "''"
		if r.other != "" {
			other = "o." + r.other
		}
		var found []struct{ Username, Other string }
		query := "SELECT m.username, " + other + " AS other FROM mailbox m JOIN " + r.table + " o ON o." + r.column + " = m.username" +
			" WHERE m.active = 1 AND o.active = 0" + strings.Replace(r.where, "AND ", "AND o.", 1) + " AND " + condition + " ORDER BY 1, 2"
		if err := tx.Select(ctx, &found, query, args...); err != nil {
			return nil, fmt.Errorf("look for rows of %s that are switched off: %w", r.table, err)
		}
		for _, f := range found {
			mail := strings.ToLower(f.Username) // see namesIn
			off[mail] = append(off[mail], r.note(f.Other))
		}
	}
	return off, nil
}

// planActiveUsers is planActive for all mailboxes of a domain but some. Its statements come before that which switches the
// mailboxes.
func (s *Store) planActiveUsers(ctx context.Context, tx *sqldb.Tx, p *plan, domain string, active bool, outranking []string) error {
	noted, err := s.notedUsers(ctx, tx, domain)
	if err != nil {
		return err
	}
	if !active {
		off, err := s.rowsOff(ctx, tx, "m.domain = ?", domain)
		if err != nil {
			return err
		}
		if err = s.noteUsers(ctx, tx, p, store.LeaveOut(sortedKeys(off), outranking), off); err != nil {
			return err
		}
	}
	switched := " AND %s IN (SELECT m.username FROM mailbox m WHERE m.domain = ?)"
	if active {
		switched = " AND %s IN (SELECT m.username FROM mailbox m WHERE m.domain = ? AND m.active = 0)"
	}
	for _, r := range s.ownRows() {
		p.doBeside("UPDATE "+r.table+" SET active = ? WHERE active <> ?"+r.where+fmt.Sprintf(switched, r.column), r.column, outranking,
			flag(active), flag(active), domain)
	}
	if active {
		for _, row := range noted {
			mail := text(row, "username")
			if slices.Contains(outranking, mail) {
				continue
			}
			s.keepOff(p, mail, keptOff(row))
			noteOff(row, nil)
			p.Do("UPDATE mailbox SET settings = ? WHERE username = ?", text(row, "settings"), mail)
		}
	}
	return nil
}

// notedUsers are the disabled mailboxes of a domain of which something is noted.
func (s *Store) notedUsers(ctx context.Context, tx *sqldb.Tx, domain string) ([]store.Record, error) {
	if !s.schema.HasColumn("mailbox", "settings") {
		return nil, nil
	}
	rows, err := tx.Records(ctx, "SELECT username, settings FROM mailbox WHERE domain = ? AND active = 0 AND settings LIKE ? ORDER BY username",
		domain, "%"+settingKeptOff+":%")
	if err != nil {
		return nil, fmt.Errorf("look for noted rows of %s: %w", domain, err)
	}
	return rows, nil
}

// noteUsers plans the notes of mailboxes.
func (s *Store) noteUsers(ctx context.Context, tx *sqldb.Tx, p *plan, mails []string, off map[string][]string) error {
	if !s.schema.HasColumn("mailbox", "settings") {
		return nil
	}
	for chunk := range slices.Chunk(mails, chunkSize) {
		rows, err := tx.Records(ctx, "SELECT username, settings FROM mailbox WHERE username IN (?) ORDER BY username", chunk)
		if err != nil {
			return fmt.Errorf("read settings of mailboxes: %w", err)
		}
		for _, row := range rows {
			mail := text(row, "username")
			noteOff(row, off[strings.ToLower(mail)])
			p.Do("UPDATE mailbox SET settings = ? WHERE username = ?", text(row, "settings"), mail)
		}
	}
	return nil
}

func sortedKeys(m map[string][]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
