package edge

import (
	"context"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-mail/postern/server/contract"
)

const (
	// hurry is how long an operation may wait for its backends, so that a stalled one shows within five seconds.
	hurry = 4500 * time.Millisecond
	// patience is the same for what may touch a whole domain (x-bulk).
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

// BulkDeadline gives an operation that may take long (x-bulk) its time, or one that is given a parameter for which it may.
func BulkDeadline(c *gin.Context) {
	op := contract.Of(c.Request.Context())
	if !op.Bulk && !givesBulk(op, Given(c.Request.Body)) {
		return
	}
	ctx, cancel := Bulk(c.Request.Context())
	defer cancel()
	c.Request = c.Request.WithContext(ctx)
	c.Next()
}

// givesBulk reports whether a list with x-bulk has items: an empty one asks for nothing.
func givesBulk(op *contract.Operation, given map[string]any) bool {
	for name, value := range given {
		if items, ok := value.([]any); ok && len(items) > 0 && op.Body[name] != nil && op.Body[name].Bulk {
			return true
		}
	}
	return false
}

// Bulk returns a context for what may be read or written of a whole domain or list.
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
