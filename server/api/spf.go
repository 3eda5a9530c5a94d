package api

import (
	"context"
	"time"
)

// spfTime bounds a lookup that a request asked for.
const spfTime = 2 * time.Minute

// lookUpSoon looks domains up beside the request: the DNS may take longer than anybody waits for an answer. The job says
// in the log what went wrong, and runs again by itself.
func (a *API) lookUpSoon(ctx context.Context, domains []string) {
	if a.deps.Spf == nil || len(domains) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), spfTime)
	go func() {
		defer cancel()
		if err := a.deps.Spf.Run(ctx, domains...); err != nil {
			a.deps.Log.WarnContext(ctx, "Some domains could not be looked up; the next run tries again.", "error", err)
		}
	}()
}
