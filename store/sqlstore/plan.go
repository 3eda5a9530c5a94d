package sqlstore

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// plan is what a write is going to do. Making one reads nothing and writes nothing.
type plan struct {
	change store.Change
	steps  []sqldb.Statement
	fault  error // a value that does not fit where it is to be kept
	// nothingLeft says that there is nothing of the address that an account gets: see lookForLeftovers.
	nothingLeft bool
}

// do adds a statement.
func (p *plan) do(query string, args ...any) {
	p.steps = append(p.steps, sqldb.Statement{Query: query, Args: args})
}

// into adds an insert with the marks of sqldb.Statement.Into.
func (p *plan) into(table, query string, args ...any) {
	p.steps = append(p.steps, sqldb.Statement{Query: query, Args: args, Into: table})
}

// doIn adds a statement that ends in "IN (?)", for a list that may be long or empty, where any of the conditions holds.
func (p *plan) doIn(query string, list []string, within []condition) {
	for chunk := range slices.Chunk(list, chunkSize) {
		for _, w := range within {
			p.do(query+w.text, slices.Concat([]any{chunk}, w.args)...)
		}
	}
}

// write makes a plan within a transaction and applies it there, unless it is a dry run or the account is not the
// one that the caller read.
func (s *Store) write(
	ctx context.Context, w store.Write, decide func(tx *sqldb.Tx, now time.Time) (*plan, error),
) (store.Change, error) {
	var change store.Change
	run := s.db.WriteAs
	if w.DryRun {
		run = s.db.DryRunAs
	}
	err := run(ctx, w.Actor.Username, func(tx *sqldb.Tx) error {
		p, err := decide(tx, s.options.Now().UTC().Truncate(time.Second))
		if err != nil {
			return err
		}
		change = p.change
		if w.If != "" && w.If != change.Before.Version() {
			return store.Fail(store.PreconditionFailed, store.CodePreconditionFailed, "%s has changed since it was read.", change.Name)
		}
		if p.fault != nil || w.DryRun {
			return p.fault
		}
		return tx.Apply(ctx, p.steps)
	})
	if err == nil {
		return change, nil
	}
	if s.db.Dialect.IsDuplicate(err) {
		err = store.AlreadyExists(cmp.Or(change.NewName, change.Name))
	}
	return store.Change{}, err
}
