package policystore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// colours are the letters that iRedAPD compares with.
var colours = map[store.Colour]string{store.Whitelist: "W", store.Blacklist: "B"}

// side is where a direction keeps its entries: the table, the column of the account and that of the other side.
type side struct{ table, own, other string }

var sides = map[store.Direction]side{
	store.Inbound:  {"wblist", "rid", "sid"},
	store.Outbound: {"outbound_wblist", "sid", "rid"},
}

// Wblist implements store.Wblists.
func (s *Store) Wblist(ctx context.Context, key store.WblistKey, page store.PageRequest) (store.Page[string], error) {
	db, _, err := s.needAmavisd(ctx, "users", "mailaddr", sides[key.Direction].table)
	if err != nil {
		return store.Page[string]{}, err
	}
	at := sides[key.Direction]
	query := "SELECT a.email FROM users u JOIN " + at.table + " l ON l." + at.own + " = u.id JOIN mailaddr a ON a.id = l." + at.other +
		" WHERE u.email = ? AND l.wb = ?"
	args := []any{email(db, string(key.Account)), colours[key.Colour]}
	query, args = sqldb.PagedFrom(query, args, "a.email", page, email(db, page.After))
	list := store.Page[string]{Items: []string{}}
	if err = db.Reader().Select(ctx, &list.Items, query, args...); err != nil {
		return store.Page[string]{}, fmt.Errorf("read the %s of %s: %w", key.Colour, key.Account, err)
	}
	list.Items, list.Next = sqldb.TurnPage(list.Items, page, sqldb.Itself)
	return list, nil
}

// AddToWblist implements store.Wblists.
func (s *Store) AddToWblist(ctx context.Context, w store.Write, key store.WblistKey, addresses []string) (store.Change, error) {
	db, _, err := s.needAmavisd(ctx, "users", "mailaddr", sides[key.Direction].table)
	if err != nil {
		return store.Change{}, err
	}
	if err = checkLength(key.Account, maxAmavisd); err != nil {
		return store.Change{}, err
	}
	wanted, invalid := patterns(addresses)
	return write(ctx, db, w, func(tx *sqldb.Tx) (*plan, error) {
		p := newPlan(store.ActionUpdate, store.NounWblist, key.Account)
		p.Change.Discarded = invalid
		if p.Change.Nothing = len(wanted) == 0; p.Change.Nothing {
			return p, nil
		}
		m, found, err := s.lockMember(ctx, tx, key.Account)
		if err != nil {
			return nil, err
		}
		p.planMember(db, key.Account, m, found)
		if err = s.checkEntries(ctx, tx, key, m.ID, wanted); err != nil {
			return nil, err
		}
		known, err := s.knownAddresses(ctx, tx, wanted)
		if err != nil {
			return nil, err
		}
		s.planAddresses(p, wanted, known)
		if len(p.Steps) == 0 {
			if p.Change.Nothing, err = s.areListed(ctx, tx, key, m.ID, known); err != nil || p.Change.Nothing {
				return p, err
			}
		}
		s.planEntries(p, key, wanted)
		return p, nil
	})
}

// checkEntries returns TOO_MANY_ITEMS when a list of the account, whose id is 0 when it has no row yet, would become longer
// than one may be.
func (s *Store) checkEntries(ctx context.Context, tx *sqldb.Tx, key store.WblistKey, id int64, wanted []string) error {
	at := sides[key.Direction]
	from := "SELECT COUNT(*) FROM " + at.table + " l WHERE l." + at.own + " = ? AND l.wb = ?"
	var before, there int64
	if err := tx.Get(ctx, &before, from, id, colours[key.Colour]); err != nil {
		return fmt.Errorf("count the %s of %s: %w", key.Colour, key.Account, err)
	}
	if before+int64(len(wanted)) <= store.MostItems {
		return nil
	}
	for chunk := range slices.Chunk(wanted, chunkSize) {
		var n int64
		query := from + " AND l." + at.other + " IN (SELECT id FROM mailaddr WHERE email IN (?))"
		if err := tx.Get(ctx, &n, query, id, colours[key.Colour], emails(s.amavisd, chunk)); err != nil {
			return fmt.Errorf("look into the %s of %s: %w", key.Colour, key.Account, err)
		}
		there += n
	}
	return store.CheckItems(int(before), int(before)+len(wanted)-int(there), "addresses")
}

// patterns are the valid ones of the addresses, each once, and the invalid ones as they were given.
func patterns(addresses []string) (valid, invalid []string) {
	seen := map[string]bool{}
	for _, a := range addresses {
		pattern, kind := store.ClassifyAddress(a)
		switch {
		case kind == store.KindInvalid || kind == store.KindCatchallIP:
			invalid = append(invalid, a)
		case !seen[pattern]:
			seen[pattern] = true
			valid = append(valid, pattern)
		}
	}
	return valid, invalid
}

// address is a row of mailaddr.
type address struct {
	ID       int64  `db:"id"`
	Priority int64  `db:"priority"`
	Email    string `db:"email"`
}

// knownAddresses reads those of the addresses that have a row already, and holds them: nobody may find that no list names them.
func (s *Store) knownAddresses(ctx context.Context, tx *sqldb.Tx, wanted []string) (map[string]address, error) {
	known := map[string]address{}
	for chunk := range slices.Chunk(wanted, chunkSize) {
		var rows []address
		query := "SELECT id, priority, email FROM mailaddr WHERE email IN (?) ORDER BY id " + tx.ForUpdate()
		if err := tx.Select(ctx, &rows, query, emails(s.amavisd, chunk)); err != nil {
			return nil, fmt.Errorf("read addresses of lists: %w", err)
		}
		for _, row := range rows {
			known[row.Email] = row
		}
	}
	return known, nil
}

// areListed reports whether all of the addresses are in the list of an account.
func (s *Store) areListed(ctx context.Context, tx *sqldb.Tx, key store.WblistKey, id int64, known map[string]address) (bool, error) {
	ids := make([]int64, 0, len(known))
	for _, a := range known {
		ids = append(ids, a.ID)
	}
	at, listed := sides[key.Direction], 0
	for chunk := range slices.Chunk(ids, chunkSize) {
		var n int
		query := "SELECT COUNT(*) FROM " + at.table + " WHERE " + at.own + " = ? AND wb = ? AND " + at.other + " IN (?)"
		if err := tx.Get(ctx, &n, query, id, colours[key.Colour], chunk); err != nil {
			return false, fmt.Errorf("look into the %s of %s: %w", key.Colour, key.Account, err)
		}
		listed += n
	}
	return listed == len(ids), nil
}

// planAddresses plans that each address has a row, with the priority of its kind.
func (s *Store) planAddresses(p *plan, wanted []string, known map[string]address) {
	var missing []any
	for _, a := range wanted {
		_, kind := store.ClassifyAddress(a)
		row, found := known[a]
		switch {
		case !found:
			missing = append(missing, kind.AmavisdPriority(), email(s.amavisd, a))
		case row.Priority != kind.AmavisdPriority():
			p.Do("UPDATE mailaddr SET priority = ? WHERE id = ?", kind.AmavisdPriority(), row.ID)
		}
	}
	for chunk := range slices.Chunk(missing, chunkSize) { // an even number of values
		p.Into("mailaddr", "INSERT INTO mailaddr (priority, email{columns}) VALUES "+tuples("(?, ?{values})", len(chunk)/2), chunk...)
	}
}

// planEntries plans that the addresses are in the list, and not in that of the other colour.
func (s *Store) planEntries(p *plan, key store.WblistKey, wanted []string) {
	at, account := sides[key.Direction], email(s.amavisd, string(key.Account))
	for chunk := range slices.Chunk(wanted, chunkSize) {
		list := emails(s.amavisd, chunk)
		p.Do("DELETE FROM "+at.table+" WHERE "+at.own+" = (SELECT id FROM users WHERE email = ?) AND "+at.other+
			" IN (SELECT id FROM mailaddr WHERE email IN (?))", account, list)
		p.Into(at.table, "INSERT INTO "+at.table+" ("+at.own+", "+at.other+", wb{columns}) SELECT u.id, a.id, '"+colours[key.Colour]+
			"'{values} FROM users u, mailaddr a WHERE u.email = ? AND a.email IN (?)", account, list)
	}
}

// RemoveFromWblist implements store.Wblists.
func (s *Store) RemoveFromWblist(ctx context.Context, w store.Write, key store.WblistKey, addresses []string) (store.Change, error) {
	db, _, err := s.needAmavisd(ctx, "users", "mailaddr", sides[key.Direction].table)
	if err != nil {
		return store.Change{}, err
	}
	wanted, invalid := patterns(addresses)
	return write(ctx, db, w, func(*sqldb.Tx) (*plan, error) {
		p := newPlan(store.ActionUpdate, store.NounWblist, key.Account)
		p.Change.Discarded = invalid
		for chunk := range slices.Chunk(wanted, chunkSize) {
			query, args := s.entriesOf(key)
			p.Do(query+" AND "+sides[key.Direction].other+" IN (SELECT id FROM mailaddr WHERE email IN (?))",
				append(args, emails(db, chunk))...)
		}
		return p, nil
	})
}

// ClearWblist implements store.Wblists.
func (s *Store) ClearWblist(ctx context.Context, w store.Write, key store.WblistKey) (store.Change, error) {
	db, _, err := s.needAmavisd(ctx, "users", "mailaddr", sides[key.Direction].table)
	if err != nil {
		return store.Change{}, err
	}
	return write(ctx, db, w, func(*sqldb.Tx) (*plan, error) {
		p := newPlan(store.ActionUpdate, store.NounWblist, key.Account)
		query, args := s.entriesOf(key)
		p.Do(query, args...)
		return p, nil
	})
}

// entriesOf is the statement that removes a whole list.
func (s *Store) entriesOf(key store.WblistKey) (query string, args []any) {
	at := sides[key.Direction]
	return "DELETE FROM " + at.table + " WHERE " + at.own + " = (SELECT id FROM users WHERE email = ?) AND wb = ?",
		[]any{email(s.amavisd, string(key.Account)), colours[key.Colour]}
}

// tuples is a list of so many of the same, at least one.
func tuples(one string, n int) string { return strings.Repeat(one+", ", n-1) + one }
