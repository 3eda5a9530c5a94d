package edge

import (
	"context"
	"time"

	"github.com/gin-gonic/gin"
)

const (
	// hurry is how long an operation may wait for its backends, so that a stalled one shows within five seconds.
	hurry = 4500 * time.Millisecond
	// patience is the same for what touches a whole domain.
	patience = 60 * time.Second
)

type unhurriedKey struct{}

// Deadline bounds the time of the operation.
func Deadline(c *gin.Context) {
	base := c.Request.Context()
	ctx, cancel := context.WithTimeout(base, hurry)
	defer cancel()
	c.Request = c.Request.WithContext(context.WithValue(ctx, unhurriedKey{}, base))
	c.Next()
}

// Page returns a context for one page of a listing, which may have as many pages as it takes.
func Page(ctx context.Context) (context.Context, context.CancelFunc) { return within(ctx, hurry) }

// Bulk returns a context for a write that touches a whole domain.
func Bulk(ctx context.Context) (context.Context, context.CancelFunc) { return within(ctx, patience) }

// within keeps the values of ctx and ends with the client's connection, but not at the operation's deadline.
func within(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	base, ok := ctx.Value(unhurriedKey{}).(context.Context)
	if !ok {
		return context.WithTimeout(ctx, limit)
	}
	fresh, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	stop := context.AfterFunc(base, cancel)
	return fresh, func() { stop(); cancel() }
}
