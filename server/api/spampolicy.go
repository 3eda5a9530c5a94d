package api

import (
	"context"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/store"
)

// GetGlobalSpamPolicy returns the spam policy of everybody.
func (a *API) GetGlobalSpamPolicy(
	ctx context.Context, r gen.GetGlobalSpamPolicyRequestObject,
) (gen.GetGlobalSpamPolicyResponseObject, error) {
	return a.spamPolicy(ctx, store.Everybody, nil, r.Params.Stored)
}

// GetDomainSpamPolicy returns the spam policy of a domain.
func (a *API) GetDomainSpamPolicy(
	ctx context.Context, r gen.GetDomainSpamPolicyRequestObject,
) (gen.GetDomainSpamPolicyResponseObject, error) {
	account, err := a.domainAccount(ctx, r.Domain)
	return a.spamPolicy(ctx, account, err, r.Params.Stored)
}

// GetUserSpamPolicy returns the spam policy of a mailbox.
func (a *API) GetUserSpamPolicy(
	ctx context.Context, r gen.GetUserSpamPolicyRequestObject,
) (gen.GetUserSpamPolicyResponseObject, error) {
	account, err := a.mailboxAccount(ctx, r.Mail)
	return a.spamPolicy(ctx, account, err, r.Params.Stored)
}

// spamPolicy reads the policy of an account that was looked for, unless that failed.
func (a *API) spamPolicy(ctx context.Context, account store.PolicyAccount, err error, stored *gen.YesNo) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	policy, err := a.deps.Policies.SpamPolicy(ctx, account)
	if err != nil {
		return answer{}, err
	}
	return dataAnswer(ctx, spamPolicies.show(ctx, policy, isYes(stored)), policy.Effective)
}

// UpdateGlobalSpamPolicy changes the spam policy of everybody.
func (a *API) UpdateGlobalSpamPolicy(
	ctx context.Context, r gen.UpdateGlobalSpamPolicyRequestObject,
) (gen.UpdateGlobalSpamPolicyResponseObject, error) {
	return a.updateSpamPolicy(ctx, store.Everybody, nil, valueOr(r.Body, gen.SpamPolicyUpdate{}))
}

// UpdateDomainSpamPolicy changes the spam policy of a domain.
func (a *API) UpdateDomainSpamPolicy(
	ctx context.Context, r gen.UpdateDomainSpamPolicyRequestObject,
) (gen.UpdateDomainSpamPolicyResponseObject, error) {
	account, err := a.domainAccount(ctx, r.Domain)
	return a.updateSpamPolicy(ctx, account, err, valueOr(r.Body, gen.SpamPolicyUpdate{}))
}

// UpdateUserSpamPolicy changes the spam policy of a mailbox.
func (a *API) UpdateUserSpamPolicy(
	ctx context.Context, r gen.UpdateUserSpamPolicyRequestObject,
) (gen.UpdateUserSpamPolicyResponseObject, error) {
	account, err := a.mailboxAccount(ctx, r.Mail)
	return a.updateSpamPolicy(ctx, account, err, valueOr(r.Body, gen.SpamPolicyUpdate{}))
}

func (a *API) updateSpamPolicy(ctx context.Context, account store.PolicyAccount, err error, b gen.SpamPolicyUpdate) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	change, err := a.deps.Policies.UpdateSpamPolicy(ctx, write(ctx), account, spamPolicyUpdate(b))
	if err != nil {
		return answer{}, err
	}
	return written(ctx, change, func() (store.Record, error) { return a.spamPolicyNow(ctx, account) })
}

// spamPolicyNow reads a policy as a noun.
func (a *API) spamPolicyNow(ctx context.Context, account store.PolicyAccount) (store.Record, error) {
	policy, err := a.deps.Policies.SpamPolicy(ctx, account)
	return spamPolicyNoun(policy), err
}

// DeleteGlobalSpamPolicy removes the spam policy of everybody.
func (a *API) DeleteGlobalSpamPolicy(
	ctx context.Context, _ gen.DeleteGlobalSpamPolicyRequestObject,
) (gen.DeleteGlobalSpamPolicyResponseObject, error) {
	answer, err := a.deleteSpamPolicy(ctx, store.Everybody, nil)
	return gen.DeleteGlobalSpamPolicy200JSONResponse{DoneJSONResponse: answer}, err
}

// DeleteDomainSpamPolicy removes the spam policy of a domain.
func (a *API) DeleteDomainSpamPolicy(
	ctx context.Context, r gen.DeleteDomainSpamPolicyRequestObject,
) (gen.DeleteDomainSpamPolicyResponseObject, error) {
	account, err := a.domainAccount(ctx, r.Domain)
	answer, err := a.deleteSpamPolicy(ctx, account, err)
	return gen.DeleteDomainSpamPolicy200JSONResponse{DoneJSONResponse: answer}, err
}

// DeleteUserSpamPolicy removes the spam policy of a mailbox.
func (a *API) DeleteUserSpamPolicy(
	ctx context.Context, r gen.DeleteUserSpamPolicyRequestObject,
) (gen.DeleteUserSpamPolicyResponseObject, error) {
	account, err := a.mailboxAccount(ctx, r.Mail)
	answer, err := a.deleteSpamPolicy(ctx, account, err)
	return gen.DeleteUserSpamPolicy200JSONResponse{DoneJSONResponse: answer}, err
}

func (a *API) deleteSpamPolicy(ctx context.Context, account store.PolicyAccount, err error) (gen.DoneJSONResponse, error) {
	if err != nil {
		return gen.DoneJSONResponse{}, err
	}
	change, err := a.deps.Policies.DeleteSpamPolicy(ctx, write(ctx), account)
	return done(ctx, change), err
}
