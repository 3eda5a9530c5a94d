package policystore

import (
	"context"
	"fmt"

	"github.com/postern-mail/postern/store/sqldb"
)

// unreferred is the condition that no list refers to a row of mailaddr.
const unreferred = " NOT EXISTS (SELECT 1 FROM wblist w WHERE w.sid = mailaddr.id)" +
	" AND NOT EXISTS (SELECT 1 FROM outbound_wblist o WHERE o.rid = mailaddr.id)"

// PurgeAddresses removes the addresses of white- and blacklists (table mailaddr) that no list names any more, and returns how
// many those were, or would be in a dry run. Without Amavisd's database there are none.
func (s *Store) PurgeAddresses(ctx context.Context, dryRun bool) (int64, error) {
	if s.amavisd == nil {
		return 0, nil
	}
	var total, last int64
	for {
		var ids []int64
		query := "SELECT id FROM mailaddr WHERE id > ? AND" + unreferred + " ORDER BY id LIMIT ?"
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
		n, err := s.removeAddresses(ctx, ids)
		if err != nil {
			return total, fmt.Errorf("remove addresses that no list names: %w", err)
		}
		total += n
	}
}

// removeAddresses holds the rows first, as those do who put an address on a list, and then looks once more.
func (s *Store) removeAddresses(ctx context.Context, ids []int64) (n int64, err error) {
	err = s.amavisd.Write(ctx, func(tx *sqldb.Tx) error {
		var held []int64
		if err := tx.Select(ctx, &held, "SELECT id FROM mailaddr WHERE id IN (?) "+tx.ForUpdate(), ids); err != nil {
			return err
		}
		n, err = tx.Exec(ctx, "DELETE FROM mailaddr WHERE id IN (?) AND"+unreferred, ids)
		return err
	})
	return n, err
}
