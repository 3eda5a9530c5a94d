package access

import (
	"context"
	"slices"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/password"
)

// mostDaysOfDomainAdmin is how long an admin that is not global may have a removed mailbox kept.
const mostDaysOfDomainAdmin = 365

// MayKeepMailboxes refuses to keep mailboxes for longer than the caller may have them kept. Zero days are for ever.
func MayKeepMailboxes(ctx context.Context, days int64) error {
	if days > mostDaysOfDomainAdmin && !Of(ctx).Global {
		return denied("Only a global admin may keep mailboxes for more than a year.").With("days")
	}
	return nil
}

// MayAskFor refuses a domain that the parameter of the query string names and the caller does not manage.
func MayAskFor(ctx context.Context, domain string) error {
	p := Of(ctx)
	if p.Global || p.Manages(domain) {
		return nil
	}
	return denied("You do not manage the domain %s.", domain).With("domain")
}

// MayDeleteDomain refuses to remove, with a domain, a mailbox that outranks the caller.
func (a *Access) MayDeleteDomain(ctx context.Context, domain string) error {
	p := Of(ctx)
	if p.Global {
		return nil
	}
	d, err := a.accounts.Domain(ctx, domain)
	if err != nil {
		return err
	}
	touchable, err := a.accounts.UserAddresses(ctx, store.UserFilter{Domain: domain, Viewer: p.Username}, store.PageRequest{})
	if err != nil {
		return err
	}
	if int64(len(touchable.Items)) < d.Users {
		return denied("The domain contains an admin with more rights than yours; only a global admin may delete it.")
	}
	return nil
}

// MayAppoint lets an admin that is not global appoint mailboxes of domains that it manages, and refuses to name who outranks it.
// Of those who are removed without being named the store knows.
func (a *Access) MayAppoint(ctx context.Context, admins store.Set) error {
	p := Of(ctx)
	if p.Global {
		return nil
	}
	for _, mail := range admins.Add {
		if !p.Manages(store.DomainOf(mail)) {
			return denied("%s is no mailbox of a domain that you manage.", mail).With("addAdmin")
		}
	}
	for _, mail := range slices.Concat(admins.Add, admins.Remove) {
		if err := a.RefuseOutranking(ctx, p, mail); err != nil {
			return err
		}
	}
	return nil
}

// ClampPasswordLengths keeps the lengths that an admin that is not global sets within the policy of the server, and returns those that
// it changed. A nil length is none.
func (a *Access) ClampPasswordLengths(ctx context.Context, least, most *int64) ([]store.Adjustment, error) {
	if Of(ctx).Global || least == nil && most == nil {
		return nil, nil
	}
	policy, err := password.ServerPolicy(ctx, a.panel)
	if err != nil {
		return nil, err
	}
	var adjusted []store.Adjustment
	clamp := func(field string, n *int64, bound int64) {
		adjusted = append(adjusted, store.Adjustment{Field: field, Asked: *n, Stored: bound})
		*n = bound
	}
	if least != nil && *least > 0 && *least < policy.MinLength {
		clamp("minPasswordLength", least, policy.MinLength)
	}
	if most != nil && policy.MaxLength > 0 && *most > policy.MaxLength {
		clamp("maxPasswordLength", most, policy.MaxLength)
	}
	return adjusted, nil
}
