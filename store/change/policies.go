package change

import (
	"context"
	"log/slog"

	"github.com/postern-mail/postern/store"
)

type policiesFollower struct {
	policies store.Policies
}

// ForgetPolicies returns the follower that removes the policies of what is deleted, and carries those of what is renamed.
func ForgetPolicies(policies store.Policies) Follower { return policiesFollower{policies} }

// Name implements Follower.
func (policiesFollower) Name() string { return "policies" }

func (policiesFollower) cleans() {}

// Follow implements Follower. A mail user whose admin rights alone were deleted keeps what it has.
func (f policiesFollower) Follow(ctx context.Context, _ store.Actor, c store.Change) error {
	switch {
	case c.Noun == store.NounAdmin:
		return nil
	case c.Action == store.ActionDelete:
		return f.policies.ForgetAccount(ctx, c.Name)
	case c.Action == store.ActionRename:
		return f.policies.RenameAccount(ctx, c.Name, c.NewName)
	}
	return nil
}

// Policies is a store.Policies whose writes have followers. None of them is worth an intent: what must not be lost is in
// the one write.
type Policies struct {
	store.Policies
	log       *slog.Logger
	followers []Follower
}

// NewPolicies puts the followers behind every write of the policies.
func NewPolicies(policies store.Policies, log *slog.Logger, followers ...Follower) *Policies {
	return &Policies{Policies: policies, log: log, followers: followers}
}

func (p *Policies) run(ctx context.Context, w store.Write, c store.Change, err error) (store.Change, error) {
	if err != nil || w.DryRun {
		return c, err
	}
	after, cancel := detached(ctx)
	defer cancel()
	for _, f := range p.followers {
		if err := f.Follow(after, w.Actor, c); err != nil {
			p.log.ErrorContext(ctx, "A follower of a change failed.", "follower", f.Name(), "change", about(c), "error", err)
		}
	}
	return c, nil
}

// UpdateSpamPolicy implements store.SpamPolicies.
func (p *Policies) UpdateSpamPolicy(
	ctx context.Context, w store.Write, account store.PolicyAccount, u store.SpamPolicyUpdate,
) (store.Change, error) {
	c, err := p.Policies.UpdateSpamPolicy(ctx, w, account, u)
	return p.run(ctx, w, c, err)
}

// DeleteSpamPolicy implements store.SpamPolicies.
func (p *Policies) DeleteSpamPolicy(ctx context.Context, w store.Write, account store.PolicyAccount) (store.Change, error) {
	c, err := p.Policies.DeleteSpamPolicy(ctx, w, account)
	return p.run(ctx, w, c, err)
}

// AddToWblist implements store.Wblists.
func (p *Policies) AddToWblist(ctx context.Context, w store.Write, key store.WblistKey, addresses []string) (store.Change, error) {
	c, err := p.Policies.AddToWblist(ctx, w, key, addresses)
	return p.run(ctx, w, c, err)
}

// RemoveFromWblist implements store.Wblists.
func (p *Policies) RemoveFromWblist(ctx context.Context, w store.Write, key store.WblistKey, addresses []string) (store.Change, error) {
	c, err := p.Policies.RemoveFromWblist(ctx, w, key, addresses)
	return p.run(ctx, w, c, err)
}

// ClearWblist implements store.Wblists.
func (p *Policies) ClearWblist(ctx context.Context, w store.Write, key store.WblistKey) (store.Change, error) {
	c, err := p.Policies.ClearWblist(ctx, w, key)
	return p.run(ctx, w, c, err)
}

// SetThrottle implements store.Throttles.
func (p *Policies) SetThrottle(
	ctx context.Context, w store.Write, account store.PolicyAccount, direction store.Direction, s store.ThrottleSet,
) (store.Change, error) {
	c, err := p.Policies.SetThrottle(ctx, w, account, direction, s)
	return p.run(ctx, w, c, err)
}

// SetGreylisting implements store.Greylistings.
func (p *Policies) SetGreylisting(ctx context.Context, w store.Write, account store.PolicyAccount, on bool) (store.Change, error) {
	c, err := p.Policies.SetGreylisting(ctx, w, account, on)
	return p.run(ctx, w, c, err)
}

// DeleteGreylisting implements store.Greylistings.
func (p *Policies) DeleteGreylisting(ctx context.Context, w store.Write, account store.PolicyAccount) (store.Change, error) {
	c, err := p.Policies.DeleteGreylisting(ctx, w, account)
	return p.run(ctx, w, c, err)
}

// UpdateGreylistingWhitelist implements store.Greylistings.
func (p *Policies) UpdateGreylistingWhitelist(
	ctx context.Context, w store.Write, account store.PolicyAccount, senders store.Set,
) (store.Change, error) {
	c, err := p.Policies.UpdateGreylistingWhitelist(ctx, w, account, senders)
	return p.run(ctx, w, c, err)
}

// UpdateSpfDomains implements store.Greylistings.
func (p *Policies) UpdateSpfDomains(ctx context.Context, w store.Write, domains store.Set) (store.Change, error) {
	c, err := p.Policies.UpdateSpfDomains(ctx, w, domains)
	return p.run(ctx, w, c, err)
}
