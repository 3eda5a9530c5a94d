package policystore

import (
	"context"
	"strings"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// plan is what a write is going to do.
type plan struct{ sqldb.Plan }

// newPlan is a plan about a policy of an account.
func newPlan(action store.Action, noun store.Noun, account store.PolicyAccount) *plan {
	return &plan{sqldb.Plan{Change: changeOf(action, noun, account)}}
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

// write makes a plan and applies it, anew where another write beat it to the same new row; see sqldb.DB.Run.
func write(
	ctx context.Context, db *sqldb.DB, w store.Write, decide func(tx *sqldb.Tx) (*plan, error),
) (change store.Change, err error) {
	for range attempts {
		change, err = db.Run(ctx, w, func(tx *sqldb.Tx) (*sqldb.Plan, error) {
			p, err := decide(tx)
			if err != nil {
				return nil, err
			}
			return &p.Plan, nil
		})
		if err == nil {
			return change, nil
		}
		if !db.IsDuplicate(err) {
			break
		}
	}
	return store.Change{}, err
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
