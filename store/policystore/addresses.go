package policystore

import (
	"context"
	"fmt"
	"strings"

	"github.com/postern-mail/postern/store/sqldb"
)

// unreferred is the condition that no list refers to a row of mailaddr.
func unreferred(l sqldb.Layout) string {
	var parts []string
	for _, at := range sides {
		if l.Has(at.table) {
			parts = append(parts, "NOT EXISTS (SELECT 1 FROM "+at.table+" l WHERE l."+at.other+" = mailaddr.id)")
		}
	}
	return " " + strings.Join(parts, " AND ")
}

// PurgeAddresses removes the addresses of white- and blacklists (table mailaddr) that no list names any more, and returns how
// many those were, or would be in a dry run. Without Amavisd's database there are none.
func (s *Store) PurgeAddresses(ctx context.Context, dryRun bool) (int64, error) {
	if s.amavisd == nil {
		return 0, nil
	}
	l, err := s.amavisd.Layout(ctx)
	if err != nil || len(l.Present("mailaddr", "wblist")) < 2 {
		return 0, err
	}
	var total, last int64
	for {
		var ids []int64
		query := "SELECT id FROM mailaddr WHERE id > ? AND" + unreferred(l) + " ORDER BY id LIMIT ?"
		if err := s.amavisd.Reader().Select(ctx, &ids, query, last, chunkSize); err != nil {
			return total, fmt.Errorf("read addresses that no list names: %w", err)
		}
		if len(ids) == 0 {
			return total, nil
		}
		last = ids[len(ids)-1]
		if dryRun {
			total += int64(len(ids))
			continue
		}
		n, err := s.removeAddresses(ctx, l, ids)
		if err != nil {
			return total, fmt.Errorf("remove addresses that no list names: %w", err)
		}
		total += n
	}
}

// removeAddresses holds the rows first, as those do who put an address on a list, and then looks once more.
func (s *Store) removeAddresses(ctx context.Context, l sqldb.Layout, ids []int64) (n int64, err error) {
	err = s.amavisd.Write(ctx, func(tx *sqldb.Tx) error {
		var held []int64
		if err := tx.Select(ctx, &held, "SELECT id FROM mailaddr WHERE id IN (?) "+tx.ForUpdate(), ids); err != nil {
			return err
		}
		n, err = tx.Exec(ctx, "DELETE FROM mailaddr WHERE id IN (?) AND"+unreferred(l), ids)
		return err
	})
	return n, err
}
