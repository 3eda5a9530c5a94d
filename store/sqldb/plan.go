package sqldb

import (
	"context"

	"github.com/postern-mail/postern/store"
)

// Plan is what a write is going to do. Making one writes nothing.
type Plan struct {
	Change store.Change
	Steps  []Statement
	Fault  error // a value that does not fit where it is to be kept
}

// Do adds a statement.
func (p *Plan) Do(query string, args ...any) {
	p.Steps = append(p.Steps, Statement{Query: query, Args: args})
}

// Into adds an insert with the marks of Statement.Into.
func (p *Plan) Into(table, query string, args ...any) {
	p.Steps = append(p.Steps, Statement{Query: query, Args: args, Into: table})
}

// Run makes a plan within a transaction and applies it there, unless it is a dry run or its subject is not what the caller
// read. Beside an error the change is the one that was planned, if any was.
func (db *DB) Run(ctx context.Context, w store.Write, decide func(tx *Tx) (*Plan, error)) (store.Change, error) {
	var change store.Change
	run := db.WriteAs
	if w.DryRun {
		run = db.DryRunAs
	}
	err := run(ctx, w.Actor.Username, func(tx *Tx) error {
		p, err := decide(tx)
		if err != nil {
			return err
		}
		change = p.Change
		if err = w.CheckIf(change); err != nil {
			return err
		}
		if p.Fault != nil || w.DryRun {
			return p.Fault
		}
		return tx.Apply(ctx, p.Steps)
	})
	return change, err
}
