package statestore

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// nameChunk is how many names one statement asks for.
const nameChunk = 1000

// markRow is a row of the table name_marks.
type markRow struct {
	Name    string    `db:"name"`
	Domain  string    `db:"domain"`
	Admin   string    `db:"admin"`
	Status  string    `db:"status"`
	Created time.Time `db:"created"`
}

func (r markRow) mark() store.NameMark {
	return store.NameMark{
		Name: r.Name, Domain: r.Domain, Admin: r.Admin, Status: store.OwnershipStatus(r.Status), Created: r.Created.UTC(),
	}
}

// DB is the database below, for what is kept here where another one is missing.
func (s *Store) DB() *sqldb.DB { return s.db }

// MarkName implements store.NameMarks.
func (s *Store) MarkName(ctx context.Context, m store.NameMark) error {
	err := s.db.Write(ctx, func(tx *sqldb.Tx) error {
		if _, err := tx.Exec(ctx, "DELETE FROM name_marks WHERE name = ? AND domain = ?", m.Name, m.Domain); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "INSERT INTO name_marks (name, domain, admin, status, created) VALUES (?, ?, ?, ?, ?)",
			m.Name, m.Domain, m.Admin, string(m.Status), m.Created)
		return err
	})
	if err != nil {
		return fmt.Errorf("mark the name %s: %w", m.Name, err)
	}
	return nil
}

// MarksOfNames implements store.NameMarks.
func (s *Store) MarksOfNames(ctx context.Context, names []string) ([]store.NameMark, error) {
	var all []store.NameMark
	for chunk := range slices.Chunk(names, nameChunk) {
		found, err := s.marks(ctx, "name IN (?)", chunk)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	slices.SortStableFunc(all, func(a, b store.NameMark) int { return a.Created.Compare(b.Created) })
	return all, nil
}

// MarksOfDomains implements store.NameMarks.
func (s *Store) MarksOfDomains(ctx context.Context, domains ...string) ([]store.NameMark, error) {
	if len(domains) == 0 {
		return nil, nil
	}
	return s.marks(ctx, "domain IN (?)", domains)
}

// PendingMarks implements store.NameMarks.
func (s *Store) PendingMarks(ctx context.Context) ([]store.NameMark, error) {
	return s.marks(ctx, "status = ?", string(store.OwnershipPending))
}

func (s *Store) marks(ctx context.Context, condition string, arg any) ([]store.NameMark, error) {
	var rows []markRow
	err := s.db.Reader().Select(ctx, &rows,
		"SELECT name, domain, admin, status, created FROM name_marks WHERE "+condition+" ORDER BY created, name, domain", arg)
	if err != nil {
		return nil, fmt.Errorf("read the marks of names: %w", err)
	}
	marks := make([]store.NameMark, len(rows))
	for i, row := range rows {
		marks[i] = row.mark()
	}
	return marks, nil
}

// UnmarkName implements store.NameMarks.
func (s *Store) UnmarkName(ctx context.Context, name, domain string) error {
	return s.exec(ctx, "remove the mark of "+name, "DELETE FROM name_marks WHERE name = ? AND domain = ?", name, domain)
}

// UnmarkDomain implements store.NameMarks.
func (s *Store) UnmarkDomain(ctx context.Context, domain string) error {
	return s.exec(ctx, "remove the marks of "+domain, "DELETE FROM name_marks WHERE domain = ?", domain)
}
