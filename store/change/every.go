package change

import (
	"context"
	"time"
)

// Every calls do each time the interval has passed, and at once when something comes through early (which may be nil), until
// ctx ends. It never calls it when the interval is 0.
func Every(ctx context.Context, interval time.Duration, early <-chan struct{}, do func(ctx context.Context)) {
	if interval <= 0 {
		return
	}
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-early:
		}
		do(ctx)
	}
}
