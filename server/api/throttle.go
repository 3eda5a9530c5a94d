package api

import (
	"context"

	"github.com/oapi-codegen/nullable"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/server/reply"
	"github.com/postern-mail/postern/store"
)

// GetThrottle returns how much an account may send or get.
func (a *API) GetThrottle(ctx context.Context, r gen.GetThrottleRequestObject) (gen.GetThrottleResponseObject, error) {
	account, err := a.policyAccount(ctx, r.Account)
	if err != nil {
		return nil, err
	}
	throttle, err := a.deps.Policies.Throttle(ctx, account, store.Direction(r.Direction))
	if err != nil {
		return nil, err
	}
	view := throttles(lower(r.Account), string(r.Direction))
	return dataAnswer(ctx, view.show(ctx, throttle, isYes(r.Params.Stored)), throttle.Effective)
}

// throttles is how the throttle of an account and a direction is shown. Where there is none its settings are null.
func throttles(account, direction string) view[store.Throttle] {
	return view[store.Throttle]{
		noun: func(t store.Throttle) store.Record {
			r := store.Record{{Name: "account", Value: account}, {Name: "direction", Value: direction}}
			for _, key := range []string{"period", "msg_size", "max_msgs", "max_quota", "max_rcpts"} {
				r = append(r, store.Field{Name: key, Value: t.Stored.Get(key)})
			}
			return r
		},
		legacy: func(t store.Throttle) store.Record { return t.Stored },
		stored: func(t store.Throttle) store.Record { return t.Stored },
	}
}

// UpdateThrottle sets or ends how much an account may send or get.
func (a *API) UpdateThrottle(ctx context.Context, r gen.UpdateThrottleRequestObject) (gen.UpdateThrottleResponseObject, error) {
	account, err := a.policyAccount(ctx, r.Account)
	if err != nil {
		return nil, err
	}
	if r.Body.Period.IsNull() && reply.IsLenient(ctx) { // a variable of a script that is not set deletes nothing
		return nil, store.Fail(store.Invalid, reply.CodeMissingParameter, "period is missing.").With("period")
	}
	change, err := a.deps.Policies.SetThrottle(ctx, write(ctx), account, store.Direction(r.Direction), throttleSet(*r.Body))
	if err != nil {
		return nil, err
	}
	return gen.UpdateThrottle200JSONResponse{DoneJSONResponse: done(ctx, change)}, nil
}

func throttleSet(b gen.ThrottleUpdate) store.ThrottleSet {
	return store.ThrottleSet{
		Period: valueOr(pointerOrNil(b.Period), 0), MsgSize: pointerOrNil(b.MsgSize), MaxMsgs: pointerOrNil(b.MaxMsgs), MaxQuota: pointerOrNil(b.MaxQuota),
	}
}

// pointerOrNil is a number that null leaves out, as absence does.
func pointerOrNil(v nullable.Nullable[int64]) *int64 {
	if !v.IsSpecified() || v.IsNull() {
		return nil
	}
	n := v.MustGet()
	return &n
}
