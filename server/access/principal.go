package access

import (
	"context"

	"github.com/postern-mail/postern/store"
)

// Principal is who is asking.
type Principal struct {
	store.Identity
	session string // hash of the session id
}

type principalKey struct{}

func withPrincipal(ctx context.Context, p *Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// Of returns the principal of the request. On a public operation it is the zero principal, who may nothing.
func Of(ctx context.Context) *Principal {
	if p, ok := ctx.Value(principalKey{}).(*Principal); ok {
		return p
	}
	return &Principal{}
}
