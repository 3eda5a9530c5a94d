package sqlstore

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// plan is what a write is going to do.
type plan struct {
	sqldb.Plan
	// nothingLeft says that there is nothing of the address that an account gets, and named that others name it: see
	// lookForLeftovers.
	nothingLeft, named bool
}

func planOf(change store.Change) *plan { return &plan{Plan: sqldb.Plan{Change: change}} }

// doIn adds a statement that ends in "IN (?)", for a list that may be long or empty, where any of the conditions holds.
func (p *plan) doIn(query string, list []string, within []condition) {
	for chunk := range slices.Chunk(list, chunkSize) {
		for _, w := range within {
			p.Do(query+w.text, slices.Concat([]any{chunk}, w.args)...)
		}
	}
}

// write makes a plan and applies it; see sqldb.DB.Run. A name that somebody else took meanwhile is ALREADY_EXISTS.
func (s *Store) write(
	ctx context.Context, w store.Write, decide func(tx *sqldb.Tx, now time.Time) (*plan, error),
) (store.Change, error) {
	change, err := s.db.Run(ctx, w, func(tx *sqldb.Tx) (*sqldb.Plan, error) {
		p, err := decide(tx, s.options.Now().UTC().Truncate(time.Second))
		if err != nil {
			return nil, err
		}
		return &p.Plan, nil
	})
	if err == nil {
		return change, nil
	}
	if s.db.IsDuplicate(err) {
		err = store.AlreadyExists(cmp.Or(change.NewName, change.Name))
	}
	return store.Change{}, err
}
