package change

import (
	"context"

	"github.com/postern-mail/postern/store"
)

type policiesFollower struct {
	policies store.Policies
}

// ForgetPolicies returns the follower that removes the policies of what is deleted and those left over of what is created, and
// carries those of what is renamed.
func ForgetPolicies(policies store.Policies) Follower { return policiesFollower{policies} }

// Name implements Follower.
func (policiesFollower) Name() string { return "policies" }

func (policiesFollower) cleans() {}

func (f policiesFollower) holds(ctx context.Context, _ store.Actor, c store.Change) (bool, error) {
	left, ok := f.policies.(store.Leftovers)
	if !ok || c.Noun == store.NounAdmin {
		return false, nil
	}
	return left.HoldsAccount(ctx, c.Name)
}

func (f policiesFollower) removeLeftovers(ctx context.Context, _ store.Actor, c store.Change) error {
	return f.policies.ForgetAccount(ctx, c.Name)
}

// Follow implements Follower. A mail user whose admin rights alone were deleted keeps what it has.
func (f policiesFollower) Follow(ctx context.Context, actor store.Actor, c store.Change) error {
	switch {
	case c.Noun == store.NounAdmin:
		return nil
	case isLeftover(c):
		return f.removeLeftovers(ctx, actor, c)
	case c.Action == store.ActionDelete:
		return f.policies.ForgetAccount(ctx, c.Name)
	case c.Action == store.ActionRename:
		return f.policies.RenameAccount(ctx, c.Name, c.NewName)
	}
	return nil
}

// Policies is a store.Policies whose writes have followers. None of them is worth an intent: what must not be lost is in
// the one write. Nothing is written for an account while something of an earlier one of its name is left to clean: it would
// go with that.
type Policies struct {
	store.Policies
	accounts  *Accounts
	followers []Follower
}

// NewPolicies puts the followers behind every write of the policies of these accounts.
func NewPolicies(policies store.Policies, accounts *Accounts, followers ...Follower) *Policies {
	return &Policies{Policies: policies, accounts: accounts, followers: followers}
}

func (p *Policies) run(
	ctx context.Context, w store.Write, account store.PolicyAccount, do func() (store.Change, error),
) (store.Change, error) {
	if account != store.Everybody && !w.DryRun {
		if err := p.accounts.waitForName(ctx, account.Name()); err != nil {
			return store.Change{}, err
		}
	}
	c, err := do()
	if err != nil || w.DryRun || c.Nothing {
		return c, err
	}
	after, cancel := detached(ctx)
	defer cancel()
	p.accounts.follow(after, w.Actor, c, p.followers)
	return c, nil
}

// UpdateSpamPolicy implements store.SpamPolicies.
func (p *Policies) UpdateSpamPolicy(
	ctx context.Context, w store.Write, account store.PolicyAccount, u store.SpamPolicyUpdate,
) (store.Change, error) {
	return p.run(ctx, w, account, func() (store.Change, error) {
		return p.Policies.UpdateSpamPolicy(ctx, w, account, u)
	})
}

// DeleteSpamPolicy implements store.SpamPolicies.
func (p *Policies) DeleteSpamPolicy(ctx context.Context, w store.Write, account store.PolicyAccount) (store.Change, error) {
	return p.run(ctx, w, account, func() (store.Change, error) {
		return p.Policies.DeleteSpamPolicy(ctx, w, account)
	})
}

// AddToWblist implements store.Wblists.
func (p *Policies) AddToWblist(ctx context.Context, w store.Write, key store.WblistKey, addresses []string) (store.Change, error) {
	return p.run(ctx, w, key.Account, func() (store.Change, error) {
		return p.Policies.AddToWblist(ctx, w, key, addresses)
	})
}

// RemoveFromWblist implements store.Wblists.
func (p *Policies) RemoveFromWblist(ctx context.Context, w store.Write, key store.WblistKey, addresses []string) (store.Change, error) {
	return p.run(ctx, w, key.Account, func() (store.Change, error) {
		return p.Policies.RemoveFromWblist(ctx, w, key, addresses)
	})
}

// ClearWblist implements store.Wblists.
func (p *Policies) ClearWblist(ctx context.Context, w store.Write, key store.WblistKey) (store.Change, error) {
	return p.run(ctx, w, key.Account, func() (store.Change, error) {
		return p.Policies.ClearWblist(ctx, w, key)
	})
}

// SetThrottle implements store.Throttles.
func (p *Policies) SetThrottle(
	ctx context.Context, w store.Write, account store.PolicyAccount, direction store.Direction, s store.ThrottleSet,
) (store.Change, error) {
	return p.run(ctx, w, account, func() (store.Change, error) {
		return p.Policies.SetThrottle(ctx, w, account, direction, s)
	})
}

// SetGreylisting implements store.Greylistings.
func (p *Policies) SetGreylisting(ctx context.Context, w store.Write, account store.PolicyAccount, on bool) (store.Change, error) {
	return p.run(ctx, w, account, func() (store.Change, error) {
		return p.Policies.SetGreylisting(ctx, w, account, on)
	})
}

// DeleteGreylisting implements store.Greylistings.
func (p *Policies) DeleteGreylisting(ctx context.Context, w store.Write, account store.PolicyAccount) (store.Change, error) {
	return p.run(ctx, w, account, func() (store.Change, error) {
		return p.Policies.DeleteGreylisting(ctx, w, account)
	})
}

// UpdateGreylistingWhitelist implements store.Greylistings.
func (p *Policies) UpdateGreylistingWhitelist(
	ctx context.Context, w store.Write, account store.PolicyAccount, senders store.Set,
) (store.Change, error) {
	return p.run(ctx, w, account, func() (store.Change, error) {
		return p.Policies.UpdateGreylistingWhitelist(ctx, w, account, senders)
	})
}

// UpdateSpfDomains implements store.Greylistings.
func (p *Policies) UpdateSpfDomains(ctx context.Context, w store.Write, domains store.Set) (store.Change, error) {
	return p.run(ctx, w, store.Everybody, func() (store.Change, error) {
		return p.Policies.UpdateSpfDomains(ctx, w, domains)
	})
}
