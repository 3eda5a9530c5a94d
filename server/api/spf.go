package api

import (
	"context"
	"time"
)

// SpfJob looks up the mail servers of domains and exempts them from greylisting.
type SpfJob interface {
	// Run looks up these domains, or all that are listed when none is named.
	Run(ctx context.Context, domains ...string) error
}

// spfTime bounds a lookup that a request asked for.
const spfTime = 2 * time.Minute

// lookUpSoon looks domains up beside the request: the DNS may take longer than anybody waits for an answer. The job says
// in the log what went wrong, and runs again by itself.
func (a *API) lookUpSoon(ctx context.Context, domains []string) {
	if a.spf == nil || len(domains) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), spfTime)
	go func() {
		defer cancel()
		if err := a.spf.Run(ctx, domains...); err != nil {
			a.options.Log.WarnContext(ctx, "Some domains could not be looked up; the next run tries again.", "error", err)
		}
	}()
}
