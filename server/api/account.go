package api

import (
	"context"
	"strings"

	"github.com/postern-mail/postern/server/access"
	"github.com/postern-mail/postern/store"
)

// policyAccount returns whom a path speaks of: everybody, a domain that is hosted here, or an account: a mailbox, an
// alias account or a mailing list. A further address of an account is none, and neither is an alias domain: the programs
// that read the policies look at the account and at the primary domain.
func (a *API) policyAccount(ctx context.Context, name string) (store.PolicyAccount, error) {
	name = lower(name)
	switch {
	case name == access.Global:
		return store.Everybody, nil
	case !strings.Contains(name, "@"):
		_, err := a.deps.Accounts.DomainRules(ctx, name)
		return store.PolicyAccountOf(name), withField("account", err)
	}
	_, err := a.deps.Accounts.AccountNoun(ctx, name)
	return store.PolicyAccountOf(name), withField("account", err)
}

// domainAccount is policyAccount of a domain.
func (a *API) domainAccount(ctx context.Context, name string) (store.PolicyAccount, error) {
	_, err := a.deps.Accounts.DomainRules(ctx, lower(name))
	return store.PolicyAccountOf(lower(name)), withField("domain", err)
}

// mailboxAccount is policyAccount of a mailbox alone.
func (a *API) mailboxAccount(ctx context.Context, name string) (store.PolicyAccount, error) {
	noun, err := a.deps.Accounts.AccountNoun(ctx, lower(name))
	if err == nil && noun != store.NounUser {
		err = store.NoSuchAccount(lower(name))
	}
	return store.PolicyAccountOf(lower(name)), atMail(err)
}
