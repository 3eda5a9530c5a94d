package policystore

import (
	"context"
	"strings"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// plan is what a write is going to do.
type plan struct {
	change store.Change
	steps  []sqldb.Statement
}

// do adds a statement.
func (p *plan) do(query string, args ...any) {
	p.steps = append(p.steps, sqldb.Statement{Query: query, Args: args})
}

// into adds an insert with the marks of sqldb.Statement.Into.
func (p *plan) into(table, query string, args ...any) {
	p.steps = append(p.steps, sqldb.Statement{Query: query, Args: args, Into: table})
}

// newPlan is a plan about a policy of an account.
func newPlan(action store.Action, noun store.Noun, account store.PolicyAccount) *plan {
	return &plan{change: changeOf(action, noun, account)}
}

// changeOf names a change as people name the account: global, a domain or an address.
func changeOf(action store.Action, noun store.Noun, account store.PolicyAccount) store.Change {
	c := store.Change{Action: action, Noun: noun, Name: string(account)}
	switch account.Kind() {
	case store.KindCatchall:
		c.Name = "global"
	case store.KindDomain:
		c.Name = strings.TrimPrefix(string(account), "@")
		c.Domain = c.Name
	default:
		c.Domain = store.DomainOf(string(account))
	}
	return c
}

// attempts is how often a write is made that another one beat to the same new row.
const attempts = 8

// write makes a plan within a transaction and applies it there, unless it is a dry run or the policy is not the one that
// the caller read.
func write(
	ctx context.Context, db *sqldb.DB, w store.Write, decide func(tx *sqldb.Tx) (*plan, error),
) (store.Change, error) {
	var change store.Change
	run := db.WriteAs
	if w.DryRun {
		run = db.DryRunAs
	}
	var err error
	for range attempts {
		err = run(ctx, w.Actor.Username, func(tx *sqldb.Tx) error {
			p, err := decide(tx)
			if err != nil {
				return err
			}
			change = p.change
			if w.If != "" && w.If != change.Before.Version() {
				return store.Fail(store.PreconditionFailed, store.CodePreconditionFailed, "The setting of %s has changed since it was read.", change.Name)
			}
			if w.DryRun {
				return nil
			}
			return tx.Apply(ctx, p.steps)
		})
		if err == nil || !db.Dialect.IsDuplicate(err) {
			break
		}
	}
	if err != nil {
		return store.Change{}, err
	}
	return change, nil
}

// texts is a list of account names as arguments.
func texts(accounts []store.PolicyAccount) []string {
	list := make([]string, len(accounts))
	for i, a := range accounts {
		list[i] = string(a)
	}
	return list
}

// checkLength returns VALUE_TOO_LONG for an account that a column does not take.
func checkLength(account store.PolicyAccount, most int) error {
	if len(account) <= most {
		return nil
	}
	return store.Fail(store.Invalid, store.CodeValueTooLong, "The name may have at most %d characters for this kind of setting.", most).With("account")
}

// chunkSize keeps a list within the number of parameters that every engine takes.
const chunkSize = 1000
