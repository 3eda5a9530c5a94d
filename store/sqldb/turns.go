package sqldb

import "context"

// WriteAs is Write for an admin: where a single connection writes, one admin has one write at a time. "" is the program
// itself, which takes no turns.
func (db *DB) WriteAs(ctx context.Context, admin string, fn func(tx *Tx) error) error {
	return db.inTurn(ctx, admin, func() error { return db.Write(ctx, fn) })
}

// DryRunAs is DryRun for an admin, see WriteAs.
func (db *DB) DryRunAs(ctx context.Context, admin string, fn func(tx *Tx) error) error {
	return db.inTurn(ctx, admin, func() error { return db.DryRun(ctx, fn) })
}

func (db *DB) inTurn(ctx context.Context, admin string, run func() error) error {
	if !db.singleWriter || admin == "" {
		return run()
	}
	done, err := db.turns.Take(ctx, admin)
	if err != nil {
		return db.wrap(err)
	}
	defer done()
	return run()
}
