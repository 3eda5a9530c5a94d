package api

import (
	"context"

	"github.com/postern-mail/postern/server/access"
	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/password"
)

// hashFor holds a plain password against the policy of the server and the domain ("" for standalone admins) and returns
// the hash to store.
func (a *API) hashFor(ctx context.Context, domain, plain string) (store.Secret, error) {
	policy, err := password.ServerPolicy(ctx, a.deps.Panel)
	if err != nil {
		return "", err
	}
	if domain != "" {
		rules, err := a.deps.Accounts.DomainRules(ctx, domain)
		if err != nil {
			return "", err
		}
		policy = policy.ForDomain(rules)
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
