package sqldb

import (
	"context"
	"sync"
	"time"
)

// rememberedFor is how long the shape of a database is remembered: an upgrade may change it under a running server.
const rememberedFor = time.Minute

// remembered is something that was read from the catalogue.
type remembered[T any] struct {
	mu    sync.Mutex
	value T
	read  time.Time // zero until it was
}

// get returns it as it was at most a minute ago.
func (r *remembered[T]) get(ctx context.Context, read func(ctx context.Context) (T, error)) (T, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.read.IsZero() && time.Since(r.read) < rememberedFor {
		return r.value, nil
	}
	value, err := read(ctx)
	if err == nil {
		r.value, r.read = value, time.Now()
	}
	return value, err
}

// forget has it read anew.
func (r *remembered[T]) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.read = time.Time{}
}
