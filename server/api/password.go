package api

import (
	"context"

	"github.com/postern-mail/postern/server/access"
	"github.com/postern-mail/postern/store"
)

// hashFor holds a password against the policy of the server and the domain ("" for standalone admins) and returns
// the hash to store.
func (a *API) hashFor(ctx context.Context, domain, password string) (store.Secret, error) {
	policy, err := store.ServerPasswordPolicy(ctx, a.panel)
	if err != nil {
		return "", err
	}
	if domain != "" {
		rules, err := a.accounts.DomainRules(ctx, domain)
		if err != nil {
			return "", err
		}
		policy = policy.ForDomain(rules)
	}
	password = store.TrimPassword(password)
	if err = policy.Check(password); err != nil {
		return "", err
	}
	return a.hashing.Hash(ctx, a.options.PasswordScheme, password)
}

// optionalHash is hashFor of a password that may be absent.
func (a *API) optionalHash(ctx context.Context, domain string, password *string) (*store.Secret, error) {
	if password == nil {
		return nil, nil //nolint:nilnil // absent is no error
	}
	hash, err := a.hashFor(ctx, domain, *password)
	return &hash, err
}

// passwordOrHash is the hash to store for either of two parameters that exclude each other.
func (a *API) passwordOrHash(ctx context.Context, domain string, password, hash *string) (*store.Secret, error) {
	if hash == nil {
		return a.optionalHash(ctx, domain, password)
	}
	if err := store.CheckPasswordHash(*hash); err != nil {
		return nil, err
	}
	ready := store.Secret(*hash)
	return &ready, nil
}

// verify compares a password with the stored one. A stored one that cannot be checked is INVALID_PASSWORD_SCHEME.
func (a *API) verify(ctx context.Context, stored store.Secret, password string) error {
	ok, err := a.sessions.ComparePassword(ctx, access.Of(ctx), func() (bool, error) {
		return a.hashing.Verify(ctx, stored, store.TrimPassword(password))
	})
	if err == nil && !ok {
		err = store.Fail(store.Unprocessable, store.CodeInvalidCredentials,
			"That is not the password of the account.").With("password")
	}
	return err
}
