package api

import (
	"context"

	"github.com/postern-mail/postern/server/access"
	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/password"
)

// policyFor is what the server asks of passwords, and the domain ("" for standalone admins).
func (a *API) policyFor(ctx context.Context, domain string) (password.Policy, error) {
	policy, err := password.ServerPolicy(ctx, a.deps.Panel)
	if err != nil || domain == "" {
		return policy, err
	}
	rules, err := a.deps.Accounts.DomainRules(ctx, domain)
	return policy.ForDomain(rules), err
}

// missing is the failure of a new account that was given none of the parameters for its password. That there is no such domain
// comes first.
func (a *API) missing(ctx context.Context, domain string, parameters ...string) error {
	if _, err := a.policyFor(ctx, domain); err != nil {
		return err
	}
	return password.Missing(parameters...)
}

// hashFor holds a plain password against the policy of the server and the domain ("" for standalone admins) and returns
// the hash to store.
func (a *API) hashFor(ctx context.Context, domain, plain string) (store.Secret, error) {
	policy, err := a.policyFor(ctx, domain)
	if err != nil {
		return "", err
	}
	plain = password.Trim(plain)
	if err = policy.Check(plain); err != nil {
		return "", err
	}
	return a.hashing.Hash(ctx, a.deps.PasswordScheme, plain)
}

// optionalHash is hashFor of a password that may be absent.
func (a *API) optionalHash(ctx context.Context, domain string, plain *string) (*store.Secret, error) {
	if plain == nil {
		return nil, nil //nolint:nilnil // absent is no error
	}
	hash, err := a.hashFor(ctx, domain, *plain)
	return &hash, err
}

// passwordOrHash is the hash to store for either of two parameters that exclude each other.
func (a *API) passwordOrHash(ctx context.Context, domain string, plain, hash *string) (*store.Secret, error) {
	if hash == nil {
		return a.optionalHash(ctx, domain, plain)
	}
	if err := password.CheckHash(*hash); err != nil {
		return nil, err
	}
	ready := store.Secret(*hash)
	return &ready, nil
}

// verify compares a password with the stored one. A stored one that cannot be checked is INVALID_PASSWORD_SCHEME.
func (a *API) verify(ctx context.Context, stored store.Secret, plain string) error {
	ok, err := a.sessions.ComparePassword(ctx, access.Of(ctx), func() (bool, error) {
		return a.hashing.Verify(ctx, stored, password.Trim(plain))
	})
	if err == nil && !ok {
		err = store.Fail(store.Unprocessable, store.CodeInvalidCredentials,
			"That is not the password of the account.").With("password")
	}
	return err
}
